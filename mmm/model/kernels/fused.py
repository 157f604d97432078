"""The fused media response outside of the posterior's block: what the PyTensor Op of :mod:`mmm.model.media_op` calls.

Data come as separate arrays, so that they can be shared variables of a model; the rest of a block is left empty.
"""

import numpy as np
from numba import njit

from mmm.model.kernels.block import GEOS, PATHS, SIGN, WINDOW, Block
from mmm.model.kernels.media import Media, Parameters, backward, forward


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _block(size, families, media, earlier, weights, log_denominator, steps):
    none, whole = np.empty(0), np.empty(0, np.int64)
    table, places = np.empty((0, 0)), np.empty((0, 0), np.int64)
    return Block(
        size, families, places, whole, whole, whole, whole, places, whole, whole, places, whole, media, earlier,
        weights, none, none, table, table, table, none, table, table, none, table, table, none, none, none, table,
        np.empty((0, 0, 0)), log_denominator, none, none, table, table, table, none, none, none, none, table,
        table, table, steps,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def respond(size, families, media, earlier, weights, log_denominator, steps, log_effect, parameters, deviation, paths):
    """Mean [W, G] and log of the curves' scale [C, G]; then the derivatives that :func:`pull_back` needs.

    Those are the ``panels``, ``unit``, ``total`` and ``timed`` of :class:`mmm.model.kernels.media.Media`.
    """
    block = _block(size, families, media, earlier, weights, log_denominator, steps)
    p = Parameters(
        np.ascontiguousarray(log_effect),
        np.ascontiguousarray(parameters),
        np.ascontiguousarray(deviation),
        np.empty(0),
        np.ascontiguousarray(paths),
    )
    made = forward(block, p)
    mean = made.mean.reshape(size[WINDOW], size[GEOS])
    return mean, np.log(np.abs(made.beta)), made.panels, made.unit, made.total, made.timed


@njit(cache=True, nogil=True, error_model="numpy")
def pull_back(
    size,
    families,
    media,
    earlier,
    weights,
    log_denominator,
    steps,
    log_beta,
    panels,
    unit,
    total,
    timed,
    by_mean,
    by_log_beta,
):
    """Gradients by log effect, the families' parameters, deviation and paths, from those by mean and log_beta."""
    block = _block(size, families, media, earlier, weights, log_denominator, steps)
    elsewhere = np.zeros((log_beta.shape[0], panels.shape[1]))
    beta = np.exp(log_beta)
    for c in range(beta.shape[0]):
        beta[c] *= families[c, SIGN]
    made = Media(panels, unit, total, beta, np.empty(0), np.empty(0), timed)
    by_path = np.zeros((size[PATHS], steps.shape[1]))
    by_period = np.ascontiguousarray(by_mean).ravel()
    found = backward(block, made, by_period, np.ascontiguousarray(by_log_beta), elsewhere, by_path)
    return found.log_effect, found.families, found.deviation, found.steps
