"""Revenue is no profit: without a margin nothing is said of profit; with one the plan turns where it was said to."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.errors import DataError, PlanError
from mmm.planning.curve import budget_curve
from mmm.planning.objectives import Evaluator, Expected
from mmm.planning.planner import decide, plan
from mmm.planning.prepare import prepare
from mmm.planning.problem import Space
from mmm.planning.settings import PlanSettings
from mmm.planning.worth import UnitWorth, break_even, is_profit, margin_finding, margin_of, read_worth
from mmm.simulate import Channel, World, data_settings, simulate

PLAIN = {"objective": "expected_outcome"}


def test_revenue_without_a_margin_is_planned_as_revenue(prepared):
    made = prepared()
    plan = decide(made, PlanSettings(**PLAIN))
    assert plan.margin is None
    assert plan.profit_gain is None
    assert plan.decisive_gain is plan.gain
    assert plan.unspent == 0.0
    curve = budget_curve(plan)
    assert curve.best_budget is None
    assert curve.table["profit"].isna().all()
    assert np.isnan(plan.compare().loc["plan", "profit_gain"])
    assert plan.compare().loc["plan", "probability"] == pytest.approx(plan.gain.probability)


def test_money_that_wins_less_than_it_costs_is_not_spent_whatever_the_margin(prepared):
    """Ten times today's money, without a margin: the last unit spent wins what it costs, the rest is left."""
    made = prepared()
    today = float(made.problem.reference.sum())
    open_to_all = PlanSettings(**PLAIN, total_budget=50 * today, bounds=(0.0, 100.0))
    plan = decide(made, open_to_all)
    assert plan.margin is None
    assert plan.unspent > today
    evaluator = Evaluator(Space("channel", made.problem))
    slopes = Expected(evaluator).at(evaluator.space.numbers(plan.money), True).gradient
    inside = plan.allocation["spend"].to_numpy() > 0.01 * today
    assert inside.any()
    assert slopes[inside] == pytest.approx(1.0, rel=2e-2)
    assert decide(made, open_to_all.model_copy(update={"worth_spending": 0.0})).unspent < 0.01 * plan.unspent


def test_the_least_return_of_the_settings_holds_without_a_margin_too(prepared):
    asked = PlanSettings(**PLAIN, worth_spending=1e3)
    assert decide(prepared(), asked).spend < decide(prepared(), PlanSettings(**PLAIN)).spend


def test_below_the_break_even_margin_less_is_spent_and_above_it_all(prepared):
    """The margin that page one names is the one at which the planner itself turns."""
    made = prepared()
    plan = decide(made, PlanSettings(**PLAIN))
    last = budget_curve(plan).steps.loc["last"]
    turn = break_even(float(last["money"]), tuple(float(last[f"effect{e}"]) for e in ("", "_lower", "_upper")))
    assert 0 < turn.lower < turn.mean < turn.upper
    spent = {factor: decide(made, PlanSettings(**PLAIN, margin=factor * turn.mean)).spend for factor in (0.8, 1.25)}
    assert spent[0.8] < plan.spend - 0.5 * float(last["money"])
    assert spent[1.25] > plan.spend - 0.5 * float(last["money"])


def test_what_wins_nothing_pays_at_no_margin():
    assert break_even(100.0, (-1.0, -2.0, 50.0)) == (math.inf, 2.0, math.inf)


def test_profit_needs_a_margin_or_a_profit(prepared):
    made = prepared()
    with pytest.raises(PlanError, match=r"no margin is stated.*plan\.margin"):
        decide(made, PlanSettings(objective="profit"))
    own = replace(made, problem=replace(made.problem, is_profit=True))
    plan = decide(own, PlanSettings(objective="profit"))
    assert plan.margin == 1.0
    assert plan.profit_gain is not None


