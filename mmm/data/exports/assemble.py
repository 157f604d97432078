"""Sources as one table on one calendar, and what became of their rows and money."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.data.cells import FloatArray
from mmm.data.exports.channels import LEFT_OUT, channel_of
from mmm.data.exports.cut import cut_ends
from mmm.data.exports.periods import Periods, Spread, anchor_of, demand_joinable, whole_periods
from mmm.data.exports.rates import factors
from mmm.data.exports.reconciled import Line
from mmm.data.exports.rows import Rows, rows_of
from mmm.data.exports.settings import CalendarSettings, SourceSettings
from mmm.data.problems import Problems
from mmm.data.read import Table, table_of_frame
from mmm.errors import DataError
from mmm.files import Wanted, matching_files

NAME = "data.sources"


@dataclass(frozen=True)
class Wish:
    """What is to be joined, and in what."""

    sources: Sequence[SourceSettings]
    calendar: CalendarSettings
    rates: Mapping[str, Mapping[dt.date, float]]
    currency: str
    date: str
    """Name of the column of the period."""


@dataclass(frozen=True)
class Assembled:
    """The panel's table, one line of account for each file, and what a reader should look at."""

    table: Table
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def assembled(wish: Wish, base: Path) -> Assembled:
    """Read all sources and sum them to the calendar; the panel spans what all outcomes and controls cover.

    Raises DataError with what is wrong with each file: cells, rules, currencies, weekdays, days that are missing.
    """
    read = [(rows_of(path, source), source) for source in wish.sources for path in _files(source, base)]
    problems = Problems(NAME)
    periods = _periods(read, wish, problems)
    columns: dict[str, FloatArray] = {}
    lines: list[Line] = []
    notes: list[str] = []
    for group in _groups(read):
        own = Problems(group[0][0].file if len(group) == 1 else f"{group[0][0].file} and {len(group) - 1} more")
        made, line = _summed(group, periods, wish, own)
        own.stop_if_any()
        twice = sorted(columns.keys() & made.keys())
        if twice:
            raise DataError(
                f"{NAME}: '{twice[0]}' comes from two sources. Name the channels or columns of one of them."
            )
        columns |= made
        lines += line
        notes += _cut(group, made, periods)
    frame = pd.DataFrame({wish.date: periods.starts.astype("datetime64[ns]"), **columns})
    return Assembled(table_of_frame(frame, NAME), tuple(lines), tuple(notes))


def _cut(group: list[tuple[Rows, SourceSettings]], made: Mapping[str, FloatArray], periods: Periods) -> Iterator[str]:
    """Ends of a source that count as no spend and look cut."""
    rows, settings = group[0]
    money = [values for name, values in made.items() if _is_money(rows, name.rpartition("_")[2])]
    if rows.reader.gives == "media" and settings.outside == "zero" and money:
        yield from cut_ends(rows.file, _span([r for r, _ in group]), np.nansum(money, axis=0), periods)


def _files(source: SourceSettings, base: Path) -> list[Path]:
    return matching_files(
        source.file, base, Wanted(f"{NAME}:", 0, DataError, "Give the path relative to the settings file.")
    )


def _groups(read: list[tuple[Rows, SourceSettings]]) -> list[list[tuple[Rows, SourceSettings]]]:
    """Files of one entry together."""
    found: dict[int, list[tuple[Rows, SourceSettings]]] = {}
    for rows, source in read:
        found.setdefault(id(source), []).append((rows, source))
    return list(found.values())


def _periods(read: list[tuple[Rows, SourceSettings]], wish: Wish, problems: Problems) -> Periods:
    """The whole periods that every source of outcomes and controls covers."""
    panels = [group for group in _groups(read) if group[0][0].reader.gives == "panel"]
    if not panels:
        problems.add(
            "No source gives an outcome: all are of advertising platforms.",
            "Add the table of sales: {file: sales.csv, kind: table, date: day, columns: {revenue: revenue}}.",
        )
        raise problems.error()
    days = 1 if wish.calendar.period == "day" else 7
    anchor = anchor_of(read, wish.calendar, problems) if days == 7 else 0
    spans = [_span([rows for rows, _ in group]) for group in panels]
    first, last = max(span[0] for span in spans), min(span[1] for span in spans)
    periods = whole_periods(first, last, days, anchor) if first <= last else None
    if periods is None:
        listed = "; ".join(f"{g[0][0].file}: {s[0]} to {s[1]}" for g, s in zip(panels, spans, strict=True))
        problems.add("No whole period is covered by all sources of outcomes and controls.", f"They cover: {listed}.")
        raise problems.error()
    return periods


