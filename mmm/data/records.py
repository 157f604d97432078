"""Rows of a table with their columns as numbers: one row per date and geo, whatever the layout was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.data.cells import BoolArray, Cells, equals, record_blank, record_frequency, record_negative, texts
from mmm.data.columns import NumberColumns
from mmm.data.control_settings import ControlSettings
from mmm.data.dates import DateArray, DateOptions, parse_dates
from mmm.data.filled import filled, filling_note
from mmm.data.problems import Problems, nearest, shown
from mmm.data.read import Table
from mmm.data.role import ROLES
from mmm.data.settings import DataSettings
from mmm.data.totals import foot_rows, record_foot

NATIONAL = "national"
"""Name of the one geo of data without a geo column."""

_MOST_LEVELS = 50

TextArray = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Records:
    """One row per date and geo, not yet on the grid. ``where`` describes a row by position for a message."""

    where: Callable[[int], str]
    dates: DateArray
    geos: TextArray
    usable: BoolArray
    """Rows whose date and geo are known."""
    target: Cells
    value: Cells | None
    spend: Mapping[str, Cells]
    media: Mapping[str, Cells]
    """Only the channels that have such a column."""
    frequency: Mapping[str, Cells]
    """Average contacts of a person reached; only the channels that have such a column."""
    control: Mapping[str, Cells]
    control_blank: Mapping[str, BoolArray]
    """By column of the settings, so that a categorical one is reported once."""
    population: Cells | None
    notes: tuple[str, ...]


def records_of(table: Table, settings: DataSettings, problems: Problems) -> Records:
    """Interpret the columns; the cells that break a rule are recorded and become NaN.

    The long layout is folded to one row per date and geo, which needs every date and geo: DataError otherwise.
    """
    geos, geo_blank, where = _keys(table, settings)
    found = Problems(table.source)
    options = DateOptions(settings.date_format, settings.week_label)
    dates, usable = parse_dates(table.frame[settings.date], options, where, settings.date, found)
    foot = foot_rows(usable)
    if settings.geo is not None:
        record_blank(geo_blank, where, settings.geo, problems, "Name the geo of every row.")

    roles = settings.number_columns()
    columns = NumberColumns.of(table.frame, roles, settings, where, problems)

    def read(column: str) -> Cells:
        role = roles[column]
        return columns.read(column, money=role == "money", scale_matters=role != "control")

    control, notes = _controls(table, settings, problems, read)
    totals = record_foot(foot, table, columns, settings, problems)
    problems.found += [] if totals else found.found
    value = settings.target.value_per_unit
    rows = Records(
        where=where,
        dates=dates,
        geos=geos,
        usable=usable & ~geo_blank,
        target=read(settings.target.column),
        value=read(value) if isinstance(value, str) else None,
        spend={},
        media={},
        frequency={},
        control=control,
        control_blank=_blank_by_column(control, table, settings),
        population=read(settings.population) if settings.population is not None else None,
        notes=notes,
    )
    shape = _fold if settings.layout == "long" else _wide
    whole = shape(rows, table, settings, problems, read)
    return _with_filled_controls(replace(whole, notes=(*notes, *columns.notes)), settings)


def _wide(rows: Records, _: Table, settings: DataSettings, problems: Problems, read: Callable[[str], Cells]) -> Records:
    """The rows with money and media of the wide layout, whose columns hold one channel each."""
    where = rows.where
    spend = {name: read(channel.spend) for name, channel in settings.channels.items() if channel.spend is not None}
    media = {name: read(channel.media) for name, channel in settings.channels.items() if channel.media is not None}
    for name, channel in settings.channels.items():
        if name in spend:
            record_negative(spend[name], where, str(channel.spend), problems, "is spend, which is 0 or more")
        if name in media:
            record_negative(media[name], where, str(channel.media), problems, "holds media units, which are 0 or more")
    often = {
        name: read(channel.frequency) for name, channel in settings.channels.items() if channel.frequency is not None
    }
    for name, cells in often.items():
        record_frequency(cells, media[name], where, str(settings.channels[name].frequency), problems)
    return replace(rows, spend=spend, media=media, frequency=often)


def _with_filled_controls(records: Records, settings: DataSettings) -> Records:
    """The records with empty cells of those controls filled for which settings ask for it, and a note of each."""
    control, blank, notes = dict(records.control), dict(records.control_blank), list(records.notes)
    for name, stated in settings.controls.items():
        if stated.missing is None or name not in control:
            continue
        control[name], rows = filled(control[name], stated.missing, records.dates, records.geos, records.usable)
        blank[stated.column] = control[name].blank
        if rows.size:
            notes.append(filling_note(name, stated.missing, rows, int(records.usable.sum())))
    return replace(records, control=control, control_blank=blank, notes=tuple(notes))


def _keys(table: Table, settings: DataSettings) -> tuple[TextArray, BoolArray, Callable[[int], str]]:
    rows = len(table.frame)
    dates = table.frame[settings.date]
    if settings.geo is None:
        geos, blank = np.full(rows, NATIONAL, dtype=object), np.zeros(rows, dtype=bool)
    else:
        geos, blank = texts(table.frame[settings.geo])

    def where(row: int) -> str:
        cell = dates.iloc[row]
        # Timestamps beyond the year 9999 have no date() of Python's.
        date = str(cell)[:-9] if isinstance(cell, pd.Timestamp) and cell == cell.normalize() else shown(cell).strip("'")
        place = f"{table.where(row)}, {date}"
        return place if settings.geo is None else f"{place}, {geos[row]}"

    return geos, blank, where


def _controls(
    table: Table,
    settings: DataSettings,
    problems: Problems,
    read: Callable[[str], Cells],
) -> tuple[dict[str, Cells], tuple[str, ...]]:
    found: dict[str, Cells] = {}
    notes: list[str] = []
    for name, control in settings.controls.items():
        column = table.frame[control.column]
        if control.categorical:
            levels, note = _one_hot(name, control, column, problems)
            for twice in sorted(found.keys() & levels.keys()):
                problems.add(f"Two controls are named '{twice}', one as a level of '{name}'.", "Rename one of them.")
            for both in sorted(settings.channels.keys() & levels.keys()):
                problems.add(
                    f"A channel is named '{both}', and so is a level of control '{name}'.",
                    "Rename the channel or the control in the settings; their columns keep their names.",
                )
            found |= levels
            notes.append(note)
        elif _is_text(column):
            examples = ", ".join(shown(str(cell)) for cell in list(dict.fromkeys(map(str, column)))[:3])
            problems.add(
                f"Control '{name}' (column '{control.column}') is text: {examples}.",
                f"Declare it: {{{name}: {{column: {control.column}, categorical: true}}}}, or leave it out.",
            )
        elif name in found:
            problems.add(f"Two controls are named '{name}', one as a level of another.", "Rename one of them.")
        else:
            found[name] = read(control.column)
    return found, tuple(notes)


def _blank_by_column(control: Mapping[str, Cells], table: Table, settings: DataSettings) -> dict[str, BoolArray]:
    found = {}
    for name, each in settings.controls.items():
        if each.categorical:
            found[each.column] = texts(table.frame[each.column])[1]
        elif name in control:
            found[each.column] = control[name].blank
    return found


def _is_text(column: "pd.Series[Any]") -> bool:
    """Whether most of the cells that are not blank are text without a digit."""
    levels, blank = texts(column)
    words = [not any(sign.isdigit() for sign in level) for level in levels[~blank]]
    return bool(words) and 2 * sum(words) > len(words)


def _one_hot(
    name: str, control: ControlSettings, column: "pd.Series[Any]", problems: Problems
) -> tuple[dict[str, Cells], str]:
    """0/1 columns for all levels but the first in alphabetical order (or ``reference``), and a note that says so."""
    cells, blank = texts(column)
    levels = sorted(set(cells[~blank]))
    if len(levels) > _MOST_LEVELS:
        problems.add(
            f"Control '{name}' has {len(levels)} levels; a categorical control has at most {_MOST_LEVELS}.",
            "Group the levels, or give the column as a number.",
        )
        return {}, ""
    reference = control.reference if control.reference is not None else (levels[0] if levels else "")
    if levels and reference not in levels:
        problems.add(f"Control '{name}' has no level '{reference}'.", nearest(reference, levels))
    shown_levels = [level for level in levels if level != reference]
    found = {f"{name}: {level}": Cells(np.where(blank, np.nan, equals(cells, level)), blank) for level in shown_levels}
    if not found:
        note = f"Control '{name}' has one level ('{reference}') and so cannot explain anything; it is left out."
    else:
        note = f"Control '{name}' became {len(found)} columns of 0 and 1, against its level '{reference}'."
    return found, note


def _fold(
    rows: Records, table: Table, settings: DataSettings, problems: Problems, read: Callable[[str], Cells]
) -> Records:
    """One row per (date, geo) of a long table."""
    spend = read(settings.long.spend)
    record_negative(spend, rows.where, settings.long.spend, problems, "is spend, which is 0 or more")
    columns = dict.fromkeys(c.media for c in settings.channels.values() if c.media is not None)
    media = {column: read(column) for column in columns}
    for column, cells in media.items():
        record_negative(cells, rows.where, column, problems, "holds media units, which are 0 or more")
    often = {c: read(c) for c in dict.fromkeys(c.frequency for c in settings.channels.values()) if c is not None}
    labels, blank = texts(table.frame[settings.long.channel])
    record_blank(blank, rows.where, settings.long.channel, problems, "Name the channel of every row.")
    problems.stop_if_any()

    keys: dict[tuple[int, str], int] = {}
    group = np.array(
        [keys.setdefault(key, len(keys)) for key in zip(rows.dates.astype(np.int64).tolist(), rows.geos, strict=True)]
    )
    first = np.unique(group, return_index=True)[1]
    rest = _Fold(group, first, rows.where, problems)
    found_spend, found_media, found_often = {}, {}, {}
    for name, channel in settings.channels.items():
        label = channel.label or name
        at = rest.rows_of(label, labels, settings)
        if at is None:
            continue
        if "spend" in ROLES[channel.role].needs:
            found_spend[name] = rest.taken(spend, at)
        if channel.media is not None:
            found_media[name] = rest.taken(media[channel.media], at)
        if channel.frequency is not None:
            found_often[name] = rest.taken(often[channel.frequency], at)
            record_frequency(found_often[name], found_media[name], rest.where_first, channel.frequency, problems)
    folded = Records(
        where=lambda i: rows.where(int(first[i])),
        dates=rows.dates[first],
        geos=rows.geos[first],
        usable=rows.usable[first],
        target=rest.constant(rows.target, settings.target.column),
        value=None if rows.value is None else rest.constant(rows.value, str(settings.target.value_per_unit)),
        spend=found_spend,
        media=found_media,
        frequency=found_often,
        control={name: rest.constant(cells, name) for name, cells in rows.control.items()},
        control_blank={column: blank[first] for column, blank in rows.control_blank.items()},
        population=None if rows.population is None else rest.constant(rows.population, str(settings.population)),
        notes=rows.notes,
    )
    problems.stop_if_any()
    return folded


@dataclass(frozen=True)
class _Fold:
    """Which (date, geo) each long row belongs to, and the first row of each."""

    group: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    where: Callable[[int], str]
    problems: Problems

    def where_first(self, group: int) -> str:
        """The first row of a group."""
        return self.where(int(self.first[group]))

    def rows_of(self, label: str, labels: TextArray, settings: DataSettings) -> npt.NDArray[np.int64] | None:
        """The row of this channel in every group; -1 where it is absent and absence means zero spend."""
        at = np.flatnonzero(equals(labels, label))
        if not at.size:
            self.problems.add(
                f"No row of column '{settings.long.channel}' is '{label}'.", nearest(label, sorted(set(labels)))
            )
            return None
        found = np.full(self.first.size, -1)
        found[self.group[at]] = at
        repeated = at[found[self.group[at]] != at]
        if repeated.size:
            rows = (f"{self.where(int(i))}, {label}" for i in repeated)
            self.problems.add(
                f"Channel '{label}' has several rows for one date and geo.", "Sum or delete them.", rows, repeated.size
            )
        absent = np.flatnonzero(found < 0)
        if absent.size and settings.long.absent_rows == "error":
            rows = (f"{self.where(int(self.first[i]))}, {label}" for i in absent)
            self.problems.add(
                f"Channel '{label}' has no row for {absent.size} dates and geos that other channels have.",
                "Add the rows, or set data.long.absent_rows to zero if nothing was spent there. First seen at:",
                rows,
                absent.size,
            )
        return found

    def taken(self, cells: Cells, at: npt.NDArray[np.int64]) -> Cells:
        return Cells(np.where(at < 0, 0.0, cells.values[at]), np.where(at < 0, False, cells.blank[at]), cells.token)

    def constant(self, cells: Cells, name: str) -> Cells:
        """The value of each group, which must be the same on all its rows."""
        values = cells.values[self.first][self.group]
        differs = np.flatnonzero(~((cells.values == values) | (np.isnan(cells.values) & np.isnan(values))))
        if differs.size:
            rows = (f"{self.where(int(i))}: {cells.values[i]:g} after {values[i]:g}" for i in differs)
            self.problems.add(
                f"'{name}' differs between the rows of one date and geo; in the long layout it repeats on each.",
                "Make the rows agree.",
                rows,
                differs.size,
            )
        return Cells(cells.values[self.first], cells.blank[self.first], cells.token)
