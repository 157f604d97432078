"""Credit beside that of two other packages on the same journeys; where theirs differs, their definition makes it so.

``peers.json`` holds the journeys and what the packages gave for them: benchmarks/peers/attribution.py writes it.
"""

import itertools
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mmm.attribution import Attribution, AttributionSettings, attribute

PEERS = json.loads((Path(__file__).parent / "peers.json").read_text())
KINDS = {"paths": ("walks", "journeys"), "repeated": ("walks_repeated", "journeys_repeated")}
"""Journeys without and with the same touch twice in a row: what each package gave for them."""
WALKED = 0.01
"""Walks drawn at random leave removal effects and credit within a hundredth."""


def of(folder: Path, kind: str, *, value: bool, order: int = 1) -> Attribution:
    pd.DataFrame(PEERS[kind]).to_csv(folder / "paths.csv", index=False)
    paths = {"source": "paths.csv", "path": "path", "conversions": "conversions", "nulls": "nulls"}
    paths |= {"value": "value"} if value else {}
    settings = AttributionSettings.model_validate({"paths": paths, "order": order, "replicates": 50})
    return attribute(settings, folder)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_removal_effects_and_credit_are_those_of_channel_attribution(
    tmp_path: Path, kind: str, value: bool, order: int
) -> None:
    found, peer = of(tmp_path, kind, value=value, order=order), PEERS[KINDS[kind][0]][f"order {order}"]
    effects, credit = ("conversion_value", "total_conversion_value") if value else ("conversion", "total_conversions")
    assert found.removal.to_dict() == pytest.approx(peer[f"removal_effects_{effects}"], rel=WALKED)
    column = "value" if value else "conversions"
    assert found.credit.loc["markov", column].to_dict() == pytest.approx(peer[credit], rel=WALKED)


@pytest.mark.parametrize("kind", KINDS)
def test_rules_are_those_of_both(tmp_path: Path, kind: str) -> None:
    walks, journeys = (PEERS[name] for name in KINDS[kind])
    for value, column in ((False, "conversions"), (True, "value")):
        credit = of(tmp_path, kind, value=value).credit[column]
        for rule, name in (("first", "first_touch"), ("last", "last_touch"), ("linear", "linear_touch")):
            assert credit.loc[rule].to_dict() == pytest.approx(walks["heuristics"][f"{name}_{column}"])
            if not value:
                assert credit.loc[rule].to_dict() == pytest.approx(journeys[rule])
        if not value:
            assert credit.loc["position"].to_dict() == pytest.approx(journeys["position"])


def test_time_decay_is_that_of_marketing_attribution_models(tmp_path: Path) -> None:
    touches = pd.DataFrame(PEERS["touches"])
    moment = pd.Timestamp("2024-06-01 12:00:00")
    times = (moment - pd.to_timedelta(touches["hours"], unit="h")).dt.strftime("%Y-%m-%d %H:%M:%S")
    touches.assign(time=times).to_csv(tmp_path / "touches.csv", index=False)
    persons = touches["person"].unique()
    pd.DataFrame({"person": persons, "time": f"{moment:%Y-%m-%d %H:%M:%S}"}).to_csv(tmp_path / "won.csv", index=False)
    tables = {
        "touches": {"source": "touches.csv", "person": "person", "time": "time", "channel": "channel"},
        "conversions": {"source": "won.csv", "person": "person", "time": "time"},
    }
    found = attribute(AttributionSettings.model_validate(tables | {"replicates": 50}), tmp_path)
    assert found.credit.loc["time_decay", "conversions"].to_dict() == pytest.approx(PEERS["time_decay"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_effects_are_shared_otherwise_by_marketing_attribution_models(tmp_path: Path, kind: str) -> None:
    """Removal effects are the same to the last digits; theirs are scaled to 1 within each journey, by touch."""
    found, peer = of(tmp_path, kind, value=False), PEERS[KINDS[kind][1]]
    assert found.removal.to_dict() == pytest.approx(peer["removal_effect"], rel=1e-9)
    shared: Counter[str] = Counter()
    for path, won in zip(PEERS[kind]["path"], PEERS[kind]["conversions"], strict=True):
        touches = path.split(" > ")
        whole = sum(found.removal[name] for name in touches)
        for name in touches:
            shared[name] += won * found.removal[name] / whole
    assert shared == pytest.approx(peer["markov"])
    assert found.credit.loc["markov", "conversions"].to_dict() != pytest.approx(peer["markov"], rel=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_their_shapley_values_are_of_another_game(tmp_path: Path, kind: str) -> None:
    """There a set is worth the rate of journeys with exactly that set; its values are scaled to its conversions."""
    peer, won, seen = PEERS[KINDS[kind][1]]["shapley"], Counter[frozenset[str]](), Counter[frozenset[str]]()
    rows: dict[str, Any] = PEERS[kind]
    for path, conversions, nulls in zip(rows["path"], rows["conversions"], rows["nulls"], strict=True):
        channels = frozenset(path.split(" > "))
        won[channels] += conversions
        seen[channels] += conversions + nulls
    credit: Counter[str] = Counter()
    for channels in won:
        values = {name: _value(name, channels, won, seen) for name in channels}
        whole = sum(values.values())
        for name, value in values.items():
            credit[name] += won[channels] * value / whole if won[channels] else 0.0
    assert credit == pytest.approx(peer)
    ours = of(tmp_path, kind, value=False).credit
    for rule in ("shapley", "shapley_rate"):
        assert ours.loc[rule, "conversions"].to_dict() != pytest.approx(peer, rel=0.05)


def _value(name: str, channels: frozenset[str], won: Counter[frozenset[str]], seen: Counter[frozenset[str]]) -> float:
    """Shapley value of one channel of a set, in the game of the rates of exactly the sets inside it."""
    others, total = sorted(channels - {name}), 0.0
    for size in range(len(others) + 1):
        weight = math.factorial(size) * math.factorial(len(others) - size) / math.factorial(len(channels))
        for part in map(frozenset, itertools.combinations(others, size)):
            with_it = part | {name}
            total += weight * (won[with_it] / max(seen[with_it], 1) - won[part] / max(seen[part], 1))
    return total
