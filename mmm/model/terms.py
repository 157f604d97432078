"""Linear terms, what the baseline is made of: records that build, engine, decomposition and forecast go through.

The model's own terms follow from its spec (:mod:`mmm.model.baseline`). A term of one's own is a function of a
:class:`Moment`, registered by name (:func:`register_term`) or offered by an installed package under the entry point
group ``mmm.terms``; settings name it in ``model.baseline.further``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.records import Records

GROUP = "mmm.terms"


@dataclass(frozen=True)
class Scale:
    """A standard deviation that is sampled: half-normal (``heavy``: half-Cauchy) with scale ``prior``.

    Terms that name the same one share it. ``labels``: one for each coefficient of a term, over its ``dim``. Where
    ``within`` is given the standard deviation is the product of both, and with a ``slab`` c at most about that:
    t c / sqrt(t^2 + c^2) of the product t.
    """

    name: str
    prior: float
    labels: tuple[str, ...] = ()
    dim: str = ""
    heavy: bool = False
    within: "Scale | None" = None
    slab: float = 0.0

    @property
    def count(self) -> int:
        """How many numbers are sampled."""
        return len(self.labels) or 1

    def sizes(self, own: Any, whole: Any) -> Any:
        """Standard deviations from the sampled numbers of this scale and of the one around it (None: there is none).

        Of arrays, and of variables of a graph.
        """
        size = own if whole is None else own * whole
        return size / (1.0 + (size / self.slab) ** 2) ** 0.5 if self.slab else size


@dataclass(frozen=True)
class Term:
    """A linear term: ``design`` is [t, p] (the same in every geo) or [t, g, p] from absolute dates or the controls.

    The coefficients are normal with mean and sd [p], or, with a ``scale``, with mean zero and its standard deviation;
    their ``sd`` is one then. Coefficients with dim ``geo`` belong to one geo each (the intercept, design ones).
    ``told``: each coefficient is a contribution of its own, by this prefix and its label.
    ``sign``: the coefficients are above zero (1) or below it (-1), half-normal with scale ``sd``; such coefficients
    are sampled, all others are integrated out where the noise is normal.
    ``by_geo``: coefficients differ between geos, normal around the stated ones with this sampled standard deviation.
    """

    name: str
    dim: str
    labels: tuple[str, ...]
    design: Floats
    mean: Floats
    sd: Floats
    scale: Scale | None = None
    told: str | None = None
    sign: Literal[-1, 0, 1] = 0
    by_geo: Scale | None = None
    told_as: tuple[str, ...] | None = None
    """Labels of the parts that the coefficients are told in; their own where it is not given."""
    within: str = ""
    """The term whose part of the decomposition this one adds to; its own where it is empty."""

    def __post_init__(self) -> None:
        if self.sign and (self.mean.any() or self.scale is not None or self.dim == "geo" or self.by_geo is not None):
            raise ValueError(
                f"The term '{self.name}' has a sign, so its mean is 0, its sd fixed, and it is the same in every geo."
            )
        if self.scale is not None and (self.mean.any() or (self.sd != 1.0).any()):
            raise ValueError(f"The term '{self.name}' has a sampled scale, so its mean is 0 and its sd 1.")

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of what the coefficients are told as; empty where the term is one part."""
        labels = self.labels if self.told_as is None else self.told_as
        return () if self.told is None else tuple(f"{self.told}{label}" for label in labels)

    def deviations(self, geos: tuple[str, ...]) -> "Term":
        """The term of the differences between geos, which ``by_geo`` says to have. Raises ValueError without it."""
        if self.by_geo is None:
            raise ValueError(f"The term '{self.name}' is the same in every geo.")
        wide = self.design if self.design.ndim == 3 else np.repeat(self.design[:, None, :], len(geos), axis=1)
        count = len(geos) * len(self.labels)
        design = np.einsum("tgp,gh->tghp", wide, np.eye(len(geos))).reshape(*wide.shape[:2], count)
        return Term(
            f"{self.name}_by_geo",
            f"{self.dim}_by_geo",
            tuple(f"{label}, {geo}" for geo in geos for label in self.labels),
            design,
            np.zeros(count),
            np.ones(count),
            self.by_geo,
            self.told,
            told_as=None if self.told is None else (self.told_as or self.labels) * len(geos),
            within=self.name,
        )

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
        for scale in () if term.scale is None else (term.scale.within, term.scale):
            if scale is not None and found.setdefault(scale.name, scale) != scale:
                raise ValueError(f"The scale '{scale.name}' has two priors.")
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
