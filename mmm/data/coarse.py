"""Panels whose outcome is coarser than their periods: rows of months or of several weeks laid on weeks or days.

Two ways lead here: a table of outcomes beside the panel's (``data.target.source``), and a table that is coarse in all
of its columns, whose amounts are spread over weeks by days (``data.target.every`` alone).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.data.calendar import parse_days
from mmm.data.dataset import Dataset
from mmm.data.steps import FROM, UNTIL
from mmm.data.target import MONTH
from mmm.errors import DataError


@dataclass(frozen=True)
class Spans:
    """First and last days of outcome rows, in order."""

    first: pd.DatetimeIndex
    last: pd.DatetimeIndex

    @classmethod
    def from_starts(cls, days: pd.DatetimeIndex, every: str) -> "Spans":
        """The rows that begin on ``days``; of months any day of each says which."""
        if every == MONTH:
            months = days.to_period("M")
            return cls(months.start_time.normalize(), months.end_time.normalize())
        return cls(days, days + pd.Timedelta(days=parse_days(every) - 1))

    @property
    def days(self) -> Floats:
        """Days of each row."""
        return np.asarray((self.last - self.first).days.to_numpy(dtype=float) + 1.0)

    def shares(self, starts: pd.DatetimeIndex, length: int) -> Floats:
        """Days of every period (from ``starts``, ``length`` long) that fall into each row, [row, period]."""
        begin = self.first.to_numpy()[:, None] - starts.to_numpy()[None, :]
        end = self.last.to_numpy()[:, None] - starts.to_numpy()[None, :]
        day = np.timedelta64(1, "D")
        found = np.minimum(end / day + 1.0, length) - np.maximum(begin / day, 0.0)
        return np.asarray(np.clip(found, 0.0, None))


def with_outcome_rows(dataset: Dataset, spans: Spans, totals: Floats) -> Dataset:
    """The panel with outcome rows ``totals[row, geo]`` over ``spans`` in place of its outcomes; NaN is not observed.

    Rows that the panel's periods do not cover altogether are left out, and a note says so. Raises DataError where fewer
    than two are left.
    """
    dates, length = dataset.dates, dataset.frequency.days
    end = dates[-1] + pd.Timedelta(days=length - 1)
    inside = np.asarray((spans.first >= dates[0]) & (spans.last <= end))
    if inside.sum() < 2:
        raise DataError(
            f"Only {int(inside.sum())} outcome rows lie within the media's periods, {dates[0]:%Y-%m-%d} to "
            f"{end:%Y-%m-%d}. Give media for the time of the outcomes."
        )
    places = np.searchsorted(dates.to_numpy(), spans.last.to_numpy()[inside], side="right") - 1
    data = dataset.data.copy(deep=True)
    nothing = np.full(len(dates), np.datetime64("NaT", "ns"))
    bounds = {FROM: nothing.copy(), UNTIL: nothing.copy()}
    bounds[FROM][places], bounds[UNTIL][places] = spans.first.to_numpy()[inside], spans.last.to_numpy()[inside]
    outcome = np.full(data["outcome"].shape, np.nan)
    outcome[places] = totals[inside]
    data["outcome"].values[...], data["observed"].values[...] = outcome, np.isfinite(outcome)
    data = data.assign({name: ("date", values) for name, values in bounds.items()})
    left_out = [f"{day:%Y-%m-%d}" for day in spans.first[~inside]]
    cut = int(((spans.shares(dates, length)[inside] % length) > 0).any(axis=1).sum())
    notes = [f"{int(inside.sum())} outcome rows of {_words(spans)}; media and baseline go by {dataset.frequency.unit}."]
    if cut and length > 1:
        notes.append("Weeks that lie in two rows count to each by their days.")
    if left_out:
        notes.append(f"Left out, as media do not cover them: outcomes from {', '.join(left_out)}.")
    return replace(dataset, data=data, notes=(*dataset.notes, *notes))


def _words(spans: Spans) -> str:
    """How long rows are."""
    least, most = int(spans.days.min()), int(spans.days.max())
    return f"{least} days" if least == most else f"{least} to {most} days"


def summed(dataset: Dataset, every: str) -> Dataset:
    """A panel with outcomes by period as one that knows them by month (or "4 weeks") alone, its periods cut by days.

    What studies and tests compare a coarse outcome with.
    """
    dates, length = dataset.dates, dataset.frequency.days
    if every == MONTH:
        days = pd.date_range(dates[0], dates[-1] + pd.Timedelta(days=length - 1), freq="MS")
    else:
        days = pd.date_range(dates[0], dates[-1], freq=f"{parse_days(every)}D")
    spans = Spans.from_starts(pd.DatetimeIndex(days), every)
    known = np.where(dataset.data["observed"].values, dataset.data["outcome"].values, np.nan)
    shares = spans.shares(dates, length) / length
    totals = np.where(shares[:, :, None] > 0, shares[:, :, None] * known[None], 0.0).sum(axis=1)
    return with_outcome_rows(dataset, spans, totals)


def evened(dataset: Dataset) -> Dataset:
    """The panel as if every outcome row were even over its days: for looks at the data that go by period."""
    rows = dataset.rows()
    shares = np.zeros((len(rows.places), len(dataset.dates)))
    if rows.shares is not None:
        shares[:, rows.first : rows.stop] = rows.shares
    rate = dataset.outcome_rate[rows.places]
    weights = np.where(np.isfinite(rate)[:, None, :], shares[:, :, None], 0.0)
    covered = weights.sum(axis=0)
    even = (weights * np.nan_to_num(rate)[:, None, :]).sum(axis=0) / np.where(covered > 0, covered, np.nan)
    data = dataset.data.drop_vars([FROM, UNTIL]).copy(deep=True)
    data["outcome"].values[...], data["observed"].values[...] = even, np.isfinite(even)
    return replace(dataset, data=data)


def even_media(dataset: Dataset) -> bool:
    """Whether all media are even within outcome rows, as where they were known by row alone."""
    rows = dataset.rows()
    if rows.shares is None:
        return False
    media = dataset.data["media"].values[rows.periods]
    whole = rows.shares == 1.0
    ranges = [np.ptp(media[inside], axis=0) <= 1e-9 * np.abs(media[inside]).max() for inside in whole if inside.any()]
    return bool(np.all(ranges))


def spread(values: Floats, spans: Spans, starts: pd.DatetimeIndex, length: int, *, level: bool) -> Floats:
    """Values of rows [row, ...] on periods [period, ...]: amounts by days, levels (a price) as their mean over days.

    Levels of periods that no row touches are NaN.
    """
    days = spans.shares(starts, length)
    touched = days.sum(axis=0)
    weights = days / (np.where(touched > 0, touched, np.nan) if level else spans.days[:, None])
    return np.tensordot(weights.T, values, axes=1)


def weeks_over(spans: Spans) -> pd.DatetimeIndex:
    """First days of the weeks that cover the rows; the last week ends with them, the first may begin before them."""
    first, last = spans.first[0], spans.last[-1]
    count = -(-((last - first).days + 1) // 7)
    return pd.DatetimeIndex(pd.date_range(end=last - pd.Timedelta(days=6), periods=count, freq="7D"), name="date")


def missing_rows(spans: Spans) -> Sequence[str]:
    """First days that should stand between the rows and do not."""
    gaps = (spans.first[1:] - spans.last[:-1]).days.to_numpy()
    return [f"{spans.last[i] + pd.Timedelta(days=1):%Y-%m-%d}" for i in np.flatnonzero(gaps != 1).tolist()]
