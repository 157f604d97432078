"""Inline kernels of the adstock and saturation families, each with its derivatives.

A family is a number (its kind) and up to two parameters by channel. This file alone knows what the numbers mean; a new
family is one branch here and one in :mod:`mmm.model.transforms`, which holds the same formulas as PyTensor graphs.

Sources: geometric adstock, Broadbent (1979); Hill and logistic saturation as used for media mix models by
Jin, Wang, Sun, Chan and Koehler (2017).
"""

import math

import numpy as np
from numba import njit

ADSTOCK_KINDS = {"geometric": 0, "geometric_normalised": 1, "delayed": 2, "delayed_normalised": 3}
SATURATION_KINDS = {"hill": 0, "logistic": 1}

# Below this fraction of the half-saturation point the general Hill curve is its chord from zero: with a slope under one
# its derivative at zero is infinite, and a value that jumps there would have none that belongs to it.
_TINY = 1e-9


@njit(cache=True, nogil=True)
def adstock_weights(kind, p1, p2, lookback, out):
    """Weight of spend ``lag`` periods ago to ``out[lag]``: alpha^lag, or alpha^((lag - delay)^2) when delayed."""
    # Where weights are normalised the largest is taken out, so that they cannot all underflow under a long delay.
    nearest = min(max(round(p2), 0.0), float(lookback))
    shift = (nearest - p2) ** 2 if kind == 3 else 0.0
    total, power = 0.0, 1.0
    for lag in range(lookback + 1):
        out[lag] = power if kind <= 1 else p1 ** ((lag - p2) * (lag - p2) - shift)
        total += out[lag]
        # A running product: a power for every lag would cost more than the recursion of the series.
        power *= p1
    if kind == 1 or kind == 3:
        for lag in range(lookback + 1):
            out[lag] /= total


@njit(cache=True, nogil=True)
def adstock_series(kind, p1, p2, lookback, x, out):
    """Write the adstock of ``x[t]`` (nothing before t = 0) to ``out[t]``; ``x`` and ``out`` must differ."""
    periods = x.shape[0]
    weights = np.empty(lookback + 1)
    adstock_weights(kind, p1, p2, lookback, weights)
    if kind <= 1:
        # A recursion that forgets what is older than the look-back: cost does not depend on the lag.
        forget = p1 ** (lookback + 1)
        carried = 0.0
        for t in range(periods):
            carried = p1 * carried + x[t]
            if t > lookback:
                carried -= forget * x[t - lookback - 1]
            # Cancellation may leave a rounding error below zero; adstock of spend is never negative.
            out[t] = weights[0] * carried if carried > 0.0 else 0.0
        return
    for t in range(periods):
        total = 0.0
        for lag in range(min(lookback, t) + 1):
            total += weights[lag] * x[t - lag]
        out[t] = total


@njit(cache=True, nogil=True, inline="always")
def saturate(kind, p1, p2, a):
    """Saturation in [0, 1) of adstocked media ``a``: Hill (half-saturation p1, slope p2) or logistic (rate p1)."""
    if kind == 0:
        if p2 == 1.0:
            return a / (p1 + a)
        if a <= 0.0:
            return 0.0
        at = max(a, _TINY * p1)
        r = (at / p1) ** p2
        return r / (1.0 + r) * (a / at)
    return math.tanh(0.5 * p1 * a)


@njit(cache=True, nogil=True, inline="always")
def saturate_with_derivatives(kind, p1, p2, a):
    """Value, first and second derivative of :func:`saturate` with respect to ``a``."""
    if kind == 0:
        if p2 == 1.0:
            d = 1.0 / (p1 + a)
            return a * d, p1 * d * d, -2.0 * p1 * d * d * d
        at = max(a, _TINY * p1)
        r = (at / p1) ** p2
        q = 1.0 / (1.0 + r)
        # One power for all three: it is most of the cost.
        if a < at:
            return r * q * (max(a, 0.0) / at), r * q / at, 0.0
        slope = p2 * r * q * q / at
        return r * q, slope, slope * q * ((p2 - 1.0) - (p2 + 1.0) * r) / at
    f = math.tanh(0.5 * p1 * a)
    s = 0.5 * p1 * (1.0 - f * f)
    return f, s, -p1 * f * s
