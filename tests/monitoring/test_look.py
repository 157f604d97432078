"""A plan that is followed: money, outcome and limits against it, the state as JSON and the page."""

import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from following_cases import SEEN, WEEKS, plan_of, wide

from mmm.data.coarse import summed
from mmm.data.dataset import Dataset
from mmm.data.quality import Finding
from mmm.errors import DataError
from mmm.inference.fit import Fit, StageFit
from mmm.monitoring.expected import expect
from mmm.monitoring.look import Seen, look, revised
from mmm.monitoring.pacing import pace
from mmm.monitoring.reported import read_reported
from mmm.monitoring.settings import MonitorSettings, ReportedSettings
from mmm.monitoring.state import State, state_schema
from mmm.register.queries import Entry
from mmm.register.settings import RegisterSettings
from mmm.reporting.runs.control_room import room
from mmm.settings.report import ReportSettings

SETTINGS = MonitorSettings(draws=200)


def _as_expected(fit: Fit, dataset: Dataset, seed: int = 4) -> Dataset:
    """The panel with outcomes of the last weeks drawn from what the fit expects of them."""
    rows = slice(len(dataset.dates) - SEEN, len(dataset.dates))
    samples = fit.draws(200)
    mean = samples.expected(dataset, rows, fit.seed)
    drawn = samples.predictive(mean, seed)[7]
    data = dataset.data.copy(deep=True)
    data["outcome"][rows] = drawn
    return replace(dataset, data=data)


@pytest.fixture(scope="module")
def seen(known: Any) -> Seen:
    fit = wide(known.fit)
    dataset = _as_expected(fit, known.dataset)
    before = dataset.between(None, str(dataset.dates[-SEEN - 1].date()))
    content = plan_of(dataset)
    entry = Entry("demo-1", "active", "Anna", content, "0" * 64, ())
    return Seen(entry, dataset, replace(fit, dataset=before))


def _with(seen: Seen, name: str, factor: float, **where: Any) -> Seen:
    """The same with a variable of the panel multiplied in the periods seen."""
    data = seen.dataset.data.copy(deep=True)
    part = {"date": data["date"].values[-SEEN:], **where}
    data[name].loc[part] = data[name].sel(part) * factor
    return replace(seen, dataset=replace(seen.dataset, data=data))


def _kinds(state: State) -> set[str]:
    return {point.kind for point in state.points}


def test_a_plan_that_is_followed_is_on_plan(seen: Seen) -> None:
    state = look(seen, SETTINGS)
    assert (state.verdict, state.points) == ("good", ())
    assert (state.seen, state.periods, len(state.weeks)) == (SEEN, WEEKS, SEEN)
    assert state.total.spent == pytest.approx(state.total.due)
    assert state.total.off == pytest.approx(0.0, abs=1e-12)
    assert state.total.end is not None
    assert state.total.end.mean == pytest.approx(state.total.plan)
    assert state.surprise is not None
    assert state.surprise.since is None
    assert state.surprise.ratio.lower < 1 < state.surprise.ratio.upper
    assert sum(geo.outcome for geo in state.geos) == pytest.approx(sum(week.outcome for week in state.weeks))
    roas = state.efficiency[0].roas
    assert roas is not None
    assert roas.lower < roas.mean < roas.upper


def test_what_is_expected_of_the_last_rows_is_what_the_whole_panel_says(known: Any) -> None:
    """Only the look-back is computed before them; contributions and baseline add up to it."""
    fit, dataset = wide(known.fit), known.dataset
    rows, samples = slice(len(dataset.dates) - SEEN, len(dataset.dates)), fit.draws(50)
    whole = samples.expected(dataset, slice(0, len(dataset.dates)), fit.seed)
    few = samples.expected(dataset, rows, fit.seed)
    np.testing.assert_allclose(few, whole[:, rows], rtol=1e-9)
    assert rows.start > samples.response().lookback > 0
    found = expect(fit, dataset, dataset.dates[rows.start], dataset.dates[-1], 50)
    assert found is not None
    control = dataset.data["control"].values[rows]
    baseline = sum(samples.baseline(dataset.dates[rows], control, fit.seed).values())
    media = found.contribution.sum(axis=2)
    np.testing.assert_allclose(media + baseline.sum(axis=2), found.expected, rtol=1e-9)


