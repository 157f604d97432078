"""Whole journeys, as other tools export them (path, conversions, value, journeys without one), into steps."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from mmm.attribution.read import Reconciliation
from mmm.attribution.settings import GROUPS, AttributionSettings
from mmm.data.problems import Problems
from mmm.data.text_table import Checker, Column, demand_plain, load_text, number_sql, told
from mmm.errors import DataError


def read_paths(connection: duckdb.DuckDBPyConnection, settings: AttributionSettings, base: Path) -> Reconciliation:
    """Fill ``step`` from a table of paths, its journeys dealt out at random to the groups of the bootstrap.

    Raises DataError with everything that is wrong with the file.
    """
    paths = settings.paths
    if paths is None:
        raise DataError("attribution.paths is not set.")
    names = [n for n in ("path", "conversions", "value", "nulls") if getattr(paths, n) is not None]
    columns = {name: Column(getattr(paths, name), f"attribution.paths.{name}") for name in names}
    key = "attribution.paths.source"
    load_text(connection, "path_text", (paths.source, base, key), columns, paths.csv)
    problems = Problems(told(paths.source, base, key))
    check = Checker(connection, "path_text", problems)
    check.demand("path IS NULL", f"Column '{paths.path}' is empty in {{n}} rows.", "Name the channels.", "conversions")
    for name in names[1:]:
        number = number_sql(name, paths.csv)
        whole = "" if name == "value" else f" OR {number} <> floor({number})"
        kind = "amounts" if name == "value" else "whole numbers"
        check.demand(
            f"coalesce(NOT ({number} BETWEEN 0 AND 1e15){whole}, true)",
            f"Column '{getattr(paths, name)}' holds {{n}} cells that are no {kind} of 0 or more.",
            "Correct them.",
            name,
        )
    if paths.value is not None:
        demand_plain(check, "value", paths.value, paths.csv, "attribution.paths.csv")
    problems.stop_if_any()
    frame = connection.execute(
        "SELECT row, path, "
        + ", ".join(f"{number_sql(name, paths.csv)} AS {name}" for name in names[1:])
        + " FROM path_text ORDER BY row"
    ).df()
    frame = frame.reindex(columns=["row", "path", "conversions", "value", "nulls"])
    _deal(connection, frame, paths.separator.strip(), settings.seed, problems)
    conversions = int(frame["conversions"].sum())
    value = None if paths.value is None else float(frame["value"].sum())
    journeys = conversions + int(frame["nulls"].fillna(0).sum())
    touches = sum(len(channels) for channels in frame["path"].str.split(paths.separator.strip(), regex=False))
    return Reconciliation(
        touches=touches, expired=0, repeated=0, conversions=conversions, credited=conversions, without_touch=0,
        value=value, value_without_touch=None if value is None else 0.0, refunds=0, persons=journeys, journeys=journeys,
    )  # fmt: skip


def _deal(
    connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame, separator: str, seed: int, problems: Problems
) -> None:
    """Rows of ``step`` by path and group."""
    split = [[name.strip() for name in path.split(separator)] for path in frame["path"]]
    empty = [place for place, channels in enumerate(split) if not all(channels)]
    if empty:
        problems.add(
            f"{len(empty)} paths hold a channel without a name.",
            f"Correct them, or set attribution.paths.separator ('{separator}').",
            (f"row {frame['row'].iloc[place]}: {frame['path'].iloc[place][:60]}" for place in empty),
            len(empty),
        )
        problems.stop_if_any()
    rng = np.random.default_rng(seed)
    shares = np.full(GROUPS, 1.0 / GROUPS)
    conversions = rng.multinomial(frame["conversions"].to_numpy(dtype=np.int64), shares)
    nulls = rng.multinomial(frame["nulls"].fillna(0).to_numpy(dtype=np.int64), shares)
    path, group = np.nonzero(conversions + nulls)
    converted = conversions[path, group]
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(frame["conversions"] > 0, frame["value"] / frame["conversions"], 0.0)
    dealt = pd.DataFrame(
        {
            "journey": np.arange(len(path)), "path": path, "bucket": group, "converted": converted.astype(np.float64),
            "nulls": nulls[path, group].astype(np.float64), "value": converted * each[path],
        }
    )  # fmt: skip
    steps = pd.DataFrame(
        [
            (place, number, len(channels), channel)
            for place, channels in enumerate(split)
            for number, channel in enumerate(channels, start=1)
        ],
        columns=["path", "place", "length", "channel"],
    )
    connection.register("dealt", dealt)
    connection.register("steps", steps)
    connection.execute(
        "CREATE TABLE step AS SELECT d.journey, d.bucket, s.place, s.length, s.channel, CAST(NULL AS DOUBLE) AS age, "
        "d.converted, d.nulls, d.value FROM dealt d JOIN steps s USING (path)"
    )
