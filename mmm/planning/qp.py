"""Convex quadratic programs by a primal-dual interior point method (Mehrotra 1992), for the steps of the planner.

minimise 1/2 x' Q x + c' x  subject to  row_lower <= A x <= row_upper,  lower <= x <= upper.

Q is positive semi-definite (:mod:`mmm.planning.curvature`). A has few rows; the work is one factorisation of Q plus a
diagonal in each of about fifteen iterations.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import csr_array

from mmm.arrays import Floats
from mmm.errors import PlanError
from mmm.planning import highs
from mmm.planning.curvature import Curvature, Diagonal

_ITERATIONS = 80
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Region:
    """Linear constraints: ``row_lower <= A x <= row_upper`` and ``lower <= x <= upper``."""

    A: Floats
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats


@dataclass
class _State:
    v: Floats  # x, then the free slacks A x of the inequality rows
    y: Floats
    low: Floats
    high: Floats


def _step_length(state: _State, step: _State, lo: Floats, hi: Floats) -> tuple[float, float]:
    def longest(value: Floats, change: Floats) -> float:
        shrinking = change < 0
        return float(min(1.0, np.min(-value[shrinking] / change[shrinking], initial=1.0)))

    primal = min(longest(state.v - lo, step.v), longest(hi - state.v, -step.v))
    dual = min(longest(state.low, step.low), longest(state.high, step.high))
    return primal, dual


def solve_qp(q: Curvature, c: Floats, region: Region) -> Floats:
    """The minimiser x. Raises PlanError where the iteration does not converge, which means an empty region."""
    free = region.upper > region.lower
    x = region.lower.copy()
    if not free.any():
        return x
    constant = region.A[:, ~free] @ x[~free]
    linear = (c + q.times(np.where(free, 0.0, x)))[free]
    A = region.A[:, free]
    used = np.abs(A).sum(axis=1) > 0
    inner = Region(
        A[used],
        (region.row_lower - constant)[used],
        (region.row_upper - constant)[used],
        region.lower[free],
        region.upper[free],
    )
    kept = q.restricted(free)
    found = _water_filling(kept.values, linear, inner) if isinstance(kept, Diagonal) else None
    if found is None:
        found = _attempt(kept, linear, inner)
    if found is None:
        # An interior point needs an interior: what the constraints leave no room for becomes an equality.
        found = _attempt(kept, linear, _without_slack(inner))
    if found is None:
        raise PlanError("The optimiser's inner problem did not converge; check that the constraints leave room.")
    x[free] = found
    return np.clip(x, region.lower, region.upper)


def _water_filling(q: Floats, c: Floats, region: Region) -> Floats | None:
    """The exact minimiser where numbers do not interact and one row at most limits their sum; else None."""
    row = region.A[0] if len(region.A) else np.zeros(len(q))
    if len(region.A) > 1 or np.any(q <= 0.0) or np.any(row < 0.0):
        return None
    x = _at_price(0.0, q, c, row, region)
    if not len(region.A):
        return x
    low, high, used = region.row_lower[0], region.row_upper[0], float(row @ x)
    if low <= used <= high:
        return x
    wanted = float(high if used > high else low)
    if not region.lower @ row <= wanted <= region.upper @ row:
        return None
    return _priced(q, c, row, region, wanted)


def _at_price(price: float, q: Floats, c: Floats, row: Floats, region: Region) -> Floats:
    """Every number where the row's activity costs ``price`` a unit."""
    return np.clip(-(c + price * row) / q, region.lower, region.upper)


def _priced(q: Floats, c: Floats, row: Floats, region: Region, wanted: float) -> Floats:
    """The numbers at the price at which the row's activity is as wanted, found by bracketing."""
    counted = row > 0
    # Beyond these prices every number that the row counts is at a bound.
    ends = -(q * np.stack([region.upper, region.lower]) + c)[:, counted] / row[counted]
    below, above = float(ends.min()), float(ends.max())
    x = region.lower
    for _ in range(100):
        price = (below + above) / 2
        x = _at_price(price, q, c, row, region)
        off = float(row @ x) - wanted
        below, above = (price, above) if off > 0 else (below, price)
        inside = counted & (x > region.lower) & (x < region.upper)
        slope = float((row[inside] ** 2 / q[inside]).sum())
        # Between two breakpoints the activity is linear in the price: one Newton step is exact there.
        if slope > 0 and below <= price + off / slope <= above:
            trial = _at_price(price + off / slope, q, c, row, region)
            if abs(float(row @ trial) - wanted) <= 1e-13 * max(1.0, abs(wanted)):
                return trial
    return x


