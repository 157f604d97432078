"""Learning which intervals miss: a ridge logistic regression on what was measured, judged by leave-one-kind-out.

One probability a channel in place of many warnings. The study of promises compares it with the lights, which need no
learning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmm.arrays import Floats

_ROUNDS = 50
FALSE_ALARMS = 0.10
"""Share of the intervals that hold of which a warning may be raised."""
PENALTY = 3.0
"""On squared standardised weights: about that of a normal prior with sd 0.6."""
_TOPS = {"surprise": 4.0, "prior": 1.5, "against": 5.0, "future": 5.0, "tails": 6.0, "step": 5.0}
"""Beyond these a signal says no more: single worlds would else decide."""
_SCORES, _TOP = ("later", "fading", "bent", "joint"), 5.0
FEATURES = (
    "overlap",
    "prior",
    "surprise",
    "together",
    "family",
    "future",
    "others",
    "against",
    "tails",
    "memory",
    "step",
)


def features(measured: Mapping[str, float | None]) -> list[float]:
    """The :data:`FEATURES` of a channel from the numbers of its signals; what was not measured counts as nothing."""

    def size(name: str) -> float:
        return min(abs(measured[name] or 0.0), _TOPS.get(name, np.inf))

    others = min(max(abs(measured[name] or 0.0) for name in _SCORES), _TOP)
    return [others if name == "others" else size(name) for name in FEATURES]


@dataclass(frozen=True)
class Cells:
    """Channels of worlds: their ``features`` [cell, feature], the kind of each one's world, whether its interval
    ``missed``, and how far ``beyond`` it the truth was, in widths (zero inside), each [cell]."""

    features: Floats
    kinds: Sequence[str]
    missed: Floats
    beyond: Floats


class Learned(NamedTuple):
    """Centre, scale and weight by feature, and an intercept."""

    centre: Floats
    scale: Floats
    weight: Floats
    intercept: float

    def chance(self, found: Floats) -> Floats:
        """Probability of a miss [cell] from features [cell, feature]."""
        odds = self.intercept + ((found - self.centre) / self.scale) @ self.weight
        return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def learned(x: Floats, missed: Floats, penalty: float = PENALTY) -> Learned:
    """The regression of ``missed`` on standardised features: maximal likelihood less half ``penalty`` times the squared
    weights, the intercept free, by Newton's method."""
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    shrink = np.diag([1e-6] + [penalty] * x.shape[1])
    found = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        p = 1.0 / (1.0 + np.exp(-design @ found))
        curvature = (design * (p * (1.0 - p))[:, None]).T @ design + shrink
        step = np.linalg.solve(curvature, design.T @ (missed - p) - shrink @ found)
        found = found + step
        if np.abs(step).max() < 1e-10:
            break
    return Learned(centre, scale, found[1:], float(found[0]))


def left_out(cells: Cells, penalty: float = PENALTY) -> Floats:
    """Probabilities of a miss [cell], each by what was learned on all other kinds."""
    kinds, out = np.asarray(cells.kinds), np.empty(len(cells.missed))
    for kind in np.unique(kinds):
        mine = kinds == kind
        out[mine] = learned(cells.features[~mine], cells.missed[~mine], penalty).chance(cells.features[mine])
    return out


def area(score: Floats, missed: Floats) -> float:
    """Area under the curve: of pairs of one that misses and one that holds, how many the score orders; ties half."""
    bad, good = score[missed > 0][:, None], score[missed == 0][None, :]
    return float(((bad > good) + 0.5 * (bad == good)).mean())


def caught(score: Floats, missed: Floats, wanted: Floats, alarms: float = FALSE_ALARMS) -> float:
    """Share of the ``wanted`` cells whose score is above that of all but a share ``alarms`` of those that hold."""
    limit = np.quantile(score[missed == 0], 1.0 - alarms, method="higher")
    return float((score[wanted > 0] > limit).mean())
