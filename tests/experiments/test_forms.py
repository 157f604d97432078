"""Forms of tests beside one group of regions: cells, over time, audiences; and when any of them can run."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from panels import panel, regions

from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.errors import DataError, SettingsError
from mmm.experiments.candidate import Candidate
from mmm.experiments.candidates import candidates
from mmm.experiments.design import Chance, Rules, Search, normal_errors, search_cells
from mmm.experiments.moved import LEFT, Changed, cool_down
from mmm.experiments.over_time import errors_of, foretold, turns
from mmm.experiments.settings import DesignSettings
from mmm.experiments.when import Calendar, Running, calendar_of
from mmm.inference.preview import preview
from mmm.model.draws import response_draws, stacked
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import data_settings, demo_world, simulate

NONE = np.zeros(14, dtype=bool)


@pytest.fixture(scope="module")
def demo():
    """The demo's panel, and draws of a preview: nothing is fitted."""
    simulated = simulate(demo_world())
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    spec = make_spec(dataset, ModelSettings(mixture=None))
    return dataset, response_draws(spec, stacked(preview(dataset, spec, count=100).posterior))


def design(**changes) -> DesignSettings:
    given = {"channels": ("search", "tv"), "lengths": ("4 weeks",), "shares": (0.2,), "draws": 50, "estimator": "did"}
    return DesignSettings.model_validate(given | changes)


def possible(demo, **changes) -> tuple[Candidate, ...]:
    return candidates(*demo, design(**changes)).tests


# Cells


def test_cells_are_disjoint_and_read_against_the_same_controls() -> None:
    quiet = panel(0.0)
    must, never = np.isin(regions(), ["r02"]), np.isin(regions(), ["r04"])
    found = search_cells(quiet, Rules(3, must, never, 0.7), 6, Search(draws=100, kept=2, estimator="did"), 2)
    assert found.groups.shape == (2, 14)
    assert not (found.groups[0] & found.groups[1]).any()
    assert found.groups.sum() == 6
    assert found.groups[0, must].all()
    assert not found.groups[:, never].any()
    share = found.groups.any(axis=0) @ quiet.outcome.mean(axis=0) / quiet.outcome.mean(axis=0).sum()
    assert share <= 0.7
    # The error of a cell is against regions that no cell treats.
    treated = found.groups.any(axis=0)
    span = slice(84, 90), slice(0, 84)
    index = quiet.outcome / quiet.outcome[span[1]].mean(axis=0)
    size = quiet.outcome[span[1]].mean(axis=0)
    change = index[span[0]].mean(axis=0)
    for cell, errors in zip(found.groups, found.errors.T, strict=True):
        expected = np.average(change[cell], weights=size[cell]) / change[~treated].mean() - 1.0
        assert errors[-1] == pytest.approx(expected, rel=1e-9)


def test_one_control_makes_the_errors_of_cells_correlated() -> None:
    """Two cells of one region each against few controls, whose own noise both of them see."""
    noisy = panel(0.0, n=6, seed=5)
    size = noisy.outcome.mean(axis=0)
    rules = Rules(1, np.zeros(6, dtype=bool), np.argsort(size) >= 4, 1.0)
    found = search_cells(noisy, rules, 6, Search(draws=50, kept=1, estimator="did"), 2)
    raw = np.corrcoef(found.errors.T)[0, 1]
    assert 0 < abs(found.correlation[0, 1]) < abs(raw)
    assert np.linalg.eigvalsh(found.correlation).min() > 0


def test_a_test_with_two_cells_measures_both_channels(demo) -> None:
    found = [t for t in possible(demo, cells=(2,)) if len(t.channels) == 2]
    assert found
    for test in found:
        first, second = test.arms
        assert not set(first.regions) & set(second.regions)
        assert test.effect.shape[1] == 2
        assert test.covariance[0, 0] == pytest.approx(first.error**2)
        assert test.at_risk == pytest.approx(first.brought + second.brought)


