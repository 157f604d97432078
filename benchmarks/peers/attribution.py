"""What ChannelAttribution and marketing-attribution-models credit on the journeys of tests/attribution/peers.json.

Both are installed by ``make peers``. ChannelAttribution walks at random, so that its numbers are near and not equal;
walks may be longer than any path (``max_step``), as those of the chain are.

    .peers/attribution/bin/python benchmarks/peers/attribution.py     # writes tests/attribution/peers.json anew
"""

import contextlib
import io
import json
from importlib.metadata import version
from pathlib import Path

with contextlib.redirect_stdout(io.StringIO()):
    import ChannelAttribution as walks
import numpy as np
import pandas as pd
from mam import MAM

FILE = Path(__file__).parents[2] / "tests/attribution/peers.json"
CHANNELS = ("display", "email", "search", "social", "video")
WALKS = {"nsim_start": 2_000_000, "conv_par": 0.005, "max_step": 1000, "seed": 1, "flg_pro": False, "verbose": False}


def paths(repeats: bool) -> pd.DataFrame:
    """Forty paths of one to six touches; the same touch twice in a row occurs only with ``repeats``."""
    rng = np.random.default_rng(7)
    rows: dict[str, tuple[int, int]] = {}
    while len(rows) < 40:
        path = [str(rng.choice(CHANNELS))]
        for _ in range(rng.integers(0, 6)):
            others = [name for name in CHANNELS if repeats or name != path[-1]]
            path.append(str(rng.choice(others)))
        rows.setdefault(" > ".join(path), (int(rng.integers(0, 30)), int(rng.integers(5, 120))))
    found = pd.DataFrame([(path, *counts) for path, counts in rows.items()], columns=["path", "conversions", "nulls"])
    return found.assign(value=(found["conversions"] * rng.uniform(20, 90, len(found))).round(2))


def of_walks(frame: pd.DataFrame) -> dict[str, object]:
    """Heuristics, and removal effects, conversions and value of the chains of order 1 to 3."""
    names = ("path", "conversions", "value")
    with contextlib.redirect_stdout(io.StringIO()):
        rules = walks.heuristic_models(frame, *names, flg_pro=False).set_index("channel_name")
        made = {
            order: walks.markov_model(frame, *names, var_null="nulls", order=order, out_more=True, **WALKS)
            for order in (1, 2, 3)
        }
    found: dict[str, object] = {"heuristics": {name: column.to_dict() for name, column in rules.items()}}
    for order, one in made.items():
        result = one["result"].set_index("channel_name")
        effects = one["removal_effects"].set_index("channel_name")
        found[f"order {order}"] = {name: c.to_dict() for name, c in (*result.items(), *effects.items())}
    return found


def of_journeys(frame: pd.DataFrame) -> dict[str, object]:
    """Rules, removal effects of order 1 and credit by marketing-attribution-models."""
    rows = []
    for line in frame.itertuples():
        rows += [(line.path, True, line.conversions)] if line.conversions else []
        rows += [(line.path, False, line.nulls)] if line.nulls else []
    grouped = pd.DataFrame(rows, columns=["path", "won", "times"])
    model = MAM(
        grouped, format_type="grouped_journey", channels_colname="path", journey_with_conv_colname="won",
        occurrences_colname="times",
    )  # fmt: skip
    chain = model.run_markov(transition_to_same_state=True)
    made = {
        "first": model.run_first_click(),
        "last": model.run_last_click(),
        "linear": model.run_linear(),
        "position": model.run_position_based(),
        "markov": chain,
        "shapley": model.run_shapley(max_size=5),
    }
    found: dict[str, object] = {name: _credit(result) for name, result in made.items()}
    found["removal_effect"] = chain.metadata["removal_effect"]["removal_effect"].to_dict()
    return found


def of_moments(touches: pd.DataFrame) -> dict[str, float]:
    """Time decay, half-life seven days, of touches of converting persons with their hours until then."""
    rows = touches.groupby("person").agg(
        path=("channel", " > ".join), hours=("hours", lambda h: " > ".join(map(str, h)))
    )
    model = MAM(
        rows.assign(won=True).reset_index(), format_type="journey", channels_colname="path",
        journey_with_conv_colname="won", user_id_colname="person", time_till_conv_colname="hours",
    )  # fmt: skip
    return _credit(model.run_time_decay(half_life_hours=168.0))


def _credit(result: object) -> dict[str, float]:
    frame = result.to_pandas()  # type: ignore[attr-defined]
    return {str(line.channels): float(line.attribution) for line in frame.itertuples()}


def touches() -> pd.DataFrame:
    """Touches of 30 persons, whole hours before their conversion."""
    rng = np.random.default_rng(3)
    rows = []
    for person in range(30):
        before = sorted(rng.integers(1, 600, rng.integers(1, 5)), reverse=True)
        rows += [(f"p{person:02d}", str(rng.choice(CHANNELS)), int(hours)) for hours in before]
    return pd.DataFrame(rows, columns=["person", "channel", "hours"])


def main() -> None:
    plain, repeated, moments = paths(repeats=False), paths(repeats=True), touches()
    found = {
        "versions": {name: version(name) for name in ("ChannelAttribution", "marketing_attribution_models")},
        "paths": plain.to_dict("list"),
        "repeated": repeated.to_dict("list"),
        "touches": moments.to_dict("list"),
        "walks": of_walks(plain),
        "walks_repeated": of_walks(repeated),
        "journeys": of_journeys(plain),
        "journeys_repeated": of_journeys(repeated),
        "time_decay": of_moments(moments),
    }
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
