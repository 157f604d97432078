"""Controls that work later, and empty cells that settings ask to fill."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmm.data.control_settings import ControlSettings
from mmm.data.dataset import Dataset
from mmm.data.filled import filled, later
from mmm.data.load import load
from mmm.data.quality import quality_report
from mmm.data.settings import DataSettings

Load = Callable[..., Dataset]
WEEKS = 30


def price(dataset: Dataset, geo: str) -> np.ndarray:
    return dataset.data["control"].sel(geo=geo, control_name="price").values


def with_gaps(frame: pd.DataFrame) -> pd.DataFrame:
    """Prices of the south empty at the start, in two weeks of the middle and at the end."""
    south = np.flatnonzero(frame["geo"] == "south")
    out = frame.copy()
    out.loc[south[[0, 10, 11, WEEKS - 1]], "price"] = np.nan
    return out.sample(frac=1.0, random_state=1)


def test_empty_cells_are_errors_unless_asked_for(frame: pd.DataFrame, refused: Callable[..., str]) -> None:
    assert "'price' is empty in 4 rows; missing values are not filled in" in refused(with_gaps(frame))


@pytest.mark.parametrize("how", ["interpolate", "last", "mean"])
def test_empty_cells_are_filled_from_their_own_geo(how: str, frame: pd.DataFrame, loaded: Load) -> None:
    found = loaded(with_gaps(frame), controls={"price": {"column": "price", "missing": how}})
    own = frame.loc[frame["geo"] == "south", "price"].to_numpy()
    known = np.delete(own, [0, 10, 11, WEEKS - 1])
    expected = {
        "interpolate": [own[1], own[9] + (own[12] - own[9]) / 3, own[9] + 2 * (own[12] - own[9]) / 3, own[-2]],
        "last": [own[1], own[9], own[9], own[-2]],
        "mean": [known.mean()] * 4,
    }[how]
    np.testing.assert_allclose(price(found, "south")[[0, 10, 11, WEEKS - 1]], expected)
    np.testing.assert_allclose(np.delete(price(found, "south"), [0, 10, 11, WEEKS - 1]), known)
    np.testing.assert_allclose(price(found, "north"), frame.loc[frame["geo"] == "north", "price"])
    said = [line.message for line in quality_report(found).findings if line.code == "note"]
    assert any("'price' is empty in 4 of 60 rows" in text and "no interval" in text for text in said), said


def test_a_geo_with_one_known_value_is_not_filled(frame: pd.DataFrame, refused: Callable[..., str]) -> None:
    out = frame.copy()
    south = np.flatnonzero(out["geo"] == "south")
    out.loc[south[1:], "price"] = np.nan
    said = refused(out, controls={"price": {"column": "price", "missing": "last"}})
    assert "'price' is empty in 29 rows" in said


def test_a_cell_that_is_no_number_is_not_empty(frame: pd.DataFrame, refused: Callable[..., str]) -> None:
    out = with_gaps(frame).astype({"price": object})
    out.iloc[3, out.columns.get_loc("price")] = "ten"
    assert "ten" in refused(out, controls={"price": {"column": "price", "missing": "mean"}})


def test_a_control_works_later_and_the_last_values_reach_ahead(frame: pd.DataFrame, loaded: Load) -> None:
    plain, found = loaded(frame), loaded(frame, controls={"price": {"column": "price", "lag": "2 weeks"}})
    for geo in plain.geos:
        np.testing.assert_array_equal(price(found, geo)[2:], price(plain, geo)[:-2])
        np.testing.assert_array_equal(price(found, geo)[:2], price(plain, geo)[0])
    assert found.future is not None
    np.testing.assert_array_equal(found.future.carried["price"], plain.data["control"].values[-2:, :, 0])
    assert any("its value of 2 before" in note for note in found.notes)
    assert found.fingerprint != plain.fingerprint
    moved, ahead = later(np.arange(3.0)[:, None], 5)
    assert moved.ravel().tolist() == [0, 0, 0]
    assert ahead.ravel().tolist() == [0, 0, 0, 1, 2]


def test_levels_of_a_categorical_control_work_later_together(frame: pd.DataFrame, loaded: Load) -> None:
    frame = frame.assign(event=np.where(np.arange(len(frame)) % 3 == 0, "fair", "none"))
    controls: dict[str, Any] = {"event": {"column": "event", "categorical": True}}
    plain = loaded(frame, controls=controls)
    controls["event"]["lag"] = "1 week"
    found = loaded(frame, controls=controls)
    assert found.controls == plain.controls == ("event: none",)
    np.testing.assert_array_equal(found.data["control"].values[1:], plain.data["control"].values[:-1])


def test_a_table_of_the_future_begins_after_what_the_data_bring(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "frame.csv", index=False)
    dates = pd.date_range("2023-01-02", periods=WEEKS + 3, freq="7D")[WEEKS:].strftime("%Y-%m-%d")
    ahead = pd.DataFrame({"date": np.repeat(dates, 2), "geo": ["north", "south"] * 3, "price": np.arange(6.0)})
    ahead.to_csv(tmp_path / "future.csv", index=False)
    document = {
        "source": "frame.csv", "geo": "geo", "target": {"column": "sales"}, "currency": "EUR", "channels": ["tv"],
        "controls": {"price": {"column": "price", "lag": "2 weeks"}}, "future": "future.csv",
    }  # fmt: skip
    found = load(DataSettings.model_validate(document), tmp_path).future
    assert found is not None
    last = frame.groupby("geo")["price"].tail(2).to_numpy().reshape(2, 2).T
    np.testing.assert_allclose(found.controls["price"], np.concatenate([last, np.arange(6.0).reshape(3, 2)]))


def test_all_by_month_keeps_lag_and_filling(tmp_path: Path) -> None:
    months = pd.date_range("2022-01-01", periods=24, freq="MS")
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"month": months.strftime("%Y-%m"), "sales": rng.normal(4000, 300, 24), "tv": rng.gamma(2.0, 50.0, 24)}
    ).assign(price=np.where(np.arange(24) == 5, np.nan, 10.0 + np.arange(24)))
    frame.to_csv(tmp_path / "months.csv", index=False)
    document = {
        "source": "months.csv", "date": "month", "target": {"column": "sales", "every": "month"}, "currency": "EUR",
        "channels": ["tv"], "controls": {"price": {"column": "price", "lag": "4 weeks", "missing": "interpolate"}},
    }  # fmt: skip
    found = load(DataSettings.model_validate(document), tmp_path)
    values = found.data["control"].values[:, 0, 0]
    at = list(found.dates).index(pd.Timestamp("2022-06-13"))
    assert values[at + 4] == pytest.approx(15.0, abs=0.03)
    assert values[:5] == pytest.approx(10.0)
    assert sum("data.controls.price" in note for note in found.notes) == 2


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"categorical": True, "missing": "last"}, "missing is for numbers"),
        ({"lag": "soon"}, "whole number with its unit"),
        ({"missing": "zero"}, "interpolate"),
    ],
)
def test_settings_that_mean_nothing(own: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ControlSettings.model_validate({"column": "price"} | own)


def test_rows_without_a_date_or_geo_are_left_alone() -> None:
    from mmm.data.cells import Cells

    values = np.array([1.0, np.nan, 3.0, np.nan])
    days = np.array(["2024-01-01", "2024-01-08", "2024-01-15", "NaT"], dtype="datetime64[ns]")
    cells, rows = filled(
        Cells(values, np.isnan(values)), "interpolate", days, np.array(["a"] * 4, dtype=object), ~np.isnat(days)
    )
    assert rows.tolist() == [1]
    assert cells.values[1] == pytest.approx(2.0)
    assert cells.blank.tolist() == [False, False, False, True]
