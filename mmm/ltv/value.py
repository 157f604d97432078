"""What a new customer will be worth, by channel: draws over horizons, payback, and value against the cost of one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.ltv.learn import Learned
from mmm.ltv.model import Cells
from mmm.ltv.settings import LtvSettings, weeks_of

_DRAWS = 1000
ENDS = (0.05, 0.95)
"""90%, equal-tailed, as everywhere."""
EVERYONE = "all customers"
_WEEKS_PER_YEAR = 365.25 / 7


def weekly_rate(discount: float) -> float:
    """The continuous rate of a week that a rate of a year amounts to."""
    return float(np.log1p(discount) / _WEEKS_PER_YEAR)


@dataclass(frozen=True)
class Curve:
    """Cumulative discounted value of a new customer: ``value`` [draw, cell, week], from week 0 (the first order) on."""

    value: Floats
    purchases: Floats
    """Expected purchases after the first, not discounted, likewise."""
    weight: Floats
    """Customers by cell: how cells are averaged."""
    cells: Cells

    def of(self, factor: str, level: str | None = None) -> Floats:
        """Value [draw, week] of one level's customers in their observed mixture of cells; of everyone without one."""
        return self._mean(self.value, factor, level)

    def _mean(self, array: Floats, factor: str, level: str | None) -> Floats:
        weight = self.weight
        if level is not None:
            weight = np.where(self.cells.levels[factor] == self.cells.names[factor].index(level), weight, 0.0)
        return np.asarray(np.einsum("dcw,c->dw", array, weight / weight.sum()))

    def orders(self, factor: str, level: str | None = None) -> Floats:
        """Expected purchases [draw, week] likewise, the first included."""
        return 1.0 + self._mean(self.purchases, factor, level)


def value_curve(learned: Learned, cells: Cells, weight: Floats, settings: LtvSettings) -> Curve:
    """A first order at once; then every week the expected purchases at the mean order, discounted from its middle."""
    some = learned.thinned(_DRAWS)
    longest = int(np.ceil(max(weeks_of(horizon) for horizon in settings.horizons)))
    times = np.arange(1, longest + 1, dtype=np.float64)
    expected = some.purchasing.expected(times)
    each = np.diff(expected, axis=-1, prepend=0.0) * np.exp(-weekly_rate(settings.discount) * (times - 0.5))
    margin = settings.margin or 1.0
    later = np.cumsum(each, axis=-1) * some.spending.mean[..., None]
    start = np.zeros((*expected.shape[:-1], 1))
    value = margin * (some.first[..., None] + np.concatenate([start, later], axis=-1))
    return Curve(value, np.concatenate([start, expected], axis=-1), weight, cells)


def at(curve: Floats, weeks: float) -> Floats:
    """A curve [draw, week] at a number of weeks, between whole weeks in proportion."""
    low = int(np.floor(weeks))
    high = min(low + 1, curve.shape[-1] - 1)
    return np.asarray(curve[..., low] + (weeks - low) * (curve[..., high] - curve[..., low]))


def payback(curve: Floats, cost: float) -> Floats:
    """First week [draw] by whose end a customer has brought ``cost``; infinite where none of the horizon's does."""
    reached = curve >= cost
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1).astype(np.float64), np.inf)


def value_table(curve: Curve, settings: LtvSettings, costs: Mapping[str, float]) -> pd.DataFrame:
    """A row a level (index factor, level; everyone first) with estimates and 90% intervals.

    Columns: customers; orders (expected until the longest horizon), ``value_N`` of every horizon in weeks, ``cost``,
    ``ratio`` (longest horizon's value over it) and ``payback`` in weeks (median and interval; infinite where it is not
    reached), each with ``_lower`` and ``_upper``; ``paid_back``, the share of draws in which it is.
    """
    rows = {("", EVERYONE): _row(curve, ("", None), settings, None)}
    for factor, names in curve.cells.names.items():
        for name in names:
            cost = costs.get(name) if factor == "channel" else None
            rows[factor, name] = _row(curve, (factor, name), settings, cost)
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["factor", "level"])
    return table


def _row(curve: Curve, of: tuple[str, str | None], settings: LtvSettings, cost: float | None) -> dict[str, float]:
    factor, level = of
    cells = curve.cells
    inside = np.ones(cells.size, bool) if level is None else cells.levels[factor] == cells.names[factor].index(level)
    row: dict[str, float] = {"customers": float(curve.weight[inside].sum())}
    path = curve.of(factor, level)
    horizons = sorted({weeks_of(horizon) for horizon in settings.horizons})
    row |= interval("orders", at(curve.orders(factor, level), horizons[-1]))
    for weeks in horizons:
        row |= interval(f"value_{weeks:g}", at(path, weeks))
    if cost is not None:
        row["cost"] = cost
        row |= interval("ratio", at(path, horizons[-1]) / cost)
        until = payback(path, cost)
        middle, lower, upper = np.quantile(until, (0.5, *ENDS), method="inverted_cdf")
        row |= {"payback": middle, "payback_lower": lower, "payback_upper": upper}
        row["paid_back"] = float(np.isfinite(until).mean())
    return row


def interval(name: str, draws: Floats) -> dict[str, float]:
    """Mean and 90% interval of draws under three names."""
    lower, upper = np.quantile(draws, ENDS)
    return {name: float(draws.mean()), f"{name}_lower": float(lower), f"{name}_upper": float(upper)}
