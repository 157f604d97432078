"""Files that somebody names, each as a table with the way in which it has to be read."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.data.cells import FloatArray, texts
from mmm.data.columns import NumberColumns
from mmm.data.csv_settings import CsvSettings
from mmm.data.dates import DateArray, DateOptions, parse_dates
from mmm.data.exports.layout import Layout, Signs, layout_of, signs_of
from mmm.data.labels import EXCEL, fitting_formats, of_serial
from mmm.data.marks import amount, undressed
from mmm.data.problems import Problems
from mmm.data.query import read_query
from mmm.data.read import MOST_BYTES, MOST_UNPACKED, Table, read_file
from mmm.data.read_coarse import first_days
from mmm.data.settings import QuerySettings
from mmm.errors import DataError, SettingsError
from mmm.files import Wanted, files_below, matching_files, read_bytes, unpack_gzip

TABLES = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet", ".pq", ".xlsx", ".xlsm")
_WANTED = Wanted(
    "The table", MOST_BYTES, DataError, "Give a file, a folder, a pattern such as 'exports/*.csv' or a query."
)
_MOST_FILES = 200
_LOOKED_AT = 400
_FEW = 0.1
"""Share of cells that may be no days."""
_LONGEST = 40


@dataclass(frozen=True)
class DateLook:
    """How a column is read as days: the format to state, where one is needed, and others that fit as well."""

    column: str
    days: DateArray
    date_format: str | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sight:
    """A table and how it has to be read. ``path`` is None for a query."""

    path: Path | None
    query: str | None
    table: Table
    layout: Layout | None
    signs: Signs = field(default_factory=lambda: Signs({}))

    @property
    def name(self) -> str:
        return "query" if self.path is None else self.path.name

    @property
    def options(self) -> dict[str, object]:
        """What ``data.csv`` has to state."""
        return {**({} if self.layout is None else self.layout.options), **self.signs.stated}

    @property
    def csv(self) -> CsvSettings:
        return CsvSettings.model_validate(self.options)

    @property
    def columns(self) -> list[str]:
        return self.table.columns

    def cells(self, column: str) -> "pd.Series[Any]":
        return self.table.frame.iloc[:, self.columns.index(column)]

    def numbers(self, column: str) -> FloatArray | None:
        """The column as numbers, NaN where a cell is none; None where most of the filled cells are none."""
        name = self.columns.index(column)
        frame = pd.DataFrame({column: self.table.frame.iloc[:, name]})
        if pd.api.types.is_bool_dtype(frame[column].dtype):
            return frame[column].to_numpy(dtype=np.float64)
        reading = NumberColumns.of(frame, [column], _Written(self.csv, ""), str, Problems(self.name))
        values = reading.values(column)
        filled = int((~texts(frame[column])[1]).sum())
        return values if filled and np.isfinite(values).sum() > 0.5 * filled else None


@dataclass(frozen=True)
class _Written:
    csv: CsvSettings
    currency: str


def see_query(query: str, base: Path) -> Sight:
    """What a query over files relative to ``base`` gives. Raises DataError where it fails."""
    return Sight(None, query, read_query(QuerySettings(query=query), base), None)


def named_paths(text: str, base: Path) -> list[Path]:
    """The files that a path, a folder or a pattern names. Raises DataError or SettingsError where there are none."""
    path = base / text
    if path.is_dir():
        inside = [p for p in files_below(path, _WANTED, 10_000) if p.name.lower().endswith(TABLES)]
        inside = [p for p in inside if not p.name.startswith(("~$", "."))]
        if not inside:
            raise DataError(f"The folder '{text}' holds no table ({', '.join(TABLES)}).")
        if len(inside) > _MOST_FILES:
            raise SettingsError(f"The folder '{text}' holds {len(inside)} tables; at most {_MOST_FILES} are looked at.")
        return inside
    return matching_files(text, base, _WANTED)


def see(path: Path) -> Sight:
    """One file. Raises DataError where it cannot be read as a table."""
    kind = path.name.lower()
    if kind.endswith((".parquet", ".pq", ".xlsx", ".xlsm")):
        return Sight(path, None, read_file(path, CsvSettings(), "The table"), None)
    content = read_bytes(path, _WANTED)
    if kind.endswith(".gz"):
        content = unpack_gzip(content, path, _WANTED, MOST_UNPACKED)
    layout = layout_of(content, path.name)
    table = read_file(path, CsvSettings.model_validate(layout.options), "The table")
    sight = Sight(path, None, table, layout)
    numeric = [list(sight.cells(c)) for c in dict.fromkeys(sight.columns) if _digits(sight.cells(c))]
    return Sight(path, None, sight.table, layout, signs_of(numeric, layout.separator))


def _digits(cells: "pd.Series[Any]") -> bool:
    """Whether most of the filled cells are a number in some style, and not days."""
    filled = [cell.strip() for cell in cells.iloc[:_LOOKED_AT] if isinstance(cell, str) and cell.strip()]
    if not filled or day_look("", cells.iloc[:_LOOKED_AT]) is not None:
        return False
    numbers = [cell for cell in filled if undressed(cell).body[:1].isdigit() or undressed(cell).body[:1] in "+-."]
    plain = [n for n in numbers if all(c.isdigit() or c in " .,'+-\u00a0\u202f\u2019eE" for c in undressed(n).body)]
    return len(plain) > 0.5 * len(filled)


def day_look(column: str, cells: "pd.Series[Any]") -> DateLook | None:
    """The column as days where nearly all of its cells are; plain numbers only where a format makes steps of them."""
    filled = [cell for cell in cells if cell is not None and str(cell).strip() and cell == cell]
    text = [str(cell).strip() for cell in filled]
    if len(text) < 2 or pd.api.types.is_bool_dtype(cells.dtype):
        return None
    if all(t.isdigit() and len(t) in (5, 6) for t in text):
        return _of_digits(column, cells, text)
    numbers = all(amount(t, CsvSettings().style) is not None and not (len(t) == 8 and t.isdigit()) for t in text)
    return None if numbers else _of_texts(column, cells, text)


def _of_texts(column: str, cells: "pd.Series[Any]", text: list[str]) -> DateLook | None:
    days = _parsed(cells, None)
    if np.isnat(days).mean() <= _FEW:
        return DateLook(column, days)
    months = _parsed(first_days(cells), None)
    if not np.isnat(months).any():
        return DateLook(column, months)
    if sum(c.isdigit() for c in text[0]) < 4 or len(text[0]) > _LONGEST:
        return None
    formats = [f for f in fitting_formats(list(dict.fromkeys(text))[:_LOOKED_AT]) if "%V" not in f or _weeks(text)]
    for date_format in formats:
        days = _parsed(cells, date_format)
        if np.isnat(days).mean() <= _FEW:
            return DateLook(column, days, date_format, tuple(f for f in formats if f != date_format))
    return None


def _weeks(text: list[str]) -> bool:
    """Whether what may be weeks of a year goes beyond 12: otherwise they are months."""
    return max((int(part) for t in text for part in re.findall(r"\d+", t) if len(part) < 3), default=0) > 12


def _of_digits(column: str, cells: "pd.Series[Any]", text: list[str]) -> DateLook | None:
    """ISO weeks as 202405, or serial numbers of a spreadsheet."""
    if all(len(t) == 6 for t in text):
        days = _parsed(cells, "%G%V")
        weeks = {t[4:] for t in text}
        ok = not np.isnat(days).any() and (max(weeks) > "12" or len(weeks) > 12)
        return DateLook(column, days, "%G%V") if ok else None
    if any(of_serial(t) is None for t in text):
        return None
    days = _parsed(cells, EXCEL)
    steps = np.diff(np.unique(days)).astype("timedelta64[D]").astype(int)
    return DateLook(column, days, EXCEL) if steps.size and np.median(steps) in (1, 7) else None


def _parsed(cells: "pd.Series[Any]", date_format: str | None) -> DateArray:
    days, usable = parse_dates(cells, DateOptions(date_format), str, "", Problems(""))
    return np.where(usable, days, np.datetime64("NaT", "ns"))
