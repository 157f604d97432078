"""What follows the calendar: holidays of many countries, events, days of the week, months, changes of slope."""

import datetime as dt
from pathlib import Path
from typing import Any

import engine_cases as cases
import holidays
import numpy as np
import pandas as pd
import pytest
import yaml

from mmm.assessment.recovery import roas_draws
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.errors import SettingsError
from mmm.inference.engine import log_posterior
from mmm.inference.engine.draws import posterior
from mmm.inference.engine.prior_draws import unconstrained_draws
from mmm.inference.mix import fit_mixture
from mmm.inference.preview import preview
from mmm.inference.settings import SamplerSettings
from mmm.model.baseline import terms
from mmm.model.build import build
from mmm.model.calendar.days import day_numbers, share_of_period
from mmm.model.calendar.events import black_friday
from mmm.model.calendar.holidays import holidays_of
from mmm.model.calendar.kinds import CalendarSettings
from mmm.model.calendar.seasons import month_shares, weekday_shares
from mmm.model.draws import baseline_draws, stacked
from mmm.model.mixture import make_mixture
from mmm.model.settings import ModelSettings
from mmm.model.spec import ModelSpec, make_spec

COUNTRIES = (
    "AE", "AR", "AU", "BR", "CA", "CN", "DE", "DK", "ES", "FR", "GB", "ID", "IE", "IN", "IT", "JP", "KR", "MX", "NL",
    "NZ", "PL", "SE", "TR", "US", "ZA",
)  # fmt: skip
WHOLE = {
    "holidays": {"country": "US", "before": 2, "after": 1},
    "events": [
        {"name": "relaunch", "kind": "step", "start": "2022-06-01"},
        {"name": "strike", "start": "2022-03-02", "end": "2022-03-11"},
        {"name": "buzz", "kind": "decay", "start": "2022-04-06", "half_life_days": 10},
        {"name": "fair", "kind": "yearly", "start": "2020-05-01", "end": "2020-05-04"},
        {"name": "black friday", "kind": "black_friday"},
    ],
    "months": {},
    "changepoints": {"every": 60},
}


# Days and shares


@pytest.mark.parametrize("country", COUNTRIES)
def test_each_holiday_counts_once(country: str) -> None:
    """Against the package's list of the days themselves: moved or substituted, none is lost, none counts twice."""
    span = range(2018, 2029)
    english = "en_US" if "en_US" in getattr(holidays.country_holidays(country), "supported_languages", ()) else None
    own = holidays.country_holidays(country, years=span, observed=False, language=english)
    official = holidays.country_holidays(country, years=span, observed=True, language=english)
    ours = holidays_of(country, span)
    for day, text in own.items():
        if not 2018 < day.year < 2028:
            continue
        for name in text.split("; "):
            near = [d for d in ours[name] if abs((d - day).days) <= 12]
            theirs = [d for d, t in own.items() if name in t.split("; ") and abs((d - day).days) <= 12]
            assert len(near) == len(theirs), (day, name, near)
            assert all(d in official or d == day or d in theirs for d in near)


def test_a_substitute_day_is_the_holiday() -> None:
    """In 2021 Christmas Day was a Saturday: the bank holidays were the 27th and the 28th."""
    found = holidays_of("GB", range(2020, 2023))
    assert dt.date(2021, 12, 27) in found["Christmas Day"]
    assert dt.date(2021, 12, 25) not in found["Christmas Day"]
    assert dt.date(2021, 12, 28) in found["Boxing Day"]


def test_a_part_of_a_country_has_its_own_days() -> None:
    assert "Epiphany" in holidays_of("DE-BY", range(2023, 2024))
    assert "Epiphany" not in holidays_of("DE", range(2023, 2024))


