"""Compiled curves of the planner: effects along a direction averaged over draws, and bounds on their curvature.

Shapes as in :mod:`mmm.model.kernels.evaluate`. A "cell" is one geo and channel, numbered ``g * channels + c``; kernels
take the numbers of the cells to fill, so that threads can share the work without changing any sum. Draws of one family
go through the loops in blocks of a fixed size, side by side, so that powers and divisions are vectorised.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.bends import bending_points, inflection, second
from mmm.model.kernels.elementary import exp, log
from mmm.model.kernels.families import adstock_series, saturate_with_derivatives

_FAST = {"reassoc", "contract", "nsz"}
_B = 64
"""Draws in a block."""
_TINY = 1e-9
_NOTHING = 1e-100
"""Adstock of a unit of money below which a period counts as having none: squared, it would vanish."""
# Rows of a block's parameters.
_P1, _P2, _SCALE, _TURN, _FIRST, _SECOND, _AT_FIRST, _AT_SECOND, _AT_ZERO, _A1, _A2, _ROWS = range(12)


@njit(cache=True, nogil=True)
def _family(akind, skind, spar, n, c):
    """A number that draws with the same formulas share."""
    return 4 * (64 * akind[n, c] + skind[n, c]) + (1 if skind[n, c] == 0 and spar[n, c, 1] == 1.0 else 0)


@njit(cache=True, nogil=True)
def _grouped(akind, skind, spar, share, c, order):
    """Numbers of the draws with any weight to ``order``, those of one family side by side; returns how many."""
    count = 0
    for n in range(share.shape[0]):
        if share[n] != 0.0:
            order[count] = n
            count += 1
    done = 0
    while done < count:
        code = _family(akind, skind, spar, order[done], c)
        place = done
        for j in range(done, count):
            if _family(akind, skind, spar, order[j], c) == code:
                order[place], order[j] = order[j], order[place]
                place += 1
        done = place
    return count


@njit(cache=True, nogil=True)
def _block(akind, apar, skind, spar, log_beta, share, order, first, count, g, c, par, bounds):
    """Parameters of the block that starts at ``first`` to ``par``; returns its length. Unused places weigh nothing."""
    code = _family(akind, skind, spar, order[first], c)
    size = 0
    while size < _B and first + size < count and _family(akind, skind, spar, order[first + size], c) == code:
        size += 1
    for i in range(_B):
        n = order[first + min(i, size - 1)]
        kind, p1, p2 = skind[n, c], spar[n, c, 0], spar[n, c, 1]
        par[_P1, i], par[_P2, i], par[_A1, i], par[_A2, i] = p1, p2, apar[n, c, 0], apar[n, c, 1]
        par[_SCALE, i] = share[n] * exp(log_beta[n, g, c]) if i < size else 0.0
        if bounds:
            low, high = bending_points(kind, p1, p2)
            par[_TURN, i], par[_FIRST, i], par[_SECOND, i] = inflection(kind, p1, p2), low, high
            par[_AT_FIRST, i] = second(kind, p1, p2, low) if low < math.inf else 0.0
            par[_AT_SECOND, i] = second(kind, p1, p2, high) if high < math.inf else 0.0
            # An infinite curvature at zero must not meet the weight 0 of an unused place.
            par[_AT_ZERO, i] = second(kind, p1, p2, 0.0) if i < size else 0.0
    return size


@njit(cache=True, nogil=True, error_model="numpy")
def _carried(kind, par, lookback, series, work, out):
    """Adstock of ``series[t]`` for a block's draws side by side, to ``out[t, i]``; equal to ``adstock_series``."""
    periods = series.shape[0]
    if kind > 1:
        for i in range(_B):
            adstock_series(kind, par[_A1, i], par[_A2, i], lookback, series, work)
            for t in range(periods):
                out[t, i] = work[t]
        return
    alpha, carried, norm, forget = par[_A1], np.zeros(_B), np.ones(_B), np.ones(_B)
    total = np.zeros(_B)
    for _ in range(lookback + 1):
        for i in range(_B):
            total[i] += forget[i]
            forget[i] *= alpha[i]
    if kind == 1:
        for i in range(_B):
            norm[i] = 1.0 / total[i]
    for t in range(periods):
        new, old = series[t], series[t - lookback - 1] if t > lookback else 0.0
        row = out[t]
        for i in range(_B):
            level = alpha[i] * carried[i] + new - forget[i] * old
            carried[i] = level
            row[i] = norm[i] * level if level > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST, inline="always")
