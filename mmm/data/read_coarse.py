"""From tables with outcomes by month (or four weeks) to a panel on weeks or days: see :mod:`mmm.data.coarse`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.data.cells import Cells, record_blank, texts
from mmm.data.coarse import Spans, missing_rows, spread, weeks_over, with_outcome_rows
from mmm.data.columns import NumberColumns
from mmm.data.control_settings import ControlSettings
from mmm.data.csv_settings import CsvSettings
from mmm.data.dataset import Dataset
from mmm.data.dates import DateOptions, parse_dates
from mmm.data.labels import parsed
from mmm.data.problems import Problems
from mmm.data.read import Table, check_columns, read_file, table_of_frame
from mmm.data.records import NATIONAL, records_of
from mmm.data.settings import DataSettings
from mmm.data.target import MONTH
from mmm.errors import DataError

Make = Callable[[Table, DataSettings], Dataset]
_MONTHS = ("%Y-%m", "%b %Y", "%B %Y", "%m/%Y", "%YM%m", "%b-%y")


@dataclass(frozen=True)
class _Outcomes:
    """Outcome rows: their spans, and totals [row, geo]."""

    spans: Spans
    geos: tuple[str, ...]
    totals: Floats


def coarse_panel(table: Table, settings: DataSettings, base: Path, make: Make) -> Dataset:
    """The panel of ``table`` with outcome rows as ``settings.target.every`` says; ``make`` reads a plain table.

    Raises DataError that lists the rows: of either table, absent, doubled and blank ones, geos that differ.
    """
    plain = settings.target.model_copy(update={"every": None, "source": None, "date": None})
    if settings.target.source is None:
        return _all_coarse(table, settings.model_copy(update={"target": plain}), str(settings.target.every), make)
    found = _outcomes(settings, base)
    frame = table.frame.copy()
    frame[settings.target.column] = _per_period(table, settings, found)
    made = make(Table(frame, table.source, table.place, table.numbers), settings.model_copy(update={"target": plain}))
    if set(made.geos) != set(found.geos):
        other = sorted(set(made.geos) ^ set(found.geos))
        raise DataError(
            f"The tables of media ({table.source}) and of outcomes ({settings.target.source}) differ in geos: "
            f"{', '.join(other[:10])}. Give the same geos in both."
        )
    return with_outcome_rows(made, found.spans, found.totals[:, [found.geos.index(geo) for geo in made.geos]])


def _outcomes(settings: DataSettings, base: Path) -> _Outcomes:
    target = settings.target
    date = target.date or settings.date
    options = settings.csv
    columns = [date, target.column, *([settings.geo] if settings.geo else [])]
    table = read_file(base / str(target.source), options, "data.target.source", columns)
    problems = Problems(table.source)
    check_columns(table, [("target.date", date), ("target.column", target.column)], problems)
    if settings.geo is not None:
        check_columns(table, [("geo", settings.geo)], problems)
    problems.stop_if_any()

    def where(row: int) -> str:
        return f"{table.where(row)}, {table.frame[date].iloc[row]}"

    column = first_days(table.frame[date]) if target.every == MONTH else table.frame[date]
    dates, usable = parse_dates(column, DateOptions(settings.date_format), where, date, problems)
    money = target.kind == "revenue"
    cells = NumberColumns.of(table.frame, [target.column], settings, where, problems).read(target.column, money=money)
    record_blank(cells.blank & usable, where, target.column, problems)
    geos = np.full(len(dates), NATIONAL, dtype=object)
    if settings.geo is not None:
        geos, blank = texts(table.frame[settings.geo])
        record_blank(blank, where, settings.geo, problems, "Name the geo of every row.")
    problems.stop_if_any()
    spans, row, column_of = _laid_out(pd.DatetimeIndex(dates), list(geos), str(target.every), where, problems)
    names = tuple(sorted({str(g) for g in geos}))
    totals = np.full((len(spans.first), len(names)), np.nan)
    totals[row, [names.index(str(g)) for g in column_of]] = cells.values
    return _Outcomes(spans, names, totals)


def first_days(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Months written without a day (2024-03, Mar 2024, 03/2024) as their first one, where all are written alike."""
    texts_ = [cell.strip() if isinstance(cell, str) else "" for cell in column]
    for pattern in _MONTHS:
        days = [parsed(text, pattern) for text in texts_]
        if all(day is not None for day in days):
            return pd.Series([f"{day:%Y-%m-%d}" for day in days], index=column.index)
    return column


def _laid_out(
    days: pd.DatetimeIndex, geos: Sequence[object], every: str, where: Callable[[int], str], problems: Problems
) -> tuple[Spans, "np.ndarray[Any, np.dtype[np.intp]]", Sequence[object]]:
    """The rows that there are in any geo, in order, and which of them each line of the table is. Raises DataError."""
    own = Spans.from_starts(days, every)
    first = own.first.to_numpy()
    starts = np.unique(first)
    spans = Spans.from_starts(pd.DatetimeIndex(starts), every)
    row = np.searchsorted(starts, first)
    seen: dict[tuple[int, object], int] = {}
    twice = [i for i, key in enumerate(zip(row.tolist(), geos, strict=True)) if seen.setdefault(key, i) != i]
    if twice:
        lines = (where(i) for i in twice)
        problems.add(f"{len(twice)} rows stand for a {_long(every)} that another has.", "Keep one.", lines, len(twice))
    absent = missing_rows(spans)
    if absent:
        fix = f"Give every {_long(every)} from the first to the last; data.target.every says how long rows are."
        problems.add(f"{len(absent)} rows do not follow on the one before.", fix, iter(absent), len(absent))
    lost = [(g, len({k for k, h in seen if h == g})) for g in dict.fromkeys(geos)]
    short = [f"{geo}: {count} of {len(starts)} rows" for geo, count in lost if count < len(starts)]
    if short:
        problems.add(f"{len(short)} geos lack rows that others have.", "Give all of them.", iter(short), len(short))
    problems.stop_if_any()
    return spans, row, geos


