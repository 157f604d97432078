"""Compiled loops for the planner: curves averaged over draws, bounds on their curvature, derivatives by period.

Shapes as in :mod:`mmm.model.kernels.evaluate`. A "cell" is one geo and channel, numbered ``g * channels + c``; kernels
take the numbers of the cells to fill, so that threads can share the work without changing any sum.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.families import adstock_series, adstock_weight, saturate, saturate_with_derivatives


@njit(cache=True, nogil=True)
def mean_along(
    akind, apar, skind, spar, log_beta, lookback, base, direction, levels, weights, share, cells,
    value, slope, curvature,
):  # fmt: skip
    """Average over draws, with weights ``share[n]``, of the effect of ``base + level * direction`` over ``base``.

    ``levels`` and the outputs are [g, c, k]; only the given ``cells`` are written.
    """
    draws, _, channels = log_beta.shape
    periods, points = base.shape[0], levels.shape[2]
    xb, xd, ab, ad = np.empty(periods), np.empty(periods), np.empty(periods), np.empty(periods)
    for cell in cells:
        g, c = cell // channels, cell % channels
        begin = periods
        for t in range(periods):
            xb[t] = base[t, g, c]
            xd[t] = direction[t, g, c]
            if begin == periods and xd[t] != 0.0:
                begin = t
        for k in range(points):
            value[g, c, k] = slope[g, c, k] = curvature[g, c, k] = 0.0
        for n in range(draws):
            if share[n] == 0.0:
                continue
            kind, p1, p2 = skind[n, c], spar[n, c, 0], spar[n, c, 1]
            adstock_series(akind[n, c], apar[n, c, 0], apar[n, c, 1], lookback, xb, ab)
            adstock_series(akind[n, c], apar[n, c, 0], apar[n, c, 1], lookback, xd, ad)
            scale = share[n] * np.exp(log_beta[n, g, c])
            start = 0.0
            for t in range(begin, periods):
                start += weights[t, g] * saturate(kind, p1, p2, ab[t])
            for k in range(points):
                level = levels[g, c, k]
                v, d1, d2 = 0.0, 0.0, 0.0
                for t in range(begin, periods):
                    f, s, q = saturate_with_derivatives(kind, p1, p2, ab[t] + level * ad[t])
                    w = weights[t, g]
                    v += w * f
                    d1 += w * s * ad[t]
                    d2 += w * q * ad[t] * ad[t]
                value[g, c, k] += scale * (v - start)
                slope[g, c, k] += scale * d1
                curvature[g, c, k] += scale * d2


@njit(cache=True, nogil=True)
def _bending_points(kind, p1, p2):
    """Where the second derivative of the saturation has its own extremes: up to two points, infinity where none.

    Hill, r = (a / k)^s: the third derivative vanishes where (s+1)(s+2) r^2 - 4 (s^2-1) r + (s-1)(s-2) = 0, which has
    real roots for s > 1 only. Logistic, f = tanh(p a / 2): where f^2 = 1/3.
    """
    if kind == 0:
        if p2 <= 1.0:
            return math.inf, math.inf
        root = math.sqrt(3.0 * (p2 * p2 - 1.0)) * p2
        scale = (p2 + 1.0) * (p2 + 2.0)
        high = (2.0 * (p2 * p2 - 1.0) + root) / scale
        low = (2.0 * (p2 * p2 - 1.0) - root) / scale
        return (p1 * low ** (1.0 / p2) if low > 0.0 else math.inf), p1 * high ** (1.0 / p2)
    return 2.0 * math.atanh(1.0 / math.sqrt(3.0)) / p1, math.inf


@njit(cache=True, nogil=True)
def _second(kind, p1, p2, a):
    """Second derivative of the saturation, infinite where it is at zero."""
    if kind == 0 and a <= 0.0 and p2 != 1.0:
        if p2 > 2.0:
            return 0.0
        if p2 == 2.0:
            return 2.0 / (p1 * p1)
        return math.inf if p2 > 1.0 else -math.inf
    return saturate_with_derivatives(kind, p1, p2, a)[2]


@njit(cache=True, nogil=True)
def _inflection(kind, p1, p2):
    """Where the saturation turns from convex to concave; zero where it is concave from the start."""
    if kind == 0 and p2 > 1.0:
        return p1 * ((p2 - 1.0) / (p2 + 1.0)) ** (1.0 / p2)
    return 0.0


@njit(cache=True, nogil=True)
def _line_from_left(kind, p1, p2, turn, a, b, at_a, at_b):
    """Slope of a line from (a, f(a)) that lies above f on [a, b]; ``at_a``, ``at_b`` are (value, slope).

    A saturation is convex up to ``turn`` and concave after. The steepest chord from a ends at b, or where it is a
    tangent; up to that place the slope of f is no less than the chord's, which a few steps of regula falsi use.
    """
    if a >= turn or b <= a:
        return at_a[1]
    chord = (at_b[0] - at_a[0]) / (b - a)
    if b <= turn or chord <= at_b[1]:
        return chord
    value, steepest, _ = saturate_with_derivatives(kind, p1, p2, turn)
    left, right = turn, b
    over, under = steepest * (turn - a) - (value - at_a[0]), at_b[1] * (b - a) - (at_b[0] - at_a[0])
    for _ in range(3):
        x = left + (right - left) * max(0.1, min(0.9, 0.9 * over / (over - under)))
        value, slope, _ = saturate_with_derivatives(kind, p1, p2, x)
        rest = slope * (x - a) - (value - at_a[0])
        if rest >= 0.0:
            left, over, steepest = x, rest, slope
        else:
            right, under = x, rest
    return steepest


@njit(cache=True, nogil=True)
def _line_from_right(turn, a, b, at_a, at_b):
    """Slope of a line to (b, f(b)) that lies above f on [a, b]: the flatter of the tangent at b and the chord."""
    if a >= turn or b <= a:
        return at_b[1]
    chord = (at_b[0] - at_a[0]) / (b - a)
    return min(chord, at_b[1]) if b > turn else chord


@njit(cache=True, nogil=True)
def mean_along_cells(  # noqa: C901  (one loop nest; splitting it would recompute the adstock)
    akind, apar, skind, spar, log_beta, lookback, base, direction, nodes, weights, share, cells,
    value, slope, lower, upper, left, right,
):  # fmt: skip
    """As :func:`mean_along` at sorted ``nodes`` [g, c, k], with bounds on the curvature between neighbouring nodes.

    ``value``, ``slope`` are [g, c, k]; ``lower``, ``upper`` [g, c, k - 1]. Draw by draw and period by period the range
    of the saturation's second derivative on an interval is exact; the sum of the ranges contains the range of the sum.
    ``left``, ``right`` are slopes of lines through the cell's ends that lie above the averaged effect on the cell: sums
    of such lines draw by draw and period by period.
    """
    draws, _, channels = log_beta.shape
    periods, points = base.shape[0], nodes.shape[2]
    xb, xd, ab, ad = np.empty(periods), np.empty(periods), np.empty(periods), np.empty(periods)
    for cell in cells:
        g, c = cell // channels, cell % channels
        for t in range(periods):
            xb[t] = base[t, g, c]
            xd[t] = direction[t, g, c]
        value[g, c] = slope[g, c] = 0.0
        lower[g, c] = upper[g, c] = left[g, c] = right[g, c] = 0.0
        for n in range(draws):
            if share[n] == 0.0:
                continue
            kind, p1, p2 = skind[n, c], spar[n, c, 0], spar[n, c, 1]
            adstock_series(akind[n, c], apar[n, c, 0], apar[n, c, 1], lookback, xb, ab)
            adstock_series(akind[n, c], apar[n, c, 0], apar[n, c, 1], lookback, xd, ad)
            scale = share[n] * np.exp(log_beta[n, g, c])
            first, second = _bending_points(kind, p1, p2)
            turn = _inflection(kind, p1, p2)
            at_first = _second(kind, p1, p2, first) if first < math.inf else 0.0
            at_second = _second(kind, p1, p2, second) if second < math.inf else 0.0
            for t in range(periods):
                if ad[t] == 0.0:
                    continue
                w = scale * weights[t, g]
                start = saturate(kind, p1, p2, ab[t])
                a, at_a, before = 0.0, 0.0, (0.0, 0.0)
                for k in range(points):
                    b = ab[t] + nodes[g, c, k] * ad[t]
                    f, s, at_b = saturate_with_derivatives(kind, p1, p2, b)
                    if b <= 0.0:
                        at_b = _second(kind, p1, p2, 0.0)
                    value[g, c, k] += w * (f - start)
                    slope[g, c, k] += w * s * ad[t]
                    if k > 0:
                        least, most = min(at_a, at_b), max(at_a, at_b)
                        if a < first < b:
                            least, most = min(least, at_first), max(most, at_first)
                        if a < second < b:
                            least, most = min(least, at_second), max(most, at_second)
                        lower[g, c, k - 1] += w * ad[t] * ad[t] * least
                        upper[g, c, k - 1] += w * ad[t] * ad[t] * most
                        left[g, c, k - 1] += w * ad[t] * _line_from_left(kind, p1, p2, turn, a, b, before, (f, s))
                        right[g, c, k - 1] += w * ad[t] * _line_from_right(turn, a, b, before, (f, s))
                    a, at_a, before = b, at_b, (f, s)


@njit(cache=True, nogil=True)
def by_period(
    akind, apar, skind, spar, log_beta, lookback, base, unit, money, begin, weights, total, gradient
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
                        f, s, _ = saturate_with_derivatives(kind, p1, p2, a[t])
                        summed += weights[t, g] * (f - saturate(kind, p1, p2, start[t]))
                        slope[periods - 1 - t] = beta * weights[t, g] * s
                total[n, c] += beta * summed
                # Reversed in time, the adjoint is the same causal filter.
                adstock_series(ak, a1, a2, lookback, slope, back)
                for h in range(horizon):
                    gradient[n, h, c] += unit[h, g, c] * back[periods - 1 - begin - h]


@njit(cache=True, nogil=True)
def period_hessian(  # noqa: C901, PLR0912  (one loop nest; splitting it would recompute the adstock)
    akind, apar, skind, spar, log_beta, lookback, base, unit, money, begin, weights, share, hessian
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
                norm = 1.0
                if ak == 1 or ak == 3:
                    norm = 0.0
                    for lag in range(lookback + 1):
                        norm += adstock_weight(ak, a1, a2, lag)
                for lag in range(lookback + 1):
                    weight[lag] = adstock_weight(ak, a1, a2, lag) / norm
                scale = share[n] * np.exp(log_beta[n, g, c])
                for t in range(begin, periods):
                    q = saturate_with_derivatives(skind[n, c], spar[n, c, 0], spar[n, c, 1], a[t])[2]
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
