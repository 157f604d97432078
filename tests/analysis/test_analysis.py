"""The tables of an analysis: they add up, they agree with each other, and with the simulator at its own parameters."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.analysis import analyse
from mmm.analysis.analysis import _totals
from mmm.analysis.intervals import summary
from mmm.data.names import COMPONENTS


def test_components_add_up_to_the_fitted_mean(known):
    fit = known.fit
    analysis = analyse(fit)
    mean = fit.draws().expected(fit.dataset, fit.window, fit.seed).sum(axis=2).mean(axis=0)
    summed = analysis.decomposition.groupby("date")["mean"].sum().to_numpy()
    np.testing.assert_allclose(summed, mean, rtol=1e-10)


def test_components_of_the_results_own_are_names_that_data_cannot_have(known):
    analysis, spec = analyse(known.fit), known.fit.spec
    for table in (analysis.decomposition, analysis.totals):
        assert set(table["component"]) - {*spec.channel_names, *spec.controls} <= set(COMPONENTS)
    # Whatever terms a model has.
    assert {"trend", "drift"} <= set(analysis.decomposition["component"])


def test_channel_table_holds_the_truth(known):
    truth, table = known.simulated.truth, analyse(known.fit).channels
    np.testing.assert_allclose(table["roas"], truth.roas, rtol=1e-8)
    np.testing.assert_allclose(table["marginal_roas"], truth.marginal_roas, rtol=1e-5)
    np.testing.assert_allclose(table["effect"], truth.effect, rtol=1e-8)
    np.testing.assert_allclose(table["cost_per_unit"] * table["effect"], table["spend"])
    outcome = known.dataset.data["outcome"].values.sum()
    np.testing.assert_allclose(table["share"] * outcome, table["effect"])


def test_geos_add_up_to_channels(known):
    analysis = analyse(known.fit)
    by_channel = analysis.geo_channels.groupby("channel", sort=False)[["spend", "effect"]].sum()
    np.testing.assert_allclose(by_channel["effect"], analysis.channels["effect"])
    np.testing.assert_allclose(by_channel["spend"], analysis.channels["spend"])


def test_curves_start_at_zero_and_mark_the_observed_range(known):
    analysis = analyse(known.fit)
    for channel, curve in analysis.curves.groupby("channel"):
        assert curve["effect"].iloc[0] == 0.0
        assert (np.diff(curve["effect"]) > 0).all()
        assert (np.diff(curve["marginal"]) < 0).all()
        seen = curve.loc[curve["observed"], "spend"].max()
        assert seen <= analysis.channels.loc[channel, "observed_max"] < curve["spend"].max()


def test_a_curves_slope_is_its_marginal(known):
    curve = analyse(known.fit).curves.query("channel == 'tv'")
    slope = np.gradient(curve["effect"], curve["spend"])
    np.testing.assert_allclose(slope[5:-5], curve["marginal"].to_numpy()[5:-5], rtol=0.02)


def test_interval_is_equal_tailed_90_percent():
    mean, lower, upper = summary(np.arange(101.0))
    assert (mean, lower, upper) == (50.0, 5.0, 95.0)


def test_negative_baseline_is_reported(known):
    assert analyse(known.fit).negative_baseline.max() == 0.0
    shifted = known.fit.main.tree.copy()
    shifted["posterior"] = shifted["posterior"].to_dataset().assign(
        intercept=lambda d: d["intercept"] * 0 - 5.0
    )  # fmt: skip
    from dataclasses import replace

    below = replace(known.fit, members=(replace(known.fit.main, tree=shifted),))
    assert analyse(below).negative_baseline.min() == pytest.approx(1.0)


def test_periods_without_outcome_have_an_error(known):
    """Warnings are errors in tests: nothing is divided by a zero outcome."""
    whole = analyse(known.fit)
    actual = whole.fitted["actual"].to_numpy(copy=True)
    assert 0 < whole.error < 1
    assert whole.mape > 0
    data = known.fit.dataset.data.copy(deep=True)
    data["outcome"][-3:] = 0.0
    quiet = analyse(replace(known.fit, dataset=replace(known.fit.dataset, data=data)))
    assert np.isnan(quiet.mape)
    mean = known.fit.draws(1000).expected(known.fit.dataset, known.fit.window, known.fit.seed).sum(axis=2).mean(axis=0)
    actual[-3:] = 0.0
    assert quiet.error == pytest.approx(np.abs(actual - mean).mean() / actual.mean(), rel=1e-6)


def test_what_cancels_over_time_is_nothing_and_not_its_rounding():
    rng = np.random.default_rng(1)
    course = rng.normal(0, 1e5, 156)
    centred = course - course.mean()
    parts = {
        "promo": ("control", rng.normal(1, 0.1, (50, 1)) * centred),
        "price": ("control", rng.normal(1, 0.1, (50, 1)) * (centred + 1e-3)),
        "level": ("baseline", np.ones((50, 156))),
        "tv": ("media", np.ones((50, 156))),
    }
    assert abs(parts["promo"][1].sum(axis=1)).max() > 0
    found = _totals(parts).set_index("component")
    assert (found.loc["promo", ["mean", "lower", "upper"]] == 0).all()
    assert found.loc["price", "mean"] == pytest.approx(0.156, rel=0.2)
