"""Plans with S-shaped curves, "zero or at least" limits or sellable steps: to a certified gap by integer programs.

The expected value is a sum of functions of one number each. Between two nodes such a function lies below two lines:
with f'' <= M on the cell, f + (M/2)(x - a)(b - x) is concave and above f, so its tangents at the ends are above f
(alpha-BB, Androulakis, Maranas and Floudas 1995); with f'' >= m, f lies below the chord plus (-m/2)(x - a)(b - x).
HiGHS maximises the sum of these upper bounds over the constraints; nodes are added where the bound is loose at its
answer, until bound and best plan agree. A mean of S-curves need not be S-shaped, and nothing here assumes it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import coo_array, csr_array, hstack, vstack

from mmm.arrays import Floats
from mmm.errors import PlanError
from mmm.model.response_planner import Cells
from mmm.planning import highs
from mmm.planning.clock import now
from mmm.planning.linear import discrete_parts, explain_infeasible
from mmm.planning.newton import Effort, climb, feasible_start
from mmm.planning.objectives import Expected
from mmm.planning.program import Program

_FIRST_NODES = {"channel": 6, "geo": 4}
_NEAR = (-0.03, 0.0, 0.03)
_EDGE = 0.04
_ROUNDS = 40
# Looseness of the last round, in gaps, above which the next plan is not evaluated.
_LOOSE = 12
# Curves times draws up to which a few more evaluations are not felt.
_CHEAP = 200_000


@dataclass
class _Curve:
    """One decided number: nodes with value and slope; between neighbours curvature bounds and slopes of lines above."""

    nodes: Floats
    value: Floats
    slope: Floats
    lower: Floats
    upper: Floats
    left: Floats
    right: Floats

    def lines(self) -> tuple[Floats, Floats]:
        """Slopes of the two lines above each cell: from its left end and from its right end."""
        width = np.diff(self.nodes)
        chord = np.diff(self.value) / width
        left_m, right_m = self.slope[:-1], self.slope[1:]
        convex = np.maximum(self.upper, 0.0) * width / 2
        concave = np.maximum(-self.lower, 0.0) * width / 2
        from_left = np.minimum(np.minimum(left_m + convex, chord + concave), self.left)
        return from_left, np.maximum(np.maximum(right_m - convex, chord - concave), self.right)

    def above(self, x: float) -> float:
        """The upper bound at ``x``."""
        if len(self.nodes) == 1:
            return float(self.value[0])
        k = int(np.clip(np.searchsorted(self.nodes, x) - 1, 0, len(self.nodes) - 2))
        left, right = self.lines()
        from_left = self.value[k] + left[k] * (x - self.nodes[k])
        return float(min(from_left, self.value[k + 1] + right[k] * (x - self.nodes[k + 1])))

    def below(self, x: float) -> float:
        """A lower bound at ``x``: the cell's chord, bent down as far as the curvature allows; effects never fall."""
        k = int(np.clip(np.searchsorted(self.nodes, x) - 1, 0, len(self.nodes) - 2))
        a, b = self.nodes[k], self.nodes[k + 1]
        bend = 0.5 * max(float(self.upper[k]), 0.0) * float((x - a) * (b - x)) if a < x < b else 0.0
        chord = self.value[k] + (self.value[k + 1] - self.value[k]) * (x - a) / (b - a)
        return float(max(self.value[k], chord - bend))

    def insert(self, at: int, found: "_Curve") -> None:
        """Replace cell ``at`` by the cells of ``found``, whose ends are the cell's ends."""
        for name in ("nodes", "value", "slope", "lower", "upper", "left", "right"):
            old = getattr(self, name)
            after = at + 2 if name in ("nodes", "value", "slope") else at + 1
            setattr(self, name, np.concatenate([old[:at], getattr(found, name), old[after:]]))

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

    def solve(self, curves: list[_Curve], rel_gap: float | None, seconds: float) -> tuple[Floats, float]:
        """The maximiser's program columns and a bound on the objective; without ``rel_gap`` of the relaxation."""
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
        found = highs.solve(
            -gain / size,
            integrality=np.concatenate([integrality, added[:, 3]]) if rel_gap is not None else None,
            bounds=Bounds(np.concatenate([lower, added[:, 0]]), np.concatenate([upper, added[:, 1]])),
            constraints=[
                LinearConstraint(
                    csr_array(vstack([wide, extra])),
                    np.concatenate([low, more_low]),
                    np.concatenate([high, more_high]),
                )
            ],
            options={"mip_rel_gap": rel_gap or 0.0, "time_limit": max(0.5, seconds)},
        )
        if found.x is None:
            raise PlanError(explain_infeasible(self.program))
        constant = worth * sum(float(c.value[0]) for c in curves if len(c.nodes) == 1)
        dual = found.fun if rel_gap is None or found.mip_dual_bound is None else found.mip_dual_bound
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


