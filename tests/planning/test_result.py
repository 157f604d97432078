"""The plan's figures: gains, intervals, tables, comparisons, and the honest part."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mmm.errors import PlanError
from mmm.planning.advice import advise
from mmm.planning.curve import budget_curve
from mmm.planning.flighting import flighting
from mmm.planning.information import (
    perfect_information,
)
from mmm.planning.moves import NEW_MONEY, UNSPENT, directions, few_moves, key_moves, smaller_moves
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.result import Gain, Plan, less
from mmm.planning.scenarios import compare_scenarios, scenario_plan, spend_by_scenario
from mmm.planning.settings import PlanSettings, Scenario
from mmm.planning.tables import direction


class TestGain:
    def test_by_hand(self):
        gain = Gain(np.arange(-10.0, 90.0))
        assert gain.mean == pytest.approx(39.5)
        assert gain.probability == pytest.approx(0.89)
        assert (gain.lower, gain.upper) == pytest.approx((-5.05, 84.05))
        assert gain.worst5 == pytest.approx(-8.0)

    def test_gain_over_reference_and_over_the_scaled_mix_are_apart(self, prepared):
        made = prepared()
        total = float(made.problem.reference_totals.sum())
        settings = PlanSettings(objective="expected_outcome", total_budget=1.3 * total, spend_all=True, margin=1.0)
        plan = decide(made, settings)
        mix = made.problem.effect_draws(1.3 * made.problem.reference).sum(axis=1)
        today = made.problem.effect_draws(made.problem.reference).sum(axis=1)
        np.testing.assert_allclose(plan.gain.draws, plan.outcome_draws - today)
        np.testing.assert_allclose(plan.mix_gain.draws, plan.outcome_draws - mix, rtol=1e-6)
        np.testing.assert_allclose(plan.profit_gain.draws, plan.gain.draws - 0.3 * total, rtol=1e-6)
        assert decide(made, PlanSettings(objective="expected_outcome", spend_all=True)).mix_gain is None

    def test_the_whole_outcome_adds_what_comes_without_spend(self, prepared):
        made = prepared()
        n = made.problem.draws.n
        whole = replace(made, without_spend=np.linspace(1e5, 2e5, n))
        plan = decide(whole, PlanSettings(objective="expected_outcome"))
        assert plan.expected_outcome.mean == pytest.approx(1.5e5 + plan.outcome_draws.mean())
        assert plan.reference_outcome.mean == pytest.approx(1.5e5 + plan.reference_draws.mean())
        assert decide(made, PlanSettings(objective="expected_outcome")).expected_outcome is None


class TestAllocation:
    def test_columns_agree_with_each_other(self, prepared):
        made = prepared(geos=2)
        plan = decide(made, PlanSettings(objective="expected_outcome"))
        table = plan.allocation
        assert table["spend"].sum() == pytest.approx(plan.spend)
        assert table["effect"].sum() == pytest.approx(plan.outcome_draws.mean())
        np.testing.assert_allclose(table["roas"], table["effect"] / table["spend"])
        np.testing.assert_allclose(table["change"], table["spend"] - made.problem.reference_totals)
        assert (table["effect_lower"] < table["effect"]).all()
        assert (table["effect"] < table["effect_upper"]).all()
        np.testing.assert_allclose(table["observed_max_ratio"] * 1.2, table["spend"] / table["reference"], rtol=1e-9)

    def test_marginal_return_is_the_slope_under_proportional_scaling(self, prepared):
        made = prepared(geos=2)
        plan = decide(made, PlanSettings(objective="expected_outcome"))
        for c, name in enumerate(made.problem.channels):
            up, down = plan.money.copy(), plan.money.copy()
            up[:, :, c] *= 1 + 1e-5
            down[:, :, c] *= 1 - 1e-5
            change = (made.problem.effect_draws(up) - made.problem.effect_draws(down)).mean(axis=0)[c]
            slope = change / (2e-5 * plan.allocation.loc[name, "spend"])
            assert plan.allocation.loc[name, "marginal_effect"] == pytest.approx(slope, rel=1e-5)

    def test_interior_channels_share_one_marginal_return(self, prepared):
        plan = decide(prepared(), PlanSettings(objective="expected_outcome", spend_all=True))
        table = plan.allocation
        inside = (table["spend"] > table["lower_bound"] * 1.001) & (table["spend"] < table["upper_bound"] * 0.999)
        assert inside.sum() >= 2
        assert np.ptp(table.loc[inside, "marginal_effect"]) < 1e-4 * table["marginal_effect"].mean()

    def test_direction_is_a_share_of_draws(self):
        marginal = np.array([[3.0, 1.0, 9.0], [1.0, 2.0, 9.0], [4.0, 1.0, 9.0], [5.0, 4.0, 9.0]])
        found = direction(marginal, np.array([1.0, 3.0, 5.0]), np.array([True, True, False]))
        np.testing.assert_allclose(found, [0.75, 0.25, np.nan])

    def test_tables_by_geo_and_period_sum_to_the_plan(self, prepared):
        plan = decide(prepared(geos=2), PlanSettings(objective="expected_outcome", detail="geo"))
        assert plan.by_geo()["spend"].sum() == pytest.approx(plan.spend)
        assert plan.by_period().loc[:, "spend"].groupby("channel").sum().to_dict() == pytest.approx(
            plan.allocation["spend"].to_dict()
        )
        assert len(plan.schedule) == 6 * 2 * 4


class TestVerdict:
    def test_a_clear_gain_is_better_and_no_change_is_unchanged(self, prepared):
        made = prepared()
        assert decide(made, PlanSettings(objective="expected_outcome", spend_all=True)).verdict == "better"
        assert decide(made, PlanSettings(objective="expected_outcome", bounds=(1.0, 1.0))).verdict == "unchanged"

    def test_an_interval_over_zero_is_open_and_offers_a_smaller_move(self, hill, single):
        rng = np.random.default_rng(2)
        beta = np.exp(rng.normal(6, 0.9, (300, 2)) + np.array([0.0, 0.15]))
        problem = single(hill(beta, np.full((300, 2), 200.0), np.ones((300, 2))), np.array([100.0, 100.0]))
        plan = decide(Prepared(problem, None), PlanSettings(objective="expected_outcome", spend_all=True))
        assert plan.verdict == "open"
        advice = advise(plan)
        assert "does not separate" in advice.sentences[0]
        assert f"{plan.gain.probability:.0%}" in advice.sentences[0]
        assert "smaller move" in advice.sentences[1]
        assert advice.test is not None

    def test_as_good_needs_the_whole_interval_within_the_margin(self, prepared):
        plan = replace(
            decide(prepared(), PlanSettings(objective="expected_outcome", spend_all=True)),
            without_spend=np.full(200, 1e7),
        )
        win = float(plan.reference_draws.mean())

        def with_gain(low: float, high: float) -> Plan:
            return replace(plan, outcome_draws=plan.reference_draws + np.linspace(low, high, 200) * win)

        assert with_gain(-0.009, 0.009).verdict == "equal"
        assert "as good" in with_gain(-0.009, 0.009).sentence
        assert "as good" not in with_gain(-0.009, 0.015).sentence
        assert with_gain(-0.009, 0.015).verdict == "open"
        assert with_gain(-0.015, 0.009).verdict == "open"
        wide = plan.settings.model_copy(update={"equal_margin": 0.02})
        assert replace(with_gain(-0.009, 0.015), settings=wide).verdict == "equal"

    def test_a_gain_whose_interval_excludes_zero_is_never_called_equal(self, prepared):
        # A small but certain gain, less than 1% of what media win and a trifle of the whole outcome.
        plan = decide(prepared(), PlanSettings(objective="expected_outcome", bounds=(0.99, 1.01), spend_all=True))
        plan = replace(plan, without_spend=np.full(plan.problem.draws.n, 1e9))
        assert 0 < plan.gain.lower < plan.gain.upper < 0.01 * plan.reference_draws.mean()
        assert plan.verdict == "better"
        lost = replace(plan, outcome_draws=2 * plan.reference_draws - plan.outcome_draws)
        assert lost.verdict == "worse"

    def test_money_that_moves_inside_its_channel_is_a_change(self, prepared):
        plan = decide(
            prepared(geos=3),
            PlanSettings(objective="expected_outcome", detail="geo", spend_all=True, bounds=(1.0, 1.0)),
        )
        assert np.abs(plan.allocation["change"]).sum() < 1e-6 * plan.spend
        assert plan.verdict == "better"


class TestCompare:
    def test_same_draws_in_one_table(self, prepared):
        made = prepared()
        plan = decide(made, PlanSettings(objective="expected_outcome", spend_all=True))
        tight = decide(
            made, PlanSettings(objective="expected_outcome", spend_all=True, bounds=(0.9, 1.1)), name="tight"
        )
        table = plan.compare(tight)
        assert list(table.index) == ["reference", "plan", "tight"]
        assert table.loc["reference", "gain"] == 0.0
        assert table.loc["tight", "gain"] == pytest.approx(tight.gain.mean)
        assert table.loc["tight", "beats_first"] == pytest.approx((tight.outcome_draws > plan.outcome_draws).mean())

    def test_different_draws_are_refused(self, prepared):
        with pytest.raises(PlanError, match="different draws"):
            decide(prepared(), PlanSettings(objective="expected_outcome")).compare(
                decide(prepared(draws=100), PlanSettings(objective="expected_outcome"))
            )


class TestMoves:
    def test_moves_lead_from_the_reference_plan_to_the_plan(self, prepared):
        plan = decide(prepared(channels=5), PlanSettings(objective="expected_outcome", spend_all=True))
        moves = key_moves(plan)
        change = dict.fromkeys(plan.problem.channels, 0.0)
        for _, move in moves.iterrows():
            change[move["source"]] -= move["amount"]
            change[move["destination"]] += move["amount"]
        for name, amount in change.items():
            assert amount == pytest.approx(plan.allocation.loc[name, "change"], abs=5e-3 * plan.spend)
        assert moves["share"].iloc[-1] == pytest.approx(1.0, abs=1e-3)
        assert (moves["gain"].diff().dropna() > -1e-6 * abs(moves["gain"].iloc[-1])).all()
        assert "of the gain" in few_moves(moves)

    def test_more_and_less_money_are_named(self, prepared):
        made = prepared()
        total = float(made.problem.reference_totals.sum())
        more = key_moves(
            decide(made, PlanSettings(objective="expected_outcome", total_budget=1.5 * total, spend_all=True))
        )
        assert NEW_MONEY in set(more["source"])
        less = key_moves(
            decide(made, PlanSettings(objective="expected_outcome", total_budget=0.7 * total, spend_all=True))
        )
        assert UNSPENT in set(less["destination"])

    def test_going_all_the_way_is_the_plan(self, prepared):
        plan = decide(prepared(), PlanSettings(objective="expected_outcome", spend_all=True))
        table = smaller_moves(plan)
        assert table.loc[1.0, "gain"] == pytest.approx(plan.gain.mean)
        assert 0 < table.loc[0.25, "gain"] < table.loc[1.0, "gain"]

    def test_directions_and_extrapolation_name_channels(self, prepared):
        plan = decide(prepared(seed=3), PlanSettings(objective="expected_outcome", bounds=(0.2, 4.0)))
        assert any(text.startswith(("increase ", "decrease ")) for text in directions(plan))
        beyond = plan.beyond
        assert (beyond["ratio"] > 1.0).all()
        assert set(beyond.index) == set(plan.allocation.index[plan.allocation["observed_max_ratio"] > 1.0])


class TestBudgetCurve:
    def test_outcome_rises_and_marginal_return_falls(self, prepared):
        made = prepared()
        plan = decide(made, PlanSettings(objective="expected_outcome", spend_all=True))
        curve = budget_curve(plan)
        assert (curve.table["effect"].diff().dropna() > 0).all()
        assert (curve.table["marginal"].diff().dropna() < 1e-6).all()
        assert curve.table.loc[round(plan.total_budget, 2), "gain"] == pytest.approx(plan.gain.mean, rel=1e-4)
        assert curve.steps.loc["next", "per_money"] < curve.steps.loc["last", "per_money"]

    def test_beside_a_careful_plan_it_is_that_of_the_best_on_average(self, prepared):
        plan = decide(prepared(draws=200), PlanSettings(spend_all=True))
        assert plan.settings.objective.risky
        curve = budget_curve(plan)
        assert curve.table.loc[round(plan.total_budget, 2), "gain"] >= plan.gain.mean - 1e-6 * abs(plan.gain.mean)
        assert np.isfinite(perfect_information(plan).to_numpy(dtype=float)).all()

    @pytest.mark.parametrize("detail", ["channel", "week"])
    def test_budgets_are_those_that_the_constraints_allow(self, prepared, detail):
        made = prepared(channels=3, draws=60)
        total = made.problem.reference_totals
        groups = {"a": {"channels": ("c0", "c1"), "minimum": 0.9 * float(total[:2].sum())}}
        table = budget_curve(
            decide(made, PlanSettings(objective="expected_outcome", detail=detail, groups=groups, max_increase=0.1))
        ).table
        assert table["spend"].min() >= 0.9 * total[:2].sum() + 0.5 * total[2] - 1.0
        assert table["spend"].max() <= 1.1 * total.sum() + 1.0

    def test_the_most_profitable_budget_is_the_plan_of_the_profit_objective(self, prepared):
        made = prepared()
        curve = budget_curve(decide(made, PlanSettings(objective="expected_outcome", margin=0.7)), np.array([2000.0]))
        most = float(2 * made.problem.reference_totals.sum())
        profit = decide(made, PlanSettings(objective="profit", margin=0.7, total_budget=most))
        assert curve.best_budget == pytest.approx(profit.spend, rel=1e-4)

    def test_without_a_value_there_is_no_profit(self, prepared):
        curve = budget_curve(
            decide(prepared(has_value=False), PlanSettings(objective="expected_outcome")), np.array([2000.0])
        )
        assert curve.best_budget is None
        assert curve.table["profit"].isna().all()


class TestScenarios:
    def test_each_kind(self, prepared):
        made = prepared(geos=2)
        settings = PlanSettings(objective="expected_outcome", spend_all=True)
        total = made.problem.reference_totals
        plan = decide(made, settings)
        before = 1.1 * made.problem.reference
        wanted = [
            Scenario(name="half", change={"c0": -0.5}),
            Scenario(name="dearer", cost_change={"c1": 0.2}, spend="reference"),
            Scenario(name="richer", total_budget=1.2 * float(total.sum())),
            Scenario(name="last year", spend="last_year"),
            Scenario(name="table", spend={"c2": 5.0}),
            Scenario(name="new", new_channel={"name": "podcast", "spend": 300.0, "roas": (5.0, 20.0)}),
        ]
        found = {s.name: scenario_plan(made, settings, s, before) for s in wanted}
        assert found["half"].allocation.loc["c0", "spend"] == pytest.approx(0.5 * total[0])
        dearer = made.problem.reference.copy()
        dearer[:, :, 1] /= 1.2
        np.testing.assert_allclose(
            found["dearer"].outcome_draws, made.problem.effect_draws(dearer).sum(axis=1), rtol=1e-9
        )
        assert found["richer"].spend == pytest.approx(1.2 * float(total.sum()), rel=1e-6)
        assert found["last year"].spend == pytest.approx(1.1 * float(total.sum()))
        assert found["table"].allocation.loc["c2", "spend"] == pytest.approx(5.0)
        assert found["new"].allocation.loc["podcast", "spend"] > 0
        assert found["new"].gain.mean > plan.gain.mean
        table = compare_scenarios(plan, found)
        assert list(table.index) == ["reference", "plan", *found]
        money = spend_by_scenario(plan, found)
        assert money.loc["podcast", "plan"] == 0.0
        assert isinstance(money, pd.DataFrame)

    def test_each_scenarios_new_channel_is_in_the_table(self, prepared):
        made, settings = prepared(), PlanSettings(objective="expected_outcome")
        plan = decide(made, settings)
        new = {"spend": 300.0, "roas": (5.0, 20.0)}
        wanted = [Scenario(name=name, new_channel={"name": name, **new}) for name in ("podcast", "cinema")]
        found = {s.name: scenario_plan(made, settings, s) for s in wanted}
        money = spend_by_scenario(plan, found)
        assert list(money.index) == [*plan.problem.channels, "podcast", "cinema"]
        assert money.index.name == "channel"
        for name, one in found.items():
            assert money[name].sum() == pytest.approx(one.spend)
            assert money.loc[name, name] > 0
        assert (money.loc["cinema", ["reference", "plan", "podcast"]] == 0.0).all()

    def test_a_new_channels_prior_is_the_same_every_time(self, prepared):
        made = prepared()
        new = Scenario(name="new", new_channel={"name": "podcast", "spend": 300.0, "roas": (5.0, 20.0)})
        first, second = (scenario_plan(made, PlanSettings(objective="expected_outcome"), new) for _ in range(2))
        np.testing.assert_array_equal(first.outcome_draws, second.outcome_draws)
        new_channel = first.problem.draws.n
        assert new_channel == made.problem.draws.n

    def test_last_year_needs_data(self, prepared):
        with pytest.raises(PlanError, match="not at hand"):
            scenario_plan(prepared(), PlanSettings(objective="expected_outcome"), Scenario(name="x", spend="last_year"))


def test_channels_out_of_the_decision_are_held_for_a_reason(prepared):
    there = prepared(channels=5)
    reference = there.problem.reference.copy()
    reference[:, :, :2] = 0.0
    there = replace(there, problem=replace(there.problem, reference=reference))
    channels = {"c1": {"minimum": 0, "maximum": 900.0}, "c2": {"fixed": True}, "c3": {"minimum": 70.0, "maximum": 70.0}}
    made = decide(there, PlanSettings(objective="expected_outcome", channels=channels))
    assert [(h.channel, h.by) for h in made.held] == [("c0", "pause"), ("c2", "fixed"), ("c3", "limits")]
    assert [h.amount for h in made.held] == pytest.approx(made.allocation["spend"][["c0", "c2", "c3"]].tolist())


def test_flighting_is_never_worse_than_even_spend(prepared):
    made = prepared(draws=60)
    result = flighting(decide(made, PlanSettings(objective="expected_outcome", spend_all=True)))
    assert (result.table["best"] >= result.table["even"] * (1 - 1e-6)).all()
    assert (result.table["peak"] <= 3.0 + 1e-6).all()
    np.testing.assert_allclose(
        result.money.sum(axis=0),
        decide(made, PlanSettings(objective="expected_outcome", spend_all=True)).allocation["spend"],
        rtol=1e-5,
    )
    assert result.certificate.kind in ("exact", "gap")


def test_the_summary_says_what_the_plan_is(prepared):
    plan = decide(prepared(), PlanSettings(objective="expected_outcome"))
    summary = plan.summary()
    assert summary["spend"] == pytest.approx(plan.spend)
    assert summary["gain"] == pytest.approx(plan.gain.mean)
    assert "proven" in summary["certificate"]


def test_the_card_says_the_verdict_and_shows_names_as_text(prepared):
    plan = decide(prepared(), PlanSettings(objective="expected_outcome", bounds=(0.2, 4.0)))
    names = ["<script>alert(1)</script>", *plan.problem.channels[1:]]
    problem = replace(plan.problem, draws=replace(plan.problem.draws, channels=tuple(names)))
    allocation = plan.allocation.set_axis(pd.Index(names, name="channel"))
    html = replace(plan, allocation=allocation, problem=problem)._repr_html_()
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>" not in html
    assert plan.sentence in html
    assert f"{plan.decisive_gain.mean:+,.0f}" in html
    assert "Beyond what was ever observed" in html
    assert "100%" not in re.sub(r'style="[^"]*"', "", html)


def test_plans_that_differ_by_rounding_alone_differ_by_nothing() -> None:
    """Half of every channel's money by two ways of computing it was told as "+4e-12 comes from splitting it better"."""
    effect = np.array([4.9e5, 1e-3, 0.0, 7.0])
    found = less(effect * (1 + np.array([3e-14, -2e-13, 0.0, 1e-6])), effect)
    assert found[:3].tolist() == [0.0, 0.0, 0.0]
    assert found[3] == pytest.approx(7e-6)


def test_half_of_every_channel_is_no_better_split(prepared) -> None:
    plan = decide(prepared(), PlanSettings(objective="expected_outcome", bounds=(0.5, 0.5), margin=1.0))
    assert plan.spend == pytest.approx(0.5 * plan.reference_spend)
    assert plan.mix_gain is not None
    assert (plan.mix_gain.lower, plan.mix_gain.mean, plan.mix_gain.upper) == (0.0, 0.0, 0.0)
    assert plan.gain.mean < 0