def test_a_hold_out_moves_the_money_of_all_other_regions(demo) -> None:
    dataset, _ = demo
    spend = dataset.data["spend"].sel(channel="search").values[-4:].sum()
    by_kind = {t.arms[0].kind: t.arms[0] for t in possible(demo, channels=("search",), kinds=("go_dark", "hold_out"))}
    dark, held = by_kind["go_dark"], by_kind["hold_out"]
    assert held.stake == pytest.approx(dark.stake)
    assert held.moved == pytest.approx(spend - dark.moved)
    np.testing.assert_allclose(held.effect, dark.effect)


# Carryover


def test_cool_down_is_over_when_nearly_all_of_the_effect_has_come(demo) -> None:
    dataset, draws = demo
    found, changed = cool_down(draws, dataset, 4), Changed(draws, dataset, 4)
    whole = changed.by(0.0).sum(axis=1).mean(axis=0)
    for c, name in enumerate(draws.channels):
        cool = found[name]
        assert changed.by(0.0, cool).sum(axis=1).mean(axis=0)[c] >= (1 - LEFT) * whole[c]
        if cool:
            assert changed.by(0.0, cool - 1).sum(axis=1).mean(axis=0)[c] < (1 - LEFT) * whole[c]
    assert found["tv"] > found["search"]
    assert {t.cool for t in possible(demo, channels=("tv",))} == {found["tv"]}


# Over time


def test_turns_find_an_effect_and_miss_a_straight_trend_between_pairs() -> None:
    order = np.array([True, False, True])
    made = turns(order, 3, 1)
    assert made.off.sum() == 9
    assert made.weights.sum() == pytest.approx(0.0)
    course = np.full(18, 100.0)
    assert made.weights @ (course - 7.0 * made.off) == pytest.approx(-7.0 * 9)
    # Periods that still have the carryover of the block before do not count.
    spoilt = course.copy()
    spoilt[::3] += 50.0
    assert made.weights @ spoilt == pytest.approx(0.0)


def test_what_is_foretold_knows_trend_and_season() -> None:
    t = np.arange(170)
    course = 100.0 + 0.2 * t + 9.0 * np.sin(2 * np.pi * t * 7 / 365.25) + 4.0 * np.cos(4 * np.pi * t * 7 / 365.25)
    made = foretold(160, 6, 4, 7)
    assert made.weights @ course == pytest.approx(0.0, abs=1e-6)
    course[160:166] -= 5.0
    assert made.weights @ course == pytest.approx(-30.0, abs=1e-6)
    assert len(foretold(60, 6, 4, 7).weights) == 70


def test_errors_over_time_are_what_the_past_shows() -> None:
    rng = np.random.default_rng(1)
    course = 1000.0 + 10.0 * rng.standard_normal(400)
    made = turns(np.array([True, False]), 4, 0)
    errors = errors_of(course, [made], 8)
    # A difference of two means of eight periods each, relative to one of 1,000.
    assert errors.std() == pytest.approx(10.0 * np.sqrt(2 / 8) / 1000.0, rel=0.35)
    with pytest.raises(DataError, match="windows of the past"):
        errors_of(course[:18], [made], 8)


def test_national_channels_are_tested_over_time(demo) -> None:
    dataset, draws = demo
    found = possible(demo, national=("tv",), blocks=("3 weeks",), pairs=(2,))
    assert {t.form for t in found if t.channels == ("search",)} == {"regions"}
    by_form = {t.form: t for t in found if t.channels == ("tv",)}
    assert set(by_form) == {"switchback", "before_after"}
    once, turned = by_form["before_after"], by_form["switchback"]
    assert (once.periods, turned.periods) == (4, 12)
    # What is seen of a go-dark everywhere is the change of the counted periods.
    whole = Changed(draws, dataset, 4, once.cool).by(0.0, once.cool)[:, :, draws.channels.index("tv")].sum(axis=1)
    np.testing.assert_allclose(once.arms[0].effect, whole)
    # Of turns less, as television works on into the periods in which it is on.
    arm = turned.arms[0]
    assert 0 < arm.effect.mean() < arm.brought.mean()
    assert arm.moved == pytest.approx(
        float(dataset.data["spend"].sel(channel="tv").values[-12:].sum(axis=1)[_off(turned)].sum())
    )


