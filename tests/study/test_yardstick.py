"""The yardstick: least squares in which only the sizes of the channels are unknown."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.errors import DataError
from mmm.study.yardstick import yardstick


def test_it_finds_the_returns_that_made_the_outcome(world) -> None:
    """Without noise left over its estimates are the truth; with it they lie within a few standard errors of it."""
    media = np.asarray(world.contributions).sum(axis=2)
    level = media.mean() * 20 + media
    hidden = np.full((world.hidden, 1), np.nan)
    made = world.dataset.data.assign(outcome=(("date", "geo"), np.concatenate([level, hidden])))
    found = np.array(yardstick(replace(world, dataset=replace(world.dataset, data=made))).roas)
    assert found[:, 0] == pytest.approx(world.roas, rel=0.01)
    seen = np.array(yardstick(world).roas)
    sd = (seen[:, 2] - seen[:, 1]) / 3.29
    assert (np.abs(seen[:, 0] - world.roas) < 4.0 * sd).all()


def test_its_interval_is_that_of_least_squares_by_hand() -> None:
    """One column, white noise and no baseline: the standard error is sigma over the column's length."""
    from mmm.study import yardstick as module

    column, noise = np.linspace(0.5, 2.0, 40), 0.1
    rng = np.random.default_rng(1)
    y = 3.0 * column + noise * rng.standard_normal(40)
    covariance = module._most_likely(y - 3.0 * column, np.zeros((40, 1)), np.ones(1), np.zeros(1, dtype=bool))
    assert np.sqrt(covariance[0, 0]) == pytest.approx(np.std(y - 3.0 * column), rel=0.1)
    assert np.count_nonzero(covariance - np.diag(np.diag(covariance))) == 0


def test_a_channel_that_does_nothing_gets_no_interval(world) -> None:
    contributions = np.asarray(world.contributions).copy()
    contributions[:, :, 1] = 0.0
    found = yardstick(replace(world, contributions=contributions)).roas
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_a_world_without_known_contributions_is_refused(world) -> None:
    with pytest.raises(DataError, match="not known"):
        yardstick(replace(world, contributions=None))