@pytest.mark.parametrize("anchor", ["2020-12-28", "2020-12-30", "2021-01-03"])
def test_weeks_take_their_share_also_over_the_years_end(anchor: str) -> None:
    weeks = pd.date_range(anchor, periods=53, freq="7D")
    days = day_numbers(d for found in holidays_of("US", range(2019, 2024)).values() for d in found)
    shares = share_of_period(weeks, 7, days)
    first, last = weeks[0].date(), weeks[-1].date() + dt.timedelta(days=6)
    listed = [d for found in holidays_of("US", range(2019, 2024)).values() for d in found if first <= d <= last]
    assert 7 * shares.sum() == pytest.approx(len(listed))
    assert shares.max() <= 3 / 7


def test_black_friday_by_hand() -> None:
    assert [str(day) for day in black_friday(2023)] == ["2023-11-24", "2023-11-25", "2023-11-26", "2023-11-27"]
    assert str(black_friday(2018)[0]) == "2018-11-23"


def test_shares_of_months_and_weekdays() -> None:
    weeks = pd.DatetimeIndex(["2024-01-29", "2024-02-26"])
    months = month_shares(weeks, 7) + 1 / 12
    assert months[0, :3] == pytest.approx([3 / 7, 4 / 7, 0.0])
    assert months[1, :3] == pytest.approx([0.0, 4 / 7, 3 / 7])
    days = weekday_shares(pd.date_range("2024-01-01", periods=8), 1) + 1 / 7
    assert days[0] == pytest.approx([1, 0, 0, 0, 0, 0, 0])
    assert days[7] == pytest.approx(days[0])
    assert np.abs(weekday_shares(weeks, 7)).max() == 0.0


# Terms in the model


def spec_of(calendar: dict[str, Any], shape: str = "national") -> ModelSpec:
    return make_spec(cases.dataset(shape), cases.settings(baseline={"calendar": calendar, "drift": {}}))


def columns(calendar: dict[str, Any], dates: pd.DatetimeIndex, name: str, shape: str = "national") -> dict[str, Any]:
    spec = spec_of(calendar, shape)
    control = np.zeros((len(dates), len(spec.geos), len(spec.controls)))
    (term,) = [one for one in terms(spec, dates, control) if one.name == name]
    return {label: term.design[..., i] for i, label in enumerate(term.labels)}


def test_events_by_hand() -> None:
    """Weeks that begin on Mondays; a step that begins on a Wednesday has five days of its first week."""
    weeks = pd.date_range("2022-02-28", periods=20, freq="7D")
    found = columns(WHOLE, weeks, "events")
    assert found["strike"][:3] == pytest.approx([5 / 7, 5 / 7, 0.0])
    step = list(weeks).index(pd.Timestamp("2022-05-30"))
    assert found["relaunch"][step - 1 : step + 2] == pytest.approx([0.0, 5 / 7, 1.0])
    begun = list(weeks).index(pd.Timestamp("2022-04-04"))
    assert found["buzz"][begun] == pytest.approx(sum(0.5 ** (k / 10) for k in range(5)) / 7)
    assert found["buzz"][begun + 1] == pytest.approx(sum(0.5 ** (k / 10) for k in range(5, 12)) / 7)
    may = list(weeks).index(pd.Timestamp("2022-04-25"))
    assert found["fair"][may : may + 2] == pytest.approx([1 / 7, 3 / 7])


def test_an_event_of_one_geo_is_nothing_elsewhere() -> None:
    geos = cases.dataset("geo_ragged").geos
    calendar = {"events": [{"name": "opening", "kind": "step", "start": "2022-02-01", "geos": [geos[1]]}]}
    design = columns(calendar, pd.date_range("2022-02-07", periods=3, freq="7D"), "events", "geo_ragged")["opening"]
    assert design[:, 1] == pytest.approx(1.0)
    assert np.delete(design, 1, axis=1) == pytest.approx(0.0)


def test_geos_have_the_holidays_of_their_country() -> None:
    geos = cases.dataset("geo_ragged").geos
    places = {geo: "DE-BY" if i == 0 else "GB-SCT" for i, geo in enumerate(geos)}
    weeks = pd.date_range("2022-05-23", periods=6, freq="7D")
    design = columns({"holidays": {"country": places}}, weeks, "public_holidays", "geo_ragged")["Corpus Christi"]
    assert design[:, 0].max() == pytest.approx(1 / 7)
    assert design[:, 1:].max() == 0.0


