"""``value_customers(settings)``: from files of orders to what customers are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.errors import DataError
from mmm.ltv.future import Remaining, remaining
from mmm.ltv.holdout import Holdout, hold_out
from mmm.ltv.learn import Learned, Learner
from mmm.ltv.read import Customers, read_customers
from mmm.ltv.settings import LtvSettings, weeks_of
from mmm.ltv.value import Curve, at, value_curve, value_table, weekly_rate
from mmm.suggest import suggestion

_DRAWS = 300
_RELATED = 0.3
"""Correlation of frequency and value among those who bought again from which independence is doubtful."""


@dataclass(frozen=True)
class CustomerValue:
    """What orders say of customers' value: ``table`` of new customers, ``remaining`` of those there are."""

    settings: LtvSettings
    customers: Customers
    learned: Learned
    curve: Curve
    table: pd.DataFrame
    costs: dict[str, float]
    """Of one new customer, by channel."""
    remaining: Remaining
    holdout: Holdout | None
    related: float
    """Correlation of x and mean among those who bought again; gamma-gamma takes it for 0."""

    @property
    def doubtful(self) -> bool:
        """Whether how often one buys and how much one spends are related, which the model denies."""
        return abs(self.related) > _RELATED

    @property
    def weeks(self) -> float:
        """The longest horizon, the main one."""
        return max(weeks_of(horizon) for horizon in self.settings.horizons)

    @property
    def is_profit(self) -> bool:
        """Whether value is what a margin leaves, not revenue."""
        return self.settings.margin is not None

    def draws(self, channels: Sequence[str], weeks: float | None = None) -> Floats:
        """Value of a new customer [draw, channel], with the first order, to be multiplied with numbers of customers.

        Raises DataError for a channel that the orders do not name.
        """
        known = self.customers.cells.names.get("channel", ())
        for channel in channels:
            if channel not in known:
                raise DataError(
                    f"The orders name no channel '{channel}'. {suggestion(channel, known)} See ltv.channels."
                )
        horizon = self.weeks if weeks is None else weeks
        return np.stack([at(self.curve.of("channel", channel), horizon) for channel in channels], axis=1)


def value_customers(
    settings: LtvSettings, base: Path, currency: str | None = None, *, progress: bool = False
) -> CustomerValue:
    """Read orders, fit them, value customers, and judge the model on the last weeks.

    Raises DataError with everything that is wrong with the files, FitError where the chains do not agree.
    """
    customers = read_customers(settings, base, currency)
    everyone = customers.seen_until(customers.found.end)
    costs = _costs(settings, customers, everyone)
    learner = Learner(settings, customers.cells, progress)
    learned = learner.learn(everyone)
    weight = np.bincount(everyone["cell"], minlength=customers.cells.size).astype(np.float64)
    curve = value_curve(learned, customers.cells, weight, settings)
    longest = max(weeks_of(horizon) for horizon in settings.horizons)
    left = remaining(learned.thinned(_DRAWS), everyone, longest, weekly_rate(settings.discount), settings.seed)
    margin = settings.margin or 1.0
    for name in ("value", "lower", "upper"):
        left.by_customer[name] *= margin
    again = everyone[(everyone["x"] > 0) & (everyone["mean"] > 0)]
    return CustomerValue(
        settings=settings,
        customers=customers,
        learned=learned,
        curve=curve,
        table=value_table(curve, settings, costs),
        costs=costs,
        remaining=Remaining(left.by_customer, left.by_cell * margin),
        holdout=hold_out(customers, settings, learner),
        related=float(np.corrcoef(again["x"], again["mean"])[0, 1]),
    )


def _costs(settings: LtvSettings, customers: Customers, everyone: pd.DataFrame) -> dict[str, float]:
    """Cost of one new customer by channel, from money over heads where money is given."""
    known = customers.cells.names.get("channel", ())
    for key in ("acquisition_cost", "acquisition_spend"):
        for channel in getattr(settings, key):
            if channel not in known:
                raise DataError(f"ltv.{key}: the orders name no channel '{channel}'. {suggestion(channel, known)}")
    if not known:
        return {}
    level = customers.cells.levels["channel"][everyone["cell"].to_numpy()]
    heads = np.bincount(level, minlength=len(known))
    spent = {name: money / heads[known.index(name)] for name, money in settings.acquisition_spend.items()}
    return {**settings.acquisition_cost, **spent}
