"""Sheets of a workbook (.xlsx) as rows of cells: dates, numbers and texts as the workbook holds them."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook

from mmm.data.problems import nearest
from mmm.errors import DataError

_BROKEN = (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, ParseError, OSError)
"""What openpyxl 3.1 raises on files that are no workbooks or damaged ones."""


@dataclass(frozen=True)
class Limits:
    """Bytes of a workbook once unpacked, and cells of a sheet."""

    unpacked: int
    cells: int


def sheet_rows(content: bytes, name: str, sheet: str | None, limits: Limits) -> list[tuple[int, list[object]]]:
    """(row as the spreadsheet counts, cells) of every row that is not empty; the results of formulas, not formulas.

    Without ``sheet`` the workbook must hold one sheet with cells. Cells behind the last column in use are left out.

    Raises DataError for what is no workbook, a sheet that is not there, several sheets, or too large a one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > limits.unpacked:
            raise DataError(f"{name} unpacks to more than {limits.unpacked:,} bytes. Save the sheet as CSV or Parquet.")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        for each in book.worksheets:
            # Some platforms write a range of cells that is not theirs (A1), by which rows would be cut without a word.
            each.reset_dimensions()
        try:
            return _rows(book[_chosen(name, sheet, book)], name, limits)
        finally:
            book.close()
    except _BROKEN as error:
        raise DataError(
            f"{name} cannot be read as a workbook ({type(error).__name__}: {error}). Open it in a spreadsheet and save "
            "it as .xlsx without a password, or as CSV."
        ) from error


def _chosen(name: str, sheet: str | None, book: Any) -> str:
    names: list[str] = [each.title for each in book.worksheets]
    if sheet is not None:
        if sheet not in names:
            raise DataError(f"{name} has no sheet '{sheet}' (data.sheet). {nearest(sheet, names)}")
        return sheet
    filled = [each for each in names if _holds_something(book[each])]
    if len(filled) != 1:
        listed = ", ".join(f"'{each}'" for each in filled) or "none"
        raise DataError(f"{name} has {len(filled)} sheets with cells: {listed}. Name one: data.sheet.")
    return filled[0]


def _holds_something(sheet: Any) -> bool:
    rows = sheet.iter_rows(values_only=True)
    return any(cell is not None for row in rows for cell in row)


def _rows(sheet: Any, name: str, limits: Limits) -> list[tuple[int, list[object]]]:
    found: list[tuple[int, list[object]]] = []
    width = count = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        last = _width(row)
        if not last:
            continue
        count += last
        if count > limits.cells:
            raise DataError(f"{name} has more than {limits.cells:,} cells. Sum the rows to days or weeks.")
        width = max(width, last)
        found.append((number, list(row[:last])))
    return [(number, cells + [None] * (width - len(cells))) for number, cells in found]


def _width(row: Sequence[object]) -> int:
    """Cells up to the last that holds something."""
    return next((i for i in range(len(row), 0, -1) if row[i - 1] is not None and str(row[i - 1]).strip()), 0)