def test_money_that_runs_away_is_told_with_where_it_ends(seen: Seen) -> None:
    # Money alone: what drives the response stays, or the outcome would be expected higher too.
    state = look(_with(seen, "spend", 1.2), SETTINGS)
    assert state.verdict == "act"
    assert _kinds(state) == {"pace", "channel_pace"}
    total = state.points[0]
    assert total.kind == "pace"
    assert "+20.0%; it ends at" in total.sentence
    assert total.advice.startswith("To end as planned, spend ")
    assert state.total.end is not None
    assert state.total.end.mean == pytest.approx(1.2 * state.total.plan)


@pytest.mark.parametrize(("factor", "words"), [(0.8, "-1"), (1.25, "+2")])
def test_a_market_that_moved_is_a_surprise(seen: Seen, factor: float, words: str) -> None:
    state = look(_with(seen, "outcome", factor), SETTINGS)
    assert (state.verdict, _kinds(state)) == ("act", {"surprise"})
    assert "It looks most like a change in the whole market" in state.points[0].sentence
    assert f" {words}" in state.points[0].sentence
    assert state.surprise is not None
    assert state.surprise.p_value < 0.05


def test_findings_on_the_last_rows_stand_beside_a_surprise(seen: Seen) -> None:
    finding = Finding("warning", "outcome_shock", "Week 3 is a tenth.", "Correct it.", dates=(seen.dataset.dates[-2],))
    state = look(replace(_with(seen, "outcome", 0.8), findings=(finding,)), SETTINGS)
    assert _kinds(state) == {"surprise", "data"}
    assert state.points[0].advice.startswith("Clear the findings on the data first")
    assert state.points[1].sentence == "The data may be wrong: Week 3 is a tenth."


def test_limits_count_what_was_spent_and_what_is_planned(seen: Seen) -> None:
    name = "search"
    most = float(seen.content.by_channel.loc[name, "spend"])
    rules = {"limits": [{"name": "cap", "channels": [name], "at_most": most * 1.01}]}
    content = seen.content.model_copy(update={"rules": RegisterSettings.model_validate(rules)})
    limited = replace(seen, entry=replace(seen.entry, content=content))
    assert not look(limited, SETTINGS).limits[0].broken
    over = look(_with(limited, "spend", 1.5, channel=name), MonitorSettings(draws=200, pace=1.0, channel=1.0))
    assert over.limits[0].broken
    assert _kinds(over) == {"limit"}


def test_a_past_that_was_revised_is_told(seen: Seen) -> None:
    assert revised(seen) == 0
    data = seen.dataset.data.copy(deep=True)
    data["spend"][3, 0, 0] += 5.0
    data["outcome"][4, 0] *= 1.01
    again = replace(seen, dataset=replace(seen.dataset, data=data))
    assert revised(again) == 2
    assert any("2 cells before it were revised" in point.sentence for point in look(again, SETTINGS).points)
    later = replace(seen, dataset=seen.dataset.between(str(seen.dataset.dates[5].date())))
    assert revised(later) == -1


def test_a_plan_that_has_not_begun(seen: Seen) -> None:
    shifted = tuple(day + dt.timedelta(weeks=SEEN) for day in seen.content.dates)
    content = seen.content.model_copy(update={"dates": shifted})
    state = look(replace(seen, entry=replace(seen.entry, content=content)), SETTINGS)
    assert (state.seen, state.verdict, _kinds(state), state.surprise) == (0, "note", {"no_data"}, None)
    assert "Where are we" in room(state, ReportSettings())


