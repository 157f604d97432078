"""The fused media likelihood: from parameters to the outcome's mean and back, over all channels, geos and periods.

Forward: responses u[c, t, g] and their derivatives; effect of the window's spend at unit scale by geo; from the
effect's level that of the curve; mean[t, g] = sum over channels of beta[c, g] * u[c, t, g]. Backward: inner products of
the outcome's gradient with the same panels. Mathematics in docs/engine.md.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mmm.model.kernels import call
from mmm.model.kernels.block import (
    ADSTOCK,
    CARRIED,
    CHANNELS,
    CURVED,
    GEOS,
    HISTORY,
    LAGS,
    LOOKBACK,
    NORMALISED,
    PARAMETERS,
    PATH,
    PATHS,
    PRECISE,
    REACH,
    SATURATED_FIRST,
    SATURATION,
    SIGN,
    STEPS,
    WINDOW,
)
from mmm.model.kernels.series import FASTMATH, add_by_geo, convolution, sums_of_panels

# A channel's first panel is its response; the others are its derivatives by the parameters of carryover and curve.
RESPONSE = 0


class Parameters(NamedTuple):
    """``families[c, k]`` are a channel's parameters of carryover, then of curve, on their natural scale.

    ``deviation`` of log effects is [c, g]; ``signed`` are the sizes of the coefficients of one sign, which are no
    parameters of media but are sampled as they are; ``steps[path, step]`` are those of effects that vary in time.
    """

    log_effect: np.ndarray
    families: np.ndarray
    deviation: np.ndarray
    signed: np.ndarray
    steps: np.ndarray


class Gradient(NamedTuple):
    """Derivatives by the entries of :class:`Parameters`; by the logs of the sizes ``signed``."""

    log_effect: np.ndarray
    families: np.ndarray
    deviation: np.ndarray
    signed: np.ndarray
    steps: np.ndarray


class Media(NamedTuple):
    """What the forward pass leaves for the backward pass.

    ``panels[c, panel, R * G]``; ``unit[c, panel, g]`` their weighted sums times exp(deviation); ``total[c]`` the sum of
    the responses' over geos; ``beta[c, g]``, with the effect's sign; ``mean[W * G]``. Where effects vary in time,
    panels are multiplied by it, and ``timed[c, R]`` are the parts of ``total`` by period; empty where none varies.
    """

    panels: np.ndarray
    unit: np.ndarray
    total: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    signed: np.ndarray
    timed: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH, inline="always")
def _multiply(one, other, out):
    for i in range(out.shape[0]):
        out[i] = one[i] * other[i]


SCRATCH = 3
"""Rows of media that :func:`respond` needs besides one for every parameter."""


@njit(cache=True, nogil=True, error_model="numpy")
def respond(family, before, geos, p, media, reach, scratch, out):
    """Response of a channel to the flat panel ``media``, and its derivatives, to the panels ``out``.

    The first ``before`` periods are carried over but left out of ``out``. ``family`` is the channel's row of the
    block's ``families``, ``p`` its parameters; ``scratch`` holds a row of media for every parameter and
    :data:`SCRATCH` more. With ``reach``, which is empty for other channels, ``media`` is the frequency. No block is
    taken: its many arrays cost more to hand over than a national channel to compute.
    """
    start, n, carried, lags = before * geos, media.shape[0], family[CARRIED], family[LAGS]
    ends = 1 + carried + family[CURVED]
    a, slope = scratch[:n], scratch[n : 2 * n]
    by = scratch[2 * n : (2 + carried) * n].reshape(carried, n)
    number, normalised = family[ADSTOCK], family[NORMALISED] > 0
    if family[SATURATED_FIRST] > 0:
        _carry_saturated(family, geos, p, media, reach, a, slope, by, scratch[(2 + carried) * n :], start, out)
        return
    if call.has_recursion(number) and family[PRECISE] == 0:
        call.recursion(number, p, normalised, lags, geos, media, a, by)
    else:
        weights, by_weights = np.empty(lags + 1), np.empty((carried, lags + 1))
        call.weights(number, p, normalised, weights, by_weights)
        convolution(weights, by_weights, geos, media, a, by)
    call.response(family[SATURATION], p[carried:], a[start:], out[RESPONSE], slope[start:], out[1 + carried : ends])
    for k in range(carried):
        _multiply(slope[start:], by[k, start:], out[1 + k])


@njit(cache=True, nogil=True, error_model="numpy")
def _carry_saturated(family, geos, p, media, reach, a, slope, by, rest, start, out):
    """:func:`respond` where saturation comes before carryover: the curve's panels are carried over."""
    n, carried, curved, lags = media.shape[0], family[CARRIED], family[CURVED], family[LAGS]
    value, bent = rest[:n], rest[n : (1 + curved) * n].reshape(curved, n)
    call.response(family[SATURATION], p[carried:], media, value, slope, bent)
    if reach.shape[0] > 0:
        _multiply(reach, value, value)
        for k in range(curved):
            _multiply(reach, bent[k], bent[k])
    weights, by_weights = np.empty(lags + 1), np.empty((carried, lags + 1))
    call.weights(family[ADSTOCK], p, family[NORMALISED] > 0, weights, by_weights)
    convolution(weights, by_weights, geos, value, a, by)
    out[RESPONSE, :] = a[start:]
    for k in range(carried):
        out[1 + k, :] = by[k, start:]
    for k in range(curved):
        convolution(weights, np.empty((0, lags + 1)), geos, bent[k], a, by[:0])
        out[1 + carried + k, :] = a[start:]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def panels_of(family):
    """How many panels a channel has; the others of the array are not written."""
    return 1 + family[CARRIED] + family[CURVED]