def test_which_outcomes_need_a_margin():
    simulated = simulate(World(channels=(Channel("tv", 1000.0, roas=2.0),), weeks=60, seed=1))
    document = data_settings(simulated)
    column = simulated.world.outcome
    asked = PlanSettings()
    for target, known in (
        ({"column": column}, None),
        ({"column": column, "kind": "profit"}, 1.0),
        ({"column": column, "kind": "kpi", "value_per_unit": 12.0}, 1.0),
        ({"column": column, "kind": "kpi"}, None),
    ):
        dataset = from_frame(simulated.frame, DataSettings.model_validate({**document, "target": target}))
        assert margin_of(asked, has_value=dataset.has_value, is_profit=is_profit(dataset)) == known
        found = margin_finding(dataset, asked)
        assert (found is not None) == (target == {"column": column})
        if found is not None:
            assert "plan: {margin:" in found.suggestion
            assert margin_finding(dataset, PlanSettings(margin=0.3)) is None


class TestValueOfCustomers:
    """A unit of the outcome is a customer, who is worth what the draws of the channel that won it say."""

    @pytest.fixture
    def fit(self, known):
        document = data_settings(known.simulated)
        target = {"column": document["target"]["column"], "kind": "kpi", "value_per_unit": 2.0, "unit": "customers"}
        settings = DataSettings.model_validate(document | {"target": target})
        return replace(known.fit, dataset=from_frame(known.simulated.frame, settings))

    def test_effects_are_worth_their_channels_customers(self, fit):
        names = fit.dataset.channels
        value = np.linspace(1.0, 6.0, len(names))
        plain = prepare(fit, PlanSettings(**PLAIN)).problem
        worth = UnitWorth(tuple(reversed(names)), np.tile(value[::-1], (3, 1)))
        valued = prepare(fit, PlanSettings(**PLAIN), worth).problem
        before, after = (problem.effect_draws(problem.reference) for problem in (plain, valued))
        order = [names.index(name) for name in plain.channels]
        np.testing.assert_allclose(after, before * value[order] / 2.0)
        # Money moves to those whose customers are worth more.
        better = plan(fit, PlanSettings(**PLAIN, spend_all=True), worth=worth)
        mean = plan(fit, PlanSettings(**PLAIN, spend_all=True))
        assert better.allocation.loc[names[-1], "spend"] > mean.allocation.loc[names[-1], "spend"]

    def test_its_uncertainty_reaches_the_plan(self, fit):
        # Every draw of this fit is the same: what varies is the value alone.
        names = fit.dataset.channels
        drawn = np.exp(0.3 * np.random.default_rng(0).standard_normal((500, len(names))))
        problem = prepare(fit, PlanSettings(**PLAIN, discrepancy=None), UnitWorth(names, drawn)).problem
        assert problem.effect_draws(problem.reference).std(axis=0).min() > 0
        same = prepare(fit, PlanSettings(**PLAIN, discrepancy=None)).problem
        assert same.effect_draws(same.reference).std(axis=0).max() < 1e-6 * same.effect_draws(same.reference).mean()

    def test_what_does_not_fit_is_said(self, fit, known, tmp_path):
        with pytest.raises(PlanError, match="says nothing of"):
            prepare(fit, PlanSettings(**PLAIN), UnitWorth(("tv",), np.ones((3, 1))))
        with pytest.raises(PlanError, match="the outcome must count units"):
            prepare(known.fit, PlanSettings(**PLAIN), UnitWorth(known.dataset.channels, np.ones((3, 6))))
        with pytest.raises(PlanError, match="above 0 and finite"):
            UnitWorth(("tv",), np.array([[1.0], [0.0]]))
        (tmp_path / "draws.csv").write_text("tv,search\n1.5,2\n2.5,3\n", encoding="utf-8")
        read = read_worth(PlanSettings(customer_value="draws.csv"), tmp_path)
        assert read.channels == ("tv", "search")
        assert read.draws.tolist() == [[1.5, 2.0], [2.5, 3.0]]
        (tmp_path / "draws.csv").write_text("tv,search\n1.5,two\n", encoding="utf-8")
        with pytest.raises(DataError, match="search"):
            read_worth(PlanSettings(customer_value="draws.csv"), tmp_path)


def test_a_plan_that_differs_by_rounding_alone_wins_nothing(prepared):
    made = prepared()
    settings = PlanSettings(objective="expected_outcome", spend_all=True, bounds=(1.0, 1.0 + 1e-13))
    plan = decide(made, settings)
    assert plan.verdict == "unchanged"
    assert not plan.gain_draws.any()
