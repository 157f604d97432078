"""What draws say of effects that vary in time: log multipliers over the last state, in the past and ahead of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mmm.arrays import Floats
from mmm.errors import FitError
from mmm.model.spec import ModelSpec
from mmm.model.varying import SD, STEPS, VaryingSpec

# How far ahead of the window walks are drawn; later ones stay where they are then.
_AHEAD = pd.Timedelta(days=2 * 366)
_SEED = 20240102


@dataclass(frozen=True)
class Walks:
    """Draws of the paths that a model's effects follow; n draws, c channels.

    ``path[c]`` is a channel's path, -1 where its effect is constant. ``steps[n, path, knot]`` are those of the
    posterior, then those after the window's last date, drawn from their prior given the standard deviation: the same
    for everybody who asks. ``window`` are its first and last date.
    """

    spec: VaryingSpec
    path: tuple[int, ...]
    window: tuple[str, str]
    steps: Floats

    @property
    def _until(self) -> pd.Timestamp:
        return pd.Timestamp(self.window[1]) + _AHEAD

    def at(self, dates: pd.DatetimeIndex) -> Floats:
        """Log of what effects at the dates are multiplied by, [n, t, c]: zero at the window's last date.

        Before the window they are as at its first date.
        """
        held = dates.where(dates >= pd.Timestamp(self.window[0]), pd.Timestamp(self.window[0]))
        held = held.where(held <= self._until, self._until)
        design = self.spec.design(held, self.spec.knots(self._until))
        out = np.zeros((len(self.steps), len(dates), len(self.path)))
        for c, path in enumerate(self.path):
            if path >= 0:
                out[:, :, c] = self.steps[:, path] @ design.T
        return out

    def subset(self, index: npt.NDArray[np.intp] | slice) -> "Walks":
        """The draws at ``index``."""
        return replace(self, steps=self.steps[index])

    def only(self, places: Sequence[int]) -> "Walks | None":
        """Of the channels at ``places`` alone, in that order."""
        path = tuple(self.path[place] for place in places)
        return replace(self, path=path) if max(path, default=-1) >= 0 else None


def walks_of(spec: ModelSpec, samples: xr.Dataset) -> Walks | None:
    """The paths of stacked posterior samples; None where all effects are constant."""
    varying = spec.varying
    if varying is None:
        return None
    known = samples[STEPS].transpose("sample", ...).values
    sd = samples[SD].transpose("sample", ...).values
    walks = Walks(varying, tuple(varying.path_of(name) for name in spec.channel_names), spec.window, known)
    later = len(varying.knots(walks._until)) - known.shape[2]
    drawn = np.random.default_rng(_SEED).standard_normal((*known.shape[:2], later))
    return replace(walks, steps=np.concatenate([known, sd[:, :, None] * drawn], axis=2))


def growth(course: Floats | None) -> Floats:
    """What effects are multiplied by, as kernels read it: exp of a course [n, t, c]; empty where they are constant."""
    return np.empty((0, 0, 0)) if course is None else np.ascontiguousarray(np.exp(course))


def joined_walks(parts: Sequence[Walks | None]) -> Walks | None:
    """The draws of all parts, one after the other. Raises FitError where their paths are not of the same kind."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    first = known[0]
    same = ((part.spec, part.path, part.window) == (first.spec, first.path, first.window) for part in known)
    if len(known) < len(parts) or not all(same):
        raise FitError("Draws can be joined only where the same effects vary in time, by the same paths.")
    return replace(first, steps=np.concatenate([part.steps for part in known]))
