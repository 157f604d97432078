"""The prior families of the model, each stated the way its user thinks of it."""

import math
from statistics import NormalDist
from typing import Self

from pydantic import Field, model_validator

from mmm.section import Section

_Z95 = NormalDist().inv_cdf(0.95)


class LogNormalPrior(Section):
    """A positive quantity by its 90% interval: 5% of the prior lies below ``lower``, 5% above ``upper``."""

    lower: float = Field(gt=0)
    upper: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lower < self.upper:
            raise ValueError(f"lower ({self.lower}) must be below upper ({self.upper})")
        return self

    @property
    def mu(self) -> float:
        """Mean of the logarithm."""
        return 0.5 * (math.log(self.lower) + math.log(self.upper))

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm."""
        return (math.log(self.upper) - math.log(self.lower)) / (2 * _Z95)

    @property
    def median(self) -> float:
        return math.exp(self.mu)

    @classmethod
    def from_median(cls, median: float, sigma: float) -> Self:
        """The prior with that median and standard deviation of the logarithm."""
        return cls(lower=median * math.exp(-_Z95 * sigma), upper=median * math.exp(_Z95 * sigma))


class BetaPrior(Section):
    """A share between 0 and 1 with density proportional to x^(alpha-1) (1-x)^(beta-1)."""

    alpha: float = Field(gt=0)
    beta: float = Field(gt=0)
