"""What methods may see of a world, and what is true of it."""

from dataclasses import replace

import numpy as np

from mmm.simulate import Noise, simulate
from mmm.study.peers import problem
from mmm.study.worlds import HIDDEN, entries, simulated_world
from tests.study.conftest import TINY


def test_the_truth_is_that_of_the_rows_seen(world) -> None:
    whole = simulate(replace(TINY, weeks=TINY.weeks + HIDDEN)).truth
    assert world.seen == TINY.weeks
    assert len(world.truth.dates) == TINY.weeks
    np.testing.assert_array_equal(world.contributions, whole.contributions[: TINY.weeks])
    # The future begins after the rows seen: its history is theirs, its reference plan their last weeks.
    np.testing.assert_array_equal(world.truth.reference_plan(HIDDEN), whole.spend[TINY.weeks - HIDDEN : TINY.weeks])
    np.testing.assert_allclose(world.reference(), world.truth.reference_plan(HIDDEN))
    assert not np.allclose(world.roas, whole.roas)


def test_contributions_are_those_of_the_geos_of_the_panel() -> None:
    """A world may name its geos in any order; what is left of the outcome without its media is a level by geo."""
    found = simulated_world(replace(TINY, geos=("north", "east", "west"), noise=Noise(0.001)))
    assert found.dataset.geos == ("east", "north", "west")
    outcome = found.past().data["outcome"].values
    for said, geo in enumerate(found.dataset.geos):
        known = found.truth.baseline[:, found.truth.geos.index(geo)]
        left = outcome[:, said] - np.asarray(found.contributions)[:, said].sum(axis=1)
        np.testing.assert_allclose(left, known, rtol=0.006)


def test_no_method_is_given_the_outcome_of_the_hidden_weeks(world) -> None:
    assert not world.training().data["observed"].values[-HIDDEN:].any()
    assert len(world.past().dates) == TINY.weeks
    given = problem(world)
    seen = given["outcome"][:-HIDDEN]
    np.testing.assert_allclose(given["outcome"][-HIDDEN:], np.broadcast_to(seen.mean(axis=0), (HIDDEN, 1)))
    np.testing.assert_allclose(given["control"][:-HIDDEN].mean(), 0.0, atol=1e-12)
    np.testing.assert_allclose(given["media"], world.dataset.data["media"].values)


def test_tests_end_before_the_hidden_weeks(world) -> None:
    last = world.dataset.dates[world.seen - 1]
    assert [test["channel"] for test in world.tests] == ["search", "social"]
    assert all(np.datetime64(test["end"]) < last + np.timedelta64(7, "D") for test in world.tests)


def test_what_is_reported_was_not_there_to_choose_defaults_on() -> None:
    found = entries(None)
    parts = {part: {e.name for e in found if e.part == part} for part in ("reported", "chosen on")}
    assert len(parts["reported"]) >= 20
    assert not parts["reported"] & parts["chosen on"]
    assert len({e.name for e in found}) == len(found)
