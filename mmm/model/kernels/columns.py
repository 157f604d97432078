"""Products of the baseline's columns with residuals and with coefficients.

Dense columns are the same in every geo (``shared``) or not (``varying``); lone ones have no products with each other:
the geos' indicators, or on national data directions of the drift or of the terms of fixed scale.
"""

import numpy as np
from numba import njit

from mmm.model.kernels.block import (
    BEGIN,
    COARSE,
    END,
    FIRST_SHARE,
    GEOS,
    INNER_SHARE,
    LAST_SHARE,
    SHARED,
    WINDOW,
)
from mmm.model.kernels.series import FASTMATH, sums_by_geo


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _share(row, t):
    """Weight of period ``t`` in the mean of an outcome row."""
    if t == int(row[BEGIN]):
        return row[FIRST_SHARE]
    return row[LAST_SHARE] if t == int(row[END]) else row[INNER_SHARE]


@njit(cache=True, nogil=True, error_model="numpy")
def _residuals_of_rows(block, mean, out):
    geos = block.size[GEOS]
    out[:] = 0.0
    for k in range(block.size[COARSE]):
        row = block.outcome_rows[k]
        at = int(row[END]) * geos
        for t in range(int(row[BEGIN]), int(row[END]) + 1):
            weight = _share(row, t)
            for g in range(geos):
                out[at + g] -= weight * mean[t * geos + g]
        for g in range(geos):
            out[at + g] = block.outcome[at + g] + block.observed[at + g] * out[at + g]
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def by_period(block, by_row):
    """The gradient by the mean of every period, from that by what outcome rows see of it."""
    if block.size[COARSE] == 0:
        return by_row
    geos, out = block.size[GEOS], np.zeros_like(by_row)
    for k in range(block.size[COARSE]):
        row = block.outcome_rows[k]
        at = int(row[END]) * geos
        for t in range(int(row[BEGIN]), int(row[END]) + 1):
            weight = _share(row, t)
            for g in range(geos):
                out[t * geos + g] += weight * by_row[at + g] * block.observed[at + g]
    return out


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def residuals(block, mean):
    """Outcome less ``mean``, zero where unobserved; a row that covers several periods less the mean over them."""
    out = np.empty_like(mean)
    if block.size[COARSE] > 0:
        return _residuals_of_rows(block, mean, out)
    for i in range(mean.shape[0]):
        out[i] = block.outcome[i] - block.observed[i] * mean[i]
    return out


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def project(block, r, h, h_lone):
    """Products of all columns with the residuals ``r``: dense ones to ``h``, lone ones to ``h_lone``."""
    geos, window, shared = block.size[GEOS], block.size[WINDOW], block.size[SHARED]
    over_geos = r
    for i in range(block.lone.shape[0]):
        column = block.lone[i]
        total = 0.0
        for t in range(window):
            total += column[t] * r[t]
        h_lone[i] = total
    if geos > 1:
        over_geos = np.empty(window)
        for t in range(window):
            total = 0.0
            for g in range(geos):
                total += r[t * geos + g]
            over_geos[t] = total
        sums_by_geo(geos, block.observed, r, h_lone)
    for i in range(shared):
        column = block.shared[i]
        total = 0.0
        for t in range(window):
            total += column[t] * over_geos[t]
        h[i] = total
    for i in range(block.varying.shape[0]):
        column = block.varying[i]
        total = 0.0
        for t in range(r.shape[0]):
            total += column[t] * r[t]
        h[shared + i] = total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _add_columns(columns, b, out):
    """Add ``b[i]`` times each of the ``columns[., W]`` to ``out[W]``."""
    for i in range(columns.shape[0]):
        column, factor = columns[i], b[i]
        for t in range(out.shape[0]):
            out[t] += factor * column[t]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def subtract_columns(block, b, b_lone, r):
    """Subtract the columns' contribution at coefficients ``b`` and ``b_lone`` from ``r``, zero where unobserved."""
    geos, window, shared = block.size[GEOS], block.size[WINDOW], block.size[SHARED]
    level = np.zeros(window)
    _add_columns(block.lone, b_lone, level)
    _add_columns(block.shared, b, level)
    if geos == 1:
        for t in range(window):
            r[t] -= level[t] * block.observed[t]
    else:
        for t in range(window):
            seen, row, here = block.observed[t * geos : (t + 1) * geos], r[t * geos : (t + 1) * geos], level[t]
            for g in range(geos):
                row[g] -= (here + b_lone[g]) * seen[g]
    for i in range(block.varying.shape[0]):
        column, factor = block.varying[i], b[shared + i]
        for t in range(r.shape[0]):
            r[t] -= factor * column[t]
