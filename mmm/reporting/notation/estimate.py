"""A number with its 90% interval, as everything that is told carries it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Estimate:
    """A mean with the ends of its 90% interval; ``q`` names the quantity (:mod:`mmm.reporting.notation.identity`)."""

    mean: float
    lower: float
    upper: float
    q: str = field(default="", compare=False, kw_only=True)

    def __iter__(self) -> Iterator[float]:
        """Mean, lower and upper end."""
        return iter((self.mean, self.lower, self.upper))

    @property
    def known(self) -> bool:
        return bool(np.isfinite(tuple(self)).all())

    def times(self, factor: float, q: str = "") -> "Estimate":
        """Another quantity, so many times this one."""
        ends = sorted((factor * self.lower, factor * self.upper))
        return Estimate(factor * self.mean, ends[0], ends[1], q=q)


def estimate(draws: npt.ArrayLike, q: str = "") -> Estimate:
    """Mean and equal-tailed 90% interval of draws."""
    values = np.asarray(draws, dtype=float)
    lower, upper = np.quantile(values, [0.05, 0.95])
    return Estimate(float(values.mean()), float(lower), float(upper), q=q)
