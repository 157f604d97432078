"""Plans with S-shaped curves, "zero or at least" limits or sellable steps: to a certified gap by integer programs.

The expected value is a sum of functions of one number each. Between two nodes such a function lies below two lines:
with f'' <= M on the cell, f + (M/2)(x - a)(b - x) is concave and above f, so its tangents at the ends are above f
(alpha-BB, Androulakis, Maranas and Floudas 1995); with f'' >= m, f lies below the chord plus (-m/2)(x - a)(b - x).
HiGHS maximises the sum of these upper bounds over the constraints; nodes are added where the bound is loose at its
answer, until bound and best plan agree. A mean of S-curves need not be S-shaped, and nothing here assumes it.
"""

import time
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack, vstack

from mmm.errors import PlanError
from mmm.model.response import Floats
from mmm.planning.constraints import Program
from mmm.planning.linear import discrete_parts, explain_infeasible
from mmm.planning.newton import Effort, climb
from mmm.planning.objectives import Expected

_FIRST_NODES = {"channel": 9, "geo": 5}
_ROUNDS = 40


@dataclass
class _Curve:
    """One decided number: nodes with value and slope, and curvature bounds between neighbours."""

    nodes: Floats
    value: Floats
    slope: Floats
    lower: Floats
    upper: Floats

    def lines(self) -> tuple[Floats, Floats]:
        """Slopes of the two lines above each cell: from its left end and from its right end."""
        width = np.diff(self.nodes)
        chord = np.diff(self.value) / width
        left_m, right_m = self.slope[:-1], self.slope[1:]
        convex = np.maximum(self.upper, 0.0) * width / 2
        concave = np.maximum(-self.lower, 0.0) * width / 2
        return np.minimum(left_m + convex, chord + concave), np.maximum(right_m - convex, chord - concave)

    def above(self, x: float) -> float:
        """The upper bound at ``x``."""
        if len(self.nodes) == 1:
            return float(self.value[0])
        k = int(np.clip(np.searchsorted(self.nodes, x) - 1, 0, len(self.nodes) - 2))
        left, right = self.lines()
        from_left = self.value[k] + left[k] * (x - self.nodes[k])
        return float(min(from_left, self.value[k + 1] + right[k] * (x - self.nodes[k + 1])))

    def insert(self, at: int, found: tuple[Floats, Floats, Floats, Floats], nodes: Floats) -> None:
        """Replace cell ``at`` by the cells between ``nodes`` (its two ends included)."""
        value, slope, lower, upper = found
        self.nodes = np.concatenate([self.nodes[:at], nodes, self.nodes[at + 2 :]])
        self.value = np.concatenate([self.value[:at], value, self.value[at + 2 :]])
        self.slope = np.concatenate([self.slope[:at], slope, self.slope[at + 2 :]])
        self.lower = np.concatenate([self.lower[:at], lower, self.lower[at + 1 :]])
        self.upper = np.concatenate([self.upper[:at], upper, self.upper[at + 1 :]])

    def pieces(self) -> list[tuple[int, int]]:
        """Runs of cells (first, last) over which the upper bound is concave."""
        left, right = self.lines()
        slack = 1e-9 * max(1e-300, float(np.abs(left[np.isfinite(left)]).max(initial=0.0)))
        runs, first = [], 0
        for k in range(1, len(left)):
            if right[k - 1] < left[k] - slack:
                runs.append((first, k - 1))
                first = k
        return [*runs, (first, len(left) - 1)]


@dataclass(frozen=True)
class Found:
    """A plan (all columns) with its objective and a rigorous upper bound on every feasible plan's objective."""

    x: Floats
    value: float
    bound: float


