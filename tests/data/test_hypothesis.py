"""Whatever comes in, what comes out is a Dataset with a report or an error of the workbench."""

import datetime as dt
import string
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mmm.data.load import from_frame, load
from mmm.data.quality import quality_report
from mmm.data.settings import DataSettings
from mmm.errors import DataError, MMMError

QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SETTINGS = DataSettings.model_validate(
    {
        "source": "a.csv",
        "geo": "geo",
        "target": {"column": "y"},
        "currency": "EUR",
        "channels": {"a": "a", "b": {"spend": "b", "media": "m"}},
        "controls": {"c": "c", "k": {"column": "k", "categorical": True}},
        "population": "p",
    }
)
COLUMNS = ["date", "geo", "y", "a", "b", "m", "c", "k", "p"]

number = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(10**400), 10**400),
    st.decimals(),
    st.complex_numbers(),
    st.booleans(),
)
moment = st.one_of(st.dates(), st.datetimes(), st.datetimes(timezones=st.just(dt.UTC)))
cell = st.one_of(st.none(), st.text(max_size=8), number, moment, st.binary(max_size=4), st.just(pd.NA), st.just(pd.NaT))


@QUICK
@given(st.lists(st.tuples(*[cell] * len(COLUMNS)), max_size=6))
def test_arbitrary_cells(rows: list[tuple[Any, ...]]) -> None:
    frame = pd.DataFrame({name: pd.Series([row[i] for row in rows], dtype=object) for i, name in enumerate(COLUMNS)})
    with pytest.raises(MMMError):
        from_frame(frame, SETTINGS)


COLUMN_KINDS = ("zero", "one", "tiny", "huge", "lognormal", "wild", "sparse", "once", "steps", "linear")


def column(kind: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """Legal cells of a given character."""
    wild = np.clip(np.exp(rng.normal(0, 12, size)), 1e-29, 1e15)
    made = {
        "zero": np.zeros(size),
        "one": np.ones(size),
        "tiny": np.full(size, 1e-29),
        "huge": rng.uniform(0.9e15, 1e15, size),
        "lognormal": rng.lognormal(3, 0.5, size),
        "wild": wild,
        "sparse": np.where(rng.random(size) < 0.1, wild, 0.0),
        "once": np.where(np.arange(size) == rng.integers(size), 1e15, 0.0),
        "steps": rng.integers(0, 3, size).astype(float),
        "linear": np.arange(size) * 1e12 / size,
    }
    return made[kind]


@QUICK
@given(
    weeks=st.integers(2, 70),
    geos=st.integers(1, 3),
    kinds=st.tuples(*[st.sampled_from(COLUMN_KINDS)] * 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_extreme_panels(weeks: int, geos: int, kinds: tuple[str, ...], seed: int) -> None:
    """Legal cells of any size load, and the quality report has its say about them without an accident."""
    rng = np.random.default_rng(seed)
    size = weeks * geos
    frame = pd.DataFrame({name: column(kind, rng, size) for name, kind in zip("yabmc", kinds, strict=True)}).assign(
        date=np.tile(pd.date_range("2021-01-04", periods=weeks, freq="7D"), geos),
        geo=np.repeat([f"g{i}" for i in range(geos)], weeks),
        k=rng.choice(["x", "y", "<z>"], size),
        p=7.0,
    )
    try:
        dataset = from_frame(frame, SETTINGS)
    except DataError as error:
        known = (
            "in every period",
            "repeats the target",
            "Nothing can be learned of",
            "zeros at an end",
            "is 0 throughout",
        )
        assert any(rule in str(error) for rule in known)  # noqa: PT017
        return
    report = quality_report(dataset)
    assert len(report.table()) == len(report.findings)
    assert "<table" in dataset._repr_html_()


@QUICK
@given(st.text(alphabet=[*string.printable, "é", "\0", "\ufeff", "٣"], max_size=200))
def test_arbitrary_text_files(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(",".join(COLUMNS) + "\n" + text, encoding="utf-8", newline="")
    with pytest.raises(MMMError):
        load(SETTINGS, tmp_path)


@QUICK
@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.csv.gz", "a.parquet"]))
def test_arbitrary_bytes(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MMMError):
        load(SETTINGS.model_copy(update={"source": name}), tmp_path)


json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@QUICK
@given(st.fixed_dictionaries({"source": json, "target": json, "channels": json, "currency": json}, optional={
    name: json for name in DataSettings.model_fields if name not in {"source", "target", "channels", "currency"}
}))  # fmt: skip
def test_arbitrary_settings(given_settings: dict[str, Any]) -> None:
    try:
        settings_read = DataSettings.model_validate(given_settings)
    except ValidationError:
        return
    assert DataSettings.model_validate(settings_read.model_dump(mode="json")) == settings_read


def test_a_decimal_that_overflows() -> None:
    frame = pd.DataFrame({name: pd.Series([Decimal("1e999")] * 3, dtype=object) for name in COLUMNS})
    with pytest.raises(MMMError, match="infinite"):
        from_frame(frame, SETTINGS)
