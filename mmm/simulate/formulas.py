"""Adstock and saturation, written out plainly: the independent oracle against which the fast kernels are tested."""

import numpy as np
from numpy.typing import NDArray

from mmm.simulate.world import Adstock, Saturation

Array = NDArray[np.float64]


def adstock_weights(adstock: Adstock) -> Array:
    """Weight of each lag 0..max_lag.

    geometric: ``alpha^l``; delayed: ``alpha^((l - delay)^2)`` (Jin et al. 2017, eq. 3); weibull: the Weibull density
    at ``l + 1/2``. Divided by their sum where ``normalised``.
    """
    lag = np.arange(adstock.max_lag + 1, dtype=float)
    if adstock.family == "geometric":
        weights = adstock.alpha**lag
    elif adstock.family == "delayed":
        weights = adstock.alpha ** ((lag - adstock.delay) ** 2)
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
    if saturation.family == "hill":
        powered = x**saturation.slope
        return np.asarray(powered / (saturation.k**saturation.slope + powered))
    decay = np.exp(-saturation.rate * x)
    if saturation.family == "logistic":
        return np.asarray((1.0 - decay) / (1.0 + decay))
    return np.asarray(1.0 - decay)
