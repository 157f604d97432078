"""Scores of forecasts: CRPS, coverage, and the seasonal-naive forecast to beat."""

import numpy as np

from mmm.arrays import Floats

LOWER, UPPER = 0.05, 0.95
"""Ends of the 90% equal-tailed intervals."""

_FEWEST_ERRORS = 8


def crps(draws: Floats, actual: Floats) -> Floats:
    """Continuous ranked probability score of draws [draw, ...] for ``actual`` [...], in the outcome's unit.

    ``E|X - y| - E|X - X'| / 2`` over the draws (Gneiting and Raftery 2007, eq. 21); the absolute error for one draw.
    """
    n = len(draws)
    ordered = np.sort(draws, axis=0)
    weight = (2.0 * np.arange(1, n + 1) - n - 1.0).reshape(-1, *[1] * (draws.ndim - 1))
    spread = 2.0 * (weight * ordered).sum(axis=0) / n**2
    return np.asarray(np.abs(draws - actual).mean(axis=0) - spread / 2.0)


def interval(draws: Floats) -> tuple[Floats, Floats]:
    """Ends of the 90% equal-tailed interval over the first axis."""
    lower, upper = np.quantile(draws, [LOWER, UPPER], axis=0)
    return lower, upper


def interval_score(lower: Floats, upper: Floats, actual: Floats) -> Floats:
    """Width plus ``2 / 0.1`` times the miss (Gneiting and Raftery 2007, eq. 43): smaller is better."""
    alpha = 1.0 - (UPPER - LOWER)
    miss = np.maximum(lower - actual, 0.0) + np.maximum(actual - upper, 0.0)
    return np.asarray(upper - lower + 2.0 / alpha * miss)


def has_season(history: Floats, horizon: int, season: int) -> bool:
    """Whether the history is long enough for the forecast "the same as a season ago"."""
    return len(history) >= season + 1 and horizon <= season


def seasonal_naive(history: Floats, horizon: int, season: int) -> Floats:
    """Draws [draw, horizon] of the forecast "the same as a season ago", from ``history[period]`` without gaps.

    The errors that this forecast made inside the history are added back, so that it has intervals of its own. With
    less than a season of history the last value is carried forward; with few errors it is a single draw.
    """
    shift = season if has_season(history, horizon, season) else 1
    if shift == 1:
        point = np.full(horizon, history[-1])
    else:
        point = history[len(history) - season : len(history) - season + horizon]
    errors = history[shift:] - history[:-shift]
    if len(errors) < _FEWEST_ERRORS:
        return point[None, :].copy()
    return np.asarray(point[None, :] + errors[:, None])
