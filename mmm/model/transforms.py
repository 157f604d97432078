"""Adstock and saturation as PyTensor graphs: the plain, readable form of :mod:`mmm.model.kernels.families`.

A test holds both equal. Parameters are vectors over the channels of one family.
"""

import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from mmm.model.kernels.tangents import LOG3


def lagged(media: npt.NDArray[np.float64], lookback: int) -> npt.NDArray[np.float64]:
    """Media shifted by 0 to ``lookback`` periods with zeros before the start: [t, g, c] to [lag, t, g, c]."""
    out = np.zeros((lookback + 1, *media.shape))
    for lag in range(min(lookback + 1, media.shape[0])):
        out[lag, lag:] = media[: media.shape[0] - lag]
    return out


def geometric_weights(alpha: TensorVariable, lookback: int) -> TensorVariable:
    """alpha^lag, [lag, channel]."""
    return alpha[None, :] ** np.arange(lookback + 1)[:, None]


def delayed_weights(alpha: TensorVariable, delay: TensorVariable, lookback: int) -> TensorVariable:
    """alpha^((lag - delay)^2), [lag, channel] (Jin et al. 2017)."""
    return alpha[None, :] ** ((np.arange(lookback + 1)[:, None] - delay[None, :]) ** 2)


def hill(a: TensorVariable, half: TensorVariable, slope: TensorVariable | None) -> TensorVariable:
    """a^slope / (half^slope + a^slope) over the last axis; slope 1 where not given."""
    if slope is None:
        return a / (half + a)
    # The inner maximum keeps the derivative of 0^slope finite; the outer switch keeps the value exact.
    safe = pt.maximum(a / half, 1e-12) ** slope
    return pt.switch(a > 0, safe / (1 + safe), 0.0)


def logistic(a: TensorVariable, half: TensorVariable) -> TensorVariable:
    """(1 - exp(-rate a)) / (1 + exp(-rate a)) with the rate at which half of the maximum is reached at ``half``."""
    return pt.tanh(0.5 * (LOG3 / half) * a)
