"""Compiled loops over posterior draws: contributions, weighted totals, carryover.

Shapes: draws n, periods t, geos g, channels c. Media enter in kernel units (already divided by their scale).
Every function fills an array that the caller allocated, so that the caller decides about memory. ``akind`` are four
times the numbers of the adstocks, plus one where they are normalised, plus two where saturation comes before carryover;
``skind`` are the numbers of the saturations; ``apar[n, c, k]`` and ``spar[n, c, k]`` their parameters; ``lookback[c]``
the channels' look-backs; ``after[n, c, lag]`` the weights of what an effect is carried over by once more on its way to
the outcome, none of them (no lag) where it is there at once.

Where saturation comes first, what is saturated is the media of a period, and what a unit of that counts is what its
carryover counts later: the same sums with no carryover before the curve and other weights after it. ``inner_`` and
``outer_`` functions give the two.
"""

import numpy as np
from numba import njit

from mmm.model.kernels import call
from mmm.model.kernels.series import convolution

# From this look-back on a recursion, whose steps wait for each other, is faster than a sum over lags.
_LONG = 32


NORMALISED, SATURATION_FIRST, FAMILY = 1, 2, 4
"""Parts of an ``akind``: two bits, and what the family's number is multiplied by."""


@njit(cache=True, nogil=True, inline="always")
def saturates_first(kind):
    """Whether saturation comes before carryover."""
    return (kind // SATURATION_FIRST) % 2 == 1


@njit(cache=True, nogil=True)
def adstock_weights(kind, p, weights):
    """Weight of spend ``lag`` periods ago to ``weights[lag]``."""
    call.weights(kind // FAMILY, p, kind % 2 == NORMALISED, weights, np.empty((p.shape[0], weights.shape[0])))


@njit(cache=True, nogil=True)
def adstock_series(kind, p, lookback, x, out):
    """Write the adstock of ``x[t]`` (nothing before t = 0) to ``out[t]``; ``x`` and ``out`` must differ."""
    family, normalised = kind // FAMILY, kind % 2 == NORMALISED
    if lookback >= _LONG and call.has_recursion(family):
        call.recursion(family, p, normalised, lookback, 1, x, out, np.empty((p.shape[0], x.shape[0])))
        # Cancellation may leave a rounding error below zero; adstock of spend is never negative.
        for t in range(x.shape[0]):
            out[t] = max(out[t], 0.0)
        return
    weights = np.empty(lookback + 1)
    adstock_weights(kind, p, weights)
    convolution(weights, np.empty((0, lookback + 1)), 1, x, out, np.empty((0, x.shape[0])))


@njit(cache=True, nogil=True)
def inner_weights(kind, p, lookback, weights):
    """Weights of carryover before the curve to ``weights``, which may be longer than the look-back."""
    for lag in range(weights.shape[0]):
        weights[lag] = 0.0
    if saturates_first(kind):
        weights[0] = 1.0
    else:
        adstock_weights(kind, p, weights[: lookback + 1])


@njit(cache=True, nogil=True)
def inner_series(kind, p, lookback, x, out):
    """What is saturated of the media ``x[t]``: their adstock, or they themselves."""
    if saturates_first(kind):
        for t in range(x.shape[0]):
            out[t] = x[t]
    else:
        adstock_series(kind, p, lookback, x, out)


@njit(cache=True, nogil=True)
def later_series(after, x, out):
    """Write what ``x[t]`` is carried over to by the weights ``after[lag]`` to ``out[t]``; the two must differ."""
    convolution(after, np.empty((0, after.shape[0])), 1, x, out, np.empty((0, x.shape[0])))


@njit(cache=True, nogil=True)
def outer_weights(kind, p, lookback, after, weights, g, out):
    """What a unit of the saturation in a period counts, to ``out[t]``: ``weights[t, g]``, or its carryover's."""
    for t in range(weights.shape[0]):
        out[t] = weights[t, g]
    _carried_back(kind, p, lookback, after, out)


@njit(cache=True, nogil=True)
def grown_weights(kind, p, lookback, after, weights, g, growth, out):
    """:func:`outer_weights` where what is counted in a period is multiplied by ``growth[t]``, if that is not empty."""
    if growth.shape[0] == 0:
        outer_weights(kind, p, lookback, after, weights, g, out)
        return
    for t in range(weights.shape[0]):
        out[t] = weights[t, g] * growth[t]
    _carried_back(kind, p, lookback, after, out)


@njit(cache=True, nogil=True)
def _carried_back(kind, p, lookback, after, out):
    """What a unit of the saturation counts from what one of the effect does, ``out[t]``, in its place."""
    periods = out.shape[0]
    if not saturates_first(kind) and after.shape[0] == 0:
        return
    backward, carried = np.empty(periods), np.empty(periods)
    for t in range(periods):
        backward[periods - 1 - t] = out[t]
    # Reversed in time, the adjoint is the same causal filter.
    if after.shape[0] > 0:
        later_series(after, backward, carried)
        backward, carried = carried, backward
    if saturates_first(kind):
        adstock_series(kind, p, lookback, backward, carried)
        backward, carried = carried, backward
    for t in range(periods):
        out[t] = backward[periods - 1 - t]


@njit(cache=True, nogil=True)
def saturate(kind, p, a, spread, out):
    """Saturation of ``a[t]`` with two derivatives to ``out[0, 1, 2]``; ``spread[k, t]`` is scratch for parameters."""
    for k in range(p.shape[0]):
        for t in range(a.shape[0]):
            spread[k, t] = p[k]
    call.curve(kind, spread, a, out[0], out[1], out[2])


@njit(cache=True, nogil=True)
def contributions(akind, apar, skind, spar, log_beta, lookback, after, media, out):
    """Contribution of every channel to ``out[n, t, g, c]``."""
    draws, geos, channels = log_beta.shape
    periods = media.shape[0]
    x, a = np.empty(periods), np.empty(periods)
    spread, f = np.empty((spar.shape[2], periods)), np.empty((3, periods))
    for g in range(geos):
        for c in range(channels):
            for t in range(periods):
                x[t] = media[t, g, c]
            for n in range(draws):
                kind, beta = akind[n, c], np.exp(log_beta[n, g, c])
                inner_series(kind, apar[n, c], lookback[c], x, a)
                saturate(skind[n, c], spar[n, c], a, spread, f)
                effect, spare = f[0], f[1]
                if saturates_first(kind):
                    adstock_series(kind, apar[n, c], lookback[c], effect, spare)
                    effect, spare = spare, effect
                if after.shape[2] > 0:
                    later_series(after[n, c], effect, spare)
                    effect, spare = spare, effect
                for t in range(periods):
                    out[n, t, g, c] = beta * effect[t]


@njit(cache=True, nogil=True)
def totals(akind, apar, skind, spar, log_beta, lookback, after, media, weights, growth, out):
    """Weighted sum over time of the contribution to ``out[n, g, c]``.

    ``growth[n, t, c]`` is what effects are multiplied by; empty where they are constant.
    """
    draws, geos, channels = log_beta.shape
    periods = media.shape[0]
    x, a, counts = np.empty(periods), np.empty(periods), np.empty(periods)
    for g in range(geos):
        # Nothing is saturated before the first period that counts, unless effects are carried there.
        first = 0
        if after.shape[2] == 0:
            while first < periods and weights[first, g] == 0.0:
                first += 1
        spread, f = np.empty((spar.shape[2], periods - first)), np.empty((3, periods - first))
        whole_spread, whole_f = np.empty((spar.shape[2], periods)), np.empty((3, periods))
        for c in range(channels):
            for t in range(periods):
                x[t] = media[t, g, c]
            for n in range(draws):
                inner_series(akind[n, c], apar[n, c], lookback[c], x, a)
                grown = growth[n, :, c] if growth.shape[0] > 0 else growth[:, 0, 0]
                grown_weights(akind[n, c], apar[n, c], lookback[c], after[n, c], weights, g, grown, counts)
                total = 0.0
                if saturates_first(akind[n, c]):
                    saturate(skind[n, c], spar[n, c], a, whole_spread, whole_f)
                    for t in range(periods):
                        total += counts[t] * whole_f[0, t]
                else:
                    saturate(skind[n, c], spar[n, c], a[first:], spread, f)
                    for t in range(first, periods):
                        total += counts[t] * f[0, t - first]
                out[n, g, c] = np.exp(log_beta[n, g, c]) * total


@njit(cache=True, nogil=True)
def curve_values(kind, par, at, out):
    """A curve by draw, to ``out[n, m]``, at the places ``at[m]``; ``par[n, p]`` are its parameters."""
    spread, f = np.empty((par.shape[1], at.shape[0])), np.empty((3, at.shape[0]))
    for n in range(par.shape[0]):
        saturate(kind, par[n], at, spread, f)
        out[n] = f[0]


@njit(cache=True, nogil=True)
def weights_of(kinds, par, out):
    """Weights of a channel's carryover by draw, to ``out[n, lag]``."""
    for n in range(par.shape[0]):
        adstock_weights(kinds[n], par[n], out[n])


@njit(cache=True, nogil=True)
def half_lives(akind, apar, lookback, out):
    """Periods until half of the carryover has been delivered, interpolated between lags, to ``out[n, c]``."""
    draws, channels = akind.shape
    longest = np.empty(lookback.max() + 1)
    for n in range(draws):
        for c in range(channels):
            weights = longest[: lookback[c] + 1]
            adstock_weights(akind[n, c] | NORMALISED, apar[n, c], weights)
            reached = 0.0
            for lag in range(lookback[c] + 1):
                weight = weights[lag]
                if reached + weight >= 0.5:
                    out[n, c] = lag + (0.5 - reached) / weight
                    break
                reached += weight
