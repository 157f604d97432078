"""Days and periods: which share of a period certain days are."""

import datetime as dt
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats

Days = npt.NDArray[np.int64]
"""Days since 1970-01-01, ascending."""


def day_numbers(days: Iterable[dt.date]) -> Days:
    """Dates as days since 1970-01-01, in order; a date that stands twice stays twice."""
    return np.sort(np.array([day.toordinal() for day in days], dtype=np.int64) - dt.date(1970, 1, 1).toordinal())


def starts(dates: pd.DatetimeIndex) -> Days:
    """First days of periods."""
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)


def share_of_period(dates: pd.DatetimeIndex, period_days: int, days: Days) -> Floats:
    """Share [t] of each period's days that are among ``days``; a day that stands twice counts twice."""
    first = starts(dates)
    inside = np.searchsorted(days, first + period_days) - np.searchsorted(days, first)
    return np.asarray(inside / period_days, dtype=float)


def years(dates: pd.DatetimeIndex) -> range:
    """The years that periods touch, and one more at each end, for what reaches over the year's end."""
    return range(dates[0].year - 1, dates[-1].year + 2)
