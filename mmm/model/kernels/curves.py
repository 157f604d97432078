"""Compiled curves of the planner: effects along a direction averaged over draws, and bounds on their curvature.

Shapes as in :mod:`mmm.model.kernels.evaluate`. A "cell" is one geo and channel, numbered ``g * channels + c``; kernels
take the numbers of the cells to fill, so that threads can share the work without changing any sum. Draws of one family
go through the loops in blocks of a fixed size, side by side, so that powers and divisions are vectorised.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels import call
from mmm.model.kernels.elementary import exp
from mmm.model.kernels.evaluate import inner_weights, outer_weights, saturates_first
from mmm.model.kernels.series import FASTMATH

_B = 64
"""Draws in a block."""
_NOTHING = 1e-100
"""Adstock of a unit of money below which a period counts as having none: squared, it would vanish."""
# Steps towards the place where a line from a cell's end touches an S-shaped curve.
_STEPS = 3
# Columns of a curve's shape, as of mmm.model.families.Shape.
TURN, FIRST, SECOND, AT_ZERO, SHAPE = range(5)
# Rows of what a block's draws have besides their parameters: scale, shape, second derivative at its own extremes, value
# and slope where the curve turns concave.
_SCALE, _TURN, _FIRST, _SECOND, _AT_ZERO, _AT_FIRST, _AT_SECOND, _TURN_VALUE, _TURN_SLOPE, _ROWS = range(10)


@njit(cache=True, nogil=True)
def _grouped(akind, skind, share, c, order):
    """Numbers of the draws with any weight to ``order``, those of the same families side by side; returns how many."""
    count = 0
    for n in range(share.shape[0]):
        if share[n] != 0.0:
            order[count] = n
            count += 1
    done = 0
    while done < count:
        first, place = order[done], done
        for j in range(done, count):
            if akind[order[j], c] == akind[first, c] and skind[order[j], c] == skind[first, c]:
                order[place], order[j] = order[j], order[place]
                place += 1
        done = place
    return count


@njit(cache=True, nogil=True)
def _block(akind, apar, skind, spar, log_beta, share, order, first, count, g, c, ap, sp, par):
    """Parameters of the block that starts at ``first`` to ``ap`` and ``sp``, its draws' scale to ``par``.

    Returns the block's length. Unused places weigh nothing.
    """
    head, size = order[first], 0
    while size < _B and first + size < count:
        n = order[first + size]
        if akind[n, c] != akind[head, c] or skind[n, c] != skind[head, c]:
            break
        size += 1
    for i in range(_B):
        n = order[first + min(i, size - 1)]
        for k in range(ap.shape[0]):
            ap[k, i] = apar[n, c, k]
        for k in range(sp.shape[0]):
            sp[k, i] = spar[n, c, k]
        par[_SCALE, i] = share[n] * exp(log_beta[n, g, c]) if i < size else 0.0
    return size


@njit(cache=True, nogil=True)
def _bounding(kind, shape, order, first, size, c, sp, par, at, out):
    """What bounds the curvature of a block's draws to ``par``; ``at`` and ``out`` are scratch."""
    for i in range(_B):
        n = order[first + min(i, size - 1)]
        par[_TURN, i], par[_FIRST, i], par[_SECOND, i] = shape[n, c, TURN], shape[n, c, FIRST], shape[n, c, SECOND]
        # An infinite curvature at zero must not meet the weight 0 of an unused place.
        par[_AT_ZERO, i] = shape[n, c, AT_ZERO] if i < size else 0.0
    for source, target in ((_FIRST, _AT_FIRST), (_SECOND, _AT_SECOND)):
        for i in range(_B):
            at[i] = par[source, i] if par[source, i] < math.inf else 1.0
        call.curve(kind, sp, at, out[0], out[1], out[2])
        for i in range(_B):
            par[target, i] = out[2, i] if par[source, i] < math.inf else 0.0
    call.curve(kind, sp, par[_TURN], par[_TURN_VALUE], par[_TURN_SLOPE], at)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _carried(kind, ap, lookback, series, weights, own, out):
    """What is saturated of ``series[t]`` for a block's draws side by side, to ``out[t, i]``.

    That is their adstock, unless saturation comes first.
    """
    p = np.empty(ap.shape[0])
    for i in range(_B):
        for k in range(ap.shape[0]):
            p[k] = ap[k, i]
        inner_weights(kind, p, lookback, own)
        for lag in range(own.shape[0]):
            weights[lag, i] = own[lag]
    for t in range(series.shape[0]):
        row = out[t]
        for i in range(_B):
            row[i] = 0.0
        for lag in range(min(own.shape[0], t + 1)):
            x, weight = series[t - lag], weights[lag]
            if x != 0.0:
                for i in range(_B):
                    row[i] += x * weight[i]


