"""Media of a panel in the arrays that the compiled kernels read (see :class:`mmm.model.kernels.block.Block`)."""

import numpy as np
import numpy.typing as npt

from mmm.model.kernels import block as b
from mmm.model.kernels.families import ADSTOCK_KINDS, SATURATION_KINDS
from mmm.model.panel import Panel
from mmm.model.spec import ModelSpec

Floats = npt.NDArray[np.float64]


def media_sizes(spec: ModelSpec, data: Panel) -> npt.NDArray[np.int64]:
    """The head of a block with the sizes that the media response needs; all others are zero."""
    size = np.zeros(b.HEADER, dtype=np.int64)
    size[b.CHANNELS], size[b.GEOS], size[b.LOOKBACK] = len(spec.channels), len(spec.geos), spec.lookback
    size[b.HISTORY], size[b.WINDOW] = _history(spec, data), len(data.dates)
    size[b.DELAYED] = sum(c.adstock == "delayed" for c in spec.channels)
    size[b.SLOPED] = sum(c.slope is not None for c in spec.channels)
    return size


def media_arrays(spec: ModelSpec, data: Panel) -> dict[str, npt.NDArray[np.generic]]:
    """``kinds``, ``slot``, ``media``, ``earlier``, ``weights`` and ``log_denominator`` of a block."""
    scale = np.array(spec.media_scale)
    history = _history(spec, data)
    first = data.rows.start - history
    periods = history + len(data.dates) + spec.lookback

    def flat(media: Floats, stop: int) -> Floats:
        return np.asarray(
            np.moveaxis(media[first : first + stop] / scale, 2, 0).reshape(len(spec.channels), stop * len(spec.geos))
        )

    delayed = [c.adstock == "delayed" for c in spec.channels]
    sloped = [c.slope is not None for c in spec.channels]
    kinds = [
        [ADSTOCK_KINDS[c.adstock + ("_normalised" if c.normalise else "")] for c in spec.channels],
        [SATURATION_KINDS[c.saturation] for c in spec.channels],
    ]
    return {
        "kinds": np.array(kinds),
        "slot": np.array([np.where(has, np.cumsum(has) - 1, -1) for has in (delayed, sloped)]),
        "media": flat(data.media, periods),
        "earlier": flat(data.history, history + spec.lookback if history else 0),
        "weights": (data.weights * np.array(spec.outcome_scale))[data.rows.start :].ravel(),
        "log_denominator": np.log([c.denominator for c in spec.channels]),
    }


def _history(spec: ModelSpec, data: Panel) -> int:
    """Periods before the window that still act in it; none where there was no media."""
    return min(data.rows.start, spec.lookback) if data.has_history else 0
