"""How wrong a model is beyond its posterior: the formulas against integration, and what they do to belief and plan."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import mmm
from mmm.analysis.effects import log_effects
from mmm.model.evidence import Evidence, Experiment, effects
from mmm.planning.discrepancy import Belief, believed, shifts
from mmm.planning.settings import Discrepancy

ERROR = Discrepancy()


def posterior(estimate: np.ndarray, error: float, belief: Belief, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draws [n, channel] of a normal model that believes its standard error."""
    precision = 1.0 / belief.sd**2 + 1.0 / error**2
    mean = (belief.mean / belief.sd**2 + estimate / error**2) / precision
    return mean + rng.standard_normal((draws, len(estimate))) / np.sqrt(precision)


@pytest.mark.parametrize("estimate", [-0.4, 0.6, 1.9, 3.0])
def test_moments_are_those_of_bayes_rule_under_the_two_part_error(estimate):
    belief, error = Belief(np.array([0.2]), np.array([0.9])), 0.25
    draws = posterior(np.array([estimate]), error, belief, 200_000, np.random.default_rng(1))
    found = (draws + shifts(draws, belief, ERROR, np.random.default_rng(2)))[:, 0]
    grid = np.linspace(-8, 8, 20_001)
    likelihood = sum(
        share * stats.norm.pdf(estimate, grid, np.hypot(error, sd))
        for share, sd in ((1 - ERROR.misread, ERROR.usual), (ERROR.misread, ERROR.large))
    )
    density = stats.norm.pdf(grid, belief.mean[0], belief.sd[0]) * likelihood
    density /= density.sum()
    mean = (grid * density).sum()
    sd = np.sqrt(((grid - mean) ** 2 * density).sum())
    assert found.mean() == pytest.approx(mean, abs=0.02)
    assert found.std() == pytest.approx(sd, rel=0.03)


def test_without_an_error_nothing_moves():
    belief = Belief(np.zeros(2), np.ones(2))
    draws = posterior(np.array([0.3, 2.5]), 0.2, belief, 4000, np.random.default_rng(3))
    none = Discrepancy(usual=0.0, misread=0.0, large=0.0)
    np.testing.assert_allclose(shifts(draws, belief, none, np.random.default_rng(4)), 0.0, atol=1e-2)


def test_intervals_hold_where_estimates_are_off_by_more_than_their_errors():
    # 4,000 channels whose truth is a draw from the belief, and whose estimate has the two-part error.
    rng, many, error = np.random.default_rng(5), 4000, 0.15
    belief = Belief(np.zeros(many), np.full(many, 0.98))
    truth = 0.98 * rng.standard_normal(many)
    off = np.where(rng.random(many) < ERROR.misread, ERROR.large, ERROR.usual) * rng.standard_normal(many)
    draws = posterior(truth + off + error * rng.standard_normal(many), error, belief, 500, rng)
    moved = draws + shifts(draws, belief, ERROR, rng)

    def held(found):
        lower, upper = np.quantile(found, [0.05, 0.95], axis=0)
        return ((lower <= truth) & (truth <= upper)).mean()

    assert held(draws) < 0.7
    assert held(moved) == pytest.approx(0.9, abs=0.02)


def test_a_channel_that_was_tested_is_believed_from_its_test(known):
    # Every draw of this fit is the same, so that a test says as much of the whole panel as of its window.
    dataset, name = known.fit.dataset, known.fit.spec.channel_names[0]
    test = Experiment(
        name="t",
        channel=name,
        geos=dataset.geos,
        start=f"{dataset.dates[10]:%Y-%m-%d}",
        end=f"{dataset.dates[20]:%Y-%m-%d}",
        kind="hold_out",
        measured=1.0,
        error=0.1,
    )
    draws = known.fit.response(50)
    expected = float(effects(Evidence(experiments=(test,)), dataset, draws).mean())
    told = Evidence(experiments=(test.model_copy(update={"measured": 2 * expected, "error": 0.2 * expected}),))
    logs = log_effects(known.fit, draws)
    plain, tested = (believed(fit, draws, logs) for fit in (known.fit, replace(known.fit, evidence=told)))
    assert tested.sd[1:].tolist() == plain.sd[1:].tolist()
    assert tested.sd[0] == pytest.approx(1 / np.sqrt(1 / plain.sd[0] ** 2 + 1 / 0.1**2))
    weight = (tested.sd[0] / 0.1) ** 2
    at_the_test = logs[:, 0].mean() + np.log(2)
    assert tested.mean[0] == pytest.approx(weight * at_the_test + (1 - weight) * plain.mean[0])


def test_what_channels_are_not_credited_with_is_the_baselines(known):
    made = {asked: mmm.plan(known.fit, objective="expected_outcome", discrepancy=asked) for asked in (None, ERROR)}
    plain, counted = made[None], made[ERROR]
    assert plain.model_gain_draws is None
    assert plain.model_gain is plain.gain
    np.testing.assert_allclose(
        counted.without_spend + counted.reference_draws, plain.without_spend + plain.reference_draws, rtol=1e-9
    )
    assert not np.allclose(counted.reference_draws, plain.reference_draws, rtol=0.01)
    money = counted.money
    by_model = (plain.problem.effect_draws(money) - plain.problem.effect_draws(plain.problem.reference)).sum(axis=1)
    np.testing.assert_allclose(counted.model_gain.draws, by_model, rtol=1e-9)