def test_more_dates_leave_the_old_rows() -> None:
    spec, data = spec_of(WHOLE), cases.dataset("national")
    dates = data.dates.append(pd.date_range(data.dates[-1], periods=80, freq="7D")[1:])
    control = np.zeros((len(dates), 1, len(spec.controls)))
    for short, long in zip(terms(spec, dates[:30], control[:30]), terms(spec, dates, control), strict=True):
        np.testing.assert_allclose(long.design[:30][..., : short.design.shape[-1]], short.design, atol=1e-14)
    later = {term.name: term.design[len(data.dates) :] for term in terms(spec, dates, control)}
    assert later["public_holidays"].any()
    assert later["events"][:, 4].any()


@pytest.mark.parametrize("shape", ["national", "geo_ragged"])
def test_density_and_gradient_equal_the_plain_model(shape: str) -> None:
    places = {geo: "DE" if i else "US" for i, geo in enumerate(cases.dataset(shape).geos)}
    calendar = WHOLE | {"holidays": {"country": places}}
    calendar |= {"common_shocks": {}} if shape != "national" else {}
    spec, data = spec_of(calendar, shape), cases.dataset(shape)
    p = log_posterior(spec, data, integrated=False)
    assert {"public_holidays", "events", "months_of_year", "changes_of_slope"} <= {t.name for t in p.linear.terms}
    model = build(spec, data, fused=False)
    density = model.compile_fn(model.logp(), mode="FAST_COMPILE")
    for x in 0.3 * np.random.default_rng(3).standard_normal((2, p.layout.dim)):
        value, gradient = p.value_and_gradient(x)
        assert value == pytest.approx(float(density(p.layout.pymc_point(x))), abs=1e-8 * max(1.0, abs(value)))
        some = np.random.default_rng(4).choice(p.layout.dim, 12, replace=False)
        step = 1e-5 * np.eye(p.layout.dim)[some]
        differences = (p.many(x + step)[0] - p.many(x - step)[0]) / 2e-5
        np.testing.assert_allclose(gradient[some], differences, rtol=1e-5, atol=1e-5 * np.abs(gradient).max())


def test_shocks_of_one_region_are_refused() -> None:
    with pytest.raises(SettingsError, match="common_shocks: with one region a period's shock is its noise"):
        spec_of({"common_shocks": {}})


def test_every_period_has_a_shock_of_its_own() -> None:
    spec, data = spec_of({"common_shocks": {"scale": 0.2}}, "geo"), cases.dataset("geo")
    dates = data.dates.append(pd.date_range(data.dates[-1], periods=10, freq="7D")[1:])
    control = np.zeros((len(dates), 4, len(spec.controls)))
    short, long = (
        next(t for t in terms(spec, days, control[: len(days)]) if t.name == "common_shocks")
        for days in (data.dates, dates)
    )
    np.testing.assert_array_equal(long.design, np.eye(len(dates)))
    np.testing.assert_array_equal(short.design, np.eye(len(data.dates)))
    assert long.labels[: len(data.dates)] == short.labels == tuple(str(day.date()) for day in data.dates)
    # What is not known of later periods is as large as what was learned of earlier ones.
    p = log_posterior(spec, data, integrated=True)
    samples = stacked(posterior(p, np.repeat(unconstrained_draws(p, 1, 1)[None], 400, axis=1), 2))
    found = baseline_draws(spec, samples, dates, control, 0)["common_shocks"][:, len(data.dates) :]
    size = float(samples["common_shocks_sd"][0]) * np.array(spec.outcome_scale)
    np.testing.assert_allclose(found.std(axis=(0, 1)) / size, 1.0, rtol=0.1)


