"""The coordinates z that the sampler moves in, and the way between them and the model's unconstrained x."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from mmm.arrays import Floats
from mmm.inference.engine.layout import Layout

Entries = npt.NDArray[np.intp]
Factor = tuple[Entries, Floats]


@dataclass(frozen=True)
class Coordinates:
    """The map from z to x in the three steps that :mod:`mmm.model.kernels.sampler` documents.

    ``factors`` are L's diagonal blocks as pairs of entries and square matrix, which cover every entry once. ``bent``
    are entries that hold the log of a scale, ``bent_scale`` its half-normal prior's. ``centring[2, c]`` has the
    centring of a channel, 0 (none) to 1, and the log scale at which it changes nothing. ``given``, ``onto`` and
    ``known`` are of the coefficients that are sampled, empty where they are left as they are. What they do depends on
    the data: :meth:`mmm.inference.engine.problem.Problem.settled` comes after :meth:`to_x`.
    """

    centre: Floats
    factors: tuple[Factor, ...]
    bent: Entries
    bent_scale: Floats
    centring: Floats
    given: Floats
    onto: Floats
    known: Floats

    @classmethod
    def identity(cls, dim: int, channels: int) -> "Coordinates":
        """z = x."""
        none = np.zeros(0)
        centring, matrix = np.zeros((2, channels)), np.zeros((0, 0))
        return cls(np.zeros(dim), singles(np.ones(dim)), none.astype(np.intp), none, centring, matrix, matrix, none)

    def to_x(self, layout: Layout, z: Floats) -> Floats:
        """The unconstrained vectors at ``z[..., dim]``."""
        x = np.broadcast_to(self.centre, z.shape).copy()
        for entries, factor in self.factors:
            x[..., entries] += z[..., entries] @ factor.T
        x[..., self.bent] = np.log(self.bent_scale * half_normal_score(x[..., self.bent]))
        if "geo_sd" in layout:
            x[..., layout.of("geo_deviation")] *= self._centring_factor(layout, x)
        return x

    def before_linear(self, layout: Layout, x: Floats) -> Floats:
        """What centre + L z has to be for the map to end at ``x[dim]``."""
        out = x.copy()
        if "geo_sd" in layout:
            out[layout.of("geo_deviation")] /= self._centring_factor(layout, x)
        out[self.bent] = normal_score(np.exp(x[self.bent]) / self.bent_scale)
        return out

    def _centring_factor(self, layout: Layout, x: Floats) -> Floats:
        power = self.centring[0] * (self.centring[1] - x[..., layout.of("geo_sd")])
        return np.repeat(np.exp(power), layout["geo_deviation"].shape[1], axis=-1)


def singles(scales: Floats, entries: Entries | None = None) -> tuple[Factor, ...]:
    """Factors of one entry each."""
    where = np.arange(len(scales)) if entries is None else entries
    return tuple((where[i : i + 1], np.array([[s]])) for i, s in enumerate(scales))


def half_normal_score(w: Floats) -> Floats:
    """q > 0 with P(half-normal < q) = P(normal < w)."""
    upper = -special.ndtri(0.5 * special.ndtr(-np.maximum(w, 0.0)))
    lower = np.sqrt(2.0) * special.erfinv(special.ndtr(np.minimum(w, 0.0)))
    return np.asarray(np.where(w > 0, upper, lower))


def normal_score(q: Floats) -> Floats:
    """The inverse of :func:`half_normal_score`."""
    upper = -special.ndtri(np.minimum(2.0 * special.ndtr(-q), 1.0))
    lower = special.ndtri(special.erf(q / np.sqrt(2.0)))
    return np.asarray(np.where(q > 0.6745, upper, lower))
