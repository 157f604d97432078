"""A file of any kind as rows of texts, and the row of it that is the header."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.data.csv_settings import CsvSettings
from mmm.data.exports.layout import SEPARATORS, decoded, layout_of
from mmm.data.read import MOST_BYTES, MOST_CELLS, MOST_UNPACKED, read_file
from mmm.errors import DataError
from mmm.files import Wanted, read_bytes, unpack_gzip

_MOST_ABOVE = 100
"""Lines above a header."""
Fits = Callable[[Sequence[str], Sequence[str]], bool]


@dataclass(frozen=True)
class Found:
    """Header, rows below it with their places in the file, and the lines above."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[object, ...]], ...]
    above: tuple[str, ...]
    place: str
    separator: str = ","


def cells_of(path: Path, sheet: str | None, fits: Fits) -> Found:
    """The table below the first row that ``fits(cells, lines above)``; without one, below the likeliest header.

    Raises DataError where the file cannot be read, or is no table.
    """
    kind = path.name.lower()
    if kind.endswith((".parquet", ".pq")):
        frame = read_file(path, CsvSettings(), "data.sources").frame
        rows = tuple((i, tuple(row)) for i, row in enumerate(frame.itertuples(index=False, name=None)))
        return Found(tuple(map(str, frame.columns)), rows, (), "row")
    wanted = Wanted("data.sources", MOST_BYTES, DataError, "Give the path relative to the settings file.")
    content = read_bytes(path, wanted)
    if kind.endswith((".xlsx", ".xlsm")):
        from mmm.data.sheet import Limits, sheet_rows  # what reads workbooks is needed by nobody else

        grid = sheet_rows(content, path.name, sheet, Limits(MOST_UNPACKED, MOST_CELLS))
        found = _below([(number, tuple(row)) for number, row in grid], fits, "row", ",")
        if found is None:
            found = _under(0, [(number, tuple(row)) for number, row in grid], "row", ",")
        return found
    if kind.endswith(".gz"):
        content = unpack_gzip(content, path, wanted, MOST_UNPACKED)
    text = decoded(content)[0]
    for separator in SEPARATORS:
        rows_of = _rows(text, separator)
        found = _below(rows_of, fits, "line", separator)
        if found is not None:
            return found
    layout = layout_of(content, path.name)
    rows_of = _rows(text, layout.separator)
    place = next(i for i, (number, _) in enumerate(rows_of) if number == layout.skip_rows + 1)
    return _under(place, rows_of[: len(rows_of) - layout.skip_footer], "line", layout.separator)


def _rows(text: str, separator: str) -> list[tuple[int, tuple[object, ...]]]:
    """(line on which it starts, cells) of every row with a cell that is not empty."""
    reader, start = csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1
    found: list[tuple[int, tuple[object, ...]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((start, tuple(cells)))
            start = reader.line_num + 1
    except csv.Error as error:
        found.append((reader.line_num, (f"{error}",)))
    return found


def _below(rows: list[tuple[int, tuple[object, ...]]], fits: Fits, place: str, separator: str) -> Found | None:
    for i, (_, cells) in enumerate(rows[:_MOST_ABOVE]):
        above = [str(row[0]) for _, row in rows[:i]]
        if len(cells) > 1 and fits([_text(cell) for cell in cells], above):
            return _under(i, rows, place, separator)
    return None


def _under(at: int, rows: list[tuple[int, tuple[object, ...]]], place: str, separator: str) -> Found:
    above = tuple(separator.join(filter(None, map(_text, row))) for _, row in rows[:at])
    return Found(tuple(_text(cell) for cell in rows[at][1]), tuple(rows[at + 1 :]), above, place, separator)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def frame_of(found: Found) -> tuple[pd.DataFrame, np.ndarray, int]:
    """The rows that have the header's width, their places, and the number of others: remarks below or between."""
    width = len(found.header)
    kept = [(number, cells) for number, cells in found.rows if len(cells) == width]
    frame = pd.DataFrame([cells for _, cells in kept], columns=range(width), dtype=object)
    return frame, np.array([number for number, _ in kept], dtype=np.int64), len(found.rows) - len(kept)
