"""Cells of one column: blank ones, texts, and what must not be blank or negative."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.data.problems import Problems

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LARGEST = 1e15
"""Above this a double no longer holds cents, and squares of the values lose all meaning."""

SMALLEST = 1e-30
"""What is closer to zero is left over from rounding; ratios of such values overflow."""

MISSING = frozenset(
    {"", "na", "n/a", "n.a.", "#n/a", "nan", "null", "none", "<na>", "nat", "-", "--", "---", "\u2013", "\u2014"}
)
"""What stands for a missing value in exports, in lower case."""


@dataclass(frozen=True)
class Cells:
    """Numbers of one column: NaN where the cell is blank (``blank``) or was recorded as unusable."""

    values: FloatArray
    blank: BoolArray
    token: str = ""
    """The text that stands in blank cells, where it is not empty: ``--``."""


_LONGEST_TOKEN = 40


def is_token(text: str) -> bool:
    """Whether a cell may be a sign for nothing or for missing, which settings can name: short, and printable."""
    return 0 < len(text) <= _LONGEST_TOKEN and text.isprintable()


def is_blank(cell: object) -> bool:
    """None, NaN, NaT, NA and empty text."""
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return True
    if isinstance(cell, str):
        return not cell.strip()
    return isinstance(cell, float) and cell != cell


def record_blank(
    blank: BoolArray,
    where: Callable[[int], str],
    name: str,
    problems: Problems,
    fix: str = "Fill them with what was observed (a true zero is written 0).",
) -> None:
    """Record blank cells of a column that must be complete."""
    rows = np.flatnonzero(blank)
    if rows.size:
        problems.add(
            f"Column '{name}' is empty in {rows.size} rows; missing values are not filled in.",
            fix,
            (where(int(i)) for i in rows),
            rows.size,
        )


def record_negative(
    cells: Cells, where: Callable[[int], str], name: str, problems: Problems, rule: str = "is 0 or more"
) -> None:
    """Record values below zero."""
    rows = np.flatnonzero(np.nan_to_num(cells.values) < 0)
    if rows.size:
        problems.add(
            f"Column '{name}' {rule}, but {rows.size} rows are negative.",
            "Book refunds and corrections in the period that they belong to.",
            (f"{where(int(i))}: {cells.values[i]:g}" for i in rows),
            rows.size,
        )


LEAST_FREQUENCY = 0.9
"""Reach is estimated: a frequency of 0.98 is one of 1, and one below this is something else."""


def record_frequency(often: Cells, reach: Cells, where: Callable[[int], str], name: str, problems: Problems) -> None:
    """Record average frequencies below one, or missing, where somebody was reached; estimates may be a little below."""
    rows = np.flatnonzero((np.nan_to_num(reach.values) > 0) & ~(often.values >= LEAST_FREQUENCY))
    if rows.size:
        problems.add(
            f"Column '{name}' is the average frequency, which is at least 1 where anybody was reached; {rows.size} "
            "rows break that.",
            "Frequency is contacts over persons reached, in the same period. Correct it, or give contacts as media.",
            (f"{where(int(i))}: {often.values[i]:g}" for i in rows),
            rows.size,
        )


def texts(column: "pd.Series[Any]") -> tuple[npt.NDArray[np.object_], BoolArray]:
    """The column as stripped text, and where it is blank. A whole number in a float column keeps no '.0'."""
    cells = list(column)
    blank = np.array([is_blank(cell) for cell in cells], dtype=bool)
    found = np.array(["" if b else _text(cell) for cell, b in zip(cells, blank, strict=True)], dtype=object)
    return found, blank


def equals(column: npt.NDArray[np.object_], text: str) -> BoolArray:
    """Where the column is ``text``. NumPy's own comparison would drop trailing null characters."""
    return np.fromiter((cell == text for cell in column), dtype=bool, count=len(column))


def _text(cell: object) -> str:
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def as_float(cell: object) -> tuple[float, bool]:
    """A cell that is no text as a float, and whether it is none."""
    if not isinstance(cell, Integral | Real | Decimal | np.bool_):
        return float("nan"), True
    try:
        return float(cell), False
    except OverflowError:
        return float("inf"), False
    except (ValueError, TypeError):
        return float("nan"), True
