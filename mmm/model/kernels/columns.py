"""Products of the baseline's columns with residuals and with coefficients.

Dense columns are the same in every geo (``shared``) or not (``varying``); lone ones have no products with each other:
the geos' indicators, or on national data the drift's directions.
"""

import numpy as np
from numba import njit

from mmm.model.kernels.block import GEOS, SHARED, WINDOW
from mmm.model.kernels.series import FASTMATH, sums_by_geo


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def residuals(block, mean):
    """Outcome less ``mean``, zero where unobserved."""
    out = np.empty_like(mean)
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
