"""The response: vectorised equals loop, derivatives equal differences, definitions equal the simulator's."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.analysis.effects import effect, marginal_effect, observed
from mmm.errors import FitError
from mmm.model import response
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.ray import Ray
from mmm.model.response import ResponseDraws
from mmm.simulate import Adstock, Saturation, formulas

N, T, G, C = 5, 30, 2, 4
CARRYOVERS = (("geometric", False), ("geometric", True), ("delayed", False), ("delayed", True))
CURVES = ("hill", "hill_sloped", "logistic")


def _draws(seed: int = 0) -> ResponseDraws:
    rng = np.random.default_rng(seed)
    return ResponseDraws(
        channels=("a", "b", "c", "d"),
        geos=("x", "y"),
        adstock_kind=np.tile([adstock_kind(name, normalised=of) for name, of in CARRYOVERS], (N, 1)),
        adstock_par=np.stack([rng.uniform(0.1, 0.9, (N, C)), rng.uniform(0, 4, (N, C))], axis=2),
        saturation_kind=rng.choice([saturation_kind(name) for name in CURVES], (N, C)),
        saturation_par=np.stack([rng.uniform(0.3, 3, (N, C)), rng.choice([1.0, 0.8, 2.5], (N, C))], axis=2),
        log_beta=rng.normal(1, 1, (N, G, C)),
        media_scale=rng.uniform(0.5, 5, (G, C)),
        lookback=8,
    )


def _media(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 10, (T, G, C)) * (rng.random((T, G, C)) > 0.2)


def test_contributions_equal_a_plain_loop():
    draws, media = _draws(), _media()
    found = response.contributions(draws, media)
    for n, g, c in [(0, 0, 0), (1, 1, 1), (2, 0, 2), (4, 1, 3)]:
        family, normalised = CARRYOVERS[c]
        alpha, delay = draws.adstock_par[n, c]
        carryover = Adstock(family, alpha=alpha, delay=delay, normalised=normalised, max_lag=8)
        adstock = formulas.carry_over(media[:, g, c] / draws.media_scale[g, c], formulas.adstock_weights(carryover))
        half, slope = draws.saturation_par[n, c]
        curves = {
            saturation_kind("hill"): Saturation(k=half),
            saturation_kind("hill_sloped"): Saturation(k=half, slope=slope),
            saturation_kind("logistic"): Saturation("logistic", rate=np.log(3.0) / half),
        }
        curve = formulas.saturate(adstock, curves[draws.saturation_kind[n, c]])
        np.testing.assert_allclose(found[n, :, g, c], np.exp(draws.log_beta[n, g, c]) * curve)


def test_totals_are_weighted_sums_of_contributions():
    draws, media = _draws(), _media()
    weights = np.random.default_rng(2).uniform(0, 2, (T, G))
    want = np.einsum("ntgc,tg->ngc", response.contributions(draws, media), weights)
    np.testing.assert_allclose(response.totals(draws, media, weights), want)


@pytest.mark.parametrize("first", [CARRYOVERS[:0], CARRYOVERS[1:3]])
def test_totals_of_some_periods_count_what_came_before(first):
    """Weights begin at another period by geo; of some channels saturation comes before carryover."""
    draws, media = _draws(), _media()
    kinds = [adstock_kind(name, normalised=of, saturation_first=(name, of) in first) for name, of in CARRYOVERS]
    draws = replace(draws, adstock_kind=np.tile(kinds, (N, 1)))
    weights = np.random.default_rng(2).uniform(0, 2, (T, G))
    weights[:20, 0], weights[:7, 1], weights[24, 0] = 0.0, 0.0, 0.0
    want = np.einsum("ntgc,tg->ngc", response.contributions(draws, media), weights)
    np.testing.assert_allclose(response.totals(draws, media, weights), want)
    assert not response.totals(draws, media, np.zeros((T, G))).any()


def test_along_starts_at_zero_and_its_derivatives_agree_with_differences():
    draws, media = _draws(), _media()
    base, direction = _media(5) * 0.5 + 0.1, media
    weights, step = np.ones((T, G)), 1e-4
    levels = np.tile([0.0, 1.0 - step, 1.0, 1.0 + step], (C, 1))
    found = Ray(draws, base, direction, weights).summed(levels)
    np.testing.assert_allclose(found.value[:, :, 0], 0.0, atol=1e-12)
    difference = (found.value[:, :, 3] - found.value[:, :, 1]) / (2 * step)
    np.testing.assert_allclose(found.slope[:, :, 2], difference, rtol=1e-6)
    second = (found.slope[:, :, 3] - found.slope[:, :, 1]) / (2 * step)
    np.testing.assert_allclose(found.curvature[:, :, 2], second, rtol=1e-5, atol=1e-7)
    whole = response.totals(draws, base + direction, weights) - response.totals(draws, base, weights)
    np.testing.assert_allclose(found.value[:, :, 2], whole.sum(axis=1))


def test_zero_media_has_zero_effect():
    assert not response.contributions(_draws(), np.zeros((T, G, C))).any()


def test_wrong_shapes_are_named():
    with pytest.raises(FitError, match=r"media has shape \(30, 2\)"):
        response.totals(_draws(), np.zeros((T, G)), np.ones((T, G)))


def test_subset_and_thinning_keep_whole_draws():
    draws = _draws()
    np.testing.assert_array_equal(draws.thinned(2).log_beta, draws.log_beta[[0, 4]])
    assert draws.thinned(50) is draws


def test_effects_are_the_simulators_effects(known):
    """At the true parameters, contributions, effect, ROAS and marginal ROAS are the oracle's to rounding."""
    truth, fit = known.simulated.truth, known.fit
    draws, panel = fit.response(1), observed(fit)
    media = fit.dataset.data["media"].values
    np.testing.assert_allclose(response.contributions(draws, media)[0], truth.contributions, rtol=1e-8, atol=1e-6)
    np.testing.assert_allclose(effect(draws, panel, panel.ones)[0], truth.geo_effect, rtol=1e-8)
    roas = effect(draws, panel, panel.value)[0].sum(axis=0) / panel.spend.sum(axis=0)
    np.testing.assert_allclose(roas, truth.roas, rtol=1e-8)
    marginal = marginal_effect(draws, panel, panel.value)[0] / panel.spend.sum(axis=0)
    np.testing.assert_allclose(marginal, truth.marginal_roas, rtol=1e-5)
