"""From the table of ``data.future`` to a :class:`~mmm.data.future.Future`, or to one error with all that is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats
from mmm.data.cells import Cells, equals, record_blank, record_negative, texts
from mmm.data.columns import NumberColumns
from mmm.data.dataset import Dataset
from mmm.data.dates import DateOptions, parse_dates
from mmm.data.future import Future
from mmm.data.problems import Problems
from mmm.data.read import Table
from mmm.data.settings import DataSettings
from mmm.errors import DataError

Kind = Literal["controls", "costs", "media"]


@dataclass(frozen=True)
class _Wanted:
    """A column that the table may have: what it is, of which control or channel."""

    kind: Kind
    name: str
    column: str


def future_of(table: Table, dataset: Dataset, settings: DataSettings) -> Future:
    """What the table says of the periods after the data; its columns have the names that they have in the data.

    Costs per media unit are in the columns that ``data.future.costs`` names. Raises DataError where rows do not follow
    the data's last period without a gap, a cell is blank or no number, or no column is known.
    """
    problems = Problems(table.source)
    keys = [settings.date, *([] if settings.geo is None else [settings.geo])]
    missing = [column for column in keys if column not in table.columns]
    if missing:
        raise DataError(f"{table.source}: column '{missing[0]}' is not there. Name the period of every row.")
    wanted = [w for w in _wanted(settings) if w.column in table.columns]
    absent = [w.column for w in _wanted(settings) if w.kind == "costs" and w.column not in table.columns]
    if absent or not wanted:
        raise DataError(
            f"{table.source}: column '{absent[0]}' (data.future.costs) is not there. Correct its name."
            if absent
            else f"{table.source} has no column of a control, of media without a cost or of a cost. Name columns as in "
            "the data."
        )
    place, dates = _places(table, dataset, settings, problems)
    columns = NumberColumns.of(table.frame, [w.column for w in wanted if not _categorical(w, settings)], settings,
                               table.where, problems)  # fmt: skip
    found: dict[Kind, dict[str, Floats]] = {"controls": {}, "costs": {}, "media": {}}
    for w in wanted:
        for name, cells in _read(w, table, columns, dataset, settings, problems).items():
            record_blank(cells.blank, table.where, w.column, problems)
            if w.kind != "controls":
                record_negative(cells, table.where, w.column, problems)
            if w.kind == "costs" and (np.nan_to_num(cells.values, nan=1.0) == 0).any():
                problems.add(f"Column '{w.column}', a cost per unit, must be above 0.", "Correct it.")
            found[w.kind][name] = cells.values
    problems.stop_if_any()
    laid = {kind: {name: values[place] for name, values in part.items()} for kind, part in found.items()}
    carried = {} if dataset.future is None else dataset.future.carried
    for name in laid["controls"].keys() & carried.keys():
        laid["controls"][name] = np.concatenate([carried[name], laid["controls"][name]])
    return Future(dates, laid["controls"], laid["costs"], laid["media"], carried)


def _wanted(settings: DataSettings) -> list[_Wanted]:
    costs = {} if settings.future is None else settings.future.costs
    found = [_Wanted("controls", name, control.column) for name, control in settings.controls.items()]
    found += [_Wanted("costs", name, column) for name, column in costs.items()]
    unpaid = {name: c.media for name, c in settings.channels.items() if c.media is not None and c.spend is None}
    return found + [_Wanted("media", name, column) for name, column in unpaid.items() if settings.layout == "wide"]


def _categorical(wanted: _Wanted, settings: DataSettings) -> bool:
    return wanted.kind == "controls" and settings.controls[wanted.name].categorical


def _read(
    wanted: _Wanted,
    table: Table,
    columns: NumberColumns,
    dataset: Dataset,
    settings: DataSettings,
    problems: Problems,
) -> Mapping[str, Cells]:
    if not _categorical(wanted, settings):
        return {wanted.name: columns.read(wanted.column, scale_matters=wanted.kind != "controls")}
    cells, blank = texts(table.frame[wanted.column])
    prefix = f"{wanted.name}: "
    levels = [name for name in dataset.controls if name.startswith(prefix)]
    known = {name.removeprefix(prefix) for name in levels}
    reference = settings.controls[wanted.name].reference
    # Without one that is stated the reference is the first level, before all that have a column.
    strange = {
        level
        for level in set(cells[~blank]) - known
        if level != reference and (reference or level > min(known, default=""))
    }
    if strange:
        rows = np.flatnonzero([cell in strange for cell in cells])
        problems.add(
            f"Column '{wanted.column}' holds a level that the data do not have: '{min(strange)}'.",
            "Nothing was learned of it; use one of the data's levels.",
            (table.where(int(i)) for i in rows),
            rows.size,
        )
    return {name: Cells(equals(cells, name.removeprefix(prefix)).astype(float), blank) for name in levels}


def _places(
    table: Table, dataset: Dataset, settings: DataSettings, problems: Problems
) -> tuple[npt.NDArray[np.intp], pd.DatetimeIndex]:
    """Row of the table for every period ahead and geo, [t, g], and the periods."""
    where: Callable[[int], str] = table.where
    options = DateOptions(settings.date_format, settings.week_label)
    starts, usable = parse_dates(table.frame[settings.date], options, where, settings.date, problems)
    problems.stop_if_any()
    geos = np.full(len(starts), dataset.geos[0], dtype=object)
    if settings.geo is not None:
        geos = texts(table.frame[settings.geo])[0]
    days = pd.DatetimeIndex(starts)
    later = usable & np.asarray(days > dataset.dates[-1])
    count = len(set(days[later]))
    dates = dataset.frequency.following(dataset.dates[-1], count)
    rows = {(day, geo): int(i) for i, (day, geo) in enumerate(zip(days, geos, strict=True)) if later[i]}
    if not count or len(rows) < int(later.sum()):
        rule = "has no period after the data" if not count else "has a period twice"
        raise DataError(
            f"{table.source} {rule}: the data end with {dataset.dates[-1]:%Y-%m-%d}. Give one row for each period ahead"
            f"{'' if settings.geo is None else ' and geo'}."
        )
    wanted = [(day, geo) for day in dates for geo in dataset.geos]
    lost = [key for key in wanted if key not in rows]
    if lost or len(wanted) != len(rows):
        strange = next((key for key in rows if key not in set(wanted)), None)
        said = f"{lost[0][0]:%Y-%m-%d}{_of(lost[0][1], settings)} is missing" if lost else f"'{strange}' is beyond them"
        raise DataError(
            f"{table.source}: its rows have to follow the data without a gap, from {dates[0]:%Y-%m-%d} on by "
            f"{dataset.frequency.unit}; {said}. Complete the rows."
        )
    return np.array([rows[key] for key in wanted], dtype=np.intp).reshape(len(dates), len(dataset.geos)), dates


def _of(geo: str, settings: DataSettings) -> str:
    return "" if settings.geo is None else f", {geo}"
