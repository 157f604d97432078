"""Newton's method for a smooth objective over linear constraints, with a Frank-Wolfe bound on what is possible.

Each step solves a quadratic program with the objective's own curvature (made concave where it is not) and goes as far
along it as the objective gains. For a concave objective F, every feasible s satisfies
F(s) <= F(x) + gradient(x) . (s - x); the best corner of that linear function is a rigorous bound
(Frank and Wolfe 1956; Jaggi 2013).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmm.arrays import Floats
from mmm.errors import PlanError
from mmm.planning.clock import now
from mmm.planning.curvature import Curvature, Diagonal
from mmm.planning.linear import best_corner
from mmm.planning.program import Program
from mmm.planning.qp import Region, solve_qp


@dataclass(frozen=True)
class Point:
    """Objective at a plan, with gradient and, where asked for, curvature."""

    value: float
    gradient: Floats
    curvature: Curvature | None


class Objective(Protocol):
    """What Newton's method asks of an objective over the decided numbers."""

    def at(self, x: Floats, curvature: bool) -> Point:
        """Value, gradient and, if wanted, second derivatives at ``x``."""
        ...


@dataclass(frozen=True)
class Climb:
    """Where a climb ended: the whole column vector, the objective (helpers' cost included), and its last gradient."""

    x: Floats
    value: float
    gradient: Floats
    steps: int


@dataclass(frozen=True)
class Effort:
    """When to stop: relative gain of a step, number of steps, the clock's time at which to give up."""

    tolerance: float = 1e-9
    steps: int = 60
    until: float = np.inf


def _scaled(region: Region, scale: float) -> Region:
    rows = np.abs(region.A).max(axis=1, initial=0.0)
    rows = np.where(rows > 0, rows, 1.0)
    return Region(
        region.A / rows[:, None],
        region.row_lower / rows / scale,
        region.row_upper / rows / scale,
        region.lower / scale,
        region.upper / scale,
    )


def feasible_start(program: Program, wanted: Floats) -> Floats:
    """The feasible point nearest to the plan ``wanted``, all columns. Gaps and steps are not regarded."""
    region = program.region
    if program.columns == program.size:
        activity = region.A @ wanted
        rows = np.all(activity >= region.row_lower) and np.all(activity <= region.row_upper)
        if rows and np.all(wanted >= region.lower) and np.all(wanted <= region.upper):
            return wanted.copy()
    scale = max(1e-12, float(np.abs(region.upper[: program.size]).max()))
    distance = np.concatenate([np.ones(program.size), np.full(program.columns - program.size, 1e-9)])
    target = np.concatenate([wanted / scale, np.zeros(program.columns - program.size)])
    try:
        return solve_qp(Diagonal(distance), -distance * target, _scaled(region, scale)) * scale
    except PlanError:
        # Too uneven for the interior point, as with helpers that next to nothing holds: any corner is a start as well.
        return best_corner(program.relaxed(), np.zeros(program.size)).x


def climb(objective: Objective, program: Program, start: Floats, effort: Effort) -> Climb:
    """Climb from a feasible ``start`` (all columns) until a step gains less than the tolerance."""
    size, region, cost = program.size, program.region, program.cost
    scale = max(1e-12, float(np.abs(region.upper[:size]).max()))
    inner = _scaled(region, scale)
    x = start
    point = objective.at(x[:size], True)
    value = point.value - float(cost @ x)
    reference = abs(value)
    done = 0
    for _ in range(effort.steps):
        if now() > effort.until:
            break
        try:
            target = _quadratic_target(point, x, inner, cost, scale)
        except PlanError:
            # The start is feasible, so the region is not empty: the curvature is too uneven for the interior point
            # (near zero spend a slope below one bends without limit). The linear model's corner leads up as well.
            target = best_corner(program, point.gradient).x
        direction = target - x
        slope = float(point.gradient @ direction[:size] - cost @ direction)
        if slope <= effort.tolerance * max(abs(value), reference, 1e-300):
            break
        moved = _line_search(objective, program, x, direction, (value, slope))
        if moved is None:
            break
        (x, point), done = moved, done + 1
        if point.curvature is None:
            point = objective.at(x[:size], True)
        value = point.value - float(cost @ x)
    return Climb(x, value, point.gradient, done)


def _quadratic_target(point: Point, x: Floats, inner: Region, cost: Floats, scale: float) -> Floats:
    """Maximiser of the quadratic model around ``x``."""
    size = len(point.gradient)
    gradient = np.concatenate([point.gradient, np.zeros(len(x) - size)]) - cost
    top = max(1e-300, float(np.abs(gradient).max()))
    plain = point.curvature if point.curvature is not None else Diagonal(np.zeros(size))
    # Helpers are linear; a trace of curvature keeps the inner problem well posed.
    bend = plain.scaled(scale / top).concave(1e-6).padded(len(x) - size, 1e-10)
    linear = -gradient / top - bend.times(x / scale)
    return solve_qp(bend, linear, inner) * scale


def _line_search(
    objective: Objective, program: Program, x: Floats, direction: Floats, at_start: tuple[float, float]
) -> tuple[Floats, Point] | None:
    """A place along the direction that gains enough, and the objective there, or None."""
    value, slope = at_start
    length = 1.0
    for _ in range(30):
        trial = x + length * direction
        point = objective.at(trial[: program.size], False)
        gained = point.value - float(program.cost @ trial) - value
        if gained >= 1e-4 * length * slope:
            return trial, point
        # The parabola through value, slope and the trial tells where to look next.
        bend = 2 * (length * slope - gained) / (length * length)
        length = float(np.clip(slope / bend if bend > 0 else 0.5 * length, 0.1 * length, 0.6 * length))
        if length * slope <= 1e-15 * abs(value):
            return None
    return None


def upper_bound(program: Program, value: float, gradient: Floats, x: Floats) -> float:
    """Bound on a concave objective from its value and gradient at a plan; ``value`` excludes the helpers' cost."""
    corner = best_corner(program, gradient)
    return value + corner.bound - float(gradient @ x[: program.size])
