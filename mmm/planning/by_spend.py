"""What the total of one channel wins along a plan: curves over its money, split over time and place as in the plan.

Effects add up over channels, so that a plan's effect is a sum of one such curve a channel.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats
from mmm.model.ray import Ray
from mmm.planning.result import Plan

_ROOM = 1.05
_TABLE_POINTS = 31


@dataclass(frozen=True)
class CurveDraws:
    """``levels[c, k]`` of a channel's total, and by draw what it wins there and its slope, both [n, c, k].

    ``peak[c]`` is the share of a channel's total that falls into its largest period.
    """

    levels: Floats
    value: Floats
    slope: Floats
    peak: Floats


def curve_draws(plan: Plan, chosen: npt.NDArray[np.intp], points: int) -> CurveDraws:
    """The curves of the draws ``chosen`` at ``points`` levels, such that a cubic through them nowhere turns back."""
    problem = plan.problem
    # Curves bend most near zero, so the levels lie closer there.
    levels = (np.linspace(0.0, 1.0, points) ** 2)[None, :] * _reach(plan)[:, None]
    split = _pattern(plan)
    found = Ray(problem.draws.subset(chosen), problem.base, problem.over_time(split), problem.weights).summed(levels)
    return CurveDraws(levels, found.value, monotone(levels, found.value, found.slope), split.sum(axis=1).max(axis=0))


def response_points(plan: Plan) -> pd.DataFrame:
    """The same curves on average over all draws: columns channel, spend, won, with ``won_lower`` and ``won_upper``.

    Today's and the planned spend are among the points, so that a line through them is exact there.
    """
    problem = plan.problem
    levels = (np.linspace(0.0, 1.0, _TABLE_POINTS) ** 2)[None, :] * _reach(plan)[:, None]
    both = np.stack([problem.reference_totals, plan.money.sum(axis=(0, 1))], axis=1)
    spend = np.sort(np.concatenate([levels, both], axis=1), axis=1)
    found = Ray(problem.draws, problem.base, problem.over_time(_pattern(plan)), problem.weights).summed(spend).value
    lower, upper = np.quantile(found, [0.05, 0.95], axis=0)
    columns = {"spend": spend, "won": found.mean(axis=0), "won_lower": lower, "won_upper": upper}
    table = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    table.insert(0, "channel", np.repeat(np.array(problem.channels, dtype=object), spend.shape[1]))
    # Points closer together than this are one.
    width = np.repeat(spend[:, -1] * 1e-6, spend.shape[1])
    near = (table["channel"] == table["channel"].shift()) & (table["spend"].diff() < width)
    return table[~near].reset_index(drop=True)


def _reach(plan: Plan) -> Floats:
    """Largest total spend [c] to which the curves go: what is allowed, within reason."""
    today, planned = plan.problem.reference_totals, plan.money.sum(axis=(0, 1))
    upper = plan.allocation["upper_bound"].to_numpy(dtype=float)
    largest = np.maximum(2.0 * today, planned)
    top = _ROOM * np.where(np.isfinite(upper), np.maximum(largest, np.minimum(upper, 3.0 * largest)), largest)
    return np.asarray(np.where(top > 0, top, 0.05 * max(float(planned.sum()), 1.0)))


def _pattern(plan: Plan) -> Floats:
    """How a channel's money is split, [h, g, c]: as in the plan, as in today's plan where it spends nothing."""
    totals = plan.money.sum(axis=(0, 1))
    return np.where(totals > 0, plan.money / np.where(totals > 0, totals, 1.0), plan.problem.pattern)


def monotone(levels: Floats, value: Floats, slope: Floats) -> Floats:
    """Slopes [n, c, k] at which the cubic between values at ``levels[c, k]`` nowhere turns back.

    At most three times what either neighbouring secant rises (Fritsch and Carlson 1980); a curve that has no finite
    slope at nothing would otherwise swing far above itself.
    """
    secant = np.diff(value) / np.diff(levels)
    least = np.concatenate([secant[..., :1], np.minimum(secant[..., :-1], secant[..., 1:]), secant[..., -1:]], axis=-1)
    return np.asarray(np.minimum(slope, 3.0 * np.maximum(least, 0.0)))
