"""The media response as a readable PyTensor graph: what the fused operation and the fast engine are held against.

It has derivatives of every order, and any linker and backend can compile it; :mod:`mmm.model.media_op` gives the same
faster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from mmm.model.panel import Panel
from mmm.model.parameters import families, variables
from mmm.model.spec import ModelSpec


@dataclass(frozen=True)
class MediaParameters:
    """Variables of the media response, by channel on the natural scale.

    ``effect`` is the ROAS or share over the window's spend, ``deviation[geo, channel]`` that of log effects by geo
    (zeros on national data), ``families`` the parameters of the channels' families by their variable's name, each a
    vector over the channels that have it (:func:`mmm.model.parameters.variables`), ``steps[path, step]`` those of
    effects that vary in time.
    """

    effect: TensorVariable
    families: Mapping[str, TensorVariable]
    deviation: TensorVariable
    steps: TensorVariable | None = None


def data(name: str, array: np.ndarray) -> TensorVariable:
    """An array as a named shared input: constants of this size would be compiled into the code, which is slow."""
    return pytensor.shared(np.ascontiguousarray(array), name=name, shape=array.shape)


def media_response(spec: ModelSpec, panel: Panel, p: MediaParameters) -> tuple[TensorVariable, TensorVariable]:
    """Contribution of all media to the scaled outcome, [window, geo], and the log of its scale, [geo, channel].

    The latter is the log of the size of a channel's contribution per period at full saturation, in scaled outcome
    units.
    """
    scale = np.array(spec.media_scale)
    every = range(len(spec.channels))
    full = response(spec, "media", panel.media / scale, p, every, panel.exposures)
    in_window = full
    if panel.has_history:
        in_window = full - response(spec, "media_history", panel.history / scale, p, every, panel.exposures)
    growth = multipliers(spec, p, np.arange(len(panel.media)) - panel.rows.start, panel.dates)
    if growth is not None:
        full, in_window = full * growth[:, None, :], in_window * growth[:, None, :]
    # Effect of the window's spend at unit scale, by geo and channel, in the prior's units.
    to_prior = data("effect_weights", (panel.weights * np.array(spec.outcome_scale))[:, :, None])
    total = pt.sum(pt.exp(p.deviation) * (in_window * to_prior).sum(axis=0), axis=0)
    level = pt.log(p.effect) + np.log([c.denominator for c in spec.channels]) - pt.log(total)
    log_beta = level[None, :] + p.deviation
    return pt.sum(full[panel.rows] * (spec.signs * pt.exp(log_beta))[None, :, :], axis=2), log_beta


def multipliers(
    spec: ModelSpec, p: MediaParameters, rows: npt.NDArray[np.intp], dates: pd.DatetimeIndex
) -> TensorVariable | None:
    """What effects are multiplied by, [t, channel], at ``rows`` counted from the window's first; None where all stay.

    ``dates`` are the window's; outside of it effects are as at its ends.
    """
    if spec.varying is None or p.steps is None:
        return None
    design = spec.varying.design(dates)[np.clip(rows, 0, len(dates) - 1)]
    # A column of zeros for the channels whose effect stays.
    paths = pt.dot(data("varying_design", design), p.steps.T)
    every = pt.concatenate([paths, pt.zeros((len(design), 1))], axis=1)
    return pt.exp(every[:, [spec.varying.path_of(name) for name in spec.channel_names]])


def response(
    spec: ModelSpec,
    name: str,
    media: np.ndarray,
    p: MediaParameters,
    chosen: Sequence[int],
    exposures: np.ndarray | None = None,
) -> TensorVariable:
    """Saturation of the adstocked media of the ``chosen`` channels, [t, geo, chosen], or the other way round.

    ``exposures``, as ``media``, are average contacts of a person reached, for the channels that are known by them.
    """
    periods, geos, channels = media.shape
    of_channel = parameters_by_channel(spec, p)
    lags = data(name, lagged(media, spec.lookback).transpose(3, 1, 2, 0).reshape(channels, periods * geos, -1))
    often = None
    if exposures is not None:
        filled = np.where(np.isfinite(exposures), exposures, 1.0)
        often = data(f"{name}_frequency", lagged(filled, spec.lookback).transpose(3, 1, 2, 0).reshape(lags.type.shape))
    groups: dict[tuple[object, ...], list[int]] = {}
    own_lookback = spec.lookbacks
    for k, i in enumerate(chosen):
        channel = spec.channels[i]
        alike = channel.adstock.family, channel.normalise, channel.saturation.family, channel.order, own_lookback[i]
        groups.setdefault(alike, []).append(k)
    parts = []
    for members in groups.values():
        first = chosen[members[0]]
        channel, lag = spec.channels[first], np.arange(own_lookback[first] + 1)[:, None]
        adstock, saturation = families(channel)
        own = [pt.stack(vector) for vector in zip(*(of_channel[chosen[k]] for k in members), strict=True)]
        carried = len(adstock.parameters)
        weights = adstock.graph(lag, *(v[None, :] for v in own[:carried]))
        if channel.normalise:
            weights = weights / weights.sum(axis=0)
        shifted = lags[members][:, :, : len(lag)]
        if channel.saturation_first:
            own_curve, reach = own[carried:], shifted.transpose(1, 2, 0)
            if channel.by_frequency and often is not None:
                saturated = reach * saturation.graph(often[members][:, :, : len(lag)].transpose(1, 2, 0), *own_curve)
            else:
                saturated = saturation.graph(reach, *own_curve)
            parts.append(pt.sum(saturated * weights[None, :, :], axis=1))
            continue
        a = pt.matmul(shifted, weights.T[:, :, None])[:, :, 0].T
        parts.append(saturation.graph(a, *own[carried:]))
    order = np.argsort(np.concatenate(list(groups.values())))
    joined = parts[0] if len(parts) == 1 else pt.concatenate(parts, axis=1)[:, order]
    return joined.reshape((periods, geos, channels))


def parameters_by_channel(spec: ModelSpec, p: MediaParameters) -> list[list[TensorVariable]]:
    """Every channel's parameters of carryover and then of curve."""
    found: list[dict[int, TensorVariable]] = [{} for _ in spec.channels]
    for variable in variables(spec):
        for entry, (owner, place) in enumerate(zip(variable.owners, variable.places, strict=True)):
            found[owner][place] = p.families[variable.name][entry]
    return [[own[place] for place in sorted(own)] for own in found]


def lagged(media: np.ndarray, lookback: int) -> np.ndarray:
    """Media shifted by 0 to ``lookback`` periods with zeros before the start: [t, g, c] to [lag, t, g, c]."""
    out = np.zeros((lookback + 1, *media.shape))
    for lag in range(min(lookback + 1, media.shape[0])):
        out[lag, lag:] = media[: media.shape[0] - lag]
    return out
