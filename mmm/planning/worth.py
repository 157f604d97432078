"""What a unit of money won counts against a unit of money spent: the margin, where it is known."""

import math
from typing import NamedTuple

from mmm.data.dataset import Dataset
from mmm.data.quality.report import Finding
from mmm.planning.settings import PlanSettings


def margin_of(settings: PlanSettings, *, has_value: bool, is_profit: bool) -> float | None:
    """Profit per unit of the outcome's value: that of the settings, 1 where the outcome is profit already.

    None where it is not known: revenue without a stated margin, or an outcome without a value. Then nothing may be said
    of profit.
    """
    if not has_value:
        return None
    if settings.margin is not None:
        return settings.margin
    return 1.0 if is_profit else None


def is_profit(dataset: Dataset) -> bool:
    """Whether the outcome's value is profit: a profit, or a KPI whose value per unit says what a unit is worth."""
    return dataset.outcome_kind != "revenue" and dataset.has_value


def margin_finding(dataset: Dataset, settings: PlanSettings) -> Finding | None:
    """That a revenue has no margin, with the line to add; None where it needs none."""
    if not dataset.has_value or margin_of(settings, has_value=True, is_profit=is_profit(dataset)) is not None:
        return None
    return Finding(
        "warning",
        "no_margin",
        "No margin is stated: plans weigh revenue, and whether money pays for itself is not judged.",
        "Add 'plan: {margin: 0.35}' with the share of revenue that is left as profit, or data.target.kind: profit.",
    )


class BreakEven(NamedTuple):
    """A margin from which money pays for itself, with the ends of its 90% interval; infinite where none does."""

    mean: float
    lower: float
    upper: float


def break_even(money: float, won: tuple[float, float, float]) -> BreakEven:
    """The margin at which ``money`` earns what it costs, ``won`` being what it wins: mean, lower and upper end."""
    mean, lower, upper = (money / w if w > 0 else math.inf for w in won)
    # Winning more needs less of a margin.
    return BreakEven(mean, upper, lower)
