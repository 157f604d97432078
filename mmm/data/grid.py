"""The rectangle of dates and geos: what must be there, what is declared absent, and what is observed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.data.calendar import Frequency
from mmm.data.cells import BoolArray
from mmm.data.dates import DateArray
from mmm.data.frequency import infer_frequency
from mmm.data.problems import Problems, nearest
from mmm.data.records import Records
from mmm.data.settings import DataSettings, PartialGeo
from mmm.data.totals import record_total_geo

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """Dates and geos of the panel, and where each cell comes from."""

    frequency: Frequency
    dates: DateArray
    geos: tuple[str, ...]
    row: IntArray
    """[date, geo]: row of the records, -1 where there is none."""
    declared_out: BoolArray
    """[date, geo]: outside the declared start and end of a partial geo."""
    history: BoolArray
    """[date]: declared media history, before the first outcome of the panel."""

    def by_row(self, cells: BoolArray, rows: int) -> BoolArray:
        """A mask over [date, geo] as a mask over the ``rows`` rows of the records."""
        found = np.zeros(rows, dtype=bool)
        present = self.row >= 0
        found[self.row[present]] = cells[present]
        return found


def grid_of(records: Records, settings: DataSettings, problems: Problems) -> Grid:
    """Lay the rows on the calendar.

    Raises DataError with everything recorded so far where there is no calendar: no usable row, no one frequency, or
    a date far from the others.
    """
    rows = np.flatnonzero(records.usable)
    if not rows.size:
        raise problems.error()
    geos = tuple(sorted({str(g) for g in records.geos[rows]}, key=_natural))
    _record_twins(geos, problems)
    by_geo = _rows_by_geo(records, rows, geos)
    _record_duplicates(records, by_geo, problems)
    frequency = infer_frequency({geo: np.unique(records.dates[at]) for geo, at in by_geo.items()}, problems)
    if frequency is not None and frequency.unit == "day" and settings.week_label == "end":
        problems.add("data.week_label is 'end', but the data are daily.", "Remove data.week_label.")
    if frequency is None:
        raise problems.error()
    calendar = _calendar(records.dates[rows], frequency, max(at.size for at in by_geo.values()), problems)
    if calendar is None:
        raise problems.error()
    row = np.full((calendar.size, len(geos)), -1)
    for g, at in enumerate(by_geo.values()):
        row[np.searchsorted(calendar, records.dates[at]), g] = at
    out = _declared_out(calendar, geos, settings.partial_geos, problems)
    _record_gaps(calendar, geos, row, out, problems)
    record_total_geo(records.target.values[row], geos, problems)
    outcome_known = (row >= 0) & ~records.target.blank[row]
    first = int(np.argmax(outcome_known.any(axis=1)))
    history = (np.arange(calendar.size) < first) & settings.media_history
    return Grid(frequency, calendar, geos, row, out, history)


def _rows_by_geo(records: Records, rows: IntArray, geos: tuple[str, ...]) -> dict[str, IntArray]:
    """Rows of each geo, in their order; one pass over the rows, however many geos there are."""
    found: dict[str, list[int]] = {geo: [] for geo in geos}
    for row, geo in zip(rows.tolist(), records.geos[rows].tolist(), strict=True):
        found[str(geo)].append(row)
    return {geo: np.array(at, dtype=np.int64) for geo, at in found.items()}


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key that puts geo_2 before geo_10: digits compare by length first."""
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return (
        *((len(part.lstrip("0")), part.lstrip("0")) if part.isdecimal() else (10**6, part) for part in parts),
        (0, name),
    )


def _record_twins(geos: tuple[str, ...], problems: Problems) -> None:
    seen: dict[str, str] = {}
    for geo in geos:
        plain = " ".join(geo.split()).casefold()
        if plain in seen:
            problems.add(
                f"Geos '{seen[plain]}' and '{geo}' differ only in case or spaces.", "Write the name in one way."
            )
        seen[plain] = geo


