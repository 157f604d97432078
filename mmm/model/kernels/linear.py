"""The linear-Gaussian block of the model: its posterior given noise and scales, for integrating it out and drawing it.

Coefficients b ~ N(0, D) enter the mean as Z b, under noise N(0, sigma^2). Given residuals r, their posterior has
precision A = Z'Z / sigma^2 + D^-1 and mean A^-1 Z'r / sigma^2. Columns are of two sorts: ``p`` dense ones, and one
indicator a geo, for which A is diagonal. A is then an arrow: the geos are eliminated first, and one Cholesky factor of
p x p is left, whatever the number of geos (the Schur complement; Bishop 2006, section 2.3, for the conditionals).
"""

import math

import numpy as np
from numba import njit, uintp

from mmm.model.kernels.tangents import FASTMATH


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def cholesky(m):
    """Overwrite the upper triangle of ``m`` with U where m = U'U; return False where ``m`` is not positive definite.

    Row by row with updates along rows: contiguous, and small enough that calling LAPACK would cost more. Positions are
    unsigned, which spares the test for negative ones and halves the time.
    """
    p, flat = uintp(m.shape[0]), m.ravel()
    for row in range(p):
        k = uintp(row)
        at = k * p
        pivot = flat[at + k]
        if not pivot > 0.0:
            return False
        inverse = 1.0 / math.sqrt(pivot)
        for j in range(k, p):
            flat[at + uintp(j)] *= inverse
        for i in range(k + uintp(1), p):
            factor, target = flat[at + uintp(i)], uintp(i) * p
            for j in range(i, p):
                flat[target + uintp(j)] -= factor * flat[at + uintp(j)]
    return True


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def solve_transposed(u, v):
    """Overwrite ``v`` with U'^-1 v."""
    p, flat = uintp(u.shape[0]), u.ravel()
    for row in range(p):
        k = uintp(row)
        at = k * p
        factor = v[k] / flat[at + k]
        v[k] = factor
        for j in range(k + uintp(1), p):
            v[uintp(j)] -= factor * flat[at + uintp(j)]


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
    p, flat, built = uintp(u.shape[0]), u.ravel(), work.ravel()
    for i in range(built.shape[0]):
        built[i] = 0.0
    for step in range(p):
        i = p - uintp(1) - uintp(step)
        at = i * p
        k = i + uintp(1)
        # Four rows at a time: the sum would otherwise wait for its own last store.
        while k + uintp(4) <= p:
            f0, f1, f2, f3 = flat[at + k], flat[at + k + uintp(1)], flat[at + k + uintp(2)], flat[at + k + uintp(3)]
            r0 = k * p
            r1, r2, r3 = r0 + p, r0 + p + p, r0 + p + p + p
            for column in range(k, p):
                j = uintp(column)
                built[at + j] -= (f0 * built[r0 + j] + f1 * built[r1 + j]) + (f2 * built[r2 + j] + f3 * built[r3 + j])
            k += uintp(4)
        while k < p:
            for column in range(k, p):
                j = uintp(column)
                built[at + j] -= flat[at + k] * built[k * p + j]
            k += uintp(1)
        inverse = 1.0 / flat[at + i]
        built[at + i] = 1.0
        total = 0.0
        for j in range(i, p):
            value = built[at + uintp(j)] * inverse
            built[at + uintp(j)] = value
            total += value * value
        out[i] = total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _subtract_square(m, factor, v):
    """Subtract factor * v v' from the upper triangle of ``m``."""
    p, flat = uintp(m.shape[0]), m.ravel()
    for row in range(p):
        i = uintp(row)
        scaled, at = factor * v[i], i * p
        for j in range(i, p):
            flat[at + uintp(j)] -= scaled * v[uintp(j)]


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
        _subtract_square(u, inv_var * inv_var * geo_var[g], geo_cross[g])
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