class _Master:
    """The integer program over the upper bounds."""

    def __init__(self, program: Program, objective: Expected) -> None:
        self.program, self.objective = program, objective
        self.parts = discrete_parts(program)

    def solve(self, curves: list[_Curve], rel_gap: float, seconds: float) -> tuple[Floats, float]:
        """The maximiser's program columns and a bound on the objective."""
        rows, low, high, lower, upper, integrality = self.parts
        first = len(lower)
        entries: list[tuple[int, int, float]] = []
        more_low: list[float] = []
        more_high: list[float] = []
        columns: list[tuple[float, float, float, int]] = []  # lower, upper, objective, integer

        def row(terms: list[tuple[int, float]], lo: float, hi: float) -> None:
            entries.extend((len(more_low), column, weight) for column, weight in terms)
            more_low.append(lo)
            more_high.append(hi)

        def column(lo: float, hi: float, gain: float, integer: int) -> int:
            columns.append((lo, hi, gain, integer))
            return first + len(columns) - 1

        for j, curve in enumerate(curves):
            if len(curve.nodes) > 1:
                self._curve(j, curve, row, column)
        worth, price = self.objective.worth, self.objective.price
        gain = np.concatenate([np.full(self.program.size, -price), np.zeros(first - self.program.size)])
        gain[: self.program.columns] -= self.program.cost
        added = np.array(columns).reshape(-1, 4)
        gain = np.concatenate([gain, worth * added[:, 2]])
        size = max(1e-300, float(np.abs(gain).max()))
        total = first + len(columns)
        index = np.array(entries).reshape(-1, 3)
        extra = coo_array(
            (index[:, 2], (index[:, 0].astype(int), index[:, 1].astype(int))), shape=(len(more_low), total)
        )
        wide = hstack([rows, csr_array((rows.shape[0], len(columns)))])
        found = milp(
            -gain / size,
            integrality=np.concatenate([integrality, added[:, 3]]),
            bounds=Bounds(np.concatenate([lower, added[:, 0]]), np.concatenate([upper, added[:, 1]])),
            constraints=[
                LinearConstraint(
                    csr_array(vstack([wide, extra])),
                    np.concatenate([low, more_low]),
                    np.concatenate([high, more_high]),
                )
            ],
            options={"mip_rel_gap": rel_gap, "time_limit": max(0.5, seconds)},
        )
        if found.x is None:
            raise PlanError(explain_infeasible(self.program))
        constant = worth * sum(float(c.value[0]) for c in curves if len(c.nodes) == 1)
        dual = found.mip_dual_bound if found.mip_dual_bound is not None else found.fun
        return found.x[: self.program.columns], -float(dual) * size + constant

    @staticmethod
    def _curve(j: int, curve: _Curve, row, column) -> None:  # type: ignore[no-untyped-def]
        left, right = curve.lines()
        pieces = curve.pieces()
        top, bottom = float(curve.value.max()), float(min(0.0, curve.value.min()))
        reach = max(top - bottom, 1e-12)
        on_terms, x_terms = [], [(j, -1.0)]
        for a, b in pieces:
            lo, hi = float(curve.nodes[a]), float(curve.nodes[b + 1])
            single = len(pieces) == 1
            y = column(bottom - reach if single else -np.inf, top + reach, 1.0, 0)
            z = None if single else column(0.0, 1.0, 0.0, 1)
            x = j if z is None else column(min(0.0, lo), hi, 0.0, 0)
            if z is not None:
                on_terms.append((z, 1.0))
                x_terms.append((x, 1.0))
                row([(x, 1.0), (z, -lo)], 0.0, np.inf)
                row([(x, 1.0), (z, -hi)], -np.inf, 0.0)
            for k in range(a, b + 1):
                for slope, node in ((left[k], k), (right[k], k + 1)):
                    # y <= f(node) z + slope (x - node z)
                    base = float(curve.value[node] - slope * curve.nodes[node])
                    if z is None:
                        row([(y, 1.0), (x, -float(slope))], -np.inf, base)
                    else:
                        row([(y, 1.0), (x, -float(slope)), (z, -base)], -np.inf, 0.0)
        if on_terms:
            row(on_terms, 1.0, 1.0)
            row(x_terms, 0.0, 0.0)


