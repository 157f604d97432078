"""Log posterior and its exact gradient for any model, in unconstrained parameters, with no compilation per model.

Parameters, in this order (C channels, G geos): log effect [C], logit alpha [C], log half-saturation [C], log delay
and log slope of the channels that have one, if G > 1 log geo_sd [C] and the deviations [C, G - 1], log sigma, log nu
(Student-t), log drift_sd (if there is a drift), and, where they are not integrated out, the coefficients less their
prior means: dense ones (the drift's before its scale), then the geos' intercepts. The mathematics is in docs/engine.md.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.block import (
    CHANNELS,
    DRIFT_SCALE,
    DRIFT_START,
    DRIFT_STOP,
    GEOS,
    INTEGRATED,
    LONE_DRIFT,
    NOISE,
    OBSERVED,
    SHARED,
    STUDENT_T,
    WINDOW,
)
from mmm.model.kernels.experiments import experiments
from mmm.model.kernels.linear import conditional_mean, factorise, prior_traces
from mmm.model.kernels.media import Parameters, backward, forward
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


@njit(cache=True, nogil=True, error_model="numpy")
def _positive(x, at, channels, slot, out):
    """exp of the parameters at ``at`` to the channels that have one; return the next position."""
    n = 0
    for c in range(channels):
        out[c] = 1.0
        if slot[c] >= 0:
            out[c] = math.exp(x[at + slot[c]])
            n += 1
    return at + n


@njit(cache=True, nogil=True, error_model="numpy")
def zero_sum(x, out):
    """Map ``x[n]`` to ``out[n + 1]`` with sum zero, keeping lengths: n independent normals to a ZeroSumNormal."""
    n = out.shape[0]
    total = 0.0
    for i in range(n - 1):
        total += x[i]
    root = math.sqrt(n)
    shift = total / (root + n)
    for i in range(n - 1):
        out[i] = x[i] - shift
    out[n - 1] = -total / root


@njit(cache=True, nogil=True, error_model="numpy")
def zero_sum_adjoint(by_out, by_x):
    """Add to ``by_x[n]`` the gradient of a function of :func:`zero_sum`'s output with gradient ``by_out[n + 1]``."""
    n = by_out.shape[0]
    root = math.sqrt(n)
    total = 0.0
    for i in range(n - 1):
        total += by_out[i]
    common = total / (root + n) + by_out[n - 1] / root
    for i in range(n - 1):
        by_x[i] += by_out[i] - common


@njit(cache=True, nogil=True, error_model="numpy")
def constrain(block, x):
    """Parameters of the media response at ``x``, the position after them, and geo_sd[C]."""
    channels, geos = block.size[CHANNELS], block.size[GEOS]
    p = Parameters(
        x[:channels], np.empty(channels), np.empty(channels), np.empty(channels), np.empty(channels),
        np.zeros((channels, geos)),
    )  # fmt: skip
    for c in range(channels):
        p.alpha[c] = 1.0 / (1.0 + math.exp(-x[channels + c]))
        p.half[c] = math.exp(x[2 * channels + c])
    at = _positive(x, 3 * channels, channels, block.slot[0], p.delay)
    at = _positive(x, at, channels, block.slot[1], p.slope)
    geo_sd = np.zeros(channels)
    if geos > 1:
        for c in range(channels):
            geo_sd[c] = math.exp(x[at + c])
        at += channels
        for c in range(channels):
            zero_sum(x[at : at + geos - 1], p.deviation[c])
            for g in range(geos):
                p.deviation[c, g] *= geo_sd[c]
            at += geos - 1
    return p, at, geo_sd


@njit(cache=True, nogil=True, error_model="numpy")
def _normal_prior(x, i, mean, sd, grad):
    z = (x[i] - mean) / sd
    grad[i] -= z / sd
    return -0.5 * z * z


