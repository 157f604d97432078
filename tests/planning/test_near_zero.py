"""Curves where next to nothing arrives: no spend in windows, carryover that underflows under a long look-back."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.kernels import call
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.priors import transform
from mmm.model.ray import Ray
from mmm.model.response import ResponseDraws
from mmm.model.response_planner import PeriodEffects, PeriodWindow, majorants, period_hessian
from mmm.planning.curve import budget_curve
from mmm.planning.flighting import flighting
from mmm.planning.planner import decide
from mmm.planning.settings import PlanSettings
from mmm.planning.tables import first_step, marginal_draws

LOOKBACK, HORIZON, DRAWS = 91, 14, 7
LEVELS = np.array([0.0, 5e-324, 1e-310, 1e-300, 1e-100, 1e-12, 0.9e-9, 1.1e-9, 1e-6, 0.1, 1.0, 30.0])
SLOPES = (0.3, 0.9, 1.0, 1.001, 1.5, 2.0, 3.0, 6.0)


@pytest.mark.parametrize("name", [f.name for f in SATURATIONS])
@pytest.mark.parametrize("slope", SLOPES)
def test_a_curve_is_continuous_from_zero_and_has_finite_derivatives(name, slope):
    for half in (0.05, 1.0, 20.0):
        SATURATIONS.load([saturation_kind(name)], "curve")
        p = np.array([half, slope])[:, None] * np.ones(len(LEVELS))
        found = np.empty((3, len(LEVELS)))
        call.curve(saturation_kind(name), p, half * LEVELS, *found)
        found = found.T
        value = found[:, 0]
        assert np.isfinite(found).all()
        assert value[0] == 0.0
        assert np.all(np.diff(value) >= 0)
        # What a denormal amount wins is next to nothing: no jump that a slope could not tell of.
        assert np.all(value[1:4] <= 1e-250)
        # Between two levels the curve rises as its slopes say, from a chord at zero on.
        gained = np.diff(value[:7]) / np.where(np.diff(half * LEVELS[:7]) > 0, np.diff(half * LEVELS[:7]), np.inf)
        # A power is not straight between two levels, however near to nothing they are.
        if name != "power":
            np.testing.assert_allclose(gained[4:], found[4:6, 1], rtol=1e-3)


def _draws(adstock: tuple[str, bool], saturation: str, slope: float) -> ResponseDraws:
    # Between 0 and 1 for shares, else above zero.
    ends = {"logit": np.array([0.0, 1e-12, 0.01, 0.2, 0.5, 0.9, 0.99]), "log": np.geomspace(0.05, 6, DRAWS)}
    carried = [ends[transform(p.prior)] for p in ADSTOCKS[adstock[0]].parameters]
    return ResponseDraws(
        channels=("c",),
        geos=("all",),
        adstock_kind=np.full((DRAWS, 1), adstock_kind(adstock[0], normalised=adstock[1])),
        # The rows have room for a parameter where the family has none.
        adstock_par=np.stack(carried or [np.zeros(DRAWS)], axis=-1)[:, None, :],
        saturation_kind=np.full((DRAWS, 1), saturation_kind(saturation)),
        saturation_par=np.stack([np.geomspace(0.05, 20, DRAWS), np.full(DRAWS, slope)], axis=-1)[:, None, :],
        log_beta=np.zeros((DRAWS, 1, 1)),
        media_scale=np.ones((1, 1)),
        lookback=LOOKBACK,
    )


@pytest.mark.parametrize("adstock", [(f.name, normalised) for f in ADSTOCKS for normalised in (False, True)])
@pytest.mark.parametrize("saturation", [f.name for f in SATURATIONS])
@pytest.mark.parametrize("slope", SLOPES)
def test_effects_and_their_bounds_are_finite_whatever_the_spend(adstock, saturation, slope):
    draws = _draws(adstock, saturation, slope)
    periods, weights = 2 * LOOKBACK + HORIZON, np.ones((2 * LOOKBACK + HORIZON, 1))
    even, once = np.ones((HORIZON, 1)), np.eye(HORIZON)[:, :1] * HORIZON
    for past in (0.0, 1e-310, 1.0):
        base = np.zeros((periods, 1, 1))
        base[0] = past
        window = PeriodWindow(base, np.ones((HORIZON, 1, 1)), LOOKBACK, weights)
        for money in (even, once, 0.0 * even, 1e-300 * even):
            total = np.full(1, float(money.sum()))
            above = majorants(draws, window, (0.0 * even, HORIZON * even), (total, total))
            plain, gradient = PeriodEffects(draws, window).at(money)
            bound, bound_gradient = PeriodEffects(draws, window).at(money, above)
            bend = period_hessian(draws, window, money, np.full(DRAWS, 1 / DRAWS), above)
            for array in (plain, gradient, bound, bound_gradient, bend):
                assert np.isfinite(array).all()
            assert np.all(bound >= plain - 1e-9)
            assert np.all(gradient >= 0)
            if not money.any():
                np.testing.assert_allclose(plain, 0.0, atol=1e-15)
        direction = np.zeros_like(base)
        direction[LOOKBACK : LOOKBACK + HORIZON, :, 0] = once / HORIZON
        levels = np.array([[0.0, 1e-300, 1e-6, 1.0, 30.0]])
        for found in (
            Ray(draws, base, direction, weights).summed(levels),
            Ray(draws, base, direction, weights).mean(levels[None], np.full(DRAWS, 1 / DRAWS)),
        ):
            assert all(np.isfinite(array).all() for array in vars(found).values())


def test_the_next_money_of_a_paused_channel_is_a_first_step_by_hand(hill, single):
    """Slopes at nothing are infinite below 1 and none above it; the first step is a plain difference."""
    half, slope = np.array([[50.0, 50.0]] * 3), np.array([[0.3, 1.0], [0.8, 1.0], [2.0, 1.0]])
    there = single(hill(np.full((3, 2), 100.0), half, slope), np.array([0.0, 40.0]))
    there = replace(there, observed_peak=np.array([[200.0, 40.0]]), observed_peak_total=np.array([200.0, 40.0]))
    np.testing.assert_allclose(first_step(there), [2.0, 0.4])
    found = marginal_draws(there, there.reference)
    ratio = (2.0 / 50.0) ** slope[:, 0]
    np.testing.assert_allclose(found[:, 0], 100.0 * ratio / (1 + ratio) / 2.0)
    np.testing.assert_allclose(found[:, 1], 100.0 * 50.0 / 90.0**2)


def test_next_returns_at_nothing_lie_within_what_can_be_won(prepared):
    """Mean within its own interval in allocation and budget curve, cubic of the sliders within the curve."""
    there = prepared(draws=200, channels=3, slope=1.0)
    draws = there.problem.draws
    rng = np.random.default_rng(3)
    slopes = np.where(rng.random((200, 3)) < 0.1, 0.35, 1.0)
    curves = np.stack([draws.saturation_par[..., 0], slopes], axis=-1)
    sloped = np.full(slopes.shape, saturation_kind("hill_sloped"))
    draws = replace(draws, saturation_kind=sloped, saturation_par=curves)
    reference = there.problem.reference.copy()
    reference[:, :, 0] = 0.0
    history = there.problem.history.copy()
    history[:, :, 0] = 0.0
    problem = replace(there.problem, draws=draws, reference=reference, history=history)
    channels = {"c0": {"minimum": 0.0, "maximum": 400.0}}
    made = decide(replace(there, problem=problem), PlanSettings(objective="expected_outcome", channels=channels))
    line = made.allocation.loc["c0"]
    assert line["reference_marginal_effect_lower"] < line["reference_marginal_effect"]
    assert line["reference_marginal_effect"] < line["reference_marginal_effect_upper"]
    table = budget_curve(made).table
    assert (table["marginal"] <= table["marginal_upper"]).all()
    # What the first step returns of an infinite slope is bounded by what the channel can win at all.
    assert line["reference_marginal_effect_upper"] * line["first_step"] <= np.exp(draws.log_beta[..., 0]).max() * 99


def test_flighting_over_a_long_look_back(prepared):
    """Delayed carryover of steep curves, a look-back far longer than the horizon: its majorant was not a number."""
    there = prepared(draws=100, channels=2, horizon=5, lookback=60, slope=2.0)
    draws = there.problem.draws
    delayed = np.stack([np.full((draws.n, 2), 0.35), np.full((draws.n, 2), 1.5)], axis=-1)
    draws = replace(
        draws, adstock_kind=np.full((draws.n, 2), adstock_kind("delayed", normalised=False)), adstock_par=delayed
    )
    history = np.zeros_like(there.problem.history)
    there = replace(there, problem=replace(there.problem, draws=draws, history=history))
    made = decide(there, PlanSettings(objective="expected_outcome", draws=100, time_limit=5.0))
    found = flighting(made)
    assert np.isfinite(found.money).all()
    assert found.gain.mean >= -1e-9 * abs(float(made.outcome_draws.mean()))
