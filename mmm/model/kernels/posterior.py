"""Log posterior and its exact gradient for any model, in unconstrained parameters, with no compilation per model.

Parameters, in this order (C channels, G geos): log effect [C], the parameters of the channels' families by variable
(logarithms, or logits where they live between 0 and 1), of effects that vary in time log varying_sd [paths] and the
steps over it [paths, steps], if G > 1 log geo_sd [C] and the deviations [C, G - 1], log
sigma, log(nu - 2) (Student-t), the logs of the sampled scales of coefficients, those of the sizes of coefficients of
one sign, and, where these are not integrated out, the other coefficients less their prior means: dense ones (before
their scale, where it is sampled), then the geos'
intercepts. The mathematics is in docs/engine.md.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.block import (
    BETA,
    CHANNELS,
    COUPLED,
    FIRST,
    GEOS,
    GROUPS,
    INTEGRATED,
    NOISE,
    PATHS,
    PRIOR,
    SCALES,
    SECOND,
    SIGNED,
    STEPS,
)
from mmm.model.kernels.columns import by_period, residuals
from mmm.model.kernels.experiments import experiments
from mmm.model.kernels.likelihood import coefficients_at, integrated, sampled
from mmm.model.kernels.media import Parameters, backward, forward


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
def signed_at(block):
    """Position after log sigma's of the log sizes of coefficients of one sign."""
    return coefficients_at(block)[1] - block.size[SIGNED]


@njit(cache=True, nogil=True, error_model="numpy")
def paths_at(block):
    """Positions of the log standard deviations of paths in time, and of their steps over these."""
    paths = block.size[PATHS]
    first = block.size[SCALES] - paths * (1 + block.size[STEPS])
    return first, first + paths


@njit(cache=True, nogil=True, error_model="numpy")
def _steps(block, x):
    """The steps of the paths, [path, step]."""
    out = np.empty((block.size[PATHS], block.size[STEPS]))
    sds, at = paths_at(block)
    for i in range(out.shape[0]):
        for k in range(out.shape[1]):
            out[i, k] = math.exp(x[sds + i]) * x[at + i * out.shape[1] + k]
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def constrain(block, x):
    """Parameters of the media response at ``x``, the position after them, and geo_sd[C]."""
    channels, geos = block.size[CHANNELS], block.size[GEOS]
    signed = np.empty(block.size[SIGNED])
    p = Parameters(x[:channels], np.empty(block.place.shape), np.zeros((channels, geos)), signed, _steps(block, x))
    for c in range(channels):
        for k in range(block.place.shape[1]):
            at = block.place[c, k]
            if at < 0:
                p.families[c, k] = 1.0
            elif block.priors[c, k, PRIOR] == BETA:
                p.families[c, k] = 1.0 / (1.0 + math.exp(-x[at]))
            else:
                p.families[c, k] = math.exp(x[at])
    at = block.size[SCALES]
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
    first = at + signed_at(block)
    for k in range(signed.shape[0]):
        signed[k] = math.exp(x[first + k])
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
def _half_cauchy_prior(x, i, scale, grad):
    """HalfCauchy(scale) on exp(x[i]), with the Jacobian of the logarithm."""
    z = math.exp(x[i]) / scale
    grad[i] += 1.0 - 2.0 * z * z / (1.0 + z * z)
    return x[i] - math.log1p(z * z)


@njit(cache=True, nogil=True, error_model="numpy")
def _beta_prior(x, i, a, b, grad):
    """Beta(a, b) on the inverse logit of x[i], with the Jacobian of the logit."""
    # log p and log(1 - p) without cancellation.
    low = max(x[i], 0.0) + math.log1p(math.exp(-abs(x[i])))
    grad[i] += a - (a + b) / (1.0 + math.exp(-x[i]))
    return a * (x[i] - low) - b * low


