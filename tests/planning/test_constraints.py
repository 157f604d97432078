"""Limits in words: what they allow, and which of them contradict each other."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from mmm.errors import PlanError, SettingsError
from mmm.planning.constraints import assemble
from mmm.planning.linear import best_corner, is_feasible, money_range, smallest_contradiction
from mmm.planning.newton import feasible_start
from mmm.planning.planner import decide, with_changes
from mmm.planning.prepare import Prepared
from mmm.planning.problem import Space
from mmm.planning.settings import PlanSettings


def program_of(problem, **settings):
    chosen = PlanSettings(objective="expected_outcome", **settings)
    total = chosen.total_budget or float(problem.reference_totals.sum())
    return assemble(chosen, Space(chosen.detail, problem), total)


class TestBounds:
    def test_default_bounds_are_relative_to_the_reference_plan(self, problem):
        made = problem()
        region = program_of(made).region
        np.testing.assert_allclose(region.lower, 0.5 * made.reference_totals)
        np.testing.assert_allclose(region.upper, 2.0 * made.reference_totals)

    def test_absolute_bounds_replace_their_side(self, problem):
        made = problem()
        region = program_of(made, channels={"c1": {"minimum": 10.0}, "c2": {"relative": (0.9, 1.1)}}).region
        assert region.lower[1] == 10.0
        assert region.upper[1] == pytest.approx(2.0 * made.reference_totals[1])
        assert region.upper[2] == pytest.approx(1.1 * made.reference_totals[2])

    def test_a_fixed_channel_stays_at_its_current_spend(self, prepared):
        made = prepared()
        plan = decide(made, PlanSettings(objective="expected_outcome", channels={"c0": {"fixed": True}}))
        assert plan.allocation.loc["c0", "spend"] == pytest.approx(made.problem.reference_totals[0])
        assert np.isnan(plan.allocation.loc["c0", "probability_direction"])

    def test_a_limit_on_a_period_caps_the_largest_one(self, prepared):
        made = prepared()
        peak = made.problem.reference[:, 0, 2].max()
        plan = decide(made, PlanSettings(objective="expected_outcome", channels={"c2": {"weekly_maximum": 0.8 * peak}}))
        assert plan.money[:, 0, 2].max() <= 0.8 * peak * (1 + 1e-6)
        plan = decide(
            made,
            PlanSettings(objective="expected_outcome", detail="week", channels={"c2": {"weekly_maximum": 0.8 * peak}}),
        )
        assert plan.money[:, 0, 2].max() <= 0.8 * peak * (1 + 1e-6)

    def test_extrapolation_can_be_forbidden_or_priced(self, prepared):
        made = prepared(seed=3)
        free = decide(made, PlanSettings(objective="expected_outcome", bounds=(0.2, 4.0)))
        over = free.allocation["observed_max_ratio"] > 1.0
        assert over.any()
        kept = decide(
            made, PlanSettings(objective="expected_outcome", bounds=(0.2, 4.0), extrapolation={"action": "forbid"})
        )
        assert (kept.allocation["observed_max_ratio"] <= 1.0 + 1e-6).all()
        priced = decide(
            made,
            PlanSettings(
                objective="expected_outcome", bounds=(0.2, 4.0), extrapolation={"action": "penalise", "penalty": 0.3}
            ),
        )
        beyond = priced.allocation["observed_max_ratio"][over].sum()
        assert kept.allocation["observed_max_ratio"][over].sum() <= beyond * (1 + 1e-6)
        assert beyond < free.allocation["observed_max_ratio"][over].sum()

    def test_zero_or_at_least_allows_zero_below_the_lower_bound(self, prepared):
        made = prepared(has_value=True)
        total = made.problem.reference_totals
        plan = decide(
            made,
            PlanSettings(
                objective="expected_outcome",
                worth_spending=50.0,
                channels={"c1": {"zero_or_at_least": float(total[1])}},
            ),
        )
        assert plan.allocation.loc["c1", "spend"] == pytest.approx(0.0, abs=1e-6)
        assert plan.allocation.loc["c0", "spend"] == pytest.approx(0.5 * total[0], rel=1e-5)

    def test_numbers_on_a_bound_are_exactly_there_and_the_budget_is_met(self, prepared):
        plan = decide(prepared(), PlanSettings(objective="expected_outcome", spend_all=True))
        table = plan.allocation
        at_bound = (table["spend"] - table["lower_bound"]).abs() < 1e-3
        at_bound |= (table["spend"] - table["upper_bound"]).abs() < 1e-3
        assert at_bound.any()
        inside = table[at_bound]
        exact = np.isclose(inside["spend"], inside["lower_bound"], rtol=1e-12)
        exact |= np.isclose(inside["spend"], inside["upper_bound"], rtol=1e-12)
        assert exact.all()
        assert plan.spend == pytest.approx(plan.total_budget, rel=1e-12)
        assert plan.unspent == 0.0


class TestParts:
    """Plans by geo or period: limits of a channel's total, and of its parts."""

    @pytest.mark.parametrize("detail", ["geo", "week"])
    @pytest.mark.parametrize("slope", [1.0, 2.0])
    @pytest.mark.parametrize("factor", [1.4, 1.99])
    def test_zero_or_at_least_holds_for_the_total(self, prepared, detail, slope, factor):
        made = prepared(channels=3, geos=2, draws=40, slope=slope)
        least = factor * made.problem.reference_totals
        channels = {f"c{i}": {"zero_or_at_least": float(least[i])} for i in (1, 2)}
        spend = (
            decide(made, PlanSettings(objective="expected_outcome", detail=detail, channels=channels))
            .allocation["spend"]
            .to_numpy()
        )
        assert np.all((spend[1:] < 1e-6 * least[1:]) | (spend[1:] >= (1 - 1e-6) * least[1:]))

    @pytest.mark.parametrize("detail", ["geo", "week"])
    def test_a_channel_that_paused_may_spend_what_its_maximum_allows(self, prepared, detail):
        made = prepared(channels=3, geos=2, draws=40)
        reference = made.problem.reference.copy()
        reference[:, :, 1] = 0.0
        made = Prepared(replace(made.problem, reference=reference), None)
        channels = {"c1": {"minimum": 0.0, "maximum": 500.0}}
        spend = decide(made, PlanSettings(objective="expected_outcome", detail=detail, channels=channels)).allocation[
            "spend"
        ]
        assert spend["c1"] > 100.0
        assert spend["c1"] <= 500.0 + 1e-6

    def test_limits_of_parts_are_one_sentence(self, problem):
        made = problem(channels=3, geos=2)
        for detail, part in (("geo", "geo"), ("week", "period")):
            words = [str(one) for one in program_of(made, detail=detail).statements]
            assert sum(f"{part} of a channel" in text for text in words) == 1
            assert len(words) < 10

    def test_the_range_of_budgets_is_what_all_constraints_allow(self, problem):
        made = problem()
        total = made.reference_totals
        groups = {"a": {"channels": ("c0", "c1"), "minimum": float(total[:2].sum())}}
        low, high = money_range(program_of(made, groups=groups))
        assert low == pytest.approx(total[:2].sum() + 0.5 * total[2:].sum())
        assert high == pytest.approx(2.0 * total.sum())
        by_week = money_range(program_of(made, detail="week", bounds=(0.9, 1.1)))
        np.testing.assert_allclose(by_week, [0.9 * total.sum(), 1.1 * total.sum()])


