"""Panels from queries: over files, over SQLite and over a real PostgreSQL; what changed since the last run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import postgres
import pytest
import sqlalchemy as sa

from mmm.data.dataset import Dataset
from mmm.data.load import from_frame, load
from mmm.data.settings import DataSettings
from mmm.errors import DataError

FRAME = pd.DataFrame(
    {
        "day": pd.date_range("2024-01-01", periods=60, freq="7D"),
        "revenue": np.round(1000 + 50 * np.sin(np.arange(60)), 2),
        "tv_spend": np.arange(60) % 7 * 10.25,
        "search: 100%": np.arange(60) % 5 * 3.0,
    }
)
QUERY = "select \"day\", revenue, tv_spend, \"search: 100%\" from sales where revenue > 0 and '5%' <> ':x' order by 1"


def settings(source: dict[str, str] | str, **changes: Any) -> DataSettings:
    document = {
        "source": source, "date": "day", "target": {"column": "revenue"}, "currency": "EUR",
        "channels": {"tv": "tv_spend", "search": "search: 100%"}, **changes,
    }  # fmt: skip
    return DataSettings.model_validate(document)


def expected() -> Dataset:
    return from_frame(FRAME, settings("none"))


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.running() as found:
        yield found


@pytest.mark.parametrize(
    "query",
    [
        "select * from 'sales/*.parquet'",
        "select a.*, b.\"search: 100%\" from 'sales/*.parquet' a join 'search.csv' b using (day)",
        "with x as (from 'sales/*.parquet') select * replace (tv_spend::decimal(12, 2) as tv_spend) from x",
    ],
)
def test_a_query_over_files_gives_the_panel_of_the_file(tmp_path: Path, query: str) -> None:
    (tmp_path / "sales").mkdir()
    whole = FRAME.drop(columns="search: 100%") if "join" in query else FRAME
    for part, rows in enumerate((slice(0, 25), slice(25, None))):
        whole.iloc[rows].to_parquet(tmp_path / f"sales/{part}.parquet")
    FRAME[["day", "search: 100%"]].to_csv(tmp_path / "search.csv", index=False)
    found = load(settings({"query": query}), tmp_path)
    assert found.fingerprint == expected().fingerprint
    assert found.notes == expected().notes


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_query_on_a_database_gives_the_panel_of_the_file(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    address = (
        f"sqlite:///{tmp_path / 'sales.db'}" if kind == "sqlite" else request.getfixturevalue("server").new_database()
    )
    engine = sa.create_engine(address.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    FRAME.to_sql("sales", engine, index=False, dtype={"tv_spend": sa.Numeric(12, 2), "day": sa.Date()})
    monkeypatch.setenv("MMM_SALES", address)
    found = load(settings({"query": QUERY, "address": "MMM_SALES"}), tmp_path)
    assert found.fingerprint == expected().fingerprint
    # Nothing but reading, and no word of where.
    for query in (
        "delete from sales",
        "insert into sales (revenue) values (1) returning revenue",
        "select * from nowhere",
    ):
        with pytest.raises(DataError, match=r"MMM_SALES|returns no table") as told:
            load(settings({"query": query, "address": "MMM_SALES"}), tmp_path)
        assert str(tmp_path) not in str(told.value)
        assert postgres.USER not in str(told.value)
    with engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from sales")).scalar() == len(FRAME)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("copy (select 1) to 'out.csv'", "must be one SELECT"),
        ("select 1; select 2", "must be one SELECT"),
        ("install httpfs", "must be one SELECT"),
        ("select * from 'http://127.0.0.1:1/x.csv'", "failed"),
        ("select * from 'nowhere.csv'", "No files found.*relative to the settings file"),
        ("from from", "syntax error"),
        ("select 1 as day where false", r"returns no rows \(1 columns\)"),
        ("select 1 as day", r"Column 'revenue' \(data.target.column\) is not there"),
        ("select * from range(20_000_000) a", "more than 10,000,000 cells"),
    ],
)
def test_a_query_that_cannot_be_used_is_said(tmp_path: Path, query: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        load(settings({"query": query}), tmp_path)
    assert not (tmp_path / "out.csv").exists()


def test_what_changed_since_the_last_run_is_said(tmp_path: Path) -> None:
    source = settings({"query": "select * from 'sales.csv'"})

    def write(frame: pd.DataFrame) -> None:
        frame.to_csv(tmp_path / "sales.csv", index=False)

    write(FRAME)
    assert load(source, tmp_path).notes == expected().notes
    write(FRAME.rename(columns={"tv_spend": "tv"}).astype({"revenue": str}).replace({"revenue": {"1000.0": "n/a"}}))
    with pytest.raises(DataError) as told:
        load(source, tmp_path)
    for words in (
        "column 'tv_spend' is gone",
        "column 'tv' is new",
        "column 'revenue' held numbers and holds texts now",
    ):
        assert words in str(told.value)
    write(FRAME.iloc[:0])
    with pytest.raises(DataError, match=r"no rows(.|\n)*returned 60 rows"):
        load(source, tmp_path)
    write(FRAME.iloc[:58].assign(more=1))
    notes = load(source, tmp_path).notes
    assert any("column 'more' is new; it returned 60 rows and returns 58 now" in note for note in notes)
    assert load(source, tmp_path).notes == expected().notes


def test_the_memory_of_a_query_that_is_damaged_is_no_hindrance(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "sales.csv", index=False)
    source = settings({"query": "select * from 'sales.csv'"})
    load(source, tmp_path)
    memory = next((tmp_path / ".mmm/queries").iterdir())
    assert json.loads(memory.read_text())["rows"] == 60
    memory.write_text("[]")
    assert load(source, tmp_path).fingerprint == expected().fingerprint
