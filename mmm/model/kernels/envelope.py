"""Lines that turn the response by period into a concave one that is nowhere below it.

A draw's saturation enters the effect at the adstock of every period, which is a linear function of the money and stays
within a range that the constraints allow. On that range an S-shaped curve lies below its least concave majorant: a line
from the range's lower end to where it touches the curve, and the curve from there. A concave function of a linear one
is concave, so that the sum over periods and draws is a concave upper bound on the effect of every allowed plan.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels import call
from mmm.model.kernels.evaluate import inner_series, inner_weights

# Steps towards the point of touch; each keeps a place at which the line is above the curve.
_STEPS = 12
# Entries of a line: up to here it counts, its slope, its value at zero, what is added to the curve after it.
TOUCH, SLOPE, AT_ZERO, LIFT, ENTRIES = range(5)


@njit(cache=True, nogil=True)
def _filled(reach, room, order, money):
    """What arrives of ``money`` put into places in the given order, each with its reach per unit and its room."""
    arrived = 0.0
    for place in order:
        taken = min(money, room[place])
        if taken <= 0.0:
            break
        arrived += taken * reach[place]
        money -= taken
    return arrived


@njit(cache=True, nogil=True)
def reached(reach, low, high, least, most):
    """Least and most of sum(``reach * money``) for money between ``low`` and ``high`` that sums to least to most."""
    order, room = np.argsort(-reach), np.maximum(high - low, 0.0)
    start, spent = (reach * low).sum(), low.sum()
    top = start + _filled(reach, room, order, max(0.0, most - spent))
    return start + _filled(reach, room, order[::-1], max(0.0, least - spent)), top


@njit(cache=True, nogil=True)
def _at(kind, p, a, work):
    """Value and slope of the saturation at one place; ``work`` are four vectors of one number."""
    work[0, 0] = a
    call.curve(kind, p, work[0], work[1], work[2], work[3])
    return work[1, 0], work[2, 0]


@njit(cache=True, nogil=True)
def line_above(kind, p, turn, low, high, out):
    """Line and lift of a concave majorant of the saturation on [low, high] to ``out``; it turns concave at ``turn``.

    Between its inflection and the place where the chord from ``low`` is a tangent, the slope of the curve is no less
    than the chord's: a line with that slope lies above the curve up to there, and the curve, lifted to the line's end,
    after. So the majorant is rigorous wherever the search for that place stops.
    """
    if turn <= low:
        out[TOUCH], out[SLOPE], out[AT_ZERO], out[LIFT] = -math.inf, 0.0, 0.0, 0.0
        return
    own, work = p.copy().reshape(-1, 1), np.empty((4, 1))
    at_low, slope_low = _at(kind, own, low, work)
    at_high, slope_high = _at(kind, own, high, work)
    width = high - low
    out[TOUCH], out[LIFT] = math.inf, 0.0
    if width <= 1e-12 * high:
        out[SLOPE] = max(slope_low, slope_high)
        out[AT_ZERO] = max(at_low, at_high) - out[SLOPE] * low
        return
    under = slope_high * width - (at_high - at_low)
    if high <= turn or under >= 0.0:
        out[SLOPE] = (at_high - at_low) / width
        out[AT_ZERO] = at_low - out[SLOPE] * low
        return
    value, slope = _at(kind, own, turn, work)
    # Regula falsi; an end that stays twice counts half, so that both ends move (the Illinois rule).
    left, right, over, side = turn, high, max(0.0, slope * (turn - low) - (value - at_low)), 0
    left_value, left_slope = value, slope
    for _ in range(_STEPS):
        # Where the curve is straight but for rounding there is no place to look for.
        if not over - under > 0.0:
            break
        x = left + (right - left) * over / (over - under)
        value, slope = _at(kind, own, x, work)
        rest = slope * (x - low) - (value - at_low)
        if rest >= 0.0:
            left, left_value, left_slope, over = x, value, slope, rest
            under *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            right, under = x, rest
            over *= 0.5 if side == -1 else 1.0
            side = -1
    out[TOUCH], out[SLOPE], out[AT_ZERO] = left, left_slope, at_low - left_slope * low
    out[LIFT] = max(0.0, out[AT_ZERO] + left_slope * left - left_value)


@njit(cache=True, nogil=True)
def lines(akind, apar, skind, spar, turn, lookback, base, unit, begin, low, high, total, out):
    """Majorants of every draw's saturation by geo, channel and period from ``begin`` on, to ``out[n, g, c, t, 4]``.

    ``turn[n, c]`` is where a curve turns from convex to concave.
    ``low`` and ``high`` bound the money [h, c] of every period, ``total[0]`` and ``total[1]`` the sum [c] over periods.
    """
    draws, geos, channels = akind.shape[0], base.shape[1], base.shape[2]
    periods, horizon = base.shape[0], low.shape[0]
    before, weight, reach = np.empty(periods), np.empty(lookback.max() + 1), np.empty(horizon)
    for c in range(channels):
        least, most = low[:, c].copy(), high[:, c].copy()
        for n in range(draws):
            inner_weights(akind[n, c], apar[n, c], lookback[c], weight)
            for g in range(geos):
                inner_series(akind[n, c], apar[n, c], lookback[c], base[:, g, c].copy(), before)
                for t in range(begin, periods):
                    for h in range(horizon):
                        lag = t - begin - h
                        reach[h] = weight[lag] * unit[h, g, c] if 0 <= lag <= lookback[c] else 0.0
                    start, end = reached(reach, least, most, total[0, c], total[1, c])
                    end = before[t] + max(start, end)
                    line = out[n, g, c, t - begin]
                    line_above(skind[n, c], spar[n, c], turn[n, c], before[t] + start, end, line)
