"""The yardstick: least squares in which only the sizes of the channels are unknown."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.errors import DataError
from mmm.study.score import oracle, score
from mmm.study.worlds import HIDDEN, StudyWorld
from mmm.study.yardstick import _most_likely, _regression, yardstick


def without_noise(world: StudyWorld) -> StudyWorld:
    """The world with an outcome of nothing but its media above a constant level."""
    media = np.asarray(world.contributions).sum(axis=2)
    level = media.mean() * 20 + media
    hidden = np.full((world.hidden, 1), np.nan)
    made = world.dataset.data.assign(outcome=(("date", "geo"), np.concatenate([level, hidden])))
    return replace(world, dataset=replace(world.dataset, data=made))


def test_it_finds_the_returns_that_made_the_outcome(world) -> None:
    """Without noise left over its estimates are the truth; with it they lie within a few standard errors of it."""
    found = np.array(yardstick(without_noise(world)).roas)
    assert found[:, 0] == pytest.approx(world.roas, rel=0.01)
    seen = np.array(yardstick(world).roas)
    sd = (seen[:, 2] - seen[:, 1]) / 3.29
    assert (np.abs(seen[:, 0] - world.roas) < 4.0 * sd).all()


def test_its_interval_is_that_of_least_squares(world) -> None:
    """Against the regression solved as one linear system, at the noise and drift that were found."""
    media, outcome, columns, prior, drift = _regression(world)
    covariance = _most_likely(outcome - media.sum(axis=1), columns, prior, drift)
    weighted = np.linalg.solve(covariance, media)
    known = np.linalg.inv(media.T @ weighted)
    factor, sd = known @ weighted.T @ outcome, np.sqrt(np.diag(known))
    median, lower, upper = np.array(yardstick(world).roas).T / np.asarray(world.roas)
    assert median == pytest.approx(factor, rel=1e-6)
    assert lower == pytest.approx(factor - 1.6448536 * sd, rel=1e-6)
    assert upper == pytest.approx(factor + 1.6448536 * sd, rel=1e-6)


def test_its_plan_is_the_best_one_where_it_knows_the_sizes(world) -> None:
    known = yardstick(without_noise(world))
    sure = score(world, known.to_dict(), oracle(world.truth))["decision"]
    assert sure["realised"] == pytest.approx(sure["oracle"], rel=1e-3)
    assert sure["promised"] == pytest.approx(sure["realised"], rel=0.02)


def test_its_promise_is_as_unsure_as_its_returns(world) -> None:
    """Where every channel's size is known up to one standard error, so is the gain: by the same covariance."""
    told = yardstick(world)
    reference = world.truth.reference_plan(HIDDEN)
    moves = []
    for channel, factor in enumerate(told.decision.factors):
        moved = reference.copy()
        moved[:, :, channel] *= factor
        moves.append((world.truth.response(moved) - world.truth.response(reference)) * world.truth.value_per_unit)
    media, outcome, columns, prior, drift = _regression(world)
    covariance = _most_likely(outcome - media.sum(axis=1), columns, prior, drift)
    known = np.linalg.inv(media.T @ np.linalg.solve(covariance, media))
    sd = np.sqrt(np.array(moves) @ known @ np.array(moves))
    assert told.decision.upper - told.decision.lower == pytest.approx(2.0 * 1.6448536 * sd, rel=0.1)


def test_the_noise_is_that_of_the_outcome() -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal(200)
    found = _most_likely(noise, np.zeros((200, 1)), np.ones(1), np.zeros(1, dtype=bool))
    assert np.sqrt(found[0, 0]) == pytest.approx(np.std(noise), rel=0.1)
    assert np.count_nonzero(found - np.diag(np.diag(found))) == 0


def test_a_channel_that_does_nothing_gets_no_interval(world) -> None:
    contributions = np.asarray(world.contributions).copy()
    contributions[:, :, 1] = 0.0
    found = yardstick(replace(world, contributions=contributions)).roas
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_a_world_without_known_contributions_is_refused(world) -> None:
    with pytest.raises(DataError, match="not known"):
        yardstick(replace(world, contributions=None))
