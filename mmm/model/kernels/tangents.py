"""Media response over a whole panel of one channel, with its exact derivative by every parameter of the channel.

A panel is flat, periods times geos with the geo last: entry ``t * geos + g``. The loops run over geos (or, on national
data, over time) without branches, so that they are vectorised. Derivatives run forward with the response: media are
data, so nothing has to be carried back through the recursion. Scratch and outputs are the caller's.

Sources: see :mod:`mmm.model.kernels.families`, whose formulas these are; a test holds both equal.
"""

import math

from numba import njit

from mmm.model.kernels.elementary import exp, log

FASTMATH = {"reassoc", "contract", "nsz"}
LOG3 = math.log(3.0)
# As in transforms.hill: below this fraction of the half-saturation point the general Hill curve is constant.
_TINY = 1e-12


@njit(cache=True, nogil=True, error_model="numpy")
def carryover(kind, alpha, delay, lookback, weights):
    """Adstock weights and their derivatives by alpha and delay to ``weights[3, lag]``."""
    total, by_alpha, by_delay = 0.0, 0.0, 0.0
    if kind <= 1:
        value = 1.0
        for lag in range(lookback + 1):
            weights[0, lag] = value
            weights[1, lag] = 0.0 if lag == 0 else lag * weights[0, lag - 1]
            weights[2, lag] = 0.0
            value *= alpha
    else:
        log_alpha = math.log(alpha)
        # The largest exponent is taken out where weights are normalised, so that they cannot all underflow.
        nearest = min(max(round(delay), 0.0), float(lookback))
        shift = (nearest - delay) ** 2 if kind == 3 else 0.0
        for lag in range(lookback + 1):
            distance = (lag - delay) ** 2
            weights[0, lag] = math.exp((distance - shift) * log_alpha)
            weights[1, lag] = weights[0, lag] * distance / alpha
            weights[2, lag] = weights[0, lag] * 2.0 * (delay - lag) * log_alpha
    if kind == 0 or kind == 2:
        return
    for lag in range(lookback + 1):
        total += weights[0, lag]
        by_alpha += weights[1, lag]
        by_delay += weights[2, lag]
    for lag in range(lookback + 1):
        value = weights[0, lag] / total
        weights[0, lag] = value
        weights[1, lag] = (weights[1, lag] - value * by_alpha) / total
        weights[2, lag] = (weights[2, lag] - value * by_delay) / total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _recursion_national(alpha, lookback, x, a, b):
    forget = alpha ** (lookback + 1)
    forget_by_alpha = (lookback + 1) * alpha**lookback
    gap = lookback + 1
    level, slope = 0.0, 0.0
    periods = x.shape[0]
    for t in range(min(gap, periods)):
        slope = alpha * slope + level
        level = alpha * level + x[t]
        a[t] = level
        b[t] = slope
    for t in range(gap, periods):
        slope = alpha * slope + (level - forget_by_alpha * x[t - gap])
        level = alpha * level + (x[t] - forget * x[t - gap])
        a[t] = level
        b[t] = slope


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _recursion_geos(alpha, lookback, geos, x, a, b):
    forget = alpha ** (lookback + 1)
    forget_by_alpha = (lookback + 1) * alpha**lookback
    gap = lookback + 1
    periods = x.shape[0] // geos
    for g in range(geos):
        a[g] = x[g]
        b[g] = 0.0
    for t in range(1, min(gap, periods)):
        now, before = a[t * geos : (t + 1) * geos], a[(t - 1) * geos : t * geos]
        now_b, before_b = b[t * geos : (t + 1) * geos], b[(t - 1) * geos : t * geos]
        media = x[t * geos : (t + 1) * geos]
        for g in range(geos):
            now_b[g] = alpha * before_b[g] + before[g]
            now[g] = alpha * before[g] + media[g]
    for t in range(gap, periods):
        now, before = a[t * geos : (t + 1) * geos], a[(t - 1) * geos : t * geos]
        now_b, before_b = b[t * geos : (t + 1) * geos], b[(t - 1) * geos : t * geos]
        media, old = x[t * geos : (t + 1) * geos], x[(t - gap) * geos : (t - gap + 1) * geos]
        for g in range(geos):
            now_b[g] = alpha * before_b[g] + (before[g] - forget_by_alpha * old[g])
            now[g] = alpha * before[g] + (media[g] - forget * old[g])


