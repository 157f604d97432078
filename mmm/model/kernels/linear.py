"""The linear-Gaussian block of the model: its posterior given noise and scales, for integrating it out and drawing it.

Coefficients b ~ N(0, D) enter the mean as Z b, under noise N(0, sigma^2). Given residuals r, their posterior has
precision A = Z'Z / sigma^2 + D^-1 and mean A^-1 Z'r / sigma^2. Columns are of two sorts: ``p`` dense ones, and one
indicator a geo, for which A is diagonal. A is then an arrow: the geos are eliminated first, and one Cholesky factor of
p x p is left, whatever the number of geos (the Schur complement; Bishop 2006, section 2.3, for the conditionals).
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.tangents import FASTMATH


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def cholesky(m):
    """Overwrite the upper triangle of ``m`` with U where m = U'U; return False where ``m`` is not positive definite.

    Row by row with updates along rows: contiguous, and small enough that calling LAPACK would cost more.
    """
    p = m.shape[0]
    for k in range(p):
        pivot = m[k, k]
        if not pivot > 0.0:
            return False
        inverse = 1.0 / math.sqrt(pivot)
        row = m[k]
        for j in range(k, p):
            row[j] *= inverse
        for i in range(k + 1, p):
            factor = row[i]
            target = m[i]
            for j in range(i, p):
                target[j] -= factor * row[j]
    return True


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def solve_transposed(u, v):
    """Overwrite ``v`` with U'^-1 v."""
    p = u.shape[0]
    for k in range(p):
        v[k] /= u[k, k]
        factor = v[k]
        row = u[k]
        for j in range(k + 1, p):
            v[j] -= factor * row[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def solve(u, v):
    """Overwrite ``v`` with U^-1 v."""
    p = u.shape[0]
    for k in range(p - 1, -1, -1):
        total = v[k]
        row = u[k]
        for j in range(k + 1, p):
            total -= row[j] * v[j]
        v[k] = total / u[k, k]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def inverse_diagonal(u, out, work):
    """Diagonal of (U'U)^-1 to ``out``: sums of squares along the rows of U^-1, which is built in ``work``."""
    p = u.shape[0]
    for i in range(p - 1, -1, -1):
        target = work[i]
        for j in range(i, p):
            target[j] = 0.0
        row = u[i]
        for k in range(i + 1, p):
            factor = row[k]
            source = work[k]
            for j in range(k, p):
                target[j] -= factor * source[j]
        inverse = 1.0 / u[i, i]
        target[i] = 1.0
        total = 0.0
        for j in range(i, p):
            target[j] *= inverse
            total += target[j] * target[j]
        out[i] = total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def factorise(inv_var, precision, gram, geo_precision, geo_count, geo_cross, u, geo_var):
    """Factor A for noise precision ``inv_var``; return log det A, or NaN where it is not positive definite.

    ``gram[p, p]`` is Z'Z of the dense columns, ``geo_count[g]`` and ``geo_cross[g, p]`` the products of the geo
    indicators with themselves and with the dense columns. ``u`` receives the factor of the Schur complement,
    ``geo_var[g]`` the variance of a geo's coefficient given the dense ones.
    """
    p, geos = gram.shape[0], geo_count.shape[0]
    for i in range(p):
        for j in range(i, p):
            u[i, j] = inv_var * gram[i, j]
        u[i, i] += precision[i]
    log_det = 0.0
    for g in range(geos):
        pivot = inv_var * geo_count[g] + geo_precision[g]
        geo_var[g] = 1.0 / pivot
        log_det += math.log(pivot)
        factor = inv_var * inv_var * geo_var[g]
        cross = geo_cross[g]
        for i in range(p):
            scaled = factor * cross[i]
            target = u[i]
            for j in range(i, p):
                target[j] -= scaled * cross[j]
    if not cholesky(u):
        return np.nan
    for i in range(p):
        log_det += 2.0 * math.log(u[i, i])
    return log_det


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def conditional_mean(inv_var, geo_cross, u, geo_var, h, h_geo, b, b_geo):
    """Conditional mean of dense coefficients to ``b`` and of the geos' to ``b_geo``, from h = Z'r and its geo part."""
    p, geos = b.shape[0], b_geo.shape[0]
    for i in range(p):
        b[i] = inv_var * h[i]
    for g in range(geos):
        factor = inv_var * inv_var * geo_var[g] * h_geo[g]
        cross = geo_cross[g]
        for i in range(p):
            b[i] -= factor * cross[i]
    solve_transposed(u, b)
    solve(u, b)
    geo_given_dense(inv_var, geo_cross, geo_var, h_geo, b, b_geo)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def geo_given_dense(inv_var, geo_cross, geo_var, h_geo, b, b_geo):
    """Conditional mean of the geos' coefficients given the dense ones, to ``b_geo``."""
    for g in range(b_geo.shape[0]):
        total = h_geo[g]
        cross = geo_cross[g]
        for i in range(b.shape[0]):
            total -= cross[i] * b[i]
        b_geo[g] = inv_var * geo_var[g] * total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def prior_traces(inv_var, precision, drift, geo_precision, geo_cross, u, geo_var, work):
    """Trace of A^-1 D^-1, in all and over the drift's columns ``drift[0] <= i < drift[1]`` alone."""
    p = u.shape[0]
    diagonal = np.empty(p)
    inverse_diagonal(u, diagonal, work)
    total, of_drift = 0.0, 0.0
    for i in range(p):
        part = precision[i] * diagonal[i]
        total += part
        if drift[0] <= i < drift[1]:
            of_drift += part
    v = np.empty(p)
    for g in range(geo_var.shape[0]):
        for i in range(p):
            v[i] = geo_cross[g, i]
        solve_transposed(u, v)
        square = 0.0
        for i in range(p):
            square += v[i] * v[i]
        total += geo_precision[g] * geo_var[g] * (1.0 + inv_var * inv_var * geo_var[g] * square)
    return total, of_drift
