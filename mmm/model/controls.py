"""Controls: what settings state of each of them, what is pinned of it, and the terms that they make.

A control's contribution is against a reference value: its own mean where none is stated, so that it adds up to nothing
over the time of the data; or a stated one, such as a price or no promotion at all, so that it says what differing from
that brought. Signs are those of the effect on the outcome.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from mmm.arrays import Floats
from mmm.data.names import CONTROL_TERM
from mmm.errors import SettingsError
from mmm.model.priors import NormalPrior
from mmm.model.terms import Scale, Term
from mmm.section import Section
from mmm.suggest import suggestion

Sign = Literal["any", "positive", "negative"]
_SIGNS: Mapping[Sign, Literal[-1, 0, 1]] = {"any": 0, "positive": 1, "negative": -1}
_LARGEST = 1e15


class ControlPrior(Section):
    """What is believed of one control: ``elasticity`` or ``effect``, a 90% interval (normal), or else ``scale``."""

    sign: Sign = Field(default="any", description="Of its effect on the outcome; the size is half-normal then.")
    scale: float | None = Field(
        default=None,
        ge=1e-6,
        le=1e3,
        description="Prior sd of its effect, in sd of the outcome per sd of the control; "
        "model.baseline.control_scale over the root of their number by default.",
    )
    elasticity: NormalPrior | None = Field(
        default=None, description="Change of the outcome in per cent for 1% more of the control, such as a price."
    )
    effect: NormalPrior | None = Field(
        default=None, description="Change of the outcome, as a share of its mean, for one more unit of the control."
    )
    reference: float | None = Field(
        default=None,
        ge=-_LARGEST,
        le=_LARGEST,
        description="Value against which its contribution counts, such as the usual price or 0 for no promotion; "
        "its mean by default.",
    )
    by_geo: float | None = Field(
        default=None,
        ge=1e-6,
        le=1e3,
        description="Effects differ between geos; prior scale of their sd, in the terms of scale.",
    )

    @property
    def has_size(self) -> bool:
        """Whether its size has a prior of its own, which no shrinkage touches."""
        return self.sign != "any" or any(x is not None for x in (self.scale, self.elasticity, self.effect, self.by_geo))

    @model_validator(mode="after")
    def _one_prior(self) -> Self:
        stated = [name for name in ("scale", "elasticity", "effect") if getattr(self, name) is not None]
        if len(stated) > 1:
            raise ValueError(f"give {stated[0]} or {stated[1]}, not both: each is the control's prior")
        if self.sign != "any" and (stated in (["elasticity"], ["effect"]) or self.by_geo is not None):
            what = "by_geo" if self.by_geo is not None else stated[0]
            raise ValueError(f"a control of one sign takes no {what}; leave out sign, or state a scale")
        return self


class Shrinkage(Section):
    """The regularised horseshoe (Piironen and Vehtari 2017) over the controls without a prior or a sign of their own.

    Few of them are expected to matter: the global scale is what that many of them say, each has a half-Cauchy factor
    of its own, and none is larger than the slab.
    """

    relevant: float = Field(default=3.0, gt=0, le=1e4, description="How many controls are expected to matter.")
    slab: float = Field(
        default=1.0, ge=1e-3, le=1e3, description="Largest plausible effect, in sd of the outcome per sd of a control."
    )


class ShrinkageSpec(Section):
    """Pinned constants: scale of the global scale's half-Cauchy prior, and the slab, in scaled outcome."""

    overall: float = Field(gt=0)
    slab: float = Field(gt=0)


class ControlSpec(Section):
    """Pinned constants of one control; ``mean`` and ``sd`` are of the coefficient of (value - reference) / scale."""

    reference: float
    scale: float = Field(gt=0)
    mean: float
    sd: float = Field(gt=0)
    sign: Literal[-1, 0, 1] = 0
    by_geo: float | None = None
    shrunk: bool = Field(default=False, description="Its size follows from the shrinkage, and sd is not read.")


def shrinkage_of(stated: Shrinkage, count: int, cells: int, deviation: float) -> ShrinkageSpec:
    """The horseshoe over ``count`` controls in ``cells`` observed cells; ``deviation`` is that of the scaled outcome.

    The global scale is relevant / (count - relevant) deviation / sqrt(cells) (Piironen and Vehtari 2017, section 3),
    with the outcome's deviation in the place of the noise's, which is not larger.
    """
    rest = max(count - stated.relevant, 0.5)
    return ShrinkageSpec(overall=stated.relevant / rest * deviation / cells**0.5, slab=stated.slab * deviation)


