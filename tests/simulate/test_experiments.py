"""Lift tests of the simulator: what they do to the data, and the effect that they measure."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.errors import SettingsError
from mmm.simulate import (
    Channel,
    Flighting,
    LiftTest,
    Noise,
    World,
    experiments_frame,
    money_at_stake,
    simulate,
    true_effect,
    with_hold_outs,
)

# A stated beta: the response does not change with what a test does to spend.
WORLD = World(
    name="tested",
    geos=("a", "b", "c"),
    weeks=60,
    channels=(Channel("tv", 20_000.0, roas=None, beta=50_000.0), Channel("search", 10_000.0, flighting=Flighting())),
    noise=Noise(0.0),
    seed=5,
)
TEST = LiftTest("t", "tv", "hold_out", first=20, weeks=8, geos=("a", "c"))


def test_a_hold_out_over_everything_is_the_panels_effect() -> None:
    world = simulate(replace(WORLD, tests=(LiftTest("all", "tv", "hold_out", 0, 60),)))
    assert true_effect(world, world.world.tests[0]) == pytest.approx(world.truth.effect[0], rel=1e-12)
    assert world.frame.equals(simulate(WORLD).frame)


def test_a_dark_test_empties_its_cells_alone_and_costs_what_they_would_have_brought() -> None:
    before = simulate(replace(WORLD, tests=(TEST,)))
    dark = simulate(replace(WORLD, tests=(replace(TEST, kind="go_dark"),)))
    assert not dark.truth.spend[20:28, [0, 2], 0].any()
    changed = before.truth.spend != dark.truth.spend
    assert changed.sum() == 16
    assert np.array_equal(dark.usual_spend, before.truth.spend)
    # Media scales are relative to the channel's mean active media, which a dark test hardly moves.
    known = true_effect(before, TEST)
    assert true_effect(dark, dark.world.tests[0]) == pytest.approx(known, rel=0.02)
    assert money_at_stake(dark, dark.world.tests[0]) == pytest.approx(money_at_stake(before, TEST))


def test_a_heavy_up_adds_money_and_wins_less_with_each_more() -> None:
    once, twice = (simulate(replace(WORLD, tests=(replace(TEST, kind="heavy_up", size=s),))) for s in (0.5, 1.0))
    cells = (slice(20, 28), [0, 2], 0)
    assert twice.truth.spend[cells] == pytest.approx(2.0 * twice.usual_spend[cells])
    effects = [true_effect(w, w.world.tests[0]) for w in (once, twice)]
    assert 0 < effects[0] < effects[1] < 2 * effects[0]


def test_results_scatter_around_the_truth_with_the_stated_error() -> None:
    tests = tuple(replace(TEST, name=f"t{i}", error=0.3) for i in range(400))
    world = simulate(replace(WORLD, tests=tests))
    frame, effect = experiments_frame(world), true_effect(world, TEST)
    errors = (frame["outcome"] - effect) / frame["error"]
    assert frame["error"].iloc[0] == pytest.approx(0.3 * max(effect, money_at_stake(world, TEST)), abs=0.01)
    assert abs(errors.mean()) < 0.15
    assert errors.std() == pytest.approx(1.0, abs=0.1)
    assert frame.loc[0, "geos"] == "a;c"


def test_hold_outs_are_placed_where_the_channel_ran_most() -> None:
    world = simulate(WORLD)
    (test,) = with_hold_outs(world, ("search",), weeks=4).tests
    spend = world.truth.spend[:, :, 1].sum(axis=1)
    totals = [spend[i : i + 4].sum() for i in range(57)]
    assert totals[test.first] == max(totals[5:])
    with pytest.raises(SettingsError, match="no channel of the world"):
        with_hold_outs(world, ("radio",))