@pytest.mark.parametrize(("why", "words"), [("mediated", "by way of, or beside, visits"), ("coarse", "covers several")])
def test_money_is_followed_where_the_outcome_cannot_be(seen: Seen, why: str, words: str) -> None:
    if why == "mediated":
        fit = replace(seen.fit, stages=(StageFit("mediator", "visits", seen.fit),))
        other = replace(seen, fit=fit)
    else:
        other = replace(seen, dataset=summed(seen.dataset, "4 weeks"))
    state = look(other, SETTINGS)
    assert (state.seen, state.surprise, state.weeks, state.efficiency) == (SEEN, None, (), ())
    point = next(point for point in state.points if point.kind == "unfollowed")
    assert words in point.sentence
    assert state.total == look(seen, SETTINGS).total
    assert "data" not in _kinds(state)
    assert words in room(state, ReportSettings())
    with pytest.raises(DataError, match=words):
        expect(other.fit, other.dataset, other.dataset.dates[-SEEN], other.dataset.dates[-1], 50)


def test_data_that_lost_a_channel_do_not_fit_the_model(seen: Seen) -> None:
    fewer = seen.dataset.with_channels(seen.dataset.channels[1:])
    with pytest.raises(DataError, match=f"channels {seen.dataset.channels[0]} are gone"):
        look(replace(seen, dataset=fewer), SETTINGS)


def test_pace_by_hand() -> None:
    # 3 of 5 periods of 100; spent 110, 90, 130: rates 1.1, 0.9, 1.3 have mean 1.1 and sd 0.2.
    found = pace(np.full(5, 100.0), np.array([110.0, 90.0, 130.0]))
    assert (found.plan, found.due, found.spent, found.burn) == (500.0, 300.0, 330.0, 110.0)
    assert found.off == pytest.approx(0.1)
    assert found.end is not None
    reach = 2.919986 * 0.2 * np.sqrt(200.0**2 / 3 + 2 * 100.0**2)
    assert found.end == pytest.approx((550.0, 550.0 - reach, 550.0 + reach))
    assert pace(np.full(5, 100.0), np.array([110.0])).end is None
    assert pace(np.full(2, 100.0), np.array([110.0, 90.0])).end == (200.0, 200.0, 200.0)
    assert np.isnan(pace(np.array([0.0, 100.0]), np.array([50.0])).off)


def test_the_state_keeps_to_its_schema_and_reads_back(seen: Seen) -> None:
    state = look(_with(seen, "outcome", 0.8), SETTINGS)
    text = state.model_dump_json()
    jsonschema.validate(json.loads(text), state_schema())
    assert State.model_validate_json(text) == state


def test_the_page_tells_it_offline_and_takes_names_for_text(seen: Seen) -> None:
    markup = "<script>alert(1)</script>&\"'"
    names = (markup, *seen.content.channels[1:])
    content = seen.content.model_copy(update={"channels": names, "title": markup})
    data = seen.dataset.data.assign_coords(channel=list(names))
    then = replace(seen.fit.dataset, data=seen.fit.dataset.data.assign_coords(channel=list(names)))
    renamed = Seen(
        replace(seen.entry, content=content), replace(seen.dataset, data=data), replace(seen.fit, dataset=then)
    )
    page = room(look(_with(renamed, "spend", 1.2), SETTINGS), ReportSettings())
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    for words in ("Where are we", "Is the outcome what was expected?", "Is the money on plan?", "act now"):
        assert words in page
    assert pd.Timestamp(seen.content.dates[0]).strftime("%Y") in page


# Thresholds, campaigns, and the periods of finance


