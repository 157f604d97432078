"""Cells of one column as numbers or as text, with every cell that is neither recorded."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.data.problems import Problems, shown
from mmm.data.settings import CsvSettings

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LARGEST = 1e15
"""Above this a double no longer holds cents, and squares of the values lose all meaning."""

SMALLEST = 1e-30
"""What is closer to zero is left over from rounding; ratios of such values overflow."""

_BLANK = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "<na>", "nat", "-"})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)


@dataclass(frozen=True)
class Cells:
    """Numbers of one column: NaN where the cell is blank (``blank``) or was recorded as unusable."""

    values: FloatArray
    blank: BoolArray


def is_blank(cell: object) -> bool:
    """None, NaN, NaT, NA and empty text."""
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return True
    if isinstance(cell, str):
        return not cell.strip()
    return isinstance(cell, float) and cell != cell


def numbers(
    column: "pd.Series[Any]", options: CsvSettings, where: Callable[[int], str], name: str, problems: Problems
) -> Cells:
    """The column as float64; text that is no number, infinities and absurd magnitudes are recorded.

    ``where`` describes a row by position. Blank cells are not recorded: the caller knows where they are allowed.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        blank, wrong = np.isnan(values), np.zeros(len(values), dtype=bool)
    else:
        values, blank, wrong = _parsed(list(column), options)
    _record_text(column, wrong, where, name, problems)
    with np.errstate(invalid="ignore"):
        infinite, huge = np.isinf(values), np.isfinite(values) & (np.abs(values) > LARGEST)
        small = (values != 0) & (np.abs(values) < SMALLEST)
    _record(infinite, column, where, problems, f"Column '{name}' holds infinite values; numbers are finite.")
    _record(huge, column, where, problems, f"Column '{name}' holds values above 1e15; give it in a larger unit.")
    _record(small, column, where, problems, f"Column '{name}' holds rounding residue, below 1e-30; write 0.")
    return Cells(np.where(wrong | infinite | huge | small, np.nan, values), blank)


def record_blank(
    blank: BoolArray, where: Callable[[int], str], name: str, problems: Problems, fix: str | None = None
) -> None:
    """Record blank cells of a column that must be complete."""
    rows = np.flatnonzero(blank)
    if rows.size:
        problems.add(
            f"Column '{name}' is empty in {rows.size} rows; missing values are not filled in.",
            fix or "Fill them with what was observed (a true zero is written 0).",
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


def _parsed(cells: list[object], options: CsvSettings) -> tuple[FloatArray, BoolArray, BoolArray]:
    values = np.full(len(cells), np.nan)
    blank, wrong = np.zeros(len(cells), dtype=bool), np.zeros(len(cells), dtype=bool)
    for i, cell in enumerate(cells):
        if isinstance(cell, str):
            read = number(cell, options)
            if read is not None:
                values[i] = read
            elif cell.strip().casefold() in _BLANK:
                blank[i] = True
            else:
                wrong[i] = True
        elif is_blank(cell):
            blank[i] = True
        elif isinstance(cell, Integral | Real | Decimal | np.bool_):
            values[i], wrong[i] = _as_float(cell)
            blank[i] = np.isnan(values[i]) and not wrong[i]
        else:
            wrong[i] = True
    return values, blank, wrong


def _as_float(cell: object) -> tuple[float, bool]:
    try:
        return float(cell), False  # type: ignore[arg-type]
    except OverflowError:
        return float("inf"), False
    except (ValueError, TypeError):
        return float("nan"), True


def number(text: str, options: CsvSettings) -> float | None:
    """The number that a cell's text is, or None."""
    plain = text.strip()
    if options.thousands is not None:
        plain = plain.replace(options.thousands, "")
    if options.decimal != ".":
        # A point is then no decimal sign: '1.5' must not be read as one and a half.
        plain = "?" if "." in plain else plain.replace(options.decimal, ".")
    # float() alone would also take '1_000' and digits of other scripts.
    if plain.isascii() and _NUMBER.fullmatch(plain):
        return float(plain)
    return float(plain) if _INFINITE.fullmatch(plain) else None


def _record_text(
    column: "pd.Series[Any]", wrong: BoolArray, where: Callable[[int], str], name: str, problems: Problems
) -> None:
    rows = np.flatnonzero(wrong)
    if not rows.size:
        return
    cells = [column.iloc[int(i)] for i in rows]
    fix = "Correct them."
    if all(isinstance(c, str) and re.fullmatch(r"\s*-?[\d.' ]*,\d+\s*", c) for c in cells):
        fix = "They look like decimal commas or thousands signs: set data.csv.decimal or data.csv.thousands."
    problems.add(
        f"Column '{name}' holds {rows.size} cells that are no numbers.",
        fix,
        (f"{where(int(i))}: {shown(cell)}" for i, cell in zip(rows, cells, strict=True)),
        rows.size,
    )


def _record(
    mask: BoolArray, column: "pd.Series[Any]", where: Callable[[int], str], problems: Problems, rule: str
) -> None:
    rows = np.flatnonzero(mask)
    if rows.size:
        lines = (f"{where(int(i))}: {shown(column.iloc[int(i)])}" for i in rows)
        problems.add(rule, "Correct these rows.", lines, rows.size)
