"""Outcomes of months beside media by week: the density against the plain graph, sums by hand, what adds up."""

from dataclasses import replace

import engine_cases as cases
import numpy as np
import pandas as pd
import pytest
from plain_model import AS_WRITTEN, density_and_gradient

from mmm.analysis import analyse
from mmm.analysis.prior import prior_fit
from mmm.data.coarse import Spans, spread, summed, weeks_over
from mmm.data.dataset import Dataset
from mmm.inference.engine import log_posterior
from mmm.inference.engine.draws import posterior
from mmm.inference.engine.prior_draws import unconstrained_draws
from mmm.model.build import build
from mmm.model.controls import ControlPrior
from mmm.model.draws import expected_outcome, log_density, stacked
from mmm.model.mixture import make_mixture
from mmm.model.settings import BaselineSettings, ModelSettings
from mmm.model.spec import make_spec


def monthly(shape: str, every: str = "month") -> Dataset:
    return summed(cases.dataset(shape), every)


def test_a_month_is_the_sum_of_its_days() -> None:
    weekly = cases.dataset("national")
    found = summed(weekly, "month")
    rows = found.rows()
    # Monday 3 January 2022 is the first week: January is not covered, February is.
    assert found.dates[rows.places[0]] == pd.Timestamp("2022-02-28")
    assert rows.spans[0] == pytest.approx(4.0)
    daily = pd.Series(
        np.repeat(weekly.data["outcome"].values[:, 0] / 7, 7), pd.date_range("2022-01-03", periods=45 * 7)
    )
    by_month = daily.groupby(daily.index.to_period("M")).sum()
    got = found.data["outcome"].values[rows.places, 0]
    assert got == pytest.approx(by_month.loc["2022-02":"2022-10"].to_numpy())
    assert rows.totals(weekly.data["outcome"].values[rows.periods])[:, 0] == pytest.approx(got)
    assert found.notes[-1].endswith("outcomes from 2022-11-01.")
    assert found.fingerprint != weekly.fingerprint
    assert summed(weekly, "4 weeks").rows().spans == pytest.approx(np.full(11, 4.0))


def test_amounts_are_spread_by_days_and_levels_are_means() -> None:
    spans = Spans.from_starts(pd.DatetimeIndex(["2022-01-01", "2022-02-15", "2022-03-01"]), "month")
    weeks = weeks_over(spans)
    assert weeks[-1] + pd.Timedelta(days=6) == pd.Timestamp("2022-03-31")
    assert weeks[0] <= pd.Timestamp("2022-01-01")
    amounts = spread(np.array([310.0, 280.0, 620.0]), spans, weeks, 7, level=False)
    assert amounts.sum() == pytest.approx(1210.0)
    assert amounts[-1] == pytest.approx(140.0)
    levels = spread(np.array([1.0, 2.0, 3.0]), spans, weeks, 7, level=True)
    assert (levels[0], levels[-1]) == pytest.approx((1.0, 3.0))
    assert ((levels >= 1.0) & (levels <= 3.0)).all()


@pytest.mark.parametrize(
    ("shape", "likelihood", "every"),
    [("national", "normal", "month"), ("national_history", "student_t", "4 weeks"), ("geo_ragged", "normal", "month")],
)
def test_density_and_gradient_equal_the_plain_model(shape: str, likelihood: str, every: str) -> None:
    data = monthly(shape, every)
    own = BaselineSettings(controls={"promo": ControlPrior(sign="positive")})
    spec = make_spec(data, cases.settings(likelihood, baseline=own))
    p = log_posterior(spec, data, integrated=False)
    model = build(spec, data, fused=False)
    plain = density_and_gradient(model, p)
    for x in 0.7 * np.random.default_rng(3).standard_normal((5, p.layout.dim)):
        expected, gradient = plain(x)
        value, grad = p.value_and_gradient(x)
        tolerance = 1e-9 * max(1.0, np.abs(gradient).max())
        assert abs(value - expected) < 1e-9 * max(1.0, abs(expected))
        assert np.abs(grad - gradient).max() < tolerance


@pytest.mark.parametrize("shape", ["national", "geo_ragged", "geo_history"])
def test_the_integral_has_the_gradient_that_differences_say(shape: str) -> None:
    data = monthly(shape)
    p = log_posterior(make_spec(data, cases.settings()), data)
    x = unconstrained_draws(p, 1, 5)[0]
    _, grad = p.value_and_gradient(x)
    step = 1e-5
    for i in range(p.layout.dim):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        numeric = (p.value_and_gradient(up)[0] - p.value_and_gradient(down)[0]) / (2 * step)
        assert grad[i] == pytest.approx(numeric, rel=1e-4, abs=1e-4)


def test_the_likelihood_of_a_draw_is_that_of_its_expected_rows() -> None:
    data = monthly("geo_ragged")
    spec = make_spec(data, cases.settings())
    p = log_posterior(spec, data, integrated=False)
    x = 0.3 * np.random.default_rng(2).standard_normal((2, p.layout.dim))
    samples = stacked(posterior(p, x[None], seed=1))
    ends = data.rows(data.window)
    mean = expected_outcome(spec, samples, data, data.window, 0)
    outcome = data.data["outcome"].values[ends.places]
    cells = np.nansum(log_density(spec, samples, mean, outcome, ends.spans), axis=(1, 2))
    # Of two points the prior is taken out by an evaluation without data.
    blind = replace(data, data=data.data.copy(deep=True))
    blind.data["outcome"].values[ends.places[1:]] = np.nan
    blind.data["observed"].values[ends.places[1:]] = False
    assert np.isfinite(cells).all()
    model = build(spec, data)
    with model:
        logp = model.compile_fn(model.observedlogp, mode=AS_WRITTEN)
    seen = np.isfinite(outcome)
    scale = (np.log(np.array(spec.outcome_scale)[None, :] * ends.spans[:, None]) * seen).sum()
    for n in range(2):
        assert float(logp(p.layout.pymc_point(x[n]))) - scale == pytest.approx(cells[n])


def test_contributions_add_up_to_the_expected_rows() -> None:
    data = monthly("geo_ragged")
    fit = prior_fit(data, make_mixture(data, ModelSettings(mixture=None, lookback="5 weeks")), draws=60, seed=1)
    analysis = analyse(fit)
    by_row = analysis.decomposition.groupby("date")["mean"].sum()
    ends = data.rows(fit.window)
    mean = fit.draws().expected(data, fit.window, fit.seed).sum(axis=2).mean(axis=0)
    assert list(by_row.index) == list(data.dates[ends.places])
    assert by_row.to_numpy() == pytest.approx(mean, rel=1e-9)
    assert list(analysis.fitted["date"]) == list(by_row.index)
    # In the first and last rows not all geos are observed.
    assert analysis.fitted["mean"].to_numpy()[1:-1] == pytest.approx(by_row.to_numpy()[1:-1], rel=0.2)
    total = float(np.nansum(data.data["outcome"].values))
    assert analysis.fitted["actual"].sum() == pytest.approx(total)
