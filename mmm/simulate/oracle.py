"""The best plan that anybody could have made, knowing the truth: the yardstick of recommended plans."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmm.errors import SettingsError
from mmm.simulate.formulas import Array
from mmm.simulate.truth import Truth

_STEPS = 400


@dataclass(frozen=True)
class Budget:
    """A cap on all money over ``horizon`` periods, and ``lower[channel]`` and ``upper[channel]`` totals within it."""

    total: float
    lower: Array
    upper: Array
    horizon: int = 13


@dataclass(frozen=True)
class Allocation:
    """``spend[channel]`` over the horizon, its plan [period, geo, channel], and what it truly brings.

    ``response`` is in outcome units; ``objective`` is the value of the response, or the profit where a margin is set.
    """

    spend: Array
    plan: Array
    response: float
    objective: float


def spend_profile(truth: Truth, horizon: int) -> Array:
    """How a channel's money is spread over periods and geos, [horizon, geo, channel], each channel summing to 1.

    As in the reference plan; evenly over time, and by geo as over the whole panel, for a channel that paused then
    (by population for one that never ran).
    """
    reference = truth.reference_plan(horizon)
    totals = reference.sum(axis=(0, 1))
    by_geo = truth.spend.sum(axis=0)
    by_geo = np.where(by_geo.sum(axis=0) > 0, by_geo, truth.mechanism.size[:, None])
    share = by_geo / by_geo.sum(axis=0)
    even = np.repeat(share[None] / horizon, horizon, axis=0)
    return np.where(totals > 0, reference / np.where(totals > 0, totals, 1.0), even)


@dataclass(frozen=True)
class _Problem:
    truth: Truth
    profile: Array
    total_budget: float
    lower: Array
    upper: Array
    margin: float | None
    spend_all: bool

    def objective(self, spend: Array) -> float:
        value = self.truth.response(self.profile * np.maximum(spend, 0.0)) * self.truth.value_per_unit
        return value if self.margin is None else self.margin * value - float(spend.sum())

    def on_grid(self) -> Array:
        """Exact optimum over a grid of money, synergies left out, by dynamic programming over channels.

        It does not need concave curves, so it finds the basin that a local search then refines.
        """
        free = min(self.total_budget, float(self.upper.sum())) - float(self.lower.sum())
        if free <= 0:
            return self.lower.copy()
        step = free / _STEPS
        room = np.floor((self.upper - self.lower) / step + 1e-9).astype(int)
        value = np.empty((_STEPS + 1, len(room)))
        mechanism, (history, _, strength) = self.truth.mechanism, self.truth.future(self.profile)
        for j in range(_STEPS + 1):
            spend = np.minimum(self.lower + j * step, self.upper)
            media = self.profile * spend / self.truth.future_price
            value[j] = mechanism.effect(history, media, strength, own_only=True).sum(axis=0)
            value[j] *= self.truth.value_per_unit * (self.margin or 1.0)
            value[j] -= 0.0 if self.margin is None else spend
        best = np.full(_STEPS + 1, -np.inf)
        best[0] = 0.0
        chosen: list[NDArray[np.intp]] = []
        for c, most in enumerate(room):
            options = np.full((_STEPS + 1, _STEPS + 1), -np.inf)
            for j in range(min(int(most), _STEPS) + 1):
                options[j, j:] = best[: _STEPS + 1 - j] + value[j, c]
            chosen.append(options.argmax(axis=0))
            best = options.max(axis=0)
        left = _STEPS if self.spend_all else int(best.argmax())
        left = left if np.isfinite(best[left]) else int(np.flatnonzero(np.isfinite(best)).max())
        out = self.lower.copy()
        for c in reversed(range(len(room))):
            out[c] += chosen[c][left] * step
            left -= int(chosen[c][left])
        return out

    def polish(self, start: Array, step: float) -> Array:
        """Local search from ``start``: move ``step`` of money where it gains most, halve the step when nothing does.

        The last entry of the working vector is the money left unspent, which takes part unless all must be spent.
        """
        lower, upper = np.append(self.lower, 0.0), np.append(self.upper, 0.0 if self.spend_all else np.inf)
        left = 0.0 if self.spend_all else self.total_budget - start.sum()
        at = np.append(start, max(left, 0.0))
        value = self.objective(at[:-1])
        smallest = 1e-6 * max(self.total_budget, 1e-12)
        while step > smallest:
            moved = self._best_move(at, value, step, (lower, upper))
            if moved is None:
                step /= 2.0
            else:
                at, value = moved
        return np.asarray(at[:-1])

    def _best_move(
        self, at: Array, value: float, step: float, limits: tuple[Array, Array]
    ) -> tuple[Array, float] | None:
        """The best exchange of ``step`` between two entries, judged by each one's own change; None if none gains."""
        up, down = np.full(len(at), -np.inf), np.full(len(at), -np.inf)
        for i in range(len(at)):
            unit = np.zeros(len(at))
            unit[i] = step
            if at[i] + step <= limits[1][i]:
                up[i] = self.objective((at + unit)[:-1]) - value
            if at[i] - step >= limits[0][i]:
                down[i] = self.objective((at - unit)[:-1]) - value
        gain = up[:, None] + down[None, :]
        np.fill_diagonal(gain, -np.inf)
        to, source = np.unravel_index(int(np.argmax(gain)), gain.shape)
        if not gain[to, source] > 0:
            return None
        moved = at.copy()
        moved[to] += step
        moved[source] -= step
        reached = self.objective(moved[:-1])
        return (moved, reached) if reached > value else None


def best_allocation(
    truth: Truth, budget: Budget, *, margin: float | None = None, spend_all: bool = False
) -> Allocation:
    """The allocation with the largest true value, or profit at a ``margin``, within a budget.

    Money moves between channels; its spread over periods and geos stays that of :func:`spend_profile`. With
    ``spend_all`` the total is spent exactly. Raises SettingsError where no plan is possible.
    """
    total_budget, horizon = budget.total, budget.horizon
    lower, upper = np.asarray(budget.lower, dtype=float), np.asarray(budget.upper, dtype=float)
    if lower.shape != (len(truth.channels),) or upper.shape != lower.shape:
        raise SettingsError(f"lower and upper need one total for each of the {len(truth.channels)} channels.")
    if (lower < 0).any() or (upper < lower).any():
        raise SettingsError("lower bounds are zero or more and not above the upper bounds.")
    if lower.sum() > total_budget * (1 + 1e-9):
        raise SettingsError(f"the lower bounds sum to {lower.sum():.2f}, above the total {total_budget:.2f}.")
    if spend_all and upper.sum() < total_budget * (1 - 1e-9):
        raise SettingsError(f"the upper bounds sum to {upper.sum():.2f}, below the total {total_budget:.2f}.")
    problem = _Problem(truth, spend_profile(truth, horizon), total_budget, lower, upper, margin, spend_all)
    proportional = lower + (upper - lower) * np.clip(
        (total_budget - lower.sum()) / max(float((upper - lower).sum()), 1e-300), 0.0, 1.0
    )
    free = min(total_budget, float(upper.sum())) - float(lower.sum())
    candidates = [problem.polish(problem.on_grid(), free / _STEPS)]
    if truth.mechanism.synergies:
        candidates.append(problem.polish(proportional, free / 10.0))
    spend = max(candidates, key=problem.objective)
    plan = problem.profile * spend
    return Allocation(spend, plan, truth.response(plan), problem.objective(spend))
