"""The linear-Gaussian block of the model: its posterior given noise and scales, for integrating it out and drawing it.

Coefficients b ~ N(0, D) enter the mean as Z b, under noise N(0, sigma^2). Given residuals r, their posterior has
precision A = Z'Z / sigma^2 + D^-1 and mean A^-1 Z'r / sigma^2. Columns are of two sorts: ``p`` dense ones, and lone
ones, for which A is diagonal: an indicator a geo, or on national data the columns of the drift, or all of fixed scale
where these are more, in the basis in which their own products are diagonal and their prior is the same in all
directions. A is then an arrow: the lone columns are eliminated first, and one Cholesky factor of p x p
is left, whatever their number (the Schur complement; Bishop 2006, section 2.3, for the conditionals).

Where directions are the lone columns, their outer products with the dense ones are given, flat
(``lone_outer``): weighted sums of them are one long loop instead of many short ones, which takes a fifth of the time.
"""

import math

import numpy as np
from numba import njit, uintp

from mmm.model.kernels.series import FASTMATH


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
def _weighted(weights, rows):
    """Sum of the ``rows`` times their weights."""
    out = np.zeros(rows.shape[1])
    for k in range(rows.shape[0]):
        weight, row = weights[k], rows[k]
        for i in range(out.shape[0]):
            out[i] += weight * row[i]
    return out


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _sum_of_logs(v):
    total = 0.0
    for i in range(v.shape[0]):
        total += math.log(v[i])
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _trace_with_inverse(flat, inverse):
    """Trace of M (U'U)^-1, of M the upper triangle row by row, given U^-1."""
    p, at, total = inverse.shape[0], 0, 0.0
    for i in range(p):
        for j in range(i, p):
            dot = 0.0
            for k in range(j, p):
                dot += inverse[i, k] * inverse[j, k]
            total += (1.0 if i == j else 2.0) * flat[at] * dot
            at += 1
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def factorise(inv_var, precision, gram, lone_precision, lone_square, lone_cross, lone_outer, u, lone_var):
    """Factor A for noise precision ``inv_var``; return log det A, or NaN where it is not positive definite.

    ``gram[p, p]`` is Z'Z of the dense columns, ``lone_square[l]`` and ``lone_cross[l, p]`` the products of the lone
    columns with themselves and with the dense ones. ``u`` receives the factor of the Schur complement,
    ``lone_var[l]`` the variance of a lone coefficient given the dense ones.
    """
    p, lone = gram.shape[0], lone_square.shape[0]
    for i in range(p):
        for j in range(i, p):
            u[i, j] = inv_var * gram[i, j]
        u[i, i] += precision[i]
    # A loop that both stores and sums may add in another order where its arrays lie close together in memory.
    for g in range(lone):
        lone_var[g] = 1.0 / (inv_var * lone_square[g] + lone_precision[g])
    log_det = -_sum_of_logs(lone_var)
    if lone_outer.shape[0] > 0:
        outer, at = _weighted(lone_var, lone_outer), 0
        for i in range(p):
            for j in range(i, p):
                u[i, j] -= inv_var * inv_var * outer[at]
                at += 1
    else:
        for g in range(lone):
            _subtract_square(u, inv_var * inv_var * lone_var[g], lone_cross[g])
    if not cholesky(u):
        return np.nan
    for i in range(p):
        log_det += 2.0 * math.log(u[i, i])
    return log_det


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def conditional_mean(inv_var, lone_cross, u, lone_var, h, h_lone, b, b_lone):
    """Conditional mean of dense coefficients to ``b`` and of lone ones to ``b_lone``, from their parts of h = Z'r."""
    p, lone = b.shape[0], b_lone.shape[0]
    for i in range(p):
        b[i] = inv_var * h[i]
    for g in range(lone):
        factor = inv_var * inv_var * lone_var[g] * h_lone[g]
        cross = lone_cross[g]
        for i in range(p):
            b[i] -= factor * cross[i]
    solve_transposed(u, b)
    solve(u, b)
    lone_given_dense(inv_var, lone_cross, lone_var, h_lone, b, b_lone)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def lone_given_dense(inv_var, lone_cross, lone_var, h_lone, b, b_lone):
    """Conditional mean of the lone coefficients given the dense ones, to ``b_lone``."""
    for g in range(b_lone.shape[0]):
        total = h_lone[g]
        cross = lone_cross[g]
        for i in range(b.shape[0]):
            total -= cross[i] * b[i]
        b_lone[g] = inv_var * lone_var[g] * total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def prior_traces(inv_var, precision, lone_precision, lone_cross, lone_outer, u, lone_var):
    """Diagonal of A^-1 D^-1 over the dense columns, and its sum over the lone ones."""
    p, lone = u.shape[0], lone_var.shape[0]
    diagonal, inverse = np.empty(p), np.empty((p, p))
    inverse_diagonal(u, diagonal, inverse)
    of_lone = 0.0
    for i in range(p):
        diagonal[i] *= precision[i]
    weights = np.empty(lone)
    for g in range(lone):
        weights[g] = lone_precision[g] * (inv_var * lone_var[g]) ** 2
    for g in range(lone):
        of_lone += lone_precision[g] * lone_var[g]
    if lone_outer.shape[0] > 0:
        return diagonal, of_lone + _trace_with_inverse(_weighted(weights, lone_outer), inverse)
    v = np.empty(p)
    for g in range(lone):
        for i in range(p):
            v[i] = lone_cross[g, i]
        solve_transposed(u, v)
        square = 0.0
        for i in range(p):
            square += v[i] * v[i]
        of_lone += weights[g] * square
    return diagonal, of_lone