def test_shocks_that_regions_share_are_no_witness_of_media() -> None:
    """Eight regions with one shock a week of 10%, in 4 worlds: without the term intervals hold too little."""
    straight = {"mixture": None, "saturation": {"family": "none"}, "adstock": {"family": "none"}}
    held = dict.fromkeys(("known", "not known"), 0)
    for seed in range(4):
        data, truth = shared_weeks(seed)
        for name, calendar in (("known", {"common_shocks": {}}), ("not known", {})):
            settings = ModelSettings.model_validate(straight | {"baseline": {"calendar": calendar}})
            fit = fit_mixture(data, make_mixture(data, settings), SamplerSettings(draws=100, tune=200, chains=2))
            low, high = np.quantile(roas_draws(fit)[:, -1], [0.05, 0.95], axis=0)
            held[name] += int(((low <= truth) & (truth <= high)).sum())
    assert held["known"] >= 6, held
    assert held["known"] > held["not known"], held


def shared_weeks(seed: int) -> tuple[Dataset, np.ndarray]:
    """Two channels that run in all regions alike with their own sizes; a straight-line effect, true returns."""
    rng = np.random.default_rng([77, seed])
    weeks, geos, truth = 80, 8, np.array([2.0, 1.0])
    spend = rng.gamma(4.0, 25.0, (weeks, 1, 2)) * rng.uniform(0.7, 1.3, (weeks, geos, 2))
    outcome = 2000 + 200 * rng.standard_normal((weeks, 1)) + 30 * rng.standard_normal((weeks, geos)) + spend @ truth
    index = [(day, f"r{g}") for day in pd.date_range("2022-01-03", periods=weeks, freq="7D") for g in range(geos)]
    frame = pd.DataFrame(index, columns=["date", "geo"]).assign(
        sales=outcome.ravel(), tv=spend[:, :, 0].ravel(), search=spend[:, :, 1].ravel()
    )
    document = {
        "source": "a.csv", "geo": "geo", "target": {"column": "sales"}, "currency": "EUR",
        "channels": {"tv": "tv", "search": "search"},
    }  # fmt: skip
    return from_frame(frame, DataSettings.model_validate(document)), truth


def test_parts_add_up_and_events_stand_by_name() -> None:
    spec, data = spec_of(WHOLE), cases.dataset("national")
    p = log_posterior(spec, data, integrated=True)
    samples = stacked(posterior(p, unconstrained_draws(p, 4, 1)[None], 2))
    found = baseline_draws(spec, samples, data.dates, data.data["control"].values, 0)
    assert {"event:relaunch", "event:black friday", "public_holidays", "months_of_year"} <= set(found)
    whole = sum(t.values(samples[t.name].transpose("sample", t.dim).values) for t in p.linear.terms)
    np.testing.assert_allclose(sum(found.values()), whole * np.array(spec.outcome_scale), rtol=1e-9)


# What is learned


def daily(days: int = 420) -> tuple[pd.DataFrame, np.ndarray]:
    """Sales with a pattern of the week from -20% to +35%, lower on holidays and higher around Black Friday."""
    rng = np.random.default_rng(11)
    dates = pd.date_range("2022-01-03", periods=days)
    pattern = np.array([-0.10, -0.20, -0.05, 0.0, 0.15, 0.35, -0.15])
    tv = rng.lognormal(8, 0.5, days)
    closed = dates.isin(pd.DatetimeIndex([d for found in holidays_of("US", range(2022, 2024)).values() for d in found]))
    black = dates.isin(pd.DatetimeIndex([d for year in (2022, 2023) for d in black_friday(year)]))
    level = 1.0 + pattern[dates.day_of_week] - 0.3 * closed + 0.8 * black
    sales = 100_000 * level + 1.5 * tv + rng.normal(0, 2_000, days)
    return pd.DataFrame({"date": dates, "sales": sales, "tv": tv}), pattern


def read(frame: pd.DataFrame) -> Any:
    document = {"source": "a.csv", "target": {"column": "sales"}, "currency": "EUR", "channels": ["tv"]}
    return from_frame(frame, DataSettings.model_validate(document))


