"""Linear programs over a plan's constraints, solved by HiGHS: best corners, feasibility, contradictions."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import csr_array, hstack, vstack

from mmm.arrays import Floats
from mmm.digits import amount
from mmm.errors import PlanError
from mmm.planning import highs
from mmm.planning.program import Program, Rule, Stair

_INFEASIBLE = 2


@dataclass(frozen=True)
class Corner:
    """The best point of a linear objective over a program, with an upper bound on its value."""

    x: Floats
    bound: float


def discrete_parts(program: Program) -> tuple[csr_array, Floats, Floats, Floats, Floats, Floats]:
    """Rows, row bounds, column bounds and integrality of the program with its gaps and steps as integer columns."""
    region = program.region
    names = [("gap", i) for i in program.gaps] + [("step", i) for i in program.steps]
    stairs = [_stair_rows(program, stair) for stair in program.stairs]
    extra = len(names)
    rows, low, high = [], [], []
    lower = np.concatenate([region.lower, np.zeros(extra)])
    upper = np.concatenate([region.upper, np.zeros(extra)])
    for k, (kind, i) in enumerate(names):
        column = program.columns + k
        if kind == "gap":
            # least * z <= x <= most * z with z in {0, 1}
            most = min(region.upper[i], _largest(program, i))
            upper[column] = 1.0
            for weight, side in ((-program.gaps[i], (0.0, np.inf)), (-most, (-np.inf, 0.0))):
                rows.append({i: 1.0, column: weight})
                low.append(side[0])
                high.append(side[1])
        else:
            upper[column] = np.floor(min(region.upper[i], _largest(program, i)) / program.steps[i] + 1e-9)
            rows.append({i: 1.0, column: -program.steps[i]})
            low.append(0.0)
            high.append(0.0)
    integrality = np.concatenate([np.zeros(program.columns), np.ones(extra)])
    for made in stairs:
        first = len(lower)
        lower, upper = np.concatenate([lower, np.zeros(len(made.upper))]), np.concatenate([upper, made.upper])
        integrality = np.concatenate([integrality, made.integer])
        rows += [{**own, **{first + k: w for k, w in new.items()}} for own, new in made.rows]
        low += [0.0] * (len(made.rows) - 1) + [1.0]
        high += made.limits
    extra = len(lower) - program.columns
    matrix = np.zeros((len(rows), program.columns + extra))
    for r, terms in enumerate(rows):
        matrix[r, list(terms)] = list(terms.values())
    wide = hstack([csr_array(region.A), csr_array((len(region.A), extra))])
    return (
        csr_array(vstack([wide, csr_array(matrix)])),
        np.concatenate([region.row_lower, low]),
        np.concatenate([region.row_upper, high]),
        lower,
        upper,
        integrality,
    )


@dataclass(frozen=True)
class _StairRows:
    """New columns (a part of the number and a switch, for every piece) and the rows that tie them; all rows are at
    least 0 but the last, by which exactly one switch is on."""

    upper: Floats
    integer: Floats
    rows: list[tuple[dict[int, float], dict[int, float]]]
    limits: list[float]


def _stair_rows(program: Program, stair: Stair) -> _StairRows:
    """A stair as pieces of which one is taken (multiple choice: Croxton, Gendron and Magnanti 2003)."""
    made, n = stair.pieces, len(stair.pieces.base)
    # What no bound limits is limited by what the plan's own bounds allow.
    reach = sum(w * float(program.region.upper[i]) for i, w in zip(stair.columns, stair.weights, strict=True))
    last = np.minimum(made.last, max(reach, float(made.first[-1])))
    rows: list[tuple[dict[int, float], dict[int, float]]] = []
    limits: list[float] = []
    for k in range(n):
        rows += [({}, {k: 1.0, n + k: -float(made.first[k])}), ({}, {k: -1.0, n + k: float(last[k])})]
        limits += [np.inf, np.inf]
    rows.append((dict(zip(stair.columns, stair.weights, strict=True)), dict.fromkeys(range(n), -1.0)))
    value = {k: -float(made.price[k]) for k in range(n)} | {n + k: -float(made.base[k]) for k in range(n)}
    rows.append(({stair.column: 1.0}, value))
    rows.append(({}, dict.fromkeys(range(n, 2 * n), 1.0)))
    limits += [0.0, 0.0, 1.0]
    return _StairRows(np.concatenate([last, np.ones(n)]), np.repeat([0.0, 1.0], n), rows, limits)


def _largest(program: Program, column: int) -> float:
    """An upper bound on a column that no finite bound limits: what the plan's own bounds allow in total."""
    region = program.region
    plan = region.upper[: program.size]
    return float(region.upper[column]) if np.isfinite(region.upper[column]) else float(plan.sum())


def best_corner(program: Program, gradient: Floats, rel_gap: float = 0.0, time_limit: float = 10.0) -> Corner:
    """Maximise ``gradient . x - cost . x`` over the program, gaps and steps included.

    Raises PlanError where no point satisfies the constraints.
    """
    region = program.region
    full = np.concatenate([gradient, np.zeros(program.columns - program.size)]) - program.cost
    simple = _knapsack(program, full)
    if simple is not None:
        return simple
    rows, low, high, lower, upper, integrality = discrete_parts(program)
    objective = np.concatenate([full, np.zeros(len(lower) - program.columns)])
    size = max(1e-300, float(np.abs(objective).max()))
    found = highs.solve(
        -objective / size,
        integrality=integrality,
        bounds=Bounds(lower, upper),
        constraints=[LinearConstraint(rows, low, high)] if len(low) else [],
        options={"mip_rel_gap": rel_gap, "time_limit": time_limit},
    )
    if found.x is None:
        raise PlanError(explain_infeasible(program))
    dual = found.mip_dual_bound if program.discrete and found.mip_dual_bound is not None else found.fun
    return Corner(np.clip(found.x[: program.columns], region.lower, region.upper), -float(dual) * size)


