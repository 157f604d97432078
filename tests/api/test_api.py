"""From a table to a decision by ``import mmm`` alone: on fits that are in the store without any sampling."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pytest
import synthetic

import mmm
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.data.written import data_document, data_frame
from mmm.errors import DataError, GateError, SettingsError
from mmm.settings import Settings

CHANNELS = ("tv", "search", "display")
COLUMNS: dict[str, Any] = {"geo": "geo", "population": "population"}
TWO = {"members": {"plain": {}, "stiff": {"drift": {"scale": 0.1}}}, "floor": 0.2}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    case = synthetic.Case(settings={"model": {"lookback": "8 weeks", "mixture": TWO}})
    return synthetic.make_settings(case, tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def frame(settings: Settings) -> pd.DataFrame:
    return pd.read_csv(settings.base / "data.csv")


@pytest.fixture(scope="module")
def dataset(frame: pd.DataFrame, settings: Settings) -> mmm.Dataset:
    target = settings.data.target
    return mmm.from_frame(
        frame,
        outcome=target.column,
        channels={name: own.model_dump(exclude_none=True) for name, own in settings.data.channels.items()},
        currency="EUR",
        controls=[control.column for control in settings.data.controls.values()],
        **COLUMNS,
    )


@pytest.fixture(scope="module")
def fit(dataset: mmm.Dataset, settings: Settings) -> mmm.Fit:
    """A fit by keywords, of data in memory; found in the store, so that nothing is sampled."""
    return mmm.fit(
        dataset,
        model={"lookback": "8 weeks", "mixture": TWO},
        sampler=settings.sampler,
        gate=settings.gate,
        plan={"draws": 200, "curve_points": 3},
    )


@pytest.fixture(scope="module")
def plan(fit: mmm.Fit) -> mmm.Plan:
    return mmm.plan(fit, total_budget=1_500_000, horizon="8 weeks", margin=0.4)


# From a table to a fit


def test_keywords_read_what_a_file_would(dataset: mmm.Dataset, settings: Settings) -> None:
    assert dataset.fingerprint == mmm.load_dataset(settings).fingerprint


def test_a_file_is_read_by_the_same_keywords(dataset: mmm.Dataset, settings: Settings) -> None:
    target, channels = settings.data.target.column, settings.data.channels
    read = mmm.load(
        settings.base / "data.csv",
        outcome=target,
        channels={name: own.model_dump(exclude_none=True) for name, own in channels.items()},
        currency="EUR",
        controls={name: own.column for name, own in settings.data.controls.items()},
        **COLUMNS,
    )
    assert read.fingerprint == dataset.fingerprint


def test_the_fit_is_that_of_the_settings(fit: mmm.Fit, settings: Settings) -> None:
    same = mmm.fit(mmm.load_dataset(settings), settings)
    assert same.key == fit.key
    assert [member.name for member in same.members] == ["plain", "stiff"]
    assert same.judgement.gate == fit.gate


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda f, d: mmm.from_frame(f, outcome="sale", channels=["c0_spend"], currency="EUR"), DataError, "'sale'"),
        (lambda f, d: mmm.from_frame(f, outcome="sales", channels=[], currency="EUR"), SettingsError, "mmm.from_frame"),
        (
            lambda f, d: mmm.from_frame(f, outcome="sales", channels=["a"], currency="EUR", geoo="geo"),
            SettingsError,
            "geoo: unknown key. Did you mean 'geo'?",
        ),
        (lambda f, d: mmm.fit(f), SettingsError, "mmm.fit: dataset is a DataFrame"),
        (lambda f, d: mmm.fit(d, model={"lookbak": "8 weeks"}), SettingsError, "Did you mean 'lookback'"),
        (lambda f, d: mmm.fit(d, mdoel={}), SettingsError, "mmm.fit: mdoel: unknown key. Did you mean 'model'"),
        (lambda f, d: mmm.fit(d, model={"lookback": "3 days"}), SettingsError, "model.lookback"),
        (lambda f, d: mmm.fit(d, model={"channels": {"serch": {}}}), SettingsError, "'serch' is not a channel"),
        (lambda f, d: mmm.plan(d), SettingsError, "mmm.plan: fit is a Dataset"),
        (lambda f, d: mmm.report(d), SettingsError, "mmm.report: fit is a Dataset"),
    ],
)
def test_errors_name_the_argument_and_the_next_step(
    call: Callable[..., Any], error: type[Exception], says: str, frame: pd.DataFrame, dataset: mmm.Dataset
) -> None:
    with pytest.raises(error) as raised:
        call(frame, dataset)
    assert says in str(raised.value)


def test_sections_go_into_what_is_there_and_objects_replace_it(dataset: mmm.Dataset, settings: Settings) -> None:
    merged = mmm.fit(dataset, settings, plan={"margin": 0.3})
    assert (merged.settings.plan.margin, merged.settings.plan.curve_points) == (0.3, 5)
    replaced = mmm.fit(dataset, settings, plan=mmm.PlanSettings(margin=0.3))
    assert replaced.settings.plan.curve_points == mmm.PlanSettings().curve_points
    assert merged.key == replaced.key


# What was learned


def test_the_posterior_is_a_tree_that_arviz_reads(fit: mmm.Fit) -> None:
    tree = fit.posterior
    assert {"posterior", "models", "observed_data", "constant_data"} <= set(tree.children)
    found = tree["posterior"]["roas"]
    assert found.dims == ("chain", "draw", "channel")
    assert list(az.summary(tree, var_names=["roas"]).index) == [f"roas[{name}]" for name in CHANNELS]
    shares = pd.Series(tree["posterior"]["model"].values).value_counts(normalize=True)
    for member in fit.counted:
        assert shares[member.name] == pytest.approx(member.weight, abs=0.01)
        assert tree[f"models/{member.name}/posterior"].sizes["draw"] == synthetic.DRAWS


def test_the_posterior_of_one_model_is_its_own(fit: mmm.Fit) -> None:
    from mmm.inference.posterior import posterior_tree

    alone = posterior_tree(fit.only("plain"))
    assert alone["posterior"]["roas"].equals(fit.members[0].tree["posterior"]["roas"])


def test_a_prediction_of_the_past_is_the_fitted_outcome(fit: mmm.Fit) -> None:
    found = fit.predict()
    assert found["outcome"].dims == ("chain", "draw", "date", "geo")
    assert found.sizes["chain"] == synthetic.CHAINS
    assert found.attrs["outcome"] == fit.dataset.outcome_name
    means = fit.analysis.decomposition.groupby("date")["mean"].sum()
    expected = found["expected"].sum("geo").mean(("chain", "draw")).to_series()
    # Different draws of the same posterior.
    assert np.allclose(expected, means, rtol=0.01)
    assert float(found["outcome"].std()) > float(found["expected"].std())


def test_spend_before_goes_on_working(fit: mmm.Fit) -> None:
    """Ahead without any spend is above the baseline alone by what the last weeks still bring, less every week."""
    nothing = ahead(fit, 10, 0.0)
    found = fit.predict(nothing, controls="recent_mean")["expected"]
    part = fit.draws(found.sizes["chain"] * found.sizes["draw"])
    control = np.repeat(fit.dataset.data["control"].values[-13:].mean(axis=0)[None], 10, axis=0)
    dates = pd.DatetimeIndex(found["date"].values)
    base = sum(part.baseline(dates, control, fit.seed).values()).mean(axis=0).sum(axis=1)
    carried = found.mean(("chain", "draw")).sum("geo").values - base
    first, last = carried[0], carried[-1]
    assert first > 10 * abs(last)
    assert first > 0


def ahead(fit: mmm.Fit, weeks: int, spend: float) -> pd.DataFrame:
    dates = fit.dataset.frequency.following(fit.dataset.dates[-1], weeks)
    cells = pd.MultiIndex.from_product([dates, fit.dataset.geos], names=["date", "geo"])
    return pd.DataFrame(spend, index=cells, columns=list(CHANNELS)).reset_index()


def test_a_plan_is_predicted_by_its_schedule(fit: mmm.Fit, plan: mmm.Plan) -> None:
    """The plan's own forecast counts what its spend brings after the horizon too; less of that is left out here."""
    periods = plan.horizon
    longer = pd.concat([plan.schedule, *(tail(fit, plan, weeks) for weeks in [fit.spec.lookback])])
    found = fit.predict(longer, controls="recent_mean", max_draws=600)["expected"].sum("geo").mean(("chain", "draw"))
    without = fit.predict(ahead(fit, periods + fit.spec.lookback, 0.0), controls="recent_mean", max_draws=600)
    won = float((found - without["expected"].sum("geo").mean(("chain", "draw"))).sum())
    assert won == pytest.approx(float(plan.outcome_draws.mean()), rel=0.02)


