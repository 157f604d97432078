"""Credit on journeys small enough to be worked out by hand, and against definitions written out in another way."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from mmm.attribution import Attribution, AttributionSettings, attribute

PATHS = pd.DataFrame(
    {
        "path": ["a > b > c", "a", "b > c", "a > a > b", "c", "b"],
        "conversions": [10, 5, 8, 3, 2, 0],
        "value": [100.0, 50.0, 80.0, 30.0, 20.0, 0.0],
        "nulls": [20, 60, 30, 10, 40, 50],
    }
)
SOURCE = {"source": "paths.csv", "path": "path", "conversions": "conversions", "nulls": "nulls"}


def of_paths(folder, frame=PATHS, *, value=True, **settings) -> Attribution:
    frame.to_csv(folder / "paths.csv", index=False)
    paths = SOURCE | ({"value": "value"} if value else {})
    return attribute(AttributionSettings.model_validate({"paths": paths, "replicates": 50} | settings), folder)


def test_rules_by_hand(tmp_path):
    """28 conversions: 10 on a>b>c, 5 on a, 8 on b>c, 3 on a>a>b, 2 on c."""
    found = of_paths(tmp_path, value=False).credit["conversions"].unstack("rule")
    assert found["first"].to_dict() == pytest.approx({"a": 18, "b": 8, "c": 2})
    assert found["last"].to_dict() == pytest.approx({"a": 5, "b": 3, "c": 20})
    assert found["linear"].to_dict() == pytest.approx({"a": 10 / 3 + 5 + 2, "b": 10 / 3 + 4 + 1, "c": 10 / 3 + 4 + 2})
    position = {"a": 4 + 5 + 1.2 + 0.6, "b": 2 + 4 + 1.2, "c": 4 + 4 + 2}
    assert found["position"].to_dict() == pytest.approx(position)
    assert "time_decay" not in found, "paths hold no times"


@pytest.mark.parametrize(
    ("order", "effects"),
    [
        # Order 2: states a, b, c (whole journeys of one touch), ab, bc, aa. Without a, b>c is reached by 38 of 238
        # journeys and converts as 18 of 68 that pass it, c as 2 of 42: (38 x 18/68 + 2) / 28 of them are left.
        (2, {"a": 1 - (38 * 18 / 68 + 2) / 28, "b": 1 - (5 + 2) / 28, "c": 1 - (5 + 3) / 28}),
        # Order 3: states are whole journeys here, but that b>c and a>b>c differ.
        (3, {"a": 1 - (8 + 2) / 28, "b": 1 - (5 + 2) / 28, "c": 1 - (5 + 3) / 28}),
    ],
)
def test_removal_effects_by_hand(tmp_path, order, effects):
    found = of_paths(tmp_path, value=False, order=order).removal
    assert found.to_dict() == pytest.approx(effects)


def test_removal_effects_of_order_1_by_simulation_of_the_chain(tmp_path):
    """The same chain walked at random from the counts of moves, written without matrices."""
    found = of_paths(tmp_path, value=False)
    moves = dict(list(found.counts.moves.groupby("source")))
    rng = np.random.default_rng(5)

    def converts(removed: str | None) -> float:
        won = 0
        for _ in range(1500):
            state = "(start)"
            while state in moves and state != removed:
                part = moves[state]
                state = rng.choice(part["target"].to_numpy(), p=part["share"].to_numpy())
            won += state == "(conversion)"
        return won / 1500

    whole = 28 / 238
    for channel, effect in found.removal.items():
        left = (1 - effect) * whole
        assert abs(converts(str(channel)) - left) < 5 * math.sqrt(left * (1 - left) / 1500)


def test_money_follows_conversions_where_each_is_worth_the_same(tmp_path):
    counted, valued = of_paths(tmp_path, value=False), of_paths(tmp_path)
    for rule in counted.credit.index.unique("rule"):
        np.testing.assert_allclose(valued.credit.loc[rule, "value"], 10 * counted.credit.loc[rule, "conversions"])


def by_definition(paths: pd.DataFrame, rate: bool) -> dict[str, float]:
    """Shapley values by averaging over all orders in which channels could join."""
    sets = [frozenset(path.split(" > ")) for path in paths["path"]]
    channels = sorted(frozenset().union(*sets))

    def worth(coalition: frozenset) -> float:
        inside = [number for number, channels in enumerate(sets) if channels <= coalition]
        won = paths["conversions"].iloc[inside].sum()
        seen = won + paths["nulls"].iloc[inside].sum()
        return won / max(seen, 1) if rate else float(won)

    value = dict.fromkeys(channels, 0.0)
    orders = list(itertools.permutations(channels))
    for order in orders:
        for place, channel in enumerate(order):
            value[channel] += (worth(frozenset(order[: place + 1])) - worth(frozenset(order[:place]))) / len(orders)
    return value


def test_shapley_values_are_those_of_the_definition(tmp_path):
    found = of_paths(tmp_path, value=False).credit
    assert found.loc["shapley", "conversions"].to_dict() == pytest.approx(by_definition(PATHS, rate=False))
    rates = by_definition(PATHS, rate=True)
    total = sum(rates.values())
    assert found.loc["shapley_rate", "share"].to_dict() == pytest.approx({c: v / total for c, v in rates.items()})


@pytest.fixture(scope="module")
def many_channels():
    """Journeys over 14 channels, too many for all coalitions."""
    rng = np.random.default_rng(3)
    names = [f"c{number:02d}" for number in range(14)]
    rows = [" > ".join(rng.choice(names, size=rng.integers(1, 6))) for _ in range(300)]
    conversions = rng.binomial(20, 0.2, size=300)
    return pd.DataFrame(
        {"path": rows, "conversions": conversions, "value": conversions * 5.0, "nulls": 20 - conversions}
    )


def test_drawn_shapley_values_state_their_error(tmp_path, many_channels):
    """Two seeds differ by no more than the stated error allows; sums are those of the game."""
    one, other = (of_paths(tmp_path, many_channels, value=False, seed=seed) for seed in (1, 2))
    assert (one.drawing_error > 0).all()
    spread = np.hypot(one.drawing_error, other.drawing_error)
    apart = (one.shares("shapley_rate")["share"] - other.shares("shapley_rate")["share"]).abs() / spread
    assert apart.max() < 5
    assert one.shares("shapley_rate")["share"].sum() == pytest.approx(1)
    assert (of_paths(tmp_path, value=False).drawing_error == 0).all()


def test_every_rule_credits_every_conversion(tmp_path, many_channels):
    found = of_paths(tmp_path, many_channels, order=3)
    sums = found.credit.groupby("rule")[["share", "conversions", "value"]].sum()
    np.testing.assert_allclose(sums["share"], 1.0)
    np.testing.assert_allclose(sums["conversions"], many_channels["conversions"].sum())
    np.testing.assert_allclose(sums["value"], many_channels["value"].sum())


def test_names_of_channels_do_not_matter(tmp_path, many_channels):
    """Renamed so that their alphabetical order turns round, channels keep their credit."""
    names = sorted({name for path in many_channels["path"] for name in path.split(" > ")})
    other = dict(zip(names, reversed(names), strict=True))
    renamed = many_channels.assign(path=[" > ".join(other[n] for n in p.split(" > ")) for p in many_channels["path"]])
    before, after = of_paths(tmp_path, many_channels).credit, of_paths(tmp_path, renamed).credit
    for rule in before.index.unique("rule").drop("shapley_rate"):
        np.testing.assert_allclose(before.loc[rule, "share"], after.loc[rule, "share"].rename(other).loc[names])


def test_intervals_hold_the_truth_of_a_simulated_population(tmp_path):
    """20 samples of 600 journeys from one population: 90% intervals of shares hold the population's in 78 to 99%."""
    rng = np.random.default_rng(11)
    rate = PATHS["conversions"] / (PATHS["conversions"] + PATHS["nulls"])
    common = (PATHS["conversions"] + PATHS["nulls"]).to_numpy() / 238
    truth = of_paths(tmp_path, value=False).credit["share"]
    held = []
    for _ in range(20):
        journeys = rng.multinomial(600, common)
        conversions = rng.binomial(journeys, rate)
        sample = PATHS.assign(conversions=conversions, nulls=journeys - conversions)
        found = of_paths(tmp_path, sample, value=False, replicates=60).credit
        held.append((found["lower"] <= truth) & (truth <= found["upper"]))
    share = np.mean(held)
    assert 0.78 <= share <= 0.99, share
