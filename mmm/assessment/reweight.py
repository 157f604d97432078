"""Posteriors that were not sampled, by weights on the draws of one that was; and whether the weights can be trusted."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from mmm.arrays import Floats
from mmm.assessment.scores import LOWER, UPPER
from mmm.inference.loo import FEWEST_DRAWS

K_MAX = 0.7
"""Above this Pareto shape of the largest weights a result is not believed (Vehtari et al. 2024)."""


@dataclass(frozen=True)
class Weights:
    """Weights of draws, adding up to one, and the Pareto shape ``k`` of the largest before they were smoothed."""

    values: Floats
    k: float

    @property
    def reliable(self) -> bool:
        return self.k <= K_MAX

    def mean(self, draws: Floats) -> Floats:
        """Mean over the first axis of ``draws[n, ...]``."""
        return np.asarray(np.tensordot(self.values, draws, axes=1))

    def quantiles(self, draws: Floats, levels: tuple[float, ...] = (LOWER, 0.5, UPPER)) -> Floats:
        """Quantiles of ``draws[n]``: the draw at which the weights up to it pass the level."""
        order = np.argsort(draws)
        passed = np.cumsum(self.values[order]) - 0.5 * self.values[order]
        return np.asarray(np.interp(levels, passed, draws[order]))


def even(n: int) -> Weights:
    """Equal weights."""
    return Weights(np.full(n, 1.0 / n), -np.inf)


def reweighted(log_ratio: Floats) -> Weights:
    """Pareto-smoothed importance weights for the ratio of the wanted density to the sampled one, ``log_ratio[n]``.

    Vehtari, Simpson, Gelman, Yao and Gabry (2024).
    """
    # Imported here: it takes a second.
    from arviz_stats.base.array import array_stats

    if np.ptp(log_ratio) < 1e-12:
        return even(len(log_ratio))
    if len(log_ratio) < FEWEST_DRAWS:
        return Weights(np.asarray(special.softmax(log_ratio)), np.inf)
    # It smooths the largest of what it is given with the sign turned, as leave-one-out ratios want it.
    smoothed, k = array_stats.psislw(-(log_ratio - log_ratio.max()))
    return Weights(np.asarray(special.softmax(smoothed)), float(k))
