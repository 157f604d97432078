"""From a fit to a plan: the reference plan, prices and effects equal those of the simulator that made the data."""

from dataclasses import replace

import numpy as np
import pytest

import mmm
from mmm.errors import PlanError, SettingsError
from mmm.planning.possible import require_possible
from mmm.planning.prepare import prepare
from mmm.planning.scenarios import scenario_plan, scenario_plans
from mmm.planning.settings import PlanSettings
from mmm.simulate import Budget, best_allocation


class TestAgainstTheSimulator:
    """Every draw of the fit is the truth, so that the plan's figures must be the simulator's own."""

    def test_reference_plan_and_its_effect(self, known):
        prepared = prepare(known.fit, PlanSettings(objective="expected_outcome", horizon="13 weeks", discrepancy=None))
        truth = known.simulated.truth
        order = [truth.channels.index(name) for name in prepared.problem.channels]
        reference = truth.reference_plan(13)
        np.testing.assert_allclose(prepared.problem.reference, reference[:, :, order])
        effect = prepared.problem.effect_draws(prepared.problem.reference)
        np.testing.assert_allclose(effect[0], truth.response_by_channel(reference).sum(axis=0)[order], rtol=1e-6)

    def test_no_plan_of_the_oracle_is_better(self, known):
        truth = known.simulated.truth
        total = truth.reference_plan(13).sum(axis=(0, 1))
        best = best_allocation(truth, Budget(float(total.sum()), 0.5 * total, 2.0 * total, 13))
        plan = mmm.plan(known.fit, objective="expected_outcome", spend_all=True, discrepancy=None)
        realised = truth.response(plan.money[:, :, [plan.problem.channels.index(n) for n in truth.channels]])
        assert realised == pytest.approx(plan.outcome_draws.mean(), rel=1e-6)
        assert realised >= best.response * (1 - 1e-6)
        assert plan.certificate.kind == "exact"

    def test_by_geo_and_by_period_win_more(self, known):
        truth = known.simulated.truth
        reached = {}
        for detail in ("channel", "geo", "week"):
            plan = mmm.plan(known.fit, objective="expected_outcome", spend_all=True, detail=detail, discrepancy=None)
            reached[detail] = plan.outcome_draws.mean()
            money = plan.money[:, :, [plan.problem.channels.index(n) for n in truth.channels]]
            assert truth.response(money) == pytest.approx(reached[detail], rel=1e-6)
        assert reached["geo"] >= reached["channel"] * (1 - 1e-5)
        assert reached["week"] >= reached["channel"] * (1 - 1e-5)


class TestReference:
    def test_last_year_is_364_days_before(self, known):
        found = prepare(known.fit, PlanSettings(objective="expected_outcome", horizon="4 weeks", reference="last_year"))
        spend = known.dataset.data["spend"].values
        np.testing.assert_allclose(found.problem.reference, spend[60 - 52 : 60 - 48])

    def test_a_table_sets_totals_and_keeps_the_pattern(self, known):
        name = known.dataset.channels[1]
        found = prepare(
            known.fit, PlanSettings(objective="expected_outcome", horizon="4 weeks", reference={name: 1234.0})
        ).problem
        assert found.reference_totals[1] == pytest.approx(1234.0)
        last = known.dataset.data["spend"].values[-4:, :, 1]
        np.testing.assert_allclose(found.reference[:, :, 1], 1234.0 * last / last.sum())

    def test_a_horizon_longer_than_the_data_is_an_error(self, known):
        with pytest.raises(PlanError, match="Shorten the horizon"):
            prepare(known.fit, PlanSettings(objective="expected_outcome", horizon="80 weeks"))

    def test_a_horizon_needs_a_unit(self, known):
        with pytest.raises(SettingsError, match=r"plan\.horizon: .* such as '13 weeks'"):
            mmm.plan(known.fit, horizon="13")

    def test_the_plan_starts_after_the_data(self, known):
        plan = mmm.plan(known.fit, objective="expected_outcome", horizon="4 weeks")
        assert plan.dates[0] == known.dataset.dates[-1] + (known.dataset.dates[1] - known.dataset.dates[0])
        assert plan.fit_key == known.fit.key
        assert "last 4 weeks" in plan.reference_note


def test_a_channel_that_the_model_left_out_cannot_be_planned_on(known):
    with pytest.raises(PlanError, match="radio, left out of the model"):
        prepare(
            replace(known.fit, excluded=("radio",)),
            PlanSettings(objective="expected_outcome", channels={"radio": {"fixed": True}}),
        )


