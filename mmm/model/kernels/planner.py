"""Compiled loops for the planner: effects and derivatives by period.

Shapes as in :mod:`mmm.model.kernels.evaluate`; curves over totals are in :mod:`mmm.model.kernels.curves`. With the
lines of :mod:`mmm.model.kernels.envelope` for some draws (``place[n]`` is a draw's row of ``lines``, -1 where it has
none) both give the concave upper bound instead.
"""

import numpy as np
from numba import njit

from mmm.model.kernels.envelope import AT_ZERO, LIFT, SLOPE, TOUCH
from mmm.model.kernels.families import adstock_series, adstock_weights, saturate, saturate_with_derivatives


@njit(cache=True, nogil=True, inline="always")
def _response(kind, p1, p2, a, row, lines, g, c, t):
    """Saturation with two derivatives, or its concave majorant where the draw has lines."""
    if row < 0:
        return saturate_with_derivatives(kind, p1, p2, a)
    line = lines[row, g, c, t]
    if a < line[TOUCH]:
        return line[AT_ZERO] + line[SLOPE] * a, line[SLOPE], 0.0
    f, s, q = saturate_with_derivatives(kind, p1, p2, a)
    return f + line[LIFT], s, q


@njit(cache=True, nogil=True)
def by_period(
    akind, apar, skind, spar, log_beta, lookback, base, unit, money, begin, weights, place, lines, total, gradient
):  # fmt: skip
    """Effect of ``money[h, c]`` in the periods from ``begin`` and its gradient, draw by draw.

    ``unit[h, g, c]`` is media per unit of money. ``total[n, c]`` and ``gradient[n, h, c]`` must come in as zeros.
    """
    draws, geos, channels = log_beta.shape
    periods, horizon = base.shape[0], money.shape[0]
    x, a, start = np.empty(periods), np.empty(periods), np.empty(periods)
    slope, back, plain = np.empty(periods), np.empty(periods), np.empty(periods)
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = plain[t] = base[t, g, c]
            for h in range(horizon):
                x[begin + h] += money[h, c] * unit[h, g, c]
            for n in range(draws):
                ak, a1, a2 = akind[n, c], apar[n, c, 0], apar[n, c, 1]
                kind, p1, p2 = skind[n, c], spar[n, c, 0], spar[n, c, 1]
                adstock_series(ak, a1, a2, lookback, x, a)
                adstock_series(ak, a1, a2, lookback, plain, start)
                beta = np.exp(log_beta[n, g, c])
                summed = 0.0
                for t in range(periods):
                    slope[periods - 1 - t] = 0.0
                    if t >= begin:
                        f, s, _ = _response(kind, p1, p2, a[t], place[n], lines, g, c, t - begin)
                        summed += weights[t, g] * (f - saturate(kind, p1, p2, start[t]))
                        slope[periods - 1 - t] = beta * weights[t, g] * s
                total[n, c] += beta * summed
                # Reversed in time, the adjoint is the same causal filter.
                adstock_series(ak, a1, a2, lookback, slope, back)
                for h in range(horizon):
                    gradient[n, h, c] += unit[h, g, c] * back[periods - 1 - begin - h]


@njit(cache=True, nogil=True)
def period_hessian(  # noqa: C901  (one loop nest; splitting it would recompute the adstock)
    akind, apar, skind, spar, log_beta, lookback, base, unit, money, begin, weights, place, lines, share, hessian
):  # fmt: skip
    """Add the ``share[n]``-weighted second derivatives by pairs of periods to ``hessian[c, h, h]``."""
    draws, geos, channels = log_beta.shape
    periods, horizon = base.shape[0], money.shape[0]
    x, a, bend, weight = np.empty(periods), np.empty(periods), np.empty(periods), np.empty(lookback + 1)
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = base[t, g, c]
            for h in range(horizon):
                x[begin + h] += money[h, c] * unit[h, g, c]
            for n in range(draws):
                ak, a1, a2 = akind[n, c], apar[n, c, 0], apar[n, c, 1]
                adstock_series(ak, a1, a2, lookback, x, a)
                adstock_weights(ak, a1, a2, lookback, weight)
                scale = share[n] * np.exp(log_beta[n, g, c])
                for t in range(begin, periods):
                    kind, p1, p2 = skind[n, c], spar[n, c, 0], spar[n, c, 1]
                    q = _response(kind, p1, p2, a[t], place[n], lines, g, c, t - begin)[2]
                    bend[t] = scale * weights[t, g] * q
                for i in range(horizon):
                    for j in range(i + 1):
                        summed = 0.0
                        for t in range(begin + i, min(periods, begin + j + lookback + 1)):
                            summed += bend[t] * weight[t - begin - i] * weight[t - begin - j]
                        hessian[c, i, j] += unit[i, g, c] * unit[j, g, c] * summed
    for c in range(channels):
        for i in range(horizon):
            for j in range(i):
                hessian[c, j, i] = hessian[c, i, j]
