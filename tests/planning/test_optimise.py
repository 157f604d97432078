"""The optimiser against closed forms, brute force, properties, and the trap in which a local search stays put."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from mmm.errors import PlanError
from mmm.planning import discrete, newton
from mmm.planning.constraints import assemble
from mmm.planning.objectives import Evaluator, Expected
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.problem import Space
from mmm.planning.qp import solve_qp
from mmm.planning.settings import PlanSettings

WIDE = {"bounds": (0.0, 10.0)}


def spend_of(prepared, **settings):
    return decide(prepared, PlanSettings(objective="expected_outcome", **settings)).allocation["spend"].to_numpy()


def expected(prepared, x):
    """Mean effect of totals by channel, through the plain entry."""
    problem = prepared.problem
    return problem.effect_draws(Space("channel", problem).money(np.asarray(x, dtype=float))).sum(axis=1).mean()


class TestClosedForms:
    BETA, HALF = np.array([[900.0, 400.0]]), np.array([[120.0, 60.0]])

    def known(self, hill, single, reference=(100.0, 100.0), **kwargs):
        draws = hill(self.BETA, self.HALF, np.ones((1, 2)))
        return Prepared(single(draws, np.array(reference), **kwargs), None)

    def test_two_hill_channels_share_a_budget_by_the_square_root_rule(self, hill, single):
        # b1 k1 / (k1 + x1)^2 = b2 k2 / (k2 + x2)^2 gives (k1 + x1) / (k2 + x2) = sqrt(b1 k1 / (b2 k2)).
        budget = 200.0
        ratio = np.sqrt(900 * 120 / (400 * 60))
        first = (ratio * (60 + budget) - 120) / (1 + ratio)
        found = spend_of(self.known(hill, single), total_budget=budget, spend_all=True, **WIDE)
        np.testing.assert_allclose(found, [first, budget - first], rtol=1e-6)

    def test_profit_stops_where_the_margin_on_the_next_money_is_its_cost(self, hill, single):
        margin = 0.6
        best = np.sqrt(margin * self.BETA[0] * self.HALF[0]) - self.HALF[0]
        prepared = self.known(hill, single)
        plan = decide(prepared, PlanSettings(total_budget=5000, objective="profit", margin=margin, **WIDE))
        np.testing.assert_allclose(plan.allocation["spend"], best, rtol=1e-5)
        assert plan.unspent == pytest.approx(5000 - best.sum(), rel=1e-4)
        assert plan.certificate.kind == "exact"

    def test_worth_spending_is_a_marginal_return(self, hill, single):
        plan = decide(
            self.known(hill, single),
            PlanSettings(objective="expected_outcome", total_budget=5000, worth_spending=2.0, **WIDE),
        )
        np.testing.assert_allclose(plan.allocation["marginal_effect"], 2.0, rtol=1e-5)

    def test_without_a_value_the_plan_spends_up_to_the_cap(self, hill, single):
        plan = decide(
            self.known(hill, single, has_value=False),
            PlanSettings(objective="expected_outcome", total_budget=5000, bounds=(0.0, 25.0)),
        )
        assert plan.spend == pytest.approx(5000, rel=1e-6)
        assert plan.allocation["roas"].isna().all()

    def test_a_mean_over_draws_is_optimised_and_not_a_mean_parameter(self, hill, single):
        # One channel is certain; the other is either strong or nothing. The mean curve decides.
        beta = np.array([[500.0, 1000.0], [500.0, 1e-9]])
        draws = hill(beta, np.full((2, 2), 100.0), np.ones((2, 2)))
        prepared = Prepared(single(draws, np.array([100.0, 100.0])), None)
        found = spend_of(prepared, total_budget=200, spend_all=True, **WIDE)
        np.testing.assert_allclose(found, [100.0, 100.0], rtol=1e-5)


class TestBruteForce:
    @pytest.mark.parametrize("seed", range(4))
    def test_s_shaped_curves_agree_with_enumeration(self, hill, single, seed):
        rng = np.random.default_rng(seed)
        n, c, budget, parts = 30, 3, 300.0, 60
        draws = hill(
            np.exp(rng.normal(6, 0.5, (1, c)) + rng.normal(0, 0.3, (n, c))),
            np.exp(rng.normal(4.8, 0.4, (1, c)) + rng.normal(0, 0.2, (n, c))),
            1 + np.exp(rng.normal(0.6, 0.4, (n, c))),
        )
        prepared = Prepared(single(draws, np.full(c, budget / c)), None)
        plan = decide(prepared, PlanSettings(objective="expected_outcome", spend_all=True, bounds=(0.0, 3.0), gap=1e-4))
        grid = [(a, b, parts - a - b) for a, b in itertools.product(range(parts + 1), repeat=2) if a + b <= parts]
        tables = np.array(
            [[self.single_effect(draws, j, budget * k / parts) for k in range(parts + 1)] for j in range(c)]
        )
        best = max(sum(tables[j, k] for j, k in enumerate(point)) for point in grid)
        reached = plan.outcome_draws.mean()
        assert reached >= best * (1 - 1e-4)
        assert plan.certificate.bound >= best - 1e-9
        assert plan.certificate.gap <= 1e-4

    @staticmethod
    def single_effect(draws, channel, x):
        half, slope = draws.saturation_par[:, channel, 0], draws.saturation_par[:, channel, 1]
        ratio = (x / half) ** slope
        return float((np.exp(draws.log_beta[:, 0, channel]) * ratio / (1 + ratio)).mean())

    def test_steps_and_gaps_agree_with_enumeration(self, prepared):
        made = prepared(channels=3, horizon=2, lookback=2, draws=60)
        total = made.problem.reference_totals
        step = float(np.floor(total.min() / 4))
        gap = 3.0 * step
        plan = decide(
            made,
            PlanSettings(
                objective="expected_outcome",
                step=step,
                bounds=(0.0, 2.0),
                gap=1e-5,
                channels={"c0": {"zero_or_at_least": gap, "maximum": 2 * total[0]}},
            ),
        )
        counts = [range(int(2 * t / step) + 1) for t in total]
        points = np.array(
            [
                p
                for p in itertools.product(*counts)
                if step * sum(p) <= total.sum() and (p[0] == 0 or p[0] * step >= gap)
            ]
        )
        evaluator = Evaluator(Space("channel", made.problem))
        most = max(len(c) for c in counts)
        table = evaluator.cells(np.arange(3), np.tile(step * np.arange(most, dtype=float), (3, 1))).value
        worth = table[np.arange(3), points].sum(axis=1) - step * points.sum(axis=1)
        spent = plan.allocation["spend"].to_numpy()
        np.testing.assert_allclose(spent / step, np.round(spent / step), atol=1e-6)
        assert plan.outcome_draws.mean() - plan.spend == pytest.approx(worth.max(), rel=1e-5)

    def test_geo_plan_with_s_curves_beats_every_sampled_plan(self, prepared):
        made = prepared(geos=3, channels=2, slope=2.5, draws=40)
        settings = PlanSettings(
            objective="expected_outcome", detail="geo", bounds=(0.0, 2.0), cell_bounds=(0.0, 3.0), spend_all=True
        )
        plan = decide(made, settings)
        space = Space("geo", made.problem)
        rng = np.random.default_rng(0)
        total = plan.spend
        for _ in range(200):
            x = rng.dirichlet(np.full(space.size, 0.7)) * total
            if np.all(x <= 3 * space.reference) and np.all(space.totals(x) <= 2 * made.problem.reference_totals):
                assert made.problem.effect_draws(space.money(x)).sum(axis=1).mean() <= plan.certificate.bound
        assert plan.certificate.gap <= 1e-3


@pytest.mark.parametrize("slope", [1.0, 1.5, 3.0])
def test_the_piecewise_bound_is_above_the_curve_everywhere(problem, slope):
    made = problem(channels=3, slope=slope, draws=40)
    space = Space("channel", made)
    program = assemble(
        PlanSettings(objective="expected_outcome", bounds=(0.0, 3.0)), space, float(made.reference_totals.sum())
    )
    objective = Expected(Evaluator(space))
    curves = discrete._first_curves(objective, program, 0.9 * made.reference_totals)
    for j, curve in enumerate(curves):
        x = np.linspace(curve.nodes[0], curve.nodes[-1], 301)
        value = objective.evaluator.cells(np.array([j]), x[None]).value[0]
        above = np.array([curve.above(at) for at in x])
        below = np.array([curve.below(at) for at in x])
        slack = 1e-9 * value.max()
        assert np.all(above >= value - slack)
        assert np.all(below <= value + slack)
        np.testing.assert_allclose([curve.above(at) for at in curve.nodes], curve.value, atol=slack)


class TestProperties:
    @pytest.fixture(params=[1.0, 2.2], ids=["concave", "s-shaped"])
    def made(self, request, prepared):
        return prepared(slope=request.param, draws=60)

    def test_more_budget_never_hurts(self, made):
        total = float(made.problem.reference_totals.sum())
        reached = [
            decide(
                made, PlanSettings(objective="expected_outcome", total_budget=share * total, worth_spending=0.0)
            ).outcome_draws.mean()
            for share in (0.6, 0.9, 1.2, 1.6)
        ]
        assert np.all(np.diff(reached) >= -1e-3 * reached[-1])

    def test_a_looser_constraint_never_hurts(self, made):
        tight = decide(
            made, PlanSettings(objective="expected_outcome", bounds=(0.9, 1.1), spend_all=True)
        ).outcome_draws.mean()
        loose = decide(
            made, PlanSettings(objective="expected_outcome", bounds=(0.5, 2.0), spend_all=True)
        ).outcome_draws.mean()
        assert loose >= tight * (1 - 1e-3)

    def test_permuting_channels_permutes_the_answer(self, made):
        order = np.array([2, 0, 3, 1])
        problem = made.problem
        d = problem.draws

        def at(array, axis):
            return np.ascontiguousarray(np.take(array, order, axis=axis))

        by_channel = ("adstock_kind", "adstock_par", "saturation_kind", "saturation_par")
        moved = replace(
            d,
            channels=tuple(d.channels[i] for i in order),
            log_beta=at(d.log_beta, 2),
            media_scale=at(d.media_scale, 1),
            **{name: at(getattr(d, name), 1) for name in by_channel},
        )
        arrays = {name: at(getattr(problem, name), 2) for name in ("reference", "pattern", "unit", "history")}
        peaks = {
            "observed_peak": at(problem.observed_peak, 1),
            "observed_peak_total": at(problem.observed_peak_total, 0),
        }
        other = Prepared(replace(problem, draws=moved, **arrays, **peaks), None)
        settings = {"gap": 1e-6}
        np.testing.assert_allclose(spend_of(other, **settings), spend_of(made, **settings)[order], rtol=2e-3, atol=1.0)

    def test_a_channel_without_effect_gets_its_lower_bound(self, made):
        problem = made.problem
        dead = problem.draws.log_beta.copy()
        dead[:, :, 1] = -80.0
        prepared = Prepared(replace(problem, draws=replace(problem.draws, log_beta=dead), has_value=False), None)
        plan = decide(prepared, PlanSettings(objective="expected_outcome", bounds=(0.2, 3.0)))
        row = plan.allocation.loc["c1"]
        assert row["spend"] == pytest.approx(row["lower_bound"], rel=1e-6)

    def test_the_plan_is_within_all_constraints(self, made):
        total = made.problem.reference_totals
        most = 0.95 * total[:2].sum() / total.sum()
        settings = PlanSettings(
            objective="expected_outcome",
            groups={
                "a": {"channels": ("c0", "c1"), "maximum_share": most},
                "b": {"channels": ("c2",), "minimum": total[2]},
            },
            max_total_reallocation=0.2,
            max_increase=0.5,
            min_retained=0.6,
        )
        plan = decide(made, settings)
        spend = plan.allocation["spend"].to_numpy()
        change = spend - total
        slack = 1e-5 * total.sum()
        assert spend.sum() <= total.sum() + slack
        assert spend[:2].sum() <= most * spend.sum() + slack
        assert spend[2] >= total[2] - slack
        assert change.clip(min=0).sum() <= 0.2 * total.sum() + slack
        assert (-change).clip(min=0).sum() <= 0.2 * total.sum() + slack
        assert np.all(spend <= 1.5 * total + slack)
        assert np.all(spend >= 0.6 * total - slack)

    def test_the_same_inputs_give_the_same_plan(self, made):
        np.testing.assert_array_equal(spend_of(made), spend_of(made))


def test_the_uniform_split_is_a_trap_that_a_local_search_stays_in(hill, single):
    # Two equal S-shaped channels: the even split is stationary, and a minimum along the budget line.
    draws = hill(np.full((1, 2), 1000.0), np.full((1, 2), 150.0), np.full((1, 2), 4.0))
    prepared = Prepared(single(draws, np.array([100.0, 100.0])), None)

    def loss(x):
        return -expected(prepared, x)

    def slope(x):
        _, gradient = Evaluator(Space("channel", prepared.problem)).by_draw(x)
        return -gradient.mean(axis=0)

    stuck = minimize(
        loss,
        [100.0, 100.0],
        jac=slope,
        bounds=[(0, 200)] * 2,
        constraints=[{"type": "eq", "fun": lambda x: x.sum() - 200}],
        method="SLSQP",
    )
    np.testing.assert_allclose(stuck.x, [100, 100], atol=1.0)
    plan = decide(prepared, PlanSettings(objective="expected_outcome", spend_all=True, bounds=(0.0, 2.0)))
    np.testing.assert_allclose(sorted(plan.allocation["spend"]), [0, 200], atol=1e-3)
    assert plan.outcome_draws.mean() > 3 * -stuck.fun / 2
    assert plan.certificate.gap <= 1e-3


def test_periods_are_optimised_with_a_certificate(prepared):
    made = prepared(channels=3, draws=80)
    by_channel = decide(made, PlanSettings(objective="expected_outcome", spend_all=True))
    by_period = decide(
        made, PlanSettings(objective="expected_outcome", spend_all=True, detail="week", cell_bounds=(0.0, 4.0))
    )
    assert by_period.certificate.kind == "exact"
    assert by_period.outcome_draws.mean() > by_channel.outcome_draws.mean()
    space = Space("week", made.problem)
    evaluator = Evaluator(space)
    rng = np.random.default_rng(1)
    bound = by_period.certificate.bound + Expected(evaluator).price
    for _ in range(100):
        x = rng.dirichlet(np.ones(space.size)) * by_period.spend
        if np.all(x <= 4 * space.reference) and np.all(space.totals(x) <= 2 * made.problem.reference_totals):
            assert made.problem.effect_draws(space.money(x)).sum(axis=1).mean() <= bound + 1e-6 * abs(bound)


class TestWhereTheStepProblemCannotBeSolved:
    """The climb goes on along the linear model's best corner, and its bound stays rigorous."""

    @staticmethod
    def climbed(prepared, monkeypatch, failing):
        """A climb in which some of the inner quadratic programs, by number, end without an answer."""
        made, calls = prepared(channels=3, draws=40), []

        def breaks(*arguments):
            calls.append(len(calls))
            if calls[-1] in failing:
                raise PlanError("The optimiser's inner problem did not converge.")
            return solve_qp(*arguments)

        space = Space("week", made.problem)
        # A group's limit beside the budget, so that the corner is a linear program's and not a sorted list's.
        most = 0.5 * float(made.problem.reference_totals.sum())
        settings = PlanSettings(
            objective="expected_outcome", detail="week", groups={"two": {"channels": ("c0", "c1"), "maximum": most}}
        )
        program = assemble(settings, space, float(made.problem.reference_totals.sum()))
        objective = Expected(Evaluator(space))
        start = newton.feasible_start(program, space.reference)
        monkeypatch.setattr(newton, "solve_qp", breaks)
        found = newton.climb(objective, program, start, newton.Effort(1e-9, steps=400))
        monkeypatch.undo()
        bound = newton.upper_bound(program, found.value, found.gradient, found.x)
        return program, found, bound, objective.at(start, False).value

    def test_one_failure_leaves_the_answer_as_it_is(self, prepared, monkeypatch):
        _, whole, bound, _ = self.climbed(prepared, monkeypatch, failing=())
        _, found, _, _ = self.climbed(prepared, monkeypatch, failing=(0, 2))
        assert bound == pytest.approx(whole.value, rel=1e-6)
        assert found.value == pytest.approx(whole.value, rel=1e-6)

    def test_corners_alone_lead_up_within_the_constraints(self, prepared, monkeypatch):
        _, whole, _, _ = self.climbed(prepared, monkeypatch, failing=())
        program, found, bound, before = self.climbed(prepared, monkeypatch, failing=range(1000))
        assert found.value - before > 0.9 * (whole.value - before)
        assert bound >= whole.value
        region, slack = program.region, 1e-6 * float(found.x.sum())
        assert np.all(found.x >= region.lower - slack)
        assert np.all(found.x <= region.upper + slack)
        assert np.all(region.A @ found.x <= region.row_upper + slack)