def _hill(p1, p2, a):
    """Hill curve of any slope with two derivatives, near zero its chord as in :mod:`mmm.model.kernels.families`.

    The power is taken by logarithm and exponential that are vectorised.
    """
    at = max(a, _TINY * p1)
    r = exp(p2 * log(at / p1))
    q = 1.0 / (1.0 + r)
    inside = 1.0 if a >= at else 0.0
    slope = r * q / at * (inside * (p2 * q - 1.0) + 1.0)
    return r * q * (max(a, 0.0) / at), slope, inside * slope * q * ((p2 - 1.0) - (p2 + 1.0) * r) / at


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST, inline="always")
def _logistic(p1, a):
    """Logistic saturation with two derivatives."""
    e = exp(-p1 * a)
    f = (1.0 - e) / (1.0 + e)
    s = 0.5 * p1 * (1.0 - f * f)
    return f, s, -p1 * f * s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST, inline="always")
def _hill_one(p1, a):
    """Hill curve of slope 1 with two derivatives."""
    d = 1.0 / (p1 + a)
    return a * d, p1 * d * d, -2.0 * p1 * d * d * d


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _values(kind, unit, p1, p2, level, ab, ad, out):
    """Saturation and derivatives of ``ab + level * ad`` for a block, to ``out[0, 1, 2]``."""
    f, s, q = out[0], out[1], out[2]
    if kind == 0 and unit:
        for i in range(_B):
            f[i], s[i], q[i] = _hill_one(p1[i], ab[i] + level * ad[i])
    elif kind == 0:
        for i in range(_B):
            f[i], s[i], q[i] = _hill(p1[i], p2[i], ab[i] + level * ad[i])
    elif kind == 1:
        for i in range(_B):
            f[i], s[i], q[i] = _logistic(p1[i], ab[i] + level * ad[i])
    else:
        for i in range(_B):
            f[i], s[i], q[i] = saturate_with_derivatives(kind, p1[i], p2[i], ab[i] + level * ad[i])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _summed(scale, f, s, q, start, ad):
    """Weighted sums over a block of value over ``start``, slope and curvature along the direction."""
    value, slope, bend = 0.0, 0.0, 0.0
    for i in range(_B):
        value += scale[i] * (f[i] - start[i])
        slope += scale[i] * s[i] * ad[i]
        bend += scale[i] * q[i] * ad[i] * ad[i]
    return value, slope, bend


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _summed_hill_one(scale, p1, level, ab, ad, start):
    """As :func:`_summed` for Hill curves of slope 1, whose values need not be kept."""
    value, slope, bend = 0.0, 0.0, 0.0
    for i in range(_B):
        f, s, q = _hill_one(p1[i], ab[i] + level * ad[i])
        value += scale[i] * (f - start[i])
        slope += scale[i] * s * ad[i]
        bend += scale[i] * q * ad[i] * ad[i]
    return value, slope, bend


@njit(cache=True, nogil=True)
def _first_period(series):
    for t in range(series.shape[0]):
        if series[t] != 0.0:
            return t
    return series.shape[0]


