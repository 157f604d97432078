"""What not knowing a channel's curve costs this decision: the expected value of perfect information by channel.

E over the channel's curve of max over plans of E[utility | curve], minus max over plans of E[utility]. The curve is
summed up by its principal components; conditional means of the other channels come from regression over draws, so that
correlations count (Strong, Oakley and Brennan 2014). The maximum is over plans that are each the best for one possible
curve, found by linear programs on tabulated curves. Never negative by construction.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import csr_array, hstack, vstack

from mmm.arrays import Floats
from mmm.model.ray import Ray
from mmm.planning import highs
from mmm.planning.constraints import assemble
from mmm.planning.planner import expected_objective
from mmm.planning.problem import Space
from mmm.planning.program import Program
from mmm.planning.result import Plan

_LEVELS = 21
DRAWS = 600
"""Draws that curves are tabulated for, at most."""
_CANDIDATES = 30
_COMPONENTS = 2


@dataclass(frozen=True)
class CurveTable:
    """Worth by draw of each channel at some levels: ``levels[c, k]`` ascending, ``worth[n, c, k]``, and the program."""

    levels: Floats
    worth: Floats
    program: Program

    def at(self, tables: Floats, x: Floats) -> Floats:
        """Interpolated tables [n, c, k] at plans ``x[j, c]``: [n, j] summed over channels."""
        total = np.zeros((len(tables), len(x)))
        for c in range(self.levels.shape[0]):
            total += self.channel(tables[:, c], c, x[:, c])
        return total

    def channel(self, table: Floats, c: int, x: Floats) -> Floats:
        """Interpolated table [n, k] of one channel at ``x[j]``: [n, j]."""
        grid = self.levels[c]
        if grid[-1] <= grid[0]:
            return np.repeat(table[:, :1], len(x), axis=1)
        k = np.clip(np.searchsorted(grid, x) - 1, 0, len(grid) - 2)
        share = np.clip((x - grid[k]) / (grid[k + 1] - grid[k]), 0.0, 1.0)
        return np.asarray(table[:, k] * (1 - share) + table[:, k + 1] * share)


class _Allocator:
    """Best plans for many sets of tabulated curves: one linear program whose objective changes."""

    def __init__(self, table: CurveTable) -> None:
        self.table = table
        program, levels = table.program, table.levels
        region = program.region
        c, k = levels.shape
        self.widths = np.diff(levels, axis=1)
        # With bounds and one budget alone, the best plan fills segments up in the order of their gain.
        self.plain = len(region.A) == 1 and bool(np.all(region.A == 1.0)) and program.columns == program.size
        self.free = (0.0, 0.0)
        if self.plain:
            used = float(levels[:, 0].sum())
            self.free = (float(region.row_lower[0]) - used, float(region.row_upper[0]) - used)
        wide = hstack([csr_array(region.A), csr_array((len(region.A), c * (k - 1)))])
        link = np.zeros((c, program.columns + c * (k - 1)))
        for i in range(c):
            link[i, i] = 1.0
            link[i, program.columns + i * (k - 1) : program.columns + (i + 1) * (k - 1)] = -1.0
        rows = csr_array(vstack([wide, csr_array(link)]))
        low = np.concatenate([region.row_lower, levels[:, 0]])
        high = np.concatenate([region.row_upper, levels[:, 0]])
        self.constraint = LinearConstraint(rows, low, high)
        self.bounds = Bounds(
            np.concatenate([region.lower, np.zeros(c * (k - 1))]),
            np.concatenate([region.upper, self.widths.ravel()]),
        )

    def best(self, curves: Floats) -> Floats:
        """The plans [j, c] that are best for sets of curves [j, c, k]; exact where they are concave."""
        slopes = np.diff(curves, axis=2) / np.where(self.widths > 0, self.widths, 1.0)
        # Segments of a concave curve fill from the left; others are taken at their concave order.
        gain = -np.sort(-slopes, axis=2)
        if self.plain:
            return self._filled(gain)
        return np.array([self._programmed(one.ravel()) for one in gain])

    def _filled(self, gain: Floats) -> Floats:
        """Plans that fill up segments with gains [j, c, k - 1] within one budget."""
        sets, c, k = gain.shape
        flat = gain.reshape(sets, c * k)
        order = np.argsort(-flat, axis=1, kind="stable")
        width = np.broadcast_to(self.widths.ravel(), flat.shape)
        needed, most = self.free
        sorted_width = np.take_along_axis(width, order, axis=1)
        before = np.cumsum(sorted_width, axis=1) - sorted_width
        cap = np.where(np.take_along_axis(flat, order, axis=1) > 0, most, max(0.0, min(needed, most)))
        taken = np.clip(cap - before, 0.0, sorted_width)
        out = np.zeros_like(flat)
        np.put_along_axis(out, order, taken, axis=1)
        return np.asarray(self.table.levels[:, 0] + out.reshape(sets, c, k).sum(axis=2))

    def _programmed(self, gain: Floats) -> Floats:
        """The plan by a linear program, for any constraints."""
        objective = np.concatenate([-self.table.program.cost, gain])
        size = max(1e-300, float(np.abs(objective).max()))
        found = highs.solve(-objective / size, bounds=self.bounds, constraints=[self.constraint])
        return self.table.levels[:, 0] if found.x is None else np.asarray(found.x[: len(self.table.levels)])


def tabulate(plan: Plan) -> CurveTable:
    """Curves of a plan's channels over what the constraints allow, money split as in the plan."""
    problem = plan.problem
    problem = problem.with_draws(problem.draws.thinned(DRAWS))
    settings = plan.settings.model_copy(update={"detail": "channel"})
    space = Space("channel", problem)
    program = assemble(settings, space, plan.total_budget).relaxed()
    low = program.region.lower[: program.size]
    high = np.minimum(program.region.upper[: program.size], np.maximum(plan.total_budget, low))
    levels = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _LEVELS)
    totals = plan.money.sum(axis=(0, 1))
    pattern = np.where(totals > 0, plan.money / np.where(totals > 0, totals, 1.0), problem.pattern)
    value = Ray(problem.draws, problem.base, problem.over_time(pattern), problem.weights).summed(levels).value
    expected = expected_objective(space, plan.settings)
    return CurveTable(levels, expected.worth * value - expected.price * levels, program)


