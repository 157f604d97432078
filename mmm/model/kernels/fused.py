"""The fused media response outside of the posterior's block: what the PyTensor Op of :mod:`mmm.model.media_op` calls.

Data come as separate arrays, so that they can be shared variables of a model; the rest of a block is left empty.
"""

import numpy as np
from numba import njit

from mmm.model.kernels.block import GEOS, WINDOW, Block
from mmm.model.kernels.media import Media, Parameters, backward, forward


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _block(size, kinds, slot, media, earlier, weights, log_denominator):
    none, whole = np.empty(0), np.empty(0, np.int64)
    table = np.empty((0, 0))
    return Block(
        size, kinds, slot, whole, whole, whole, np.empty((0, 0), np.int64), whole, media, earlier, weights, none, none,
        table, table, table, table, none, table, table, none, none, none, np.empty((0, 0, 0)), log_denominator, none,
        none, table, table, table, none, none, none, none, table,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def respond(
    size, kinds, slot, media, earlier, weights, log_denominator, log_effect, alpha, half, delay, slope, deviation
):
    """Mean [W, G] and log of the curves' scale [C, G]; then the derivatives that :func:`pull_back` needs.

    Those are the ``panels``, ``unit`` and ``total`` of :class:`mmm.model.kernels.media.Media`.
    """
    block = _block(size, kinds, slot, media, earlier, weights, log_denominator)
    p = Parameters(
        np.ascontiguousarray(log_effect), np.ascontiguousarray(alpha), np.ascontiguousarray(half),
        np.ascontiguousarray(delay), np.ascontiguousarray(slope), np.ascontiguousarray(deviation),
    )  # fmt: skip
    made = forward(block, p)
    return made.mean.reshape(size[WINDOW], size[GEOS]), np.log(made.beta), made.panels, made.unit, made.total


@njit(cache=True, nogil=True, error_model="numpy")
def pull_back(
    size, kinds, slot, media, earlier, weights, log_denominator, half, slope, log_beta, panels, unit, total,
    by_mean, by_log_beta,
):  # fmt: skip
    """Gradients by log effect, alpha, half, delay, slope and deviation, from those by mean and log_beta."""
    block = _block(size, kinds, slot, media, earlier, weights, log_denominator)
    elsewhere = np.zeros((half.shape[0], 5))
    made = Media(panels, unit, total, np.exp(log_beta), np.empty(0))
    found = backward(block, made, np.ascontiguousarray(by_mean).ravel(), np.ascontiguousarray(by_log_beta), elsewhere)
    by_half, by_slope = found.log_half / half, found.log_slope / slope
    return found.log_effect, found.alpha, by_half, found.delay, by_slope, found.deviation
