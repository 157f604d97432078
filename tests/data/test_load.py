"""What the loader accepts, and the error that each broken rule gives, with its rows."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmm.data.dataset import Dataset
from mmm.data.load import from_frame, load
from mmm.data.settings import DataSettings
from mmm.errors import DataError

Loaded = Callable[..., Dataset]
Refused = Callable[..., str]


def test_a_clean_panel_arrives_cell_by_cell(frame: pd.DataFrame, loaded: Loaded) -> None:
    dataset = loaded(frame.sample(frac=1, random_state=1))
    assert dataset.geos == ("north", "south")
    assert dataset.channels == ("tv", "search")
    assert str(dataset.frequency) == "week-MON"
    assert dataset.media_unit == ("EUR", "clicks")
    row = frame[(frame["date"] == "2023-03-06") & (frame["geo"] == "south")].iloc[0]
    cell = dataset.data.sel(date="2023-03-06", geo="south")
    assert float(cell["outcome"]) == row["sales"]
    assert cell["spend"].to_numpy().tolist() == [row["tv"], row["search"]]
    assert cell["media"].to_numpy().tolist() == [row["tv"], row["clicks"]]
    assert float(cell["control"][0]) == row["price"]
    assert float(cell["population"]) == 2000
    assert float(cell["value_per_unit"]) == 1
    assert dataset.notes == ()


def test_row_order_does_not_change_the_fingerprint(frame: pd.DataFrame, loaded: Loaded) -> None:
    assert loaded(frame).fingerprint == loaded(frame.sample(frac=1, random_state=3)).fingerprint


def test_the_fingerprint_sees_one_cell(frame: pd.DataFrame, loaded: Loaded) -> None:
    changed = frame.copy()
    changed.loc[7, "tv"] = np.nextafter(changed["tv"].to_numpy()[7], np.inf)
    assert loaded(frame).fingerprint != loaded(changed).fingerprint


def test_national_data_have_one_geo(frame: pd.DataFrame, loaded: Loaded) -> None:
    dataset = loaded(frame[frame["geo"] == "north"], geo=None)
    assert dataset.geos == ("national",)


def test_geos_are_sorted_as_people_count(loaded: Loaded, frame_of: Callable[..., pd.DataFrame]) -> None:
    assert loaded(frame_of(geos=("geo_10", "geo_9", "geo_1"))).geos == ("geo_1", "geo_9", "geo_10")


def test_daily_data(frame: pd.DataFrame, loaded: Loaded) -> None:
    one = frame[frame["geo"] == "north"].assign(date=pd.date_range("2024-02-20", periods=30))
    assert str(loaded(one).frequency) == "day"


def test_kpi_with_a_value_column(frame: pd.DataFrame, loaded: Loaded) -> None:
    target = {"column": "sales", "kind": "kpi", "value_per_unit": "worth", "unit": "orders"}
    dataset = loaded(frame.assign(worth=np.linspace(1, 2, len(frame))), target=target)
    assert dataset.outcome_unit == "orders"
    assert float(dataset.data["value_per_unit"][0, 0]) == 1
    assert dataset.has_value


def test_kpi_without_a_value_has_none(frame: pd.DataFrame, loaded: Loaded) -> None:
    assert not loaded(frame, target={"column": "sales", "kind": "kpi"}).has_value


@pytest.mark.parametrize("convert", [lambda x: Decimal(str(x)), str, np.float32, lambda x: f" {x} "])
def test_numbers_in_other_types(frame: pd.DataFrame, loaded: Loaded, convert: Callable[[float], Any]) -> None:
    changed = frame.assign(tv=pd.Series([convert(x) for x in frame["tv"]], dtype=object))
    np.testing.assert_allclose(loaded(changed).data["spend"], loaded(frame).data["spend"], rtol=1e-6)


ROWS: list[tuple[str, object, list[str]]] = [
    (
        "tv",
        "12,5",
        [
            "Column 'tv' holds 1 cells that are no numbers",
            "row 14, 2023-04-10, north: '12,5'",
            'data.csv: {decimal: ","}',
        ],
    ),
    ("tv", "$ 40", ["is in '$', but data.currency is EUR", "'$ 40'"]),
    ("tv", "40%", ["its cells are percentages", "'40%'"]),
    ("tv", "(40)", ["no numbers", "Brackets are how spreadsheets write negative amounts"]),
    ("tv", "40-", ["no numbers", "A minus stands before its number"]),
    ("tv", "k.A.", ["no numbers", 'data.csv: {zero: ["k.A."]}', 'data.csv: {missing: ["k.A."]}']),
    ("tv", "--", ["is empty in 1 rows", "They hold '--'", 'data.csv: {zero: ["--"]}']),
    ("tv", "not a sign for nothing but a remark of somebody", ["no numbers", "Correct them."]),
    ("tv", "n\0a", ["no numbers", "Correct them."]),
    ("tv", "1_000", ["no numbers"]),
    ("tv", "0x1F", ["no numbers"]),
    ("tv", "", ["Column 'tv' is empty in 1 rows", "row 14, 2023-04-10, north"]),
    ("tv", None, ["Column 'tv' is empty in 1 rows"]),
    ("tv", float("nan"), ["Column 'tv' is empty in 1 rows"]),
    ("tv", "N/A", ["Column 'tv' is empty in 1 rows"]),
    ("tv", float("inf"), ["infinite"]),
    ("tv", "-inf", ["infinite"]),
    ("tv", "1e400", ["infinite"]),
    ("tv", 1e16, ["above 1e15"]),
    ("tv", -5, ["is spend, which is 0 or more", "row 14, 2023-04-10, north: -5", "refunds"]),
    ("clicks", -1, ["holds media units, which are 0 or more"]),
    ("price", "", ["Column 'price' is empty in 1 rows"]),
    ("sales", "", ["Column 'sales' is empty in 1 rows", "partial_geos"]),
    ("sales", 1 + 2j, ["no numbers"]),
    ("population", 0, ["must be above 0"]),
    ("population", 999, ["changes within 1 geos", "north: from 999 to 1000"]),
    ("population", None, ["Column 'population' is empty"]),
    ("geo", "", ["Column 'geo' is empty in 1 rows"]),
    ("geo", "North", ["'North' and 'north' differ only in case or spaces"]),
    ("date", "", ["1 dates are empty"]),
    ("date", "yesterday", ["1 dates are no dates", "row 14", "'yesterday'"]),
    (
        "date",
        "2023-04-03",
        ["1 rows repeat the date and geo", "row 13, 2023-04-03, north and row 14, 2023-04-03, north"],
    ),
    (
        "date",
        "2023-04-11",
        ["weeks start on Mondays, but 1 dates fall on other weekdays", "north, 2023-04-11, Tuesday"],
    ),
    ("date", "1023-04-10", ["not between 1900 and 2199"]),
    ("date", "2123-04-12", ["no geo has more than 30 rows", "far from the others"]),
    ("date", "2023-04-10T12:00", ["have a time of day"]),
    ("date", "2023-04-10T00:00:00+02:00", ["have a time zone"]),
]


@pytest.mark.parametrize(("column", "cell", "parts"), ROWS)
def test_a_broken_cell_is_named(
    frame: pd.DataFrame, refused: Refused, column: str, cell: object, parts: list[str]
) -> None:
    frame[column] = frame[column].astype(object)
    frame.at[14, column] = cell  # type: ignore[assignment]
    message = refused(frame)
    for part in parts:
        assert part in message


def test_all_problems_come_together(frame: pd.DataFrame, refused: Refused) -> None:
    frame.loc[2, "tv"] = -1
    frame.loc[3, "search"] = np.nan
    frame.loc[5, "date"] = "2023-01-30"
    message = refused(frame)
    assert "data frame: 4 problems" in message
    for part in ("'tv' is spend", "'search' is empty", "repeat the date", "1 periods are missing"):
        assert part in message


def test_at_most_ten_rows_are_listed(frame: pd.DataFrame, refused: Refused) -> None:
    frame["tv"] = -1.0
    message = refused(frame)
    assert "60 rows are negative" in message
    assert "and 50 more" in message
    assert message.count("\n    ") == 11


def test_missing_periods_are_listed_as_ranges(frame: pd.DataFrame, refused: Refused) -> None:
    message = refused(frame.drop(index=[10, 11, 12, 45]))
    assert "4 periods are missing" in message
    assert "north: 2023-03-13 to 2023-03-27 (3 periods)" in message
    assert "south: 2023-04-17" in message


def test_mixed_frequency(frame: pd.DataFrame, refused: Refused) -> None:
    one = frame[frame["geo"] == "north"].copy()
    days = [*pd.date_range("2023-01-02", periods=15, freq="7D"), *pd.date_range("2023-04-11", periods=15)]
    assert "mix frequencies: 15 steps of one day and 14 of one week" in refused(one.assign(date=days))


def test_monthly_data_are_refused(frame: pd.DataFrame, refused: Refused) -> None:
    one = frame[frame["geo"] == "north"].assign(date=pd.date_range("2021-01-01", periods=30, freq="MS"))
    assert "The most common step between dates is 31 days" in refused(one)


def test_a_missing_column_names_the_nearest(frame: pd.DataFrame, refused: Refused) -> None:
    assert "Column 'prise' (data.controls.prise.column) is not there. Did you mean 'price'?" in refused(
        frame, controls=["prise"]
    )


def test_a_column_that_stands_twice(frame: pd.DataFrame, refused: Refused) -> None:
    doubled = pd.concat([frame, frame[["tv"]]], axis=1)
    assert "Column 'tv' (data.channels.tv.spend) stands 2 times" in refused(doubled)


@pytest.mark.parametrize("factor", [1.0, -3.0, 1e-9])
def test_a_control_that_repeats_the_target(frame: pd.DataFrame, refused: Refused, factor: float) -> None:
    noise = np.random.default_rng(2).normal(0, 0.01, len(frame))
    message = refused(frame.assign(copy=factor * (frame["sales"] + noise) + 5), controls=["price", "copy"])
    assert "Control 'copy' repeats the target" in message
    assert "'price' repeats" not in message


def test_a_control_that_only_differs_between_geos_does_not_repeat(frame: pd.DataFrame, loaded: Loaded) -> None:
    size = np.where(frame["geo"] == "north", 1.0, 100.0)
    frame["sales"] = (200 + 0.1 * frame["sales"]) * size
    noise = np.random.default_rng(2).normal(0, 0.01, len(frame))
    assert np.corrcoef(frame["sales"], size + noise)[0, 1] > 0.999
    assert loaded(frame.assign(level=size + noise), controls=["level"]).controls == ("level",)


def test_a_constant_target_is_refused(frame: pd.DataFrame, refused: Refused) -> None:
    assert "is 7 in every period" in refused(frame.assign(sales=7.0))


def test_a_size_below_zero_needs_a_population(frame: pd.DataFrame, refused: Refused, loaded: Loaded) -> None:
    negative = frame.assign(sales=-frame["sales"])
    assert "geo 'north' is -2" in refused(negative, population=None)
    assert loaded(negative).has_population


def test_one_period_is_too_few(frame: pd.DataFrame, refused: Refused) -> None:
    assert "one period only" in refused(frame[frame["date"] == "2023-01-02"])


def test_an_empty_frame(refused: Refused) -> None:
    assert "is empty: 0 rows, 0 columns" in refused(pd.DataFrame())


def test_something_else_than_a_frame(settings_of: Callable[..., DataSettings]) -> None:
    with pytest.raises(DataError, match="got dict"):
        from_frame({"date": []}, settings_of())  # type: ignore[arg-type]


def test_a_made_source(frame: pd.DataFrame, settings_of: Callable[..., DataSettings], tmp_path: Path) -> None:
    dataset = load(settings_of(source="demo"), tmp_path, {"demo": lambda: frame})
    assert len(dataset.dates) == 30


def test_names_from_the_data_stay_text(frame: pd.DataFrame, loaded: Loaded) -> None:
    strange = "=<script>alert('ü')</script>"
    geo = strange + "\0"
    changed = frame.assign(geo=frame["geo"].replace("north", geo)).rename(columns={"tv": strange})
    channels = {strange: strange}
    dataset = loaded(changed, channels=channels)
    assert dataset.channels == (strange,)
    assert geo in dataset.geos
