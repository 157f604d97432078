"""Backtests: which refreshes, what they may know, and scores that can be checked by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from seeds import seeded

from mmm.assessment import backtest as bt
from mmm.assessment.backtest import Backtest, BacktestSettings, backtest, hidden_periods, short_finding
from mmm.data.dataset import Dataset
from mmm.errors import DataError, FitError
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import Beliefs
from mmm.model.settings import ModelSettings
from mmm.simulate import simulate
from mmm.workflow import Request, backtested, judging, kept
from mmm.workflow.fitting import fitted

MODEL = ModelSettings.model_validate({"lookback": "6 weeks", "baseline": {"seasonality_order": 1}, "mixture": None})
SHORT = BacktestSettings(refreshes=3, step="6 weeks", ahead="8 weeks", least="40 weeks")


@pytest.fixture(scope="module")
def dataset(small_world, dataset_of) -> Dataset:
    world = small_world(1)
    return dataset_of(simulate(replace(world, channels=world.channels[:2])))


@pytest.fixture(scope="module")
def sampler(tmp_path_factory) -> SamplerSettings:
    return seeded(draws=100, tune=200, chains=2, store=str(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="module")
def made(dataset, sampler) -> Backtest:
    return backtest(dataset, Beliefs(MODEL), sampler, SHORT)


def test_too_few_periods_are_a_finding_before_they_are_an_error(dataset) -> None:
    assert short_finding(dataset, SHORT) is None
    found = short_finding(dataset, SHORT.model_copy(update={"least": "500 weeks"}))
    assert "a backtest needs 506" in found.message
    assert found.suggestion == "Shorten backtest.least or backtest.step."


def test_refreshes_end_with_all_data_and_start_with_enough(dataset) -> None:
    assert hidden_periods(dataset, SHORT) == (12, 6, 0)
    assert hidden_periods(dataset, SHORT.model_copy(update={"refreshes": 50})) == (18, 12, 6, 0)
    with pytest.raises(DataError, match="a backtest needs 61"):
        hidden_periods(dataset, SHORT.model_copy(update={"least": "55 weeks"}))


def test_a_forecast_knows_nothing_of_what_it_forecasts(dataset, sampler, made) -> None:
    """Other outcomes after the first refresh leave its forecast, and its returns, as they were."""
    changed = dataset.data.copy(deep=True)
    changed["outcome"][-12:] *= 3.0
    other = backtest(replace(dataset, data=changed), Beliefs(MODEL), sampler, SHORT)
    columns = ["mean", "lower", "upper"]
    for name in ("forecasts", "returns"):
        frames = [getattr(b, name) for b in (made, other)]
        before, after = (f.loc[f["origin"] == f["origin"].min(), columns].to_numpy() for f in frames)
        assert np.array_equal(before, after)
        before, after = (f.loc[f["origin"] == f["origin"].max(), columns].to_numpy() for f in frames)
        assert not np.allclose(before, after)


def test_what_it_forecasts_is_what_happened(dataset, made) -> None:
    actual = dataset.data["outcome"].sum("geo").to_series()
    assert np.allclose(made.forecasts["actual"], actual.reindex(made.forecasts["date"]))
    assert made.forecasts.groupby("origin").size().tolist() == [8, 6]
    gaps = made.forecasts["date"] - made.forecasts["origin"]
    assert np.array_equal(gaps.dt.days, 7 * made.forecasts["step"])
    assert (made.forecasts["lower"] < made.forecasts["upper"]).all()


def test_the_model_without_media_has_no_media(dataset, sampler, made) -> None:
    fit = bt.obtain(dataset, Beliefs(MODEL).mixture(dataset), sampler)
    bare = bt.obtain(dataset, bt.single(bt._without_media(fit.spec)), sampler)
    assert np.exp(bare.response().log_beta).sum() < 1e-6 * np.exp(fit.response().log_beta).sum()
    assert (made.forecasts["crps_without"] > 0).all()


def test_returns_are_those_of_the_same_spend(made) -> None:
    assert made.returns.groupby("channel").size().eq(3).all()
    assert made.returns["shift"].isna().sum() == made.returns["channel"].nunique()
    drift = made.drift()
    assert (drift["refreshes"] == 2).all()
    assert (drift["rms"] <= drift["largest"] + 1e-12).all()


def test_a_finished_backtest_is_found_and_a_broken_off_one_goes_on(dataset, sampler, made, monkeypatch) -> None:
    monkeypatch.setattr("mmm.inference.store.sample_once", lambda *_, **__: pytest.fail("fitted again"))
    request = Request(dataset, Beliefs(MODEL), sampler, backtest=SHORT)
    again = backtested(request)
    assert np.array_equal(again.forecasts["mean"], made.forecasts["mean"])
    fit, place = fitted(request), kept.Place(sampler.store)
    found = place.found(judging.BACKTEST, fit, judging._refreshed(request))
    assert found is not None
    pd.testing.assert_frame_equal(found.forecasts, made.forecasts)
    pd.testing.assert_frame_equal(found.returns, made.returns)
    other = replace(request, backtest=SHORT.model_copy(update={"refreshes": 2}))
    assert place.found(judging.BACKTEST, fit, judging._refreshed(other)) is None


def test_a_failed_refresh_names_itself(dataset, sampler, monkeypatch) -> None:
    def broken(*_, **__):
        raise FitError("no chains")

    monkeypatch.setattr(bt, "obtain", broken)
    with pytest.raises(FitError, match=r"The refresh of .* failed: no chains"):
        backtest(dataset, Beliefs(MODEL), sampler, SHORT)


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_scores_by_hand() -> None:
    forecasts = frame(
        step=[1, 2, 5, 6], actual=[1.0, 2.0, 3.0, 9.0], lower=[0.0] * 4, upper=[4.0] * 4, mean=[2.0] * 4,
        crps=[1.0, 1.0, 2.0, 4.0], crps_without=[2.0, 2.0, 4.0, 8.0], crps_naive=[1.0, 1.0, 1.0, 1.0],
    )  # fmt: skip
    returns = frame(
        origin=pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"]), channel=["tv"] * 3, mean=[1.0, 1.2, 2.0],
        lower=[0.8, 1.0, 1.5], upper=[1.3, 1.5, 2.5], shift=[np.nan, 3.0, -4.0],
    )  # fmt: skip
    found = Backtest(forecasts, returns)
    steps = found.by_step()
    assert list(steps.index) == ["1 to 4", "5 to 6", "all"]
    assert steps["coverage"].tolist() == [1.0, 0.5, 0.75]
    assert steps.loc["all", "skill_without"] == pytest.approx(0.5)
    assert steps.loc["5 to 6", "skill_naive"] == pytest.approx(-2.0)
    drift = found.drift().loc["tv"]
    assert (drift["refreshes"], drift["largest"], drift["kept"]) == (2, 4.0, 0.5)
    assert drift["rms"] == pytest.approx(np.sqrt(12.5))
