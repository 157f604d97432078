"""After sampling: scales of the response curves and exact draws of the coefficients that were integrated out."""

import math

import numpy as np
from numba import njit

from mmm.model.kernels import conditional
from mmm.model.kernels.block import CHANNELS, GEOS, INTEGRATED, NOISE, unpack
from mmm.model.kernels.columns import project, residuals
from mmm.model.kernels.likelihood import coefficients_at, scaled_precision, scales_at
from mmm.model.kernels.linear import conditional_mean, factorise, lone_given_dense, solve
from mmm.model.kernels.media import forward
from mmm.model.kernels.posterior import constrain


@njit(cache=True, nogil=True, error_model="numpy")
def coefficients(values, whole, x, noise, log_beta, dense, lone):
    """At the rows of ``x``: scale of the curves, and draws of the coefficients if they were integrated out.

    ``log_beta[draw, g, c]`` receives the log of the effect's size at full saturation in scaled outcome units,
    ``dense[draw, P]`` and ``lone[draw, L]`` the coefficients. ``noise[draw, P + L]`` are standard normal numbers; zeros
    give the conditional means. The dense coefficients are drawn from their distribution with the lone ones integrated
    out, then those given the dense ones.
    """
    block = unpack(values, whole)
    p, columns = block.precision.shape[0], block.lone_square.shape[0]
    u, lone_var = np.empty((p, p)), np.empty(columns)
    h, h_lone, unused = np.empty(p), np.empty(columns), np.empty(columns)
    e = np.empty(p)
    for n in range(x.shape[0]):
        parameters, at, _ = constrain(block, x[n])
        media = forward(block, parameters)
        for g in range(block.size[GEOS]):
            for c in range(block.size[CHANNELS]):
                log_beta[n, g, c] = math.log(abs(media.beta[c, g]))
        if block.size[NOISE] != INTEGRATED:
            continue
        r = residuals(block, media.mean)
        inv_var = math.exp(-2.0 * x[n, at])
        precision, lone_precision = scaled_precision(block, scales_at(block, x[n], at + 1))
        factorise(
            inv_var, precision, block.gram, lone_precision, block.lone_square, block.lone_cross, block.lone_outer, u,
            lone_var,
        )  # fmt: skip
        project(block, r, h, h_lone)
        conditional_mean(inv_var, block.lone_cross, u, lone_var, h, h_lone, dense[n], unused)
        for i in range(p):
            e[i] = noise[n, i]
        solve(u, e)
        for i in range(p):
            dense[n, i] += e[i]
        lone_given_dense(inv_var, block.lone_cross, lone_var, h_lone, dense[n], lone[n])
        for i in range(columns):
            lone[n, i] += math.sqrt(lone_var[i]) * noise[n, p + i]


@njit(cache=True, nogil=True, error_model="numpy")
def settle(values, whole, x, back):
    """Turn the coefficients in the rows of ``x`` from the sampled coordinates to the model's own, or ``back``.

    See :mod:`mmm.model.kernels.conditional`.
    """
    block = unpack(values, whole)
    scale, first = coefficients_at(block)
    for n in range(x.shape[0]):
        parameters, at, _ = constrain(block, x[n])
        ho, hd = conditional.products(block, residuals(block, forward(block, parameters).mean))
        sds = scales_at(block, x[n], at + scale)
        if back:
            conditional.from_model(block, ho, hd, sds, x[n, at + first :])
        else:
            conditional.to_model(block, ho, hd, sds, x[n, at + first :])
