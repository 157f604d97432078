"""Compiled loops for the planner: effects and derivatives by period.

Shapes as in :mod:`mmm.model.kernels.evaluate`; curves over totals are in :mod:`mmm.model.kernels.curves`. With the
lines of :mod:`mmm.model.kernels.envelope` for some draws (``place[n]`` is a draw's row of ``lines``, -1 where it has
none) both give the concave upper bound instead.
"""

import numpy as np
from numba import njit

from mmm.model.kernels.envelope import AT_ZERO, LIFT, SLOPE, TOUCH
from mmm.model.kernels.evaluate import inner_series, inner_weights, outer_weights, saturate
from mmm.model.kernels.series import FASTMATH


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
def hold(akind, apar, skind, spar, lookback, after, base, begin, weights, at_base, carry, counts, start):
    """What :func:`by_period` asks of every plan alike: what no money leads to, and how money is carried over.

    From the period ``begin`` on the carried media to ``at_base[g, c, n, t]``, what saturation counts to ``counts``, its
    weighted sum to ``start[g, c, n]``; the weights of carryover to ``carry[c, n, lag]``.
    """
    draws, channels = akind.shape
    periods = base.shape[0]
    a, own = np.empty(periods), np.empty(periods)
    rest = periods - begin
    spread, f = np.empty((spar.shape[2], rest)), np.empty((3, rest))
    for g in range(base.shape[1]):
        for c in range(channels):
            x = base[:, g, c].copy()
            for n in range(draws):
                if g == 0:
                    inner_weights(akind[n, c], apar[n, c], lookback[c], carry[c, n])
                inner_series(akind[n, c], apar[n, c], lookback[c], x, a)
                outer_weights(akind[n, c], apar[n, c], lookback[c], after[n, c], weights, g, own)
                at_base[g, c, n], counts[g, c, n] = a[begin:], own[begin:]
                saturate(skind[n, c], spar[n, c], at_base[g, c, n], spread, f)
                summed = 0.0
                for t in range(rest):
                    summed += counts[g, c, n, t] * f[0, t]
                start[g, c, n] = summed


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _arriving(media, carry, a):
    """Add what the media of every period of the window are carried over to to ``a[t]``."""
    for h in range(media.shape[0]):
        if media[h] != 0.0:
            reach = min(carry.shape[0], a.shape[0] - h)
            part, x = a[h : h + reach], media[h]
            for lag in range(reach):
                part[lag] += x * carry[lag]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _sent_back(slope, carry, scale, unit, gradient):
    """Add the derivative by the money of every period of the window, of what arrives later, to ``gradient[h]``."""
    for h in range(unit.shape[0]):
        summed, reach = 0.0, min(carry.shape[0], slope.shape[0] - h)
        part = slope[h : h + reach]
        for lag in range(reach):
            summed += part[lag] * carry[lag]
        gradient[h] += scale * unit[h] * summed


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _counted(counts, f, slope):
    """Weighted sum of the saturation, and its derivative by what arrived in every period to ``slope[t]``."""
    summed = 0.0
    for t in range(slope.shape[0]):
        summed += counts[t] * f[0, t]
        slope[t] = counts[t] * f[1, t]
    return summed


@njit(cache=True, nogil=True)
def by_period(skind, spar, log_beta, at_base, carry, counts, start, unit, money, place, lines, total, gradient):
    """Effect of ``money[h, c]`` in the first periods and its gradient, draw by draw, from what :func:`hold` holds.

    ``unit[h, g, c]`` is media per unit of money. ``total[n, c]`` and ``gradient[n, c, h]`` must come in as zeros.
    """
    draws, geos, channels = log_beta.shape
    periods = at_base.shape[3]
    a, slope = np.empty(periods), np.empty(periods)
    spread, f = np.empty((spar.shape[2], periods)), np.empty((3, periods))
    for g in range(geos):
        for c in range(channels):
            price = unit[:, g, c].copy()
            media = price * money[:, c]
            for n in range(draws):
                a[:] = at_base[g, c, n]
                _arriving(media, carry[c, n], a)
                saturate(skind[n, c], spar[n, c], a, spread, f)
                _raised(place[n], lines, g, c, 0, a, f)
                beta = np.exp(log_beta[n, g, c])
                total[n, c] += beta * (_counted(counts[g, c, n], f, slope) - start[g, c, n])
                _sent_back(slope, carry[c, n], beta, price, gradient[n, c])


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
