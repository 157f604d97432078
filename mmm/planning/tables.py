"""The allocation table of a plan: money, bounds, effects and returns by channel, each with its 90% interval."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats
from mmm.model.ray import Ray
from mmm.planning.problem import PlanProblem, Space
from mmm.planning.program import Program


def channel_bounds(program: Program, space: Space) -> tuple[Floats, Floats]:
    """Bounds on each channel's total that follow from the rules on that channel alone."""
    members = [frozenset(np.flatnonzero(space.channel_of == c).tolist()) for c in range(space.shape[-1])]
    lower, upper = np.zeros(len(members)), np.full(len(members), np.inf)
    for rule in (*program.rules, *program.definitions):
        if frozenset(rule.columns) not in members or any(w != rule.weights[0] for w in rule.weights):
            continue
        c, weight = members.index(frozenset(rule.columns)), rule.weights[0]
        lower[c] = max(lower[c], rule.lower / weight)
        upper[c] = min(upper[c], rule.upper / weight)
    billed = program.of_money[: program.size] == 0.0
    caps = [np.inf if any(billed[i] for i in member) else program.cap for member in members]
    return lower, np.minimum(upper, caps)


_FIRST_STEP = 0.01


def first_step(problem: PlanProblem) -> Floats:
    """Money [c] over the horizon that counts as a channel's first: 1% of its largest spend so far in every period.

    A curve of slope below 1 has no finite slope at nothing, so that there the return of the next unit of money is that
    of this step.
    """
    step = _FIRST_STEP * problem.horizon * problem.observed_peak_total
    return np.asarray(np.where(step > 0, step, _FIRST_STEP * max(float(problem.reference_totals.sum()), 1.0)))


def marginal_draws(problem: PlanProblem, money: Floats) -> Floats:
    """Return of one more unit of money by draw and channel, [n, c], money added in proportion to ``money[h, g, c]``.

    Of a channel with less than its first step: what that step returns on average, split as in the problem's pattern.
    """
    totals, step = money.sum(axis=(0, 1)), first_step(problem)
    small = totals < step
    pattern = np.where(small, problem.pattern, money / np.where(small, 1.0, totals))
    levels = np.where(small, step, totals)[:, None]
    found = Ray(problem.draws, problem.base, problem.over_time(pattern), problem.weights).summed(levels)
    return np.where(small, found.value[..., 0] / step, found.slope[..., 0])


def direction(marginal: Floats, spend: Floats, adjustable: npt.NDArray[np.bool_]) -> Floats:
    """Share of draws in which a channel's marginal return exceeds the spend-weighted mean of the adjustable channels.

    ``marginal`` is [n, c] at the reference plan. NaN where a channel is not adjustable, or fewer than two are.
    """
    out = np.full(marginal.shape[1], np.nan)
    if adjustable.sum() < 2:
        return out
    weights = np.where(adjustable, spend, 0.0)
    weights = weights if weights.sum() > 0 else adjustable.astype(float)
    mean = marginal @ (weights / weights.sum())
    share = (marginal > mean[:, None]).mean(axis=0)
    return np.where(adjustable, share, np.nan)


def _with_interval(table: dict[str, Floats], name: str, draws: Floats) -> None:
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    table |= {name: draws.mean(axis=0), f"{name}_lower": low, f"{name}_upper": high}


def _billed(problem: PlanProblem, totals: Floats) -> Floats:
    """What is paid for channels' totals [c] at the price of the last 13 weeks, split as in the problem's pattern."""
    if not problem.bills:
        return totals
    plan = problem.pattern * np.where(np.isfinite(totals), totals, 0.0)
    return np.where(np.isfinite(totals), problem.paid(plan).sum(axis=(0, 1)), totals)


def allocation(
    problem: PlanProblem, money: Floats, bounds: tuple[Floats, Floats], effects: tuple[Floats, Floats]
) -> pd.DataFrame:
    """One row a channel. ``effects`` are draws [n, c] under the plan and under the reference plan.

    Money columns: ``reference``, ``lower_bound``, ``upper_bound``, ``spend``, ``change``, ``change_pct`` (per cent).
    With 90% intervals (``_lower``, ``_upper``): ``effect``, ``reference_effect`` (in the plan's unit), ``roas``
    (effect per money spent), ``marginal_roas`` and ``reference_marginal_roas`` (effect of one more unit of money; NaN
    where the outcome has no value: then ``marginal_effect`` and ``reference_marginal_effect`` hold them). Where less
    than ``first_step`` is spent they are the average return of that much (see :func:`first_step`).
    ``probability_direction`` is how sure it is that the channel's next money earns more than the others' (see
    :func:`direction`); ``observed_max_ratio`` the plan's largest period over the largest ever observed.
    """
    today, spend = (problem.paid(plan).sum(axis=(0, 1)) for plan in (problem.reference, money))
    bounds = (_billed(problem, bounds[0]), _billed(problem, bounds[1]))
    at_plan, at_reference = marginal_draws(problem, money), marginal_draws(problem, problem.reference)
    table: dict[str, Floats] = {
        "reference": today,
        "lower_bound": bounds[0],
        "upper_bound": bounds[1],
        "spend": spend,
        "change": spend - today,
        "change_pct": np.where(today > 0, 100 * (spend - today) / np.where(today > 0, today, 1.0), np.nan),
    }
    _with_interval(table, "effect", effects[0])
    _with_interval(table, "reference_effect", effects[1])
    known = np.nan if not problem.has_value else 1.0
    paid, paid_today = (np.where(total > 0, total, np.nan) for total in (spend, today))
    _with_interval(table, "roas", known * effects[0] / paid)
    _with_interval(table, "reference_roas", known * effects[1] / paid_today)
    _with_interval(table, "marginal_roas", known * at_plan)
    _with_interval(table, "reference_marginal_roas", known * at_reference)
    _with_interval(table, "marginal_effect", at_plan)
    _with_interval(table, "reference_marginal_effect", at_reference)
    adjustable = bounds[1] > bounds[0] + 1e-9 * np.maximum(1.0, bounds[0])
    table["probability_direction"] = direction(at_reference, today, adjustable)
    table["first_step"] = first_step(problem)
    peak = problem.observed_peak_total
    table["observed_max_ratio"] = money.sum(axis=1).max(axis=0) / np.where(peak > 0, peak, np.nan)
    return pd.DataFrame(table, index=pd.Index(problem.channels, name="channel"))