def _off(test: Candidate) -> np.ndarray:
    """The periods that a switchback's note names."""
    days = pd.date_range(test.slot.start, periods=test.periods, freq="7D")
    spans = [span.split(" to ") for span in test.note.removeprefix("changed ").split(", ")]
    return np.any([(days >= pd.Timestamp(a)) & (days <= pd.Timestamp(b)) for a, b in spans], axis=0)


def test_data_of_one_market_have_tests_over_time_alone(demo) -> None:
    world = replace(demo_world(), geos=("all",), population=None)
    simulated = simulate(world)
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    spec = make_spec(dataset, ModelSettings(mixture=None))
    draws = response_draws(spec, stacked(preview(dataset, spec, count=50).posterior))
    found = candidates(dataset, draws, design(channels=("search",)))
    assert {t.form for t in found.tests} == {"switchback", "before_after"}


# Audiences


def test_an_audience_errs_by_its_number(demo) -> None:
    dataset, _ = demo
    one = {"channel": "search", "persons": 100_000, "per_person": 20.0, "spread": 80.0, "held_out": (0.5,)}
    small, large = (
        next(
            t.arms[0]
            for t in possible(demo, channels=("search",), audiences=(one | {"persons": n},))
            if t.form == "audience"
        )
        for n in (100_000, 400_000)
    )
    # Sums over half of the persons: spread * sqrt(2 / n + 2 / n) * n / 2.
    assert small.error == pytest.approx(80.0 * np.sqrt(4 / 100_000) * 50_000)
    assert large.error == pytest.approx(2 * small.error)
    outcome = dataset.data["outcome"].values[-4:].sum()
    spend = dataset.data["spend"].sel(channel="search").values[-4:].sum()
    assert small.stake == pytest.approx(spend * 0.5 * 20.0 * 100_000 / outcome)
    assert large.effect == pytest.approx(4 * small.effect)
    assert large.power > small.power
    assert np.isnan(small.coverage)


def test_normal_errors_have_the_textbooks_power() -> None:
    chance = Chance(normal_errors())
    assert chance.error == pytest.approx(1.0, abs=0.01)
    assert chance.detectable == pytest.approx(1.6449 + 0.8416, abs=0.02)


def test_the_persons_needed_are_those_that_find_the_effect(demo) -> None:
    one = {"channel": "search", "persons": 100_000, "per_person": 20.0, "spread": 80.0, "held_out": (0.5,)}
    first = next(t for t in possible(demo, channels=("search",), audiences=(one,)) if t.form == "audience")
    persons = int(first.note.split(", ")[-1].removesuffix(" needed").replace(",", ""))
    again = next(
        t for t in possible(demo, channels=("search",), audiences=(one | {"persons": persons},)) if t.form == "audience"
    )
    assert again.arms[0].detectable == pytest.approx(again.arms[0].effect.mean(), rel=0.01)


# When

BUSY = {"name": "other", "channel": "tv", "geos": ("north", "east"), "start": "2024-12-01", "end": "2025-03-01"}
MONDAY = pd.Timestamp("2024-01-01")


def calendar(**changes) -> Calendar:
    given = {"first": MONDAY, "last": None, "days": 7, "avoided": (), "running": (), "cooling": {"tv": 3}}
    return Calendar(**(given | changes))


