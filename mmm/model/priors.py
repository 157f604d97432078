"""The prior families of the model, each stated the way its user thinks of it."""

import math
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from mmm.section import Section

_Z95 = NormalDist().inv_cdf(0.95)


_MOST = 1e100
"""Ends of priors lie within a hundred powers of ten around one: beyond, densities leave the range of numbers. Nearer
limits would refuse priors that follow from the data, as where an outcome is tiny beside the money."""


def _within(value: float) -> float:
    if not 1 / _MOST <= value <= _MOST:
        raise ValueError("must lie between 1e-100 and 1e100")
    return value


End = Annotated[float, Field(gt=0), AfterValidator(_within)]


class _Interval(Section):
    """The ends of a 90% interval, in their order."""

    lower: float
    upper: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lower < self.upper:
            raise ValueError(f"lower ({self.lower}) must be below upper ({self.upper})")
        return self


class LogNormalPrior(_Interval):
    """A positive quantity by its 90% interval: 5% of the prior lies below ``lower``, 5% above ``upper``."""

    lower: End
    upper: End

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


class LevelPrior(LogNormalPrior):
    """A level of media in a period, in all geos together: relative to the channel's mean over active periods, in money
    (at the channel's mean cost in the data), or in media units."""

    unit: Literal["relative", "money", "media"] = "relative"


class NormalPrior(_Interval):
    """A quantity of any sign by its 90% interval: 5% of the prior lies below ``lower``, 5% above ``upper``."""

    lower: float = Field(ge=-1e15, le=1e15)
    upper: float = Field(ge=-1e15, le=1e15)

    @property
    def mean(self) -> float:
        return 0.5 * (self.lower + self.upper)

    @property
    def sd(self) -> float:
        return (self.upper - self.lower) / (2 * _Z95)


class BetaPrior(Section):
    """A share between 0 and 1 with density proportional to x^(alpha-1) (1-x)^(beta-1)."""

    alpha: float = Field(ge=1e-3, le=1e6)
    beta: float = Field(ge=1e-3, le=1e6)

    @classmethod
    def from_interval(cls, lower: float, upper: float) -> Self:
        """The prior with 5% below ``lower`` and 5% above ``upper``.

        Raises ValueError where the ends are not 0 < lower < upper < 1, or no such density is within reach.
        """
        if not 0.0 < lower < upper < 1.0:
            raise ValueError(f"a share's 90% interval lies between 0 and 1, lower below upper; got {lower} to {upper}")
        # Imported here: settings are read by commands that compute nothing.
        import numpy as np
        from scipy import optimize, special

        middle, sd = 0.5 * (lower + upper), (upper - lower) / (2 * _Z95)
        count = max(middle * (1 - middle) / sd**2 - 1, 0.5)

        def off(logs: Any) -> Any:
            a, b = np.exp(np.clip(logs, -12.0, 16.0))
            return special.betaincinv(a, b, [0.05, 0.95]) - [lower, upper]

        found = optimize.root(off, np.log([middle * count, (1 - middle) * count]))
        a, b = (float(v) for v in np.exp(np.clip(found.x, -12.0, 16.0)))
        if np.abs(off(found.x)).max() > 1e-3 * (upper - lower):
            raise ValueError(f"no Beta prior has the 90% interval {lower} to {upper}; give alpha and beta")
        return cls(alpha=a, beta=b)

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of its 90% interval."""
        from scipy import special

        lower, upper = special.betaincinv(self.alpha, self.beta, [0.05, 0.95])
        return float(lower), float(upper)


def _kind(value: Any) -> str:
    if isinstance(value, LevelPrior) or (isinstance(value, dict) and "unit" in value):
        return "LevelPrior"
    beta = isinstance(value, BetaPrior) or (isinstance(value, dict) and bool({"alpha", "beta"} & set(value)))
    return "BetaPrior" if beta else "LogNormalPrior"


Prior = Annotated[
    Annotated[LogNormalPrior, Tag("LogNormalPrior")]
    | Annotated[LevelPrior, Tag("LevelPrior")]
    | Annotated[BetaPrior, Tag("BetaPrior")],
    Discriminator(_kind),
]
"""The prior of a family's parameter; the keys that are given say which."""


def widened(lower: float, upper: float, factor: float, scale: Literal["log", "logit", "plain"]) -> tuple[float, float]:
    """A 90% interval ``factor`` times as wide around its middle, on the scale on which the quantity is believed."""

    def there(value: float) -> float:
        return value if scale == "plain" else math.log(value / (1 - value) if scale == "logit" else value)

    def back(value: float) -> float:
        return value if scale == "plain" else math.exp(value) if scale == "log" else 1 / (1 + math.exp(-value))

    middle, half = 0.5 * (there(lower) + there(upper)), 0.5 * factor * (there(upper) - there(lower))
    return back(middle - half), back(middle + half)


def transform(prior: Prior) -> str:
    """How a parameter with this prior is sampled: by its ``logit`` where it lives between 0 and 1, else its ``log``."""
    return "logit" if isinstance(prior, BetaPrior) else "log"


def numbers(prior: Prior) -> tuple[float, float]:
    """Alpha and beta of a beta prior; mean and standard deviation of the logarithm of a log-normal one."""
    return (prior.alpha, prior.beta) if isinstance(prior, BetaPrior) else (prior.mu, prior.sigma)


def middle(prior: Prior) -> float:
    """A place in the middle of a prior, as a parameter with it is sampled."""
    first, second = numbers(prior)
    return math.log(first / second) if isinstance(prior, BetaPrior) else first


def prior_words(prior: Prior) -> str:
    """The prior as a table tells it."""
    if isinstance(prior, BetaPrior):
        return f"Beta({prior.alpha:g}, {prior.beta:g})"
    return f"{prior.lower:g} to {prior.upper:g} (log-normal)"
