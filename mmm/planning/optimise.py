"""Which algorithm solves which plan, and what it can promise.

- Concave curves, linear constraints: Newton with a Frank-Wolfe bound, for every detail.
- S-shaped curves, "zero or at least", sellable steps, decided by channel or by channel and geo: integer programs.
- Steps and gaps by period: outer approximation, an integer program over tangents.
- S-shaped curves by period: several starts, bounded by the best plan under a concave majorant of every draw's curves.
- Probabilities, and risk with S-shaped curves by geo: many starts, and the word "local".
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mmm.arrays import Floats
from mmm.errors import PlanError
from mmm.planning.clock import now
from mmm.planning.discrete import solve_discrete
from mmm.planning.linear import best_corner, explain_infeasible, is_feasible
from mmm.planning.newton import Climb, Effort, Objective, climb, feasible_start, upper_bound
from mmm.planning.objectives import Expected
from mmm.planning.outer import solve_by_period
from mmm.planning.program import Program
from mmm.planning.relaxation import above
from mmm.planning.statements import Share, Statement

_MANY_DRAWS = 250
_EXACT = 1e-5
_LOCAL_STARTS = 6


@dataclass(frozen=True)
class Certificate:
    """What is known about the best possible plan, on the draws that the plan was optimised on.

    ``kind`` is "exact" (a proven gap under 0.001%), "gap" (a rigorous bound) or "local" (none). ``value`` is the plan's
    objective, ``bound`` what no feasible plan exceeds (NaN when local), ``gap`` their distance relative to the plan's
    expected outcome. ``spread`` is the same distance between the best and the worst of several starts when local.
    "given" is a plan that was not optimised.
    """

    kind: Literal["exact", "gap", "local", "given"]
    value: float
    bound: float
    gap: float
    spread: float = 0.0

    @property
    def says(self) -> Statement:
        """What is proven."""
        if self.kind == "gap":
            # Rounded up: what is said must be proven too.
            return Statement("certificate_gap", {"gap": Share(math.ceil(1e4 * self.gap) / 1e4, 2)})
        if self.kind == "local":
            return Statement("certificate_local", {"gap": Share(self.spread, 2)})
        return Statement("certificate_exact" if self.kind == "exact" else "certificate_given")

    def words(self) -> str:
        """The certificate as an English sentence."""
        return self.says.sentence


@dataclass(frozen=True)
class Solution:
    """The decided numbers, all columns of the program, and the certificate."""

    x: Floats
    columns: Floats
    certificate: Certificate


@dataclass(frozen=True)
class Limits:
    """Relative gap to reach, clock time at which to stop, seed of random starts."""

    gap: float = 1e-3
    until: float = np.inf
    seed: int = 0


def certified(columns: Floats, size: int, value: float, bound: float, scale: float) -> Solution:
    """A solution with a rigorous bound; ``scale`` is what the gap is relative to."""
    gap = max(0.0, bound - value) / max(abs(scale), 1e-300)
    certificate = Certificate("exact" if gap <= _EXACT else "gap", value, max(bound, value), gap)
    return Solution(columns[:size], columns, certificate)


def require_room(program: Program) -> None:
    """Raise PlanError where the limits allow no money at all."""
    if float(program.region.upper[: program.size].max(initial=0.0)) <= 0.0:
        raise PlanError(
            "The limits allow no money on any channel, so that there is nothing to decide. Raise plan.bounds, or give "
            "channels a maximum (plan.channels)."
        )


def require_feasible(program: Program) -> None:
    """Raise PlanError with the smallest contradiction where no plan satisfies the constraints."""
    region = program.region
    plain = bool(np.all(region.lower <= region.upper)) and not program.discrete
    if plain and len(region.A) == 1 and np.all(region.A == 1.0):
        low, high = region.lower.sum(), region.upper.sum()
        if low <= region.row_upper[0] and high >= region.row_lower[0]:
            return
    if not is_feasible(program):
        raise PlanError(explain_infeasible(program))


def maximise(objective: Expected, program: Program, limits: Limits) -> Solution:
    """The plan with the largest expected value. Raises PlanError where the constraints contradict each other."""
    require_feasible(program)
    program = program.at_price(objective.price)
    evaluator = objective.evaluator
    if evaluator.concave and not program.discrete:
        return _concave(objective, program, limits)
    if evaluator.separable:
        found = solve_discrete(objective, program, limits.gap, limits.until)
        scale = _effect(objective, program, found.x, found.value)
        return certified(found.x, program.size, found.value, found.bound, scale)
    upper = objective if evaluator.concave else above(objective, program)
    if program.discrete:
        return _in_periods(objective, upper, program, limits)
    return _under_majorant(objective, upper, program, limits)


def effect_scale(objective: Expected, x: Floats) -> float:
    """What relative gaps refer to: the plan's expected effect in units of the objective."""
    return objective.at(x, False).value + objective.price * float(x.sum())


