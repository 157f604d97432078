"""What timing is worth: even spend, today's pattern, and the best weeks, with each channel's total held."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.planning.clock import now
from mmm.planning.objectives import Evaluator, Expected
from mmm.planning.optimise import Certificate, Limits, maximise
from mmm.planning.problem import Space
from mmm.planning.program import Program, budget_rule, defined
from mmm.planning.result import Gain, Plan


@dataclass(frozen=True)
class Flighting:
    """``table``: one row a channel; ``money[h, c]`` is the best timing; ``gain`` its effect over even spend."""

    table: pd.DataFrame
    money: Floats
    gain: Gain
    certificate: Certificate


def flighting(plan: Plan, peak: float = 3.0) -> Flighting:
    """The best timing of each channel's total in the plan, with at most ``peak`` x even spend in any period.

    Columns: ``even``, ``as_reference`` and ``best`` (expected effect), ``pulsing`` (best over even) with its 90%
    interval and probability, and ``peak`` (largest period over the even one). Carry-in and carry-over count in all of
    them. ``certificate`` says how far from the best timing this one may be.
    """
    problem = plan.problem
    space = Space("week", problem)
    totals = plan.money.sum(axis=(0, 1))
    horizon, channels = space.shape
    program = _held_totals(totals, horizon, peak)
    until = now() + plan.settings.time_limit
    # Channels do not interact, so that one program with all of them is as good as one each.
    even = np.tile(totals / horizon, (horizon, 1))
    solution = maximise(
        Expected(Evaluator(_from_even(space, even))), program, Limits(plan.settings.gap, until, plan.settings.seed)
    )
    best = solution.x.reshape(horizon, channels)
    effects = {
        "even": problem.effect_draws(space.money(even.ravel())),
        "as_reference": problem.effect_draws(problem.pattern * totals),
        "best": problem.effect_draws(space.money(best.ravel())),
    }
    table = pd.DataFrame({name: draws.mean(axis=0) for name, draws in effects.items()})
    gain = effects["best"] - effects["even"]
    low, high = np.quantile(gain, [0.05, 0.95], axis=0)
    table = table.assign(
        pulsing=gain.mean(axis=0),
        pulsing_lower=low,
        pulsing_upper=high,
        probability=(gain > 0).mean(axis=0),
        peak=best.max(axis=0) / np.where(totals > 0, totals / horizon, np.nan),
    )
    table.index = pd.Index(problem.channels, name="channel")
    return Flighting(table, best, Gain(gain.sum(axis=1)), solution.certificate)


def _from_even(space: Space, even: Floats) -> Space:
    """The same space with even spend as its reference, from which the search starts."""
    pattern = space.money(even.ravel())
    return replace(space, problem=replace(space.problem, reference=pattern))


def _held_totals(totals: Floats, horizon: int, peak: float) -> Program:
    channels = len(totals)
    size = horizon * channels
    # The totals hold the budget; a cap at exactly their sum would leave the solver no room.
    rules = [budget_rule(np.ones(size), 1.01 * float(totals.sum()), False)]
    for c, total in enumerate(totals):
        columns = tuple(range(c, size, channels))
        rules.append(defined(f"total of channel {c}", dict.fromkeys(columns, 1.0), float(total), float(total)))
        rules += [defined("peak", {i: 1.0}, -np.inf, peak * float(total) / horizon) for i in columns]
    return Program(size, size, tuple(rules), (), np.zeros(size))