def _first_curves(objective: Expected, program: Program, around: Floats) -> list[_Curve]:
    """A coarse grid over what the bounds allow, finer around a good plan."""
    region, size = program.region, program.size
    low = region.lower[:size]
    high = np.maximum(program.most, low)
    curves: list[_Curve] = [_row(low[:, None], None, j) for j in range(size)]
    wide, narrow = np.flatnonzero(high > low), np.flatnonzero(high <= low)
    width = (high - low)[wide, None]
    grids = low[wide, None] + width * np.linspace(0, 1, _FIRST_NODES.get(objective.evaluator.space.detail, 4))
    # Away from the ends: a curve may have no finite curvature at zero, and a node there twice would leave no bound.
    middle = np.clip(around[wide, None], low[wide, None] + _EDGE * width, high[wide, None] - _EDGE * width)
    close = middle + width * np.array(_NEAR)
    grids = np.sort(np.concatenate([grids, close], axis=1), axis=1)
    for columns, nodes in ((wide, grids), (narrow, low[narrow, None])):
        if len(columns):
            found = objective.evaluator.cells(columns, nodes)
            for i, j in enumerate(columns):
                curves[j] = _thinned(_row(nodes, found, i))
    return curves


def _row(nodes: Floats, found: Cells | None, i: int) -> _Curve:
    """One curve of many that were evaluated together."""
    if found is None:
        return _Curve(nodes[i], *(np.zeros(1),) * 2, *(np.zeros(0),) * 4)
    return _Curve(nodes[i], *(part[i] for part in vars(found).values()))


def _thinned(curve: _Curve) -> _Curve:
    """The curve without nodes that are hardly apart; a merged cell has the loosest of its cells' bounds."""
    keep = _distinct(curve.nodes)
    if len(keep) == len(curve.nodes):
        return curve
    starts = keep[:-1]
    merged = [np.minimum.reduceat(curve.lower, starts), np.maximum.reduceat(curve.upper, starts)]
    # Lines of a merged cell hold from other ends; the curvature bounds alone do for it.
    whole = np.diff(keep) == 1
    lines = [np.where(whole, curve.left[starts], np.inf), np.where(whole, curve.right[starts], -np.inf)]
    return _Curve(curve.nodes[keep], curve.value[keep], curve.slope[keep], *merged, *lines)


def _distinct(nodes: Floats) -> list[int]:
    """Indices of nodes that are apart from each other, the first and the last among them."""
    least = 1e-6 * max(1e-12, float(nodes[-1] - nodes[0]))
    keep = [0]
    for i in range(1, len(nodes)):
        if nodes[i] - nodes[keep[-1]] > least:
            keep.append(i)
    return [*keep[:-1], len(nodes) - 1] if len(keep) > 1 else keep


def _refine(objective: Expected, curves: list[_Curve], x: Floats, tolerance: float) -> tuple[int, float]:
    """Split the cells in which the bound is loose at ``x``; returns how many, and the sum of the looseness found."""
    picked: list[tuple[int, int, float]] = []
    for j, curve in enumerate(curves):
        nodes = curve.nodes
        if len(nodes) == 1:
            continue
        k = int(np.clip(np.searchsorted(nodes, x[j]) - 1, 0, len(nodes) - 2))
        a, b = nodes[k], nodes[k + 1]
        if curve.above(x[j]) - curve.below(x[j]) > tolerance and b - a > 1e-9 * max(1.0, abs(b)):
            picked.append((j, k, float(np.clip(x[j], a + 0.15 * (b - a), b - 0.15 * (b - a)))))
    if not picked:
        return 0, 0.0
    before = sum(curves[j].above(at) for j, _, at in picked)
    columns = np.array([j for j, _, _ in picked], dtype=np.intp)
    grid = np.array([[curves[j].nodes[k], at, curves[j].nodes[k + 1]] for j, k, at in picked])
    found = objective.evaluator.cells(columns, grid)
    for i, (j, k, _) in enumerate(picked):
        curves[j].insert(k, _row(grid, found, i))
    return len(picked), float(before - found.value[:, 1].sum())