def _effect(objective: Expected, program: Program, columns: Floats, value: float) -> float:
    """The same from an objective that is known already."""
    return value + float(program.cost @ columns) + objective.price * float(columns[: program.size].sum())


def _concave(objective: Expected, program: Program, limits: Limits) -> Solution:
    start = feasible_start(program, objective.evaluator.space.reference)
    if objective.evaluator.space.problem.draws.n > _MANY_DRAWS:
        start = climb(objective.on_few_draws(), program, start, Effort(1e-4, until=limits.until)).x
    for tolerance in (1e-7, 1e-10):
        found = climb(objective, program, start, Effort(tolerance, until=limits.until))
        bound = _bound(program, found)
        scale = _effect(objective, program, found.x, found.value)
        solution = certified(found.x, program.size, found.value, bound, scale)
        if solution.certificate.gap <= min(_EXACT, limits.gap):
            break
        start = found.x
    return solution


def _bound(program: Program, found: Climb) -> float:
    return upper_bound(program, found.value + float(program.cost @ found.x), found.gradient, found.x)


def _in_periods(objective: Expected, upper: Expected, program: Program, limits: Limits) -> Solution:
    """Steps and gaps by period, under a concave objective that is nowhere below this one."""
    begun = now()
    half = replace(limits, until=begun + (limits.until - begun) / 2)
    relaxed = _concave(upper, program.relaxed(), half)
    at = (relaxed.columns, relaxed.certificate.bound)
    found = solve_by_period(objective, upper, program, at, (limits.gap, limits.until))
    return certified(found.x, program.size, found.value, found.bound, _effect(objective, program, found.x, found.value))


def _under_majorant(objective: Expected, upper: Expected, program: Program, limits: Limits) -> Solution:
    """S-shaped curves by period: the best of some climbs, and the bound of a concave objective above this one.

    The plan that is best under the majorant is a good place to start from, and often ends as the best. Other starts are
    tried on few draws, of which the best is followed on all of them where the gap is still open.
    """
    size, begun = program.size, now()
    half = replace(limits, until=begun + (limits.until - begun) / 2)
    relaxed = _concave(upper, program, half)
    bound = relaxed.certificate.bound

    def climbed(on: Expected, start: Floats, tolerance: float) -> Climb:
        return climb(on, program, start, Effort(tolerance, until=limits.until))

    best = climbed(objective, relaxed.columns, 1e-6)
    scale = _effect(objective, program, best.x, best.value)
    if bound - best.value > limits.gap * abs(scale) and now() < limits.until:
        few, reference = objective.on_few_draws(), objective.evaluator.space.reference
        others = [climbed(few, start, 1e-4) for start in random_starts(program, reference, limits.seed)]
        other = climbed(objective, max(others, key=lambda end: end.value).x, 1e-6)
        best = max(best, other, key=lambda end: end.value)
    return certified(best.x, size, best.value, bound, _effect(objective, program, best.x, best.value))


def random_starts(program: Program, reference: Floats, seed: int) -> list[Floats]:
    """Feasible plans to start from: near the reference, mixtures of random corners, and corners."""
    rng = np.random.default_rng(seed)
    relaxed = program.relaxed()
    starts = [feasible_start(relaxed, reference)]
    corners = [best_corner(relaxed, rng.exponential(size=program.size)).x for _ in range(_LOCAL_STARTS)]
    starts += corners[:2]
    for _ in range(_LOCAL_STARTS - 2):
        share = rng.dirichlet(np.ones(len(corners)))
        starts.append(np.sum([s * c for s, c in zip(share, corners, strict=True)], axis=0))
    return starts


def local(objective: Objective, program: Program, starts: list[Floats], limits: Limits) -> Solution:
    """The best of several climbs, with the spread of where they ended."""
    ends: list[Climb] = []
    for start in starts:
        begin = feasible_start(program, start[: program.size]) if program.definitions else start
        ends.append(climb(objective, program, begin, Effort(1e-6, until=limits.until)))
        if now() > limits.until:
            break
    values = np.array([end.value for end in ends])
    best = ends[int(values.argmax())]
    spread = float(values.max() - values.min()) / max(abs(best.value), 1e-300)
    certificate = Certificate("local", best.value, float("nan"), float("nan"), spread)
    return Solution(best.x[: program.size], best.x, certificate)