def _start(c: Floats, region: Region, slack: npt.NDArray[np.bool_], lo: Floats, hi: Floats) -> _State:
    middle = np.where(np.isfinite(lo) & np.isfinite(hi), (lo + hi) / 2, np.where(np.isfinite(lo), lo + 1, hi - 1))
    both = ~np.isfinite(lo) & ~np.isfinite(hi)
    middle[both] = 0.0
    size = max(1e-12, float(np.abs(c).max()))
    low, high = np.where(np.isfinite(lo), size, 0.0), np.where(np.isfinite(hi), size, 0.0)
    n = len(region.lower)
    # Row activities start at A x where that is inside, so that only tight rows begin infeasible.
    activity = (region.A @ middle[:n])[slack]
    room = np.where(np.isfinite(hi[n:] - lo[n:]), hi[n:] - lo[n:], 1.0)
    middle[n:] = np.clip(activity, lo[n:] + 0.1 * room, hi[n:] - 0.1 * room)
    return _State(middle, np.zeros(len(region.A)), low, high)


@dataclass
class _Newton:
    """The linear system of one iteration: residuals, rooms to the bounds, and factorised matrices."""

    A: Floats
    rows: csr_array
    slack: npt.NDArray[np.bool_]
    state: _State
    rooms: tuple[Floats, Floats]
    residuals: tuple[Floats, Floats]  # primal, dual
    q: Curvature

    def __post_init__(self) -> None:
        n = self.A.shape[1]
        self.barrier = self.state.low / self.rooms[0] + self.state.high / self.rooms[1]
        self.solve = self.q.solver(self.barrier[:n])
        thin = np.zeros(len(self.A))
        thin[self.slack] = 1.0 / self.barrier[n:]
        self.half = self.solve(self.A.T) if len(self.A) else np.zeros((n, 0))
        # Rows hold few numbers: their sparse product is quick, and does not wait for threads on a busy machine.
        plain = self.rows @ self.half + np.diag(thin)
        # Rows that say the same twice are allowed; a trace on the diagonal keeps the system regular.
        self.schur = plain + np.diag(1e-14 * np.diag(plain))

    def direction(self, centre_low: Floats | float, centre_high: Floats | float) -> _State:
        """The step towards complementarity ``centre`` at the lower and upper bounds."""
        n, state, (room_low, room_high) = self.A.shape[1], self.state, self.rooms
        right = self.residuals[1] + state.low - centre_low / room_low - state.high + centre_high / room_high
        toward = self.solve(right[:n])
        dx, dy = -toward, np.zeros(len(self.A))
        if len(self.A):
            rhs = -self.residuals[0] + self.A @ toward
            rhs[self.slack] -= right[n:] / self.barrier[n:]
            dy = np.linalg.solve(self.schur, rhs)
            dx = self.half @ dy - toward
        dv = np.concatenate([dx, -(right[n:] + dy[self.slack]) / self.barrier[n:]])
        dlow = centre_low / room_low - state.low - state.low / room_low * dv
        dhigh = centre_high / room_high - state.high + state.high / room_high * dv
        return _State(dv, dy, dlow, dhigh)


def _residuals(
    q: Curvature, c: Floats, region: Region, slack: npt.NDArray[np.bool_], state: _State
) -> tuple[Floats, Floats]:
    n = len(c)
    x, target = state.v[:n], region.row_lower.copy()
    target[slack] = state.v[n:]
    gradient = q.times(x) + c
    dual = np.concatenate([gradient - region.A.T @ state.y, state.y[slack]]) - state.low + state.high
    return region.A @ x - target, dual


def _products(state: _State, rooms: tuple[Floats, Floats]) -> float:
    """Sum of multiplier x room over the finite bounds: zero at the optimum."""
    low, high = (np.where(np.isfinite(room), room, 0.0) for room in rooms)
    return float(state.low @ low + state.high @ high)


