"""Where saturation curves bend: inflections, and where their second derivative is largest and smallest."""

import math

from numba import njit

from mmm.model.kernels.families import saturate_with_derivatives


@njit(cache=True, nogil=True)
def bending_points(kind, p1, p2):
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
def second(kind, p1, p2, a):
    """Second derivative of the saturation, infinite where it is at zero."""
    if kind == 0 and a <= 0.0 and p2 != 1.0:
        if p2 > 2.0:
            return 0.0
        if p2 == 2.0:
            return 2.0 / (p1 * p1)
        return math.inf if p2 > 1.0 else -math.inf
    return saturate_with_derivatives(kind, p1, p2, a)[2]


@njit(cache=True, nogil=True)
def inflection(kind, p1, p2):
    """Where the saturation turns from convex to concave; zero where it is concave from the start."""
    if kind == 0 and p2 > 1.0:
        return p1 * ((p2 - 1.0) / (p2 + 1.0)) ** (1.0 / p2)
    return 0.0