@njit(cache=True, nogil=True)
def _counted(kind, ap, lookback, later, weights, g, scale, own, out):
    """Scale of a block's draws times what their saturation counts in a period, to ``out[t, i]``.

    ``later`` are ``after``, the numbers of the block's draws and of the channel. Returns whether that differs by draw:
    if not, a period counts its weight in all draws, and ``out`` is not written.
    """
    after, draws, c = later
    if not saturates_first(kind) and after.shape[2] == 0:
        return False
    p = np.empty(ap.shape[0])
    for i in range(_B):
        for k in range(ap.shape[0]):
            p[k] = ap[k, i]
        outer_weights(kind, p, lookback, after[draws[min(i, draws.shape[0] - 1)], c], weights, g, own)
        for t in range(own.shape[0]):
            out[t, i] = scale[i] * own[t]
    return True


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _values(kind, sp, level, ab, ad, at, out):
    """Saturation and derivatives of ``ab + level * ad`` for a block, to ``out[0, 1, 2]``; ``at`` is scratch."""
    for i in range(_B):
        at[i] = ab[i] + level * ad[i]
    call.curve(kind, sp, at, out[0], out[1], out[2])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _summed(scale, f, s, q, start, ad):
    """Weighted sums over a block of value over ``start``, slope and curvature along the direction."""
    value, slope, bend = 0.0, 0.0, 0.0
    for i in range(_B):
        value += scale[i] * (f[i] - start[i])
        slope += scale[i] * s[i] * ad[i]
        bend += scale[i] * q[i] * ad[i] * ad[i]
    return value, slope, bend


@njit(cache=True, nogil=True)
def _first_period(series):
    for t in range(series.shape[0]):
        if series[t] != 0.0:
            return t
    return series.shape[0]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _between(par, scale, ab, ad, low, high, at_low, at_high):
    """Weighted sums over a block, between two nodes: range of the curvature, slopes of lines above from both ends.

    ``at_low``, ``at_high`` are value, slope and curvature at the nodes. The last entry counts draws whose line from the
    left is a tangent inside, and is not in the sum yet.
    """
    least_sum, most_sum, left, right, open_ = 0.0, 0.0, 0.0, 0.0, 0.0
    turn = par[_TURN]
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _tangents(kind, sp, par, box, search, out, lines):
    """Slopes of lines from (a, f(a)) above S-shaped curves on [a, b], where the steepest chord is a tangent inside.

    A curve is convex up to where it turns and concave after; up to the place where the chord is a tangent, its slope is
    no less than the chord's, which some steps of regula falsi use: they stop on the safe side. ``search`` is scratch.
    """
    left, right, over, under, x = search[0], search[1], search[2], search[3], search[4]
    a, at_a = box[0], box[2]
    for i in range(_B):
        turn, lines[i] = par[_TURN, i], par[_TURN_SLOPE, i]
        left[i], right[i] = turn, box[1, i]
        over[i] = lines[i] * (turn - a[i]) - (par[_TURN_VALUE, i] - at_a[i])
        under[i] = box[4, i] * (box[1, i] - a[i]) - (box[3, i] - at_a[i])
    for _ in range(_STEPS):
        for i in range(_B):
            share = max(0.1, min(0.9, 0.9 * over[i] / (over[i] - under[i])))
            x[i] = left[i] + (right[i] - left[i]) * share
        call.curve(kind, sp, x, out[0], out[1], out[2])
        for i in range(_B):
            rest = out[1, i] * (x[i] - a[i]) - (out[0, i] - at_a[i])
            nearer = rest >= 0.0
            left[i], over[i] = (x[i], rest) if nearer else (left[i], over[i])
            right[i], under[i] = (right[i], under[i]) if nearer else (x[i], rest)
            lines[i] = out[1, i] if nearer else lines[i]


