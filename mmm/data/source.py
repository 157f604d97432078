"""A table from wherever the settings say that it is: a file, or a query."""

from collections.abc import Sequence
from pathlib import Path

from mmm.data.csv_settings import CsvSettings
from mmm.data.read import Table, read_file
from mmm.data.settings import QuerySettings


def read_source(
    source: str | QuerySettings, base: Path, options: CsvSettings, key: str, columns: Sequence[str] = ()
) -> Table:
    """The table of a file (:func:`mmm.data.read.read_file`) or of a query (:func:`mmm.data.query.read_query`)."""
    if isinstance(source, str):
        return read_file(base / source, options, key, columns)
    from mmm.data.query import read_query  # databases and their drivers are needed by nobody else

    return read_query(source, base, key)
