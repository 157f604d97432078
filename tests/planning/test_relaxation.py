"""The concave bound on S-shaped plans by period: above the effect everywhere, concave, and as tight as it says."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from mmm.model.families import SATURATIONS
from mmm.model.kernels import call
from mmm.model.kernels.envelope import AT_ZERO, LIFT, SLOPE, TOUCH, line_above, reached
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.planning.constraints import assemble
from mmm.planning.flighting import flighting
from mmm.planning.linear import best_corner
from mmm.planning.objectives import Evaluator, Expected
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.problem import Space
from mmm.planning.relaxation import above
from mmm.planning.settings import PlanSettings

CARRYOVERS = [adstock_kind(name, normalised=n) for name in ("geometric", "delayed") for n in (False, True)]


def of_families(made, seed=8):
    """The same problem with carryover and saturation of every family, a third of the draws S-shaped."""
    rng = np.random.default_rng(seed)
    n, c = made.draws.adstock_kind.shape
    carryover, saturation = made.draws.adstock_par.copy(), made.draws.saturation_par.copy()
    carryover[..., 1] = rng.uniform(0, 2, (n, c))
    saturation[::3, :, 1] = rng.uniform(0.8, 4.0, saturation[::3, :, 1].shape)
    kind = rng.choice([saturation_kind("hill"), saturation_kind("logistic")], (n, c))
    kind[::3] = saturation_kind("hill_sloped")
    draws = replace(
        made.draws,
        adstock_kind=rng.choice(CARRYOVERS, (n, c)),
        adstock_par=carryover,
        saturation_kind=kind,
        saturation_par=saturation,
    )
    return made.with_draws(draws)


def posed(made, **settings):
    """Objective, its bound and the program of a plan by period."""
    space = Space("week", made)
    program = assemble(
        PlanSettings(objective="expected_outcome", detail="week", **settings), space, float(made.reference_totals.sum())
    )
    objective = Expected(Evaluator(space))
    return objective, above(objective, program), program


def allowed(program, rng, corners=1):
    """A plan that keeps the constraints: a random mixture of corners of what they allow."""
    found = [best_corner(program, rng.normal(size=program.size)).x[: program.size] for _ in range(corners)]
    return rng.dirichlet(np.ones(corners)) @ np.array(found)


@pytest.mark.parametrize("slope", [1.01, 1.5, 3.0, 6.0])
@pytest.mark.parametrize("ends", [(0.0, 5.0), (0.3, 0.7), (0.2, 1.4), (2.5, 9.0), (0.0, 0.1), (0.7, 0.7)])
def test_the_line_is_the_least_concave_majorant(slope, ends):
    low, high, line = *ends, np.empty(4)
    family = SATURATIONS["hill_sloped"]
    SATURATIONS.load([saturation_kind(family.name)], "curve")
    turn = float(family.shape(np.ones(1), np.full(1, slope)).turn[0])
    line_above(saturation_kind(family.name), np.array([1.0, slope]), turn, low, high, line)
    x = np.linspace(low, high, 2001)

    def saturate(a):
        return a**slope / (1.0 + a**slope)

    value = saturate(x)
    found = np.where(x < line[TOUCH], line[AT_ZERO] + line[SLOPE] * x, value + line[LIFT])
    assert np.all(found >= value - 1e-12)
    assert np.all(np.diff(found, 2) <= 1e-12)
    # No concave function above the curve is lower than its chords from the lower end.
    at = low + 0.1 * (high - low)
    beyond = x > at
    chords = value[0] + (at - low) * (value[beyond] - value[0]) / (x[beyond] - low)
    least = max(chords.max(initial=0.0), saturate(at))
    assert np.interp(at, x, found) == pytest.approx(least, abs=1e-6)
    assert found[-1] == pytest.approx(value[-1], abs=1e-6)


@pytest.mark.parametrize("family", [f for f in SATURATIONS if len(f.parameters) > 1], ids=lambda f: f.name)
def test_the_line_is_above_curves_that_are_nearly_straight(family):
    """Every family that may turn, at parameters where it hardly does, within hairs of its turn and far from it."""
    rng = np.random.default_rng(4)
    kind = saturation_kind(family.name)
    SATURATIONS.load([kind], "curve")
    seen = 0
    for shape in (1.0 + 1e-15, 1.0 + 1e-12, 1.0 + 1e-8, 1.0 + 1e-4, 1.3, 20.0):
        p = np.array([0.9, shape])
        turn = float(family.shape(*(np.full(1, x) for x in p)).turn[0])
        for _ in range(300):
            low = turn * (1.0 - 10.0 ** rng.uniform(-16, 0))
            high = turn * (1.0 + 10.0 ** rng.uniform(-16, 2))
            line = np.empty(4)
            line_above(kind, p, turn, low, high, line)
            x = np.linspace(low, high, 33)
            curve = np.empty((3, 33))
            call.curve(kind, np.repeat(p[:, None], 33, axis=1), x, *curve)
            found = np.where(x < line[TOUCH], line[AT_ZERO] + line[SLOPE] * x, curve[0] + line[LIFT])
            assert (found >= curve[0] - 1e-12).all()
            assert np.isfinite(found).all()
            seen += line[TOUCH] > turn
    assert seen > 300


@pytest.mark.parametrize("seed", range(5))
def test_the_range_of_an_adstock_is_a_linear_program(seed):
    rng = np.random.default_rng(seed)
    reach, low, high = rng.uniform(0, 1, 6) * (rng.random(6) < 0.7), rng.uniform(0, 2, 6), rng.uniform(2, 5, 6)
    least = low.sum() + rng.uniform(0, 0.9) * (high - low).sum()
    most = least + rng.uniform(0, 1) * (high.sum() - least)
    rows, limits = np.stack([np.ones(6), -np.ones(6)]), [most, -least]
    ends = [linprog(sign * reach, rows, limits, bounds=list(zip(low, high, strict=True))).fun for sign in (1, -1)]
    np.testing.assert_allclose(reached(reach, low, high, least, most), [ends[0], -ends[1]], rtol=1e-9)


@pytest.mark.parametrize("geos", [1, 2])
def test_the_bound_is_nowhere_below_the_effect_and_concave(problem, geos):
    # Few periods, little past and totals that hardly move: the ends of what the adstock can be are reached.
    made = of_families(problem(geos=geos, draws=45, horizon=3))
    draws = replace(made.draws, media_scale=5.0 * made.draws.media_scale)
    made = replace(made, draws=draws, history=0.1 * made.history)
    objective, bound, program = posed(made, bounds=(0.8, 1.2), cell_bounds=(0.1, 3.0))
    rng = np.random.default_rng(1)
    plans = [allowed(program, rng, 1 + k % 3) for k in range(60)]
    effect = np.array([objective.evaluator.by_draw(x)[0] for x in plans])
    upper = np.array([bound.evaluator.by_draw(x)[0] for x in plans])
    assert np.all(upper >= effect - 1e-9 * np.abs(effect))
    steep = made.draws.saturation_kind == saturation_kind("hill_sloped")
    same = np.all((made.draws.saturation_par[..., 1] <= 1.0) | ~steep, axis=1)
    np.testing.assert_allclose(upper[:, same], effect[:, same])
    assert np.any(upper[:, ~same] > effect[:, ~same] * 1.001)
    for x, y in itertools.pairwise(plans):
        middle = bound.evaluator.by_draw((x + y) / 2)[0]
        ends = (bound.evaluator.by_draw(x)[0] + bound.evaluator.by_draw(y)[0]) / 2
        assert np.all(middle >= ends - 1e-9 * np.abs(ends))


def test_derivatives_of_the_bound(problem):
    made = of_families(problem(channels=2, draws=30, horizon=4))
    _, bound, program = posed(made, bounds=(0.2, 2.5))
    x = allowed(program, np.random.default_rng(3), corners=4) + 1.0
    point, step = bound.at(x, True), 1e-4 * x.max()
    numbers = np.eye(len(x))
    slope = [(bound.at(x + step * e, False).value - bound.at(x - step * e, False).value) / (2 * step) for e in numbers]
    np.testing.assert_allclose(point.gradient, slope, rtol=1e-5, atol=1e-7)
    bend = [
        (bound.at(x + step * e, False).gradient - bound.at(x - step * e, False).gradient) / (2 * step) for e in numbers
    ]
    np.testing.assert_allclose(point.curvature.dense(), bend, rtol=1e-3, atol=1e-5 * np.abs(bend).max())


def _said(words):
    """The gap in a certificate's sentence."""
    return float(re.search(r"more than ([0-9.]+)%", words).group(1)) / 100


