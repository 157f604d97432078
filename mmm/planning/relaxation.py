"""A concave upper bound on S-shaped plans, from what the constraints allow every number to be."""

from dataclasses import replace

import numpy as np

from mmm.arrays import Floats
from mmm.planning.linear import best_corner
from mmm.planning.objectives import Expected
from mmm.planning.program import Program


def above(objective: Expected, program: Program) -> Expected:
    """A concave objective that no plan by period, or by channel, within the program exceeds, whatever its curves."""
    evaluator = objective.evaluator
    low = program.region.lower[: program.size]
    high = np.maximum(program.most, low)
    return replace(objective, evaluator=evaluator.bounded((low, high), _totals(program, evaluator.space.channel_of)))


def _totals(program: Program, channel_of: np.ndarray) -> tuple[Floats, Floats]:
    """Least and most money [c] that the constraints allow every channel, steps and gaps put aside."""
    plain = replace(program.relaxed(), cost=np.zeros(program.columns))
    inside = [(channel_of == c).astype(float) for c in range(int(channel_of.max()) + 1)]
    least = np.array([-best_corner(plain, -one).bound for one in inside])
    return least, np.array([best_corner(plain, one).bound for one in inside])
