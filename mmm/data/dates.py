"""The date column: unambiguous period starts without time of day or time zone."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.data.cells import BoolArray, is_blank
from mmm.data.labels import EXCEL, date_advice, iso_week, of_serial, parsed, split_range
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
_NO_WEEK = "are weeks that their ISO year does not have"
_FIXES = {
    _ZONED: "Convert to local dates and drop the zone.",
    _TIMED: "Sum the rows to days or weeks and keep the date only.",
    _FAR: "Correct the year.",
    _NO_WEEK: "ISO years have 52 or 53 weeks, from 01 on. Where weeks are counted in another way, write each week's "
    "first day instead.",
}


@dataclass(frozen=True)
class DateOptions:
    """How the date column is written, as ``data.date_format`` and ``data.week_label`` say."""

    date_format: str | None = None
    week_label: Literal["start", "end"] | None = None


def parse_dates(
    column: "pd.Series[Any]", options: DateOptions, where: Callable[[int], str], name: str, problems: Problems
) -> tuple[DateArray, BoolArray]:
    """The column as datetime64[ns] period starts, and which rows are usable; everything else is recorded.

    ISO dates, ISO weeks (their Monday), ranges (their first day), dates with a month name and native date types are
    taken as they are. For day/month/year in digits the order is taken from the column where only one order fits every
    row; otherwise ``date_format`` must say it. Labels that are a week's last day are moved to its first.
    """
    cells = list(column)
    starts, ends = _ranges(cells)
    reader = _reader([*starts, *ends.values()], options.date_format, where, name, problems)
    found = np.full(len(cells), np.datetime64("NaT", "ns"), dtype="datetime64[ns]")
    if reader is None:
        return found, np.zeros(len(cells), dtype=bool)
    broken: dict[str, list[int]] = {}
    lengths: dict[int, int] = {}
    for i, cell in enumerate(starts):
        if is_blank(cell):
            broken.setdefault("are empty", []).append(i)
            continue
        try:
            day = _checked(reader(cell))
            found[i] = np.datetime64(day, "ns")
            if i in ends:
                lengths[i] = (_checked(reader(ends[i])) - day).days + 1
        except _NoDate as error:
            broken.setdefault(str(error), []).append(i)
            found[i] = np.datetime64("NaT", "ns")
    for rule, rows in broken.items():
        lines = (f"{where(i)}: {shown(cells[i])}" for i in rows)
        problems.add(f"Column '{name}': {len(rows)} dates {rule}.", _fix(rule, cells, rows, options), lines, len(rows))
    _record_lengths(cells, lengths, where, name, problems)
    if options.week_label == "end":
        found = _moved(cells, found, name, problems)
    return found, ~np.isnat(found)


def _fix(rule: str, cells: list[object], rows: list[int], options: DateOptions) -> str:
    if rule == _UNREADABLE:
        return date_advice([cells[i] for i in rows], options.date_format, whole=len(rows) > len(cells) // 2)
    return _FIXES.get(rule, "Fill in the date, or delete the row if it is an empty one.")


def _ranges(cells: list[object]) -> tuple[list[object], dict[int, str]]:
    """First days, and last days by row, where most of the cells are ranges such as 2023-01-02 - 2023-01-08."""
    split = {i: both for i, cell in enumerate(cells) if isinstance(cell, str) and (both := split_range(cell))}
    if 2 * len(split) <= len(cells):
        return cells, {}
    starts = [split[i][0] if i in split else cell for i, cell in enumerate(cells)]
    return starts, {i: end for i, (_, end) in split.items()}


def _record_lengths(
    cells: list[object], lengths: dict[int, int], where: Callable[[int], str], name: str, problems: Problems
) -> None:
    if not lengths:
        return
    usual = Counter(lengths.values()).most_common(1)[0][0]
    odd = [i for i, days in lengths.items() if days != usual]
    if odd:
        problems.add(
            f"Column '{name}': {len(odd)} ranges do not have {usual} days as the others have.",
            "Delete periods that are not complete, or correct their dates.",
            (f"{where(i)}: {shown(cells[i])}, {lengths[i]} days" for i in odd),
            len(odd),
        )


def _moved(cells: list[object], found: DateArray, name: str, problems: Problems) -> DateArray:
    """First days of weeks that are labelled by their last."""
    named = [cell for cell in cells if isinstance(cell, str) and (iso_week(cell.strip()) or split_range(cell))]
    if named:
        problems.add(
            f"Column '{name}' holds {shown(named[0])}, which says itself when the week starts.",
            "Remove data.week_label.",
        )
    moved: DateArray = found - np.timedelta64(6, "D").astype("timedelta64[ns]")
    return moved


def _reader(
    cells: list[object], date_format: str | None, where: Callable[[int], str], name: str, problems: Problems
) -> Callable[[object], dt.datetime] | None:
    """The function that reads one cell; None, with the problem recorded, where the order of day and month is open."""
    if date_format == EXCEL:
        return lambda cell: _native(cell) or _known(of_serial(cell))
    if date_format is not None:
        return lambda cell: _native(cell) or _known(parsed(_plain(cell), date_format))
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
        try:
            cell = pd.Timestamp(cell)
        except ValueError as error:  # beyond what 64 bits of nanoseconds hold
            raise _NoDate(_FAR) from error
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
    elif week := iso_week(text):
        if week.start is None:
            raise _NoDate(_NO_WEEK)
        return week.start
    else:
        found = next((day for pattern in _NAMED if (day := parsed(text, pattern)) is not None), None)
    return _known(found)


def _known(found: dt.datetime | None) -> dt.datetime:
    if found is None:
        raise _NoDate(_UNREADABLE)
    return found


def _plain(cell: object) -> str:
    """A cell as text; a whole number that became a float on the way keeps no '.0'."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _checked(moment: dt.datetime) -> dt.date:
    if moment.tzinfo is not None:
        raise _NoDate(_ZONED)
    if moment.time() != dt.time():
        raise _NoDate(_TIMED)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise _NoDate(_FAR)
    return moment.date()
