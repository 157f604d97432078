"""How much more likely a value is as a tenfold slip than as it stands, from the channel's own pattern alone.

The log of the active values is described by a mixture of up to three normals (low and high weeks of a flighting
plan are modes, not outliers), whose means follow the neighbouring periods and the other geos as far as those have
been informative. The score of a value is the log-likelihood ratio of "ten times too high" (or low) to "as it is".
A slip that lands inside the channel's own range has no score, and cannot have one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_TEN = float(np.log(10.0))
_FEWEST_ACTIVE = 5
_POINTS_PER_MODE = 15
_LEAST_WEIGHT = 0.06
"""A mode holds at least this share of the values, so that one odd value cannot be a mode of its own."""
_PRIOR_SD, _PRIOR_POINTS = 0.4, 2.0
"""A weak prior on the log sd of a mode, which matters for channels with few active periods."""
_LEAST_SD = 0.1
_MOST_POINTS = 1500
_CONVERGED = 1e-3
_LAGS = ((1, 1.0), (2, 0.6), (3, 0.4))
_CLIP = 2.5
_PERSISTENCE = (0.0, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Scores:
    """Log-likelihood ratios [date, geo], minus infinity where the value is zero, and what was expected instead."""

    high: FloatArray
    low: FloatArray
    expected_if_high: FloatArray
    expected_if_low: FloatArray


@dataclass(frozen=True)
class _Mixture:
    weight: FloatArray
    mean: FloatArray
    sd: FloatArray

    def parts(self, z: FloatArray) -> FloatArray:
        """Log density by mode, [..., mode]."""
        return _log_normal(z, self.mean, self.sd) + np.log(self.weight)

    def shares(self, z: FloatArray) -> FloatArray:
        """Probability of each mode, [..., mode]."""
        parts = self.parts(z)
        out: FloatArray = np.exp(parts - _added(parts)[..., None])
        return out


def tenfold_scores(values: FloatArray) -> Scores:
    """Score every positive cell of ``values[date, geo]``."""
    active = values > 0
    active &= active.sum(axis=0) >= _FEWEST_ACTIVE
    nothing = np.full(values.shape, -np.inf)
    if not active.any():
        return Scores(nothing, nothing, np.full(values.shape, np.nan), np.full(values.shape, np.nan))
    safe = np.where(active, values, 1.0)
    level = np.log(np.where(active, values, 0.0).sum(axis=0) / np.maximum(active.sum(axis=0), 1) + ~active.any(axis=0))
    z = np.log(safe) - level
    mixture = _fit(_thinned(_winsorised(z[active])))
    mean, sd = _conditional(z, active, mixture)
    weight = _persistent(z, active, mixture)

    def log_density(shift: float) -> tuple[FloatArray, FloatArray]:
        parts = _log_normal(z + shift, mean, sd) + np.log(weight)
        best = np.take_along_axis(mean, parts.argmax(axis=-1)[..., None], axis=-1)[..., 0]
        return _added(parts), np.exp(best + level)

    as_is, _ = log_density(0.0)
    if_high, expected_high = log_density(-_TEN)
    if_low, expected_low = log_density(_TEN)
    return Scores(
        np.where(active, if_high - as_is, -np.inf),
        np.where(active, if_low - as_is, -np.inf),
        expected_high,
        expected_low,
    )


def _winsorised(z: FloatArray) -> FloatArray:
    """The two outermost values on each side are drawn in, so that an error does not widen the distribution."""
    if z.size < 4 * _FEWEST_ACTIVE:
        return np.clip(z, -np.inf, np.sort(z)[-2])
    ordered = np.sort(z)
    return np.clip(z, ordered[2], ordered[-3])


def _thinned(z: FloatArray) -> FloatArray:
    """Evenly spaced quantiles stand for a large panel."""
    if z.size <= _MOST_POINTS:
        return z
    thinned: FloatArray = np.sort(z)[np.linspace(0, z.size - 1, _MOST_POINTS).round().astype(int)]
    return thinned


def _log_normal(z: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    out: FloatArray = -0.5 * ((z[..., None] - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    return out


def _added(parts: FloatArray) -> FloatArray:
    """Log of the sum over modes, [...], mode by mode: a reduction along so short an axis is slow."""
    total = parts[..., 0]
    for mode in range(1, parts.shape[-1]):
        total = np.logaddexp(total, parts[..., mode])
    return total


def _fit(z: FloatArray) -> _Mixture:
    """The mixture with one to three modes that has the best BIC and no tiny mode."""
    best, best_bic = None, np.inf
    for modes in (1, 2, 3):
        if modes > 1 and z.size < _POINTS_PER_MODE * modes:
            break
        mixture, likelihood = _maximise(z, modes)
        if modes > 1 and mixture.weight.min() < max(_LEAST_WEIGHT, 4 / z.size):
            continue
        bic = (3 * modes - 1) * np.log(z.size) - 2 * likelihood
        if best is None or bic < best_bic - 2:
            best, best_bic = mixture, bic
    if best is None:
        return _maximise(z, 1)[0]
    return best


def _maximise(z: FloatArray, modes: int, steps: int = 50) -> tuple[_Mixture, float]:
    """Expectation maximisation from equal quantile groups."""
    mixture = _Mixture(
        np.full(modes, 1 / modes),
        np.quantile(z, (np.arange(modes) + 0.5) / modes),
        np.full(modes, max(float(z.std()) / modes, _LEAST_SD)),
    )
    likelihood = -np.inf
    for _ in range(steps):
        parts = mixture.parts(z)
        total = _added(parts)
        before, likelihood = likelihood, float(total.sum())
        if likelihood - before < _CONVERGED:
            break
        share = np.exp(parts - total[:, None])
        count = share.sum(axis=0) + 1e-9
        mean = (share * z[:, None]).sum(axis=0) / count
        squares = (share * (z[:, None] - mean) ** 2).sum(axis=0)
        sd = np.sqrt((squares + _PRIOR_POINTS * _PRIOR_SD**2) / (count + _PRIOR_POINTS))
        mixture = _Mixture(count / count.sum(), mean, np.maximum(sd, _LEAST_SD))
    return mixture, likelihood


def _conditional(z: FloatArray, active: BoolArray, mixture: _Mixture) -> tuple[FloatArray, FloatArray]:
    """Mean and sd of each mode [date, geo, mode], given how neighbours in time and other geos deviate from theirs."""
    share = mixture.shares(z)
    limit = _CLIP * (share @ mixture.sd)
    deviation = np.where(active, np.clip(z - share @ mixture.mean, -limit, limit), 0.0)
    around = np.stack([_neighbours(deviation, active), _other_geos(deviation, active)], axis=-1)
    known, target = around[active], deviation[active]
    # A small ridge: with few periods the neighbours are not trusted.
    normal = known.T @ known + 0.25 * np.eye(2)
    weight = np.clip(np.linalg.solve(normal, known.T @ target), 0.0, 1.0)
    left = target - known @ weight
    spread = float((target**2).mean())
    shrink = min(1.0, float(np.sqrt((left**2).mean() / spread))) if spread > 0 else 1.0
    mean = mixture.mean + (around @ weight)[..., None]
    return mean, np.broadcast_to(np.maximum(mixture.sd * shrink, _LEAST_SD), mean.shape)


def _persistent(z: FloatArray, active: BoolArray, mixture: _Mixture) -> FloatArray:
    """Weight of each mode [date, geo, mode]: a part of it is passed on from the periods just before and after.

    The part is the one that makes the values most likely: large for bursts, zero for single pulses.
    """
    share = np.where(active[..., None], mixture.shares(z), 0.0)
    near = np.zeros(share.shape)
    near[1:] += share[:-1]
    near[:-1] += share[1:]
    total = near.sum(axis=-1, keepdims=True)
    near = np.where(total > 0, near / np.maximum(total, 1e-9), mixture.weight)
    density = np.exp(_log_normal(z, mixture.mean, mixture.sd))
    options = [(1 - part) * mixture.weight + part * near for part in _PERSISTENCE]
    likelihood = [np.log((density * option).sum(axis=-1)[active] + 1e-300).sum() for option in options]
    return options[int(np.argmax(likelihood))]


def _neighbours(deviation: FloatArray, active: BoolArray) -> FloatArray:
    """Weighted mean deviation of the active periods up to three before and after."""
    total, weight = np.zeros(deviation.shape), np.zeros(deviation.shape)
    for lag, factor in _LAGS:
        if lag >= len(deviation):
            break
        total[lag:] += factor * deviation[:-lag]
        weight[lag:] += factor * active[:-lag]
        total[:-lag] += factor * deviation[lag:]
        weight[:-lag] += factor * active[lag:]
    return np.where(weight > 0, total / np.maximum(weight, 1e-9), 0.0)


def _other_geos(deviation: FloatArray, active: BoolArray) -> FloatArray:
    """Mean deviation of the other geos in the same period, where two or more of them are active."""
    others = active.sum(axis=1, keepdims=True) - active
    total = deviation.sum(axis=1, keepdims=True) - deviation
    return np.where(others >= 2, total / np.maximum(others, 1), 0.0)