def tail(fit: mmm.Fit, plan: mmm.Plan, weeks: int) -> pd.DataFrame:
    dates = fit.dataset.frequency.following(plan.dates[-1], weeks)
    cells = pd.MultiIndex.from_product([dates, fit.dataset.geos, CHANNELS], names=["date", "geo", "channel"])
    return pd.DataFrame({"spend": 0.0}, index=cells).reset_index()


def test_other_spend_in_the_past_changes_what_follows_it_alone(fit: mmm.Fit) -> None:
    dates = fit.dataset.dates[40:44]
    cells = pd.MultiIndex.from_product([dates, fit.dataset.geos], names=["date", "geo"])
    spent = fit.dataset.data["spend"].sel(date=dates)
    same = pd.DataFrame(spent.values.reshape(len(cells), -1), index=cells, columns=list(CHANNELS)).reset_index()
    now, before = fit.predict(same)["expected"], fit.predict()["expected"].sel(date=dates)
    assert np.allclose(now.values, before.values)
    more = same.assign(tv=same["tv"] * 2)
    assert (fit.predict(more)["expected"] > now).all()


def test_a_panel_is_predicted_as_it_stands(fit: mmm.Fit) -> None:
    last = fit.dataset.between(fit.dataset.dates[-6].date())
    assert np.allclose(fit.predict(last)["expected"], fit.predict()["expected"][:, :, -6:])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop(columns="tv"), "'tv' is missing"),
        (lambda f: f.rename(columns={"tv": "tvv"}), "'tvv' is no channel or control of the fit. Did you mean 'tv'?"),
        (lambda f: f.iloc[2:], "1 weeks are missing, the first is"),
        (lambda f: f.iloc[1:], "1 rows are missing, the first for"),
        (lambda f: pd.concat([f, f.iloc[:1]]), "twice"),
        (lambda f: f.assign(tv=-1.0), "'tv' is -1 for"),
        (lambda f: f.assign(search="many"), "'search' holds"),
        (lambda f: f.assign(geo=f["geo"].replace(f["geo"][0], "atlantis")), "'atlantis' is no geo"),
        (lambda f: f.assign(date=f["date"] + pd.Timedelta(days=1)), "is no start of a week"),
        (lambda f: f.to_dict(), "is a dict"),
    ],
)
def test_what_is_asked_of_a_prediction_is_checked(change: Callable[..., Any], says: str, fit: mmm.Fit) -> None:
    with pytest.raises(DataError) as raised:
        fit.predict(change(ahead(fit, 3, 1000.0)), controls="recent_mean")
    assert says in str(raised.value)


