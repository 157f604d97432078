"""Days of the week, months, a trend that changes its slope, and shocks that all regions share."""

import numpy as np
import pandas as pd
from pydantic import Field

from mmm.arrays import Floats
from mmm.model.calendar.days import starts
from mmm.model.spreads import Spread
from mmm.model.terms import Moment, Scale, Term
from mmm.section import Section

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""
_YEAR = 365.25


class WeekdaySettings(Section):
    """An effect of each day of the week; for daily data."""

    scale: Spread = Field(0.2, description="Prior scale of the sd of the days' effects, relative to the usual level.")


class MonthSettings(Section):
    """An effect of each month of the year; a week takes the share of its days in each."""

    scale: Spread = Field(0.1, description="Prior scale of the sd of the months' effects, relative to the usual level.")


class ChangepointSettings(Section):
    """A trend that may change its slope at evenly spaced dates; how much it does is learned (piecewise linear trend,
    Taylor and Letham 2018, with a normal instead of a Laplace prior)."""

    every: int = Field(182, ge=28, le=3650, description="Days between places where the slope may change.")
    scale: Spread = Field(0.1, description="Prior scale of the sd of changes of slope, relative to the level, a year.")


class CommonShockSettings(Section):
    """What happens to all regions in a period alike (weather, news): an effect of each period of its own, independent
    from one to the next. Without it the noise of regions counts as independent, and regions that move together as so
    many witnesses (two-way fixed effects, here with a learned sd; Wooldridge 2010, chapter 10)."""

    scale: Spread = Field(0.1, description="Prior scale of the sd of the periods' shocks, relative to the usual level.")


class SeasonSpec(Section):
    """Pinned scales, in scaled units of the outcome; None where a part is not there."""

    weekdays: float | None = None
    months: float | None = None
    changes: float | None = None
    change_days: tuple[int, ...] = ()
    """Where the slope may change: days since 1970-01-01, all inside the panel."""
    shocks: float | None = Field(None, exclude_if=lambda scale: scale is None)
    first_shock: int = Field(0, exclude_if=lambda day: day == 0)
    """The first period that has a shock, in days since 1970-01-01."""


def places_of_change(dates: pd.DatetimeIndex, every: int) -> tuple[int, ...]:
    """Multiples of ``every`` days since 1970 inside the panel, none in its last ``every`` days: the future has no
    change of which nothing is known, and a slope that changed just before the end would be a guess."""
    first, last = (int(day) for day in starts(dates[[0, -1]]))
    return tuple(range((first // every + 1) * every, last - every + 1, every))


def terms(spec: SeasonSpec, here: Moment, period_days: int) -> tuple[Term, ...]:
    """The parts that are there."""
    found = []
    if spec.weekdays is not None:
        found.append(_pooled("days_of_week", _DAYS, weekday_shares(here.dates, period_days), spec.weekdays))
    if spec.months is not None:
        found.append(_pooled("months_of_year", _MONTHS, month_shares(here.dates, period_days), spec.months))
    if spec.changes is not None and spec.change_days:
        middle = starts(here.dates) + 0.5 * period_days
        design = np.maximum(middle[:, None] - np.array(spec.change_days, dtype=float), 0.0) / _YEAR
        labels = tuple(str(pd.Timestamp(day, unit="D").date()) for day in spec.change_days)
        found.append(_pooled("changes_of_slope", labels, design, spec.changes))
    if spec.shocks is not None:
        place = (starts(here.dates) - spec.first_shock) // period_days
        # A later period has a column of its own, so that old rows stay as they are.
        columns = np.arange(max(int(place.max()), 0) + 1)
        labels = tuple(str(pd.Timestamp(spec.first_shock + i * period_days, unit="D").date()) for i in columns)
        design = (place[:, None] == columns).astype(float)
        found.append(_pooled("common_shocks", labels, design, spec.shocks))
    return tuple(found)


def _pooled(name: str, labels: tuple[str, ...], design: Floats, scale: float) -> Term:
    p = len(labels)
    return Term(name, f"{name}_name", labels, design, np.zeros(p), np.ones(p), Scale(f"{name}_sd", scale))


def weekday_shares(dates: pd.DatetimeIndex, period_days: int) -> Floats:
    """Share [t, 7] of each period's days that are Mondays, Tuesdays, ..., less a seventh."""
    days = (starts(dates)[:, None] + np.arange(period_days) + _EPOCH_WEEKDAY) % 7
    return np.asarray((days[:, :, None] == np.arange(7)).mean(axis=1) - 1 / 7)


def month_shares(dates: pd.DatetimeIndex, period_days: int) -> Floats:
    """Share [t, 12] of each period's days in each month, less a twelfth."""
    days = starts(dates)[:, None] + np.arange(period_days)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    return np.asarray((months[:, :, None] == np.arange(12)).mean(axis=1) - 1 / 12)
