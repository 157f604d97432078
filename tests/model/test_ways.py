"""A response through several ways: every quantity is the sum over ways, by plain loops, and bounds stay bounds."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.model.kinds import adstock_kind as carried
from mmm.model.kinds import saturation_kind as curved
from mmm.model.ray import Ray
from mmm.model.response import (
    ResponseDraws,
    bounded,
    ceiling,
    contributions,
    half_life,
    totals,
)
from mmm.model.response_planner import (
    PeriodEffects,
    PeriodWindow,
    always_concave,
    majorants,
    mean_along_cells,
    period_hessian,
    scaled_effect,
)

N, G, T, LAGS = 5, 2, 14, 4
RNG = np.random.default_rng(4)


def way(channels: tuple[str, ...], curve: str, *, first: bool = False, later: int = 0) -> ResponseDraws:
    c = len(channels)
    rng = np.random.default_rng([len(curve), c, later])
    after = rng.dirichlet(np.ones(later + 1), (N, c)) if later else None
    return ResponseDraws(
        channels=channels,
        geos=("north", "south"),
        adstock_kind=np.full((N, c), carried("geometric", normalised=True, saturation_first=first)),
        adstock_par=rng.uniform(0.2, 0.7, (N, c, 1)),
        saturation_kind=np.full((N, c), curved(curve)),
        saturation_par=rng.uniform(0.8, 1.8, (N, c, 2)),
        log_beta=rng.normal(0.0, 0.3, (N, G, c)),
        media_scale=rng.uniform(0.5, 2.0, (G, c)),
        lookback=LAGS,
        after=after,
    )


def whole(*, curve: str = "hill", first: bool = False) -> ResponseDraws:
    direct = way(("a", "b", "c"), "hill")
    through = replace(way(("c", "a"), curve, first=first, later=3), way="visits")
    return replace(direct, lookback=LAGS + 3, own_lookback=(LAGS,) * 3, paths=(through,))


def media(periods: int = T) -> np.ndarray:
    return RNG.gamma(1.0, 1.0, (periods, G, 3)) * (RNG.random((periods, G, 3)) < 0.8)


@pytest.mark.parametrize("first", [False, True])
def test_what_goes_through_a_stage_is_carried_over_twice(first: bool) -> None:
    """By a plain loop over both carryovers, in draws of either order."""
    draws, x = whole(first=first), media()
    path = draws.paths[0]
    out = contributions(draws, x)
    np.testing.assert_allclose(out[:, :, :, 1], contributions(replace(draws, paths=()), x)[:, :, :, 1])
    expected = np.zeros((N, T, G))
    for n in range(N):
        weights = path.adstock_par[n, 1, 0] ** np.arange(LAGS + 1)
        weights /= weights.sum()
        half = path.saturation_par[n, 1, 0]
        for g in range(G):
            series = x[:, g, 0] / path.media_scale[g, 1]
            stages = [lambda s, w=weights: np.convolve(s, w)[:T], lambda s, h=half: s / (s + h)]
            for step in reversed(stages) if first else stages:
                series = step(series)
            expected[n, :, g] = np.exp(path.log_beta[n, g, 1]) * np.convolve(series, path.after[n, 1])[:T]
    direct = contributions(replace(draws, paths=()), x)[..., 0]
    np.testing.assert_allclose(out[..., 0], direct + expected, rtol=1e-10)
    w = RNG.random((T, G))
    np.testing.assert_allclose(totals(draws, x, w), np.einsum("ntgc,tg->ngc", out, w), rtol=1e-10)


def test_curves_and_their_derivatives_are_of_all_ways() -> None:
    draws, base, more = whole(), media(), media()
    w, levels = RNG.random((T, G)), np.broadcast_to(np.array([0.5, 1.5]), (G, 3, 2)).copy()
    found = Ray(draws, base, more, w).at(levels)
    for k, level in enumerate((0.5, 1.5)):
        value = totals(draws, base + level * more, w) - totals(draws, base, w)
        np.testing.assert_allclose(found.value[..., k], value, rtol=1e-9, atol=1e-12)
        step = 1e-5
        ends = [totals(draws, base + (level + s) * more, w) for s in (step, -step)]
        np.testing.assert_allclose(found.slope[..., k], (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-9)
    share = RNG.dirichlet(np.ones(N))
    mean = Ray(draws, base, more, w).mean(levels, share)
    np.testing.assert_allclose(mean.value, np.einsum("ngck,n->gck", found.value, share), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(mean.slope, np.einsum("ngck,n->gck", found.slope, share), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("curve", ["hill", "hill_sloped"])
def test_bounds_hold_for_the_sum_of_the_ways(curve: str) -> None:
    """Between nodes the averaged slope keeps within what the bounds on curvature allow, lines lie above the effect."""
    draws, base, more = whole(curve=curve), media(), media()
    w, share = np.ones((T, G)), np.full(N, 1 / N)
    nodes = np.broadcast_to(np.linspace(0.0, 2.0, 5), (G, 3, 5)).copy()
    cells = np.array([5, 0, 3, 2])
    found = mean_along_cells(draws, base, more, nodes, w, (share, cells))
    fine = np.broadcast_to(np.linspace(0.0, 2.0, 81), (G, 3, 81)).copy()
    true = Ray(draws, base, more, w).mean(fine, share)
    for cell in cells:
        g, c = divmod(int(cell), 3)
        np.testing.assert_allclose(found.value[g, c], true.value[g, c, ::20], rtol=1e-9, atol=1e-12)
        for k in range(4):
            inside = slice(20 * k, 20 * k + 21)
            bend = true.curvature[g, c, inside]
            assert found.lower[g, c, k] <= bend.min() + 1e-9
            assert bend.max() <= found.upper[g, c, k] + 1e-9
            x = fine[g, c, inside]
            assert (found.value[g, c, k] + found.left[g, c, k] * (x - x[0]) >= true.value[g, c, inside] - 1e-9).all()
    other = np.ones((G, 3), dtype=bool)
    other.ravel()[cells] = False
    assert (found.value[other] == 0).all()
    assert always_concave(draws) == (curve == "hill")


def test_effects_by_period_are_of_all_ways() -> None:
    draws, begin, horizon = whole(curve="hill_sloped"), 7, 3
    periods = begin + horizon + draws.lookback
    base = media(periods)
    base[begin:] = 0.0
    window = PeriodWindow(base, 1.0 + RNG.random((horizon, G, 3)), begin, RNG.random((periods, G)))
    money = RNG.gamma(2.0, 1.0, (horizon, 3))

    def effect(spent: np.ndarray) -> np.ndarray:
        bought = base.copy()
        bought[begin : begin + horizon] += spent[:, None, :] * window.unit
        return (totals(draws, bought, window.weights) - totals(draws, base, window.weights)).sum(axis=1)

    total, gradient = PeriodEffects(draws, window).at(money)
    np.testing.assert_allclose(total, effect(money), rtol=1e-9)
    for h in range(horizon):
        for c in range(3):
            step = np.zeros_like(money)
            step[h, c] = 1e-5
            slope = (effect(money + step) - effect(money - step))[:, c] / 2e-5
            np.testing.assert_allclose(gradient[:, h, c], slope, rtol=1e-5, atol=1e-8)
    share = np.full(N, 1 / N)
    step = np.zeros_like(money)
    step[1, 2] = 1e-5
    bend = (PeriodEffects(draws, window).at(money + step)[1] - PeriodEffects(draws, window).at(money - step)[1])[
        :, :, 2
    ] / 2e-5
    np.testing.assert_allclose(period_hessian(draws, window, money, share)[2, :, 1], bend.mean(axis=0), rtol=1e-4)
    low, high = np.zeros_like(money), 3.0 * money
    above = majorants(draws, window, (low, high), (low.sum(axis=0), high.sum(axis=0)))
    for times in (0.2, 1.0, 2.5):
        assert (
            PeriodEffects(draws, window).at(times * money, above)[0]
            >= PeriodEffects(draws, window).at(times * money)[0]
        ).all()
    few, all_of = np.array([3, 1]), PeriodEffects(draws, window).at(money, above)[0]
    of_few = PeriodEffects(draws.subset(few), window).at(money, above.subset(few))[0]
    np.testing.assert_allclose(of_few, all_of[few])


def test_parts_of_the_draws_keep_their_ways() -> None:
    draws, x = whole(), media()
    everything = contributions(draws, x)
    np.testing.assert_allclose(contributions(draws.only(("c", "b")), x[:, :, [2, 1]]), everything[..., [2, 1]])
    assert draws.only(("b",)).paths == ()
    np.testing.assert_allclose(contributions(draws.subset(np.array([2])), x), everything[[2]])
    factor = np.array([2.0, 3.0, 0.5])
    np.testing.assert_allclose(contributions(scaled_effect(draws, factor), x), everything * factor, rtol=1e-12)


def test_half_of_the_effect_and_its_ceiling_are_of_all_ways() -> None:
    draws = whole()
    steady = np.broadcast_to(1e7 * draws.media_scale, (draws.lookback + 1, G, 3))
    np.testing.assert_allclose(contributions(draws, steady)[:, -1].sum(axis=1), ceiling(draws), rtol=1e-4)
    assert bounded(draws).all()
    assert not bounded(replace(draws, paths=(replace(way(("c",), "power"), way="visits"),)))[2]
    alone = half_life(replace(draws, paths=()))
    np.testing.assert_allclose(half_life(draws)[:, 1], alone[:, 1])
    assert (half_life(draws)[:, [0, 2]] > alone[:, [0, 2]]).all()
