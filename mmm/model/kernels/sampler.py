"""What a sampler calls: the log posterior in whitened coordinates z, x = centre + L z, as a plain C function.

L is block-diagonal in a given order of the entries. The C functions are written to numba's disk cache, and everything
that differs between problems is in the block of memory whose address they are given: they are compiled once a machine.
"""

import math

import numpy as np
from numba import carray, cfunc, njit, types

from mmm.model.kernels.block import BLOCKS, DIM, LENGTH, unpack
from mmm.model.kernels.posterior import log_posterior

# Return codes of the C functions; positive ones are a divergence to the sampler, negative ones an error.
OK, NOT_FINITE, WRONG_SIZE = 0, 3, -1


@njit(cache=True, nogil=True, error_model="numpy")
def colour(block, z, x):
    """x = centre + L z."""
    for i in range(x.shape[0]):
        x[i] = block.centre[i]
    at = 0
    for k in range(block.size[BLOCKS]):
        entries = block.order[block.bounds[k] : block.bounds[k + 1]]
        n = entries.shape[0]
        for i in range(n):
            total = 0.0
            for j in range(n):
                total += block.factors[at + i * n + j] * z[entries[j]]
            x[entries[i]] += total
        at += n * n


@njit(cache=True, nogil=True, error_model="numpy")
def colour_adjoint(block, by_x, by_z):
    """L' by_x."""
    at = 0
    for k in range(block.size[BLOCKS]):
        entries = block.order[block.bounds[k] : block.bounds[k + 1]]
        n = entries.shape[0]
        for i in range(n):
            by_z[entries[i]] = 0.0
        for i in range(n):
            factor = by_x[entries[i]]
            for j in range(n):
                by_z[entries[j]] += block.factors[at + i * n + j] * factor
        at += n * n


_POINTER = types.CPointer(types.double)
_LOGP = types.int64(types.uint64, _POINTER, _POINTER, _POINTER, types.voidptr)
_COPY = types.int64(types.uint64, types.uint64, _POINTER, _POINTER, types.voidptr)


def _logp(dim, z_at, grad_at, value_at, address):
    length = carray(address, (1,), np.int64)[LENGTH]
    block = unpack(carray(address, (length,), np.float64), carray(address, (length,), np.int64))
    if dim != block.size[DIM]:
        return WRONG_SIZE
    z, grad = carray(z_at, (dim,)), carray(grad_at, (dim,))
    x, by_x = np.empty(dim), np.empty(dim)
    colour(block, z, x)
    value = log_posterior(block, x, by_x)
    colour_adjoint(block, by_x, grad)
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


def c_functions():
    """The two C functions nuts-rs wants: log density with gradient, and a copy of z. Loaded from the disk cache."""
    options = {"cache": True, "error_model": "numpy"}
    return cfunc(_LOGP, **options)(_logp), cfunc(_COPY, **options)(_copy)
