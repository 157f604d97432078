"""A file or a pandas frame as a table whose rows know where they came from."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mmm.data.problems import Problems, nearest
from mmm.data.settings import CsvSettings
from mmm.errors import DataError

_PYTHON_ENCODING = {"utf-8": "utf-8-sig"}
"""utf-8-sig also reads a file without the byte order mark that spreadsheets write."""


@dataclass(frozen=True)
class Table:
    """Cells by column, and for each row the line of the file (or the row of the frame) that it came from."""

    frame: pd.DataFrame
    source: str
    place: str
    """'line' in a text file, where the header is line 1; 'row' elsewhere, counted from 0."""
    numbers: npt.NDArray[np.int64]

    def where(self, row: int) -> str:
        return f"{self.place} {self.numbers[row]}"

    @property
    def columns(self) -> list[str]:
        return [str(c) for c in self.frame.columns]


def read_file(path: Path, options: CsvSettings, key: str = "data.source") -> Table:
    """Read .csv, .csv.gz or .parquet. Text cells stay text: the columns are interpreted later.

    ``key`` is the setting that names the file, for messages.

    Raises DataError where the file is missing, of another kind, empty or damaged.
    """
    try:
        is_file = path.is_file()
    except (OSError, ValueError):
        is_file = False
    if not is_file:
        raise DataError(f"{key} '{path}' is no file. Give the path relative to the settings file.")
    kind = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    if kind in {".parquet", ".pq"}:
        return _read_parquet(path)
    if kind == ".csv" or kind.endswith(".csv.gz"):
        return _read_csv(path, options)
    raise DataError(f"{key} '{path.name}' is none of .csv, .csv.gz and .parquet. Convert it to one of them.")


def table_of_frame(frame: pd.DataFrame, source: str = "data frame") -> Table:
    """A pandas frame as a table; the index is ignored, the row number counts from 0."""
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{source}: a pandas DataFrame is needed; got {type(frame).__name__}.")
    if frame.empty:
        size = f"{len(frame)} rows, {len(frame.columns)} columns"
        raise DataError(f"{source} is empty: {size}. Give at least two periods.")
    named = frame.reset_index(drop=True)
    named.columns = pd.Index([str(c) for c in frame.columns])
    return Table(named, source, "row", np.arange(len(named)))


def check_columns(table: Table, wanted: list[tuple[str, str]], problems: Problems) -> None:
    """Record wanted columns that are absent or that the header names twice."""
    have = table.columns
    for role, column in wanted:
        count = have.count(column)
        if count == 1:
            continue
        if count > 1:
            problems.add(f"Column '{column}' (data.{role}) stands {count} times in the header.", "Rename the copies.")
        elif len(have) == 1 and any(sign in have[0] for sign in ";\t|"):
            problems.add(
                f"Column '{column}' (data.{role}) is not there: the header is one cell, {have[0][:60]!r}.",
                "Set data.csv.separator to the sign between the columns.",
            )
        else:
            problems.add(f"Column '{column}' (data.{role}) is not there.", nearest(column, have))


def _read_parquet(path: Path) -> Table:
    try:
        # Only the plain Arrow types are read; pandas' own metadata (index, extension types) is not trusted.
        frame = pq.read_table(path).replace_schema_metadata(None).to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read as Parquet: {error}. Write the file again.") from error
    return table_of_frame(frame, path.name)


def _read_csv(path: Path, options: CsvSettings) -> Table:
    encoding = _PYTHON_ENCODING.get(options.encoding, options.encoding)
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix.lower() == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} is no intact gzip file: {error}. Compress it again.") from error
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}.") from error
    try:
        text = raw.decode(encoding)
    except UnicodeError as error:
        raise DataError(
            f"{path.name} is not {options.encoding}: {error}. Save it as UTF-8 or set data.csv.encoding."
        ) from error
    return _table_of_text(text, path.name, options)


def _table_of_text(text: str, name: str, options: CsvSettings) -> Table:
    header: list[str] | None = None
    rows: list[list[str]] = []
    numbers: list[int] = []
    ragged: list[str] = []
    for line, cells in _records(text, name, options):
        if header is None:
            header = [cell.strip() for cell in cells]
        elif len(cells) != len(header):
            ragged.append(f"line {line}: {len(cells)} cells")
        else:
            rows.append(cells)
            numbers.append(line)
    if header is None:
        raise DataError(f"{name} is empty. Give a header line and at least two periods.")
    if ragged:
        problems = Problems(name)
        problems.add(
            f"{len(ragged)} rows do not have the {len(header)} cells of the header.",
            "Put cells that hold the separator in double quotes.",
            ragged,
            len(ragged),
        )
        problems.stop_if_any()
    if not rows:
        raise DataError(f"{name} has a header but no rows. Give at least two periods.")
    frame = pd.DataFrame(rows, columns=pd.Index(header, dtype=object), dtype=object)
    return Table(frame, name, "line", np.asarray(numbers, dtype=np.int64))


def _records(text: str, name: str, options: CsvSettings) -> Iterator[tuple[int, list[str]]]:
    """(line on which the record starts, cells) of every line that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=options.separator, strict=True)
    start = 1
    try:
        for cells in reader:
            if cells:
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{name}, line {reader.line_num}: {error}. Correct the quoting of that line.") from error