class TestBruteForce:
    """Two channels over two or three periods: every plan of a grid against the certificate."""

    @staticmethod
    def best_on_grid(made, program, objective, parts):
        region, size = program.region, program.size
        axes = [np.linspace(region.lower[i], region.upper[i], parts) for i in range(size)]
        grid = np.array(list(itertools.product(*axes)))
        activity = grid @ region.A.T
        slack = 1e-9 * program.rules[0].upper
        kept = grid[np.all((activity <= region.row_upper + slack) & (activity >= region.row_lower - slack), axis=1)]
        # Channels do not interact, so that each one's values are tabulated once.
        horizon, space = made.horizon, Space("week", made)
        total = np.zeros(len(kept))
        for c in range(2):
            columns = np.arange(c, size, 2)
            own, where = np.unique(kept[:, columns], axis=0, return_inverse=True)
            money = np.zeros((len(own), horizon, 2))
            money[:, :, c] = own
            values = [made.effect_draws(space.money(one.ravel()))[:, c].mean() for one in money]
            total += np.array(values)[where.ravel()]
        assert len(kept) > 200
        return float((total - objective.price * kept.sum(axis=1)).max())

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("horizon", [2, 3])
    def test_no_plan_of_a_grid_is_above_the_bound(self, problem, seed, horizon):
        made = of_families(problem(channels=2, draws=30, horizon=horizon, lookback=3, seed=seed, slope=2.0), seed)
        settings = PlanSettings(
            objective="expected_outcome", detail="week", bounds=(0.0, 2.0), cell_bounds=(0.0, 3.0), worth_spending=0.5
        )
        plan = decide(Prepared(made, None), settings)
        objective = replace(Expected(Evaluator(Space("week", made))), price=0.5)
        best = self.best_on_grid(made, plan.program, objective, 25 if horizon == 2 else 9)
        certificate = plan.certificate
        assert certificate.kind in ("gap", "exact")
        assert certificate.bound >= best - 1e-9 * abs(best)
        assert certificate.value == pytest.approx(plan.outcome_draws.mean() - 0.5 * plan.spend, rel=1e-5)
        assert certificate.gap == pytest.approx(
            (certificate.bound - certificate.value) / plan.outcome_draws.mean(), rel=1e-3
        )
        assert certificate.value >= best - 2e-3 * abs(best)
        assert certificate.gap < 0.2
        assert certificate.kind == "exact" or _said(certificate.words()) == pytest.approx(certificate.gap, abs=1e-4)
        assert certificate.kind == "exact" or _said(certificate.words()) >= certificate.gap