class TestBudgetsOfAnySize:
    @pytest.mark.parametrize("share", [0.1, 0.6, 5.0])
    def test_default_bounds_hold_the_same_mix_at_any_budget(self, problem, share):
        made = problem()
        total = made.reference_totals
        plan = decide_with(made, total_budget=share * total.sum(), spend_all=True)
        assert plan.spend == pytest.approx(share * total.sum())
        table = plan.allocation
        assert (table["lower_bound"] <= share * total * (1 + 1e-9)).all()
        assert (table["upper_bound"] >= share * total * (1 - 1e-9)).all()


class TestInfeasible:
    def test_lower_bounds_above_the_budget_are_named(self, problem):
        made = problem()
        total = made.reference_totals
        with pytest.raises(PlanError) as caught:
            decide_with(made, total_budget=0.6 * total.sum(), bounds=(0.9, 2.0))
        text = str(caught.value)
        assert "the total budget is at most" in text
        assert "The lower limits add up to" in text

    def test_only_what_contradicts_is_named(self, problem):
        made = problem()
        total = made.reference_totals
        program = program_of(
            made,
            groups={"digital": {"channels": ("c0", "c1"), "maximum": 0.5 * total[0]}},
            channels={"c0": {"minimum": 0.8 * total[0]}},
        )
        words = {str(rule.says) for rule in smallest_contradiction(program)}
        assert words == {f"group digital at most {0.5 * total[0]:,.0f}", f"c0 at least {0.8 * total[0]:,.0f}"}

    def test_every_part_of_a_contradiction_is_needed(self, problem):
        made = problem(channels=6)
        program = program_of(made, total_budget=0.5 * float(made.reference_totals.sum()), min_retained=0.7)
        found = smallest_contradiction(program)
        assert len(found) >= 2
        for left_out in found:
            rest = tuple(rule for rule in found if rule is not left_out)
            assert is_feasible(replace(program, rules=rest))

    def test_a_feasible_program_has_no_contradiction(self, problem):
        assert smallest_contradiction(program_of(problem())) == ()

    def test_steps_that_cannot_be_met_are_explained(self, problem):
        made = problem()
        total = made.reference_totals
        with pytest.raises(PlanError, match="Sellable steps"):
            decide_with(made, channels={"c0": {"minimum": total[0], "maximum": 1.01 * total[0], "step": 10 * total[0]}})

    def test_spend_all_beyond_the_upper_bounds_is_named(self, problem):
        with pytest.raises(PlanError, match="The upper limits add up to"):
            decide_with(problem(), total_budget=1e7, spend_all=True, bounds=(0.5, 2.0))


