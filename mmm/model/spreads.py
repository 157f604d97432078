"""Prior scales of the baseline: numbers, or as a business says them, 90% of what a term adds between two ends."""

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from mmm.arrays import Floats
from mmm.section import Section

Scale = Annotated[float, Field(ge=1e-6, le=1e3)]
"""The scale of a prior: far beyond what any data ask for, and within what numbers can hold."""

_NORMAL = 1.6448536269514722
"""95% quantile of a standard normal variable."""
_LEARNED = 1.595103707346469
"""That of the product of two independent ones: of an effect whose sd is half-normal."""


class Within(Section):
    """90% of what a term adds to a period lies between the ends: shares of the usual outcome (0.1 is 10% of it)."""

    lower: float = Field(ge=-100.0, lt=0.0)
    upper: float = Field(gt=0.0, le=100.0)

    @model_validator(mode="after")
    def _around_zero(self) -> Self:
        if not np.isclose(-self.lower, self.upper, rtol=1e-9):
            raise ValueError(
                f"the prior lies evenly around 0, so {{lower: {-self.upper:g}, upper: {self.upper:g}}} or "
                f"{{lower: {self.lower:g}, upper: {-self.lower:g}}} can be stated"
            )
        return self


class Between(Section):
    """90% of what is believed lies between the ends: shares of a region's mean outcome."""

    lower: float = Field(ge=-10.0, le=10.0)
    upper: float = Field(ge=-10.0, le=10.0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.lower >= self.upper:
            raise ValueError(f"lower ({self.lower:g}) must be below upper ({self.upper:g})")
        return self


Spread = Scale | Within
"""A prior scale in the term's own unit, or the interval that it stands for."""


def spread(stated: float | Within, unit: float, level: float, *, learned: bool = False, terms: int = 1) -> float:
    """The prior scale in scaled outcome.

    A number counts ``unit``; an interval counts ``level``, the usual outcome of a period, and is that of the sum of
    ``terms`` squares that add up to one each, as of pairs of sine and cosine. ``learned``: the scale is that of a
    half-normal sd.
    """
    if isinstance(stated, Within):
        return stated.upper * level / (_LEARNED if learned else _NORMAL) / float(np.sqrt(max(1, terms)))
    return stated * unit


def intercept(stated: float | Between, mean: Floats, relative: Floats) -> tuple[Floats, Floats]:
    """Prior mean and sd [g] of the outcome without media: around ``mean`` [g] unless an interval is stated.

    ``relative[g]`` is a region's mean outcome, scaled.
    """
    if isinstance(stated, Between):
        half = 0.5 * (stated.upper - stated.lower) / _NORMAL
        return 0.5 * (stated.lower + stated.upper) * relative, half * relative
    return mean, stated * relative
