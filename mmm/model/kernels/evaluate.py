"""Compiled loops over posterior draws: contributions, weighted totals, curves along a direction, gradients.

Shapes: draws n, periods t, geos g, channels c, levels k. Media enter in kernel units (already divided by their scale).
Every function fills an array that the caller allocated, so that the caller decides about memory.
"""

import numpy as np
from numba import njit

from mmm.model.kernels.families import adstock_series, adstock_weights, saturate, saturate_with_derivatives


@njit(cache=True, nogil=True)
def contributions(akind, apar, skind, spar, log_beta, lookback, media, out):
    """Contribution of every channel to ``out[n, t, g, c]``."""
    draws, geos, channels = log_beta.shape
    periods = media.shape[0]
    x = np.empty(periods)
    a = np.empty(periods)
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = media[t, g, c]
            for n in range(draws):
                adstock_series(akind[n, c], apar[n, c, 0], apar[n, c, 1], lookback, x, a)
                beta = np.exp(log_beta[n, g, c])
                for t in range(periods):
                    out[n, t, g, c] = beta * saturate(skind[n, c], spar[n, c, 0], spar[n, c, 1], a[t])


@njit(cache=True, nogil=True)
def totals(akind, apar, skind, spar, log_beta, lookback, media, weights, out):
    """Weighted sum over time of the contribution to ``out[n, g, c]``."""
    draws, geos, channels = log_beta.shape
    periods = media.shape[0]
    x = np.empty(periods)
    a = np.empty(periods)
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = media[t, g, c]
            for n in range(draws):
                adstock_series(akind[n, c], apar[n, c, 0], apar[n, c, 1], lookback, x, a)
                total = 0.0
                for t in range(periods):
                    total += weights[t, g] * saturate(skind[n, c], spar[n, c, 0], spar[n, c, 1], a[t])
                out[n, g, c] = np.exp(log_beta[n, g, c]) * total


@njit(cache=True, nogil=True)
def along(akind, apar, skind, spar, log_beta, lookback, base, direction, levels, weights, value, slope, curvature):
    """Effect of ``base + level * direction`` over ``base`` by draw, geo, channel and level, with two derivatives.

    ``levels`` is [g, c, k]; the outputs are [n, g, c, k]. Adstock is linear, so that it is applied to base and
    direction once, whatever the number of levels.
    """
    draws, geos, channels = log_beta.shape
    periods = base.shape[0]
    xb = np.empty(periods)
    xd = np.empty(periods)
    ab = np.empty(periods)
    ad = np.empty(periods)
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                xb[t] = base[t, g, c]
                xd[t] = direction[t, g, c]
            for n in range(draws):
                p1, p2, kind = spar[n, c, 0], spar[n, c, 1], skind[n, c]
                adstock_series(akind[n, c], apar[n, c, 0], apar[n, c, 1], lookback, xb, ab)
                adstock_series(akind[n, c], apar[n, c, 0], apar[n, c, 1], lookback, xd, ad)
                beta = np.exp(log_beta[n, g, c])
                start = 0.0
                for t in range(periods):
                    if ad[t] != 0.0:
                        start += weights[t, g] * saturate(kind, p1, p2, ab[t])
                for k in range(levels.shape[2]):
                    level = levels[g, c, k]
                    v, d1, d2 = 0.0, 0.0, 0.0
                    for t in range(periods):
                        if ad[t] != 0.0:
                            f, s, q = saturate_with_derivatives(kind, p1, p2, ab[t] + level * ad[t])
                            w = weights[t, g]
                            v += w * f
                            d1 += w * s * ad[t]
                            d2 += w * q * ad[t] * ad[t]
                    value[n, g, c, k] = beta * (v - start)
                    slope[n, g, c, k] = beta * d1
                    curvature[n, g, c, k] = beta * d2


@njit(cache=True, nogil=True)
def total_and_gradient(
    akind, apar, skind, spar, log_beta, lookback, media, weights, draw_weights, total, gradient
):  # fmt: skip
    """Weighted total by draw to ``total[n]`` and the draw-weighted sum of its gradient to ``gradient[t, g, c]``.

    The adjoint of a convolution runs backward in time: d total / d x_s = sum over lags of weight_lag * s_(s + lag),
    where s_t is the derivative of the total with respect to the adstocked media.
    """
    draws, geos, channels = log_beta.shape
    periods = media.shape[0]
    x = np.empty(periods)
    a = np.empty(periods)
    adjoint = np.empty(periods)
    back = np.empty(periods)
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = media[t, g, c]
            for n in range(draws):
                ak, a1, a2 = akind[n, c], apar[n, c, 0], apar[n, c, 1]
                adstock_series(ak, a1, a2, lookback, x, a)
                beta = np.exp(log_beta[n, g, c])
                summed = 0.0
                for t in range(periods):
                    f, s, _ = saturate_with_derivatives(skind[n, c], spar[n, c, 0], spar[n, c, 1], a[t])
                    summed += weights[t, g] * f
                    # Reversed in time, the adjoint is the same causal filter.
                    adjoint[periods - 1 - t] = beta * weights[t, g] * s
                total[n] += beta * summed
                adstock_series(ak, a1, a2, lookback, adjoint, back)
                for t in range(periods):
                    gradient[t, g, c] += draw_weights[n] * back[periods - 1 - t]


@njit(cache=True, nogil=True)
def half_lives(akind, apar, lookback, out):
    """Periods until half of the carryover has been delivered, interpolated between lags, to ``out[n, c]``."""
    draws, channels = akind.shape
    weights = np.empty(lookback + 1)
    for n in range(draws):
        for c in range(channels):
            # The normalised variant of the family, which follows its plain one.
            adstock_weights(akind[n, c] | 1, apar[n, c, 0], apar[n, c, 1], lookback, weights)
            reached = 0.0
            for lag in range(lookback + 1):
                weight = weights[lag]
                if reached + weight >= 0.5:
                    out[n, c] = lag + (0.5 - reached) / weight
                    break
                reached += weight
