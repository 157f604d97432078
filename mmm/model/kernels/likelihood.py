"""Likelihood of what the media leave over, with the baseline's coefficients integrated out or sampled.

Both turn the residuals into the gradient by the mean, which :mod:`mmm.model.kernels.media` carries back to the media's
parameters, and add their parts of the gradient by the scales and the coefficients. docs/engine.md has the mathematics.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels import conditional
from mmm.model.kernels.block import (
    CONDITIONAL,
    GROUPS,
    NOISE,
    OBSERVED,
    SIGNED,
    STUDENT_T,
)
from mmm.model.kernels.columns import project, subtract_columns
from mmm.model.kernels.linear import conditional_mean, factorise, prior_traces
from mmm.model.kernels.series import FASTMATH

LOG_2PI = math.log(2.0 * math.pi)
# Prior of nu: 2 + Gamma(2, 0.1), as in mmm.model.build.
NU_LEAST, NU_SHAPE, NU_RATE = 2.0, 2.0, 0.1


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
def _square(v):
    total = 0.0
    for i in range(v.shape[0]):
        total += v[i] * v[i]
    return total


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def slab_of(block, g):
    """What bounds a sampled scale; 0 for nothing."""
    return block.scales[2 + block.size[GROUPS] + g]


@njit(cache=True, nogil=True, error_model="numpy")
def scales_at(block, x, at):
    """Standard deviations of the coefficients by their sampled scales, whose logarithms begin at ``at``.

    A nested scale multiplies another one; a slab c turns t into t c / sqrt(t^2 + c^2) (Piironen and Vehtari 2017).
    """
    sds = np.empty(block.size[GROUPS])
    for g in range(sds.shape[0]):
        sds[g] = math.exp(x[at + g])
        if block.nested[g, 0] >= 0:
            sds[g] *= math.exp(x[at + block.nested[g, 0]])
        slab = slab_of(block, g)
        if slab > 0.0:
            sds[g] *= slab / math.sqrt(sds[g] * sds[g] + slab * slab)
    return sds


@njit(cache=True, nogil=True, error_model="numpy")
def chain_scales(block, sds, by_log, grad, at):
    """Add to ``grad``, from ``at`` on, the gradient by log scales that follows from that by log ``sds``."""
    for g in range(sds.shape[0]):
        by = by_log[g]
        slab = slab_of(block, g)
        if slab > 0.0:
            by *= 1.0 - (sds[g] / slab) ** 2
        grad[at + g] += by
        if block.nested[g, 0] >= 0:
            grad[at + block.nested[g, 0]] += by


@njit(cache=True, nogil=True, error_model="numpy")
def scaled_precision(block, sds):
    """Prior precision of the dense and of the lone columns at these scales."""
    dense, lone, p = block.precision.copy(), block.lone_precision.copy(), block.precision.shape[0]
    for i in block.scaled:
        factor = 1.0 / (sds[block.group[i]] * sds[block.group[i]])
        if i < p:
            dense[i] *= factor
        else:
            lone[i - p] *= factor
    return dense, lone


@njit(cache=True, nogil=True, error_model="numpy")
def integrated(block, r, at, x, grad):
    """Normal log likelihood of the residuals ``r`` with the coefficients integrated out.

    Adds to ``grad`` at log sigma and the log scales of coefficients, and turns ``r`` into the gradient by the mean.
    """
    size, p, lone = block.size, block.precision.shape[0], block.lone_square.shape[0]
    n = size[OBSERVED]
    inv_var = math.exp(-2.0 * x[at])
    sds, by_log = scales_at(block, x, at + 1), np.zeros(size[GROUPS])
    precision, lone_precision = scaled_precision(block, sds)
    u, lone_var = np.empty((p, p)), np.empty(lone)
    h, h_lone, b, b_lone = np.empty(p), np.empty(lone), np.empty(p), np.empty(lone)
    log_det = factorise(
        inv_var, precision, block.gram, lone_precision, block.lone_square, block.lone_cross, block.lone_outer, u,
        lone_var,
    )  # fmt: skip
    project(block, r, h, h_lone)
    conditional_mean(inv_var, block.lone_cross, u, lone_var, h, h_lone, b, b_lone)
    subtract_columns(block, b, b_lone, r)
    traces, lone_trace = prior_traces(
        inv_var, precision, lone_precision, block.lone_cross, block.lone_outer, u, lone_var
    )
    penalty, trace, logs = 0.0, 0.0, 0.0
    for i in range(p + lone):
        g = block.group[i]
        part = precision[i] * b[i] * b[i] if i < p else lone_precision[i - p] * b_lone[i - p] * b_lone[i - p]
        penalty += part
        if i < p:
            trace += traces[i]
        if g >= 0:
            by_log[g] += part + (traces[i] if i < p else 0.0) - 1.0
            logs += math.log(sds[g])
    if lone > 0 and block.group[p] >= 0:
        by_log[block.group[p]] += lone_trace
    chain_scales(block, sds, by_log, grad, at + 1)
    fit = inv_var * _square(r)
    grad[at] += fit - n + (p + lone - trace - lone_trace)
    for i in range(r.shape[0]):
        r[i] *= inv_var
    return -0.5 * (log_det + fit + penalty) - logs - n * (x[at] + 0.5 * LOG_2PI)


@njit(cache=True, nogil=True, error_model="numpy")
def _student_t(block, r, at, x, grad):
    """Student-t log likelihood of ``r``; adds to ``grad`` at log sigma, log(nu - 2); makes ``r`` that by the mean."""
    n, sigma, excess = block.size[OBSERVED], math.exp(x[at]), math.exp(x[at + 1])
    nu = NU_LEAST + excess
    inverse = 1.0 / (nu * sigma * sigma)
    logs, shrunk = 0.0, 0.0
    for i in range(r.shape[0]):
        q = 1.0 + r[i] * r[i] * inverse
        logs += math.log(q)
        shrunk += 1.0 - 1.0 / q
        r[i] = (nu + 1.0) * inverse * r[i] / q
    grad[at] += (nu + 1.0) * shrunk - n
    slope = 0.5 * n * (digamma(0.5 * (nu + 1.0)) - digamma(0.5 * nu) - 1.0 / nu)
    grad[at + 1] += excess * (slope - 0.5 * logs + 0.5 * (nu + 1.0) * shrunk / nu)
    # Prior of nu - 2 with the Jacobian of its logarithm.
    grad[at + 1] += NU_SHAPE - NU_RATE * excess
    prior = NU_SHAPE * x[at + 1] - NU_RATE * excess
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
def coefficients_at(block):
    """Positions after log sigma's of the first log scale, and of the first coefficient where these are sampled.

    Between the scales and the coefficients are the logs of the sizes of coefficients of one sign.
    """
    scale = 2 if block.size[NOISE] == STUDENT_T else 1
    return scale, scale + block.size[GROUPS] + block.size[SIGNED]


@njit(cache=True, nogil=True, error_model="numpy")
def _given_coefficients(block, r, at, x, c, by_c, grad):
    """Log likelihood of ``r`` and log prior of the coefficients ``c``, by which the gradient is put to ``by_c``."""
    size, p, value, log_scale = block.size, block.precision.shape[0], 0.0, at + coefficients_at(block)[0]
    sds, by_log = scales_at(block, x, log_scale), np.zeros(size[GROUPS])
    b, h = c.copy(), np.empty(c.shape[0])
    for i in block.scaled:
        b[i] *= sds[block.group[i]]
    subtract_columns(block, b[:p], b[p:], r)
    value += _student_t(block, r, at, x, grad) if size[NOISE] == STUDENT_T else _normal(block, r, at, x, grad)
    project(block, r, h[:p], h[p:])
    for i in block.scaled:
        by_log[block.group[i]] += h[i] * b[i]
        h[i] *= sds[block.group[i]]
    chain_scales(block, sds, by_log, grad, log_scale)
    for i in range(c.shape[0]):
        precision = block.precision[i] if i < p else block.lone_precision[i - p]
        value -= 0.5 * precision * c[i] * c[i]
        by_c[i] = h[i] - precision * c[i]
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def sampled(block, r, at, x, grad):
    """Log likelihood of ``r`` and log prior of the coefficients where these are sampled; as :func:`integrated`."""
    size, n, (scale, first) = block.size, block.precision.shape[0] + block.lone_square.shape[0], coefficients_at(block)
    u, by_c = x[at + first : at + first + n], np.empty(n)
    c, sds = u.copy(), scales_at(block, x, at + scale)
    if size[CONDITIONAL] == 0:
        value = _given_coefficients(block, r, at, x, c, by_c, grad)
    else:
        ho, hd = conditional.products(block, r)
        value = conditional.to_model(block, ho, hd, sds, c)
        value += _given_coefficients(block, r, at, x, c, by_c, grad)
        by_log = np.zeros(size[GROUPS])
        conditional.adjoint(block, hd, sds, u, c, by_c, r, by_log)
        chain_scales(block, sds, by_log, grad, at + scale)
    for i in range(n):
        grad[at + first + i] += by_c[i]
    return value
