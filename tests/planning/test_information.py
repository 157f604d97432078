"""What knowing a channel's curve would be worth."""

import numpy as np
import pytest

from mmm.planning.information import (
    CurveTable,
    _Allocator,
    conditional_means,
    perfect_information,
    tabulate,
    value_of_knowing,
)
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.settings import PlanSettings


class TestInformation:
    def test_agrees_with_nested_monte_carlo(self, hill, single):
        # Independent channels: given the curve of one, the others keep their mean curves, so that the inner problem
        # can be solved on a fine grid for every draw.
        rng = np.random.default_rng(5)
        n, budget = 300, 200.0
        beta = np.exp(rng.normal(6, 0.1, (n, 2)) + np.array([0.0, 0.1]))
        beta[:, 1] = np.exp(rng.normal(6.1, 0.7, n))
        half = np.full((n, 2), 80.0)
        problem = single(hill(beta, half, np.ones((n, 2))), np.array([100.0, 100.0]))
        plan = decide(
            Prepared(problem, None), PlanSettings(objective="expected_outcome", spend_all=True, bounds=(0.0, 2.0))
        )
        found = perfect_information(plan)["value"]
        grid = np.linspace(0, budget, 801)
        first, second = grid / (80 + grid), (budget - grid) / (80 + budget - grid)
        known = beta[:, 1][:, None] * second + beta[:, 0].mean() * first
        nested = known.max(axis=1).mean() - known.mean(axis=0).max()
        assert found["c1"] == pytest.approx(nested, rel=0.1)
        known = beta[:, 0][:, None] * first + beta[:, 1].mean() * second
        small = known.max(axis=1).mean() - known.mean(axis=0).max()
        assert found["c0"] == pytest.approx(small, abs=0.05 * nested)
        whole = (beta[:, 0][:, None] * first + beta[:, 1][:, None] * second).max(axis=1).mean()
        whole -= (beta[:, 0].mean() * first + beta[:, 1].mean() * second).max()
        assert found["all channels"] == pytest.approx(whole, rel=0.1)

    def test_filling_up_equals_the_linear_program(self, prepared):
        rng = np.random.default_rng(3)
        for settings in (
            PlanSettings(objective="expected_outcome"),
            PlanSettings(objective="expected_outcome", spend_all=True),
            PlanSettings(objective="expected_outcome", spend_all=True, worth_spending=50.0),
        ):
            table = tabulate(decide(prepared(channels=5), settings))
            curves = np.cumsum(rng.normal(0.3, 1.0, table.levels.shape), axis=1)[None] * 100
            allocator = _Allocator(table)
            assert allocator.plain
            filled = allocator.best(curves)[0]
            slopes = -np.sort(-np.diff(curves[0], axis=1) / np.diff(table.levels, axis=1), axis=1)
            programmed = allocator._programmed(slopes.ravel())

            def worth(x: np.ndarray, table: CurveTable = table, slopes: np.ndarray = slopes) -> float:
                room = np.diff(table.levels, axis=1)
                left = x[:, None] - table.levels[:, :1] - (np.cumsum(room, axis=1) - room)
                return float((np.clip(left, 0.0, room) * slopes).sum())

            assert worth(filled) == pytest.approx(worth(programmed), rel=1e-9)
            assert filled.sum() <= table.program.rules[0].upper * (1 + 1e-9)

    def test_it_is_never_negative_and_zero_where_nothing_can_change(self, prepared):
        made = prepared(draws=150)
        assert (perfect_information(decide(made, PlanSettings(objective="expected_outcome")))["value"] >= 0).all()
        fixed = {name: {"fixed": True} for name in made.problem.channels}
        held = perfect_information(decide(made, PlanSettings(objective="expected_outcome", channels=fixed)))
        assert held["value"].max() == pytest.approx(0.0, abs=1e-6)

    def test_correlations_count(self, hill, single):
        # Twins: whatever their common curve, the even split is best, so that knowing one of them is worth nothing.
        # Taken for independent, knowing one alone would seem to be worth a lot.
        rng = np.random.default_rng(7)
        first = np.exp(rng.normal(6, 0.5, 300))
        draws = hill(np.column_stack([first, first]), np.full((300, 2), 80.0), np.ones((300, 2)))
        plan = decide(
            Prepared(single(draws, np.full(2, 100.0)), None),
            PlanSettings(objective="expected_outcome", spend_all=True, bounds=(0.0, 2.0)),
        )
        table = tabulate(plan)
        order = table.worth[:, 0, -1]
        independent = np.broadcast_to(table.worth.mean(axis=0), table.worth.shape).copy()
        independent[:, 0] = table.worth[:, 0]
        assert value_of_knowing(table, independent, order) > 1.0
        assert value_of_knowing(table, conditional_means(table, 0), order) == pytest.approx(0.0, abs=0.05)