def test_totals_that_the_constraints_hold_make_the_bound_tighter(problem):
    made = problem(channels=2, draws=40, slope=2.5)
    free = {"bounds": (0.0, 4.0), "cell_bounds": (0.0, 4.0), "spend_all": True}
    total = float(made.reference_totals[0])
    loose = decide(Prepared(made, None), PlanSettings(objective="expected_outcome", detail="week", **free))
    channels = {"c0": {"minimum": total, "maximum": total}}
    tight = decide(
        Prepared(made, None), PlanSettings(objective="expected_outcome", detail="week", channels=channels, **free)
    )
    assert tight.certificate.bound < loose.certificate.bound
    assert tight.certificate.gap < 0.1


def test_steps_by_period_with_s_curves_have_a_bound(prepared):
    made = prepared(channels=2, draws=40, slope=2.0)
    step = float(np.floor(made.problem.reference_totals.min() / 6))
    plan = decide(made, PlanSettings(objective="expected_outcome", detail="week", step=step))
    spend = plan.allocation["spend"].to_numpy()
    np.testing.assert_allclose(spend / step, np.round(spend / step), atol=1e-6)
    assert plan.certificate.kind == "gap"
    assert plan.certificate.bound > plan.certificate.value


def test_flighting_of_s_curves_says_how_far_from_the_best_it_may_be(prepared):
    plan = decide(prepared(channels=3, draws=60, slope=2.0), PlanSettings(objective="expected_outcome"))
    found = flighting(plan)
    assert found.certificate.kind in ("gap", "exact")
    assert found.certificate.gap < 0.2
    assert found.gain.mean > 0
