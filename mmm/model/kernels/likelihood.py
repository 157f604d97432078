"""Likelihood of what the media leave over, with the baseline's coefficients integrated out or sampled.

Both turn the residuals into the gradient by the mean, which :mod:`mmm.model.kernels.media` carries back to the media's
parameters, and add their parts of the gradient by the scales and the coefficients. docs/engine.md has the mathematics.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.block import (
    DRIFT_SCALE,
    DRIFT_START,
    DRIFT_STOP,
    GEOS,
    LONE_DRIFT,
    NOISE,
    OBSERVED,
    SHARED,
    STUDENT_T,
    WINDOW,
)
from mmm.model.kernels.linear import conditional_mean, factorise, prior_traces
from mmm.model.kernels.tangents import FASTMATH, sums_by_geo

LOG_2PI = math.log(2.0 * math.pi)
# Prior of nu: Gamma(2, 0.1), as in mmm.model.build.
NU_SHAPE, NU_RATE = 2.0, 0.1


@njit(cache=True, nogil=True, error_model="numpy")
def digamma(x):
    """Derivative of log gamma for x > 0: recurrence up to 6, then the asymptotic series (Abramowitz, Stegun 6.3.18)."""
    total = 0.0
    while x < 10.0:
        total -= 1.0 / x
        x += 1.0
    z = 1.0 / (x * x)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - z * (691 / 32760 - z / 12))))))
    return total + math.log(x) - 0.5 / x - series


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def residuals(block, mean):
    """Outcome less ``mean``, zero where unobserved."""
    out = np.empty_like(mean)
    for i in range(mean.shape[0]):
        out[i] = block.outcome[i] - block.observed[i] * mean[i]
    return out


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def project(block, r, h, h_lone):
    """Products of all columns with the residuals ``r``: dense ones to ``h``, lone ones to ``h_lone``."""
    geos, window, shared = block.size[GEOS], block.size[WINDOW], block.size[SHARED]
    over_geos = r
    for i in range(block.lone.shape[0]):
        column = block.lone[i]
        total = 0.0
        for t in range(window):
            total += column[t] * r[t]
        h_lone[i] = total
    if geos > 1:
        over_geos = np.empty(window)
        for t in range(window):
            total = 0.0
            for g in range(geos):
                total += r[t * geos + g]
            over_geos[t] = total
        sums_by_geo(geos, block.observed, r, h_lone)
    for i in range(shared):
        column = block.shared[i]
        total = 0.0
        for t in range(window):
            total += column[t] * over_geos[t]
        h[i] = total
    for i in range(block.varying.shape[0]):
        column = block.varying[i]
        total = 0.0
        for t in range(r.shape[0]):
            total += column[t] * r[t]
        h[shared + i] = total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _add_columns(columns, b, out):
    """Add ``b[i]`` times each of the ``columns[., W]`` to ``out[W]``."""
    for i in range(columns.shape[0]):
        column, factor = columns[i], b[i]
        for t in range(out.shape[0]):
            out[t] += factor * column[t]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def subtract_columns(block, b, b_lone, r):
    """Subtract the columns' contribution at coefficients ``b`` and ``b_lone`` from ``r``, zero where unobserved."""
    geos, window, shared = block.size[GEOS], block.size[WINDOW], block.size[SHARED]
    level = np.zeros(window)
    _add_columns(block.lone, b_lone, level)
    _add_columns(block.shared, b, level)
    if geos == 1:
        for t in range(window):
            r[t] -= level[t] * block.observed[t]
    else:
        for t in range(window):
            seen, row, here = block.observed[t * geos : (t + 1) * geos], r[t * geos : (t + 1) * geos], level[t]
            for g in range(geos):
                row[g] -= (here + b_lone[g]) * seen[g]
    for i in range(block.varying.shape[0]):
        column, factor = block.varying[i], b[shared + i]
        for t in range(r.shape[0]):
            r[t] -= factor * column[t]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _square(v):
    total = 0.0
    for i in range(v.shape[0]):
        total += v[i] * v[i]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def scaled_precision(block, drift_sd):
    """Prior precision of the dense and of the lone columns at this scale of the drift."""
    dense, lone, factor = block.precision.copy(), block.lone_precision.copy(), 1.0 / (drift_sd * drift_sd)
    for i in range(block.size[DRIFT_START], block.size[DRIFT_STOP]):
        dense[i] *= factor
    for i in range(block.lone.shape[0]):
        lone[i] *= factor
    return dense, lone


