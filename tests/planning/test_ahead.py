"""What the horizon brings without the plan's money: what is known ahead, and what a scenario sets."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.data.future import Future
from mmm.errors import PlanError
from mmm.planning.ahead import moved_controls
from mmm.planning.prepare import prepare
from mmm.planning.scenarios import scenario_plans
from mmm.planning.settings import PlanSettings

HORIZON = 13
SETTINGS = PlanSettings(draws=50, objective="expected_outcome", horizon="13 weeks")


def with_future(fit, **known):
    dates = fit.dataset.frequency.following(fit.dataset.dates[-1], HORIZON)
    return replace(fit, dataset=replace(fit.dataset, future=Future(dates, **known)))


def per_unit(fit, name: str) -> float:
    """Outcome over all geos of one unit more of a control in one period: all coefficients of the fixture are -0.01."""
    base = fit.spec.baseline
    return -0.01 / base.control_scale[fit.spec.controls.index(name)] * float(np.sum(fit.spec.outcome_scale))


def test_controls_of_the_table_take_the_place_of_those_held(known) -> None:
    fit = known.fit
    held = prepare(fit, SETTINGS)
    usual = fit.dataset.data["control"].sel(control_name="price").values[-HORIZON:].mean(axis=0)
    ahead = np.tile(usual, (HORIZON, 1))
    ahead[3] += 2.0
    found = prepare(with_future(fit, controls={"price": ahead}), SETTINGS)
    won = found.without_spend - held.without_spend
    np.testing.assert_allclose(won, 2.0 * per_unit(fit, "price"), rtol=1e-9)
    said = {note.kind: note.values.get("names") for note in found.problem.notes}
    assert said["controls_given"] == ("price",)
    assert "controls_recent" in said
    with pytest.raises(PlanError, match=r"data\.future has 5 periods after the data, and plan\.horizon 13"):
        prepare(with_future(fit, controls={"price": ahead[:5]}), SETTINGS)


def test_costs_of_the_table_are_what_a_media_unit_costs(known) -> None:
    fit = known.fit
    name = next(n for n, u in zip(fit.dataset.channels, fit.dataset.media_unit, strict=True) if u != "EUR")
    cost = np.linspace(0.01, 0.02, HORIZON)[:, None] * np.ones(len(fit.spec.geos))
    found = prepare(with_future(fit, costs={name: cost}), SETTINGS).problem
    c = found.channels.index(name)
    np.testing.assert_allclose(found.unit[:, :, c], 1.0 / cost)
    others = [i for i in range(len(found.channels)) if i != c]
    np.testing.assert_allclose(found.unit[:, :, others], prepare(fit, SETTINGS).problem.unit[:, :, others])
    assert any(note.kind == "cost_given" for note in found.notes)


def test_a_scenario_sets_controls(known) -> None:
    fit = known.fit
    scenarios = (
        {"name": "as it is", "spend": "reference"},
        {"name": "dearer", "spend": "reference", "controls": {"price": 110.0}},
    )
    settings = SETTINGS.model_copy(update={"scenarios": PlanSettings(scenarios=scenarios).scenarios})
    plain, dearer = scenario_plans(fit, settings).values()
    usual = fit.dataset.data["control"].sel(control_name="price").values[-HORIZON:].mean(axis=0)
    scale = np.array(fit.spec.outcome_scale)
    moved = HORIZON * float(((110.0 - usual) * scale).sum()) * per_unit(fit, "price") / float(scale.sum())
    np.testing.assert_allclose(dearer.outcome_draws - plain.outcome_draws, moved, rtol=1e-9)
    with pytest.raises(PlanError, match=r"sets 'prise', no control of the data\. .*price"):
        moved_controls(fit, settings, plain.problem, {"prise": 1.0})


def test_a_control_that_works_later_is_known_at_first(known) -> None:
    """Two weeks of the horizon have what the last weeks of the data bring; the rest is held."""
    fit = known.fit
    held = prepare(fit, SETTINGS)
    usual = fit.dataset.data["control"].sel(control_name="price").values[-HORIZON:].mean(axis=0)
    found = prepare(with_future(fit, carried={"price": np.stack([usual + 1.0, usual + 2.0])}), SETTINGS)
    won = found.without_spend - held.without_spend
    np.testing.assert_allclose(won, 3.0 * per_unit(fit, "price"), rtol=1e-9)
