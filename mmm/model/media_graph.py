"""The media response as a readable PyTensor graph: what the fused operation and the fast engine are held against.

It has derivatives of every order, and any linker and backend can compile it; :mod:`mmm.model.media_op` gives the same
faster.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from mmm.model import transforms
from mmm.model.panel import Panel
from mmm.model.spec import ModelSpec


@dataclass(frozen=True)
class MediaParameters:
    """Variables of the media response, by channel on the natural scale.

    ``effect`` is the ROAS or share over the window's spend, ``deviation[geo, channel]`` that of log effects by geo
    (zeros on national data). ``delay`` and ``slope`` are of the channels that have one, in their order, None where none
    has.
    """

    effect: TensorVariable
    alpha: TensorVariable
    half: TensorVariable
    delay: TensorVariable | None
    slope: TensorVariable | None
    deviation: TensorVariable


def data(name: str, array: np.ndarray) -> TensorVariable:
    """An array as a named shared input: constants of this size would be compiled into the code, which is slow."""
    return pytensor.shared(np.ascontiguousarray(array), name=name, shape=array.shape)


def media_response(spec: ModelSpec, panel: Panel, p: MediaParameters) -> tuple[TensorVariable, TensorVariable]:
    """Contribution of all media to the scaled outcome, [window, geo], and the log of its scale, [geo, channel].

    The latter is the log of a channel's contribution per period at full saturation, in scaled outcome units.
    """
    scale = np.array(spec.media_scale)
    every = range(len(spec.channels))
    full = response(spec, "media", panel.media / scale, p, every)
    in_window = full
    if panel.has_history:
        in_window = full - response(spec, "media_history", panel.history / scale, p, every)
    # Effect of the window's spend at unit scale, by geo and channel, in the prior's units.
    to_prior = data("effect_weights", (panel.weights * np.array(spec.outcome_scale))[:, :, None])
    total = pt.sum(pt.exp(p.deviation) * (in_window * to_prior).sum(axis=0), axis=0)
    level = pt.log(p.effect) + np.log([c.denominator for c in spec.channels]) - pt.log(total)
    log_beta = level[None, :] + p.deviation
    return pt.sum(full[panel.rows] * pt.exp(log_beta)[None, :, :], axis=2), log_beta


def _weights(spec: ModelSpec, p: MediaParameters) -> TensorVariable:
    """Adstock weights [lag, channel]."""
    weights = transforms.geometric_weights(p.alpha, spec.lookback)
    if p.delay is not None:
        delayed = np.array([i for i, c in enumerate(spec.channels) if c.adstock == "delayed"], dtype=int)
        own = transforms.delayed_weights(p.alpha[delayed], p.delay, spec.lookback)
        weights = pt.set_subtensor(weights[:, delayed], own)
    normalise = np.array([c.normalise for c in spec.channels])
    return weights / pt.switch(normalise, weights.sum(axis=0), 1.0)


def response(
    spec: ModelSpec, name: str, media: np.ndarray, p: MediaParameters, chosen: Sequence[int]
) -> TensorVariable:
    """Saturation of the adstocked media of the ``chosen`` channels, [t, geo, chosen], in [0, 1)."""
    every = [c.slope is not None for c in spec.channels]
    half, slope = p.half[list(chosen)], p.slope
    periods, geos, channels = media.shape
    lags = transforms.lagged(media, spec.lookback).transpose(3, 1, 2, 0).reshape(channels, periods * geos, -1)
    adstock = pt.matmul(data(name, lags), _weights(spec, p)[:, list(chosen)].T[:, :, None])[:, :, 0].T
    sloped = [k for k, i in enumerate(chosen) if every[i]]
    logistic = [k for k, i in enumerate(chosen) if spec.channels[i].saturation == "logistic"]
    plain = [k for k in range(channels) if k not in sloped and k not in logistic]
    parts: list[TensorVariable] = []
    if plain:
        parts.append(transforms.hill(adstock[:, plain], half[plain], None))
    if sloped and slope is not None:
        own = [sum(every[: chosen[k]]) for k in sloped]
        parts.append(transforms.hill(adstock[:, sloped], half[sloped], slope[own]))
    if logistic:
        parts.append(transforms.logistic(adstock[:, logistic], half[logistic]))
    order = np.argsort(plain + sloped + logistic)
    joined = parts[0] if len(parts) == 1 else pt.concatenate(parts, axis=1)[:, order]
    return joined.reshape((periods, geos, channels))
