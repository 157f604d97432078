"""The date column: unambiguous period starts without time of day or time zone, and the frequency of the panel."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.data.calendar import Frequency
from mmm.data.cells import BoolArray, is_blank
from mmm.data.problems import Problems, shown

DateArray = npt.NDArray[np.datetime64]

_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_ISO = re.compile(r"(\d{4})([-/.]?)(\d{2})\2(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_NAMED = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%b %d %Y", "%B %d %Y")
_DAY_FIRST, _MONTH_FIRST = (1, 3), (3, 1)
"""Groups of ``_NUMERIC`` that hold day and month under each reading."""


class _NoDate(Exception):
    """A cell is no usable date; the text is the rule it breaks."""


_UNREADABLE = "are no dates"
_ZONED = "have a time zone, but a date is the start of its period in local time"
_TIMED = "have a time of day, but a date is the start of its period"
_FAR = f"are not between {_FIRST_YEAR} and {_LAST_YEAR}"
_FIXES = {
    _UNREADABLE: "Write dates as 2021-04-03, or set data.date_format.",
    _ZONED: "Convert to local dates and drop the zone.",
    _TIMED: "Sum the rows to days or weeks and keep the date only.",
    _FAR: "Correct the year.",
}


def parse_dates(
    column: "pd.Series[Any]", date_format: str | None, where: Callable[[int], str], name: str, problems: Problems
) -> tuple[DateArray, BoolArray]:
    """The column as datetime64[ns] days, and which rows are usable; everything else is recorded.

    ISO dates, dates with a month name and native date types are taken as they are. For day/month/year in digits the
    order is taken from the column where only one order fits every row; otherwise ``date_format`` must say it.
    """
    cells = list(column)
    reader = _reader(cells, date_format, where, name, problems)
    found = np.full(len(cells), np.datetime64("NaT", "ns"), dtype="datetime64[ns]")
    broken: dict[str, list[int]] = {}
    if reader is None:
        return found, np.zeros(len(cells), dtype=bool)
    for i, cell in enumerate(cells):
        if is_blank(cell):
            broken.setdefault("are empty", []).append(i)
            continue
        try:
            found[i] = np.datetime64(_checked(reader(cell)), "ns")
        except _NoDate as error:
            broken.setdefault(str(error), []).append(i)
    for rule, rows in broken.items():
        lines = (f"{where(i)}: {shown(cells[i])}" for i in rows)
        fix = _FIXES.get(rule, "Fill in the date, or delete the row if it is an empty one.")
        problems.add(f"Column '{name}': {len(rows)} dates {rule}.", fix, lines, len(rows))
    return found, ~np.isnat(found)


def _reader(
    cells: list[object], date_format: str | None, where: Callable[[int], str], name: str, problems: Problems
) -> Callable[[object], dt.datetime] | None:
    """The function that reads one cell; None, with the problem recorded, where the order of day and month is open."""
    if date_format is not None:
        return lambda cell: _native(cell) or _formatted(str(cell).strip(), (date_format,))
    numeric: dict[int, re.Match[str]] = {}
    for i, cell in enumerate(cells):
        match = _NUMERIC.fullmatch(cell.strip()) if isinstance(cell, str) else None
        if match is not None:
            numeric[i] = match
    day_only = [i for i, m in numeric.items() if _fits(m, _DAY_FIRST) and not _fits(m, _MONTH_FIRST)]
    month_only = [i for i, m in numeric.items() if _fits(m, _MONTH_FIRST) and not _fits(m, _DAY_FIRST)]
    open_rows = [i for i, m in numeric.items() if m[1] != m[3] and _fits(m, _DAY_FIRST) and _fits(m, _MONTH_FIRST)]
    fewer = min(day_only, month_only, key=len)
    if fewer:
        problems.add(
            f"Column '{name}' mixes dates with the day first and dates with the month first.",
            "Write all dates in one order, best as 2021-04-03. The fewer ones:",
            (f"{where(i)}: {shown(cells[i])}" for i in fewer),
            len(fewer),
        )
        return None
    if open_rows and not day_only and not month_only:
        sign = numeric[open_rows[0]][2]
        problems.add(
            f"Column '{name}' is ambiguous: every date can be read day first and month first.",
            f"Set data.date_format to '%d{sign}%m{sign}%Y' (day first) or '%m{sign}%d{sign}%Y' (month first).",
            (f"{where(i)}: {shown(cells[i])}" for i in open_rows),
            len(open_rows),
        )
        return None
    order = _MONTH_FIRST if month_only else _DAY_FIRST
    return lambda cell: _native(cell) or _of_text(str(cell).strip(), order)


def _fits(match: "re.Match[str]", order: tuple[int, int]) -> bool:
    return _date(int(match[4]), int(match[order[1]]), int(match[order[0]])) is not None


def _date(year: int, month: int, day: int) -> dt.datetime | None:
    try:
        return dt.datetime(year, month, day)  # noqa: DTZ001 - a date of the data has no zone
    except ValueError:
        return None


def _native(cell: object) -> dt.datetime | None:
    """A cell that already is a date; None for text and numbers."""
    if isinstance(cell, pd.Period):
        cell = cell.start_time
    if isinstance(cell, np.datetime64):
        cell = pd.Timestamp(cell)
    if isinstance(cell, dt.datetime):
        return cell
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001
    return None


def _of_text(text: str, order: tuple[int, int]) -> dt.datetime:
    iso = _ISO.fullmatch(text)
    if iso:
        if iso[6]:
            raise _NoDate(_ZONED)
        if iso[5] and set(iso[5]) - set("0:."):
            raise _NoDate(_TIMED)
        found = _date(int(iso[1]), int(iso[3]), int(iso[4]))
    elif numeric := _NUMERIC.fullmatch(text):
        found = _date(int(numeric[4]), int(numeric[order[1]]), int(numeric[order[0]]))
    else:
        return _formatted(text, _NAMED)
    if found is None:
        raise _NoDate(_UNREADABLE)
    return found


def _formatted(text: str, formats: Iterable[str]) -> dt.datetime:
    for pattern in formats:
        try:
            return dt.datetime.strptime(text, pattern)  # noqa: DTZ007 - a zone is refused afterwards
        except (ValueError, re.error):
            continue
    raise _NoDate(_UNREADABLE)


def _checked(moment: dt.datetime) -> dt.date:
    if moment.tzinfo is not None:
        raise _NoDate(_ZONED)
    if moment.time() != dt.time():
        raise _NoDate(_TIMED)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise _NoDate(_FAR)
    return moment.date()


def infer_frequency(dates_by_geo: dict[str, DateArray], problems: Problems) -> Frequency | None:
    """Day or week from the gaps within the geos; ``dates_by_geo`` holds sorted, distinct dates.

    Records, and returns None for, a panel that is neither daily nor weekly or mixes both or mixes weekdays.
    """
    gaps: Counter[int] = Counter()
    for dates in dates_by_geo.values():
        gaps.update((np.diff(dates) // np.timedelta64(1, "D")).tolist())
    if not gaps:
        problems.add("There is one period only.", "Give at least two periods, better two years or more.")
        return None
    most, count = gaps.most_common(1)[0]
    if most not in {1, 7}:
        problems.add(
            f"The most common step between dates is {most} days ({count} times); only daily and weekly data are "
            f"supported.",
            "Bring the data to days or weeks.",
        )
        return None
    if most == 1 and gaps[7] >= max(3, count // 10):
        problems.add(
            f"The data mix frequencies: {count} steps of one day and {gaps[7]} of one week.",
            "Sum the daily part to weeks, or give days throughout.",
            _examples(dates_by_geo, lambda steps: steps == 7),
            int(gaps[7]),
        )
        return None
    return Frequency("day") if most == 1 else _weekly(dates_by_geo, problems)


def _weekly(dates_by_geo: dict[str, DateArray], problems: Problems) -> Frequency | None:
    days = {geo: pd.DatetimeIndex(dates).day_of_week.to_numpy() for geo, dates in dates_by_geo.items()}
    votes = Counter(int(day) for found in days.values() for day in found)
    anchor = votes.most_common(1)[0][0]
    odd = sum(n for day, n in votes.items() if day != anchor)
    if not odd:
        return Frequency("week", anchor)
    rows = (
        f"{geo}, {_day(date)}, {pd.Timestamp(date).day_name()}"
        for geo, dates in dates_by_geo.items()
        for date in dates[days[geo] != anchor]
    )
    weekday = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")[anchor]
    problems.add(
        f"The data mix frequencies: weeks start on {weekday}, but {odd} dates fall on other weekdays.",
        "Give each week by the same weekday, in all geos.",
        rows,
        odd,
    )
    return None


def _examples(
    dates_by_geo: dict[str, DateArray], chosen: Callable[[npt.NDArray[np.int64]], BoolArray]
) -> Iterator[str]:
    for geo, dates in dates_by_geo.items():
        steps = np.diff(dates) // np.timedelta64(1, "D")
        yield from (f"{geo}, {_day(dates[i])} to {_day(dates[i + 1])}" for i in np.flatnonzero(chosen(steps)))


def _day(date: np.datetime64) -> str:
    return str(np.datetime64(date, "D"))
