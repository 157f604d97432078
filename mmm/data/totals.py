"""Rows and geos that are sums of the others: totals of an export, which would be counted twice."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmm.data.cells import BoolArray, FloatArray
from mmm.data.problems import Problems, shown
from mmm.data.read import Table
from mmm.data.settings import DataSettings

if TYPE_CHECKING:
    from mmm.data.columns import NumberColumns

_MOST_ROWS = 10
_ROUNDING = 5e-4
"""Relative difference that rounded cells may have from their rounded sum."""
_FEWEST_GEOS = 3


def foot_rows(usable: BoolArray) -> tuple[int, ...]:
    """The last rows of a table, if those are the ones whose date cannot be read."""
    unread = np.flatnonzero(~usable)
    count = unread.size
    last = 0 < count <= min(_MOST_ROWS, usable.size // 3) and unread[0] == usable.size - count
    return tuple(int(row) for row in unread) if last else ()


def record_foot(
    foot: Sequence[int], table: Table, columns: "NumberColumns", settings: DataSettings, problems: Problems
) -> bool:
    """Record rows below the periods, and whether there are some; those that sum up the rows above are called totals."""
    if not foot:
        return False
    sums = {row: _summed(row, foot[0], columns, settings) for row in foot}
    totals = [row for row, found in sums.items() if found]
    names = ", ".join(f"'{name}'" for name in dict.fromkeys(name for row in totals for name in sums[row]))
    rule = f"{table.where(foot[0]).capitalize()} and what follows is no period."
    if totals:
        rule = (
            f"{table.where(totals[0]).capitalize()} looks like a total: in {names} it equals the sum of the rows above."
        )
    text = table.place == "line"
    line = settings.csv.line(skip_footer=settings.csv.skip_footer + len(foot))
    problems.add(
        rule,
        f"Delete {'it' if len(foot) == 1 else 'these rows'}{f', or set {line}' if text else ''}.",
        (f"{columns.where(row)}: {shown(table.frame[settings.date].iloc[row])}" for row in foot),
        len(foot),
    )
    return True


def _summed(row: int, end: int, columns: "NumberColumns", settings: DataSettings) -> list[str]:
    """The columns of amounts whose cell in ``row`` is the sum of those above ``end``."""
    found = []
    for column, role in settings.number_columns().items():
        if role == "control":
            continue
        values = columns.values(column)
        total, above = float(values[row]), float(np.nansum(values[:end]))
        if not np.isfinite(total) or total == 0:
            continue
        if abs(above - total) <= _ROUNDING * abs(total):
            found.append(column)
    return found


def record_total_geo(outcome: FloatArray, geos: Sequence[str], problems: Problems) -> None:
    """Record a geo whose outcome is the sum of the others' in every period; ``outcome[date, geo]``."""
    if len(geos) < _FEWEST_GEOS:
        return
    known = np.nan_to_num(outcome)
    rest = known.sum(axis=1, keepdims=True) - known
    same = (np.abs(known - rest) <= _ROUNDING * np.abs(rest)) & (rest != 0)
    for g in np.flatnonzero(same.all(axis=0)):
        problems.add(
            f"Geo '{geos[int(g)]}' is the sum of the other geos in every period: everything would be counted twice.",
            "Delete its rows.",
        )
