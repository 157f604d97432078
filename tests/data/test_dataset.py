"""Sums, slices and unit costs of a panel, with values checked by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mmm.data.dataset import Dataset
from mmm.errors import DataError, SettingsError

Loaded = Callable[..., Dataset]


def test_cost_per_unit_of_the_last_weeks(frame: pd.DataFrame, loaded: Loaded) -> None:
    dataset = loaded(frame)
    last = frame[(frame["geo"] == "south")].tail(13)
    cost = dataset.cost_per_unit()
    assert cost.dims == ("geo", "channel")
    assert float(cost.sel(geo="south", channel="search")) == pytest.approx(last["search"].sum() / last["clicks"].sum())
    assert (cost.sel(channel="tv") == 1).all()
    one = frame[(frame["geo"] == "south")].tail(1).iloc[0]
    assert float(dataset.cost_per_unit("1 week").sel(geo="south", channel="search")) == pytest.approx(
        one["search"] / one["clicks"]
    )


def test_cost_per_unit_falls_back(frame: pd.DataFrame, loaded: Loaded) -> None:
    late, north = frame["date"] > "2023-03-01", frame["geo"] == "north"
    early = frame[~late & ~north]
    frame.loc[late, ["search", "clicks"]] = 0.0
    frame.loc[north, ["search", "clicks"]] = 0.0
    cost = loaded(frame).cost_per_unit().sel(channel="search")
    expected = early["search"].sum() / early["clicks"].sum()
    np.testing.assert_allclose(cost, [expected, expected])
    never = loaded(frame)
    data = never.data.copy(deep=True)
    data["spend"].loc[{"channel": "search"}] = 0.0
    data["media"].loc[{"channel": "search"}] = 0.0
    assert np.isnan(replace(never, data=data).cost_per_unit().sel(channel="search")).all()


def test_a_duration_that_is_no_number_of_weeks(frame: pd.DataFrame, loaded: Loaded) -> None:
    with pytest.raises(SettingsError, match="10 days"):
        loaded(frame).cost_per_unit("10 days")


def test_geo_size(frame: pd.DataFrame, loaded: Loaded) -> None:
    assert loaded(frame).geo_size.to_numpy().tolist() == [1000, 2000]
    dataset = loaded(frame, population=None)
    north = frame.loc[frame["geo"] == "north", "sales"]
    assert float(dataset.geo_size.sel(geo="north")) == pytest.approx(north.mean())
    hidden = dataset.with_outcome_hidden(10)
    assert float(hidden.geo_size.sel(geo="north")) == pytest.approx(north.head(20).mean())


def test_national_sums(frame: pd.DataFrame, loaded: Loaded) -> None:
    target = {"column": "sales", "kind": "kpi", "value_per_unit": 2}
    total = loaded(frame, target=target).with_outcome_hidden(1).national()
    by_date = frame.groupby("date")[["sales", "tv", "clicks"]].sum()
    np.testing.assert_allclose(total["outcome"][:-1], by_date["sales"].iloc[:-1])
    np.testing.assert_allclose(total["value"][:-1], 2 * by_date["sales"].iloc[:-1])
    assert np.isnan(total["outcome"][-1])
    np.testing.assert_allclose(total["spend"].sel(channel="tv"), by_date["tv"])
    np.testing.assert_allclose(total["media"].sel(channel="search"), by_date["clicks"])


def test_slices_include_both_ends(frame: pd.DataFrame, loaded: Loaded) -> None:
    part = loaded(frame).between("2023-01-09", pd.Timestamp("2023-01-23"))
    assert [str(d.date()) for d in part.dates] == ["2023-01-09", "2023-01-16", "2023-01-23"]
    assert loaded(frame).between().fingerprint == loaded(frame).fingerprint
    with pytest.raises(DataError, match="have 1 periods"):
        loaded(frame).between("2023-07-20")
    with pytest.raises(DataError, match="Write dates as"):
        loaded(frame).between("soon")


def test_hiding_keeps_media_and_notes(frame: pd.DataFrame, loaded: Loaded) -> None:
    dataset = loaded(frame.assign(event="x"), controls={"e": {"column": "event", "categorical": True}})
    hidden = dataset.with_outcome_hidden(4)
    assert int((~hidden.data["observed"]).sum()) == 8
    assert dataset.data["observed"].all()
    np.testing.assert_array_equal(hidden.data["media"], dataset.data["media"])
    assert hidden.notes == dataset.notes
    for last in (0, 30):
        with pytest.raises(DataError, match="give 1 to 29"):
            dataset.with_outcome_hidden(last)


def test_the_card_escapes_names(frame: pd.DataFrame, loaded: Loaded) -> None:
    html = loaded(frame.rename(columns={"tv": "<script>"}), channels=["<script>"])._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "30 (week-MON), 2023-01-02 to 2023-07-24" in html
