"""Plans over every family of carryover and saturation, in both orders, with look-backs of the channels' own."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.ray import Ray
from mmm.model.response import contributions, totals
from mmm.model.response_planner import PeriodEffects, PeriodWindow, mean_along_cells, period_hessian
from mmm.planning.objectives import Evaluator
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.problem import PlanProblem, Space
from mmm.planning.settings import PlanSettings

CURVES = [f.name for f in SATURATIONS]


def menu(problem, curve: str, *, first: bool | None = None, draws: int = 70) -> PlanProblem:
    """A made-up problem whose draws have this curve, any carryover, and the given order (None: either)."""
    made = problem(geos=2, draws=draws)
    rng = np.random.default_rng(5)
    n, c = made.draws.adstock_kind.shape
    kinds = [
        adstock_kind(f.name, normalised=True, saturation_first=before)
        for f in ADSTOCKS
        for before in ((False, True) if first is None else (first,))
    ]
    shares = rng.uniform(0.1, 0.9, (n, c, 2))
    family = SATURATIONS[curve]
    half = np.exp(rng.normal(0.0, 0.5, (n, c)))
    second = rng.uniform(0.85, 2.5, (n, c))
    if curve == "power":
        half = rng.uniform(0.3, 0.9, (n, c))
    return made.with_draws(
        replace(
            made.draws,
            adstock_kind=rng.choice(kinds, (n, c)),
            adstock_par=shares,
            saturation_kind=np.full((n, c), saturation_kind(curve)),
            saturation_par=np.stack([half, second], axis=-1)[..., : max(1, len(family.parameters))],
            own_lookback=(made.draws.lookback, 2, made.draws.lookback, 0),
        )
    )


@pytest.mark.parametrize("curve", CURVES)
def test_one_response_whoever_asks(problem, curve):
    """Sums over periods, curves along a direction, averages, periods and their derivatives are of the same effect."""
    made = menu(problem, curve)
    space = Space("geo", made)
    evaluator = Evaluator(space)
    plain = contributions(made.draws, made.base + made.over_time(made.reference))
    np.testing.assert_allclose(
        totals(made.draws, made.base + made.over_time(made.reference), made.weights),
        np.einsum("ntgc,tg->ngc", plain, made.weights),
        rtol=1e-10,
    )
    effect = made.effect_draws(made.reference)
    levels = np.stack([0.5 * space.reference, space.reference, 1.5 * space.reference], axis=-1).reshape(2, 4, 3)
    along = Ray(made.draws, evaluator.base, evaluator.direction, made.weights).at(levels)
    np.testing.assert_allclose(along.value[..., 1].sum(axis=1), effect, rtol=1e-9)
    share = np.random.default_rng(2).dirichlet(np.ones(made.draws.n))
    mean = Ray(made.draws, evaluator.base, evaluator.direction, made.weights).mean(levels, share)
    for name in ("value", "slope", "curvature"):
        expected = np.einsum("n,ngck->gck", share, getattr(along, name))
        np.testing.assert_allclose(getattr(mean, name), expected, rtol=1e-9, atol=1e-12)
    step = 1e-4 * levels
    up, down = (
        Ray(made.draws, evaluator.base, evaluator.direction, made.weights).at(levels + s * step) for s in (1, -1)
    )
    np.testing.assert_allclose(along.slope, (up.value - down.value) / (2 * step), rtol=1e-5)
    window = PeriodWindow(made.base, made.unit, made.begin, made.weights)
    money = made.reference.sum(axis=1)
    whole = replace(made, reference=np.repeat(money[:, None], 2, axis=1))
    found, gradient = PeriodEffects(made.draws, window).at(money)
    np.testing.assert_allclose(found, made.effect_draws(whole.reference), rtol=1e-9)
    h = 1e-4 * money[2]
    higher, lower = money.copy(), money.copy()
    higher[2], lower[2] = money[2] + h, money[2] - h
    (above, upper), (below, under) = (
        PeriodEffects(made.draws, window).at(higher),
        PeriodEffects(made.draws, window).at(lower),
    )
    np.testing.assert_allclose(gradient[:, 2], (above - below) / (2 * h), rtol=1e-5)
    hessian = period_hessian(made.draws, window, money, share)
    expected = np.einsum("n,nhc->ch", share, (upper - under) / (2 * h))
    np.testing.assert_allclose(hessian[:, 2], expected, rtol=1e-4, atol=1e-7 * np.abs(hessian).max())


@pytest.mark.parametrize("curve", CURVES)
def test_bounds_between_nodes_hold(problem, curve):
    made = menu(problem, curve)
    evaluator = Evaluator(Space("geo", made))
    nodes = np.sort(np.random.default_rng(3).uniform(0, 2500, (2, 4, 5)), axis=2)
    nodes[:, 0, 0] = 0.0
    share = np.full(made.draws.n, 1 / made.draws.n)
    cells = mean_along_cells(
        made.draws, evaluator.base, evaluator.direction, nodes, made.weights, (share, np.arange(8))
    )
    inside = nodes[..., :-1, None] + np.diff(nodes, axis=2)[..., None] * np.linspace(0.001, 0.999, 41)
    fine = Ray(made.draws, evaluator.base, evaluator.direction, made.weights).mean(inside.reshape(2, 4, -1), share)
    curvature, value = fine.curvature.reshape(inside.shape), fine.value.reshape(inside.shape)
    assert np.all(curvature <= cells.upper[..., None] + 1e-9 * np.abs(cells.upper[..., None]) + 1e-12)
    assert np.all(curvature >= cells.lower[..., None] - 1e-9 * np.abs(cells.lower[..., None]) - 1e-12)
    from_left = cells.value[..., :-1, None] + cells.left[..., None] * (inside - nodes[..., :-1, None])
    from_right = cells.value[..., 1:, None] + cells.right[..., None] * (inside - nodes[..., 1:, None])
    assert np.all(value <= np.minimum(from_left, from_right) + 1e-9 * np.abs(value))


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("curve", CURVES)
def test_no_plan_tried_at_random_beats_a_certified_one(problem, curve, first):
    """The certificate says how much better any plan within the limits can be; many that keep them are not."""
    made = menu(problem, curve, first=first, draws=60)
    wanted = PlanSettings(objective="expected_outcome", spend_all=True, bounds=(0.0, 2.5))
    plan = decide(Prepared(made, None), wanted)
    assert plan.certificate.kind in ("exact", "gap")
    assert plan.certificate.gap <= 1e-3
    rng = np.random.default_rng(1)
    limit, budget = 2.5 * made.reference_totals, float(made.reference_totals.sum())
    best = float(plan.outcome_draws.mean())
    for _ in range(120):
        totals_ = rng.dirichlet(np.full(4, 0.7)) * budget
        if (totals_ <= limit).all():
            tried = made.effect_draws(made.pattern * totals_).sum(axis=1).mean()
            assert tried <= best * (1 + max(plan.certificate.gap, 1e-9)) + 1e-6
