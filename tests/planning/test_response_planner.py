"""What the planner asks of the response equals the one entry from spend to outcome, and its bounds hold."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.ray import Ray
from mmm.model.response_planner import (
    PeriodEffects,
    PriorChannel,
    always_concave,
    mean_along_cells,
    period_hessian,
    scaled_effect,
    with_prior_channel,
)
from mmm.planning.objectives import Evaluator
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.problem import Space
from mmm.planning.settings import PlanSettings

CARRYOVERS = [adstock_kind(name, normalised=n) for name in ("geometric", "delayed") for n in (False, True)]


@pytest.mark.parametrize("slope", [1.0, 2.3])
def test_averages_equal_the_mean_over_draws(problem, slope):
    made = problem(geos=3, slope=slope, draws=40)
    evaluator = Evaluator(Space("geo", made))
    levels = np.random.default_rng(1).uniform(0, 900, (3, 4, 5))
    share = np.random.default_rng(2).dirichlet(np.ones(40))
    plain = Ray(made.draws, evaluator.base, evaluator.direction, made.weights).at(levels)
    mean = Ray(made.draws, evaluator.base, evaluator.direction, made.weights).mean(levels, share)
    for name in ("value", "slope", "curvature"):
        expected = np.einsum("n,ngck->gck", share, getattr(plain, name))
        np.testing.assert_allclose(getattr(mean, name), expected, rtol=1e-10)


def mixed(made):
    """The same problem with draws of every family, in no order, and more of them than go through the loops at once."""
    rng = np.random.default_rng(8)
    n, c = made.draws.adstock_kind.shape
    parameters = made.draws.adstock_par.copy()
    parameters[..., 1] = rng.uniform(0, 2, (n, c))
    slopes = made.draws.saturation_par.copy()
    slopes[::3, :, 1] = rng.uniform(1.0, 4.0, slopes[::3, :, 1].shape)
    draws = replace(
        made.draws,
        adstock_kind=rng.choice(CARRYOVERS, (n, c)),
        adstock_par=parameters,
        saturation_kind=rng.choice([saturation_kind("hill_sloped"), saturation_kind("logistic")], (n, c)),
        saturation_par=slopes,
    )
    return made.with_draws(draws)


def test_a_mixture_of_families_is_averaged_too(problem):
    made = mixed(problem(geos=2, draws=150))
    evaluator = Evaluator(Space("geo", made))
    levels = np.sort(np.random.default_rng(1).uniform(1, 900, (2, 4, 3)), axis=2)
    levels[0, :, 0] = 0.0
    share = np.random.default_rng(2).dirichlet(np.ones(150)) * (np.arange(150) % 7 != 0)
    plain = Ray(made.draws, evaluator.base, evaluator.direction, made.weights).at(levels)
    mean = Ray(made.draws, evaluator.base, evaluator.direction, made.weights).mean(levels, share)
    for name in ("value", "slope"):
        expected = np.einsum("n,ngck->gck", share, getattr(plain, name))
        np.testing.assert_allclose(getattr(mean, name), expected, rtol=1e-10, atol=1e-8)
    assert np.all(np.abs(mean.value[0, :, 0]) < 1e-12)
    inside = levels > 0.0
    expected = np.einsum("n,ngck->gck", share, plain.curvature)
    np.testing.assert_allclose(mean.curvature[inside], expected[inside], rtol=1e-9)
    cells = mean_along_cells(
        made.draws, evaluator.base, evaluator.direction, levels, made.weights, (share, np.arange(8))
    )
    np.testing.assert_allclose(cells.value, mean.value, rtol=1e-12, atol=1e-12)
    fine = levels[..., :-1, None] + np.diff(levels, axis=2)[..., None] * np.linspace(0.001, 0.999, 21)
    between = Ray(made.draws, evaluator.base, evaluator.direction, made.weights).mean(fine.reshape(2, 4, -1), share)
    value = between.value.reshape(fine.shape)
    from_left = cells.value[..., :-1, None] + cells.left[..., None] * (fine - levels[..., :-1, None])
    from_right = cells.value[..., 1:, None] + cells.right[..., None] * (fine - levels[..., 1:, None])
    assert np.all(value <= np.minimum(from_left, from_right) + 1e-9 * np.abs(value))


def test_periods_in_which_nothing_arrives_leave_the_bounds_alone(problem):
    # No past, a channel that pauses, a carryover that underflows: an infinite curvature at zero must not count.
    made = mixed(problem(draws=60, horizon=8, lookback=2))
    slopes = made.draws.saturation_par.copy()
    slopes[..., 1] = np.random.default_rng(4).choice([0.8, 1.5, 3.0], slopes.shape[:2])
    steep = saturation_kind("hill_sloped")
    draws = replace(made.draws, saturation_par=slopes, saturation_kind=np.full(slopes.shape[:2], steep))
    parameters = draws.adstock_par.copy()
    parameters[..., 0] = 1e-60
    draws = replace(draws, adstock_par=parameters)
    pattern = made.pattern.copy()
    pattern[2:7] = 0.0
    made = replace(made, draws=draws, history=np.zeros_like(made.history), pattern=pattern / pattern.sum(axis=(0, 1)))
    evaluator = Evaluator(Space("channel", made))
    nodes = np.array([0.0, 0.0, 300.0, 300.0, 900.0]) * np.ones((4, 1))
    cells = evaluator.cells(np.arange(4), nodes)
    for name, part in vars(cells).items():
        assert not np.isnan(part).any(), name
    assert np.isfinite(cells.left).all()
    for bounds in ((0.5, 2.0), (0.0, 3.0)):
        plan = decide(Prepared(made, None), PlanSettings(objective="expected_outcome", spend_all=True, bounds=bounds))
        assert plan.certificate.kind in ("exact", "gap")
        assert plan.certificate.gap <= 1e-3


@pytest.mark.parametrize("slope", [1.0, 1.4, 2.5])
def test_curvature_and_lines_bound_the_curve_between_nodes(problem, slope):
    made = problem(slope=slope, draws=30)
    evaluator = Evaluator(Space("geo", made))
    nodes = np.sort(np.random.default_rng(3).uniform(0, 2500, (1, 4, 5)), axis=2)
    nodes[0, 0, 0] = 0.0
    share = np.full(30, 1 / 30)
    cells = mean_along_cells(
        made.draws, evaluator.base, evaluator.direction, nodes, made.weights, (share, np.arange(4))
    )
    inside = nodes[..., :-1, None] + np.diff(nodes, axis=2)[..., None] * np.linspace(0.001, 0.999, 41)
    fine = Ray(made.draws, evaluator.base, evaluator.direction, made.weights).mean(inside.reshape(1, 4, -1), share)
    shape = inside.shape
    curvature, value = fine.curvature.reshape(shape), fine.value.reshape(shape)
    assert np.all(curvature <= cells.upper[..., None] * (1 + 1e-9) + 1e-12)
    assert np.all(curvature >= cells.lower[..., None] - 1e-12 - 1e-9 * np.abs(cells.lower[..., None]))
    from_left = cells.value[..., :-1, None] + cells.left[..., None] * (inside - nodes[..., :-1, None])
    from_right = cells.value[..., 1:, None] + cells.right[..., None] * (inside - nodes[..., 1:, None])
    assert np.all(value <= np.minimum(from_left, from_right) + 1e-9 * np.abs(value))


def test_only_the_cells_asked_for_are_evaluated(problem):
    made = problem(geos=2, draws=10)
    evaluator = Evaluator(Space("geo", made))
    nodes = np.broadcast_to(np.linspace(0, 500, 3), (2, 4, 3))
    share = (np.full(10, 0.1), np.array([1, 6]))
    cells = mean_along_cells(made.draws, evaluator.base, evaluator.direction, nodes, made.weights, share)
    assert set(np.flatnonzero(cells.value.reshape(8, 3).any(axis=1))) == {1, 6}


def test_effects_by_period_equal_the_effect_of_the_plan(problem):
    made = problem(geos=2, slope=1.6, draws=20)
    space = Space("week", made)
    evaluator = Evaluator(space)
    money = np.random.default_rng(4).uniform(20, 300, space.shape)
    total, gradient = PeriodEffects(made.draws, evaluator.window).at(money)
    np.testing.assert_allclose(total, made.effect_draws(space.money(money.ravel())), rtol=1e-10)
    step = 1e-3
    for h, c in ((0, 0), (3, 2), (5, 3)):
        up, down = money.copy(), money.copy()
        up[h, c] += step
        down[h, c] -= step
        slope = (
            PeriodEffects(made.draws, evaluator.window).at(up)[0]
            - PeriodEffects(made.draws, evaluator.window).at(down)[0]
        )[:, c]
        np.testing.assert_allclose(gradient[:, h, c], slope / (2 * step), rtol=1e-5)


def test_second_derivatives_by_period_equal_differences_of_the_gradient(problem):
    made = problem(draws=8, slope=1.8)
    evaluator = Evaluator(Space("week", made))
    money = np.random.default_rng(5).uniform(20, 300, (6, 4))
    share = np.full(8, 1 / 8)
    hessian = period_hessian(made.draws, evaluator.window, money, share)
    step = 1e-3
    for h in range(6):
        up, down = money.copy(), money.copy()
        up[h] += step
        down[h] -= step
        change = (
            PeriodEffects(made.draws, evaluator.window).at(up)[1]
            - PeriodEffects(made.draws, evaluator.window).at(down)[1]
        )
        expected = np.einsum("n,nhc->hc", share, change) / (2 * step)
        for c in range(4):
            np.testing.assert_allclose(hessian[c, h], expected[:, c], rtol=1e-4, atol=1e-9)


def test_weeks_without_spend_leave_the_bounds_of_steep_curves_finite(problem):
    """Below a slope of 1 the curvature is infinite where there is no media; a week with nothing left must not be."""
    made = problem(draws=8, slope=0.7)
    evaluator = Evaluator(Space("geo", made))
    direction = evaluator.direction.copy()
    direction[made.begin + 1 :] = 0.0
    base = np.zeros_like(evaluator.base)
    nodes = np.broadcast_to([50.0, 100.0, 200.0], (*made.draws.log_beta.shape[1:], 3)).copy()
    share = np.full(8, 1 / 8), np.arange(nodes.shape[0] * nodes.shape[1])
    cells = mean_along_cells(made.draws, base, direction, nodes, made.weights, share)
    for name, found in vars(cells).items():
        assert np.isfinite(found).all(), name


def test_every_detail_gives_the_same_effect_of_the_reference_plan(problem):
    made = problem(geos=3, draws=15)
    wanted = made.effect_draws(made.reference).sum(axis=1)
    for detail in ("channel", "geo", "week"):
        space = Space(detail, made)
        evaluator = Evaluator(space)
        money = space.money(space.reference)
        by_draw = made.effect_draws(money).sum(axis=1)
        value, _ = evaluator.by_draw(space.reference)
        np.testing.assert_allclose(value, by_draw, rtol=1e-9)
        assert evaluator.mean(space.reference, evaluator.uniform).value == pytest.approx(by_draw.mean(), rel=1e-9)
        if detail != "week":
            np.testing.assert_allclose(by_draw, wanted, rtol=1e-9)


def test_value_factor_multiplies_the_effect(problem):
    made = problem(draws=5)
    doubled = replace(made, draws=scaled_effect(made.draws, np.array([2.0, 1.0, 1.0, 0.5])))
    ratio = doubled.effect_draws(made.reference) / made.effect_draws(made.reference)
    np.testing.assert_allclose(ratio, np.tile([2.0, 1.0, 1.0, 0.5], (5, 1)))


def test_concavity_is_known_from_the_families(problem):
    assert always_concave(problem().draws)
    assert not always_concave(problem(slope=1.5).draws)


def test_a_prior_channel_has_the_effect_that_its_prior_says(problem):
    made = problem(geos=2, draws=50)
    rng = np.random.default_rng(6)
    direction = np.zeros((len(made.weights), 2))
    direction[made.begin : made.begin + made.horizon] = rng.uniform(5, 20, (made.horizon, 2))
    effect = rng.uniform(500, 900, 50)
    new = PriorChannel("podcast", direction, effect, rng.uniform(0.2, 0.7, 50), rng.uniform(0.5, 3, 50))
    draws = with_prior_channel(made.draws, new, made.weights)
    media = np.zeros((len(made.weights), 2, 5))
    media[:, :, 4] = direction
    value = Ray(draws, np.zeros_like(media), media, made.weights).at(np.ones((2, 5, 1))).value[:, :, 4].sum((1, 2))
    np.testing.assert_allclose(value, effect, rtol=1e-9)
    assert draws.channels[-1] == "podcast"
