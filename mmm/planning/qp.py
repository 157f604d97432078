"""Convex quadratic programs by a primal-dual interior point method (Mehrotra 1992), for the steps of the planner.

minimise 1/2 x' Q x + c' x  subject to  row_lower <= A x <= row_upper,  lower <= x <= upper.

Q is a vector (a diagonal) or a dense matrix, positive semi-definite. A has few rows; the work is one factorisation of Q
plus a diagonal in each of about fifteen iterations.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from mmm.errors import PlanError
from mmm.model.response import Floats

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


def _solver(q: Floats, extra: Floats):  # type: ignore[no-untyped-def]
    """A function that solves (Q + diag(extra)) z = b for one or several b."""
    if q.ndim == 1:
        inverse = 1.0 / (q + extra)
        return lambda b: inverse * b if b.ndim == 1 else inverse[:, None] * b
    factor = cho_factor(q + np.diag(extra), check_finite=False)
    return lambda b: cho_solve(factor, b, check_finite=False)


def _step_length(state: _State, step: _State, lo: Floats, hi: Floats) -> tuple[float, float]:
    def longest(value: Floats, change: Floats) -> float:
        shrinking = change < 0
        return float(min(1.0, np.min(-value[shrinking] / change[shrinking], initial=1.0)))

    primal = min(longest(state.v - lo, step.v), longest(hi - state.v, -step.v))
    dual = min(longest(state.low, step.low), longest(state.high, step.high))
    return primal, dual


def solve_qp(q: Floats, c: Floats, region: Region) -> Floats:
    """The minimiser x. Raises PlanError where the iteration does not converge, which means an empty region."""
    free = region.upper > region.lower
    x = region.lower.copy()
    if not free.any():
        return x
    constant = region.A[:, ~free] @ x[~free]
    quadratic = q[free] if q.ndim == 1 else q[np.ix_(free, free)]
    linear = c[free] if q.ndim == 1 else c[free] + q[np.ix_(free, ~free)] @ x[~free]
    A = region.A[:, free]
    used = np.abs(A).sum(axis=1) > 0
    inner = Region(
        A[used],
        (region.row_lower - constant)[used],
        (region.row_upper - constant)[used],
        region.lower[free],
        region.upper[free],
    )
    x[free] = _interior_point(quadratic, linear, inner)
    return np.clip(x, region.lower, region.upper)


def _start(c: Floats, region: Region, slack: Floats, lo: Floats, hi: Floats) -> _State:
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


def _interior_point(q: Floats, c: Floats, region: Region) -> Floats:
    n, A = len(c), region.A
    slack = region.row_lower < region.row_upper
    lo = np.concatenate([region.lower, region.row_lower[slack]])
    hi = np.concatenate([region.upper, region.row_upper[slack]])
    state = _start(c, region, slack, lo, hi)
    scale_c, scale_x = max(1e-300, float(np.abs(c).max())), max(1.0, float(np.abs(region.upper).max()))
    for _ in range(_ITERATIONS):
        x, s = state.v[:n], state.v[n:]
        target = region.row_lower.copy()
        target[slack] = s
        r_primal = A @ x - target
        grad = (q * x if q.ndim == 1 else q @ x) + c
        r_dual = np.concatenate([grad - A.T @ state.y, state.y[slack]]) - state.low + state.high
        # Rounding may put a number on its bound; a floor keeps the barrier finite.
        room_low, room_high = (np.maximum(side, 1e-15 * scale_x) for side in (state.v - lo, hi - state.v))
        pairs = np.isfinite(lo).sum() + np.isfinite(hi).sum()
        gap = float(np.sum(state.low[np.isfinite(lo)] * room_low[np.isfinite(lo)]))
        gap += float(np.sum(state.high[np.isfinite(hi)] * room_high[np.isfinite(hi)]))
        mu = gap / max(1, pairs)
        if (
            np.abs(r_primal).max(initial=0.0) < _TOLERANCE * scale_x
            and np.abs(r_dual).max() < 1e2 * _TOLERANCE * scale_c
            and mu < _TOLERANCE * scale_c * scale_x
        ):
            return x
        barrier = state.low / room_low + state.high / room_high
        solve = _solver(q, barrier[:n])
        thin = np.zeros(len(A))
        thin[slack] = 1.0 / barrier[n:]
        half = solve(A.T) if len(A) else np.zeros((n, 0))
        schur = A @ half + np.diag(thin)

        def direction(centre_low: Floats, centre_high: Floats) -> _State:
            right = r_dual + state.low - centre_low / room_low - state.high + centre_high / room_high
            r_x, r_s = right[:n], right[n:]
            rhs = -r_primal + A @ solve(r_x)
            rhs[slack] -= r_s / barrier[n:]
            dy = np.linalg.solve(schur, rhs) if len(A) else np.zeros(0)
            dx = half @ dy - solve(r_x)
            ds = -(r_s + dy[slack]) / barrier[n:]
            dv = np.concatenate([dx, ds])
            dlow = centre_low / room_low - state.low - state.low / room_low * dv
            dhigh = centre_high / room_high - state.high + state.high / room_high * dv
            return _State(dv, dy, dlow, dhigh)

        zero = np.zeros_like(state.v)
        affine = direction(zero, zero)
        primal, dual = _step_length(state, affine, lo, hi)
        after = np.nansum(
            (state.low + dual * affine.low) * np.where(np.isfinite(lo), room_low + primal * affine.v, 0.0)
        )
        after += np.nansum(
            (state.high + dual * affine.high) * np.where(np.isfinite(hi), room_high - primal * affine.v, 0.0)
        )
        centring = (max(0.0, float(after)) / max(gap, 1e-300)) ** 3 * mu
        step = direction(
            np.where(np.isfinite(lo), centring - affine.v * affine.low, 0.0),
            np.where(np.isfinite(hi), centring + affine.v * affine.high, 0.0),
        )
        primal, dual = _step_length(state, step, lo, hi)
        primal, dual = (length if length == 1.0 else 0.995 * length for length in (primal, dual))
        state = _State(
            state.v + primal * step.v,
            state.y + dual * step.y,
            state.low + dual * step.low,
            state.high + dual * step.high,
        )
    raise PlanError("The optimiser's inner problem did not converge; check that the constraints leave room.")