@njit(cache=True, nogil=True, error_model="numpy")
def integrated(block, r, at, x, grad):
    """Normal log likelihood of the residuals ``r`` with the coefficients integrated out.

    Adds to ``grad`` at log sigma and log drift_sd, and turns ``r`` into the gradient by the mean.
    """
    size, p, lone = block.size, block.precision.shape[0], block.lone_square.shape[0]
    n, n_drift = size[OBSERVED], size[DRIFT_STOP] - size[DRIFT_START] + lone * size[LONE_DRIFT]
    log_sd = x[at + 1] if size[DRIFT_SCALE] > 0 else 0.0
    inv_var = math.exp(-2.0 * x[at])
    precision, lone_precision = scaled_precision(block, math.exp(log_sd))
    u, lone_var = np.empty((p, p)), np.empty(lone)
    h, h_lone, b, b_lone = np.empty(p), np.empty(lone), np.empty(p), np.empty(lone)
    log_det = factorise(
        inv_var, precision, block.gram, lone_precision, block.lone_square, block.lone_cross, block.lone_outer, u,
        lone_var,
    )  # fmt: skip
    project(block, r, h, h_lone)
    conditional_mean(inv_var, block.lone_cross, u, lone_var, h, h_lone, b, b_lone)
    subtract_columns(block, b, b_lone, r)
    bounds = (size[DRIFT_START], size[DRIFT_STOP])
    trace, drift_trace, lone_trace = prior_traces(
        inv_var, precision, bounds, lone_precision, block.lone_cross, block.lone_outer, u, lone_var
    )
    penalty, drift_penalty, lone_penalty = 0.0, 0.0, 0.0
    for i in range(p):
        part = precision[i] * b[i] * b[i]
        penalty += part
        if bounds[0] <= i < bounds[1]:
            drift_penalty += part
    for i in range(lone):
        lone_penalty += lone_precision[i] * b_lone[i] * b_lone[i]
    fit = inv_var * _square(r)
    grad[at] += fit - n + (p + lone - trace - lone_trace)
    if size[DRIFT_SCALE] > 0:
        grad[at + 1] += drift_penalty + drift_trace - n_drift
        if size[LONE_DRIFT] > 0:
            grad[at + 1] += lone_penalty + lone_trace
    for i in range(r.shape[0]):
        r[i] *= inv_var
    return -0.5 * (log_det + fit + penalty + lone_penalty) - n_drift * log_sd - n * (x[at] + 0.5 * LOG_2PI)


@njit(cache=True, nogil=True, error_model="numpy")
def _student_t(block, r, at, x, grad):
    """Student-t log likelihood of ``r``; adds to ``grad`` at log sigma, log nu; turns ``r`` into that by the mean."""
    n, sigma, nu = block.size[OBSERVED], math.exp(x[at]), math.exp(x[at + 1])
    inverse = 1.0 / (nu * sigma * sigma)
    logs, shrunk = 0.0, 0.0
    for i in range(r.shape[0]):
        q = 1.0 + r[i] * r[i] * inverse
        logs += math.log(q)
        shrunk += 1.0 - 1.0 / q
        r[i] = (nu + 1.0) * inverse * r[i] / q
    grad[at] += (nu + 1.0) * shrunk - n
    slope = 0.5 * n * (digamma(0.5 * (nu + 1.0)) - digamma(0.5 * nu) - 1.0 / nu)
    grad[at + 1] += nu * (slope - 0.5 * logs + 0.5 * (nu + 1.0) * shrunk / nu)
    # Prior of nu with the Jacobian of its logarithm.
    grad[at + 1] += NU_SHAPE - NU_RATE * nu
    prior = NU_SHAPE * x[at + 1] - NU_RATE * nu
    norm = math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu) - 0.5 * math.log(nu * math.pi) - x[at]
    return n * norm - 0.5 * (nu + 1.0) * logs + prior


@njit(cache=True, nogil=True, error_model="numpy")
def _normal(block, r, at, x, grad):
    """Normal log likelihood of ``r``; adds to ``grad`` at log sigma, and turns ``r`` into the gradient by the mean."""
    n, inv_var = block.size[OBSERVED], math.exp(-2.0 * x[at])
    fit = inv_var * _square(r)
    grad[at] += fit - n
    for i in range(r.shape[0]):
        r[i] *= inv_var
    return -0.5 * fit - n * (x[at] + 0.5 * LOG_2PI)


@njit(cache=True, nogil=True, error_model="numpy")
def sampled(block, r, at, x, grad):
    """Log likelihood of ``r`` and log prior of the coefficients where these are sampled; as :func:`integrated`."""
    size, p, lone = block.size, block.precision.shape[0], block.lone_square.shape[0]
    scale_at = at + (2 if size[NOISE] == STUDENT_T else 1)
    first = scale_at + size[DRIFT_SCALE]
    drift_sd = math.exp(x[scale_at]) if size[DRIFT_SCALE] > 0 else 1.0
    b, b_lone = x[first : first + p].copy(), x[first + p : first + p + lone]
    value = 0.0
    for i in range(p):
        value -= 0.5 * block.precision[i] * b[i] * b[i]
        grad[first + i] -= block.precision[i] * b[i]
        if size[DRIFT_START] <= i < size[DRIFT_STOP]:
            b[i] *= drift_sd
    for i in range(lone):
        value -= 0.5 * block.lone_precision[i] * b_lone[i] * b_lone[i]
        grad[first + p + i] -= block.lone_precision[i] * b_lone[i]
    subtract_columns(block, b, b_lone, r)
    value += _student_t(block, r, at, x, grad) if size[NOISE] == STUDENT_T else _normal(block, r, at, x, grad)
    h, h_lone = np.empty(p), np.empty(lone)
    project(block, r, h, h_lone)
    for i in range(p):
        if size[DRIFT_START] <= i < size[DRIFT_STOP]:
            if size[DRIFT_SCALE] > 0:
                grad[scale_at] += h[i] * b[i]
            h[i] *= drift_sd
        grad[first + i] += h[i]
    for i in range(lone):
        grad[first + p + i] += h_lone[i]
    return value
