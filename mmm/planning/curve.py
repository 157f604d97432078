"""What other budgets would win: the best plan at each, the most profitable budget, and the next and the last money."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.planning.clock import now
from mmm.planning.linear import money_range
from mmm.planning.objectives import Evaluator, Expected
from mmm.planning.optimise import Limits, Solution, maximise
from mmm.planning.planner import expected_objective, trace_price
from mmm.planning.result import Gain, Plan, interval

_NEXT = 0.01
"""Share of a budget that its next money is."""


@dataclass(frozen=True)
class BudgetCurve:
    """``table``: one row a budget; ``best_budget``: money of the most profitable plan within the channels' bounds (None
    where no margin is known); ``steps``: what the next and the last ``budget_step`` earn."""

    table: pd.DataFrame
    best_budget: float | None
    steps: pd.DataFrame


class _Budgets:
    """Best plans on average at any budget, under a plan's constraints."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        space = plan.space
        self.evaluator = Evaluator(space)
        plain = Expected(self.evaluator)
        self.plain = replace(plain, price=trace_price(plain))
        settings = plan.settings
        self.limits = Limits(settings.gap, np.inf, settings.seed)
        self.program = plan.program

    def at(self, budget: float) -> Solution:
        limits = replace(self.limits, until=now() + self.plan.settings.time_limit)
        return maximise(self.plain, self.program.with_budget(budget, False), limits)

    def range(self) -> tuple[float, float]:
        """Least and most money that the constraints allow."""
        return money_range(self.program)


def _worth(margin: float, effect: Floats, money: float) -> Floats:
    return margin * effect - money


def default_budgets(plan: Plan, low: float, high: float) -> Floats:
    """Budgets from half to one and a half times the plan's, within what the bounds allow, the plan's own included."""
    total = plan.total_budget
    low, high = max(low, 0.5 * total), min(high, 1.5 * total)
    grid = np.linspace(low, max(low, high), plan.settings.curve_points)
    grid = np.append(grid, [total] if low <= total <= high else [])
    return np.unique(np.clip(grid.round(2), low, max(low, high)))


def budget_curve(plan: Plan, budgets: Floats | None = None) -> BudgetCurve:
    """The best plan on average at each budget, with intervals.

    Columns of the table: ``spend``, ``effect``, ``gain`` (over the reference plan), ``profit`` and ``marginal`` (effect
    by unit of money of the next 1% of the budget in the best mix), each with ``_lower`` and ``_upper`` where it is a
    draw. ``profit`` is NaN where no margin is known.
    """
    solver = _Budgets(plan)
    low, high = solver.range()
    wanted = default_budgets(plan, low, high) if budgets is None else np.unique(np.asarray(budgets, dtype=float))
    found = [solver.at(float(budget)) for budget in wanted]
    spent = [solver.program.spent(one.columns) for one in found]
    rows = []
    for i, (budget, x) in enumerate(zip(wanted, (one.x for one in found), strict=True)):
        value, _ = solver.evaluator.by_draw(x)
        before, after = max(i - 1, 0), min(i + 1, len(found) - 1)
        step, moved = found[after].x - found[before].x, spent[after] - spent[before]
        marginal = np.zeros(len(value))
        if moved > 1e-9 * max(1.0, budget):
            # A small step in the direction of the best mix; a slope would not be finite where a channel begins.
            more = _NEXT * max(spent[i], moved)
            ahead, _ = solver.evaluator.by_draw(np.maximum(x + step * (more / moved), 0.0))
            marginal = (ahead - value) / more
        rows.append(_row(plan, float(budget), spent[i], (value, marginal)))
    table = pd.DataFrame(rows).set_index("budget")
    best = _most_profitable(plan, solver) if plan.margin is not None else None
    return BudgetCurve(table, best, next_and_last(plan, solver))


def best_by_budget(plan: Plan, points: int) -> tuple[Floats, Floats]:
    """Money [k] and effect by draw [k, n] of the best plan at ``points`` budgets over all that the bounds allow.

    Today's total is among the budgets where it is allowed.
    """
    solver = _Budgets(plan)
    low, high = solver.range()
    today = [plan.reference_spend] if low < plan.reference_spend < high else []
    budgets = np.unique(np.append(np.linspace(low, high, points), today))
    found = [solver.at(float(budget)) for budget in budgets]
    effects = np.array([solver.evaluator.by_draw(one.x)[0] for one in found])
    return np.array([solver.program.spent(one.columns) for one in found]), effects


def _row(plan: Plan, budget: float, spent: float, draws: tuple[Floats, Floats]) -> dict[str, float]:
    value, marginal = draws
    row: dict[str, float] = {"budget": budget, "spend": spent}
    parts = {"effect": value, "gain": value - plan.reference_draws, "marginal": marginal}
    if plan.margin is not None:
        parts["profit"] = _worth(plan.margin, value, spent)
    for name, part in parts.items():
        mean, lower, upper = interval(part)
        row |= {name: mean, f"{name}_lower": lower, f"{name}_upper": upper}
    if plan.margin is None:
        row |= dict.fromkeys(("profit", "profit_lower", "profit_upper"), float("nan"))
    return row


def _most_profitable(plan: Plan, solver: _Budgets) -> float:
    """Money of the plan with the largest expected profit, the total budget put aside."""
    settings = plan.settings.model_copy(
        update={"spend_all": False, "objective": plan.settings.objective.model_copy(update={"kind": "profit"})}
    )
    profit = expected_objective(plan.space, settings)
    open_cap = solver.program.with_budget(solver.range()[1], False)
    limits = replace(solver.limits, until=now() + plan.settings.time_limit)
    return solver.program.spent(maximise(profit, open_cap, limits).columns)


def next_and_last(plan: Plan, solver: _Budgets | None = None) -> pd.DataFrame:
    """What the ``budget_step`` after and before the plan's money earns, best used: effect with interval, per money.

    A row is missing where the channels' bounds leave no room for it.
    """
    solver = solver or _Budgets(plan)
    step = plan.settings.budget_step or min(100_000.0, 0.05 * plan.total_budget)
    here = solver.at(plan.spend)
    value, _ = solver.evaluator.by_draw(here.x)
    low, high = solver.range()
    rows = {}
    for name, budget in (("next", plan.spend + step), ("last", plan.spend - step)):
        if not low <= budget <= high:
            continue
        there = solver.at(budget)
        other, _ = solver.evaluator.by_draw(there.x)
        earned = Gain(other - value if name == "next" else value - other)
        money = abs(solver.program.spent(there.columns) - solver.program.spent(here.columns))
        rows[name] = {
            "money": money,
            "effect": earned.mean,
            "effect_lower": earned.lower,
            "effect_upper": earned.upper,
            "per_money": earned.mean / money if money > 0 else float("nan"),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("step")