class TestBeforeAnyFit:
    """What cannot be planned is known from the panel alone."""

    @pytest.mark.parametrize("detail", ["channel", "geo", "week"])
    def test_what_is_possible_passes(self, known, detail):
        first, second = known.dataset.channels[:2]
        require_possible(
            known.dataset,
            PlanSettings(
                objective="expected_outcome",
                horizon="4 weeks",
                detail=detail,
                channels={first: {"zero_or_at_least": 10.0}},
                scenarios=(
                    {"name": "half", "change": {second: -0.5}},
                    {"name": "podcast", "new_channel": {"name": "podcast", "spend": 50.0, "roas": (0.5, 3.0)}},
                    {"name": "given", "spend": {first: 10.0}},
                ),
            ),
        )

    def test_a_contradiction_is_named(self, known):
        name = known.dataset.channels[0]
        groups = {"few": {"channels": (name,), "maximum": 1.0}}
        with pytest.raises(PlanError, match=f"cannot hold together.*group few at most 1.*{name} at least"):
            require_possible(
                known.dataset, PlanSettings(objective="expected_outcome", horizon="4 weeks", groups=groups)
            )

    def test_a_contradiction_in_a_scenario_names_it(self, known):
        scenario = {"name": "all but nothing", "total_budget": 1.0}
        settings = PlanSettings(
            objective="expected_outcome", horizon="4 weeks", min_retained=0.5, scenarios=(scenario,)
        )
        with pytest.raises(PlanError, match="Scenario 'all but nothing': No plan satisfies"):
            require_possible(known.dataset, settings)
        with pytest.raises(PlanError, match="Scenario 'all but nothing': No plan satisfies"):
            scenario_plan(prepare(known.fit, settings), settings, settings.scenarios[0])

    def test_a_wrong_number_of_factors_is_named(self, known):
        factors = {known.dataset.channels[0]: (1.0, 1.1, 1.2)}
        with pytest.raises(PlanError, match="has 3 factors for 4 periods"):
            require_possible(
                known.dataset, PlanSettings(objective="expected_outcome", horizon="4 weeks", cost_factor=factors)
            )

    def test_a_budget_that_is_looked_for_is_no_contradiction(self, known):
        totals = known.dataset.data["spend"].values[-4:].sum(axis=(0, 1))
        channels = {name: {"minimum": 2.0 * float(t)} for name, t in zip(known.dataset.channels, totals, strict=True)}
        wish = {"kind": "smallest_budget", "target": 1.0}
        require_possible(known.dataset, PlanSettings(horizon="4 weeks", objective=wish, channels=channels))
        with pytest.raises(PlanError, match="total budget"):
            require_possible(
                known.dataset, PlanSettings(objective="expected_outcome", horizon="4 weeks", channels=channels)
            )


class TestPrices:
    def test_cost_factors_raise_the_cost(self, known):
        name = known.dataset.channels[0]
        plain = prepare(known.fit, PlanSettings(objective="expected_outcome", horizon="2 weeks")).problem.unit
        dearer = prepare(
            known.fit, PlanSettings(objective="expected_outcome", horizon="2 weeks", cost_factor={name: (1.0, 1.25)})
        ).problem.unit
        np.testing.assert_allclose(dearer[0], plain[0])
        np.testing.assert_allclose(dearer[1, :, 0], plain[1, :, 0] / 1.25)

    def test_factors_must_cover_the_horizon(self, known):
        name = known.dataset.channels[0]
        with pytest.raises(PlanError, match="has 3 factors for 2 periods"):
            prepare(
                known.fit,
                PlanSettings(objective="expected_outcome", horizon="2 weeks", cost_factor={name: (1.0, 1.0, 1.0)}),
            )

    def test_demand_weighs_periods(self, known):
        found = prepare(
            known.fit, PlanSettings(objective="expected_outcome", horizon="2 weeks", demand_factor=(1.0, 3.0))
        ).problem
        begin = found.begin
        np.testing.assert_allclose(found.weights[begin + 1], 3.0 * found.weights[begin])


def test_the_forecast_of_the_whole_outcome_is_stated(known):
    plan = mmm.plan(known.fit, objective="expected_outcome", horizon="4 weeks")
    assert plan.expected_outcome.mean > plan.outcome_draws.mean()
    gap = plan.expected_outcome.mean - plan.reference_outcome.mean
    assert gap == pytest.approx(plan.gain.mean, rel=1e-6)
    assert any(note.kind.startswith("controls") for note in plan.notes) == bool(known.dataset.controls)


def test_what_is_weighed_is_stated(known):
    careful = PlanSettings(objective={"kind": "mean_cvar", "risk_weight": 0.3, "tail": 0.1})
    notes = prepare(known.fit, careful).problem.notes
    assert any("average gain (70%) and the average over the worst 10% of cases (30%)" in str(note) for note in notes)
    assert not any(
        n.kind == "weighs" for n in prepare(known.fit, PlanSettings(objective="profit", margin=0.3)).problem.notes
    )


def test_scenarios_share_the_fit(known):
    name = known.dataset.channels[0]
    settings = PlanSettings(
        objective="expected_outcome",
        horizon="4 weeks",
        scenarios=({"name": "cut", "change": {name: -0.5}}, {"name": "before", "spend": "last_year"}),
    )
    plan = mmm.plan(known.fit, settings)
    table = plan.compare(*scenario_plans(known.fit, settings).values())
    assert list(table.index) == ["reference", "plan", "cut", "before"]