@njit(cache=True, nogil=True, error_model="numpy")
def recursion(kind, alpha, lookback, geos, x, a, b):
    """Geometric adstock of ``x`` to ``a`` and its derivative by alpha to ``b``; cost does not depend on the lag."""
    if geos == 1:
        _recursion_national(alpha, lookback, x, a, b)
    else:
        _recursion_geos(alpha, lookback, geos, x, a, b)
    if kind == 0:
        return
    total, by_alpha, power = 0.0, 0.0, 1.0
    for lag in range(lookback + 1):
        total += power
        by_alpha += (lag + 1) * power if lag < lookback else 0.0
        power *= alpha
    norm = 1.0 / total
    shrink = by_alpha / total
    for i in range(x.shape[0]):
        a[i] *= norm
        b[i] = norm * b[i] - shrink * a[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def convolution(weights, delayed, geos, x, a, b, d):
    """Adstock of ``x`` by its weights to ``a``, its derivatives by alpha to ``b`` and, if ``delayed``, delay to ``d``.

    Sums of terms of one sign: unlike the recursion it keeps full relative precision where little is left.
    """
    n = x.shape[0]
    for i in range(n):
        a[i] = 0.0
        b[i] = 0.0
        d[i] = 0.0
    for lag in range(weights.shape[1]):
        start = lag * geos
        if start >= n:
            break
        w0, w1, w2 = weights[0, lag], weights[1, lag], weights[2, lag]
        source, to_a, to_b = x[: n - start], a[start:], b[start:]
        for i in range(n - start):
            to_a[i] += w0 * source[i]
            to_b[i] += w1 * source[i]
        if delayed:
            to_d = d[start:]
            for i in range(n - start):
                to_d[i] += w2 * source[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def saturation(kind, half, slope, sloped, a, u, s, e):
    """Saturation of ``a`` to ``u``, its derivative by ``a`` to ``s`` and, if ``sloped``, by log slope to ``e``."""
    n = a.shape[0]
    if kind == 1:
        rate = LOG3 / half
        for i in range(n):
            z = exp(-rate * a[i])
            q = 1.0 / (1.0 + z)
            u[i] = (1.0 - z) * q
            s[i] = 2.0 * rate * z * q * q
        return
    if not sloped:
        for i in range(n):
            q = 1.0 / (half + a[i])
            u[i] = a[i] * q
            s[i] = half * q * q
        return
    inverse = 1.0 / half
    for i in range(n):
        ratio = a[i] * inverse
        kept = max(ratio, _TINY)
        logarithm = log(kept)
        # Exactly zero only where nothing was spent within the look-back.
        active = 1.0 if a[i] > 0.0 else 0.0
        inside = 1.0 if ratio > _TINY else 0.0
        z = exp(-slope * logarithm)
        q = 1.0 / (1.0 + z)
        u[i] = active * q
        bent = active * slope * z * q * q
        e[i] = bent * logarithm
        s[i] = inside * bent * inverse / kept


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def chain(start, a, b, d, s, delayed, by_alpha, by_half, by_delay):
    """Derivatives of the response by alpha, log half-saturation and delay, from entry ``start`` on.

    Curves depend on adstock over half-saturation alone, so that the derivative by log half is -a times that by a.
    """
    n = a.shape[0] - start
    a, b, s = a[start:], b[start:], s[start:]
    for i in range(n):
        by_alpha[i] = s[i] * b[i]
        by_half[i] = -s[i] * a[i]
    if delayed:
        d = d[start:]
        for i in range(n):
            by_delay[i] = s[i] * d[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def sums_by_geo(geos, weights, values, out):
    """Sum over periods of ``weights * values`` to ``out[geo]``; both are flat panels of the same length."""
    if geos == 1:
        total = 0.0
        for i in range(values.shape[0]):
            total += weights[i] * values[i]
        out[0] = total
        return
    for g in range(geos):
        out[g] = 0.0
    for t in range(values.shape[0] // geos):
        w, v = weights[t * geos : (t + 1) * geos], values[t * geos : (t + 1) * geos]
        for g in range(geos):
            out[g] += w[g] * v[g]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def add_by_geo(geos, factor, values, out):
    """Add ``factor[geo] * values`` to the flat panel ``out``, which may be shorter than ``values``."""
    n = out.shape[0]
    if geos == 1:
        one = factor[0]
        for i in range(n):
            out[i] += one * values[i]
        return
    for t in range(n // geos):
        v, o = values[t * geos : (t + 1) * geos], out[t * geos : (t + 1) * geos]
        for g in range(geos):
            o[g] += factor[g] * v[g]
