"""Exponential and logarithm without branches, so that loops over them are vectorised.

The C library's versions are called once an element and cost five times as much on machines without a vector maths
library. Relative errors stay below 2e-15 over the range that the model uses; a test holds them against NumPy.
"""

import math

import numpy as np
from numba import njit

_LOG2_HIGH = 6.93147180369123816490e-01
_LOG2_LOW = 1.90821492927058770002e-10
_PER_LOG2 = 1.0 / math.log(2.0)
_MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
_HALF_EXPONENT = np.int64(0x3FE0000000000000)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def exp(x):
    """e^x for finite x; the argument is held within [-708, 709], where the result is a normal number."""
    x = min(max(x, -708.0), 709.0)
    k = math.floor(x * _PER_LOG2 + 0.5)
    r = (x - k * _LOG2_HIGH) - k * _LOG2_LOW
    # Taylor series on |r| <= log(2) / 2; the term after the last is below 4e-18.
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    scale = (np.int64(k) + np.int64(1023)) << np.int64(52)
    return p * np.int64(scale).view(np.float64)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def log(x):
    """Natural logarithm of a positive normal number."""
    bits = np.float64(x).view(np.int64)
    k = (bits >> np.int64(52)) - np.int64(1022)
    m = np.int64((bits & _MANTISSA) | _HALF_EXPONENT).view(np.float64)
    # m in [0.5, 1) to [sqrt(1/2), sqrt(2)), where the series of atanh converges fast.
    low = 1.0 if m < 0.7071067811865476 else 0.0
    m = m + low * m
    e = np.float64(k) - low
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 1.0 / 21.0
    p = p * z + 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 1.0 / 5.0
    p = p * z + 1.0 / 3.0
    return e * _LOG2_HIGH + (e * _LOG2_LOW + 2.0 * (s + s * z * p))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def log1p(x):
    """Logarithm of 1 + x for x >= 0, without losing what is small."""
    s = x / (2.0 + x)
    z = s * s
    p = 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 1.0 / 5.0
    p = p * z + 1.0 / 3.0
    # The series of atanh is exact to the last digit up to here.
    return 2.0 * (s + s * z * p) if x < 0.3 else log(1.0 + x)
