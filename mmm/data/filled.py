"""Empty cells of controls that settings ask to fill, and controls that work later than their period.

Nothing is filled unasked (:mod:`mmm.data.panel`), and what is filled is said. A filled value counts as if it had been
observed: how far it may be off is in no interval.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.data.cells import BoolArray, Cells
from mmm.data.dates import DateArray

Filling = Literal["interpolate", "last", "mean"]
"""A straight line between the known values, and the nearest at the ends; the last known, and the first before it; the
mean of a geo's known values."""

FEWEST = 2
"""Known values without which a geo has nothing to be filled from."""

_SAID: Mapping[Filling, str] = {
    "interpolate": "a straight line between the known values",
    "last": "the last known value",
    "mean": "the mean of the known values",
}


def filled(
    cells: Cells, how: Filling, dates: DateArray, geos: npt.NDArray[np.object_], usable: BoolArray
) -> tuple[Cells, npt.NDArray[np.intp]]:
    """The cells with the empty ones of every geo filled from its known ones, and the rows that were.

    ``dates``, ``geos`` and ``usable`` (whether both are known) are by row, as the cells. A geo with fewer than two
    known values stays as it is. Cells that hold something that is no number are not empty, and stay too.
    """
    values, blank = cells.values.copy(), cells.blank.copy()
    days = dates.astype("datetime64[D]").astype(float)
    names = np.array([str(geo) for geo in geos], dtype=object)
    for geo in dict.fromkeys(names[usable]):
        rows = np.flatnonzero(usable & (names == geo))
        rows = rows[np.argsort(days[rows], kind="stable")]
        known = rows[np.isfinite(values[rows])]
        gaps = rows[blank[rows]]
        if known.size >= FEWEST and gaps.size:
            values[gaps] = _values(how, days[known], values[known], days[gaps])
            blank[gaps] = False
    return Cells(values, blank, cells.token), np.flatnonzero(cells.blank & ~blank)


def _values(how: Filling, known: Floats, values: Floats, asked: Floats) -> Floats:
    """Values for the days ``asked``, from ``values`` at the days ``known``, in order."""
    if how == "mean":
        return np.full(len(asked), values.mean())
    if how == "last":
        return np.asarray(values[np.maximum(np.searchsorted(known, asked, side="right") - 1, 0)])
    return np.interp(asked, known, values)


def filling_note(name: str, how: Filling, rows: npt.NDArray[np.intp], of: int) -> str:
    """What was filled of a control with ``of`` rows."""
    return (
        f"Control '{name}' is empty in {rows.size} of {of} rows, which take {_SAID[how]} "
        f"(data.controls.{name}.missing). They count as observed: how far they may be off is in no interval."
    )


def later(values: Floats, periods: int) -> tuple[Floats, Floats]:
    """A control [t, g] as it works ``periods`` later, and what it brings to the periods after the data [periods, g].

    The first periods, before which nothing is known, have its first value.
    """
    kept = min(periods, len(values))
    first = np.repeat(values[:1], kept, axis=0)
    moved = np.concatenate([first, values[: len(values) - kept]])
    early = np.repeat(values[:1], periods - kept, axis=0)
    return moved, np.concatenate([early, values[len(values) - kept :]])


def lag_note(name: str, periods: int) -> str:
    """What a lag does to a control."""
    return (
        f"Control '{name}' works later (data.controls.{name}.lag): every period has its value of {periods} before, and "
        "the first ones its first value."
    )