def _long(every: str) -> str:
    return "month" if every == MONTH else f"row of {every}"


def _per_period(table: Table, settings: DataSettings, found: _Outcomes) -> Floats:
    """The outcome that a row of the media's table would have, were a row's total even over its days; nearest outside.

    It stands in for the outcome while the table is checked, and gives the geos' sizes no other value.
    """
    dates, usable = parse_dates(
        table.frame[settings.date],
        DateOptions(settings.date_format, settings.week_label),
        table.where,
        settings.date,
        Problems(table.source),
    )
    geos = np.full(len(dates), NATIONAL, dtype=object)
    if settings.geo is not None:
        geos, _ = texts(table.frame[settings.geo])
    starts = pd.DatetimeIndex(np.unique(dates[usable]))
    if len(starts) < 2:
        return np.ones(len(dates))
    length = 7 if np.diff(starts.to_numpy()).min() >= np.timedelta64(7, "D") else 1
    rate = spread(found.totals / found.spans.days[:, None] * length, found.spans, starts, length, level=True)
    filled = pd.DataFrame(rate).ffill().bfill().to_numpy(dtype=float)
    out = np.ones(len(dates))
    known = {name: i for i, name in enumerate(found.geos)}
    for i in np.flatnonzero(usable):
        place = known.get(str(geos[i]))
        if place is not None:
            out[i] = filled[np.searchsorted(starts.to_numpy(), dates[i]), place]
    return out


def _all_coarse(table: Table, settings: DataSettings, every: str, make: Make) -> Dataset:
    """The panel of a table whose rows are all coarse: amounts even over the days of a row, on weeks."""
    problems = Problems(table.source)
    if settings.layout == "long" or settings.partial_geos or settings.media_history:
        raise DataError(
            f"{table.source}: data.target.every without data.target.source is for the wide layout, with every geo in "
            "every row. Pivot the table, or leave out partial_geos and media_history."
        )
    check_columns(table, settings.columns(), problems)
    problems.stop_if_any()
    if every == MONTH:
        frame = table.frame.assign(**{settings.date: first_days(table.frame[settings.date])})
        table = Table(frame, table.source, table.place, table.numbers)
    records = records_of(table, settings, problems)
    amounts = {settings.target.column: records.target}
    amounts |= {str(settings.channels[n].spend): cells for n, cells in records.spend.items()}
    amounts |= {str(settings.channels[n].media): cells for n, cells in records.media.items()}
    levels = {str(settings.channels[n].frequency): cells for n, cells in records.frequency.items()} | dict(
        records.control
    )
    levels |= {} if records.value is None else {str(settings.target.value_per_unit): records.value}
    levels |= {} if records.population is None else {str(settings.population): records.population}
    for name, cells in (amounts | levels).items():
        record_blank(cells.blank, records.where, name, problems)
    problems.stop_if_any()
    days = pd.DatetimeIndex(records.dates)
    spans, row, geos = _laid_out(days, list(records.geos), every, records.where, problems)
    wide = _on_weeks((spans, row, geos), (amounts, levels), settings)
    controls = {name: ControlSettings(column=name, lag=settings.control_of(name).lag) for name in records.control}
    changes: dict[str, Any] = {"controls": controls, "csv": CsvSettings(), "date_format": None, "week_label": None}
    made = make(table_of_frame(wide, table.source), settings.model_copy(update=changes))
    totals = np.full((len(spans.first), len(made.geos)), np.nan)
    totals[row, [made.geos.index(str(g)) for g in geos]] = records.target.values
    found = with_outcome_rows(made, spans, totals)
    said = "Amounts of a row are taken as even over its days; when in it money was spent is not known."
    return replace(found, notes=(*found.notes, *records.notes, said))


def _on_weeks(
    laid: tuple[Spans, Any, Sequence[object]],
    columns: tuple[dict[str, Cells], dict[str, Cells]],
    settings: DataSettings,
) -> pd.DataFrame:
    """The table on weeks: one row a week and geo."""
    spans, row, geos = laid
    starts = weeks_over(spans)
    parts = []
    for geo in dict.fromkeys(geos):
        mine = np.flatnonzero(np.array([g == geo for g in geos]))
        order = mine[np.argsort(row[mine])]
        part = pd.DataFrame({settings.date: starts})
        if settings.geo is not None:
            part[settings.geo] = str(geo)
        for level, cells in zip((False, True), columns, strict=True):
            for name, found in cells.items():
                part[name] = spread(found.values[order], spans, starts, 7, level=level)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