def test_a_channel_below_its_threshold_is_told(seen: Seen) -> None:
    one = look(seen, SETTINGS).efficiency[0]
    assert one.roas is not None
    assert one.cost_per_unit is not None
    assert one.cost_per_unit.lower < one.cost_per_unit.mean < one.cost_per_unit.upper
    for factor, severity in ((1.001, "look"), (1.001 * one.roas.upper / one.roas.mean, "act")):
        settings = SETTINGS.model_copy(update={"least_roas": {one.channel: factor * one.roas.mean}})
        (point,) = look(seen, settings).points
        assert (point.kind, point.severity, point.channel) == ("returns", severity, one.channel)
    settings = SETTINGS.model_copy(update={"most_cost": {one.channel: 0.99 * one.cost_per_unit.lower}})
    (point,) = look(seen, settings).points
    assert (point.kind, point.severity) == ("cost", "act")
    fine = {"least_roas": {one.channel: 0.99 * one.roas.mean}, "most_cost": {one.channel: one.cost_per_unit.upper}}
    assert look(seen, SETTINGS.model_copy(update=fine)).points == ()


def test_quarters_months_and_years_add_up(seen: Seen) -> None:
    state = look(seen, SETTINGS)
    for parts in (state.quarters, state.years):
        assert sum(part.plan for part in parts) == pytest.approx(state.total.plan)
        assert sum(part.spent for part in parts) == pytest.approx(state.total.spent)
    for channel in state.channels:
        assert sum(month.plan[channel.channel] for month in state.months) == pytest.approx(channel.plan)
        assert sum(month.spent[channel.channel] for month in state.months) == pytest.approx(channel.spent)
    assert state.months[0].over
    assert not state.months[-1].over
    # A week before the plan that lies in its first quarter counts as spent before it.
    past = seen.content.past
    inside = past.dates[0].month in range(3 * ((seen.content.dates[0].month - 1) // 3) + 1, 13)
    assert (state.quarters[0].before > 0) == inside


def test_what_platforms_report_stands_beside_the_model(seen: Seen, tmp_path: Path) -> None:
    first, last = seen.content.dates[0], seen.content.dates[SEEN - 1]
    ahead = last + dt.timedelta(days=9)
    name = '<script>alert("x")</script>'
    (tmp_path / "ads.csv").write_text(
        "day,kanal,where,name,cost,conv,worth\n"
        f"{first},search,Ads,Brand,100,10,300\n{last},search,Ads,Brand,50,5,150\n"
        f'{first},search,Ads,"{name.replace(chr(34), chr(34) * 2)}",50,,\n{ahead},search,Ads,Brand,999,9,9\n'
    )
    columns = {"date": "day", "channel": "kanal", "platform": "where", "campaign": "name", "spend": "cost"}
    wish = ReportedSettings.model_validate(
        {"source": "ads.csv", **columns, "conversions": "conv", "value": "worth"}
    )  # fmt: skip
    channels = seen.dataset.channels
    reported = read_reported(wish, tmp_path, channels, "EUR")
    state = look(replace(seen, reported=reported), SETTINGS)
    brand = next(one for one in state.campaigns if one.campaign == "Brand")
    assert (brand.spent, brand.conversions, brand.value) == (150, 15, 450)
    assert sum(brand.months.values()) == 150
    search = next(one for one in state.efficiency if one.channel == "search")
    assert (search.reported, search.reported_roas) == (15, pytest.approx(450 / 200))
    page = room(state, ReportSettings())
    assert "Conversions reported" in page
    assert "<script>alert(" not in page
    assert "&lt;script&gt;alert(" in page
    jsonschema.validate(json.loads(state.model_dump_json()), state_schema())
    text = (tmp_path / "ads.csv").read_text().replace("Ads,Brand,100", "Ads,Brand,-1")
    (tmp_path / "ads.csv").write_text(text.replace(f"{last},search", f"{last},searhc"))
    with pytest.raises(DataError, match=r"(?s)2 problems.*'searhc' is no channel.*line 3.*Negative spend.*line 2"):
        read_reported(wish, tmp_path, channels, "EUR")
