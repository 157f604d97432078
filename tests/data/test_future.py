"""What is known of the periods after the data: read beside them, or refused with what to do."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmm.data.load import load
from mmm.data.settings import DataSettings
from mmm.errors import DataError

WEEKS, AHEAD = 60, 13
SETTINGS: dict[str, Any] = {
    "source": "data.csv",
    "geo": "region",
    "target": {"column": "sales"},
    "currency": "EUR",
    "channels": {
        "tv": "tv",
        "video": {"spend": "video", "media": "views"},
        "news": {"role": "organic", "media": "mails"},
    },
    "controls": {"price": "price", "event": {"column": "event", "categorical": True}},
    "future": {"source": "future.csv", "costs": {"video": "cost of a view"}},
}


def table(first: str, weeks: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    dates = pd.date_range(first, periods=weeks, freq="7D")
    rows = 2 * weeks
    return pd.DataFrame(
        {
            "date": np.repeat(dates.strftime("%Y-%m-%d"), 2),
            "region": ["north", "south"] * weeks,
            "sales": np.round(1000 + 50 * rng.standard_normal(rows), 1),
            "tv": np.round(rng.gamma(2, 50, rows), 2),
            "video": np.round(rng.gamma(2, 20, rows), 2),
            "views": np.round(rng.gamma(2, 4000, rows)),
            "mails": np.round(rng.gamma(2, 500, rows)),
            "price": np.round(10 + 0.3 * rng.standard_normal(rows), 2),
            "event": np.where(rng.random(rows) < 0.3, "fair", "none"),
            "cost of a view": 0.01 + 0.001 * rng.random(rows),
        }
    )


def ahead(weeks: int = AHEAD) -> pd.DataFrame:
    last = pd.Timestamp("2023-01-02") + pd.Timedelta(weeks=WEEKS)
    return table(f"{last:%Y-%m-%d}", weeks)[["date", "region", "mails", "price", "event", "cost of a view"]]


def read(folder: Path, known: pd.DataFrame, **changes: Any) -> Any:
    table("2023-01-02", WEEKS).drop(columns="cost of a view").to_csv(folder / "data.csv", index=False)
    known.to_csv(folder / "future.csv", index=False)
    return load(DataSettings.model_validate(SETTINGS | changes), folder)


def test_the_table_is_read_beside_the_data(tmp_path: Path) -> None:
    frame = ahead()
    found = read(tmp_path, frame.iloc[::-1])
    future = found.future
    assert list(future.dates) == list(found.frequency.following(found.dates[-1], AHEAD))
    assert set(future.controls) == {"price", "event: none"}
    np.testing.assert_allclose(future.controls["price"], frame["price"].to_numpy().reshape(AHEAD, 2))
    np.testing.assert_array_equal(future.controls["event: none"], (frame["event"] == "none").to_numpy().reshape(-1, 2))
    np.testing.assert_allclose(future.media["news"], frame["mails"].to_numpy().reshape(AHEAD, 2))
    np.testing.assert_allclose(future.costs["video"], frame["cost of a view"].to_numpy().reshape(AHEAD, 2))
    other = read(tmp_path, frame.assign(price=9.0))
    assert other.fingerprint == found.fingerprint == replace(found, future=None).fingerprint
    assert other.future.fingerprint != future.fingerprint


def test_a_part_of_the_columns_will_do_and_rows_of_the_past_are_not_read(tmp_path: Path) -> None:
    past = table("2023-01-02", WEEKS)[["date", "region", "price"]]
    both = pd.concat([past, ahead()[["date", "region", "price"]]])
    found = read(tmp_path, both, future="future.csv")
    assert set(found.future.controls) == {"price"}
    assert not found.future.media
    assert len(found.future.dates) == AHEAD


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.iloc[2:], "is missing"),
        (lambda f: pd.concat([f, f.iloc[:1]]), "has a period twice"),
        (lambda f: f.assign(region=f["region"] + " 2"), "is missing"),
        (lambda f: f.assign(event="wedding"), "a level that the data do not have: 'wedding'"),
        (lambda f: f.assign(price=f["price"].where(f.index != 3)), "price"),
        (lambda f: f.assign(mails=-1.0), "mails"),
        (lambda f: f.drop(columns="cost of a view"), r"'cost of a view' \(data.future.costs\) is not there"),
        (lambda f: f.drop(columns="region"), "column 'region' is not there"),
        (lambda f: f.assign(**{"cost of a view": 0.0}), "must be above 0"),
        (lambda f: f.assign(price="cheap"), "price"),
        (lambda f: f.assign(date="2023-01-02"), "has no period after the data"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, change: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, change(ahead()))


def test_settings_name_paid_channels_with_media(tmp_path: Path) -> None:
    for name in ("tv", "news", "radio"):
        with pytest.raises(ValueError, match=f"future.costs names '{name}'"):
            read(tmp_path, ahead(), future={"source": "future.csv", "costs": {name: "cost of a view"}})
    with pytest.raises(DataError, match=r"no column of a control"):
        read(tmp_path, ahead()[["date", "region"]], future="future.csv")