def _first_curves(objective: Expected, program: Program) -> list[_Curve]:
    region, size = program.region, program.size
    count = _FIRST_NODES.get(objective.evaluator.space.detail, 5)
    low = region.lower[:size]
    # No number can exceed the total budget, which is the first rule.
    high = np.minimum(region.upper[:size], np.maximum(program.rules[0].upper, low))
    wide = np.flatnonzero(high > low)
    curves: list[_Curve] = [
        _Curve(low[j : j + 1], np.zeros(1), np.zeros(1), np.zeros(0), np.zeros(0)) for j in range(size)
    ]
    narrow = np.flatnonzero(high <= low)
    for columns, nodes in (
        (wide, low[wide, None] + (high - low)[wide, None] * np.linspace(0, 1, count)),
        (narrow, low[narrow, None]),
    ):
        if len(columns):
            found = objective.evaluator.cells(columns, nodes)
            for i, j in enumerate(columns):
                curves[j] = _Curve(nodes[i], found.value[i], found.slope[i], found.lower[i], found.upper[i])
    return curves


def _refine(objective: Expected, curves: list[_Curve], x: Floats, errors: Floats, tolerance: float) -> int:
    """Split the cells in which the bound is loose at ``x``; returns how many."""
    picked: list[tuple[int, int, float]] = []
    for j in np.flatnonzero(errors > tolerance):
        nodes = curves[j].nodes
        k = int(np.clip(np.searchsorted(nodes, x[j]) - 1, 0, len(nodes) - 2))
        a, b = nodes[k], nodes[k + 1]
        at = float(np.clip(x[j], a + 0.15 * (b - a), b - 0.15 * (b - a)))
        if b - a > 1e-9 * max(1.0, abs(b)):
            picked.append((int(j), k, at))
    if not picked:
        return 0
    columns = np.array([j for j, _, _ in picked], dtype=np.intp)
    nodes = np.array([[curves[j].nodes[k], at, curves[j].nodes[k + 1]] for j, k, at in picked])
    found = objective.evaluator.cells(columns, nodes)
    for i, (j, k, _) in enumerate(picked):
        curves[j].insert(k, (found.value[i], found.slope[i], found.lower[i], found.upper[i]), nodes[i])
    return len(picked)


def held(program: Program, x: Floats) -> Program:
    """The program with its gaps and steps decided as in ``x``: steps fixed, zeros kept, the others at least the gap."""
    values = {i: round(x[i] / step) * step for i, step in program.steps.items()}
    values |= {i: 0.0 for i, least in program.gaps.items() if x[i] < 0.5 * least}
    result = program.fixed(values)
    return result.opened(dict(result.gaps))


def solve_discrete(objective: Expected, program: Program, gap: float, until: float) -> Found:
    """The best plan to a relative ``gap``, or to what the time allows; raises PlanError where there is none."""
    curves = _first_curves(objective, program)
    master = _Master(program, objective)
    best_x, best, bound = np.zeros(0), -np.inf, np.inf
    size, tightness = program.size, gap / 4
    for _ in range(_ROUNDS):
        x, above = master.solve(curves, tightness, until - time.perf_counter())
        bound = min(bound, above)
        single = objective.evaluator.cells(np.arange(size), x[:size, None]).value[:, 0]
        value = float(objective.worth * single.sum() - objective.price * x[:size].sum() - program.cost @ x)
        if value > best:
            best_x, best = x, value
        scale = max(abs(best), float(objective.worth * single.sum()), 1e-300)
        if bound - best > gap * scale:
            polished = climb(objective, held(program, x), x, Effort(tolerance=gap / 10, steps=4, until=until))
            if polished.value > best:
                best_x, best = polished.x, polished.value
        if bound - best <= gap * scale or time.perf_counter() > until:
            break
        errors = np.array([curve.above(x[j]) for j, curve in enumerate(curves)]) - single
        if not _refine(objective, curves, x, errors, 0.1 * gap * scale / max(1, size) / max(objective.worth, 1e-300)):
            tightness /= 4
            if tightness < 1e-7:
                break
    return Found(best_x, best, max(bound, best))
