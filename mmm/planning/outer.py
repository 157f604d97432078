"""Plans by period with sellable steps and "zero or at least" limits: outer approximation (Duran and Grossmann 1986).

A concave effect lies below its tangents. An integer program over the tangents at the plans found so far says what no
plan exceeds, and proposes what is discrete; with that held, the periods are solved, which gives a plan and the next
tangents. Channels do not interact, so that each has tangents of its own.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import csr_array, hstack, vstack

from mmm.arrays import Floats
from mmm.errors import PlanError
from mmm.planning import highs
from mmm.planning.clock import now
from mmm.planning.discrete import Found, held
from mmm.planning.linear import discrete_parts, explain_infeasible
from mmm.planning.newton import Climb, Effort, climb, feasible_start
from mmm.planning.objectives import Expected
from mmm.planning.program import Program

_ROUNDS = 20


@dataclass
class _Master:
    """The integer program over the tangents of ``upper``, a concave objective nowhere below the one to maximise."""

    upper: Expected
    program: Program
    rows: list[Floats] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)

    def touch(self, x: Floats) -> None:
        """Add every channel's tangent at a plan."""
        value, gradient = self.upper.evaluator.by_channel(x)
        channel_of, channels = self.upper.evaluator.space.channel_of, len(value)
        for c in range(channels):
            slope = np.where(channel_of == c, gradient, 0.0)
            self.rows.append(np.concatenate([-self.upper.worth * slope, np.eye(channels)[c]]))
            self.limits.append(self.upper.worth * float(value[c] - slope @ x))

    def solve(self, gap: float, seconds: float) -> tuple[Floats, float]:
        """The maximiser's program columns, and what no plan exceeds."""
        matrix, low, high, lower, upper, integrality = discrete_parts(self.program)
        size, width = self.program.size, len(lower)
        channels = len(self.rows[0]) - size
        gain = np.zeros(width)
        gain[:size] = -self.upper.price
        gain[: self.program.columns] -= self.program.cost
        # Effects in units of their size, so that money and effects have entries of like magnitude.
        unit = max(1e-300, float(np.abs(self.limits).max()), float(np.abs(np.array(self.rows)[:, :size]).max()))
        cuts = np.zeros((len(self.rows), width + channels))
        cuts[:, :size] = np.array(self.rows)[:, :size] / unit
        cuts[:, width:] = np.array(self.rows)[:, size:]
        wide = hstack([matrix, csr_array((matrix.shape[0], channels))])
        free = np.full(channels, np.inf)
        found = highs.solve(
            -np.concatenate([gain / unit, np.ones(channels)]),
            integrality=np.concatenate([integrality, np.zeros(channels)]),
            bounds=Bounds(np.concatenate([lower, -free]), np.concatenate([upper, free])),
            constraints=[
                LinearConstraint(
                    csr_array(vstack([wide, csr_array(cuts)])),
                    np.concatenate([low, np.full(len(cuts), -np.inf)]),
                    np.concatenate([high, np.array(self.limits) / unit]),
                )
            ],
            options={"mip_rel_gap": gap, "time_limit": max(0.5, seconds)},
        )
        if found.x is None:
            raise PlanError(explain_infeasible(self.program))
        dual = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
        return found.x[: self.program.columns], -float(dual) * unit


def solve_by_period(
    objective: Expected, upper: Expected, program: Program, relaxed: tuple[Floats, float], limits: tuple[float, float]
) -> Found:
    """The best plan by period with what is discrete decided, to a relative gap or to what the time allows.

    ``upper`` is ``objective`` where it is concave, else a concave one above it; ``relaxed`` the columns of its best
    plan without steps and gaps, and the bound from it; ``limits`` the relative gap and the time at which to stop.
    Raises PlanError where there is no plan.
    """
    gap, until = limits
    size, bound = program.size, relaxed[1]
    master, best, tried = _Master(upper, program), None, set()
    master.touch(relaxed[0][:size])
    for _ in range(_ROUNDS):
        x, above = master.solve(gap / 4, until - now())
        gained, bound = bound - above, min(bound, above)
        choice = _choice(program, x)
        if _done(objective, best, bound, limits) or (choice in tried and gained <= 0.1 * gap * abs(bound)):
            break
        master.touch(x[:size])
        if choice in tried:
            continue
        tried.add(choice)
        found = _settled((objective, upper), held(program, x), x[:size], Effort(gap / 100, until=until))
        master.touch(found[0].x[:size])
        if best is None or found[1].value > best.value:
            best = found[1]
    if best is None:
        raise PlanError("No plan was found within plan.time_limit; raise it.")
    return Found(best.x, best.value, max(bound, best.value))


def _settled(objectives: tuple[Expected, Expected], fixed: Program, x: Floats, effort: Effort) -> tuple[Climb, Climb]:
    """The best periods with everything discrete held: under the objective above, and from there under the real one."""
    objective, upper = objectives
    high = climb(upper, fixed, feasible_start(fixed, x), effort)
    return high, high if upper is objective else climb(objective, fixed, high.x, effort)


def _choice(program: Program, x: Floats) -> tuple[int, ...]:
    """What a plan decides about steps, stairs and gaps."""
    steps = [round(x[i] / step) for i, step in program.steps.items()]
    taken = [int(stair.pieces.piece(stair.at(x))) for stair in program.stairs]
    return (*steps, *taken, *(int(x[i] >= 0.5 * least) for i, least in program.gaps.items()))


def _done(objective: Expected, best: Climb | None, bound: float, limits: tuple[float, float]) -> bool:
    if best is None:
        return False
    spent = objective.price * float(best.x[: objective.evaluator.space.size].sum())
    return bound - best.value <= limits[0] * abs(best.value + spent) or now() > limits[1]
