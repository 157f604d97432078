"""What a query gave at its last run, so that a change of its columns, types or rows is said."""

import datetime as dt
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api import types

from mmm.data.read import Table
from mmm.data.settings import QuerySettings
from mmm.errors import DataError
from mmm.files import Wanted, read_json, write_whole
from mmm.hashes import of_data

FOLDER = Path(".mmm") / "queries"
"""Beside the settings file."""
_FILE = Wanted("What a query gave at its last run,", 1_000_000, DataError)


def path_of(source: QuerySettings, base: Path) -> Path:
    """The file that remembers this query: another text or another database is another query."""
    name = of_data([source.query, source.address])[:24]
    return base / FOLDER / f"{name}.json"


def kind(column: "pd.Series[Any]") -> str:
    """What a column holds: numbers, truth values, dates or texts."""
    if types.is_bool_dtype(column):
        return "truth values"
    if types.is_numeric_dtype(column):
        return "numbers"
    if types.is_datetime64_any_dtype(column):
        return "dates"
    known = column.dropna()
    return "dates" if len(known) and known.map(lambda cell: isinstance(cell, dt.date)).all() else "texts"


def columns_of(table: Table) -> dict[str, str]:
    """Kind by name of column."""
    return {name: kind(table.frame.iloc[:, place]) for place, name in enumerate(table.columns)}


def changes_since(path: Path, table: Table | None) -> list[str]:
    """What is other than at the last run, a sentence each; ``table`` is None where there are no rows now."""
    try:
        before = read_json(path, _FILE)
        day, rows, then = str(before["day"]), int(before["rows"]), dict(before["columns"])
    except (DataError, KeyError, TypeError, ValueError):
        return []
    if table is None:
        return [f"On {day} the query of data.source returned {rows:,} rows."]
    now = columns_of(table)
    said = [f"column '{name}' is gone" for name in then if name not in now]
    said += [f"column '{name}' is new" for name in now if name not in then]
    other = [name for name in then if now.get(name, then[name]) != then[name]]
    said += [f"column '{name}' held {then[name]} and holds {now[name]} now" for name in other]
    if len(table.frame) < rows:
        said.append(f"it returned {rows:,} rows and returns {len(table.frame):,} now")
    return [f"Since the last run of the query of data.source, on {day}: {'; '.join(said)}."] if said else []


def remember(path: Path, table: Table) -> None:
    """Keep what the query gave; where the folder cannot be written to, nothing is said of the next change."""
    found = {"day": f"{dt.datetime.now(dt.UTC).date()}", "rows": len(table.frame), "columns": columns_of(table)}
    with suppress(OSError):
        write_whole(path, json.dumps(found, ensure_ascii=False) + "\n")