@njit(cache=True, nogil=True)
def mean_along(
    akind, apar, skind, spar, log_beta, lookback, base, direction, levels, weights, share, cells,
    value, slope, curvature,
):  # fmt: skip
    """Average over draws, with weights ``share[n]``, of the effect of ``base + level * direction`` over ``base``.

    ``levels`` and the outputs are [g, c, k]; only the given ``cells`` are written.
    """
    channels, periods, points = log_beta.shape[2], base.shape[0], levels.shape[2]
    order, work, par = np.empty(share.shape[0], np.int64), np.empty(periods), np.empty((_ROWS, _B))
    ab, ad, start, out = np.empty((periods, _B)), np.empty((periods, _B)), np.empty((periods, _B)), np.empty((3, _B))
    for cell in cells:
        g, c = cell // channels, cell % channels
        xb, xd = base[:, g, c].copy(), direction[:, g, c].copy()
        begin = _first_period(xd)
        for k in range(points):
            value[g, c, k] = slope[g, c, k] = curvature[g, c, k] = 0.0
        count, first = _grouped(akind, skind, spar, share, c, order), 0
        while first < count:
            n = order[first]
            kind, unit = skind[n, c], spar[n, c, 1] == 1.0
            size = _block(akind, apar, skind, spar, log_beta, share, order, first, count, g, c, par, False)
            _carried(akind[n, c], par, lookback, xb, work, ab)
            _carried(akind[n, c], par, lookback, xd, work, ad)
            for t in range(begin, periods):
                _values(kind, unit, par[_P1], par[_P2], 0.0, ab[t], ad[t], out)
                start[t] = out[0]
            for k in range(points):
                for t in range(begin, periods):
                    if kind == 0 and unit:
                        v, s, q = _summed_hill_one(par[_SCALE], par[_P1], levels[g, c, k], ab[t], ad[t], start[t])
                    else:
                        _values(kind, unit, par[_P1], par[_P2], levels[g, c, k], ab[t], ad[t], out)
                        v, s, q = _summed(par[_SCALE], out[0], out[1], out[2], start[t], ad[t])
                    value[g, c, k] += weights[t, g] * v
                    slope[g, c, k] += weights[t, g] * s
                    curvature[g, c, k] += weights[t, g] * q
            first += size


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _between(par, ab, ad, low, high, at_low, at_high):
    """Weighted sums over a block, between two nodes: range of the curvature, slopes of lines above from both ends.

    ``at_low``, ``at_high`` are value, slope and curvature at the nodes. The last entry counts draws whose line from the
    left is a tangent inside, and is not in the sum yet.
    """
    least_sum, most_sum, left, right, open_ = 0.0, 0.0, 0.0, 0.0, 0.0
    scale, turn = par[_SCALE], par[_TURN]
    first, second, at_first, at_second, at_zero = (
        par[_FIRST],
        par[_SECOND],
        par[_AT_FIRST],
        par[_AT_SECOND],
        par[_AT_ZERO],
    )
    fa, sa, qa, fb, sb, qb = at_low[0], at_low[1], at_low[2], at_high[0], at_high[1], at_high[2]
    for i in range(_B):
        a, b = ab[i] + low * ad[i], ab[i] + high * ad[i]
        # A period without spend adds nothing; an infinite curvature at zero must not meet its direction of 0.
        start = qa[i] if a > 0.0 or ad[i] == 0.0 else at_zero[i]
        end = qb[i] if b > 0.0 or ad[i] == 0.0 else at_zero[i]
        inner = at_first[i] if a < first[i] < b else start
        other = at_second[i] if a < second[i] < b else start
        least, most = min(start, end, inner, other), max(start, end, inner, other)
        weight = scale[i] * ad[i]
        # Where nothing arrives, or the nodes are the same, an infinite curvature at zero does not count.
        arrives = ad[i] > _NOTHING and b > a
        least_sum += weight * ad[i] * least if arrives else 0.0
        most_sum += weight * ad[i] * most if arrives else 0.0
        concave = a >= turn[i] or not arrives
        chord = sa[i] if concave else (fb[i] - fa[i]) / (b - a)
        touches = b > turn[i] and chord > sb[i] and not concave
        left += weight * (0.0 if touches else chord)
        flat = chord if chord < sb[i] or b <= turn[i] else sb[i]
        right += weight * (sb[i] if concave else flat)
        open_ += 1.0 if touches else 0.0
    return least_sum, most_sum, left, right, open_


@njit(cache=True, nogil=True)
def _straddling(par, ab, ad, nodes, at, box, which):
    """For each draw of a block the cell (its upper node's number to ``which``, 0 where none) in which the line from the
    left is a tangent; the cell's ends, its values there and the slope at the upper one to ``box``.
    """
    for i in range(_B):
        which[i] = 0
        turn = par[_TURN, i]
        box[0, i], box[1, i], box[2, i], box[3, i], box[4, i] = 0.0, 2.0 * turn, 0.0, 1.0, 0.0
        a = ab[i] + nodes[0] * ad[i]
        for k in range(1, nodes.shape[0]):
            b = ab[i] + nodes[k] * ad[i]
            if a < turn < b and ad[i] > _NOTHING:
                if (at[k, 0, i] - at[k - 1, 0, i]) / (b - a) > at[k, 1, i]:
                    which[i] = k
                    box[0, i], box[1, i] = a, b
                    box[2, i], box[3, i], box[4, i] = at[k - 1, 0, i], at[k, 0, i], at[k, 1, i]
                break
            a = b


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST, inline="always")
def _closer(p1, p2, a, at_a, left, right, over, under, steepest):
    """One step of regula falsi towards the place where the chord from a is a tangent."""
    share = 0.9 * over / (over - under)
    share = min(0.9, share)
    share = max(0.1, share)
    x = left + (right - left) * share
    value, slope, _ = _hill(p1, p2, x)
    rest = slope * (x - a) - (value - at_a)
    if rest >= 0.0:
        return x, right, rest, under, slope
    return left, x, over, rest, steepest


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _tangents(p1, p2, turns, box, lines):
    """Slopes of lines from (a, f(a)) above Hill curves on [a, b], where the steepest chord is a tangent inside.

    The curve is convex up to its inflection and concave after; up to the place where the chord is a tangent, the slope
    of f is no less than the chord's, which some steps of regula falsi use: they stop on the safe side.
    """
    for i in range(_B):
        half, power, turn = p1[i], p2[i], turns[i]
        a, b, at_a, at_b, end = box[0, i], box[1, i], box[2, i], box[3, i], box[4, i]
        # Value and slope at the inflection, where (a / k)^s = (s - 1) / (s + 1).
        steepest = 0.25 * (power - 1.0) * (power + 1.0) / power / turn
        left, right = turn, b
        over = steepest * (turn - a) - (0.5 * (power - 1.0) / power - at_a)
        under = end * (b - a) - (at_b - at_a)
        # Written out, as a loop inside this one would keep it from being vectorised.
        left, right, over, under, steepest = _closer(half, power, a, at_a, left, right, over, under, steepest)
        left, right, over, under, steepest = _closer(half, power, a, at_a, left, right, over, under, steepest)
        left, right, over, under, steepest = _closer(half, power, a, at_a, left, right, over, under, steepest)
        lines[i] = steepest


