"""What each model of a mixture says of a plan: the gain under it alone, and which way each channel should go."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.inference.fit import Fit
from mmm.planning.prepare import prepare
from mmm.planning.result import Plan, interval
from mmm.planning.tables import direction, marginal_draws

_DRAWS = 300
# A model speaks against a direction where it gives it at most this probability ...
_AGAINST = 1.0 / 3.0
# ... and a change of spend below this share of the channel's reference is none.
_CHANGED = 0.005


@dataclass(frozen=True)
class PlanByModel:
    """``gain``: a row a model that gives draws, heaviest first, columns weight, gain, gain_lower, gain_upper (over the
    reference plan, in the plan's unit). ``direction``: index channel, a column a model: probability that the channel's
    next money earns more than the others' (see :func:`mmm.planning.tables.direction`). ``disputed``: by channel whose
    spend the plan changes, the models that say rather not, with the sum of their weights.
    """

    gain: pd.DataFrame
    direction: pd.DataFrame
    disputed: dict[str, tuple[tuple[str, ...], float]]


def plan_by_model(fit: Fit, plan: Plan) -> PlanByModel:
    """Judge a plan by every model of the fit that it was made from."""
    lower, upper = (plan.allocation[f"{end}_bound"].to_numpy(float) for end in ("lower", "upper"))
    adjustable = upper > lower + 1e-9 * np.maximum(1.0, lower)
    gains, shares = {}, {}
    for member in fit.counted:
        settings = plan.settings.model_copy(update={"draws": _DRAWS})
        problem = plan.problem.with_draws(prepare(fit.of(member), settings, plan.problem.worth).problem.draws)
        gain = (problem.effect_draws(plan.money) - problem.effect_draws(problem.reference)).sum(axis=1)
        gains[member.name] = (member.weight, *interval(gain))
        at_reference = marginal_draws(problem, problem.reference)
        shares[member.name] = direction(at_reference, problem.reference_totals, adjustable)
    table = pd.DataFrame.from_dict(gains, orient="index", columns=["weight", "gain", "gain_lower", "gain_upper"])
    directions = pd.DataFrame(shares, index=pd.Index(plan.problem.channels, name="channel"))
    return PlanByModel(table.rename_axis("model"), directions, _disputed(plan, table, directions))


def _disputed(plan: Plan, gain: pd.DataFrame, directions: pd.DataFrame) -> dict[str, tuple[tuple[str, ...], float]]:
    out = {}
    for name, line in plan.allocation.iterrows():
        change, today = float(line["change"]), float(line["reference"])
        if abs(change) <= _CHANGED * max(today, 1e-9):
            continue
        found = directions.loc[[name]].to_numpy(float)[0]
        agreeing = found if change > 0 else 1.0 - found
        against = tuple(str(m) for m, p in zip(directions.columns, agreeing, strict=True) if p <= _AGAINST)
        # Where every model is against, a limit moves the channel and not the evidence.
        if 0 < len(against) < len(agreeing):
            out[str(name)] = (against, float(gain.loc[list(against), "weight"].sum()))
    return out
