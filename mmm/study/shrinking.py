"""Shrinking and widening promised gains by what other kinds of worlds say, against leaving them as they are.

The simplest correction of a promise that is too large or too sure: its mean times one number, its spread times another.
Both are learned by the interval score (Gneiting and Raftery 2007) on all kinds but one, and judged on that one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmm.arrays import Floats
from mmm.assessment.scores import interval_score

_SHRINK = np.round(np.arange(0.3, 1.31, 0.05), 2)
_WIDEN = np.round(np.arange(0.6, 2.61, 0.1), 2)


@dataclass(frozen=True)
class Promises:
    """Promised gains with the ends of their 90% intervals, and what came, each [world], in one unit."""

    promised: Floats
    lower: Floats
    upper: Floats
    came: Floats

    def of(self, rows: Floats) -> "Promises":
        """Those of the rows where ``rows`` is true."""
        return Promises(self.promised[rows], self.lower[rows], self.upper[rows], self.came[rows])

    def changed(self, shrink: float, widen: float) -> "Promises":
        """Means times ``shrink``, distances of the ends from the mean times ``widen``."""
        mean = self.promised * shrink
        lower, upper = (mean + widen * (end - self.promised) for end in (self.lower, self.upper))
        return Promises(mean, lower, upper, self.came)

    @property
    def score(self) -> float:
        return float(interval_score(self.lower, self.upper, self.came).mean())


def learned(known: Promises) -> tuple[float, float]:
    """Shrinking and widening with the lowest score, of a grid."""
    pairs = [(float(shrink), float(widen)) for shrink in _SHRINK for widen in _WIDEN]
    return min(pairs, key=lambda pair: known.changed(*pair).score)


def left_out(found: Promises, kinds: Sequence[str]) -> tuple[Promises, list[tuple[float, float]]]:
    """Every promise changed as all other kinds say, in the order given, and what each kind was given."""
    names, mean = np.asarray(kinds), found.promised.copy()
    lower, upper, given = found.lower.copy(), found.upper.copy(), []
    for kind in np.unique(names):
        mine = names == kind
        given.append(learned(found.of(~mine)))
        changed = found.of(mine).changed(*given[-1])
        mean[mine], lower[mine], upper[mine] = changed.promised, changed.lower, changed.upper
    return Promises(mean, lower, upper, found.came), given
