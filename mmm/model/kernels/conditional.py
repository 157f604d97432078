"""Coordinates of the baseline's coefficients where these are sampled: what is left of them given the media.

With a normal likelihood the coefficients could be integrated out; here they are replaced by numbers u that would be
standard normal (those with a sampled scale) or of one size (all others) whatever the media and the scales are, so that
an effect can grow without the intercept having to follow. Of the residuals r of the media alone, of a fixed noise
precision w and of coefficients of scale s (the drift's, in directions whose products, given the other columns, are
diagonal):

- raw_k = g_k s w (z_k - Z_o K_k)'r + sqrt(g_k) u_k with g_k = 1 / (1 + a_k s^2), the scaled coefficients in units of
  s, with the others integrated out;
- c_o = u_o + G Z_o'r - K s raw, the others given those.

The map is exact for any w, a, G and K (``known`` = (a, w), ``given`` = G, ``onto`` = K); with those of a normal
likelihood it is the conditional distribution (Bishop 2006, section 2.3), and for Student-t noise close to it.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.columns import project, subtract_columns
from mmm.model.kernels.series import FASTMATH


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def products(block, r):
    """Z_o'r, and w (Z_d - Z_o K)'r of the scaled columns."""
    p = block.precision.shape[0]
    others, scaled = block.onto.shape
    h = np.empty(others + scaled)
    project(block, r, h[:p], h[p:])
    ho, hd = np.empty(others), np.empty(scaled)
    for k in range(scaled):
        hd[k] = h[block.scaled[k]]
    for j in range(others):
        ho[j] = h[block.rest[j]]
        for k in range(scaled):
            hd[k] -= block.onto[j, k] * ho[j]
    for k in range(scaled):
        hd[k] *= block.known[scaled]
    return ho, hd


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _others(block, ho, c, sds, j):
    """What is added to the ``j``-th coefficient without a sampled scale."""
    total = 0.0
    for i in range(ho.shape[0]):
        total += block.given[j, i] * ho[i]
    for k in range(block.onto.shape[1]):
        at = block.scaled[k]
        total -= sds[block.group[at]] * block.onto[j, k] * c[at]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def to_model(block, ho, hd, sds, c):
    """Turn u in ``c`` to coefficients at :func:`products` and scales ``sds``; return the log of the Jacobian."""
    value = 0.0
    for k in range(hd.shape[0]):
        at = block.scaled[k]
        sd = sds[block.group[at]]
        g = 1.0 / (1.0 + block.known[k] * sd * sd)
        c[at] = g * sd * hd[k] + math.sqrt(g) * c[at]
        value += 0.5 * math.log(g)
    for j in range(ho.shape[0]):
        c[block.rest[j]] += _others(block, ho, c, sds, j)
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def from_model(block, ho, hd, sds, c):
    """The inverse of :func:`to_model`."""
    for j in range(ho.shape[0]):
        c[block.rest[j]] -= _others(block, ho, c, sds, j)
    for k in range(hd.shape[0]):
        at = block.scaled[k]
        sd = sds[block.group[at]]
        g = 1.0 / (1.0 + block.known[k] * sd * sd)
        c[at] = (c[at] - g * sd * hd[k]) / math.sqrt(g)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def adjoint(block, hd, sds, u, c, by_c, r, by_log):
    """Turn the gradient ``by_c`` by the coefficients ``c`` into that by ``u``; add that by log scales to ``by_log``.

    ``r`` is the gradient by the mean, to which the part through the residuals is added.
    """
    p = block.precision.shape[0]
    others, scaled = block.onto.shape
    by_h = np.zeros(others + scaled)
    for j in range(others):
        by = by_c[block.rest[j]]
        for i in range(others):
            by_h[block.rest[i]] += block.given[j, i] * by
        for k in range(scaled):
            at = block.scaled[k]
            step = sds[block.group[at]] * block.onto[j, k] * by
            by_c[at] -= step
            by_log[block.group[at]] -= step * c[at]
    for k in range(scaled):
        at = block.scaled[k]
        sd = sds[block.group[at]]
        a = block.known[k] * sd * sd
        g = 1.0 / (1.0 + a)
        root, by = math.sqrt(g), by_c[at]
        by_log[block.group[at]] += by * (hd[k] * g * sd * (1.0 - 2.0 * a * g) - u[at] * a * g * root) - a * g
        by_h[at] = by * g * sd * block.known[scaled]
        by_c[at] = by * root
    for j in range(others):
        for k in range(scaled):
            by_h[block.rest[j]] -= block.onto[j, k] * by_h[block.scaled[k]]
    # The residuals fall where the mean rises.
    subtract_columns(block, by_h[:p], by_h[p:], r)
