"""Media of a panel in the arrays that the compiled kernels read (see :class:`mmm.model.kernels.block.Block`)."""

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.kernels import block as b
from mmm.model.panel import Panel
from mmm.model.parameters import families
from mmm.model.spec import ChannelSpec, ModelSpec


def media_sizes(spec: ModelSpec, data: Panel) -> npt.NDArray[np.int64]:
    """The head of a block with the sizes that the media response needs; all others are zero."""
    size = np.zeros(b.HEADER, dtype=np.int64)
    size[b.CHANNELS], size[b.GEOS], size[b.LOOKBACK] = len(spec.channels), len(spec.geos), spec.lookback
    size[b.HISTORY], size[b.WINDOW] = _history(spec, data), len(data.dates)
    size[b.REACHED] = sum(c.by_frequency for c in spec.channels)
    if spec.varying is not None:
        size[b.PATHS], size[b.STEPS] = len(spec.varying.labels), len(spec.varying.own_knots)
    size[b.PARAMETERS] = max(sum(len(f.parameters) for f in families(c)) for c in spec.channels)
    return size


def media_arrays(spec: ModelSpec, data: Panel) -> dict[str, npt.NDArray[np.generic]]:
    """``families``, ``media``, ``earlier``, ``weights``, ``log_denominator`` and ``steps`` of a block."""
    scale = np.array(spec.media_scale)
    history = _history(spec, data)
    first = data.rows.start - history
    periods = history + len(data.dates) + spec.lookback

    by_frequency = [i for i, c in enumerate(spec.channels) if c.by_frequency]

    def flat(media: Floats, stop: int) -> Floats:
        rows = np.moveaxis(media[first : first + stop] / scale, 2, 0).reshape(len(spec.channels), stop * len(spec.geos))
        if data.exposures is None:
            return np.asarray(rows)
        reach = rows[by_frequency]
        rows[by_frequency] = np.moveaxis(data.exposures[first : first + stop], 2, 0).reshape(rows.shape)[by_frequency]
        return np.concatenate([rows, reach])

    last = len(spec.channels)
    return {
        "families": np.array(
            [_row(spec, c, last + by_frequency.index(i) if c.by_frequency else -1) for i, c in enumerate(spec.channels)]
        ),
        "media": flat(data.media, periods),
        "earlier": flat(data.history, history + spec.lookback if history else 0),
        "weights": (data.weights * np.array(spec.outcome_scale))[data.rows.start :].ravel(),
        "log_denominator": np.log([c.denominator for c in spec.channels]),
        "steps": np.zeros((0, len(data.dates) + spec.lookback))
        if spec.varying is None
        else spec.varying.rows(data.dates, spec.lookback).T,
    }


def _row(spec: ModelSpec, channel: ChannelSpec, reach: int) -> list[int]:
    """A channel's row of a block's ``families``; its kernels are then in memory."""
    adstock, saturation = channel.adstock.record, channel.saturation.record
    first, second = ADSTOCKS.number(adstock.name), SATURATIONS.number(saturation.name)
    ADSTOCKS.load([first], "weights", "recursion")
    SATURATIONS.load([second], "response")
    row = {
        b.ADSTOCK: first,
        b.NORMALISED: int(channel.normalise),
        b.CARRIED: len(adstock.parameters),
        b.SATURATION: second,
        b.CURVED: len(saturation.parameters),
        b.PRECISE: int(saturation.precise),
        b.SIGN: channel.direction,
        b.LAGS: spec.lookback if channel.lookback is None else channel.lookback,
        b.SATURATED_FIRST: int(channel.saturation_first),
        b.REACH: reach,
        b.PATH: -1 if spec.varying is None else spec.varying.path_of(channel.name),
    }
    return [row[k] for k in range(b.COLUMNS)]


def _history(spec: ModelSpec, data: Panel) -> int:
    """Periods before the window that still act in it; none where there was no media."""
    return min(data.rows.start, spec.lookback) if data.has_history else 0