def _attempt(q: Curvature, c: Floats, region: Region) -> Floats | None:
    """The minimiser, or None where the iteration breaks down, as it does on a region without interior."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        try:
            return _interior_point(q, c, region)
        except np.linalg.LinAlgError:
            return None


def _without_slack(region: Region) -> Region:
    """The same region with rows, and numbers, that the constraints leave no room set to the one value they can take."""
    n = len(region.lower)
    scale = max(1.0, float(np.abs(region.upper[np.isfinite(region.upper)]).max(initial=1.0)))
    limits = LinearConstraint(region.A, region.row_lower, region.row_upper)

    def tighten(rows: Floats, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        low, high = lower.copy(), upper.copy()
        for i in np.flatnonzero(lower < upper):
            ends = [
                highs.solve(sign * rows[i], bounds=Bounds(region.lower, region.upper), constraints=limits)
                for sign in (1, -1)
            ]
            if any(end.x is None for end in ends):
                continue
            least, most = float(ends[0].fun), -float(ends[1].fun)
            if most - least <= 1e-6 * scale:
                low[i] = high[i] = np.clip((least + most) / 2, lower[i], upper[i])
        return low, high

    row_lower, row_upper = tighten(region.A, region.row_lower, region.row_upper)
    lower, upper = tighten(np.eye(n), region.lower, region.upper)
    # A number that cannot move stays in the program within a hair, so that shapes do not change.
    hair = np.where(lower == upper, 1e-9 * scale, 0.0)
    return Region(region.A, row_lower, row_upper, lower - hair, upper + hair)


def _interior_point(q: Curvature, c: Floats, region: Region) -> Floats | None:
    n, rows = len(c), csr_array(region.A)
    slack = region.row_lower < region.row_upper
    lo = np.concatenate([region.lower, region.row_lower[slack]])
    hi = np.concatenate([region.upper, region.row_upper[slack]])
    has_low, has_high = np.isfinite(lo), np.isfinite(hi)
    state = _start(c, region, slack, lo, hi)
    scale_c = max(1e-300, float(np.abs(c).max()))
    scale_x = max(1.0, float(np.abs(region.upper[np.isfinite(region.upper)]).max(initial=1.0)))
    scale_rows = max(scale_x, float(np.abs(region.A).sum(axis=1).max(initial=0.0)) * scale_x)
    for _ in range(_ITERATIONS):
        # Rounding may put a number on its bound; a floor keeps the barrier finite.
        rooms = (np.maximum(state.v - lo, 1e-15 * scale_x), np.maximum(hi - state.v, 1e-15 * scale_x))
        residuals = _residuals(q, c, region, slack, state)
        products = _products(state, rooms)
        mu = products / max(1, int(has_low.sum() + has_high.sum()))
        if (
            np.abs(residuals[0]).max(initial=0.0) < _TOLERANCE * scale_rows
            and np.abs(residuals[1]).max() < 1e2 * _TOLERANCE * scale_c
            and mu < _TOLERANCE * scale_c * scale_x
        ):
            return state.v[:n]
        newton = _Newton(region.A, rows, slack, state, rooms, residuals, q)
        affine = newton.direction(0.0, 0.0)
        primal, dual = _step_length(state, affine, lo, hi)
        moved = _moved(state, affine, primal, dual)
        after = _products(moved, (moved.v - lo, hi - moved.v))
        centre = (max(0.0, after) / max(products, 1e-300)) ** 3 * mu
        step = newton.direction(
            np.where(has_low, centre - affine.v * affine.low, 0.0),
            np.where(has_high, centre + affine.v * affine.high, 0.0),
        )
        primal, dual = _step_length(state, step, lo, hi)
        lengths = (length if length == 1.0 else 0.995 * length for length in (primal, dual))
        state = _moved(state, step, *lengths)
        if not (np.isfinite(state.v).all() and np.isfinite(state.y).all()):
            return None
    return None


def _moved(state: _State, step: _State, primal: float, dual: float) -> _State:
    return _State(
        state.v + primal * step.v,
        state.y + dual * step.y,
        state.low + dual * step.low,
        state.high + dual * step.high,
    )
