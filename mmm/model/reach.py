"""Draws of the curves of frequency, of channels known by reach and frequency (:mod:`mmm.model.exposure`)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.model.families import SATURATIONS
from mmm.model.kernels import evaluate


@dataclass(frozen=True)
class Reach:
    """Channels known by reach and frequency: ``places[k]`` among the channels, curves of frequency by draw.

    ``kind[k]`` is what :func:`saturation_kind` gives, ``par[n, k, p]`` the curve's parameters, ``usual[g, k]`` the
    frequency at which the draws' effects are stated.
    """

    places: tuple[int, ...]
    kind: npt.NDArray[np.int64]
    par: Floats
    usual: Floats

    def at(self, k: int, frequency: Floats) -> Floats:
        """The curve of the ``k``-th of them by draw, [n, ...], at ``frequency[...]``."""
        SATURATIONS.load([int(self.kind[k])], "curve")
        flat = np.ascontiguousarray(frequency, dtype=np.float64).ravel()
        out = np.empty((len(self.par), flat.size))
        evaluate.curve_values(int(self.kind[k]), np.ascontiguousarray(self.par[:, k]), flat, out)
        return out.reshape(-1, *np.shape(frequency))

    def only(self, places: Sequence[int]) -> "Reach | None":
        """Those of the channels at ``places``, by their new numbers."""
        kept = [(places.index(place), k) for k, place in enumerate(self.places) if place in places]
        if not kept:
            return None
        new, old = (list(part) for part in zip(*kept, strict=True))
        return Reach(tuple(new), self.kind[old], self.par[:, old], self.usual[:, old])


def joined_reach(parts: Sequence[Reach | None]) -> Reach | None:
    """The draws of all parts, one after the other."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return replace(known[0], par=np.concatenate([part.par for part in known]))
