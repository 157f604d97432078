"""The spec and the plain model: pinned constants, exact priors, and the likelihood against a NumPy calculation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr
from pytensor.graph.replace import clone_replace
from scipy import stats

from mmm.analysis.effects import effect, observed
from mmm.data.dataset import Dataset
from mmm.errors import DataError, SettingsError
from mmm.inference.fit import Fit, Member
from mmm.model.baseline import drift_design, fourier, terms
from mmm.model.build import build
from mmm.model.draws import expected_outcome, response_draws
from mmm.model.priors import LogNormalPrior
from mmm.model.settings import AdstockSettings, ChannelModelSettings, ModelSettings, SaturationSettings
from mmm.model.spec import ModelSpec, make_spec, without_inactive_channels
from mmm.simulate import simulate

FAST = {"mode": "FAST_COMPILE"}


def _prior_fit(spec: ModelSpec, dataset: Dataset, draws: int) -> Fit:
    """Draws of the prior, in the form of a fit."""
    with build(spec, dataset):
        tree = pm.sample_prior_predictive(draws, random_seed=5, compile_kwargs=FAST)
    groups = xr.DataTree.from_dict({"posterior": tree["prior"].to_dataset(), "sample_stats": xr.Dataset()})
    return Fit(dataset, (Member(spec, groups, "prior", "none"),), seed=1, key="prior")


@pytest.fixture(scope="module", params=[1, 8], ids=["national", "eight_geos"])
def prior(request, small_world, dataset_of):
    dataset = dataset_of(simulate(small_world(request.param)))
    return _prior_fit(make_spec(dataset, ModelSettings()), dataset, 1500)


def test_prior_of_roas_is_the_stated_one(prior):
    """The ROAS that the response implies is the sampled ROAS, and its quantiles are those of the settings."""
    panel = observed(prior)
    implied = effect(prior.response(), panel, panel.value).sum(axis=1) / panel.spend.sum(axis=0)
    np.testing.assert_allclose(implied, prior.main.samples()["roas"].values, rtol=1e-8)
    for c, channel in enumerate(prior.spec.channels):
        want = stats.lognorm(channel.effect.sigma, scale=channel.effect.median)
        assert stats.kstest(implied[:, c], want.cdf).pvalue > 1e-3
        assert channel.effect.lower >= 0.05
        assert channel.effect.upper <= 20


def test_prior_predictive_limits(prior):
    samples, fit = prior.main.samples(), prior
    panel = observed(fit)
    value = effect(fit.response(), panel, panel.value).sum(axis=(1, 2))
    outcome = (fit.dataset.data["outcome"] * fit.dataset.data["value_per_unit"]).values.sum()
    assert (value > outcome).mean() < 0.05
    media = fit.dataset.data["media"].values
    total = expected_outcome(fit.spec, samples, fit.dataset, fit.window, 1)
    from mmm.model import response

    baseline = total - response.contributions(response_draws(fit.spec, samples), media)[:, fit.window].sum(axis=3)
    assert (baseline.sum(axis=2) < 0).mean() < 0.10


def test_share_priors_where_the_outcome_has_no_value(small_world, dataset_of):
    dataset = dataset_of(simulate(small_world(2)))
    data = dataset.data.copy(deep=True)
    data["value_per_unit"][:] = np.nan
    kpi = replace(dataset, data=data, outcome_kind="kpi")
    spec = make_spec(kpi, ModelSettings())
    assert spec.effect_kind == "share"
    fit = _prior_fit(spec, kpi, 300)
    panel = observed(fit)
    implied = effect(fit.response(), panel, panel.ones).sum(axis=1) / data["outcome"].values.sum()
    np.testing.assert_allclose(implied, fit.main.samples()["share"].values, rtol=1e-8)
    with pytest.raises(SettingsError, match="value_per_unit"):
        make_spec(kpi, ModelSettings(effect_prior="roas"))


def test_stated_prior_of_one_channel_is_kept(small_world, dataset_of):
    dataset = dataset_of(simulate(small_world(1)))
    own = ChannelModelSettings(roas=LogNormalPrior(lower=2.0, upper=3.0))
    spec = make_spec(dataset, ModelSettings(channels={"tv": own}))
    found = {c.name: c.effect for c in spec.channels}
    assert (found["tv"].lower, found["tv"].upper) == pytest.approx((2.0, 3.0))
    with pytest.raises(SettingsError, match="radio"):
        make_spec(dataset, ModelSettings(channels={"radio": own}))


def test_priors_move_down_where_spend_is_large(small_world, dataset_of):
    dataset = dataset_of(simulate(small_world(1)))
    data = dataset.data.copy(deep=True)
    data["spend"] = data["spend"] * 8
    heavy = make_spec(replace(dataset, data=data), ModelSettings())
    light = make_spec(dataset, ModelSettings())
    assert light.channels[0].effect.median == pytest.approx(1.0)
    assert heavy.channels[0].effect.median < 0.8


FAMILIES = {
    "hill": ModelSettings(),
    "mixed": ModelSettings(
        likelihood="student_t",
        adstock=AdstockSettings(normalise=False),
        saturation=SaturationSettings(family="logistic"),
        channels={
            "tv": ChannelModelSettings(
                adstock=AdstockSettings(family="delayed"),
                saturation=SaturationSettings(slope=LogNormalPrior(lower=0.7, upper=2.5)),
            ),
            "display": ChannelModelSettings(adstock=AdstockSettings(family="delayed", normalise=False)),
            "email": ChannelModelSettings(saturation=SaturationSettings()),
        },
    ),
}


@pytest.mark.parametrize("settings", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("geos", [1, 3])
def test_likelihood_is_that_of_the_response(settings, geos, small_world, dataset_of):
    """logp of the observed outcome in the graph equals the one that response.py and NumPy give at the same point."""
    dataset = dataset_of(simulate(small_world(geos)))
    data = dataset.data.copy(deep=True)
    if geos == 3:
        data["outcome"][:9, 2] = np.nan
        data["observed"][:9, 2] = False
        data["outcome"][:5] = np.nan
        data["observed"][:5] = False
    ragged = replace(dataset, data=data)
    spec = make_spec(ragged, settings)
    fit = _prior_fit(spec, ragged, 3)
    model = build(spec, ragged)
    unobserved = [v for v in model.unobserved_RVs if v in model.free_RVs]
    logp = model.compile_fn(model.logp(vars=model.observed_RVs), inputs=model.value_vars, **FAST)
    samples = fit.main.samples()
    scale = np.array(spec.outcome_scale)
    mean = expected_outcome(spec, samples, ragged, fit.window, 1) / scale
    outcome = data["outcome"].values[fit.window] / scale
    for n in range(3):
        point = {v.name: samples[v.name].isel(sample=n).values for v in unobserved}
        want_mean, sigma = mean[n], float(samples["sigma"][n])
        if spec.likelihood == "student_t":
            want = np.nansum(stats.t(float(samples["nu"][n]), want_mean, sigma).logpdf(outcome))
        else:
            want = np.nansum(stats.norm(want_mean, sigma).logpdf(outcome))
        value_point = {model.rvs_to_values[v].name: _transformed(model, v, point) for v in unobserved}
        assert float(logp(value_point)) == pytest.approx(want, rel=1e-8)


def _transformed(model: pm.Model, variable: object, point: dict[str, np.ndarray]) -> np.ndarray:
    """A variable's value in the sampler's coordinates, which for the drift depend on another variable."""
    transform = model.rvs_to_transforms[variable]
    if transform is None:
        return point[variable.name]
    made = transform.forward(pt.as_tensor(point[variable.name]), *variable.owner.inputs)
    known = {v: pt.as_tensor(point[v.name]) for v in model.free_RVs if v.name == "drift_sd"}
    return np.asarray(clone_replace(made, known).eval())


def test_four_more_weeks_leave_old_design_rows_as_they_were(small_world, dataset_of):
    dataset = dataset_of(simulate(small_world(2)))
    spec = make_spec(dataset, ModelSettings())
    more = dataset.frequency.following(dataset.dates[-1], 4)
    longer = dataset.dates.append(more)
    control = dataset.data["control"].values
    extended = np.concatenate([control, control[-4:]])
    for old, new in zip(terms(spec, dataset.dates, control), terms(spec, longer, extended), strict=True):
        assert old.name == new.name
        rows, columns = len(dataset.dates), old.design.shape[-1]
        np.testing.assert_array_equal(new.design[:rows, ..., :columns], old.design)
        if old.name == "drift":
            np.testing.assert_array_equal(new.design[:rows, columns:], 0.0)


def test_seasonal_phase_is_that_of_the_date():
    start, later = (
        pd.date_range("2021-01-04", periods=80, freq="7D"),
        pd.date_range("2021-03-01", periods=20, freq="7D"),
    )
    whole, part = fourier(start, 2)[0], fourier(later, 2)[0]
    np.testing.assert_allclose(whole[8:28], part)


def test_drift_has_roughly_the_stated_variance(small_world, dataset_of):
    dataset = dataset_of(simulate(small_world(1)))
    drift = make_spec(dataset, ModelSettings()).baseline.drift
    assert drift is not None
    design = drift_design(dataset.dates, drift)
    sd = np.sqrt((design**2).sum(axis=1))
    # Unit-variance coefficients of a smooth process through a unit-sum spline: a little under one, at every date.
    assert sd.min() > 0.9
    assert sd.max() < 1.0


def test_a_spec_round_trips(known):
    assert ModelSpec.model_validate_json(known.fit.spec.model_dump_json()) == known.fit.spec


def test_hidden_outcome_does_not_move_the_scales_that_it_is_judged_by(small_world, dataset_of):
    dataset = dataset_of(simulate(small_world(2)))
    training = dataset.with_outcome_hidden(8)
    changed = dataset.data.copy(deep=True)
    changed["outcome"][-8:] *= 3
    changed["media"][-8:] *= 3
    other = replace(dataset, data=changed).with_outcome_hidden(8)
    assert make_spec(training, ModelSettings()) == make_spec(other, ModelSettings())


def test_channels_without_spend_are_named_and_can_be_left_out(small_world, dataset_of):
    dataset = dataset_of(simulate(small_world(1)))
    data = dataset.data.copy(deep=True)
    data["spend"].loc[{"channel": "social"}] = 0.0
    data["media"].loc[{"channel": "social"}] = 0.0
    silent = replace(dataset, data=data)
    with pytest.raises(DataError, match="social"):
        make_spec(silent, ModelSettings())
    kept, excluded = without_inactive_channels(silent)
    assert excluded == ("social",)
    assert make_spec(kept, ModelSettings()).channel_names == kept.channels
    assert "social" not in kept.channels


def test_model_has_a_graph(known):
    graph = pm.model_to_graphviz(build(known.fit.spec, known.fit.dataset))
    assert "roas" in graph.source
