"""What a sampler calls: the log posterior in coordinates z that are easy to sample, as a plain C function.

1. x = centre + L z, with L block-diagonal in a given order of the entries.
2. Log scales with a half-normal prior are bent: x becomes log S + log q(x), where q has a half-normal distribution if
   x has a standard normal one. The long tail of a log scale of which the data say little is then a normal's.
3. Deviations by geo, which the model has as standard normal numbers times exp(log_sd) (non-centred), are partly
   centred by channel: x becomes x exp(c (s - log_sd)) with the centring c and the log scale s; c = 1 gives the
   deviations themselves.

The log of the map's Jacobian, up to the constant log det L, is added to the density.

The C functions are written to numba's disk cache, and everything that differs between problems is in the block of
memory whose address they are given: they are compiled once a machine.
"""

import math
from pathlib import Path

import numpy as np
from numba import carray, cfunc, njit, types
from numba.core.caching import FunctionCache

from mmm.model.kernels.block import BLOCKS, CHANNELS, DIM, GEOS, LENGTH, SCALES, unpack
from mmm.model.kernels.posterior import log_posterior
from mmm.model.kernels.series import FASTMATH

ROOT_HALF, ROOT_HALF_PI = math.sqrt(0.5), math.sqrt(0.5 * math.pi)
# Return codes of the C functions; positive ones are a divergence to the sampler, negative ones an error.
OK, NOT_FINITE, WRONG_SIZE = 0, 3, -1


@njit(cache=True, nogil=True, error_model="numpy")
def half_normal_score(w):
    """q > 0 with P(half-normal < q) = P(normal < w), by Newton's method on the tail that is not near one."""
    w = min(max(w, -35.0), 35.0)
    if w <= 0.0:
        p = 0.5 * math.erfc(-w * ROOT_HALF)
        square = p * p
        q = ROOT_HALF_PI * p * (1.0 + square * (math.pi / 12.0 + square * (7.0 * math.pi**2 / 480.0)))
        for _ in range(4):
            q -= (math.erf(q * ROOT_HALF) - p) * ROOT_HALF_PI * math.exp(0.5 * q * q)
        return q
    tail = 0.5 * math.erfc(w * ROOT_HALF)
    q = math.sqrt(w * w + 1.3 - 0.85 / (1.0 + w))
    for _ in range(5):
        reached = math.erfc(q * ROOT_HALF)
        q += math.log(reached / tail) * reached * ROOT_HALF_PI * math.exp(0.5 * q * q)
    return q


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _linear(block, z, x):
    """x = centre + L z."""
    ordered = np.empty(z.shape[0])
    for i in range(z.shape[0]):
        ordered[i] = z[block.order[i]]
        x[i] = block.centre[i]
    at = 0
    for k in range(block.size[BLOCKS]):
        first, stop = block.bounds[k], block.bounds[k + 1]
        source = ordered[first:stop]
        for i in range(first, stop):
            row = block.factors[at : at + stop - first]
            total = 0.0
            for j in range(stop - first):
                total += row[j] * source[j]
            x[block.order[i]] += total
            at += stop - first


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _linear_adjoint(block, by_x, by_z):
    """L' by_x."""
    ordered = np.zeros(by_x.shape[0])
    at = 0
    for k in range(block.size[BLOCKS]):
        first, stop = block.bounds[k], block.bounds[k + 1]
        target = ordered[first:stop]
        for i in range(first, stop):
            row = block.factors[at : at + stop - first]
            factor = by_x[block.order[i]]
            for j in range(stop - first):
                target[j] += row[j] * factor
            at += stop - first
    for i in range(by_x.shape[0]):
        by_z[block.order[i]] = ordered[i]


@njit(cache=True, nogil=True, error_model="numpy")
def colour(block, z, x, slopes):
    """Map ``z`` to ``x`` and return the log of the Jacobian.

    ``slopes[bent, 2]`` receives the derivative of the bent entries and that of its logarithm.
    """
    _linear(block, z, x)
    jacobian = 0.0
    for k in range(block.bent.shape[0]):
        w = x[block.bent[k]]
        q = half_normal_score(w)
        x[block.bent[k]] = math.log(block.bent_scale[k] * q)
        log_slope = 0.5 * (q * q - w * w) - math.log(2.0 * q)
        slopes[k, 0] = math.exp(log_slope)
        slopes[k, 1] = slopes[k, 0] * (q * q - 1.0) - w
        jacobian += log_slope
    free = block.size[GEOS] - 1
    if free == 0:
        return jacobian
    channels = block.size[CHANNELS]
    scales = block.size[SCALES]
    for c in range(channels):
        power = block.centring[0, c] * (block.centring[1, c] - x[scales + c])
        factor = math.exp(power)
        jacobian += free * power
        first = scales + channels + c * free
        for i in range(first, first + free):
            x[i] *= factor
    return jacobian


@njit(cache=True, nogil=True, error_model="numpy")
def colour_adjoint(block, x, slopes, by_x, by_z):
    """Gradient by z of the log density, Jacobian included, from that by ``x``, which is overwritten."""
    channels, free = block.size[CHANNELS], block.size[GEOS] - 1
    scales = block.size[SCALES]
    for c in range(channels if free > 0 else 0):
        centring = block.centring[0, c]
        factor = math.exp(centring * (block.centring[1, c] - x[scales + c]))
        first = scales + channels + c * free
        along = free * 1.0
        for i in range(first, first + free):
            along += by_x[i] * x[i]
            by_x[i] *= factor
        by_x[scales + c] -= centring * along
    for k in range(block.bent.shape[0]):
        by_x[block.bent[k]] = by_x[block.bent[k]] * slopes[k, 0] + slopes[k, 1]
    _linear_adjoint(block, by_x, by_z)


_POINTER = types.CPointer(types.double)
_LOGP = types.int64(types.uint64, _POINTER, _POINTER, _POINTER, types.voidptr)
_COPY = types.int64(types.uint64, types.uint64, _POINTER, _POINTER, types.voidptr)


def _logp(dim, z_at, grad_at, value_at, address):
    length = carray(address, (1,), np.int64)[LENGTH]
    block = unpack(carray(address, (length,), np.float64), carray(address, (length,), np.int64))
    if dim != block.size[DIM]:
        return WRONG_SIZE
    z, grad = carray(z_at, (dim,)), carray(grad_at, (dim,))
    x, by_x, slopes = np.empty(dim), np.empty(dim), np.empty((block.bent.shape[0], 2))
    value = colour(block, z, x, slopes)
    value += log_posterior(block, x, by_x)
    colour_adjoint(block, x, slopes, by_x, grad)
    carray(value_at, (1,))[0] = value
    # A sum is finite only if all its terms are.
    total = value
    for i in range(dim):
        total += grad[i]
    return OK if math.isfinite(total) else NOT_FINITE


def _copy(dim, wanted, z_at, out_at, address):  # noqa: ARG001
    if wanted != dim:
        return WRONG_SIZE
    z, out = carray(z_at, (dim,)), carray(out_at, (dim,))
    for i in range(dim):
        out[i] = z[i]
    return OK


def on_disk():
    """Whether compiled code of the density is in numba's cache."""
    return any(Path(FunctionCache(_logp).cache_path).glob(f"{Path(__file__).stem}.{_logp.__name__}-*.nbi"))


def c_functions():
    """The two C functions nuts-rs wants: log density with gradient, and a copy of z. Loaded from the disk cache."""
    options = {"cache": True, "error_model": "numpy"}
    return cfunc(_LOGP, **options)(_logp), cfunc(_COPY, **options)(_copy)