@njit(cache=True, nogil=True, error_model="numpy")
def _coupled_prior(block, x, grad):
    """What the joint prior of coupled entries adds to their independent ones."""
    count, value = block.size[COUPLED], 0.0
    for i in range(count):
        row, pull = block.coupled[i], 0.0
        for j in range(count):
            other = block.coupled[j]
            pull += row[2 + j] * (x[int(other[0])] - other[1])
        value -= 0.5 * (x[int(row[0])] - row[1]) * pull
        grad[int(row[0])] -= pull
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def media_priors(block, x, grad):
    """Log prior density of the media parameters, Jacobians of their transforms included; adds to ``grad``.

    As in all priors here, terms without a parameter are left to the block's ``constant``.
    """
    channels, geos, value = block.size[CHANNELS], block.size[GEOS], 0.0
    for c in range(channels):
        value += _normal_prior(x, c, block.effects[c, 0], block.effects[c, 1], grad)
        for k in range(block.place.shape[1]):
            at, prior = block.place[c, k], block.priors[c, k]
            if at < 0:
                continue
            if prior[PRIOR] == BETA:
                value += _beta_prior(x, at, prior[FIRST], prior[SECOND], grad)
            else:
                value += _normal_prior(x, at, prior[FIRST], prior[SECOND], grad)
    value += _coupled_prior(block, x, grad)
    sds, first = paths_at(block)
    for i in range(block.size[PATHS]):
        scale = block.scales[block.scales.shape[0] - block.size[PATHS] + i]
        value += _half_normal_prior(x, sds + i, scale, grad)
    for i in range(first, block.size[SCALES]):
        value += _normal_prior(x, i, 0.0, 1.0, grad)
    if geos > 1:
        at = block.size[SCALES]
        for c in range(channels):
            value += _half_normal_prior(x, at + c, block.scales[0], grad)
        at += channels
        for i in range(at, at + channels * (geos - 1)):
            value += _normal_prior(x, i, 0.0, 1.0, grad)
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def media_chain(block, x, p, geo_sd, g, grad):
    """Add the gradient ``g`` of the media parameters to the unconstrained ``grad``."""
    channels, geos = block.size[CHANNELS], block.size[GEOS]
    for c in range(channels):
        grad[c] += g.log_effect[c]
        for k in range(block.place.shape[1]):
            at, value = block.place[c, k], p.families[c, k]
            if at >= 0:
                slope = value * (1.0 - value) if block.priors[c, k, PRIOR] == BETA else value
                grad[at] += g.families[c, k] * slope
    sds, first = paths_at(block)
    for i in range(p.steps.shape[0]):
        for k in range(p.steps.shape[1]):
            grad[first + i * p.steps.shape[1] + k] += g.steps[i, k] * math.exp(x[sds + i])
            grad[sds + i] += g.steps[i, k] * p.steps[i, k]
    if geos > 1:
        at = block.size[SCALES]
        for c in range(channels):
            for k in range(geos):
                grad[at + c] += g.deviation[c, k] * p.deviation[c, k]
                g.deviation[c, k] *= geo_sd[c]
        at += channels
        for c in range(channels):
            zero_sum_adjoint(g.deviation[c], grad[at : at + geos - 1])
            at += geos - 1


@njit(cache=True, nogil=True, error_model="numpy")
def log_posterior(block, x, grad):
    """Log posterior density at unconstrained ``x``, up to the evidence; its gradient overwrites ``grad``."""
    for i in range(grad.shape[0]):
        grad[i] = 0.0
    p, at, geo_sd = constrain(block, x)
    value = block.constant[0] + media_priors(block, x, grad) + _half_normal_prior(x, at, block.scales[1], grad)
    scale_at, first = at + coefficients_at(block)[0], at + signed_at(block)
    for g in range(block.size[GROUPS]):
        if block.nested[g, 1] > 0:
            value += _half_cauchy_prior(x, scale_at + g, block.scales[2 + g], grad)
        else:
            value += _half_normal_prior(x, scale_at + g, block.scales[2 + g], grad)
    for k in range(block.size[SIGNED]):
        value += _half_normal_prior(x, first + k, block.signed_scale[k], grad)
    media = forward(block, p)
    r = residuals(block, media.mean)
    value += integrated(block, r, at, x, grad) if block.size[NOISE] == INTEGRATED else sampled(block, r, at, x, grad)
    tested, by_log_beta, by_panel, by_path = experiments(block, p, media.beta)
    found = backward(block, media, by_period(block, r), by_log_beta, by_panel, by_path)
    media_chain(block, x, p, geo_sd, found, grad)
    for k in range(block.size[SIGNED]):
        grad[first + k] += found.signed[k]
    return value + tested