def _record_duplicates(records: Records, by_geo: dict[str, IntArray], problems: Problems) -> None:
    lines: list[str] = []
    for at in by_geo.values():
        order = at[np.argsort(records.dates[at], kind="stable")]
        same = np.flatnonzero(np.diff(records.dates[order]) == np.timedelta64(0, "ns"))
        lines += [f"{records.where(int(order[i]))} and {records.where(int(order[i + 1]))}" for i in same]
    if lines:
        problems.add(
            f"{len(lines)} rows repeat the date and geo of another row.",
            "Keep one row per period, or sum them; with a row per channel set data.layout to long, and with a row per "
            "region name data.geo.",
            lines,
            len(lines),
        )


def _calendar(dates: DateArray, frequency: Frequency, most_rows: int, problems: Problems) -> DateArray | None:
    step = np.timedelta64(frequency.days, "D")
    first, last = dates.min(), dates.max()
    length = int((last - first) // step) + 1
    if length > 10 * most_rows + 100:
        problems.add(
            f"The dates run from {_day(first)} to {_day(last)}, {length} periods, but no geo has more than "
            f"{most_rows} rows.",
            "Correct the date that is far from the others.",
        )
        return None
    calendar: DateArray = first + np.arange(length) * step.astype("timedelta64[ns]")
    return calendar


def _declared_out(
    calendar: DateArray, geos: tuple[str, ...], partial: dict[str, PartialGeo], problems: Problems
) -> BoolArray:
    out = np.zeros((calendar.size, len(geos)), dtype=bool)
    for geo, span in partial.items():
        if geo not in geos:
            problems.add(f"data.partial_geos names '{geo}', which the data do not have.", nearest(geo, geos))
            continue
        for word, day in (("start", span.start), ("end", span.end)):
            if day is None:
                continue
            at = np.datetime64(day, "ns")
            if calendar[0] <= at <= calendar[-1] and at not in calendar:
                before = calendar[calendar < at][-1]
                problems.add(
                    f"data.partial_geos.{geo}.{word} is {day}, which starts no period of the data.",
                    f"The period that holds it starts on {_day(before)}.",
                )
            out[:, geos.index(geo)] |= calendar < at if word == "start" else calendar > at
    return out


def _record_gaps(calendar: DateArray, geos: tuple[str, ...], row: IntArray, out: BoolArray, problems: Problems) -> None:
    """Absent rows inside a geo's span are missing periods; at its ends, a start or end that was not declared."""
    inside: list[str] = []
    missing = 0
    for g, geo in enumerate(geos):
        present = np.flatnonzero(row[:, g] >= 0)
        absent = (row[:, g] < 0) & ~out[:, g]
        span = np.arange(calendar.size)
        middle = absent & (span > present[0]) & (span < present[-1])
        inside += [f"{geo}: {text}" for text in _runs(calendar, middle)]
        missing += int(middle.sum())
        for word, side, at in (("start", span < present[0], present[0]), ("end", span > present[-1], present[-1])):
            if (absent & side).any():
                problems.add(
                    f"Geo '{geo}' {word}s on {_day(calendar[at])}, but the panel {word}s on "
                    f"{_day(calendar[0 if word == 'start' else -1])}.",
                    f"Add the rows, or declare it: data.partial_geos: {{{geo}: {{{word}: {_day(calendar[at])}}}}}.",
                )
    if inside:
        problems.add(
            f"{missing} periods are missing.", "Add a row for each; nothing is filled in.", inside, len(inside)
        )


def _runs(calendar: DateArray, mask: BoolArray) -> Iterator[str]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(int)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        days = _day(calendar[start])
        yield days if stop - start == 1 else f"{days} to {_day(calendar[stop - 1])} ({stop - start} periods)"


def _day(date: np.datetime64) -> str:
    return str(pd.Timestamp(date).date())