def test_controls_ahead_are_given_or_held_at_a_stated_value(fit: mmm.Fit) -> None:
    wanted = ahead(fit, 3, 1000.0)
    name = fit.dataset.controls[0]
    with pytest.raises(DataError, match="recent_mean"):
        fit.predict(wanted)
    held = fit.predict(wanted, controls={name: 5.0})
    given = fit.predict(wanted.assign(**{name: 5.0}))
    assert held.attrs["controls"] == f"{name} held at {{'{name}': 5.0}}"
    assert "controls" not in given.attrs
    assert np.allclose(held["expected"], given["expected"])
    assert not np.allclose(held["expected"], fit.predict(wanted, controls="last_year")["expected"])


# What to do


def test_a_plan_by_keywords_is_one_by_settings(fit: mmm.Fit, plan: mmm.Plan) -> None:
    wanted = fit.settings.plan.model_copy(update={"total_budget": 1_500_000.0, "horizon": "8 weeks", "margin": 0.4})
    assert np.allclose(mmm.plan(fit, wanted).money, plan.money)
    with pytest.raises(SettingsError, match=r"mmm.plan: plan.total_budgt: unknown key. Did you mean 'total_budget'"):
        mmm.plan(fit, total_budgt=3)
    with pytest.raises(SettingsError, match=r"plan.horizon"):
        mmm.plan(fit, horizon="900 weeks")


