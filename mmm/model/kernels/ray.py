"""Compiled curves along a direction, draw by draw: carried over once, then asked at any level.

Shapes as in :mod:`mmm.model.kernels.evaluate`. A "cell" is one geo and channel, numbered ``g * channels + c``; ``i``
counts the given cells, and periods begin with the first in which anything of the direction may arrive. Adstock is
linear: that of ``base + level * direction`` is ``at_base[i, n, t] + level * by_one[i, n, t]`` for every level.
``counts[i, n, t]`` is what saturation counts in a period (one draw for all where it is the same for all) and
``start[i, n]`` the effect at level 0, without the draw's scale.
"""

import numpy as np
from numba import njit

from mmm.model.kernels import call
from mmm.model.kernels.evaluate import grown_weights, inner_series, saturate
from mmm.model.kernels.series import FASTMATH


@njit(cache=True, nogil=True)
def carry(
    akind, apar, skind, spar, lookback, after, base, direction, weights, growth, cells, numbers, at_base, by_one,
    counts, start,
):  # fmt: skip
    """Carry ``base`` and ``direction`` over in the cells ``cells[i]`` for ``i`` in ``numbers``.

    ``growth[n, t, c]`` is what effects are multiplied by; empty where they are constant.
    """
    draws, channels, periods = akind.shape[0], akind.shape[1], base.shape[0]
    first = periods - at_base.shape[2]
    carried, own = np.empty(periods), np.empty(periods)
    spread, f = np.empty((spar.shape[2], at_base.shape[2])), np.empty((3, at_base.shape[2]))
    for i in numbers:
        g, c = cells[i] // channels, cells[i] % channels
        xb, xd = base[:, g, c].copy(), direction[:, g, c].copy()
        for n in range(draws):
            inner_series(akind[n, c], apar[n, c], lookback[c], xb, carried)
            at_base[i, n] = carried[first:]
            inner_series(akind[n, c], apar[n, c], lookback[c], xd, carried)
            by_one[i, n] = carried[first:]
            if n < counts.shape[1]:
                grown = growth[n, :, c] if growth.shape[0] > 0 else growth[:, 0, 0]
                grown_weights(akind[n, c], apar[n, c], lookback[c], after[n, c], weights, g, grown, own)
                counts[i, n] = own[first:]
            saturate(skind[n, c], spar[n, c], at_base[i, n], spread, f)
            start[i, n] = _sums(f, by_one[i, n], counts[i, min(n, counts.shape[1] - 1)])[0]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _sums(f, ad, counts):
    """Weighted sums of saturation, slope and curvature along the direction, where anything of it arrives."""
    value, slope, bend = 0.0, 0.0, 0.0
    for t in range(ad.shape[0]):
        arrives = ad[t] != 0.0
        value += counts[t] * f[0, t] if arrives else 0.0
        slope += counts[t] * f[1, t] * ad[t] if arrives else 0.0
        # An infinite curvature must not meet a direction of 0.
        bend += counts[t] * f[2, t] * ad[t] * ad[t] if arrives else 0.0
    return value, slope, bend


@njit(cache=True, nogil=True)
def _spread(p, spread):
    for k in range(p.shape[0]):
        for t in range(spread.shape[1]):
            spread[k, t] = p[k]


@njit(cache=True, nogil=True)
def _level(kind, spread, level, ab, ad, at, f):
    """Saturation of ``ab + level * ad`` with two derivatives to ``f[0, 1, 2]``; ``at`` is scratch."""
    for t in range(at.shape[0]):
        at[t] = ab[t] + level * ad[t]
    call.curve(kind, spread, at, f[0], f[1], f[2])


@njit(cache=True, nogil=True)
def by_draw(skind, spar, log_beta, cells, at_base, by_one, counts, start, levels, row, value, slope, curvature):
    """Add the effect over ``base``, with two derivatives by level, to the outputs [n, row, c, k].

    ``levels`` is [g, c, k]; ``row[g]`` is where a geo counts: its own row, or one for all.
    """
    channels, periods = skind.shape[1], at_base.shape[2]
    at, f, spread = np.empty(periods), np.empty((3, periods)), np.empty((spar.shape[2], periods))
    for i in range(cells.shape[0]):
        g, c = cells[i] // channels, cells[i] % channels
        r = row[g]
        for n in range(at_base.shape[1]):
            beta, ab, ad = np.exp(log_beta[n, g, c]), at_base[i, n], by_one[i, n]
            heavy = counts[i, min(n, counts.shape[1] - 1)]
            _spread(spar[n, c], spread)
            for k in range(levels.shape[2]):
                _level(skind[n, c], spread, levels[g, c, k], ab, ad, at, f)
                v, d1, d2 = _sums(f, ad, heavy)
                value[n, r, c, k] += beta * (v - start[i, n])
                slope[n, r, c, k] += beta * d1
                curvature[n, r, c, k] += beta * d2


@njit(cache=True, nogil=True)
def mean(skind, spar, log_beta, cells, numbers, at_base, by_one, counts, start, levels, share, value, slope, curvature):
    """As :func:`by_draw`, summed over draws with the weights ``share[n]``, to the outputs [g, c, k].

    Only the cells ``cells[i]`` for ``i`` in ``numbers``, so that threads can share the work without changing any sum.
    """
    channels, periods = skind.shape[1], at_base.shape[2]
    at, f, spread = np.empty(periods), np.empty((3, periods)), np.empty((spar.shape[2], periods))
    for i in numbers:
        g, c = cells[i] // channels, cells[i] % channels
        for n in range(at_base.shape[1]):
            if share[n] == 0.0:
                continue
            weight, ab, ad = share[n] * np.exp(log_beta[n, g, c]), at_base[i, n], by_one[i, n]
            heavy = counts[i, min(n, counts.shape[1] - 1)]
            _spread(spar[n, c], spread)
            for k in range(levels.shape[2]):
                _level(skind[n, c], spread, levels[g, c, k], ab, ad, at, f)
                v, d1, d2 = _sums(f, ad, heavy)
                value[g, c, k] += weight * (v - start[i, n])
                slope[g, c, k] += weight * d1
                curvature[g, c, k] += weight * d2
