"""Plans under risk: mean with CVaR, and the probability of beating a plan or a target.

Both are optimised on half of the draws and reported on the other half, as an optimum on a sample flatters itself.
"""

from dataclasses import replace

import numpy as np

from mmm.arrays import Floats
from mmm.planning.clock import now
from mmm.planning.discrete import held
from mmm.planning.newton import Effort, climb, feasible_start, upper_bound
from mmm.planning.objectives import Expected, MeanCVaR, Probability
from mmm.planning.optimise import (
    Limits,
    Solution,
    certified,
    effect_scale,
    local,
    maximise,
    random_starts,
)
from mmm.planning.program import Program
from mmm.planning.relaxation import above
from mmm.planning.settings import ObjectiveSettings

_WIDTHS = (0.5, 0.1, 0.02, 0.005)
_SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)


def utility(expected: Expected, x: Floats) -> Floats:
    """Utility of a plan by draw."""
    value, _ = expected.evaluator.by_draw(x)
    return expected.worth * value - expected.price * float(x.sum())


def _settled(expected: Expected, program: Program, limits: Limits) -> tuple[Program, Floats]:
    """The program with steps and gaps as in the best plan on average, and that plan."""
    best = maximise(expected, program, limits)
    return (held(program, best.columns) if program.discrete else program), best.columns


def mean_cvar(
    expected: Expected, program: Program, reference: Floats, wish: ObjectiveSettings, limits: Limits
) -> Solution:
    """Maximise the weighted mean and tail mean of the gain over the plan ``reference`` (decided numbers).

    A concave effect above every draw's own gives a concave objective above this one, as both means rise with every
    draw: its best plan bounds all, steps and gaps put aside, and is where to start from.
    """
    settled, columns = _settled(expected, program, limits)
    size = program.size
    base = utility(expected, reference)
    spread = float(np.std(utility(expected, columns[:size]) - base)) or float(np.std(base)) or 1.0
    scale = effect_scale(expected, columns[:size])
    objective = MeanCVaR(expected.evaluator, base, wish.risk_weight, wish.tail, spread, expected.worth, expected.price)
    upper = _concave_above(expected, program)
    best, bound, top = columns, np.inf, feasible_start(program.relaxed(), columns[:size])
    for width in _WIDTHS:
        smooth = replace(objective, width=width * spread)
        starts = [best]
        if upper is not None:
            lifted = replace(smooth, evaluator=upper.evaluator)
            top = climb(lifted, program.relaxed(), top, Effort(1e-6, until=limits.until)).x
            _, above_all = lifted.certified(top[:size])
            bound = min(bound, upper_bound(program, above_all.value, above_all.gradient, top))
            starts.append(top if settled is program else feasible_start(settled, top[:size]))
        if upper is None:
            ends = [local(smooth, settled, [best, *random_starts(settled, reference, limits.seed)], limits).columns]
        elif upper is expected and settled is program:
            ends = [top]
        else:
            ends = [climb(smooth, settled, start, Effort(1e-6, until=limits.until)).x for start in starts]
        best = max([best, *ends], key=lambda x: _exact(objective, program, x))
        found = certified(best, size, _exact(objective, program, best), bound, scale)
        if found.certificate.gap <= limits.gap or now() > limits.until:
            break
    return found if upper is not None else _as_local(found, 0.0)


def _concave_above(expected: Expected, program: Program) -> Expected | None:
    """The objective itself where it is concave, else a concave one above it, or None where there is none."""
    evaluator = expected.evaluator
    if evaluator.concave:
        return expected
    return None if evaluator.space.detail == "geo" else above(expected, program)


def _exact(objective: MeanCVaR, program: Program, columns: Floats) -> float:
    """The objective without smoothing, helpers' cost included."""
    return objective.certified(columns[: program.size])[0] - float(program.cost @ columns)


def _as_local(found: Solution, spread: float) -> Solution:
    nan = float("nan")
    return replace(found, certificate=replace(found.certificate, kind="local", bound=nan, gap=nan, spread=spread))


def probability(
    expected: Expected, program: Program, reference: Floats, wish: ObjectiveSettings, limits: Limits
) -> Solution:
    """Maximise the share of draws that beat the plan ``reference``, or reach the target of incremental outcome."""
    settled, columns = _settled(expected, program, limits)
    size = program.size
    if wish.target is None:
        bar, objective = utility(expected, reference), expected
    else:
        # A target is an amount of outcome; what the money costs does not enter.
        objective = Expected(expected.evaluator)
        bar = np.full(expected.evaluator.space.problem.draws.n, wish.target)
    gain = utility(objective, columns[:size]) - bar
    spread = float(np.std(gain)) or 1.0
    starts = [columns, *random_starts(settled, reference, limits.seed)]
    middle = feasible_start(settled, (reference + columns[:size]) / 2)
    from_here = feasible_start(settled, reference)

    def score(at: Floats) -> tuple[float, float, Floats]:
        """Probability first; where it is as large, what is expected."""
        by_draw = utility(objective, at[:size])
        return float((by_draw > bar).mean()), float(by_draw.mean()), at

    ends = [score(columns)]
    for start in [middle, *starts]:
        at = feasible_start(settled, start[:size])
        for width in _WIDTHS[:3]:
            smooth = Probability(expected.evaluator, bar, width * spread, objective.worth, objective.price)
            at = climb(smooth, settled, at, Effort(1e-5, steps=25, until=limits.until)).x
        ends.append(score(at))
        # A small step in a good direction can be likelier to win than the whole way.
        ends += [score(from_here + share * (at - from_here)) for share in _SHARES]
        if now() > limits.until:
            break
    best, _, at = max(ends, key=lambda end: end[:2])
    worst = min(end[0] for end in ends[1 :: 1 + len(_SHARES)])
    return _as_local(certified(at, size, best, np.inf, 1.0), best - worst)