@njit(cache=True, nogil=True, error_model="numpy")
def _half_normal_prior(x, i, scale, grad):
    """HalfNormal(scale) on exp(x[i]), with the Jacobian of the logarithm."""
    z = math.exp(x[i]) / scale
    grad[i] += 1.0 - z * z
    return x[i] - 0.5 * z * z


@njit(cache=True, nogil=True, error_model="numpy")
def media_priors(block, x, grad):
    """Log prior density of the media parameters, Jacobians of their transforms included; adds to ``grad``.

    As in all priors here, terms without a parameter are left to the block's ``constant``.
    """
    channels, geos, priors = block.size[CHANNELS], block.size[GEOS], block.priors
    value = 0.0
    for c in range(channels):
        value += _normal_prior(x, c, priors[0, c, 0], priors[0, c, 1], grad)
        value += _normal_prior(x, 2 * channels + c, priors[2, c, 0], priors[2, c, 1], grad)
        i, a, b = channels + c, priors[1, c, 0], priors[1, c, 1]
        # log alpha and log(1 - alpha) without cancellation.
        low = max(x[i], 0.0) + math.log1p(math.exp(-abs(x[i])))
        value += a * (x[i] - low) - b * low
        grad[i] += a - (a + b) / (1.0 + math.exp(-x[i]))
    at = 3 * channels
    for k in range(2):
        for c in range(channels):
            if block.slot[k, c] >= 0:
                value += _normal_prior(x, at, priors[3 + k, c, 0], priors[3 + k, c, 1], grad)
                at += 1
    if geos > 1:
        for c in range(channels):
            value += _half_normal_prior(x, at + c, block.scales[0], grad)
        at += channels
        for i in range(at, at + channels * (geos - 1)):
            value += _normal_prior(x, i, 0.0, 1.0, grad)
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def media_chain(block, p, geo_sd, g, grad):
    """Add the gradient ``g`` of the media parameters to the unconstrained ``grad``."""
    channels, geos = block.size[CHANNELS], block.size[GEOS]
    for c in range(channels):
        grad[c] += g.log_effect[c]
        grad[channels + c] += g.alpha[c] * p.alpha[c] * (1.0 - p.alpha[c])
        grad[2 * channels + c] += g.log_half[c]
    at = 3 * channels
    for c in range(channels):
        if block.slot[0, c] >= 0:
            grad[at] += g.delay[c] * p.delay[c]
            at += 1
    for c in range(channels):
        if block.slot[1, c] >= 0:
            grad[at] += g.log_slope[c]
            at += 1
    if geos > 1:
        for c in range(channels):
            for k in range(geos):
                grad[at + c] += g.deviation[c, k] * p.deviation[c, k]
                g.deviation[c, k] *= geo_sd[c]
        at += channels
        for c in range(channels):
            zero_sum_adjoint(g.deviation[c], grad[at : at + geos - 1])
            at += geos - 1


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


@njit(cache=True, nogil=True, error_model="numpy")
def log_posterior(block, x, grad):
    """Log posterior density at unconstrained ``x``, up to the evidence; its gradient overwrites ``grad``."""
    for i in range(grad.shape[0]):
        grad[i] = 0.0
    p, at, geo_sd = constrain(block, x)
    value = block.constant[0] + media_priors(block, x, grad) + _half_normal_prior(x, at, block.scales[1], grad)
    if block.size[DRIFT_SCALE] > 0:
        scale_at = at + (2 if block.size[NOISE] == STUDENT_T else 1)
        value += _half_normal_prior(x, scale_at, block.scales[2], grad)
    media = forward(block, p)
    r = residuals(block, media.mean)
    value += integrated(block, r, at, x, grad) if block.size[NOISE] == INTEGRATED else sampled(block, r, at, x, grad)
    tested, by_log_beta, by_panel = experiments(block, p, media.beta)
    media_chain(block, p, geo_sd, backward(block, media, r, by_log_beta, by_panel), grad)
    return value + tested
