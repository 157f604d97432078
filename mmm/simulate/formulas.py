"""Adstock and saturation, written out plainly: the independent oracle against which the fast kernels are tested."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmm.simulate.world import Adstock, Saturation

Array = NDArray[np.float64]


def adstock_weights(adstock: Adstock) -> Array:
    """Weight of each lag 0..max_lag.

    geometric: ``alpha^l``; delayed: ``alpha^((l - delay)^2)`` (Jin et al. 2017, eq. 3); weibull: the Weibull density
    at ``l + 1/2``; weibull_cdf: the product of the Weibull's survival at 1, ..., l; binomial: ``(1 - l / (max_lag +
    1))^(1 / alpha - 1)``. Divided by their sum where ``normalised``.
    """
    lag = np.arange(adstock.max_lag + 1, dtype=float)
    if adstock.family == "geometric":
        weights = adstock.alpha**lag
    elif adstock.family == "delayed":
        weights = adstock.alpha ** ((lag - adstock.delay) ** 2)
    elif adstock.family == "none":
        weights = np.where(lag == 0, 1.0, 0.0)
    elif adstock.family == "binomial":
        weights = (1.0 - lag / len(lag)) ** (1.0 / adstock.alpha - 1.0)
    elif adstock.family == "weibull_cdf":
        weights = np.cumprod(np.exp(-((lag / adstock.scale) ** adstock.shape)))
    else:
        z = (lag + 0.5) / adstock.scale
        weights = adstock.shape / adstock.scale * z ** (adstock.shape - 1) * np.exp(-(z**adstock.shape))
    return weights / weights.sum() if adstock.normalised else weights


def carry_over(media: Array, weights: Array) -> Array:
    """``out[t] = sum over l of weights[l] * media[t - l]`` along axis 0, with nothing before the first row."""
    out = np.zeros_like(media, dtype=float)
    for lag, weight in enumerate(weights[: len(media)]):
        out[lag:] += weight * media[: len(media) - lag]
    return out


def saturate(x: Array, saturation: Saturation) -> Array:
    """Share of the full effect reached at media ``x >= 0`` (relative to the channel's mean); see Saturation."""
    return np.asarray(_CURVES[saturation.family](x, saturation))


def _hill(x: Array, curve: Saturation) -> Array:
    powered = x**curve.slope
    return np.asarray(powered / (curve.k**curve.slope + powered))


def _logistic(x: Array, curve: Saturation) -> Array:
    decay = np.exp(-curve.rate * x)
    return (1.0 - decay) / (1.0 + decay)


def _sigmoid(x: Array, curve: Saturation) -> Array:
    at_zero = 1.0 / (1.0 + np.exp(curve.rate * curve.k))
    risen = 1.0 / (1.0 + np.exp(-curve.rate * (x - curve.k)))
    return np.asarray((risen - at_zero) / (1.0 - at_zero))


_CURVES: dict[str, Callable[[Array, Saturation], Array]] = {
    "hill": _hill,
    "logistic": _logistic,
    "exponential": lambda x, curve: 1.0 - np.exp(-curve.rate * x),
    "sigmoid": _sigmoid,
    "power": lambda x, curve: x**curve.slope,
    "log": lambda x, curve: np.log1p(x / curve.k),
    "none": lambda x, _: x,
}