def money_range(program: Program) -> tuple[float, float]:
    """Least and most money that the constraints allow, the total budget put aside.

    Raises PlanError where they contradict each other.
    """
    free = replace(program.with_budget(np.inf, False), cost=np.zeros(program.columns))
    nothing, money = np.zeros(program.size), program.of_money
    ends = [best_corner(replace(free, cost=-sign * money), nothing).bound for sign in (-1.0, 1.0)]
    return -ends[0], ends[1]


def _knapsack(program: Program, gradient: Floats) -> Corner | None:
    """The corner by sorting, where bounds and one budget row are all there is; else None."""
    region = program.region
    plain = len(region.A) == 1 and np.all(region.A == 1.0) and program.columns == program.size
    if not plain or program.discrete or region.lower.sum() > region.row_upper[0] or np.any(region.lower > region.upper):
        return None
    x = region.lower.copy()
    left = region.row_upper[0] - x.sum()
    needed = max(0.0, region.row_lower[0] - x.sum())
    if region.upper.sum() < region.row_lower[0]:
        return None
    for i in np.argsort(-gradient, kind="stable"):
        most = left if gradient[i] > 0 else min(left, needed)
        take = min(region.upper[i] - x[i], most)
        x[i] += take
        left -= take
        needed = max(0.0, needed - take)
    return Corner(x, float(gradient @ x))


def is_feasible(program: Program) -> bool:
    """Whether any point satisfies all rules, gaps and steps included."""
    rows, low, high, lower, upper, integrality = discrete_parts(program)
    if np.any(lower > upper + 1e-9 * np.maximum(1.0, np.abs(upper))):
        return False
    found = highs.solve(
        np.zeros(len(lower)),
        integrality=integrality,
        bounds=Bounds(lower, np.maximum(lower, upper)),
        constraints=[LinearConstraint(rows, low, high)] if len(low) else [],
        options={"time_limit": 20.0},
    )
    return bool(found.status != _INFEASIBLE)


def allows(program: Program, plan: Floats) -> bool:
    """Whether the decided numbers ``plan`` keep all rules, gaps and steps included, up to rounding."""
    size, hair = program.size, 1e-6 * max(1.0, float(np.abs(plan).max(initial=0.0)))
    region = program.region
    if np.any(plan < region.lower[:size] - hair) or np.any(plan > region.upper[:size] + hair):
        return False
    if any(hair < plan[i] < least - hair for i, least in program.gaps.items() if i < size):
        return False
    if any(abs(plan[i] - unit * round(plan[i] / unit)) > hair for i, unit in program.steps.items() if i < size):
        return False
    # What is left concerns sums and helper columns, which a feasible point must exist for.
    held = program.within({i: (max(0.0, float(v) - hair), float(v) + hair) for i, v in enumerate(plan)})
    gaps = {i: v for i, v in program.gaps.items() if i >= size}
    steps = {i: v for i, v in program.steps.items() if i >= size}
    return is_feasible(replace(held, gaps=gaps, steps=steps))


def smallest_contradiction(program: Program) -> tuple[Rule, ...]:
    """A set of rules that cannot hold together and of which every part can; empty where the program is feasible.

    Rules are dropped one by one, those with the least money in them first, as long as the rest stays contradictory.
    """
    if is_feasible(program):
        return ()

    def contradictory(rules: list[Rule]) -> bool:
        return not is_feasible(replace(program, rules=tuple(rules)))

    def money(rule: Rule) -> float:
        return max((abs(v) for v in (rule.lower, rule.upper) if np.isfinite(v)), default=0.0)

    kept = sorted(program.rules, key=money)
    size = max(1, len(kept) // 4)
    while size >= 1:
        position = 0
        while position < len(kept):
            trial = kept[:position] + kept[position + size :]
            if contradictory(trial):
                kept = trial
            else:
                position += size
        size = size // 2 if size > 1 else 0
    return tuple(kept)


def explain_infeasible(program: Program) -> str:
    """The contradiction in words, for an error message."""
    rules = smallest_contradiction(program)
    if not rules:
        return "No plan was found within the time limit; raise plan.time_limit or relax the constraints."
    said = list(dict.fromkeys(str(rule.says) for rule in rules))
    detail = _arithmetic(rules)
    discrete = " Sellable steps and 'zero or at least' limits count as well." if program.discrete else ""
    return (
        f"No plan satisfies the constraints. These cannot hold together: {'; '.join(said)}.{detail}{discrete} "
        "Relax one of them."
    )


def _arithmetic(rules: tuple[Rule, ...]) -> str:
    """What the lower or upper limits add up to, where that is the whole contradiction."""
    single = [rule for rule in rules if set(rule.weights) == {1.0}]
    if len(single) != len(rules) or len(rules) < 2:
        return ""
    caps = [rule for rule in rules if np.isfinite(rule.upper)]
    floors = [rule for rule in rules if np.isfinite(rule.lower)]
    if len(caps) == 1 and len(floors) > 1:
        return f" The lower limits add up to {amount(sum(r.lower for r in floors if r is not caps[0]))}."
    if len(floors) == 1 and len(caps) > 1:
        return f" The upper limits add up to {amount(sum(r.upper for r in caps if r is not floors[0]))}."
    return ""