def days(first: str, last: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    return pd.Timestamp(first), pd.Timestamp(last)


def test_a_test_waits_for_days_to_avoid() -> None:
    slot = calendar(avoided=(days("2024-01-24", "2024-01-24"),)).slot(["search"], 4, 2)
    assert slot is not None
    assert slot.start == pd.Timestamp("2024-01-29")
    # Only changed spend has to avoid them, not the weeks that are counted after it.
    slot = calendar(avoided=(days("2024-01-24", "2024-01-24"),)).slot(["search"], 3, 2)
    assert slot is not None
    assert slot.start == MONDAY


def test_a_test_that_would_end_too_late_has_no_place() -> None:
    until = calendar(last=pd.Timestamp("2024-02-11"))
    assert until.slot(["search"], 4, 2) is not None
    assert until.slot(["search"], 4, 3) is None


def test_the_channel_of_a_running_test_waits_until_its_carryover_is_over() -> None:
    running = Running("tv", ("north",), *days("2024-01-01", "2024-01-14"))
    slot = calendar(running=(running,)).slot(["tv"], 4, 0)
    assert slot is not None
    assert slot.start == pd.Timestamp("2024-02-05")
    other = calendar(running=(running,)).slot(["search"], 4, 0)
    assert other is not None
    assert (other.start, other.busy) == (MONDAY, ("north",))
    everywhere = calendar(running=(running,)).slot(["search"], 4, 0, everywhere=True)
    assert everywhere is not None
    assert everywhere.start == pd.Timestamp("2024-02-05")


def test_dates_and_holidays_of_the_settings_are_kept(demo) -> None:
    dataset, _ = demo
    last = dataset.dates[-1]
    assert f"{last:%Y-%m-%d}" == "2024-12-23"
    asked = {"earliest": "2025-02-05", "latest": "2025-12-31", "holidays": {"country": "DE", "only": ["Good Friday"]}}
    for test in possible(demo, channels=("search",), **asked):
        changed = pd.date_range(test.slot.start, periods=7 * test.periods)
        assert test.slot.start == pd.Timestamp("2025-02-10")
        assert pd.Timestamp("2025-04-18") not in changed
    found = possible(demo, channels=("search",), **(asked | {"earliest": "2025-03-28"}))
    assert {t.slot.start for t in found} == {pd.Timestamp("2025-04-21")}


def test_regions_of_other_tests_are_neither_treated_nor_controls(demo) -> None:
    found = possible(demo, channels=("search",), running=(BUSY,))
    assert found
    for test in found:
        assert not {"north", "east"} & set(test.arms[0].regions)
        assert test.slot.busy == ("east", "north")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"latest": "2024-06-01"}, "desk.design.latest: 2024-06-01 lies within the data"),
        (
            {"running": (BUSY | {"name": "x", "geos": ("nroth",)},)},
            "'nroth' of test 'x' is no region. Did you mean 'north'",
        ),
        ({"holidays": {"country": "DE", "only": ["Chrismas Day"]}}, "'Chrismas Day' is no holiday of DE. Did you mean"),
    ],
)
def test_wrong_dates_are_told(demo, given, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        calendar_of(design(**given), demo[0].dates, 7, {}, demo[0].geos)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"latest": dt.date(2025, 1, 10)}, "No place for search for 4 weeks"),
        ({"most_at_risk": 1.0}, "may move more than 1 of outcome"),
    ],
)
def test_where_no_test_is_possible_the_reason_is_told(demo, given, said: str) -> None:
    with pytest.raises(DataError, match=said):
        possible(demo, channels=("search",), **given)


def test_tests_that_put_too_much_at_risk_are_left_out(demo) -> None:
    every = possible(demo, channels=("search", "tv"))
    ends = sorted(float(np.quantile(t.at_risk, 0.95)) for t in every)
    found = candidates(*demo, design(most_at_risk=ends[len(ends) // 2]))
    assert 0 < len(found.tests) < len(every)
    assert "desk.design.most_at_risk" in found.left_out[0]
