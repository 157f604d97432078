"""Coordinates of the baseline's coefficients where these are sampled: what is left of them given the media.

With a normal likelihood the coefficients could be integrated out; here they are replaced by numbers u that would be
standard normal (the drift's) or of one size (all others) whatever the media and the drift's scale are, so that an
effect can grow without the intercept having to follow. Of the residuals r of the media alone, of a fixed noise
precision w and of a drift of scale s in directions whose products, given the other columns, are diagonal:

- raw_k = g_k s w (z_k - Z_o K_k)'r + sqrt(g_k) u_k with g_k = 1 / (1 + a_k s^2), the drift's coefficients in units of
  s, with the others integrated out;
- c_o = u_o + G Z_o'r - K s raw, the others given the drift.

The map is exact for any w, a, G and K (``known`` = (a, w), ``given`` = G, ``onto`` = K); with those of a normal
likelihood it is the conditional distribution (Bishop 2006, section 2.3), and for Student-t noise close to it.
"""

import math

import numpy as np
from numba import njit

from mmm.model.kernels.block import DRIFT_START, DRIFT_STOP
from mmm.model.kernels.columns import project, subtract_columns
from mmm.model.kernels.series import FASTMATH


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _place(j, start, stop):
    """Position among all coefficients of the ``j``-th that is not the drift's."""
    return j if j < start else j + stop - start


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def products(block, r):
    """Z_o'r, and w (Z_d - Z_o K)'r of the drift's columns."""
    start, stop, p = block.size[DRIFT_START], block.size[DRIFT_STOP], block.precision.shape[0]
    others, drift = block.onto.shape
    h = np.empty(others + drift)
    project(block, r, h[:p], h[p:])
    ho, hd = np.empty(others), h[start:stop].copy()
    for j in range(others):
        ho[j] = h[_place(j, start, stop)]
        for k in range(drift):
            hd[k] -= block.onto[j, k] * ho[j]
    for k in range(drift):
        hd[k] *= block.known[drift]
    return ho, hd


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _others(block, ho, c, sd, j):
    """What is added to the ``j``-th coefficient that is not the drift's."""
    start, total = block.size[DRIFT_START], 0.0
    for i in range(ho.shape[0]):
        total += block.given[j, i] * ho[i]
    for k in range(block.onto.shape[1]):
        total -= sd * block.onto[j, k] * c[start + k]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def to_model(block, ho, hd, sd, c):
    """Turn u in ``c`` to coefficients at :func:`products` and drift scale ``sd``; return the log of the Jacobian."""
    start, stop, value = block.size[DRIFT_START], block.size[DRIFT_STOP], 0.0
    for k in range(hd.shape[0]):
        g = 1.0 / (1.0 + block.known[k] * sd * sd)
        c[start + k] = g * sd * hd[k] + math.sqrt(g) * c[start + k]
        value += 0.5 * math.log(g)
    for j in range(ho.shape[0]):
        c[_place(j, start, stop)] += _others(block, ho, c, sd, j)
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def from_model(block, ho, hd, sd, c):
    """The inverse of :func:`to_model`."""
    start, stop = block.size[DRIFT_START], block.size[DRIFT_STOP]
    for j in range(ho.shape[0]):
        c[_place(j, start, stop)] -= _others(block, ho, c, sd, j)
    for k in range(hd.shape[0]):
        g = 1.0 / (1.0 + block.known[k] * sd * sd)
        c[start + k] = (c[start + k] - g * sd * hd[k]) / math.sqrt(g)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def adjoint(block, hd, sd, u, c, by_c, r):
    """Turn the gradient ``by_c`` by the coefficients ``c`` into that by ``u``; return that by the log drift scale.

    ``r`` is the gradient by the mean, to which the part through the residuals is added.
    """
    start, stop, p = block.size[DRIFT_START], block.size[DRIFT_STOP], block.precision.shape[0]
    others, drift = block.onto.shape
    by_h, by_log = np.zeros(others + drift), 0.0
    for j in range(others):
        by = by_c[_place(j, start, stop)]
        for i in range(others):
            by_h[_place(i, start, stop)] += block.given[j, i] * by
        for k in range(drift):
            by_c[start + k] -= sd * block.onto[j, k] * by
            by_log -= sd * block.onto[j, k] * by * c[start + k]
    for k in range(drift):
        a = block.known[k] * sd * sd
        g = 1.0 / (1.0 + a)
        root, by = math.sqrt(g), by_c[start + k]
        by_log += by * (hd[k] * g * sd * (1.0 - 2.0 * a * g) - u[start + k] * a * g * root) - a * g
        by_h[start + k] = by * g * sd * block.known[drift]
        by_c[start + k] = by * root
    for j in range(others):
        for k in range(drift):
            by_h[_place(j, start, stop)] -= block.onto[j, k] * by_h[start + k]
    # The residuals fall where the mean rises.
    subtract_columns(block, by_h[:p], by_h[p:], r)
    return by_log