def decide_with(problem, **settings):
    return decide(Prepared(problem, None), PlanSettings(objective="expected_outcome", **settings))


class TestCorners:
    def test_sorting_equals_the_linear_program(self, problem):
        made = problem(channels=8)
        program = program_of(made)
        rng = np.random.default_rng(0)
        # A group that never binds sends the same problem to the linear program.
        wide = program_of(made, groups={"all": {"channels": ("c0", "c1"), "maximum": 1e9}})
        for _ in range(5):
            gradient = rng.normal(0.3, 1.0, 8)
            assert best_corner(program, gradient).bound == pytest.approx(best_corner(wide, gradient).bound, rel=1e-7)

    def test_the_nearest_feasible_plan_is_the_plan_itself_where_it_is_feasible(self, problem):
        made = problem()
        start = feasible_start(program_of(made), made.reference_totals)
        np.testing.assert_allclose(start, made.reference_totals, rtol=1e-3)


class TestNames:
    @pytest.mark.parametrize(
        "settings",
        [
            {"channels": {"c01": {"fixed": True}}},
            {"groups": {"a": {"channels": ("c01",), "minimum": 1.0}}},
            {"reference": {"c01": 1.0}},
            {"cost_factor": {"c01": 1.2}},
            {"scenarios": ({"name": "x", "change": {"c01": 0.1}},)},
        ],
    )
    def test_an_unknown_channel_is_an_error_with_the_nearest_name(self, problem, settings):
        with pytest.raises(PlanError, match=r"'c01', which the model does not have\. Did you mean"):
            program_of(problem(), **settings)

    def test_a_new_channel_may_be_named_in_its_own_scenario(self, problem):
        new = {"name": "podcast", "spend": 100.0, "roas": (1.0, 3.0)}
        program_of(problem(), scenarios=({"name": "x", "new_channel": new},))


class TestSettings:
    def test_a_bare_kind_is_an_objective(self):
        assert PlanSettings(objective="profit").objective.kind == "profit"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"bounds": (2.0, 0.5)},
            {"objective": "smallest_budget"},
            {"objective": {"kind": "profit", "target": 3.0}},
            {"objective": {"kind": "largest_budget"}},
            {"objective": {"kind": "largest_budget", "roas": 1.0, "cost_per_unit": 2.0}},
            {"objective": {"kind": "mean_cvar", "roas": 1.0}},
            {"channels": {"tv": {"fixed": True, "step": 5.0}}},
            {"channels": {"tv": {"minimum": 5.0, "maximum": 4.0}}},
            {"groups": {"a": {"channels": ("tv",)}}},
            {"groups": {"a": {"channels": ("tv",), "minimum_share": 0.5, "maximum_share": 0.2}}},
            {"scenarios": ({"name": "x"}, {"name": "x"})},
            {"scenarios": ({"name": "reference"},)},
            {"scenarios": ({"name": "plan"},)},
            {"scenarios": ({"name": "x", "new_channel": {"name": "p", "spend": 1.0, "roas": (2.0, 1.0)}},)},
            {"draws": 60},
            {"budget": 3},
        ],
    )
    def test_settings_that_make_no_sense_are_errors(self, wrong):
        with pytest.raises(ValidationError):
            PlanSettings(**wrong)

    def test_a_wrong_change_names_the_field(self):
        with pytest.raises(SettingsError, match=r"plan\.total_budget"):
            with_changes(PlanSettings(objective="expected_outcome"), {"total_budget": -5})

    def test_changes_keep_what_was_set(self):
        changed = with_changes(PlanSettings(objective="expected_outcome", margin=0.4), {"total_budget": 5.0})
        assert (changed.margin, changed.total_budget) == (0.4, 5.0)
