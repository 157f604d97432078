"""Whether the model forecasts: fitted without the last weeks, what does it say of them?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.errors import DataError
from mmm.ltv.future import simulated
from mmm.ltv.learn import Learned, Learner
from mmm.ltv.read import Customers
from mmm.ltv.settings import LtvSettings, weeks_of
from mmm.ltv.value import EVERYONE, interval

_DRAWS = 400
_MOST = 7
"""Customers with this many repeat purchases or more are one class."""


@dataclass(frozen=True)
class Holdout:
    """``totals``: a row a level (as in the table of values) with customers, purchases and money, forecast with 90%
    interval and actual, and whether the interval holds it. ``classes``: mean purchases by repeat purchases before."""

    cut: pd.Timestamp
    weeks: float
    totals: pd.DataFrame
    classes: pd.DataFrame
    learned: Learned


def hold_out(customers: Customers, settings: LtvSettings, learner: Learner) -> Holdout | None:
    """Fit those who had come by the cut, forecast, compare; None where the settings ask for none.

    Raises DataError where the hidden time leaves too little to learn from.
    """
    if settings.holdout == "none":
        return None
    found = customers.found
    days = (found.end - found.start).days
    hidden = days // 3 if settings.holdout == "third" else int(7 * weeks_of(settings.holdout))
    if not 0 < hidden <= 2 * days / 3:
        raise DataError(
            f"ltv.holdout hides {hidden} of {days} days; at least a third must remain to learn from. Shorten it, or "
            "set it to none."
        )
    cut = found.end - pd.Timedelta(days=hidden)
    known = customers.seen_until(cut)
    learned = learner.learn(known)
    later = customers.days[customers.days["day"] > cut].groupby("person")["value"].agg(["size", "sum"])
    later = later.reindex(known["person"]).fillna(0.0)
    actual = {"purchases": later["size"].to_numpy(), "money": later["sum"].to_numpy()}
    totals = _totals(customers, known, learned.thinned(_DRAWS), (hidden / 7, actual), settings.seed)
    return Holdout(cut, hidden / 7, totals, _classes(known, learned, hidden / 7, actual["purchases"]), learned)


def _totals(
    customers: Customers,
    known: pd.DataFrame,
    learned: Learned,
    hidden: tuple[float, dict[str, np.ndarray]],
    seed: int,
) -> pd.DataFrame:
    weeks, actual = hidden
    cell = known["cell"].to_numpy()
    size = customers.cells.size
    forecast = dict(zip(("purchases", "money"), simulated(learned, known, weeks, cell, seed), strict=True))
    rows = {}
    for factor, name, cells in _levels(customers):
        inside = np.isin(cell, cells)
        row: dict[str, float] = {"customers": float(inside.sum())}
        for what, draws in forecast.items():
            # The last cells may have nobody who had come by then.
            summed = np.pad(draws, ((0, 0), (0, size - draws.shape[1])))[:, cells].sum(axis=1)
            row |= interval(what, summed)
            row[f"{what}_actual"] = float(actual[what][inside].sum())
        rows[factor, name] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["factor", "level"])
    return table


def _levels(customers: Customers) -> list[tuple[str, str, np.ndarray]]:
    cells = customers.cells
    found = [("", EVERYONE, np.arange(cells.size))]
    for factor, names in cells.names.items():
        found += [(factor, name, np.flatnonzero(cells.levels[factor] == i)) for i, name in enumerate(names)]
    return found


def _classes(known: pd.DataFrame, learned: Learned, weeks: float, actual: np.ndarray) -> pd.DataFrame:
    """Customers by repeat purchases before the cut: purchases a customer after it, expected and actual."""
    some = learned.thinned(100)
    group = np.minimum(known["x"].to_numpy(), _MOST).astype(np.intp)
    purchases, _ = simulated(some, known, weeks, group, 0)
    number = np.bincount(group, minlength=_MOST + 1)
    there = np.flatnonzero(number)
    return pd.DataFrame(
        {
            "repeats": [f"{k}" if k < _MOST else f"{_MOST} or more" for k in there],
            "customers": number[there],
            "expected": purchases.mean(axis=0)[there] / number[there],
            "actual": np.bincount(group, actual, minlength=_MOST + 1)[there] / number[there],
        }
    )
