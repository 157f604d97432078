"""What a decision needs besides the plan: which test pays, what timing is worth, what more and less money earn."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.planning.result import Gain, Plan
from mmm.reporting.notation.estimate import Estimate
from mmm.workflow import Options

_WORTH_A_TEST = 1e-4


@dataclass(frozen=True)
class Foresight:
    """Amounts are in the unit of the plan's gains, over the horizon.

    - ``information``: index channel, ``value`` of knowing its curve exactly and ``share`` of what the plan wins, the
      largest first; ``everything`` is the value of knowing all curves;
    - ``test``: the channel whose curve is worth most to know, None where no knowledge would change much;
    - ``timing``: index channel, columns of :func:`mmm.planning.flighting.flighting`; None for a single period;
      ``pulsing`` is what the best timing wins over even spend in all, and ``pulsing_sure`` its probability;
    - ``steps``: rows ``next`` and ``last`` where the limits leave room, with money, effect (with bounds) and
      ``per_money``; ``best_budget`` the most profitable total within the limits, None without a value per unit;
    - ``periods``, ``geos``: money of the plan by period, or by geo, and channel, where the plan was decided so.
    """

    information: pd.DataFrame
    everything: float
    test: str | None
    timing: pd.DataFrame | None
    pulsing: Estimate
    pulsing_sure: float
    peak: float
    steps: pd.DataFrame
    best_budget: float | None
    periods: pd.DataFrame | None
    geos: pd.DataFrame | None


def foresight_of(plan: Plan, options: Options) -> Foresight:
    """The planner's answers around a plan."""
    information, timed, detail = options.information, options.timing, plan.settings.detail
    ranked = information.drop(index="all channels")
    worth = float(ranked["value"].iloc[0]) if len(ranked) else 0.0
    pays = worth > _WORTH_A_TEST * abs(float(plan.outcome_draws.mean()))
    gain = Gain(np.zeros(1)) if timed is None else timed.gain
    return Foresight(
        information=ranked,
        everything=float(information["value"].iloc[-1]),
        test=str(ranked.index[0]) if pays else None,
        timing=None if timed is None else timed.table,
        pulsing=Estimate(gain.mean, gain.lower, gain.upper, q="timing/pulsing"),
        pulsing_sure=gain.probability,
        peak=options.peak,
        steps=options.curve.steps,
        best_budget=options.curve.best_budget,
        periods=_wide(plan, "date") if detail == "week" else None,
        geos=_wide(plan, "geo") if detail == "geo" else None,
    )


def _wide(plan: Plan, rows: str) -> pd.DataFrame:
    """Money of the plan with one column a channel."""
    table = plan.schedule.pivot_table(index=rows, columns="channel", values="spend", aggfunc="sum", sort=False)
    return table[list(plan.problem.channels)]
