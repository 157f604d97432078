"""Linear terms, what the baseline is made of: records that build, engine, decomposition and forecast go through.

The model's own terms follow from its spec (:mod:`mmm.model.baseline`). A term of one's own is a function of a
:class:`Moment`, registered by name (:func:`register_term`) or offered by an installed package under the entry point
group ``mmm.terms``; settings name it in ``model.baseline.further``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.records import Records

GROUP = "mmm.terms"


@dataclass(frozen=True)
class Scale:
    """A standard deviation that is sampled: half-normal around nothing with scale ``prior``.

    Terms that name the same one share it.
    """

    name: str
    prior: float


@dataclass(frozen=True)
class Term:
    """A linear term: ``design`` is [t, p] (the same in every geo) or [t, g, p] from absolute dates or the controls.

    The coefficients are normal with mean and sd [p], or, with a ``scale``, with mean zero and its standard deviation;
    their ``sd`` is one then. Coefficients with dim ``geo`` belong to one geo each (the intercept, design ones).
    ``told``: each coefficient is a contribution of its own, by this prefix and its label.
    """

    name: str
    dim: str
    labels: tuple[str, ...]
    design: Floats
    mean: Floats
    sd: Floats
    scale: Scale | None = None
    told: str | None = None

    def __post_init__(self) -> None:
        if self.scale is not None and (self.mean.any() or (self.sd != 1.0).any()):
            raise ValueError(f"The term '{self.name}' has a sampled scale, so its mean is 0 and its sd 1.")

    def values(self, coefficients: Floats) -> Floats:
        """The term at [..., t, g] for coefficients [..., p]; a shared design gives a geo axis of length one."""
        if self.dim == "geo":
            return np.broadcast_to(
                coefficients[..., None, :], (*coefficients.shape[:-1], self.design.shape[0], coefficients.shape[-1])
            )
        if self.design.ndim == 2:
            return np.asarray((coefficients @ self.design.T)[..., None])
        return np.asarray(np.einsum("tgp,...p->...tg", self.design, coefficients))


def scales(terms: Iterable[Term]) -> tuple[Scale, ...]:
    """The sampled scales of terms, each once. Raises ValueError where one name has two priors."""
    found: dict[str, Scale] = {}
    for term in terms:
        if term.scale is not None and found.setdefault(term.scale.name, term.scale) != term.scale:
            raise ValueError(f"The scale '{term.scale.name}' has two priors.")
    return tuple(found.values())


@dataclass(frozen=True)
class Moment:
    """What a term may depend on: dates, and controls ``control[t, g, k]`` in their own units.

    ``outcome_sd`` is the standard deviation of the scaled outcome within a geo, by which scales mean the same for every
    data set; it is pinned with the model.
    """

    dates: pd.DatetimeIndex
    control: Floats
    geos: tuple[str, ...]
    controls: tuple[str, ...]
    outcome_sd: float


TERMS: Records[Callable[[Moment], Term]] = Records("term", "mmm.model.further", "mmm.terms")


def register_term(name: str, make: Callable[[Moment], Term]) -> None:
    """Add a term of one's own to this process; ``make`` gives it for any dates, always with the same old rows."""
    TERMS.add(name, make)
