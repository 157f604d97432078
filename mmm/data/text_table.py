"""Long tables, of journeys or orders, in DuckDB: every cell as text with its row, and what is wrong with them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from mmm.data.csv_settings import PlainCsv
from mmm.data.problems import ROWS_SHOWN, Problems, nearest, shown
from mmm.data.settings import QuerySettings
from mmm.errors import DataError
from mmm.files import Wanted, open_regular

MOST_BYTES = 20_000_000_000
_ADVICE = "Correct the path in the settings (it is relative to the settings file)."


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own in memory, which may spill to a temporary folder."""
    config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "1500MB", "threads": 2}
    with TemporaryDirectory(prefix="mmm-table-") as folder, duckdb.connect(config=config) as connection:
        connection.execute(f"SET temp_directory = '{_text(folder)}'")
        # A row's place in the file is its number in order of reading.
        connection.execute("SET preserve_insertion_order = true")
        yield connection


@dataclass(frozen=True)
class Column:
    """A column of the file, and the key of the settings that names it."""

    name: str
    key: str


Origin = tuple[str | QuerySettings, Path, str]
"""A file's name or a query, the folder that names are relative to, and the key of the settings that holds it."""


def told(source: str | QuerySettings, base: Path, key: str) -> str:
    """What messages call a table."""
    return str(base / source) if isinstance(source, str) else f"the query of {key}"


def load_text(
    connection: duckdb.DuckDBPyConnection, table: str, origin: Origin, columns: Mapping[str, Column], csv: PlainCsv
) -> None:
    """Make ``table`` with columns ``row`` (as a spreadsheet counts) and, as trimmed text or NULL, those asked for.

    Raises DataError where the file cannot be read, the query fails, or a column is not there.
    """
    path = told(*origin)
    reader = _reader(connection, origin, csv)
    try:
        present = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()]
        problems = Problems(path)
        for column in columns.values():
            if column.name not in present:
                problems.add(f"There is no column '{column.name}' ({column.key}).", nearest(column.name, present))
        problems.stop_if_any()
        parts = ", ".join(
            f"nullif(trim(CAST({_name(column.name)} AS VARCHAR)), '') AS {alias}" for alias, column in columns.items()
        )
        connection.execute(f"CREATE TABLE {table} AS SELECT row_number() OVER () + 1 AS row, {parts} FROM {reader}")
    except duckdb.Error as error:
        raise DataError(f"{path}: cannot be read as a table ({str(error).splitlines()[0]}).") from error
    if not count(connection, table):
        raise DataError(f"{path}: holds no rows below its header. Name the file that holds them.")


def _reader(connection: duckdb.DuckDBPyConnection, origin: Origin, csv: PlainCsv) -> str:
    """What DuckDB reads the table from; the rows of a query are fetched and checked as those of the panel are."""
    source, base, key = origin
    if not isinstance(source, str):
        from mmm.data.query import read_query  # databases and their drivers are needed by nobody else

        connection.register("rows_of_query", read_query(source, base, key).frame)
        return "rows_of_query"
    path = base / source
    with open_regular(path, Wanted("The file of journeys or orders", MOST_BYTES, DataError, _ADVICE)):
        pass  # Only whether it is a regular file that can be opened; DuckDB reads it.
    if path.suffix.lower() in (".parquet", ".pq"):
        return f"read_parquet('{_text(path)}')"
    options = f"header = true, all_varchar = true, delim = '{_text(csv.separator)}', quote = '\"', escape = '\"'"
    return f"read_csv('{_text(path)}', {options})"


@dataclass(frozen=True)
class Checker:
    """Records rows of one table that break a rule."""

    connection: duckdb.DuckDBPyConnection
    table: str
    problems: Problems

    def demand(self, broken: str, rule: str, fix: str, show: str) -> None:
        """Record the rows where the condition ``broken`` holds; ``{n}`` in ``rule`` becomes their number."""
        number = count(self.connection, self.table, broken)
        if not number:
            return
        query = f"SELECT row, {show} FROM {self.table} WHERE {broken} ORDER BY row LIMIT {ROWS_SHOWN}"
        lines = [f"row {row[0]}: {', '.join(map(shown, row[1:]))}" for row in self.connection.execute(query).fetchall()]
        self.problems.add(rule.format(n=f"{number:,}"), fix, lines, number)


def number_sql(column: str, csv: PlainCsv) -> str:
    """SQL of a text column as a number under the settings' signs; NULL where it is none.

    A thousands sign counts only where it stands at groups of three; anywhere else the cell is no number.
    """
    sign = re.escape(csv.sign)
    whole = r"\d+"
    if csv.thousands is not None:
        whole = rf"(\d+|\d{{1,3}}({re.escape(csv.thousands)}\d{{3}})+)"
    pattern = rf"[+-]?({whole}({sign}\d*)?|{sign}\d+)([eE][+-]?\d+)?"
    text = column
    if csv.thousands is not None:
        text = f"replace({text}, '{_text(csv.thousands)}', '')"
    if csv.sign == ",":
        text = f"replace({text}, ',', '.')"
    return f"CASE WHEN regexp_full_match({column}, '{_text(pattern)}') THEN TRY_CAST({text} AS DOUBLE) END"


def demand_plain(check: "Checker", column: str, name: str, csv: PlainCsv, key: str) -> None:
    """Record amounts that could as well hold thousands: 1.234 beside 998, and no other decimals."""
    if csv.decimal is not None or csv.thousands is not None:
        return
    pointed = f"regexp_matches({column}, '[.]')"
    grouped = f"regexp_full_match({column}, '[+-]?[1-9]\\d{{0,2}}([.]\\d{{3}})+')"
    if count(check.connection, check.table, f"{pointed} AND NOT {grouped}"):
        return
    check.demand(
        f"{pointed}",
        f"Column '{name}' holds {{n}} amounts such as 1.234, which may be thousands or decimals.",
        f"Say which: {key}: {{thousands: '.'}}, or {{decimal: '.'}}.",
        column,
    )


def count(connection: duckdb.DuckDBPyConnection, table: str, where: str = "true") -> int:
    """Rows of a table for which the condition holds."""
    return int(one(connection, f"SELECT count(*) FROM {table} WHERE {where}"))


def one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    """The single value of a query."""
    row = connection.execute(query).fetchone()
    return None if row is None else row[0]


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: object) -> str:
    return str(value).replace("'", "''")