@njit(cache=True, nogil=True)
def _add_tangents(size, which, weight, scale, ad, tangents, left):
    """Add the draws' tangents to the lines from the left ends of the cells in which they lie."""
    for i in range(size):
        if which[i] > 0:
            left[which[i] - 1] += weight * scale[i] * ad[i] * tangents[i]


@njit(cache=True, nogil=True)
def mean_along_cells(
    akind, apar, skind, spar, log_beta, lookback, after, shape, base, direction, nodes, weights, share, cells,
    value, slope, lower, upper, left, right,
):  # fmt: skip
    """Effect averaged over draws at sorted ``nodes`` [g, c, k], with bounds on the curvature between neighbours.

    ``value``, ``slope`` are [g, c, k]; ``lower``, ``upper`` [g, c, k - 1]. Draw by draw and period by period the range
    of the saturation's second derivative on an interval is exact; the sum of the ranges contains the range of the sum.
    ``left``, ``right`` are slopes of lines through the cell's ends that lie above the averaged effect on the cell: sums
    of such lines draw by draw and period by period. ``shape[n, c, .]`` says of a draw's curve what bounds it.
    """
    channels, periods, points = log_beta.shape[2], base.shape[0], nodes.shape[2]
    order, par, at = np.empty(share.shape[0], np.int64), np.empty((_ROWS, _B)), np.empty(_B)
    ap, sp = np.empty((apar.shape[2], _B)), np.empty((spar.shape[2], _B))
    weight, own = np.empty((lookback.max() + 1, _B)), np.empty(lookback.max() + 1)
    ab, ad, out = np.empty((periods, _B)), np.empty((periods, _B)), np.empty((points + 1, 3, _B))
    box, which, tangents = np.empty((5, _B)), np.empty(_B, np.int64), np.empty(_B)
    search, found, counts, heavy = np.empty((5, _B)), np.empty((3, _B)), np.empty(periods), np.empty((periods, _B))
    for cell in cells:
        g, c = cell // channels, cell % channels
        xb, xd = base[:, g, c].copy(), direction[:, g, c].copy()
        begin = _first_period(xd)
        value[g, c] = slope[g, c] = 0.0
        lower[g, c] = upper[g, c] = left[g, c] = right[g, c] = 0.0
        count, first = _grouped(akind, skind, share, c, order), 0
        while first < count:
            n, kind = order[first], skind[order[first], c]
            size = _block(akind, apar, skind, spar, log_beta, share, order, first, count, g, c, ap, sp, par)
            _bounding(kind, shape, order, first, size, c, sp, par, at, found)
            _carried(akind[n, c], ap, lookback[c], xb, weight, own, ab)
            _carried(akind[n, c], ap, lookback[c], xd, weight, own, ad)
            later = (after, order[first : first + size], c)
            apart = _counted(akind[n, c], ap, lookback[c], later, weights, g, par[_SCALE], counts, heavy)
            for t in range(begin, periods):
                touching, w, scale = (0.0, 1.0, heavy[t]) if apart else (0.0, weights[t, g], par[_SCALE])
                _values(kind, sp, 0.0, ab[t], ad[t], at, out[points])
                for k in range(points):
                    here = out[k]
                    _values(kind, sp, nodes[g, c, k], ab[t], ad[t], at, here)
                    v, s, _ = _summed(scale, here[0], here[1], here[2], out[points, 0], ad[t])
                    value[g, c, k] += w * v
                    slope[g, c, k] += w * s
                    if k == 0:
                        continue
                    low, high = nodes[g, c, k - 1], nodes[g, c, k]
                    least, most, lines, ends, more = _between(par, scale, ab[t], ad[t], low, high, out[k - 1], here)
                    touching += more
                    lower[g, c, k - 1] += w * least
                    upper[g, c, k - 1] += w * most
                    left[g, c, k - 1] += w * lines
                    right[g, c, k - 1] += w * ends
                if touching > 0.0:
                    _straddling(par, ab[t], ad[t], nodes[g, c], out, box, which)
                    _tangents(kind, sp, par, box, search, found, tangents)
                    _add_tangents(size, which, w, scale, ad[t], tangents, left[g, c])
            first += size