def held(program: Program, x: Floats) -> Program:
    """The program with what is discrete decided as in ``x``: steps fixed, zeros kept, the others at least the gap, and
    every stair on its piece."""
    program = program.on_pieces([int(stair.pieces.piece(stair.at(x))) for stair in program.stairs])
    values = {i: round(x[i] / step) * step for i, step in program.steps.items()}
    values |= {i: 0.0 for i, least in program.gaps.items() if x[i] < 0.5 * least}
    result = program.fixed(values)
    return result.opened(dict(result.gaps))


@dataclass
class _Search:
    """The state of the search: curves, the best plan so far, and the bound."""

    objective: Expected
    program: Program
    gap: float
    until: float
    x: Floats
    value: float = -np.inf
    bound: float = np.inf
    scale: float = 1.0

    def done(self) -> bool:
        """Whether the gap is reached, or the time is up."""
        return self.bound - self.value <= self.gap * self.scale or now() > self.until

    def offer(self, x: Floats, value: float) -> bool:
        """Keep a feasible plan if it is the best; says whether it is."""
        if value <= self.value:
            return False
        self.x, self.value = x, value
        self.scale = max(abs(value + self.objective.price * float(x[: self.program.size].sum())), 1e-300)
        return True

    def polish(self, x: Floats, steps: int) -> Floats:
        """Climb from a feasible plan with what is discrete held; returns where that ends."""
        found = climb(self.objective, held(self.program, x), x, Effort(self.gap / 10, steps=steps, until=self.until))
        self.offer(found.x, found.value)
        return found.x


def _first_plan(objective: Expected, program: Program, until: float) -> Floats:
    """A good plan to look around: a climb on few draws, what is discrete put aside."""
    relaxed = program.relaxed()
    start = feasible_start(relaxed, objective.evaluator.space.reference)
    return climb(objective.on_few_draws(), relaxed, start, Effort(1e-4, steps=30, until=until)).x


def solve_discrete(objective: Expected, program: Program, gap: float, until: float) -> Found:
    """The best plan to a relative ``gap``, or to what the time allows; raises PlanError where there is none."""
    size = program.size
    first = _first_plan(objective, program, until)
    search = _Search(objective, program, gap, until, np.zeros(0))
    if not program.discrete:
        first = search.polish(first, 3)
    curves = _first_curves(objective, program, first[:size])
    master = _Master(program, objective)
    integer, tightness, error = program.discrete, gap / 4, np.inf
    for _ in range(_ROUNDS):
        x, above = master.solve(curves, tightness if integer else None, until - now())
        search.bound = min(search.bound, above)
        if search.done():
            break
        # A plan found under loose bounds is not worth an evaluation.
        if integer or (not program.discrete and objective.worth * error <= _LOOSE * gap * search.scale):
            value = objective.at(x[:size], False).value - float(program.cost @ x)
            if search.offer(x, value) and not search.done():
                search.polish(x, 4)
            if search.done():
                break
        tolerance = 0.1 * gap * search.scale / max(1, size) / max(objective.worth, 1e-300)
        added, error = _refine(objective, curves, x, tolerance)
        if integer and not added:
            tightness /= 4
            if tightness < 1e-7:
                break
        # While the concave envelopes are loose, integers would be a waste.
        integer = integer or objective.worth * error <= 0.5 * gap * search.scale
    if len(search.x) and size * objective.evaluator.space.problem.draws.n <= _CHEAP:
        # The gap leaves room for a better place in the same basin; a few steps take it.
        end = climb(objective, held(program, search.x), search.x, Effort(1e-8, steps=3, until=until))
        search.offer(end.x, end.value)
    return Found(search.x, search.value, max(search.bound, search.value))