def test_a_fit_that_fails_its_gate_is_not_planned_on(fit: mmm.Fit) -> None:
    strict = fit.settings.gate.model_copy(update={"ess_bulk_min": 1e6})
    failed = mmm.fit(fit.request.dataset, fit.settings, gate=strict)
    with pytest.raises(GateError, match="override"):
        mmm.plan(failed)


def test_some_models_alone_are_weighted_anew(fit: mmm.Fit) -> None:
    assert [member.name for member in fit.only("stiff").members] == ["stiff"]
    assert fit.without("plain").main.key == fit.members[1].key
    assert {m.name: m.weight for m in fit.only("plain", "stiff").members} == pytest.approx(
        {m.name: m.weight for m in fit.members}
    )
    with pytest.raises(SettingsError, match=r"no model 'stif'\. Did you mean 'stiff'"):
        fit.only("stif")


# What is kept


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"value_per_unit": None, "geos": 1},
        {"value_per_unit": 40.0, "channels": ("date", "media geo", "sales")},
    ],
    ids=["geos", "a national KPI", "odd names"],
)
def test_data_in_memory_read_back_as_the_same(case: dict[str, Any], tmp_path: Path) -> None:
    known = mmm.load_dataset(synthetic.make_settings(synthetic.Case(**case), tmp_path))
    hidden = known.with_outcome_hidden(5)
    for dataset in (known, hidden):
        settings = DataSettings.model_validate(data_document(dataset, "kept"))
        assert from_frame(data_frame(dataset), settings).fingerprint == dataset.fingerprint


def test_a_report_of_data_in_memory_can_be_made_again(fit: mmm.Fit, plan: mmm.Plan, tmp_path: Path) -> None:
    made = mmm.report(fit, plan, out=tmp_path, title="In memory", formats=["html"], figures=False)
    assert "In memory" in (made.folder / "report.html").read_text(encoding="utf-8")
    again = mmm.load_settings(made.folder / "settings.yaml").with_base(made.folder.parent)
    assert mmm.load_dataset(again).fingerprint == fit.request.dataset.fingerprint
    assert again.plan.total_budget == 1_500_000
    with pytest.raises(SettingsError, match=r"mmm.report: report.langauge: unknown key. Did you mean 'language'"):
        mmm.report(fit, plan, out=tmp_path, langauge="de")


# How objects show themselves


def test_objects_show_themselves_in_a_few_lines_and_as_cards(fit: mmm.Fit, plan: mmm.Plan) -> None:
    for shown in (fit.dataset, fit, fit.gate, fit.analysis, plan):
        text, card = repr(shown), shown._repr_html_()
        assert len(text.splitlines()) <= 25
        assert len(text) < 4000
        assert card.startswith("<")
    for shown in (fit.dataset, fit, fit.analysis, plan):
        assert all(name in repr(shown) and name in shown._repr_html_() for name in CHANNELS)
    assert "90% interval" in repr(plan)
    assert "90% interval" in repr(fit.analysis)


def test_names_are_text_in_cards(tmp_path: Path) -> None:
    bad = "<b>tv</b>"
    made = synthetic.make_settings(synthetic.Case(channels=(bad, "search"), geos=1), tmp_path)
    fit = mmm.fit(mmm.load_dataset(made), made)
    for shown in (fit.dataset, fit, fit.gate, fit.analysis):
        assert bad not in shown._repr_html_()
