"""What a unit of money won counts against a unit of money spent: the margin, where it is known."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmm.arrays import Floats
from mmm.data.columns import NumberColumns
from mmm.data.csv_settings import CsvSettings
from mmm.data.dataset import Dataset
from mmm.data.problems import Problems
from mmm.data.quality.report import Finding
from mmm.data.read import read_file
from mmm.errors import PlanError
from mmm.planning.settings import PlanSettings
from mmm.suggest import suggestion


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


@dataclass(frozen=True)
class UnitWorth:
    """What a unit of the outcome is worth that a channel won, such as a new customer: ``draws`` [draw, channel], money.

    Raises PlanError where they are not above 0 and finite, or do not fit the names.
    """

    channels: tuple[str, ...]
    draws: Floats

    def __post_init__(self) -> None:
        shape = np.shape(self.draws)
        if len(shape) != 2 or shape[1] != len(self.channels) or not shape[0]:
            raise PlanError(
                f"Values of a unit are [draw, channel]; got shape {shape} for {len(self.channels)} channels."
            )
        if not (np.isfinite(self.draws) & (self.draws > 0)).all():
            raise PlanError("Values of a unit are above 0 and finite in every draw.")

    @property
    def fingerprint(self) -> str:
        """A hash of names and draws, by which a plan made of them is found again."""
        content = "\n".join(self.channels).encode() + np.ascontiguousarray(self.draws, dtype="<f8").tobytes()
        return hashlib.sha256(content).hexdigest()

    def paired(self, channels: Sequence[str], n: int, seed: int) -> Floats:
        """``n`` draws [n, channel] in an order of their own: what a customer is worth and what a channel brings were
        learned apart. Raises PlanError for a channel without values."""
        missing = [name for name in channels if name not in self.channels]
        if missing:
            raise PlanError(
                f"plan.customer_value says nothing of {', '.join(missing)}. {suggestion(missing[0], self.channels)} "
                "Give every channel of the model its column, or leave the setting out."
            )
        order = np.random.default_rng(seed).permutation(len(self.draws))
        return self.draws[np.resize(order, n)][:, [self.channels.index(name) for name in channels]]


def read_worth(settings: PlanSettings, base: Path) -> UnitWorth | None:
    """The values that the settings name: a row a draw, a column a channel; None where they name none.

    Raises DataError where the file is no such table, PlanError as :class:`UnitWorth` does.
    """
    if settings.customer_value is None:
        return None
    table = read_file(base / settings.customer_value, CsvSettings(), "plan.customer_value")
    problems = Problems(table.source)
    written = _Written(CsvSettings(), "")
    numbers = NumberColumns.of(table.frame, list(table.columns), written, table.where, problems)
    values = {name: numbers.read(name, money=False).values for name in table.columns}
    problems.stop_if_any()
    return UnitWorth(tuple(table.columns), np.column_stack(list(values.values())))


@dataclass(frozen=True)
class _Written:
    csv: CsvSettings
    currency: str
