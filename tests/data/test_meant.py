"""Panels that are read rightly and still are not what they are taken for: launches as zeros, units, ends, weekdays."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from mmm.data.dataset import Dataset
from mmm.data.edges import zero_runs
from mmm.data.load import from_frame
from mmm.data.quality import quality_report
from mmm.data.quality.report import Finding
from mmm.data.settings import DataSettings
from mmm.errors import DataError

WEEKS = 120


def national(freq: str = "7D", periods: int = WEEKS, start: str = "2022-01-03", seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    tv, search = rng.lognormal(8, 0.4, periods), rng.lognormal(7, 0.3, periods)
    sales = 200_000 + 2 * tv + 3 * search + rng.normal(0, 4000, periods)
    return pd.DataFrame(
        {"date": pd.date_range(start, periods=periods, freq=freq), "sales": sales, "tv": tv, "search": search}
    )


def regions(names: str = "abcd") -> pd.DataFrame:
    return pd.concat([national(seed=k).assign(geo=name) for k, name in enumerate(names)], ignore_index=True)


def settings(**changes: Any) -> DataSettings:
    given: dict[str, Any] = {
        "source": "a.csv", "target": {"column": "sales"}, "currency": "EUR", "channels": ["tv", "search"]
    }  # fmt: skip
    return DataSettings.model_validate(given | changes)


def found(frame: pd.DataFrame, code: str, horizon: int | None = None, **changes: Any) -> list[Finding]:
    chosen = settings(**changes)
    return list(quality_report(from_frame(frame, chosen), chosen, horizon).of(code))


def refused(frame: pd.DataFrame, **changes: Any) -> str:
    with pytest.raises(DataError) as error:
        from_frame(frame, settings(**changes))
    return str(error.value)


NEW = {
    "media_as_spend", "spend_above_outcome", "spend_far_below_outcome", "other_unit", "scrambled_thousands",
    "week_label", "weekdays", "zero_outcome", "incomplete_period", "paused",
}  # fmt: skip


@pytest.mark.parametrize("frame", [national(), national("D", 400), regions()], ids=["weeks", "days", "geos"])
def test_a_sound_panel_has_none_of_them(frame: pd.DataFrame) -> None:
    chosen = settings(geo="geo" if "geo" in frame else None)
    report = quality_report(from_frame(frame, chosen), chosen, 13)
    assert not {f.code for f in report.findings} & NEW


def closed(frame: pd.DataFrame) -> pd.DataFrame:
    """b opens in week 60, d closes after week 100; before and after there are rows of zeros."""
    frame = frame.copy()
    week = frame.groupby("geo").cumcount()
    shut = ((frame["geo"] == "b") & (week < 60)) | ((frame["geo"] == "d") & (week > 100))
    frame.loc[shut, ["sales", "tv", "search"]] = 0.0
    return frame


def test_zeros_before_a_launch_are_refused_with_lines_that_work() -> None:
    frame = closed(regions())
    message = refused(frame, geo="geo")
    line = "{b: {start: 2023-02-27}, d: {end: 2023-12-04}}"
    assert f"data.partial_geos: {line}" in message
    assert "b: outcome 0 from 2022-01-03 to 2023-02-20 (60 periods), before its first sale" in message
    assert "d: outcome 0 from 2023-12-11 to 2024-04-15 (19 periods), after its last" in message
    declared = from_frame(frame, settings(geo="geo", partial_geos=yaml.safe_load(line)))
    assert declared.data["observed"].sum("date").to_numpy().tolist() == [120, 60, 120, 101]
    left_out = frame[frame["sales"] > 0]
    same = from_frame(left_out, settings(geo="geo", partial_geos=yaml.safe_load(line)))
    assert same.fingerprint == declared.fingerprint


def test_zeros_that_are_sales_can_be_declared() -> None:
    frame = closed(regions())
    whole = "{b: {start: 2022-01-03}, d: {end: 2024-04-15}}"
    assert f"declare its whole span: data.partial_geos: {whole}" in refused(frame, geo="geo")
    kept = from_frame(frame, settings(geo="geo", partial_geos=yaml.safe_load(whole)))
    assert kept.data["observed"].all()


def test_spend_before_a_launch_does_not_hide_it() -> None:
    frame = closed(regions())
    frame["tv"] = frame["tv"].where(frame["tv"] > 0, 50.0)
    assert "data.partial_geos: {b: {start: 2023-02-27}" in refused(frame, geo="geo")


def test_zeros_of_a_small_count_are_chance() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.5, (200, 30)).astype(float)
    assert not list(zero_runs(counts))


@pytest.mark.parametrize(
    ("rows", "part"),
    [(slice(0, 9), "media_history"), (slice(112, None), "delete their rows"), (slice(50, 58), "control")],
)
def test_zeros_of_the_whole_outcome_are_a_finding(rows: slice, part: str) -> None:
    frame = national()
    frame.loc[frame.index[rows], "sales"] = 0.0
    (finding,) = found(frame, "zero_outcome")
    assert part in finding.suggestion
    assert finding.dates == tuple(frame["date"][rows])
    assert not found(frame, "heavy_tails")


def test_a_channel_without_cost_is_refused_with_a_way_on() -> None:
    frame = national().assign(cost=0.0, sent=100.0 + np.arange(WEEKS))
    channels = {"tv": "tv", "news": {"spend": "cost", "media": "sent"}}
    message = refused(frame, channels=channels)
    assert "Channel 'news' has media ('sent') but no spend: column 'cost' is 0 throughout" in message
    assert "data.channels: {news: {role: organic, media: sent}}" in message
    said = from_frame(frame, settings(channels={"tv": "tv", "news": {"role": "organic", "media": "sent"}}))
    assert (said.channels, said.paid) == (("tv", "news"), ("tv",))
    channels = {"tv": "tv", "news": {"spend": "search", "media": "cost"}}
    assert "remove media from data.channels.news" in refused(frame, channels=channels)
    assert "has neither spend nor media" in refused(frame, channels=["tv", "cost"])


def test_spend_above_the_outcome() -> None:
    frame = national()
    (one,) = found(frame.assign(tv=frame["tv"] * 100), "spend_above_outcome")
    assert one.channel == "tv"
    assert "of what the whole outcome is worth" in one.message
    both = frame.assign(tv=frame["tv"] * 40, search=frame["search"] * 110)
    (together,) = found(both, "spend_above_outcome")
    assert together.channel is None
    assert not found(
        frame.assign(tv=frame["tv"] * 100), "spend_above_outcome", target={"column": "sales", "kind": "kpi"}
    )


def test_units_that_differ() -> None:
    frame = national()
    (all_small,) = found(frame.assign(sales=frame["sales"] * 1000), "spend_far_below_outcome")
    assert "All spend together" in all_small.message
    (thousands,) = found(frame.assign(tv=frame["tv"] / 1000), "other_unit")
    assert (thousands.channel, "is it in thousands?" in thousands.message) == ("tv", True)


def test_exposure_named_as_spend() -> None:
    frame = national().rename(columns={"tv": "yt_impr"})
    (finding,) = found(frame, "media_as_spend", channels={"youtube": "yt_impr", "search": "search"})
    assert "data.channels: {youtube: {spend: ..., media: yt_impr}}" in finding.suggestion
    renamed = national().rename(columns={"tv": "reachlocal_cost"})
    assert not found(renamed, "media_as_spend", channels=["reachlocal_cost", "search"])


def test_thousands_that_were_scrambled_before_the_file_was_written() -> None:
    frame = national()
    whole = np.round(np.random.default_rng(2).uniform(300, 3000, WEEKS))
    read_wrongly = np.where(whole >= 1000, whole / 1000, whole)
    assert [f.channel for f in found(frame.assign(tv=read_wrongly), "scrambled_thousands")] == ["tv"]
    assert not found(frame.assign(tv=whole), "scrambled_thousands")
    assert not found(frame.assign(tv=np.round(frame["tv"] % 900, 3)), "scrambled_thousands")


def test_weeks_on_a_weekend_are_asked_about() -> None:
    frame = national(start="2022-01-01")
    (finding,) = found(frame, "week_label")
    assert "Weeks are labelled by Saturdays" in finding.message
    assert not found(frame, "week_label", week_label="start")
    moved = settings(week_label="end")
    dataset = from_frame(frame, moved)
    assert (str(dataset.dates[0].date()), str(dataset.frequency)) == ("2021-12-26", "week-SUN")
    assert not quality_report(dataset, moved).of("week_label")
    assert "the data are daily" in refused(national("D"), week_label="end")


def test_a_pattern_of_weekdays_is_told_with_what_the_model_does() -> None:
    frame = national("D", 400)
    weekday = frame["date"].dt.day_name()
    frame["sales"] *= 1 + 0.15 * (weekday == "Saturday") - 0.1 * (weekday == "Sunday")
    (finding,) = found(frame, "weekdays")
    assert "model.baseline.calendar.weekdays" in finding.suggestion
    assert "on Saturdays" in finding.message
    control = {"weekday": {"column": "weekday", "categorical": True}}
    assert not found(frame.assign(weekday=weekday), "weekdays", controls=control)


@pytest.mark.parametrize(("row", "word"), [(WEEKS - 1, "last"), (0, "first")])
def test_an_incomplete_end(row: int, word: str) -> None:
    frame = national()
    frame.loc[row, ["sales", "tv", "search"]] *= 0.4
    (finding,) = found(frame, "incomplete_period")
    assert f"The outcome of the {word} week" in finding.message
    assert finding.dates == (frame["date"][row],)
    assert not found(frame, "outcome_shock")


def test_a_pause_where_the_plan_looks() -> None:
    frame = national()
    frame.loc[WEEKS - 10 :, "tv"] = 0.0
    (finding,) = found(frame, "paused", horizon=8)
    assert (finding.channel, "last ran in the week of 2024-02-05" in finding.message) == ("tv", True)
    assert "plan.reference: last_year" in finding.suggestion
    assert not found(frame, "paused", horizon=13)
    assert not found(frame, "paused")


def test_the_layout_of_the_panel_is_not_changed_by_findings() -> None:
    chosen = settings()
    dataset: Dataset = from_frame(national(), chosen)
    before = dataset.fingerprint
    quality_report(dataset, chosen, 13)
    assert dataset.fingerprint == before


def calls(work: Callable[[], object]) -> int:
    """Calls of Python and C functions, which unlike time are the same on a busy machine."""
    count = 0

    def seen(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("convert", [str, float], ids=["text", "numbers"])
def test_the_work_grows_with_the_rows_and_no_faster(convert: type) -> None:
    chosen = settings(geo="geo")

    def panel(geos: int) -> pd.DataFrame:
        frame = regions("".join(chr(97 + k) for k in range(geos)))
        return frame.astype(dict.fromkeys(("sales", "tv", "search"), object)).map(
            lambda cell: convert(cell) if isinstance(cell, float) else cell
        )

    one, two = panel(6), panel(12)
    assert calls(lambda: from_frame(two, chosen)) < 2.2 * calls(lambda: from_frame(one, chosen))
    small, large = from_frame(one, chosen), from_frame(two, chosen)
    assert calls(lambda: quality_report(large, chosen)) < 2.2 * calls(lambda: quality_report(small, chosen))


def test_a_longer_series_costs_no_more_calls() -> None:
    chosen = settings()
    one, two = (from_frame(national("D", days), chosen) for days in (400, 800))
    quality_report(one, chosen)
    assert calls(lambda: quality_report(two, chosen)) < 2.2 * calls(lambda: quality_report(one, chosen))