@njit(cache=True, nogil=True, error_model="numpy")
def multipliers(block, p):
    """What effects that vary in time are multiplied by, [path, R]: exp of their paths."""
    out = np.empty((block.size[PATHS], block.steps.shape[1]))
    for i in range(out.shape[0]):
        for t in range(out.shape[1]):
            total = 0.0
            for k in range(block.size[STEPS]):
                total += p.steps[i, k] * block.steps[k, t]
            out[i, t] = np.exp(total)
    return out


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def over_time(geos, factor, panels):
    """Multiply flat panels ``[k, t * G]`` by ``factor[t]``, which may be longer."""
    for k in range(panels.shape[0]):
        for t in range(panels.shape[1] // geos):
            for i in range(t * geos, (t + 1) * geos):
                panels[k, i] *= factor[t]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def add_by_time(geos, factor, weights, values, out):
    """Add to ``out[t]`` the sum over geos of ``factor[g] * weights * values``, as long as ``weights`` are."""
    for t in range(weights.shape[0] // geos):
        total = 0.0
        for g in range(geos):
            total += factor[g] * weights[t * geos + g] * values[t * geos + g]
        out[t] += total


@njit(cache=True, nogil=True, error_model="numpy")
def _responses(block, p, growth, panels, unit, timed):
    """All channels' panels and, by geo, their weighted sums less those of the history's carryover; ``timed`` too."""
    size, families, media, earlier, weights = block.size, block.families, block.media, block.earlier, block.weights
    geos, lags = size[GEOS], size[LOOKBACK]
    scratch = np.empty((SCRATCH + size[PARAMETERS]) * media.shape[1])
    carried = lags * geos if size[HISTORY] > 0 else 0
    past = np.empty((panels.shape[1], carried))
    of_past = np.empty((panels.shape[1], geos))
    for c in range(size[CHANNELS]):
        family, own, row = families[c], p.families[c], families[c, REACH]
        reach = media[row] if row >= 0 else media[c, :0]
        reached = earlier[row] if row >= 0 else earlier[c, :0]
        respond(family, size[HISTORY], geos, own, media[c], reach, scratch, panels[c])
        if carried > 0:
            respond(family, size[HISTORY], geos, own, earlier[c], reached, scratch, past)
        n, path = panels_of(family), family[PATH]
        if path >= 0:
            over_time(geos, growth[path], panels[c, :n])
            over_time(geos, growth[path], past[:n])
            by_geo = np.exp(p.deviation[c])
            add_by_time(geos, by_geo, weights, panels[c, RESPONSE], timed[c])
            add_by_time(geos, -by_geo, weights[:carried], past[RESPONSE], timed[c])
        sums_of_panels(geos, weights, panels[c, :n], unit[c, :n])
        if carried > 0:
            sums_of_panels(geos, weights[:carried], past[:n], of_past[:n])
            for k in range(n):
                for g in range(geos):
                    unit[c, k, g] -= of_past[k, g]


@njit(cache=True, nogil=True, error_model="numpy")
def forward(block, p):
    """The :class:`Media` of a block at :class:`Parameters` ``p``."""
    size, channels, geos = block.size, block.size[CHANNELS], block.size[GEOS]
    panels = np.empty((channels, 1 + size[PARAMETERS], block.weights.shape[0]))
    unit = np.zeros((channels, 1 + size[PARAMETERS], geos))
    total, beta = np.zeros(channels), np.empty((channels, geos))
    mean, varies = np.zeros(size[WINDOW] * geos), size[PATHS] > 0
    timed = np.zeros((channels, block.steps.shape[1]) if varies else (0, 0))
    _responses(block, p, multipliers(block, p), panels, unit, timed)
    for c in range(channels):
        for g in range(geos):
            beta[c, g] = np.exp(p.deviation[c, g])
            for k in range(unit.shape[1]):
                unit[c, k, g] *= beta[c, g]
            total[c] += unit[c, RESPONSE, g]
        level = block.families[c, SIGN] * np.exp(p.log_effect[c] + block.log_denominator[c]) / total[c]
        for g in range(geos):
            beta[c, g] *= level
        add_by_geo(geos, beta[c], panels[c, RESPONSE], mean)
    for k in range(p.signed.shape[0]):
        column = block.signed[k]
        for i in range(mean.shape[0]):
            mean[i] += p.signed[k] * column[i]
    return Media(panels, unit, total, beta, mean, p.signed, timed)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_by_path(block, media, c, held, by_mean, by_path):
    """Add what a channel says of the log of its multiplier, if it has one; ``held`` as in :func:`backward`."""
    path = block.families[c, PATH]
    if path < 0:
        return
    add_by_time(block.size[GEOS], media.beta[c], by_mean, media.panels[c, RESPONSE], by_path[path])
    for t in range(by_path.shape[1]):
        by_path[path, t] -= held * media.timed[c, t]


@njit(cache=True, nogil=True, error_model="numpy")
def _by_steps(block, by_path, by_steps):
    """The gradient by the paths' steps from that by the logs of the multipliers."""
    for i in range(by_steps.shape[0]):
        for k in range(by_steps.shape[1]):
            for t in range(by_path.shape[1]):
                by_steps[i, k] += by_path[i, t] * block.steps[k, t]


@njit(cache=True, nogil=True, error_model="numpy")
def backward(block, media, by_mean, by_log_beta, by_panel, by_path):
    """The :class:`Gradient` of a function with gradient ``by_mean[W * G]`` and ``by_log_beta[c, g]``.

    ``by_panel[c, panel]`` and ``by_path[path, R]``, which is overwritten, are what it depends on a channel's parameters
    and on the logs of the multipliers besides.
    """
    channels, geos = block.size[CHANNELS], block.size[GEOS]
    families = np.zeros((channels, block.size[PARAMETERS]))
    by_steps = np.zeros((block.size[PATHS], block.size[STEPS]))
    out = Gradient(np.zeros(channels), families, np.empty((channels, geos)), np.zeros(media.signed.shape[0]), by_steps)
    inner = np.empty((media.panels.shape[1], geos))
    for c in range(channels):
        beta, unit, n = media.beta[c], media.unit[c], panels_of(block.families[c])
        sums_of_panels(geos, by_mean, media.panels[c, :n], inner[:n])
        for g in range(geos):
            by_level = beta[g] * inner[RESPONSE, g] + by_log_beta[c, g]
            out.log_effect[c] += by_level
            out.deviation[c, g] = by_level
        # A larger response at unit scale lowers the scale: the effect is held by its own parameter.
        held = out.log_effect[c] / media.total[c]
        for g in range(geos):
            out.deviation[c, g] -= held * unit[RESPONSE, g]
        for k in range(1, n):
            direct = by_panel[c, k]
            for g in range(geos):
                direct += beta[g] * inner[k, g] - held * unit[k, g]
            out.families[c, k - 1] = direct
        _add_by_path(block, media, c, held, by_mean, by_path)
    _by_steps(block, by_path, by_steps)
    for k in range(media.signed.shape[0]):
        for i in range(by_mean.shape[0]):
            out.signed[k] += block.signed[k, i] * by_mean[i]
        out.signed[k] *= media.signed[k]
    return out
