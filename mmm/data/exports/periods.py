"""Days of rows on the calendar of a panel: periods, weeks that begin on another weekday, what lies outside."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmm.data.cells import FloatArray
from mmm.data.exports.rows import Rows
from mmm.data.exports.settings import WEEKDAYS, CalendarSettings, SourceSettings
from mmm.data.problems import Problems

DayArray = npt.NDArray[np.datetime64]
_DAY = np.timedelta64(1, "D")


def weekday(day: np.datetime64) -> int:
    """0 for a Monday."""
    return int((day.astype("datetime64[D]").astype(np.int64) + 3) % 7)


@dataclass(frozen=True)
class Periods:
    """Equal periods of whole days, one after the other; ``starts`` are datetime64[D]."""

    starts: DayArray
    days: int

    @property
    def first(self) -> np.datetime64:
        first: np.datetime64 = self.starts[0]
        return first

    @property
    def last(self) -> np.datetime64:
        """The last day."""
        last: np.datetime64 = self.starts[-1] + (self.days - 1) * _DAY
        return last


def anchor_of(sources: list[tuple[Rows, SourceSettings]], calendar: CalendarSettings, problems: Problems) -> int:
    """The weekday on which weeks begin: as stated, else as weekly sources that are not split agree, else Monday."""
    if calendar.starts is not None:
        return WEEKDAYS.index(calendar.starts)
    seen: dict[int, str] = {}
    for rows, settings in sources:
        if rows.days.size and (rows.days == 7).all() and settings.split == "refuse":
            for day in sorted({weekday(start) for start in rows.start}):
                seen.setdefault(day, rows.file)
    if len(seen) > 1:
        listed = [f"{file} on {WEEKDAYS[day].capitalize()}s" for day, file in seen.items()]
        problems.add(
            f"Weeks begin on different days: {', '.join(listed)}.",
            "Export one of them by day; or set split: days for it, which spreads its weeks evenly over their days.",
        )
        raise problems.error()
    return next(iter(seen), 0)


def whole_periods(first: np.datetime64, last: np.datetime64, days: int, anchor: int) -> Periods | None:
    """The periods that lie wholly between two days, both included; None where there is none."""
    start = first.astype("datetime64[D]")
    if days == 7:
        start = start + ((anchor - weekday(start)) % 7) * _DAY
    count = int((last.astype("datetime64[D]") - start) / _DAY + 1) // days
    return Periods(start + np.arange(count) * days * _DAY, days) if count > 0 else None


def demand_joinable(rows: Rows, settings: SourceSettings, periods: Periods, problems: Problems) -> None:
    """Record rows that lie in two periods, unless their source says how to split them."""
    if settings.split == "days":
        return
    start = rows.start.astype("datetime64[D]")
    begin = (start - periods.first).astype(np.int64) // periods.days
    end = (start + (rows.days - 1) * _DAY - periods.first).astype(np.int64) // periods.days
    cut = np.flatnonzero(begin != end)
    if not cut.size:
        return
    own = WEEKDAYS[weekday(start[cut[0]])].capitalize()
    theirs = "the panel is by day" if periods.days == 1 else (
        f"the panel's weeks begin on a {WEEKDAYS[weekday(periods.first)].capitalize()}"
    )  # fmt: skip
    problems.add(
        f"{cut.size} of its rows are weeks that begin on a {own}, and {theirs}.",
        "Export the report by day; or set split: days for this source, which spreads each row evenly over its days.",
        (f"{rows.where(int(i))}: {start[i]}, {rows.days[i]} days" for i in cut),
        int(cut.size),
    )


@dataclass(frozen=True)
class Spread:
    """Rows as days: the row and the period of each day; period -1 is outside the panel."""

    row: npt.NDArray[np.int64]
    period: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64]
    """Days of each row."""
    count: int

    @classmethod
    def of(cls, rows: Rows, periods: Periods) -> "Spread":
        row = np.repeat(np.arange(rows.start.size), rows.days)
        within = np.arange(row.size) - np.repeat(np.cumsum(rows.days) - rows.days, rows.days)
        day = rows.start.astype("datetime64[D]")[row] + within * _DAY
        period = (day - periods.first).astype(np.int64) // periods.days
        inside = (period >= 0) & (period < periods.starts.size)
        return cls(row, np.where(inside, period, -1), rows.days, periods.starts.size)

    def summed(self, values: FloatArray) -> FloatArray:
        """Sums by period; a row of several days is spread evenly over them."""
        share, inside = (values / self.days)[self.row], self.period >= 0
        return np.bincount(self.period[inside], weights=share[inside], minlength=self.count)

    def outside(self, values: FloatArray) -> float:
        """What of the values lies outside the panel."""
        return float((values / self.days)[self.row][self.period < 0].sum())

    def mean(self, values: FloatArray) -> FloatArray:
        """Means over the days of each period; NaN where it has none."""
        inside = self.period >= 0
        total = np.bincount(self.period[inside], weights=values[self.row][inside], minlength=self.count)
        number = np.bincount(self.period[inside], minlength=self.count)
        found: FloatArray = np.full(self.count, np.nan)
        np.divide(total, number, out=found, where=number > 0)
        return found

    def covered(self) -> npt.NDArray[np.int64]:
        """Days of each period that some row is about, each day once."""
        found = np.zeros(self.count, dtype=np.int64)
        inside = self.period >= 0
        np.add.at(found, self.period[inside], 1)
        return found
