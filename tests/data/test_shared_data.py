"""The public data sets load as they are, and the report names what is wrong in the one made dirty on purpose."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mmm.data.dataset import Dataset
from mmm.data.load import load
from mmm.data.quality import quality_report
from mmm.data.settings import DataSettings
from mmm.errors import DataError

WORLDS = (
    "adstock_misspec",
    "clean",
    "heavy_tailed_noise",
    "mixed_data_errors",
    "multicollinearity",
    "reach_frequency",
    "synergy",
    "time_varying_beta",
)
SLIPS = {"tenfold_value", "isolated_zero", "outcome_shock"}
REACH = {f"channel_{i}": {"spend": f"Channel{i}_spend", "media": f"Channel{i}_impression"} for i in range(4)}
RETAIL = {
    "date": "DATE",
    "target": {"column": "revenue"},
    "channels": {
        "tv": "tv_S",
        "out_of_home": "ooh_S",
        "print": "print_S",
        "facebook": {"spend": "facebook_S", "media": "facebook_I", "media_unit": "impressions"},
        "search": {"spend": "search_S", "media": "search_clicks_P", "media_unit": "clicks"},
    },
}


def loaded(folder: Path, source: str, **given: Any) -> Dataset:
    return load(DataSettings.model_validate({"source": source, "currency": "EUR", **given}), folder)


def world(folder: Path, name: str) -> Dataset:
    channels = {channel: f"spend_{channel}" for channel in ("TV", "Search", "Social", "Display")}
    controls = ["control_Price"] + (["control_Frequency"] if name == "reach_frequency" else [])
    target = {"column": "y"}
    return loaded(folder, f"worlds/{name}.csv", date="week", target=target, channels=channels, controls=controls)


def test_the_dirty_world_is_described_with_dates(shared_data: Path) -> None:
    report = quality_report(world(shared_data, "mixed_data_errors"))
    found = {(f.code, f.channel, str(f.dates[0].date())): f for f in report.findings if f.code in SLIPS}
    assert set(found) == {
        ("tenfold_value", "TV", "2022-08-08"),
        ("isolated_zero", "Search", "2023-06-26"),
        ("outcome_shock", None, "2023-02-13"),
        ("outcome_shock", None, "2023-06-19"),
    }
    assert "about 10 times too high" in found["tenfold_value", "TV", "2022-08-08"].message
    for (code, _, _), finding in found.items():
        if code == "outcome_shock":
            assert "model it as an event" in finding.suggestion
            assert "Do not delete" in finding.suggestion


@pytest.mark.parametrize("name", [name for name in WORLDS if name != "mixed_data_errors"])
def test_the_other_worlds_have_no_slip(shared_data: Path, name: str) -> None:
    found = [finding.code for finding in quality_report(world(shared_data, name)).findings]
    assert SLIPS.isdisjoint(found)
    assert "spend_follows_outcome" not in found
    assert ("heavy_tails" in found) == (name == "heavy_tailed_noise")
    assert ("collinear_pair" in found) == (name == "multicollinearity")


def shape(dataset: Dataset) -> tuple[int, ...]:
    sizes = dataset.data.sizes
    return tuple(int(sizes[dim]) for dim in ("date", "geo", "channel", "control_name"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("small_business.csv", (104, 1, 4, 2)),
        ("growing_business.csv", (131, 2, 6, 2)),
        ("medium_business.csv", (156, 8, 8, 4)),
        ("large_business.csv.gz", (208, 50, 30, 10)),
    ],
)
def test_benchmark(shared_data: Path, source: str, expected: tuple[int, ...]) -> None:
    path = f"public_benchmark/{source}"
    names = pd.read_csv(shared_data / path, nrows=0).columns
    channels, controls = [n for n in names if n[0] == "x"], [n for n in names if n[0] == "c"]
    given = {"geo": "geo", "target": {"column": "y"}, "channels": channels, "controls": controls}
    dataset = loaded(shared_data, path, **given)
    assert shape(dataset) == expected
    assert str(dataset.frequency) == "week-SUN"
    quality_report(dataset)


def test_reach_and_frequency(shared_data: Path) -> None:
    target = {"column": "conversions", "kind": "kpi", "value_per_unit": "revenue_per_conversion"}
    given = {"date": "time", "geo": "geo", "population": "population", "target": target, "channels": REACH}
    dataset = loaded(shared_data, "reach_frequency/geo_media_rf.csv", **given)
    assert shape(dataset) == (156, 20, 4, 0)
    assert dataset.geos[2] == "Geo2"
    assert dataset.has_value
    assert dataset.has_population
    quality_report(dataset)


def test_retail(shared_data: Path) -> None:
    source = "retail_national/dt_simulated_weekly.csv"
    with pytest.raises(DataError, match=r"Control 'events' .* is text: 'na', 'event1', 'event2'"):
        loaded(shared_data, source, **RETAIL, controls=["events"])
    events = {"column": "events", "categorical": True, "reference": "na"}
    controls = {"competitors": "competitor_sales_B", "newsletter": "newsletter", "events": events}
    dataset = loaded(shared_data, source, **RETAIL, controls=controls)
    assert shape(dataset) == (208, 1, 5, 4)
    assert dataset.controls[2:] == ("events: event1", "events: event2")
    quality_report(dataset)


def test_the_others(shared_data: Path) -> None:
    target = {"column": "y"}
    confounded = {"target": target, "channels": ["x1", "x2"], "controls": ["z"]}
    assert shape(loaded(shared_data, "confounded/mmm_roas_data.csv", **confounded)) == (131, 1, 2, 1)
    varying = {"date": "date_week", "target": target, "channels": ["x1", "x2"], "controls": ["event_1", "event_2"]}
    assert shape(loaded(shared_data, "time_varying/media_tvp_data.csv", **varying)) == (179, 1, 2, 2)


def test_wide(shared_data: Path) -> None:
    source = "wide_national/data.csv"
    names = pd.read_csv(shared_data / source, nrows=0).columns
    channels = {
        n[5:]: {"spend": n, "media": f"mdip_{n[5:]}", "media_unit": "exposures"} for n in names if n.startswith("mdsp_")
    }
    controls = [n for n in names if n.startswith(("me_", "st_", "mrkdn_", "va_", "hldy_", "seas_"))]
    dataset = loaded(
        shared_data, source, date="wk_strt_dt", target={"column": "sales"}, channels=channels, controls=controls
    )
    assert shape(dataset) == (209, 1, 10, len(controls))
    found = {finding.code for finding in quality_report(dataset).findings}
    assert {"few_periods", "spend_without_media", "odd_cost_per_unit"} <= found
