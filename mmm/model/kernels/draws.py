"""After sampling: scales of the response curves and exact draws of the coefficients that were integrated out."""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.block import CHANNELS, DRIFT_SCALE, GEOS, INTEGRATED, NOISE, unpack
from mmm.model.kernels.linear import conditional_mean, factorise, geo_given_dense, solve
from mmm.model.kernels.media import forward
from mmm.model.kernels.posterior import constrain, project, residuals, scaled_precision


@njit(cache=True, nogil=True, error_model="numpy")
def coefficients(values, whole, x, noise, log_beta, dense, by_geo):
    """At the rows of ``x``: scale of the curves, and draws of the coefficients if they were integrated out.

    ``log_beta[draw, g, c]`` receives the log of the effect at full saturation in scaled outcome units,
    ``dense[draw, P]`` and ``by_geo[draw, geos]`` the coefficients. ``noise[draw, P + geos]`` are standard normal
    numbers; zeros give the conditional means. The dense coefficients are drawn from their distribution with the geos'
    integrated out, then the geos' given the dense ones.
    """
    block = unpack(values, whole)
    p, geos = block.precision.shape[0], block.geo_count.shape[0]
    u, geo_var = np.empty((p, p)), np.empty(geos)
    h, h_geo, unused = np.empty(p), np.empty(geos), np.empty(geos)
    e = np.empty(p)
    for n in range(x.shape[0]):
        parameters, at, _ = constrain(block, x[n])
        media = forward(block, parameters)
        for g in range(block.size[GEOS]):
            for c in range(block.size[CHANNELS]):
                log_beta[n, g, c] = math.log(media.beta[c, g])
        if block.size[NOISE] != INTEGRATED:
            continue
        r = residuals(block, media.mean)
        inv_var = math.exp(-2.0 * x[n, at])
        drift_sd = math.exp(x[n, at + 1]) if block.size[DRIFT_SCALE] > 0 else 1.0
        factorise(
            inv_var, scaled_precision(block, drift_sd), block.gram, block.geo_precision, block.geo_count,
            block.geo_cross, u, geo_var,
        )  # fmt: skip
        project(block, r, h, h_geo)
        conditional_mean(inv_var, block.geo_cross, u, geo_var, h, h_geo, dense[n], unused)
        for i in range(p):
            e[i] = noise[n, i]
        solve(u, e)
        for i in range(p):
            dense[n, i] += e[i]
        geo_given_dense(inv_var, block.geo_cross, geo_var, h_geo, dense[n], by_geo[n])
        for g in range(geos):
            by_geo[n, g] += math.sqrt(geo_var[g]) * noise[n, p + g]
