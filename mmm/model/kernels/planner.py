"""Compiled loops for the planner: effects and derivatives by period.

Shapes as in :mod:`mmm.model.kernels.evaluate`; curves over totals are in :mod:`mmm.model.kernels.curves`. With the
lines of :mod:`mmm.model.kernels.envelope` for some draws (``place[n]`` is a draw's row of ``lines``, -1 where it has
none) both give the concave upper bound instead.
"""

import numpy as np
from numba import njit

from mmm.model.kernels.envelope import AT_ZERO, LIFT, SLOPE, TOUCH
from mmm.model.kernels.evaluate import inner_series, inner_weights, outer_weights, saturate


@njit(cache=True, nogil=True)
def _raised(row, lines, g, c, begin, a, f):
    """Put the concave majorant in the place of the saturation ``f[0, 1, 2]`` at ``a``, where the draw has lines."""
    if row < 0:
        return
    for t in range(begin, a.shape[0]):
        line = lines[row, g, c, t - begin]
        if a[t] < line[TOUCH]:
            f[0, t], f[1, t], f[2, t] = line[AT_ZERO] + line[SLOPE] * a[t], line[SLOPE], 0.0
        else:
            f[0, t] += line[LIFT]


@njit(cache=True, nogil=True)
def by_period(
    akind, apar, skind, spar, log_beta, lookback, after, base, unit, money, begin, weights, place, lines, total,
    gradient,
):  # fmt: skip
    """Effect of ``money[h, c]`` in the periods from ``begin`` and its gradient, draw by draw.

    ``unit[h, g, c]`` is media per unit of money. ``total[n, c]`` and ``gradient[n, h, c]`` must come in as zeros.
    """
    draws, geos, channels = log_beta.shape
    periods, horizon = base.shape[0], money.shape[0]
    x, a, start = np.empty(periods), np.empty(periods), np.empty(periods)
    slope, back, plain, counts = np.empty(periods), np.empty(periods), np.empty(periods), np.empty(periods)
    spread, f, before = np.empty((spar.shape[2], periods)), np.empty((3, periods)), np.empty((3, periods))
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = plain[t] = base[t, g, c]
            for h in range(horizon):
                x[begin + h] += money[h, c] * unit[h, g, c]
            for n in range(draws):
                inner_series(akind[n, c], apar[n, c], lookback[c], x, a)
                inner_series(akind[n, c], apar[n, c], lookback[c], plain, start)
                outer_weights(akind[n, c], apar[n, c], lookback[c], after[n, c], weights, g, counts)
                saturate(skind[n, c], spar[n, c], start, spread, before)
                saturate(skind[n, c], spar[n, c], a, spread, f)
                _raised(place[n], lines, g, c, begin, a, f)
                beta = np.exp(log_beta[n, g, c])
                summed = 0.0
                for t in range(periods):
                    slope[periods - 1 - t] = 0.0
                    if t >= begin:
                        summed += counts[t] * (f[0, t] - before[0, t])
                        slope[periods - 1 - t] = beta * counts[t] * f[1, t]
                total[n, c] += beta * summed
                # Reversed in time, the adjoint is the same causal filter.
                inner_series(akind[n, c], apar[n, c], lookback[c], slope, back)
                for h in range(horizon):
                    gradient[n, h, c] += unit[h, g, c] * back[periods - 1 - begin - h]


@njit(cache=True, nogil=True)
def period_hessian(  # noqa: C901  (one loop nest; splitting it would recompute the adstock)
    akind, apar, skind, spar, log_beta, lookback, after, base, unit, money, begin, weights, place, lines, share,
    hessian,
):  # fmt: skip
    """Add the ``share[n]``-weighted second derivatives by pairs of periods to ``hessian[c, h, h]``."""
    draws, geos, channels = log_beta.shape
    periods, horizon = base.shape[0], money.shape[0]
    x, a, bend, counts = np.empty(periods), np.empty(periods), np.empty(periods), np.empty(periods)
    weight = np.empty(lookback.max() + 1)
    spread, f = np.empty((spar.shape[2], periods)), np.empty((3, periods))
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = base[t, g, c]
            for h in range(horizon):
                x[begin + h] += money[h, c] * unit[h, g, c]
            for n in range(draws):
                inner_series(akind[n, c], apar[n, c], lookback[c], x, a)
                inner_weights(akind[n, c], apar[n, c], lookback[c], weight)
                outer_weights(akind[n, c], apar[n, c], lookback[c], after[n, c], weights, g, counts)
                saturate(skind[n, c], spar[n, c], a, spread, f)
                _raised(place[n], lines, g, c, begin, a, f)
                scale = share[n] * np.exp(log_beta[n, g, c])
                for t in range(begin, periods):
                    bend[t] = scale * counts[t] * f[2, t]
                for i in range(horizon):
                    for j in range(i + 1):
                        summed = 0.0
                        for t in range(begin + i, min(periods, begin + j + lookback[c] + 1)):
                            summed += bend[t] * weight[t - begin - i] * weight[t - begin - j]
                        hessian[c, i, j] += unit[i, g, c] * unit[j, g, c] * summed
    for c in range(channels):
        for i in range(horizon):
            for j in range(i):
                hessian[c, j, i] = hessian[c, i, j]