def _span(files: Sequence[Rows]) -> tuple[np.datetime64, np.datetime64]:
    """First and last day of some files: of their rows, and of what they say to be about."""
    first = min(rows.start.min().astype("datetime64[D]") for rows in files)
    last = max((rows.start.astype("datetime64[D]") + (rows.days - 1).astype("timedelta64[D]")).max() for rows in files)
    said = [rows.covered for rows in files if rows.covered is not None]
    return min([first, *(c[0] for c in said)]), max([last, *(c[1] for c in said)])


def _summed(
    group: list[tuple[Rows, SourceSettings]], periods: Periods, wish: Wish, problems: Problems
) -> tuple[dict[str, FloatArray], list[Line]]:
    """Columns of one entry of the settings, and its account by file."""
    settings = group[0][1]
    columns: dict[str, FloatArray] = {}
    lines = []
    _demand_once(group, problems)
    for rows, _ in group:
        demand_joinable(rows, settings, periods, problems)
        rate = factors(rows, wish.currency, wish.rates, problems)
        spread = Spread.of(rows, periods)
        if rows.reader.gives == "media":
            channel = channel_of(rows, settings, problems)
            problems.stop_if_any()
            made = _by_channel(rows, channel, rate, spread)
        else:
            channel = np.full(rows.start.size, rows.file, dtype=object)
            problems.stop_if_any()
            made = _by_name(rows, rate, spread)
        for name, values in made.items():
            columns[name] = np.nansum([columns[name], values], axis=0) if name in columns else values
        lines.append(Line.of(rows, channel, rate, spread))
    _demand_covered(group, periods, settings, problems)
    return columns, lines


def _by_channel(rows: Rows, channel: np.ndarray, rate: FloatArray, spread: Spread) -> dict[str, FloatArray]:
    made = {}
    for name in dict.fromkeys(c for c in channel if c != LEFT_OUT):
        mine = channel == name
        for amount, values in rows.amounts.items():
            factor = rate if _is_money(rows, amount) else 1.0
            made[f"{name}_{amount}"] = spread.summed(np.where(mine, values * factor, 0.0))
    return made


def _by_name(rows: Rows, rate: FloatArray, spread: Spread) -> dict[str, FloatArray]:
    wanted = rows.reader.amounts
    made = {}
    for name, values in rows.amounts.items():
        amount = wanted.get(name)
        money = values * rate if amount is not None and amount.money else values
        mean = (amount.over_time if amount is not None else "mean") == "mean"
        made[name] = spread.mean(money) if mean else spread.summed(money)
    return made


def _is_money(rows: Rows, amount: str) -> bool:
    return amount in rows.reader.amounts and rows.reader.amounts[amount].money


def _demand_once(group: list[tuple[Rows, SourceSettings]], problems: Problems) -> None:
    """Record files of one entry that tell of the same days and labels: their money would count twice."""
    for place, (rows, _) in enumerate(group):
        for other, _ in group[place + 1 :]:
            mine, theirs = _keys(rows), _keys(other)
            both = mine & theirs
            if both:
                problems.add(
                    f"{other.file} and {rows.file} both hold {len(both)} days and labels: they would count twice.",
                    "Name files that do not overlap.",
                    (f"{day}, {', '.join(labels)}" for day, *labels in sorted(both)),
                    len(both),
                )


def _keys(rows: Rows) -> set[tuple[str, ...]]:
    days = rows.start.astype("datetime64[D]").astype(str)
    return set(zip(days.tolist(), *(cells.tolist() for cells in rows.labels.values()), strict=True))


def _demand_covered(
    group: list[tuple[Rows, SourceSettings]], periods: Periods, settings: SourceSettings, problems: Problems
) -> None:
    """Record days of the panel that a source says nothing of, where that does not mean that there was nothing."""
    first, last = _span([rows for rows, _ in group])
    reader = group[0][0].reader
    if reader.gives == "media" and settings.outside == "error" and (first > periods.first or last < periods.last):
        problems.add(
            f"It tells of {first} to {last}, and the panel is of {periods.first} to {periods.last}.",
            "Export the whole span; or, where nothing was spent in the rest, set outside: zero for this source.",
        )
    if reader.absent == "error":
        told = np.zeros(periods.starts.size, dtype=np.int64)
        for rows, _ in group:
            told += Spread.of(_one_a_day(rows), periods).covered()
        short = np.flatnonzero(told < periods.days)
        if short.size:
            problems.add(
                f"{short.size} periods are not told of on all of their {periods.days} days.",
                "Complete the file: missing days are not filled.",
                (f"{periods.starts[i]}: {told[i]} of {periods.days} days" for i in short),
                int(short.size),
            )


def _one_a_day(rows: Rows) -> Rows:
    at = np.unique(rows.start, return_index=True)[1]
    return replace(rows, start=rows.start[at], days=rows.days[at])
