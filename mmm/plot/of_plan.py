"""Figures of a plan."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm.planning import Plan
from mmm.planning.curve import BudgetCurve, budget_curve
from mmm.plot.canvas import painted_once
from mmm.reporting.design.look import make_look
from mmm.reporting.figures import plan as of_plan
from mmm.reporting.figures.sheet import Pen
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.labels import readable
from mmm.settings.report import ReportSettings


def plan(plan: Plan, *, ax: Axes | None = None) -> Axes:
    """Each channel's spend over the horizon, today and as planned, ordered by the change in money."""
    table = plan.allocation.copy()
    before = table["reference"].to_numpy()
    table["change_share"] = np.where(before > 0, table["change"] / np.where(before > 0, before, 1.0), np.nan)
    return painted_once(of_plan.from_to(table, plan.settings.horizon, _pen(plan)), ax)


def gain(plan: Plan, *, ax: Axes | None = None) -> Axes:
    """How much more, or less, the plan may bring than today's: draws of the gain that its verdict rests on."""
    return painted_once(of_plan.gain_distribution(plan.decisive_gain.draws, _pen(plan)), ax)


def budgets(plan: Plan, curve: BudgetCurve | None = None, *, ax: Axes | None = None) -> Axes:
    """Expected effect of the best plan at each total budget, with its 90% interval; ``curve`` where it is at hand."""
    table = (curve or budget_curve(plan)).table.reset_index()
    shown = pd.DataFrame({"budget": table["spend"], "outcome": table["effect"]})
    shown = shown.assign(outcome_lower=table["effect_lower"], outcome_upper=table["effect_upper"])
    points = [
        of_plan.BudgetPoint("today", plan.reference_spend, float(plan.reference_draws.mean()), "today"),
        of_plan.BudgetPoint(plan.name, plan.spend, float(plan.outcome_draws.mean()), "accent"),
    ]
    return painted_once(of_plan.budget_curve(shown.drop_duplicates("budget"), points, _pen(plan)), ax)


def _pen(plan: Plan) -> Pen:
    problem = plan.problem
    fmt = Formatter(
        currency=problem.currency,
        outcome_unit=problem.outcome_unit,
        money_outcome=problem.has_value,
        value_returns=problem.has_value,
        labels=readable(problem.channels, {}),
    )
    return Pen(make_look(ReportSettings(), problem.channels), fmt)