def _components(curves: Floats) -> Floats:
    """Principal components [n, few] of one channel's curves [n, k], with their first squares, standardised."""
    centred = curves - curves.mean(axis=0)
    variance, axes = np.linalg.eigh(centred.T @ centred / len(curves))
    # Draws that differ by rounding alone say nothing.
    least = max(1e-12 * variance[-1], 1e-20 * float((curves**2).sum()) / len(curves), 1e-300)
    keep = np.flatnonzero(variance > least)[::-1][:_COMPONENTS]
    if not len(keep):
        return np.ones((len(curves), 1))
    scores = centred @ axes[:, keep] / np.sqrt(variance[keep])
    return np.column_stack([np.ones(len(curves)), scores, scores[:, 0] ** 2])


def conditional_means(table: CurveTable, channel: int) -> Floats:
    """Worth [n, c, k] given each draw's curve of one channel: its own as drawn, the others by regression."""
    basis = _components(table.worth[:, channel])
    n, c, k = table.worth.shape
    fitted = np.linalg.lstsq(basis, table.worth.reshape(n, c * k))[0]
    means = (basis @ fitted).reshape(n, c, k)
    means[:, channel] = table.worth[:, channel]
    return means


def plans_for(table: CurveTable, curves: Floats) -> Floats:
    """The plans [j, c] that are best for sets of curves [j, c, k], within the constraints; each once."""
    return np.unique(_Allocator(table).best(curves), axis=0)


def value_of_knowing(table: CurveTable, tables: Floats, order: Floats) -> float:
    """E max - max E over plans, for worth ``tables[n, c, k]`` that one would know; ``order[n]`` spreads candidates."""
    allocator = _Allocator(table)
    n = len(tables)
    ranked = np.argsort(order)
    picked = ranked[np.linspace(0, n - 1, min(n, _CANDIDATES)).round().astype(int)]
    plans = allocator.best(np.concatenate([tables.mean(axis=0)[None], tables[picked]]))
    worth = table.at(tables, plans)
    return max(0.0, float(worth.max(axis=1).mean() - worth.mean(axis=0).max()))


def perfect_information(plan: Plan) -> pd.DataFrame:
    """Expected value of knowing each channel's curve exactly, in money (or outcome) over the horizon.

    Columns ``value`` and ``share`` (of the plan's expected effect), largest first; the row ``all channels`` is the
    value of knowing everything. A channel that cannot change the decision has the value 0.
    """
    table = tabulate(plan)
    values = {}
    for c, name in enumerate(plan.problem.channels):
        curves = table.worth[:, c]
        order = curves[:, -1] - curves[:, 0]
        values[name] = value_of_knowing(table, conditional_means(table, c), order)
    everything = value_of_knowing(table, table.worth, (table.worth[:, :, -1] - table.worth[:, :, 0]).sum(axis=1))
    frame = pd.DataFrame({"value": values}).sort_values("value", ascending=False)
    frame.loc["all channels"] = max(everything, float(frame["value"].max()))
    effect = float(plan.outcome_draws.mean())
    return frame.assign(share=frame["value"] / effect if effect else np.nan).rename_axis("channel")
