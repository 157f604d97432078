"""A quick robust regression of the outcome, good enough to tell a shock from what media, season and trend explain.

It is no media mix model and nothing is concluded from its coefficients.
"""

from dataclasses import dataclass

import numpy as np

from mmm.data.calendar import Frequency
from mmm.data.dataset import Dataset
from mmm.data.quality.tenfold import FloatArray

_HARMONICS = 3
_CARRYOVER = (0.0, 0.5, 0.8)
_SATURATION = (1.0, 10.0)
"""Media at which half of the effect is reached, relative to the mean."""
_MANY_CHANNELS = 10
_COEFFICIENT_SD = 0.3
"""Prior sd of a coefficient of a standardised column, in sds of the outcome."""
_MEDIA_PRECISION = 1.0
"""The columns of one channel share what it can do."""
_FREEDOM = 4.0
"""Degrees of freedom of the Student-t weights."""
_STEPS = 20
_SETTLED = 1e-5
"""Largest change of a residual in a step, in standard deviations, after which nothing more is to be had."""


@dataclass(frozen=True)
class Residuals:
    """Of one outcome series: in robust standard deviations, and in its own unit."""

    standardised: FloatArray
    natural: FloatArray


def calendar_columns(days: FloatArray, frequency: Frequency) -> FloatArray:
    """Season, slow drift and, for daily data, weekdays: columns [date, k]. ``days`` counts from 1970-01-01."""
    span = max(float(days[-1] - days[0]), 1.0)
    turn = 2 * np.pi * days / 365.25
    columns = [f(k * turn) for k in range(1, _HARMONICS + 1) for f in (np.sin, np.cos)]
    half_years = max(1, round(span / 182))
    columns += [np.cos(np.pi * k * (days - days[0]) / span) for k in range(1, half_years + 1)]
    if frequency.unit == "day":
        columns += [(days % 7 == k).astype(float) for k in range(1, 7)]
    return np.column_stack(columns)


def days_of(dataset: Dataset) -> FloatArray:
    """Days since 1970-01-01 of every date."""
    return dataset.dates.to_numpy().astype("datetime64[D]").astype(float)


def residuals(outcome: FloatArray, media: FloatArray, controls: FloatArray, calendar: FloatArray) -> Residuals | None:
    """Residuals of ``outcome[date]`` on ``media[date, channel]``, ``controls[date, k]`` and ``calendar[date, k]``.

    NaN where the outcome is not observed; None where it does not vary.
    """
    known = np.isfinite(outcome)
    y = outcome[known]
    if y.size < 2 or np.ptp(y) == 0:
        return None
    scale = float(y.std())
    carried = _carried(media)
    precision = np.concatenate(
        [np.ones(controls.shape[1] + calendar.shape[1]), np.full(carried.shape[1], _MEDIA_PRECISION)]
    )
    columns = _standard(np.column_stack([controls, calendar, carried])[known])
    design = np.column_stack([np.ones(y.size), columns])
    rest, sd = _robust_fit((y - np.median(y)) / scale, design, np.concatenate([[1e-6], precision]))
    standardised, natural = np.full(outcome.size, np.nan), np.full(outcome.size, np.nan)
    standardised[known], natural[known] = rest / sd, rest * scale
    return Residuals(standardised, natural)


def _carried(media: FloatArray) -> FloatArray:
    """Each channel carried over at a few rates, saturated at its mean and almost linear."""
    few = media.shape[1] <= _MANY_CHANNELS
    rates, levels = (_CARRYOVER, _SATURATION) if few else ((0.5,), (3.0,))
    found = []
    for rate in rates:
        stock = np.zeros(media.shape)
        level = np.zeros(media.shape[1])
        for t, row in enumerate(media):
            level = rate * level + row
            stock[t] = level
        mean = stock.mean(axis=0)
        half = np.where(mean > 0, mean, 1.0)
        found += [stock / (stock + times * half) for times in levels]
    return np.column_stack(found)


def _standard(columns: FloatArray) -> FloatArray:
    """Mean 0 and sd 1; constant columns become 0. Scaled first, so that no square overflows."""
    size = np.abs(columns).max(axis=0, initial=0.0)
    scaled = columns / np.where(size > 0, size, 1.0)
    centred = scaled - scaled.mean(axis=0)
    sd = centred.std(axis=0)
    return np.where(sd > 1e-9, centred / np.where(sd > 1e-9, sd, 1.0), 0.0)


def _robust_fit(y: FloatArray, design: FloatArray, precision: FloatArray) -> tuple[FloatArray, float]:
    """Ridge regression with Student-t weights; (residuals corrected for leverage, their robust sd)."""
    weights = used = np.ones(y.size)
    variance, rest, sd, normal = 1.0, y, 1.0, np.eye(design.shape[1])
    for _ in range(_STEPS):
        used, weighted = weights, design * weights[:, None]
        gram = design.T @ weighted
        normal = gram + np.diag(precision * variance / _COEFFICIENT_SD**2)
        # Coefficients, and the sum of the leverages as a trace: only columns are solved for, never rows.
        solved = np.linalg.solve(normal, np.column_stack([weighted.T @ y, gram]))
        before, rest = rest, y - design @ solved[:, 0]
        freedom = max(y.size - float(np.trace(solved[:, 1:])), 0.3 * y.size)
        sd = max(1.4826 * float(np.median(np.abs(rest))) * float(np.sqrt(y.size / freedom)), 1e-6)
        variance = sd**2
        weights = (_FREEDOM + 1) / (_FREEDOM + (rest / sd) ** 2)
        if np.abs(rest - before).max() < _SETTLED * sd:
            break
    leverage = used * np.einsum("ij,ij->i", design, np.linalg.solve(normal, design.T).T)
    return rest / np.sqrt(np.clip(1 - leverage, 0.2, 1.0)), sd
