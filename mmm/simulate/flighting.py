"""Spend patterns over time and geos."""

import numpy as np
from numpy.random import Generator

from mmm.simulate.formulas import Array
from mmm.simulate.world import Flighting

WEEKS_PER_YEAR = 365.25 / 7.0


def autoregressive(rng: Generator, weeks: int, persistence: float, columns: int = 1) -> Array:
    """Stationary AR(1) paths [weeks, columns] with unit variance."""
    shocks = rng.standard_normal((weeks, columns))
    out = np.empty_like(shocks)
    out[0] = shocks[0]
    innovation = np.sqrt(1.0 - persistence**2)
    for t in range(1, weeks):
        out[t] = persistence * out[t - 1] + innovation * shocks[t]
    return out


def smooth_path(rng: Generator, weeks: int, length: float) -> Array:
    """A Gaussian path [weeks] with unit sd and squared-exponential covariance of the given length scale (weeks)."""
    lag = np.arange(weeks)
    covariance = np.exp(-0.5 * ((lag[:, None] - lag[None, :]) / length) ** 2)
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors @ (np.sqrt(np.clip(values, 0.0, None)) * rng.standard_normal(weeks)))


def _bursts(rng: Generator, flighting: Flighting, weeks: int) -> Array:
    """Weeks on and off in turn, with lengths around their means, starting at a random point of the cycle."""
    out = np.full(weeks, flighting.floor)
    cycle = flighting.on_weeks + flighting.off_weeks
    t = -int(rng.integers(0, max(1, round(cycle))))
    while t < weeks:
        on = max(1, int(rng.poisson(flighting.on_weeks)))
        off = int(rng.poisson(flighting.off_weeks))
        height = np.exp(0.3 * rng.standard_normal())
        out[max(t, 0) : max(t + on, 0)] = height
        t += on + off
    return out


def _pulses(rng: Generator, flighting: Flighting, weeks: int) -> Array:
    """A steady floor with random single weeks, on average one in ``off_weeks + 1``, four times as high."""
    pulse = rng.random(weeks) < 1.0 / (flighting.off_weeks + 1.0)
    return np.where(pulse, flighting.floor + 4.0 * np.exp(0.3 * rng.standard_normal(weeks)), flighting.floor)


def _held(rng: Generator, flighting: Flighting, weeks: int) -> Array:
    """Levels that last ``on_weeks`` weeks each."""
    length = max(1, round(flighting.on_weeks))
    levels = np.exp(flighting.variation * rng.standard_normal(-(-weeks // length)))
    return np.repeat(levels, length)[:weeks]


def national_pattern(rng: Generator, flighting: Flighting, week_of_year: Array, demand: Array) -> Array:
    """Spend a week relative to an arbitrary level, [weeks]; ``demand`` is in sd."""
    weeks = len(week_of_year)
    if flighting.pattern == "held":
        return _held(rng, flighting, weeks)
    noise = np.exp(flighting.variation * autoregressive(rng, weeks, 0.5)[:, 0])
    if flighting.pattern == "bursts":
        return np.asarray(_bursts(rng, flighting, weeks) * noise)
    if flighting.pattern == "pulses":
        return np.asarray(_pulses(rng, flighting, weeks) * noise)
    if flighting.pattern == "seasonal":
        turn = 2.0 * np.pi * (week_of_year - flighting.peak_week) / WEEKS_PER_YEAR
        return np.asarray(np.exp(flighting.amplitude * np.cos(turn)) * noise)
    if flighting.pattern == "heavy_tailed":
        return np.asarray(np.exp(max(flighting.variation, 0.5) * 1.5 * rng.standard_normal(weeks)))
    return np.asarray(np.exp(flighting.follow * demand) * noise) if flighting.pattern == "demand_following" else noise


def by_geo(rng: Generator, flighting: Flighting, national: Array, draw_own: list[Array] | None, share: Array) -> Array:
    """Spend relative to the national level, [weeks, geo].

    ``share[geo]`` is each geo's share of the population; ``draw_own`` are the geos' own patterns where staggered.
    """
    weeks, geos = len(national), len(share)
    spread = np.exp(flighting.geo_spread * rng.standard_normal(geos)) if geos > 1 else np.ones(1)
    noise = np.exp(flighting.geo_noise * rng.standard_normal((weeks, geos))) if geos > 1 else np.ones((weeks, 1))
    profile = national[:, None] if draw_own is None else np.column_stack(draw_own)
    return np.asarray(profile * share * spread * noise)
