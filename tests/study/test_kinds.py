"""Kinds of worlds that nothing was chosen on: each breaks what it says, and none of it reaches the truth."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.errors import SettingsError
from mmm.simulate import Flighting, library_names, simulate
from mmm.study.kinds import new_kinds, new_world
from mmm.study.worlds import promise_entries, simulated_world


def test_every_kind_can_be_simulated_and_is_another_company() -> None:
    assert len(new_kinds()) >= 20
    assert not set(new_kinds()) & set(library_names())
    shapes = set()
    for kind in new_kinds():
        made = simulate(replace(new_world(kind).world, weeks=60))
        assert np.isfinite(made.frame["revenue"]).all()
        assert (made.truth.spend.sum(axis=(0, 1)) > 0).all()
        shapes.add((made.truth.channels, made.truth.roas.round(3).tobytes()))
    assert len(shapes) > 20


def test_a_study_that_was_not_finished_has_all_kinds_and_regions_before_anything_is_repeated() -> None:
    found = promise_entries()
    fresh = [e for e in found if e.part == "new kinds"]
    assert {e.kind for e in fresh} == set(new_kinds())
    assert sum(e.geos > 1 for e in fresh) >= 12
    assert {e.kind for e in found[:38]} == set(new_kinds())
    assert sum(e.geos > 1 for e in found[:38]) == 12
    assert [e.part for e in found] == ["new kinds"] * 64 + ["learned on"] * (len(found) - 64)
    assert len({e.name for e in found}) == len(found)


def test_what_is_not_recorded_is_not_in_the_panel() -> None:
    made = new_world("unrecorded_promotions")
    found = simulated_world(made.world, made.unrecorded, tested=())
    assert found.dataset.controls == ("price",)
    promo = simulate(replace(made.world, weeks=made.world.weeks + 13)).frame["promo"].to_numpy()
    largest = max(made.world.channels, key=lambda c: c.weekly_spend).name
    spend = np.log(found.dataset.data["spend"].sel(channel=largest).values[:, 0] + 1.0)
    assert np.corrcoef(promo, spend)[0, 1] > 0.1


@pytest.mark.parametrize("geos", [1, 4])
def test_money_booked_late_is_the_truth_moved(geos: int) -> None:
    made = new_world("booked_late", geos=geos)
    right = simulated_world(made.world, tested=()).dataset.data["spend"].values
    late = simulated_world(made.world, made.unrecorded, made.frames, tested=())
    said = late.dataset.data["spend"].values
    np.testing.assert_allclose(said[3:, :, :2], right[:-3, :, :2])
    np.testing.assert_allclose(said[:, :, 2:], right[:, :, 2:])
    assert late.truth is not None
    np.testing.assert_allclose(late.roas, simulated_world(made.world, tested=()).roas)


def test_outliers_are_in_the_record_alone_and_rare() -> None:
    made = new_world("outliers")
    clean, said = (
        simulated_world(made.world, frames=frames, tested=()).dataset.data["outcome"].values
        for frames in (None, made.frames)
    )
    wrong = np.abs(said / clean - 1.0) > 0.2
    assert 0.01 < wrong.mean() < 0.09
    np.testing.assert_allclose(said[~wrong], clean[~wrong])


def test_a_budget_that_is_held_changes_by_quarter_alone() -> None:
    spend = simulate(new_world("held").world).truth.spend[:, 0, 0]
    assert len(np.unique(spend)) == -(-len(spend) // 13)
    assert np.unique(spend[:13]).size == 1


def test_spend_follows_a_control_of_the_world_only() -> None:
    world = new_world("with_promotions").world
    channel = replace(world.channels[0], flighting=Flighting(with_control="weather"))
    with pytest.raises(SettingsError, match="follows a control of the world"):
        replace(world, channels=(channel, *world.channels[1:]))
