"""Data from where they live: a query over files (DuckDB), or over a database whose address an environment variable has.

A query reads and does nothing else: one SELECT, extensions are neither installed nor loaded, a database is asked in a
read-only transaction. What comes back is a table like that of a file, and is checked like one.
"""

import decimal
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from mmm.data.read import MOST_CELLS, Table, table_of_frame
from mmm.data.settings import QuerySettings
from mmm.databases import address_of, connect_engine, told
from mmm.errors import DataError

KEY = "data.source"
_BATCH = 50_000
_READ_ONLY = {
    "sqlite": "pragma query_only = 1",
    "postgresql": "set transaction read only",
    "mysql": "set session transaction read only",
    "mariadb": "set session transaction read only",
}


class NoRowsError(DataError):
    """A query without rows: nothing to look at, but what it gave before may be said."""


def read_query(source: QuerySettings, base: Path, key: str = KEY) -> Table:
    """The rows of a query; files in it are relative to ``base``, ``key`` names it in messages. Rows count from 0.

    Raises DataError for a query that is no single SELECT, fails, or gives no rows or too many.
    """
    frame = _of_files(source.query, base, key) if source.address is None else _of_database(source, key)
    if frame.empty:
        raise NoRowsError(f"The query of {key} returns no rows ({len(frame.columns)} columns). Correct its conditions.")
    return table_of_frame(frame, f"the query of {key}")


def _of_files(query: str, base: Path, key: str) -> pd.DataFrame:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "threads": 2,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        try:
            connection.execute(f"set file_search_path = '{_quoted(str(base.resolve()))}'")
            connection.execute("set lock_configuration = true")
            statements = connection.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise DataError(f"{key}.query must be one SELECT; it holds {len(statements)} statements or another.")
            found = connection.sql(query)
            width = len(found.columns)
            table = found.limit(MOST_CELLS // width + 1).to_arrow_table()
            _require_few(table.num_rows, width, key)
        except (duckdb.Error, pa.ArrowException) as error:
            said = str(error).strip().splitlines()[0]
            where = "Files in it are relative to the settings file."
            raise DataError(f"The query of {key} failed: {said}. {where}") from None
    return _plain(table)


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _plain(table: pa.Table) -> pd.DataFrame:
    """Decimals as floats, all else as Arrow has it."""
    fields = [pa.field(f.name, pa.float64()) if pa.types.is_decimal(f.type) else f for f in table.schema]
    frame = table.cast(pa.schema(fields)).replace_schema_metadata(None).to_pandas()
    return pd.DataFrame(frame)


def _of_database(source: QuerySettings, key: str) -> pd.DataFrame:
    url = address_of(source.address or "", f"{key}.address", DataError)
    engine = connect_engine(url, f"{key}.address", DataError)
    try:
        with engine.connect() as connection:
            read_only = _READ_ONLY.get(engine.dialect.name)
            if read_only is not None:
                connection.exec_driver_sql(read_only)
            # As it is written: neither colons nor percent signs mean anything to the driver.
            found = connection.execution_options(no_parameters=True).exec_driver_sql(source.query)
            if not found.returns_rows:
                raise DataError(f"{key}.query returns no table. Give one SELECT.")
            names, rows = list(found.keys()), []
            while part := found.fetchmany(_BATCH):
                rows += [tuple(map(_number, row)) for row in part]
                _require_few(len(rows), len(names), key)
    except sa.exc.SQLAlchemyError as error:
        raise DataError(f"The query of {key} on the database of {source.address} failed: {told(error, url)}.") from None
    frame = pd.DataFrame(rows, columns=pd.Index(range(len(names))))
    frame.columns = pd.Index(names)
    return frame


def _number(value: object) -> object:
    return float(value) if isinstance(value, decimal.Decimal) else value


def _require_few(rows: int, columns: int, key: str) -> None:
    if rows * max(columns, 1) > MOST_CELLS:
        raise DataError(
            f"The query of {key} returns more than {MOST_CELLS:,} cells. Sum the rows to days or weeks in the query."
        )