def pinned(
    stated: Mapping[str, ControlPrior],
    names: Sequence[str],
    values: Floats,
    usual: tuple[float, float],
    *,
    shrink: bool = False,
) -> tuple[ControlSpec, ...]:
    """The controls of a model whose observed values are ``values[row, control]``; ``shrink``: those without a prior.

    ``usual`` is the standard deviation of the scaled outcome within a geo, by which scales are meant, and the default
    scale. The scaled outcome is one on average. Raises SettingsError for a name that is no control of the data, and
    for an elasticity of a control that is not above zero on average.
    """
    for name in stated:
        if name not in names:
            raise SettingsError(
                f"model.baseline.controls names '{name}', no control of the data. {suggestion(name, names)}"
            )
    mean, spread = values.mean(axis=0), values.std(axis=0)
    found = (
        _pinned(name, stated.get(name, ControlPrior()), float(mean[k]), float(spread[k]) or 1.0, usual)
        for k, name in enumerate(names)
    )
    own = {name for name, prior in stated.items() if prior.has_size}
    return tuple(s.model_copy(update={"shrunk": shrink and n not in own}) for n, s in zip(names, found, strict=True))


def _pinned(name: str, own: ControlPrior, usually: float, spread: float, usual: tuple[float, float]) -> ControlSpec:
    deviation, default = usual
    mean, sd = 0.0, deviation * (default if own.scale is None else own.scale)
    if own.elasticity is not None and usually <= 0:
        raise SettingsError(
            f"model.baseline.controls.{name}: it is {usually:g} on average, so that it has no elasticity. State its "
            "effect per unit."
        )
    for prior, per_unit in ((own.elasticity, 1.0 / usually if usually > 0 else 0.0), (own.effect, 1.0)):
        if prior is not None:
            mean, sd = (number * per_unit * spread for number in (prior.mean, prior.sd))
    return ControlSpec(
        reference=usually if own.reference is None else own.reference,
        scale=spread,
        mean=mean,
        sd=sd,
        sign=_SIGNS[own.sign],
        by_geo=None if own.by_geo is None else own.by_geo * deviation,
    )


_NAMES: Mapping[tuple[Literal[-1, 0, 1], bool], tuple[str, str]] = {
    (0, False): ("control", "control_name"),
    (0, True): ("local_control", "local_control_name"),
    (1, False): ("raising_control", "raising_control_name"),
    (-1, False): ("lowering_control", "lowering_control_name"),
}


def control_terms(
    specs: Sequence[ControlSpec], names: Sequence[str], values: Floats, shrinkage: ShrinkageSpec | None = None
) -> list[Term]:
    """The terms of controls with ``values[t, g, k]``: those of one sign, those that differ by geo, those shrunk."""
    found = []
    shrunk = [k for k, s in enumerate(specs) if s.shrunk]
    if shrinkage is not None and shrunk:
        found.append(_shrunk([specs[k] for k in shrunk], [names[k] for k in shrunk], values[:, :, shrunk], shrinkage))
    for (sign, local), (name, dim) in _NAMES.items():
        chosen = [k for k, s in enumerate(specs) if (s.sign, s.by_geo is not None) == (sign, local) and not s.shrunk]
        scales = sorted({specs[k].by_geo for k in chosen}, key=lambda s: s or 0.0)
        for i, scale in enumerate(scales):
            own = [k for k in chosen if specs[k].by_geo == scale]
            suffix = f"_{i + 1}" if len(scales) > 1 else ""
            design = np.stack([(values[:, :, k] - specs[k].reference) / specs[k].scale for k in own], axis=-1)
            labels, mean = tuple(names[k] for k in own), np.array([specs[k].mean for k in own])
            sd = np.array([specs[k].sd for k in own])
            found.append(
                Term(
                    name + suffix, dim + suffix, labels, design, mean, sd, told=CONTROL_TERM, sign=sign,
                    by_geo=None if scale is None else Scale(f"{name}{suffix}_sd", scale),
                )
            )  # fmt: skip
    return found


def _shrunk(specs: Sequence[ControlSpec], names: Sequence[str], values: Floats, shrinkage: ShrinkageSpec) -> Term:
    """Coefficients of the regularised horseshoe: a factor each, a global scale, and the slab around their product."""
    design = np.stack([(values[:, :, k] - s.reference) / s.scale for k, s in enumerate(specs)], axis=-1)
    count, dim, labels = len(specs), "shrunk_control_name", tuple(names)
    overall = Scale("control_shrinkage", shrinkage.overall, heavy=True)
    own = Scale("control_factor", 1.0, labels, dim, heavy=True, within=overall, slab=shrinkage.slab)
    return Term("shrunk_control", dim, labels, design, np.zeros(count), np.ones(count), own, told=CONTROL_TERM)
