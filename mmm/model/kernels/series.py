"""Loops over flat panels: periods times geos with the geo last, entry ``t * geos + g``.

They run over geos (or, on national data, over time) without branches, so that they are vectorised. Outputs are the
caller's.
"""

from numba import njit

FASTMATH = {"reassoc", "contract", "nsz"}
_PART = 1024
"""Entries that are summed over all lags before the next: they stay in the processor's nearest memory."""


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def convolution(weights, by_weights, geos, x, a, by):
    """Adstock of ``x`` by its ``weights[lag]`` to ``a``, and its derivatives by ``by_weights[k, lag]`` to ``by[k]``.

    Sums of terms of one sign: unlike a recursion it keeps full relative precision where little is left.
    """
    n = x.shape[0]
    for first in range(0, n, _PART):
        stop = min(n, first + _PART)
        for i in range(first, stop):
            a[i] = 0.0
        for k in range(by.shape[0]):
            row = by[k]
            for i in range(first, stop):
                row[i] = 0.0
        for lag in range(weights.shape[0]):
            begin = max(first, lag * geos)
            if begin >= stop:
                break
            source = x[begin - lag * geos : stop - lag * geos]
            if by.shape[0] == 0:
                _add(weights[lag], source, a[begin:stop])
            else:
                _add_two(weights[lag], by_weights[0, lag], source, a[begin:stop], by[0, begin:stop])
            for k in range(1, by.shape[0]):
                _add(by_weights[k, lag], source, by[k, begin:stop])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH, inline="always")
def _add(factor, x, out):
    for i in range(x.shape[0]):
        out[i] += factor * x[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH, inline="always")
def _add_two(factor, other, x, out, second):
    for i in range(x.shape[0]):
        out[i] += factor * x[i]
        second[i] += other * x[i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def sums_by_geo(geos, weights, values, out):
    """Sum over periods of ``weights * values`` to ``out[geo]``; both are flat panels of the same length."""
    if geos == 1:
        total = 0.0
        for i in range(values.shape[0]):
            total += weights[i] * values[i]
        out[0] = total
        return
    for g in range(geos):
        out[g] = 0.0
    for t in range(values.shape[0] // geos):
        w, v = weights[t * geos : (t + 1) * geos], values[t * geos : (t + 1) * geos]
        for g in range(geos):
            out[g] += w[g] * v[g]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def sums_of_panels(geos, weights, panels, out):
    """:func:`sums_by_geo` of several ``panels[k]``, which may be longer than ``weights``, to ``out[k, geo]``."""
    if geos == 1:
        for k in range(panels.shape[0]):
            sums_by_geo(geos, weights, panels[k, : weights.shape[0]], out[k])
        return
    for k in range(panels.shape[0]):
        for g in range(geos):
            out[k, g] = 0.0
    # Period by period, so that the weights are read from memory once.
    for t in range(weights.shape[0] // geos):
        w = weights[t * geos : (t + 1) * geos]
        for k in range(panels.shape[0]):
            v, o = panels[k, t * geos : (t + 1) * geos], out[k]
            for g in range(geos):
                o[g] += w[g] * v[g]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def add_by_geo(geos, factor, values, out):
    """Add ``factor[geo] * values`` to the flat panel ``out``, which may be shorter than ``values``."""
    n = out.shape[0]
    if geos == 1:
        one = factor[0]
        for i in range(n):
            out[i] += one * values[i]
        return
    for t in range(n // geos):
        v, o = values[t * geos : (t + 1) * geos], out[t * geos : (t + 1) * geos]
        for g in range(geos):
            o[g] += factor[g] * v[g]
