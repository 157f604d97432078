"""The gate on real fits: a good one passes, planted defects fail."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from seeds import seeded

from mmm.assessment.gate import GateReport, demand_pass, gate, scale_ratios
from mmm.assessment.holdout import HoldoutResult, holdout, judge
from mmm.assessment.settings import GateSettings
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.errors import DataError, GateError
from mmm.inference.fit import Fit
from mmm.inference.sample import fit_model
from mmm.model.mixture import Beliefs
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import Adstock, Baseline, Channel, Flighting, Noise, Saturation, World, data_settings, simulate

NO_HOLDOUT = GateSettings(holdout=None)
# Sampled once, so that what falls short stays so; enough draws that a sound fit is far from every limit.
SAMPLER = seeded(draws=2000, tune=500, chains=4, attempts=1)
MODEL = ModelSettings.model_validate(
    {"mixture": None, "lookback": "6 weeks", "baseline": {"drift": None, "seasonality_order": 1}}
)


def _world() -> World:
    def channel(name: str, roas: float, flighting: Flighting) -> Channel:
        carry = Adstock(alpha=0.4, max_lag=6)
        return Channel(name, 30_000.0, roas=roas, flighting=flighting, adstock=carry, saturation=Saturation(k=1.5))

    return World(
        channels=(channel("tv", 2.0, Flighting("bursts")), channel("radio", 1.5, Flighting("pulses"))),
        weeks=104,
        baseline=Baseline(weekly_outcome=1e6, season=((0.05, 0.02),)),
        noise=Noise(0.03),
        seed=5,
    )


def _dataset() -> Dataset:
    simulated = simulate(_world())
    return from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))


def _with_outcome(dataset: Dataset, factor: float) -> Dataset:
    data = dataset.data.copy(deep=True)
    data["outcome"] = data["outcome"] * factor
    return replace(dataset, data=data)


@pytest.fixture(scope="module")
def fit() -> Fit:
    dataset = _dataset().with_outcome_hidden(13)
    return fit_model(dataset, make_spec(dataset, MODEL), SAMPLER)


def test_a_good_fit_passes(fit: Fit) -> None:
    report = gate(fit, GateSettings(), judge(fit, _dataset(), 13))
    assert report.status == "pass", report.to_dict()
    assert [check.name for check in report.checks] == [
        "r_hat", "ess_bulk", "ess_tail", "divergences", "e_bfmi", "baseline", "scale", "coverage",
        "last_year", "sign", "prior", "sensitive", "surprise", "together", "hidden_demand", "unexplained", "noise",
    ]  # fmt: skip
    assert report.summary == "The model passed all 17 checks."
    demand_pass(report, GateSettings())


def test_a_holdout_that_was_asked_for_and_not_made_warns(fit: Fit) -> None:
    report = gate(fit, GateSettings())
    assert report.status == "warn"
    assert [check.name for check in report.warnings] == ["coverage"]
    assert gate(fit, NO_HOLDOUT).status == "pass"


def test_the_held_out_forecast_is_about_the_hidden_rows(fit: Fit) -> None:
    dataset = _dataset()
    result = judge(fit, dataset, 13)
    assert list(result.dates) == list(dataset.dates[-13:])
    np.testing.assert_allclose(result.total["actual"], dataset.data["outcome"].values[-13:, 0])
    assert result.coverage >= 0.7
    assert result.error < 0.06
    # Noise of 3% a week gives 90% intervals about 10% wide.
    width = (result.total["upper"] - result.total["lower"]) / result.total["mean"]
    assert width.between(0.08, 0.16).all()
    blind = judge(fit, _with_outcome(dataset, 1.5), 13)
    assert blind.coverage == 0.0


def test_chains_that_still_drift_fail(fit: Fit) -> None:
    """As after too short a warm-up: every chain comes from far away, and its energy falls while it does.

    Made of draws that were well sampled, so that nothing hangs on what a short warm-up gives on this machine.
    """
    draws = fit.main.posterior.sizes["draw"]
    way = xr.DataArray(np.linspace(30.0, 0.0, draws), dims="draw")
    posterior = fit.main.posterior.copy()
    posterior["sigma"] = posterior["sigma"] + way * posterior["sigma"].std()
    stats = fit.main.tree["sample_stats"].to_dataset()
    stats["energy"] = stats["energy"] + way * stats["energy"].std()
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    report = gate(replace(fit, members=(replace(fit.main, tree=tree),)), NO_HOLDOUT)
    assert report.status == "fail"
    assert {"r_hat", "ess_bulk", "e_bfmi"} <= {check.name for check in report.failures}
    with pytest.raises(GateError, match="nothing may be decided"):
        demand_pass(report, NO_HOLDOUT)
    demand_pass(report, GateSettings(override=True, holdout=None))


def test_a_pair_that_nothing_tells_apart_fails() -> None:
    dataset = _dataset()
    data = dataset.data.copy(deep=True)
    for name in ("spend", "media"):
        data[name].loc[{"channel": "radio"}] = data[name].sel(channel="tv").values
    twins = replace(dataset, data=data)
    wide = ModelSettings.model_validate({**MODEL.model_dump(), "roas": {"lower": 1e-3, "upper": 1e3}})
    report = gate(fit_model(twins, make_spec(twins, wide), SAMPLER.model_copy(update={"draws": 500})), NO_HOLDOUT)
    assert report.status == "fail"
    assert "r_hat" in [check.name for check in report.failures]


def test_a_wrong_scale_fails_though_the_sampler_is_content() -> None:
    dataset = _dataset()
    report = gate(fit_model(_with_outcome(dataset, 1e-3), make_spec(dataset, MODEL), SAMPLER), NO_HOLDOUT)
    assert [check.name for check in report.failures] == ["scale"]


def test_scales_of_the_data_a_model_was_made_from_are_one() -> None:
    dataset = _dataset()
    spec = make_spec(dataset, MODEL)
    np.testing.assert_allclose(list(scale_ratios(dataset, spec).values()), 1.0)
    data = dataset.data.copy(deep=True)
    data["media"].loc[{"channel": "tv"}] *= 1000.0
    assert scale_ratios(replace(dataset, data=data), spec)["media of tv"] == pytest.approx(1000.0)


def test_reports_say_the_worst_first(fit: Fit) -> None:
    good = gate(fit, NO_HOLDOUT).checks
    failed = GateReport((replace(good[0], status="fail"), replace(good[1], status="warn"), *good[2:]))
    assert failed.status == "fail"
    assert not failed.passed
    assert failed.summary == "The model failed its checks and should not be believed: chains disagree (R-hat)."
    warned = GateReport((replace(good[0], status="warn"), *good[1:]))
    assert warned.passed
    assert warned.summary == "The model passed its checks, with a warning: chains disagree (R-hat)."
    assert warned.to_dict()["checks"][0]["status"] == "warn"


@pytest.mark.parametrize("periods", [0, 53, 200])
def test_too_long_a_holdout_is_refused(periods: int) -> None:
    with pytest.raises(DataError, match=r"gate\.holdout"):
        holdout(_dataset(), Beliefs(MODEL), SAMPLER, periods)


def test_holdout_fits_without_the_end_and_leaves_out_what_it_cannot_know(
    monkeypatch: pytest.MonkeyPatch, fit: Fit
) -> None:
    """The fit itself is replaced by the module's, so that only the hand-over is tested here."""
    dataset = _dataset()
    data = dataset.data.copy(deep=True)
    for name in ("spend", "media"):
        data[name].loc[{"channel": "radio"}] = 0.0
        data[name][-3:, :, dataset.channels.index("radio")] = 100.0
    seen: list[Dataset] = []

    def obtained(training: Dataset, *_: object, **__: object) -> Fit:
        seen.append(training)
        return fit

    monkeypatch.setattr("mmm.assessment.holdout.obtain", obtained)
    young = ModelSettings.model_validate(
        {**MODEL.model_dump(), "channels": {"radio": {"roas": {"lower": 1, "upper": 2}}}}
    )
    result: HoldoutResult = holdout(replace(dataset, data=data), Beliefs(young), SAMPLER, 13)
    assert result.excluded == ("radio",)
    assert seen[0].channels == ("tv",)
    assert not seen[0].data["observed"].values[-13:].any()
    assert seen[0].data["observed"].values[:-13].all()
