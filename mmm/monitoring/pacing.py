"""Money against the plan: spent so far, at which rate, and where that ends."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from mmm.monitoring.sequential import Floats

_BURN_PERIODS = 4


@dataclass(frozen=True)
class Pace:
    """Money of one channel, or of all: in the whole plan, in the plan until now, spent; ``burn`` is the mean of the
    last four periods. ``end`` is what will have been spent at the end of the horizon, with its 90% interval; None
    while there are fewer than two periods with planned money.
    """

    plan: float
    due: float
    spent: float
    burn: float
    end: tuple[float, float, float] | None

    @property
    def off(self) -> float:
        """Share by which the money spent differs from what was due; NaN where nothing was due."""
        return self.spent / self.due - 1.0 if self.due > 0 else float("nan")


def pace(planned: Floats, spent: Floats) -> Pace:
    """Pace of ``planned[h]`` money with ``spent[t]`` of the first t periods.

    The rest is spent as planned times a rate; the rates seen so far are taken for draws from one normal distribution,
    so that the total that is still to come has a Student-t predictive distribution: mean m x rest, variance
    s^2 (rest^2 / n + sum of squares of the rest), n - 1 degrees of freedom.
    """
    t = len(spent)
    due, rest = planned[:t], planned[t:]
    active = due > 0
    end = None
    if not rest.size or rest.sum() == 0:
        total = float(spent.sum())
        end = (total, total, total)
    elif active.sum() >= 2:
        rates = spent[active] / due[active]
        n, mean, sd = len(rates), float(rates.mean()), float(rates.std(ddof=1))
        ahead = float(spent.sum()) + mean * float(rest.sum())
        spread = sd * float(np.sqrt(rest.sum() ** 2 / n + (rest**2).sum()))
        reach = float(stdtrit(n - 1, 0.95)) * spread
        end = (ahead, max(float(spent.sum()), ahead - reach), ahead + reach)
    burn = float(spent[-_BURN_PERIODS:].mean()) if t else 0.0
    return Pace(float(planned.sum()), float(due.sum()), float(spent.sum()), burn, end)
