"""Every item of the model's breadth from its gradient to a plan, on one world each."""

import numpy as np
import pytest
from breadth_shown import HIDDEN, WORLDS, Shown, shown


@pytest.fixture(scope="module", params=list(WORLDS))
def found(request: pytest.FixtureRequest) -> Shown:
    return shown(request.param)


def test_parts_add_up_and_gradients_are_right(found: Shown) -> None:
    assert found.sums < 1e-6
    assert found.plain < 1e-8
    assert found.differences < 1e-5


def test_hidden_periods_are_forecast(found: Shown) -> None:
    """Not worse than last year's values (or the last value) by more than chance, most periods inside."""
    assert found.forecast.error < 1.1 * found.forecast.naive_error
    assert found.forecast.coverage >= 0.6
    assert len(found.forecast.total) in (3, HIDDEN)


def test_a_plan_spends_its_money_and_does_not_lose(found: Shown) -> None:
    plan = found.plan
    assert plan.money.shape[0] == HIDDEN
    assert plan.money.sum() <= plan.total_budget * (1 + 1e-9)
    assert plan.gain.mean >= -1e-9 * abs(float(plan.reference_draws.mean()))
    assert np.isfinite(plan.outcome_draws).all()
    assert plan.certificate.kind in ("exact", "gap")