def error_of(calendar: dict[str, Any]) -> tuple[float, Any]:
    """Share of the outcome by which the mean of a preview misses, and its draws."""
    frame, _ = daily()
    dataset = read(frame)
    settings = ModelSettings.model_validate(
        {"mixture": None, "lookback": "4 weeks", "baseline": {"calendar": calendar}}
    )
    spec = make_spec(dataset, settings)
    seen = preview(dataset, spec, count=200, seed=1)
    samples = stacked(seen.posterior)
    parts = baseline_draws(spec, samples, dataset.dates, dataset.data["control"].values, 0)
    mean = sum(part.mean(axis=0).sum(axis=1) for part in parts.values()) + 1.5 * frame["tv"].to_numpy()
    return float(np.abs(mean - frame["sales"]).mean() / frame["sales"].mean()), (spec, samples)


def test_a_pattern_of_weekdays_is_learned_by_default_in_daily_data() -> None:
    _, pattern = daily()
    without, _ = error_of({"weekdays": None})
    whole, (spec, samples) = error_of(
        {"holidays": {"country": "US"}, "events": [{"name": "bf", "kind": "black_friday"}]}
    )
    assert without > 0.10
    assert whole < 0.03
    level = spec.outcome_scale[0] / 100_000
    learned = samples["days_of_week"].transpose("sample", ...).values * level
    centred = learned - learned.mean(axis=1, keepdims=True)
    low, high = np.quantile(centred, [0.01, 0.99], axis=0)
    truth = pattern - pattern.mean()
    assert ((low - 0.02 <= truth) & (truth <= high + 0.02)).all(), (low, truth, high)
    event = samples["events"].values.ravel() * level
    assert np.quantile(event, 0.01) < 0.8 < np.quantile(event, 0.99)
    default, _ = error_of({})
    assert default < 0.5 * without


# What the docs show


def test_the_settings_of_the_docs_are_settings() -> None:
    page = (Path(__file__).parents[2] / "docs" / "calendar.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])["model"]["baseline"]["calendar"]
    shown["events"][1]["geos"] = ["g0"]
    shown["holidays"]["country"] = dict.fromkeys(cases.dataset("geo_ragged").geos, "DE-BY")
    found = spec_of(shown, "geo_ragged").baseline.calendar
    assert found is not None
    assert found.holidays is not None
    assert "Epiphany" not in found.holidays.kinds
    assert len(found.holidays.kinds) > 10


# What is refused


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        ({"holidays": {"country": "XX"}}, "'XX' is no country whose holidays are known"),
        ({"holidays": {"country": "DE-XX"}}, "'XX' is no part of DE"),
        ({"events": [{"name": "a", "kind": "step"}]}, "a step needs its start"),
        ({"events": [{"name": "a", "start": "2022-03-02", "end": "2022-03-01"}]}, "end must not be before start"),
        ({"events": [{"name": "a", "kind": "step", "start": "2022-03-02", "end": "2022-04-01"}]}, "a step has no end"),
        ({"events": [{"name": "a", "kind": "black_friday", "start": "2022-03-02"}]}, "knows its days"),
    ],
)
def test_settings_that_mean_nothing(calendar: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CalendarSettings.model_validate(calendar)


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        ({"weekdays": {}}, r"model\.baseline\.calendar\.weekdays: a week has all of its days"),
        ({"holidays": {"country": {"elsewhere": "DE"}}}, r"calendar\.holidays: no country is given for"),
        ({"holidays": {"country": "US", "without": ["Christmas"]}}, "'Christmas' is no holiday there. Did you mean"),
        ({"events": [{"name": "price", "start": "2022-03-02"}]}, "'price' is the name of something else too"),
        ({"events": [{"name": "a", "start": "2022-03-02", "geos": ["mars"]}]}, "'mars' of 'a' is no geo"),
    ],
)
def test_settings_that_do_not_fit_the_panel(calendar: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        spec_of(calendar)
