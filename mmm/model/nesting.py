"""Nested channels: campaigns, platforms or tactics inside a channel, whose returns and carryover are partially pooled.

The log of a leaf's return is the sum of what its channel, its group within it (where there is one) and the leaf itself
add to its prior mean, so that leaves of one channel are alike before the data, and differ as far as the data say
(Gelman and Hill 2007, chapter 12). Each leaf keeps the prior that any channel would have: its variance is split. A leaf
differs from its group, and a group from its channel, by a factor within which 90% lie (``spread``); what is left of the
variance is the channel's, common to all of its leaves. With s = log(spread) / 1.645 and sd the prior's, the shares
are min(s^2 / sd^2, 1) for the leaf, the same for the group as far as something is left, and the rest for the channel.
Carryover parameters that live above zero (half-lives, delays, scales) are pooled in the same way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.model.parameters import families, variables
from mmm.model.priors import numbers, transform
from mmm.model.spec import ModelSpec

_Z95 = NormalDist().inv_cdf(0.95)


@dataclass(frozen=True)
class Coupling:
    """Entries of a variable whose logarithms are normal with ``mean`` and ``covariance`` together.

    The model's own prior has them independent, with the standard deviations ``sd``.
    """

    variable: str
    entries: npt.NDArray[np.intp]
    mean: Floats
    sd: Floats
    covariance: Floats

    @property
    def excess(self) -> Floats:
        """Precision of the joint prior less that of the independent one."""
        return np.asarray(np.linalg.inv(self.covariance) - np.diag(1.0 / self.sd**2))

    @property
    def constant(self) -> float:
        """Log of the joint prior's norm less that of the independent one."""
        return float(np.log(self.sd).sum() - 0.5 * np.linalg.slogdet(self.covariance)[1])

    def drawn(self, x: Floats) -> Floats:
        """Draws of the joint prior [n, entry], from draws ``x`` of the independent one."""
        z = (x - self.mean) / self.sd
        return np.asarray(self.mean + z @ np.linalg.cholesky(self.covariance).T)


def covariance(paths: Sequence[tuple[str, ...]], sd: Floats, step: float) -> Floats:
    """Covariance [leaf, leaf] of leaves at ``paths`` (channel, or channel and group) with prior deviations ``sd``.

    ``step`` is the standard deviation of a leaf around its group, and of a group around its channel.
    """
    own = np.minimum(step**2 / sd**2, 1.0 - 1e-6)
    deep = np.array([len(path) > 1 for path in paths])
    group = np.where(deep, np.minimum(own, 1.0 - own), 0.0)
    channel = 1.0 - own - group
    same_channel = np.array([[a[0] == b[0] for b in paths] for a in paths])
    same_group = np.array([[len(a) > 1 and a == b for b in paths] for a in paths])
    shared = np.sqrt(np.outer(channel, channel)) * same_channel + np.sqrt(np.outer(group, group)) * same_group
    return np.asarray(np.outer(sd, sd) * (shared + np.diag(own)))


def couplings(spec: ModelSpec) -> Iterator[Coupling]:
    """What the nesting of a model pools: returns (or shares), and its leaves' carryover parameters above zero."""
    if spec.nesting is None:
        return
    leaves = [i for i, channel in enumerate(spec.channels) if channel.within]
    effects = [(i, i, *numbers(spec.channels[i].effect)) for i in leaves]
    yield from _coupled(spec, spec.effect_kind, effects, spec.nesting.spread)
    for variable in variables(spec):
        found = [
            (entry, owner, *numbers(prior))
            for entry, (owner, place, prior) in enumerate(
                zip(variable.owners, variable.places, variable.priors, strict=True)
            )
            if owner in leaves and place < len(families(spec.channels[owner])[0].parameters)
            if transform(prior) == "log"
        ]
        yield from _coupled(spec, variable.name, found, spec.nesting.carryover)


def _coupled(
    spec: ModelSpec, name: str, found: Sequence[tuple[int, int, float, float]], spread: float
) -> Iterator[Coupling]:
    """One coupling of the entries ``found``: entry, its channel, mean and deviation; none of fewer than two."""
    if len(found) > 1:
        entries, owners, mean, sd = (np.array(column) for column in zip(*found, strict=True))
        paths = [spec.channels[i].within for i in owners]
        yield Coupling(name, entries, mean, sd, covariance(paths, sd, float(np.log(spread)) / _Z95))
