"""Steps and "zero or at least" by period: the best of all discrete choices, and a bound that holds."""

import itertools

import numpy as np
import pytest

from mmm.planning import qp
from mmm.planning.planner import decide
from mmm.planning.settings import PlanSettings


def worth(plan):
    return plan.outcome_draws.mean() - plan.spend


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slope", [1.0, 2.0])
def test_gaps_agree_with_all_choices(prepared, seed, slope):
    made = prepared(channels=3, draws=50, slope=slope, seed=seed)
    total = made.problem.reference_totals
    least = np.array([1.9, 1.6, 1.9]) * total
    gaps = {f"c{i}": {"zero_or_at_least": float(least[i])} for i in range(3)}
    plan = decide(made, PlanSettings(objective="expected_outcome", margin=1.0, detail="week", channels=gaps))
    reached = []
    for used in itertools.product((False, True), repeat=3):
        if least[list(used)].sum() > total.sum():
            continue
        limits = {
            f"c{i}": {"minimum": float(least[i]), "maximum": float(2 * total[i])} if on else {"maximum": 0.0}
            for i, on in enumerate(used)
        }
        reached.append(
            worth(
                decide(
                    made,
                    PlanSettings(
                        objective="expected_outcome", margin=1.0, detail="week", channels=limits, cell_bounds=(0.0, 4.0)
                    ),
                )
            )
        )
    assert worth(plan) >= max(reached) - 2e-3 * abs(max(reached))
    assert plan.certificate.bound >= max(reached) * (1 - 1e-9)
    if slope == 1.0:
        assert plan.certificate.gap <= 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_steps_agree_with_all_totals(prepared, seed):
    made = prepared(channels=2, draws=40, horizon=3, seed=seed)
    total = made.problem.reference_totals
    step = float(np.floor(total.min() / 3))
    plan = decide(made, PlanSettings(objective="expected_outcome", margin=1.0, detail="week", step=step))
    reached = []
    for first, second in itertools.product(range(12), repeat=2):
        money = step * np.array([first, second])
        if np.any(money < 0.5 * total) or np.any(money > 2 * total) or money.sum() > total.sum():
            continue
        fixed = {f"c{i}": {"minimum": float(m), "maximum": float(m)} for i, m in enumerate(money)}
        settings = PlanSettings(
            objective="expected_outcome", margin=1.0, detail="week", channels=fixed, cell_bounds=(0.0, 4.0)
        )
        reached.append(worth(decide(made, settings)))
    assert len(reached) > 3
    assert worth(plan) >= max(reached) - 1e-3 * abs(max(reached))
    assert plan.certificate.bound >= max(reached) * (1 - 1e-9)
    assert plan.certificate.gap <= 1e-3


def test_a_total_of_zero_leaves_the_inner_problem_its_room(prepared, monkeypatch):
    # Periods that must be zero leave the program; else every step would look for them by many linear programs.
    def never(*_):
        raise AssertionError("the inner problem has no interior")

    monkeypatch.setattr(qp, "_without_slack", never)
    made = prepared(channels=3, draws=40)
    total = made.problem.reference_totals
    gaps = {f"c{i}": {"zero_or_at_least": 1.9 * float(total[i])} for i in range(3)}
    spend = decide(
        made, PlanSettings(objective="expected_outcome", margin=1.0, detail="week", channels=gaps)
    ).allocation["spend"]
    assert (spend == 0.0).any()