@njit(cache=True, nogil=True)
def mean_along_cells(
    akind, apar, skind, spar, log_beta, lookback, base, direction, nodes, weights, share, cells,
    value, slope, lower, upper, left, right,
):  # fmt: skip
    """As :func:`mean_along` at sorted ``nodes`` [g, c, k], with bounds on the curvature between neighbouring nodes.

    ``value``, ``slope`` are [g, c, k]; ``lower``, ``upper`` [g, c, k - 1]. Draw by draw and period by period the range
    of the saturation's second derivative on an interval is exact; the sum of the ranges contains the range of the sum.
    ``left``, ``right`` are slopes of lines through the cell's ends that lie above the averaged effect on the cell: sums
    of such lines draw by draw and period by period.
    """
    channels, periods, points = log_beta.shape[2], base.shape[0], nodes.shape[2]
    order, work, par = np.empty(share.shape[0], np.int64), np.empty(periods), np.empty((_ROWS, _B))
    ab, ad, out = np.empty((periods, _B)), np.empty((periods, _B)), np.empty((points + 1, 3, _B))
    box, which, tangents = np.empty((5, _B)), np.empty(_B, np.int64), np.empty(_B)
    for cell in cells:
        g, c = cell // channels, cell % channels
        xb, xd = base[:, g, c].copy(), direction[:, g, c].copy()
        begin = _first_period(xd)
        value[g, c] = slope[g, c] = 0.0
        lower[g, c] = upper[g, c] = left[g, c] = right[g, c] = 0.0
        count, first = _grouped(akind, skind, spar, share, c, order), 0
        while first < count:
            n = order[first]
            kind, unit = skind[n, c], spar[n, c, 1] == 1.0
            size = _block(akind, apar, skind, spar, log_beta, share, order, first, count, g, c, par, True)
            _carried(akind[n, c], par, lookback, xb, work, ab)
            _carried(akind[n, c], par, lookback, xd, work, ad)
            for t in range(begin, periods):
                w, touching = weights[t, g], 0.0
                _values(kind, unit, par[_P1], par[_P2], 0.0, ab[t], ad[t], out[points])
                for k in range(points):
                    at = out[k]
                    _values(kind, unit, par[_P1], par[_P2], nodes[g, c, k], ab[t], ad[t], at)
                    v, s, _ = _summed(par[_SCALE], at[0], at[1], at[2], out[points, 0], ad[t])
                    value[g, c, k] += w * v
                    slope[g, c, k] += w * s
                    if k == 0:
                        continue
                    low, high = nodes[g, c, k - 1], nodes[g, c, k]
                    least, most, lines, ends, more = _between(par, ab[t], ad[t], low, high, out[k - 1], at)
                    touching += more
                    lower[g, c, k - 1] += w * least
                    upper[g, c, k - 1] += w * most
                    left[g, c, k - 1] += w * lines
                    right[g, c, k - 1] += w * ends
                if touching > 0.0:
                    _straddling(par, ab[t], ad[t], nodes[g, c], out, box, which)
                    _tangents(par[_P1], par[_P2], par[_TURN], box, tangents)
                    for i in range(size):
                        if which[i] > 0:
                            left[g, c, which[i] - 1] += w * par[_SCALE, i] * ad[t, i] * tangents[i]
            first += size
