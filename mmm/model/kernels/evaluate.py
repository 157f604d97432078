"""Compiled loops over posterior draws: contributions, weighted totals, curves along a direction, gradients.

Shapes: draws n, periods t, geos g, channels c, levels k. Media enter in kernel units (already divided by their scale).
Every function fills an array that the caller allocated, so that the caller decides about memory. ``akind`` are twice
the numbers of the adstocks, plus one where they are normalised, ``skind`` those of the saturations; ``apar[n, c, k]``
and ``spar[n, c, k]`` their parameters.
"""

import numpy as np
from numba import njit

from mmm.model.kernels import call
from mmm.model.kernels.series import convolution

# From this look-back on a recursion, whose steps wait for each other, is faster than a sum over lags.
_LONG = 32


@njit(cache=True, nogil=True)
def adstock_weights(kind, p, weights):
    """Weight of spend ``lag`` periods ago to ``weights[lag]``."""
    call.weights(kind // 2, p, kind % 2 == 1, weights, np.empty((p.shape[0], weights.shape[0])))


@njit(cache=True, nogil=True)
def adstock_series(kind, p, lookback, x, out):
    """Write the adstock of ``x[t]`` (nothing before t = 0) to ``out[t]``; ``x`` and ``out`` must differ."""
    if lookback >= _LONG and call.has_recursion(kind // 2):
        call.recursion(kind // 2, p, kind % 2 == 1, lookback, 1, x, out, np.empty((p.shape[0], x.shape[0])))
        # Cancellation may leave a rounding error below zero; adstock of spend is never negative.
        for t in range(x.shape[0]):
            out[t] = max(out[t], 0.0)
        return
    weights = np.empty(lookback + 1)
    adstock_weights(kind, p, weights)
    convolution(weights, np.empty((0, lookback + 1)), 1, x, out, np.empty((0, x.shape[0])))


@njit(cache=True, nogil=True)
def saturate(kind, p, a, spread, out):
    """Saturation of ``a[t]`` with two derivatives to ``out[0, 1, 2]``; ``spread[k, t]`` is scratch for parameters."""
    for k in range(p.shape[0]):
        for t in range(a.shape[0]):
            spread[k, t] = p[k]
    call.curve(kind, spread, a, out[0], out[1], out[2])


@njit(cache=True, nogil=True)
def contributions(akind, apar, skind, spar, log_beta, lookback, media, out):
    """Contribution of every channel to ``out[n, t, g, c]``."""
    draws, geos, channels = log_beta.shape
    periods = media.shape[0]
    x, a = np.empty(periods), np.empty(periods)
    spread, f = np.empty((spar.shape[2], periods)), np.empty((3, periods))
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = media[t, g, c]
            for n in range(draws):
                adstock_series(akind[n, c], apar[n, c], lookback, x, a)
                beta = np.exp(log_beta[n, g, c])
                saturate(skind[n, c], spar[n, c], a, spread, f)
                for t in range(periods):
                    out[n, t, g, c] = beta * f[0, t]


@njit(cache=True, nogil=True)
def totals(akind, apar, skind, spar, log_beta, lookback, media, weights, out):
    """Weighted sum over time of the contribution to ``out[n, g, c]``."""
    draws, geos, channels = log_beta.shape
    periods = media.shape[0]
    x, a = np.empty(periods), np.empty(periods)
    spread, f = np.empty((spar.shape[2], periods)), np.empty((3, periods))
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = media[t, g, c]
            for n in range(draws):
                adstock_series(akind[n, c], apar[n, c], lookback, x, a)
                saturate(skind[n, c], spar[n, c], a, spread, f)
                total = 0.0
                for t in range(periods):
                    total += weights[t, g] * f[0, t]
                out[n, g, c] = np.exp(log_beta[n, g, c]) * total


@njit(cache=True, nogil=True)
def _along(f, ad, weights, g):
    """Weighted sums of saturation, slope and curvature along the direction, where anything of it arrives."""
    v, d1, d2 = 0.0, 0.0, 0.0
    for t in range(ad.shape[0]):
        if ad[t] != 0.0:
            v += weights[t, g] * f[0, t]
            d1 += weights[t, g] * f[1, t] * ad[t]
            d2 += weights[t, g] * f[2, t] * ad[t] * ad[t]
    return v, d1, d2


@njit(cache=True, nogil=True)
def along(akind, apar, skind, spar, log_beta, lookback, base, direction, levels, weights, value, slope, curvature):
    """Effect of ``base + level * direction`` over ``base`` by draw, geo, channel and level, with two derivatives.

    ``levels`` is [g, c, k]; the outputs are [n, g, c, k]. Adstock is linear, so that it is applied to base and
    direction once, whatever the number of levels.
    """
    draws, geos, channels = log_beta.shape
    periods = base.shape[0]
    xb, xd = np.empty(periods), np.empty(periods)
    ab, ad, at = np.empty(periods), np.empty(periods), np.empty(periods)
    spread, f = np.empty((spar.shape[2], periods)), np.empty((3, periods))
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                xb[t] = base[t, g, c]
                xd[t] = direction[t, g, c]
            for n in range(draws):
                adstock_series(akind[n, c], apar[n, c], lookback, xb, ab)
                adstock_series(akind[n, c], apar[n, c], lookback, xd, ad)
                beta = np.exp(log_beta[n, g, c])
                saturate(skind[n, c], spar[n, c], ab, spread, f)
                start = 0.0
                for t in range(periods):
                    if ad[t] != 0.0:
                        start += weights[t, g] * f[0, t]
                for k in range(levels.shape[2]):
                    for t in range(periods):
                        at[t] = ab[t] + levels[g, c, k] * ad[t]
                    call.curve(skind[n, c], spread, at, f[0], f[1], f[2])
                    v, d1, d2 = _along(f, ad, weights, g)
                    value[n, g, c, k] = beta * (v - start)
                    slope[n, g, c, k] = beta * d1
                    curvature[n, g, c, k] = beta * d2


@njit(cache=True, nogil=True)
def half_lives(akind, apar, lookback, out):
    """Periods until half of the carryover has been delivered, interpolated between lags, to ``out[n, c]``."""
    draws, channels = akind.shape
    weights = np.empty(lookback + 1)
    for n in range(draws):
        for c in range(channels):
            adstock_weights(akind[n, c] | 1, apar[n, c], weights)
            reached = 0.0
            for lag in range(lookback + 1):
                weight = weights[lag]
                if reached + weight >= 0.5:
                    out[n, c] = lag + (0.5 - reached) / weight
                    break
                reached += weight
