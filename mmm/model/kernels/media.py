"""The fused media likelihood: from parameters to the outcome's mean and back, over all channels, geos and periods.

Forward: responses u[c, t, g] and their derivatives; effect of the window's spend at unit scale by geo; from the
effect's level that of the curve; mean[t, g] = sum over channels of beta[c, g] * u[c, t, g]. Backward: inner products of
the outcome's gradient with the same panels. Mathematics in docs/engine.md.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mmm.model.kernels.block import CHANNELS, DELAYED, GEOS, HISTORY, LOOKBACK, SLOPED, WINDOW
from mmm.model.kernels.tangents import add_by_geo, carryover, chain, convolution, recursion, saturation, sums_by_geo

# A channel's panels: its response and the derivatives. The last two exist where any channel has a delay or a slope.
RESPONSE, BY_ALPHA, BY_HALF, BY_DELAY, BY_SLOPE = range(5)


class Parameters(NamedTuple):
    """By channel, on the natural scale but for ``log_effect``; ``deviation`` of log effects is [c, g]."""

    log_effect: np.ndarray
    alpha: np.ndarray
    half: np.ndarray
    delay: np.ndarray
    slope: np.ndarray
    deviation: np.ndarray


class Gradient(NamedTuple):
    """Derivatives by the entries of :class:`Parameters`; those by ``half`` and ``slope`` are by their logarithms."""

    log_effect: np.ndarray
    alpha: np.ndarray
    log_half: np.ndarray
    delay: np.ndarray
    log_slope: np.ndarray
    deviation: np.ndarray


class Media(NamedTuple):
    """What the forward pass leaves for the backward pass.

    ``panels[c, panel, R * G]``; ``unit[c, panel, g]`` their weighted sums times exp(deviation); ``total[c]`` the sum of
    the responses' over geos; ``beta[c, g]``; ``mean[W * G]``.
    """

    panels: np.ndarray
    unit: np.ndarray
    total: np.ndarray
    beta: np.ndarray
    mean: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def respond(kinds, lags, before, geos, delayed, sloped, at, media, scratch, out):
    """Response of a channel to the flat panel ``media``, and its derivatives, to the panels ``out``.

    The first ``before`` periods are carried over but left out of ``out``. ``at`` has alpha, half, delay and slope,
    ``kinds`` the families, ``lags`` is the look-back. No block is taken: its many arrays cost more to hand over than a
    national channel to compute.
    """
    start, n = before * geos, media.shape[0]
    a, b, d, s = scratch[0, :n], scratch[1, :n], scratch[2, :n], scratch[3, :n]
    if delayed or sloped:
        weights = np.empty((3, lags + 1))
        carryover(kinds[0], at[0], at[2], lags, weights)
        convolution(weights, delayed, geos, media, a, b, d)
    else:
        recursion(kinds[0], at[0], lags, geos, media, a, b)
    # Where there are three panels alone, the others are never written.
    by_delay, by_slope = out[min(BY_DELAY, out.shape[0] - 1)], out[out.shape[0] - 1]
    saturation(kinds[1], at[1], at[3], sloped, a[start:], out[RESPONSE], s[start:], by_slope)
    chain(start, a, b, d, s, delayed, out[BY_ALPHA], out[BY_HALF], by_delay)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def in_use(slot, c, panel):
    """Whether the channel has the parameter that a panel is the derivative by."""
    return panel < BY_DELAY or slot[panel - BY_DELAY, c] >= 0


@njit(cache=True, nogil=True, error_model="numpy")
def _responses(size, all_kinds, slot, media, earlier, weights, p, panels, unit):
    """All channels' panels and, by geo, their weighted sums less those of the history's carryover."""
    geos, lags = size[GEOS], size[LOOKBACK]
    scratch = np.empty((4, media.shape[1]))
    carried = lags * geos if size[HISTORY] > 0 else 0
    past = np.empty((panels.shape[1], carried))
    of_past = np.empty(geos)
    for c in range(size[CHANNELS]):
        kinds = (all_kinds[0, c], all_kinds[1, c])
        at = (p.alpha[c], p.half[c], p.delay[c], p.slope[c])
        delayed, sloped = slot[0, c] >= 0, slot[1, c] >= 0
        respond(kinds, lags, size[HISTORY], geos, delayed, sloped, at, media[c], scratch, panels[c])
        if carried > 0:
            respond(kinds, lags, size[HISTORY], geos, delayed, sloped, at, earlier[c], scratch, past)
        for k in range(panels.shape[1]):
            if not in_use(slot, c, k):
                for g in range(geos):
                    unit[c, k, g] = 0.0
                continue
            sums_by_geo(geos, weights, panels[c, k], unit[c, k])
            if carried > 0:
                sums_by_geo(geos, weights[:carried], past[k], of_past)
                for g in range(geos):
                    unit[c, k, g] -= of_past[g]


@njit(cache=True, nogil=True, error_model="numpy")
def forward(block, p):
    """The :class:`Media` of a block at :class:`Parameters` ``p``."""
    size, channels, geos = block.size, block.size[CHANNELS], block.size[GEOS]
    n = 5 if size[DELAYED] + size[SLOPED] > 0 else 3
    panels = np.empty((channels, n, block.weights.shape[0]))
    unit = np.empty((channels, n, geos))
    total, beta = np.zeros(channels), np.empty((channels, geos))
    mean = np.zeros(size[WINDOW] * geos)
    _responses(size, block.kinds, block.slot, block.media, block.earlier, block.weights, p, panels, unit)
    for c in range(channels):
        for g in range(geos):
            beta[c, g] = np.exp(p.deviation[c, g])
            for k in range(n):
                unit[c, k, g] *= beta[c, g]
            total[c] += unit[c, RESPONSE, g]
        level = np.exp(p.log_effect[c] + block.log_denominator[c]) / total[c]
        for g in range(geos):
            beta[c, g] *= level
        add_by_geo(geos, beta[c], panels[c, RESPONSE], mean)
    return Media(panels, unit, total, beta, mean)


@njit(cache=True, nogil=True, error_model="numpy")
def backward(block, media, by_mean, by_log_beta, by_panel):
    """The :class:`Gradient` of a function with gradient ``by_mean[W * G]`` and ``by_log_beta[c, g]``.

    ``by_panel[c, panel]`` is what it depends on a channel's parameters besides, in the order of the panels.
    """
    channels, geos, slot = block.size[CHANNELS], block.size[GEOS], block.slot
    n, kept = media.panels.shape[1], by_mean.shape[0]
    out = Gradient(
        np.zeros(channels), np.zeros(channels), np.zeros(channels), np.zeros(channels), np.zeros(channels),
        np.empty((channels, geos)),
    )  # fmt: skip
    inner = np.empty(geos)
    direct = np.zeros(5)
    for c in range(channels):
        beta, unit = media.beta[c], media.unit[c]
        for k in range(n):
            direct[k] = by_panel[c, k]
            if not in_use(slot, c, k):
                continue
            sums_by_geo(geos, by_mean, media.panels[c, k, :kept], inner)
            for g in range(geos):
                direct[k] += beta[g] * inner[g]
            if k == RESPONSE:
                for g in range(geos):
                    by_level = beta[g] * inner[g] + by_log_beta[c, g]
                    out.log_effect[c] += by_level
                    out.deviation[c, g] = by_level
        # A larger response at unit scale lowers the scale: the effect is held by its own parameter.
        held = out.log_effect[c] / media.total[c]
        for g in range(geos):
            out.deviation[c, g] -= held * unit[RESPONSE, g]
            for k in range(1, n):
                direct[k] -= held * unit[k, g]
        out.alpha[c], out.log_half[c] = direct[BY_ALPHA], direct[BY_HALF]
        out.delay[c], out.log_slope[c] = direct[BY_DELAY], direct[BY_SLOPE]
    return out
