"""A file or a pandas frame as a table whose rows know where they came from."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mmm.data.csv_settings import CsvSettings
from mmm.data.layout import layout_advice, one_cell_header
from mmm.data.problems import Problems, nearest
from mmm.errors import DataError
from mmm.files import Wanted, read_bytes, unpack_gzip

MOST_BYTES = 200_000_000
"""Of a file as it lies on the disk."""
MOST_UNPACKED = 400_000_000
"""Of a gzip or Parquet file once unpacked."""
MOST_CELLS = 10_000_000
"""Rows times columns: some minutes of reading and a few gigabytes of memory."""
MOST_COLUMNS = 5_000
_BATCH = 4096

_PYTHON_ENCODING = {"utf-8": "utf-8-sig"}
"""utf-8-sig also reads a file without the byte order mark that spreadsheets write."""
_ADVICE = "Give the path relative to the settings file."


@dataclass(frozen=True)
class Table:
    """Cells by column, and for each row the line of the file (or the row of the frame) that it came from."""

    frame: pd.DataFrame
    source: str
    place: str
    """'line' in a text file, where the header is line 1; 'row' of a sheet, as it counts, or of a frame, from 0."""
    numbers: npt.NDArray[np.int64]

    def where(self, row: int) -> str:
        return f"{self.place} {self.numbers[row]}"

    @property
    def columns(self) -> list[str]:
        return [str(c) for c in self.frame.columns]


def read_file(
    path: Path,
    options: CsvSettings,
    key: str = "data.source",
    columns: Sequence[str] = (),
    sheet: str | None = None,
) -> Table:
    """Read .csv, .csv.gz, .parquet or a sheet of an .xlsx. Text cells stay text: the columns are interpreted later.

    ``key`` is the setting that names the file, for messages; ``columns`` are those that are looked for, by which
    another separator or lines above the header are recognised. Of a sheet the options count that are not of text alone.

    Raises DataError where the file is missing, no regular file, of another kind, too large, empty or damaged.
    """
    wanted = Wanted(key, MOST_BYTES, DataError, _ADVICE)
    kind = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    content = read_bytes(path, wanted)
    if kind in {".parquet", ".pq"}:
        return _read_parquet(content, path.name)
    if kind in {".xlsx", ".xlsm"}:
        return _table_of_sheet(content, path.name, options, sheet)
    packed = kind.endswith(".gz")
    if kind.removesuffix(".gz").endswith((".csv", ".tsv", ".txt")):
        if packed:
            content = unpack_gzip(content, path.name, wanted, MOST_UNPACKED)
        return table_of_text(_decoded(content, path.name, options), path.name, options, columns)
    raise DataError(f"{key} '{path.name}' is none of .csv, .csv.gz, .parquet and .xlsx. Convert it to one of them.")


def table_of_frame(frame: pd.DataFrame, source: str = "data frame") -> Table:
    """A pandas frame as a table; the index is ignored, the row number counts from 0."""
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{source}: a pandas DataFrame is needed; got {type(frame).__name__}.")
    if frame.empty:
        size = f"{len(frame)} rows, {len(frame.columns)} columns"
        raise DataError(f"{source} is empty: {size}. Give at least two periods.")
    _require_size(len(frame), len(frame.columns), source)
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
        else:
            problems.add(f"Column '{column}' (data.{role}) is not there.", nearest(column, have))


def _require_size(rows: int, columns: int, source: str) -> None:
    if columns > MOST_COLUMNS:
        raise DataError(f"{source} has {columns:,} columns; at most {MOST_COLUMNS:,} are read. Leave some out.")
    if rows * columns > MOST_CELLS:
        raise DataError(
            f"{source} has {rows:,} rows of {columns:,} columns; at most {MOST_CELLS:,} cells are read. Sum the rows "
            "to days or weeks, and leave out the columns that are not used."
        )


def _read_parquet(content: bytes, name: str) -> Table:
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        meta = file.metadata
        _require_size(meta.num_rows, meta.num_columns, name)
        batches, unpacked = [], 0
        # In small parts: a dictionary of long texts is small in the file, and its size "uncompressed" is too.
        for batch in file.iter_batches(batch_size=_BATCH):
            unpacked += batch.nbytes
            if unpacked > MOST_UNPACKED:
                raise DataError(f"{name} unpacks to more than {MOST_UNPACKED:,} bytes. Give less, or the used columns.")
            batches.append(batch)
        # Only the plain Arrow types are read; pandas' own metadata (index, extension types) is not trusted.
        table = pa.Table.from_batches(batches, file.schema_arrow)
        frame = table.replace_schema_metadata(None).to_pandas()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DataError(f"{name} cannot be read as Parquet: {error}. Write the file again.") from error
    return table_of_frame(frame, name)


def _table_of_sheet(content: bytes, name: str, options: CsvSettings, sheet: str | None) -> Table:
    from mmm.data.sheet import Limits, sheet_rows  # what reads workbooks is needed by nobody else

    rows = sheet_rows(content, name, sheet, Limits(MOST_UNPACKED, MOST_CELLS))
    rows = [row for row in rows if row[0] > options.skip_rows]
    found = rows[1 : len(rows) - options.skip_footer]
    if not found:
        raise DataError(f"{name} has a header but no rows. Give at least two periods.")
    # Columns without a name and without cells are what is left of deleted ones.
    names = ["" if cell is None else str(cell).strip() for cell in rows[0][1]]
    kept = [i for i, title in enumerate(names) if title or any(cells[i] is not None for _, cells in found)]
    frame = pd.DataFrame(
        [[cells[i] for i in kept] for _, cells in found],
        columns=pd.Index([names[i] for i in kept], dtype=object),
        dtype=object,
    )
    _require_size(len(frame), len(frame.columns), name)
    return Table(frame, name, "row", np.asarray([number for number, _ in found], dtype=np.int64))


def _decoded(content: bytes, name: str, options: CsvSettings) -> str:
    try:
        return content.decode(_PYTHON_ENCODING.get(options.encoding, options.encoding))
    except UnicodeError as error:
        advice = _encoding_advice(content, options.KEY)
        raise DataError(f"{name} is not {options.encoding}: {error}. {advice}") from error


def _encoding_advice(content: bytes, key: str) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return f'It begins as UTF-16 does: set {key}.encoding to "utf-16", or save it as UTF-8.'
    return f"Save it as UTF-8 or set {key}.encoding."


def table_of_text(text: str, name: str, options: CsvSettings, columns: Sequence[str] = ()) -> Table:
    """The rows of a text below its header. Raises DataError where it is empty, uneven or too large."""
    records = _records(text, name, options)
    header = next(records, None)
    if header is None:
        raise DataError(f"{name} is empty. Give a header line and at least two periods.")
    names = [cell.strip() for cell in header[1]]
    if not set(columns) <= set(names) and (advice := layout_advice(text, options, columns)):
        raise DataError(f"{name}, line {header[0]}: {advice}")
    if len(names) == 1 and (advice := one_cell_header(names[0], columns, options)):
        raise DataError(f"{name}: {advice}")
    most = MOST_CELLS // max(len(names), 1)
    found = list(islice(records, most + options.skip_footer + 1))
    found = found[: len(found) - options.skip_footer]
    _require_size(len(found), len(names), name)
    _require_even(found, len(names), name, options)
    if not found:
        raise DataError(f"{name} has a header but no rows. Give at least two periods.")
    frame = pd.DataFrame([cells for _, cells in found], columns=pd.Index(names, dtype=object), dtype=object)
    return Table(frame, name, "line", np.asarray([line for line, _ in found], dtype=np.int64))


def _require_even(found: list[tuple[int, list[str]]], width: int, name: str, options: CsvSettings) -> None:
    ragged = [(row, line, len(cells)) for row, (line, cells) in enumerate(found) if len(cells) != width]
    if not ragged:
        return
    fix = "Put cells that hold the separator in double quotes."
    rows = [row for row, _, _ in ragged]
    if rows[0] == len(found) - len(rows) and len(rows) < len(found) and all(size < width for _, _, size in ragged):
        line = options.line(skip_footer=options.skip_footer + len(rows))
        fix = f"They are the last of the file: if they are remarks or totals, delete them or set {line}."
    problems = Problems(name)
    problems.add(
        f"{len(ragged)} rows do not have the {width} cells of the header.",
        fix,
        (f"line {line}: {size} cells" for _, line, size in ragged),
        len(ragged),
    )
    problems.stop_if_any()


def _records(text: str, name: str, options: CsvSettings) -> Iterator[tuple[int, list[str]]]:
    """(line on which the record starts, cells) of every line below ``skip_rows`` that is not empty."""
    lines = io.StringIO(text, newline="")
    skipped = sum(1 for _ in islice(lines, options.skip_rows))
    reader = csv.reader(lines, delimiter=options.separator, strict=True)
    start = skipped + 1
    try:
        for cells in reader:
            if any(cells):
                yield start, cells
            start = skipped + reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{name}, line {skipped + reader.line_num}: {error}. Correct the quoting of that line."
        ) from error
