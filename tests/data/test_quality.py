"""Each kind of finding on data that show it, and its absence on clean data."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.quality import QualityReport, quality_report
from mmm.data.settings import DataSettings

Build = Callable[..., QualityReport]
WEEKS = 120


def clean(weeks: int = WEEKS, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    tv, search, social = (rng.lognormal(5, 0.4, weeks) for _ in range(3))
    season = 30 * np.sin(np.arange(weeks) * 2 * np.pi / 52.18)
    sales = 5000 + season + tv + 2 * search + social
    return pd.DataFrame(
        {
            "date": pd.date_range("2022-01-03", periods=weeks, freq="7D"),
            "tv": tv,
            "search": search,
            "social": social,
            "clicks": search * 7 * rng.lognormal(0, 0.05, weeks),
            "price": rng.normal(10, 1, weeks),
            "sales": sales + rng.normal(0, 60, weeks),
        }
    )


def settings(**changes: Any) -> DataSettings:
    given: dict[str, Any] = {
        "source": "a.csv",
        "target": {"column": "sales"},
        "currency": "EUR",
        "channels": {"tv": "tv", "search": {"spend": "search", "media": "clicks"}, "social": "social"},
        "controls": ["price"],
    }
    return DataSettings.model_validate(given | changes)


def dataset(frame: pd.DataFrame, **changes: Any) -> Dataset:
    return from_frame(frame, settings(**changes))


def codes(frame: pd.DataFrame, **changes: Any) -> list[tuple[str, str | None]]:
    return [(f.code, f.channel) for f in quality_report(dataset(frame, **changes)).findings]


def change(frame: pd.DataFrame, row: int, columns: str | list[str], factor: float = 1.0, add: float = 0.0) -> None:
    """Change one row of some columns in place."""
    for column in [columns] if isinstance(columns, str) else columns:
        values = frame[column].to_numpy(copy=True)
        values[row] = values[row] * factor + add
        frame[column] = values


def test_clean_data_have_no_findings() -> None:
    assert codes(clean()) == []
    assert quality_report(dataset(clean())).table().empty


def test_a_tenfold_spend_is_named_with_its_week_and_size() -> None:
    frame = clean()
    change(frame, 50, "tv", factor=10)
    (finding,) = quality_report(dataset(frame)).findings
    assert (finding.code, finding.channel, finding.severity) == ("tenfold_value", "tv", "warning")
    assert finding.dates == (pd.Timestamp("2022-12-19"),)
    assert "in the week of 2022-12-19" in finding.message
    assert "times too high" in finding.message
    assert "Nothing is changed" in finding.suggestion


@pytest.mark.parametrize(
    ("column", "factor", "text"),
    [
        ("search", 10, "a spend of"),
        ("search", 0.1, "times too low"),
        ("clicks", 10, "clicks in the week"),
        ("clicks", 0.1, "times too low"),
    ],
)
def test_units_and_spend_check_each_other(column: str, factor: float, text: str) -> None:
    frame = clean()
    week = int(np.argsort(frame["search"].to_numpy())[60])
    change(frame, week, column, factor=factor)
    findings = quality_report(dataset(frame)).of("tenfold_value")
    assert [f.channel for f in findings] == ["search"]
    assert text in findings[0].message


def test_units_reveal_a_slip_inside_the_own_range() -> None:
    frame = clean()
    frame["tv"] = np.exp(np.random.default_rng(6).normal(5, 1.2, WEEKS))
    frame["views"] = frame["tv"] * 40
    week = int(np.argsort(frame["tv"].to_numpy())[10])
    change(frame, week, "tv", factor=10)
    channels = {"tv": {"spend": "tv", "media": "views"}}
    assert frame["tv"][week] < frame["tv"].median() * 3
    (finding,) = quality_report(dataset(frame, channels=channels)).of("tenfold_value")
    assert finding.dates == (frame["date"][week],)
    assert not quality_report(dataset(frame, channels=["tv"])).of("tenfold_value")


def test_a_burst_that_the_units_confirm_is_no_slip() -> None:
    frame = clean()
    change(frame, 50, ["search", "clicks"], factor=10)
    assert ("tenfold_value", "search") not in codes(frame)


def test_one_zero_in_an_always_on_channel() -> None:
    frame = clean()
    frame.loc[70, "social"] = 0.0
    (finding,) = quality_report(dataset(frame)).findings
    assert (finding.code, finding.channel, finding.dates) == ("isolated_zero", "social", (pd.Timestamp("2023-05-08"),))


def test_zeros_of_a_channel_that_pauses_are_no_finding() -> None:
    frame = clean()
    frame["tv"] *= (np.arange(WEEKS) // 6) % 2
    frame.loc[:20, "social"] = 0.0
    assert codes(frame) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_a_shock_is_an_event_to_model_and_not_to_delete(sign: int) -> None:
    frame = clean()
    change(frame, 33, "sales", add=sign * 900)
    (finding,) = quality_report(dataset(frame)).findings
    assert (finding.code, finding.dates) == ("outcome_shock", (pd.Timestamp("2022-08-22"),))
    assert ("above" if sign > 0 else "below") in finding.message
    assert "model it as an event" in finding.suggestion
    assert "Do not delete" in finding.suggestion


def test_a_jump_that_media_explain_is_no_shock() -> None:
    frame = clean()
    frame["tv"] = np.where(np.arange(WEEKS) % 9 == 7, 1500.0, 0.0)
    frame["sales"] += frame["tv"]
    assert codes(frame) == []


def test_an_outcome_that_does_not_answer_a_wrong_spend_is_no_shock() -> None:
    frame = clean()
    frame["sales"] += 6 * frame["tv"]
    change(frame, 50, "tv", factor=10)
    assert codes(frame) == [("tenfold_value", "tv")]


def test_heavy_tails_are_said_once() -> None:
    frame = clean()
    frame["sales"] += 60 * np.random.default_rng(12).standard_t(1.5, WEEKS)
    assert codes(frame) == [("heavy_tails", None)]


def test_repeated_periods() -> None:
    frame = clean()
    copied = ["tv", "search", "social", "clicks"]
    frame.loc[40, copied] = frame.loc[39, copied]
    frame.loc[80, ["sales"]] = frame.loc[79, ["sales"]]
    report = quality_report(dataset(frame))
    assert [f.dates for f in report.of("repeated_period")] == [(pd.Timestamp("2022-10-10"),)]
    assert [f.dates for f in report.of("repeated_outcome")] == [(pd.Timestamp("2023-07-17"),)]


def test_a_flat_budget_is_no_repeated_period() -> None:
    frame = clean()
    frame["tv"] = np.where(np.arange(WEEKS) < 60, 100.0, 150.0)
    frame["social"] = np.repeat(frame["social"].to_numpy()[::4], 4)
    assert not quality_report(dataset(frame)).of("repeated_period")


def test_coverage_and_variation() -> None:
    frame = clean().assign(print=0.0, flat=100.0)
    frame.loc[[20, 21, 60], "print"] = 50.0
    frame["flat"] += np.random.default_rng(1).normal(0, 2, WEEKS)
    channels = ["tv", "print", "flat"]
    found = codes(frame, channels=channels)
    assert found == [("few_active_periods", "print"), ("little_variation", "flat")]


def test_spend_without_units_and_units_without_spend() -> None:
    frame = clean()
    frame.loc[[5, 6], "clicks"] = 0.0
    frame["search"] = frame["search"].where(frame.index % 10 != 8, 0.0)
    report = quality_report(dataset(frame))
    assert report.of("spend_without_media")[0].dates == (pd.Timestamp("2022-02-07"), pd.Timestamp("2022-02-14"))
    assert len(report.of("media_without_spend")[0].dates) == 12


def test_collinear_pairs_and_groups() -> None:
    frame = clean()
    frame["twin"] = 3 * frame["tv"] + np.random.default_rng(1).normal(0, 5, WEEKS)
    assert ("collinear_pair", "tv") in codes(frame, channels=["tv", "twin", "social"])
    frame["sum"] = frame["tv"] + frame["search"] + frame["social"] + np.random.default_rng(1).normal(0, 5, WEEKS)
    found = codes(frame, channels=["tv", "search", "social", "sum"])
    assert [code for code, _ in found if code.startswith("collinear")] == ["collinear_group"] * 4


def test_constant_controls() -> None:
    assert codes(clean().assign(price=3.0)) == [("constant_control", None)]


def test_short_history_and_many_parameters() -> None:
    frame = clean(weeks=60)
    # 60 weeks for 3 channels x 3, 1 control, 6 for season and trend, 1 level: 3.5 a parameter.
    report = quality_report(dataset(frame))
    assert [f.code for f in report.findings] == ["short_history", "few_periods"]
    assert "60 weeks with an outcome, 1.1 years" in report.findings[0].message
    assert "60 weeks for about 17 parameters: 3.5 each" in report.findings[1].message


def test_spend_that_follows_the_outcome() -> None:
    rng = np.random.default_rng(4)
    demand = np.zeros(WEEKS)
    for t in range(1, WEEKS):
        demand[t] = 0.7 * demand[t - 1] + rng.normal()
    frame = clean()
    frame["sales"] += 150 * demand
    frame["social"] = 100 * np.exp(0.4 * demand + rng.normal(0, 0.1, WEEKS))
    (finding,) = quality_report(dataset(frame)).of("spend_follows_outcome")
    assert finding.channel == "social"
    assert "may follow demand" in finding.message
    assert "queries for the brand" in finding.suggestion
    frame["queries"] = 500.0 + 20.0 * demand
    channels = {**settings().model_dump()["channels"], "queries": {"role": "mediator", "media": "queries"}}
    channels["social"]["follows"] = "queries"
    assert not quality_report(dataset(frame, channels=channels)).of("spend_follows_outcome")
    channels["social"]["follows"] = "demand"
    with pytest.raises(ValueError, match=r"channels\.social\.follows: 'demand' is no control and no mediator"):
        dataset(frame, channels=channels)


def test_flights_with_a_strong_effect_follow_no_demand() -> None:
    frame = clean()
    flights = np.where((np.arange(WEEKS) // 4) % 3 == 0, 1500.0, 50.0)
    frame["tv"] = flights * np.random.default_rng(2).lognormal(0, 0.2, WEEKS)
    frame["sales"] += np.convolve(frame["tv"], 0.4 ** np.arange(6))[:WEEKS]
    assert codes(frame) == []


def geos(frame_seeds: int = 4) -> pd.DataFrame:
    return pd.concat([clean(seed=10 + k).assign(geo=f"g{k}") for k in range(frame_seeds)], ignore_index=True)


def test_findings_name_their_geo() -> None:
    frame = geos()
    change(frame, 2 * WEEKS + 30, "tv", factor=10)
    frame.loc[WEEKS + 44, "social"] = 0.0
    change(frame, 3 * WEEKS + 12, "sales", add=900)
    frame.loc[frame["geo"] == "g0", "tv"] = 0.0
    report = quality_report(dataset(frame, geo="geo"))
    assert [(f.code, f.geos) for f in report.findings] == [
        ("tenfold_value", ("g2",)),
        ("isolated_zero", ("g1",)),
        ("outcome_shock", ("g3",)),
        ("no_spend_in_geos", ("g0",)),
    ]
    assert report.table()["where"].tolist()[0] == "2022-08-01; g2"
    assert "comes from the other geos by pooling" in report.findings[3].message


def test_a_shock_of_all_geos_is_said_once() -> None:
    frame = geos()
    frame["sales"] += 700.0 * (frame["date"] == "2022-09-05")
    (finding,) = quality_report(dataset(frame, geo="geo")).findings
    assert (finding.code, finding.geos) == ("outcome_shock", ())


def test_thresholds_are_settings() -> None:
    frame = clean()
    change(frame, 50, "tv", factor=10)
    frame.loc[70, "social"] = 0.0
    strict = settings(quality={"tenfold_evidence": 1000, "always_on_share": 1})
    assert quality_report(from_frame(frame, strict), strict).findings == ()


def test_notes_of_the_loader_are_passed_on() -> None:
    frame = clean().assign(event="x")
    frame.loc[::9, "event"] = "y"
    report = quality_report(dataset(frame, controls={"e": {"column": "event", "categorical": True}}))
    assert [(f.code, f.severity) for f in report.findings] == [("note", "info")]
