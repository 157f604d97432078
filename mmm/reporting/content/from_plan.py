"""From the planner's result to what the report says of the decision."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmm.planning.alternatives import Alternative
from mmm.planning.by_spend import response_points
from mmm.planning.curve import BudgetCurve
from mmm.planning.discrepancy import kept_by
from mmm.planning.moves import key_moves, smaller_moves
from mmm.planning.result import Gain, Interval, Plan, less
from mmm.planning.worth import break_even
from mmm.reporting.content.alternatives import foresight_of
from mmm.reporting.content.decision import Decision, Limit, Move, Pays
from mmm.reporting.content.material import PlanTables, ScenarioLine
from mmm.reporting.notation.estimate import Estimate, estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.workflow import Options

_TOUCHES = 1e-4
_IN_THE_TABLE = ("at_least", "at_most", "at_least_relative", "at_most_relative", "max_increase", "min_retained")
"""Limits on a single channel's money: what is allowed stands beside it."""
_ENDS = ("", "_lower", "_upper")


def decision_of(plan: Plan, curve: BudgetCurve, fmt: Formatter) -> Decision:
    """The decision in numbers; ``fmt`` states the money that returns are per."""
    decisive = plan.decisive_gain
    net = None
    if plan.profit_gain is not None and decisive is plan.profit_gain:
        net = _gain(plan.profit_gain, "plan/net")
    return Decision(
        horizon=fmt.periods(plan.horizon),
        periods=plan.horizon,
        moves=tuple(_moves(plan, fmt)),
        verdict=plan.verdict,
        gain=_gain(plan.gain, "plan/gain"),
        probability=decisive.probability,
        worst=decisive.worst5,
        won_today=estimate(plan.reference_draws, "plan/won_today"),
        won_planned=estimate(plan.outcome_draws, "plan/won_planned"),
        net=net,
        margin=plan.margin,
        pays=_pays(plan, curve),
        negligible=plan.settings.equal_margin,
        unspent=plan.unspent,
        inside=_inside(plan),
        mix_gain=None if plan.mix_gain is None else _gain(plan.mix_gain, "plan/mix_gain"),
        model_gain=None if plan.model_gain_draws is None else _gain(plan.model_gain, "plan/model_gain"),
        kept=kept_by(plan.settings.discrepancy),
        total_today=_interval(plan.reference_outcome, "plan/total_today"),
        total_planned=_interval(plan.expected_outcome, "plan/total_planned"),
    )


def _pays(plan: Plan, curve: BudgetCurve) -> tuple[Pays, ...]:
    """From which margin on money pays for itself: what the plan spends more or less, and its last money."""
    if plan.margin is not None or not plan.problem.has_value:
        return ()
    found = []
    more = plan.spend - plan.reference_spend
    if not plan.same_total and plan.gain.mean * more > 0:
        low, high = (plan.gain.lower, plan.gain.upper) if more > 0 else (-plan.gain.upper, -plan.gain.lower)
        margin = break_even(abs(more), (abs(plan.gain.mean), low, high))
        found.append(Pays("more" if more > 0 else "less", abs(more), Estimate(*margin, q="plan/margin/total")))
    if "last" in curve.steps.index:
        last = pd.Series(curve.steps.loc["last"])
        won = (float(last["effect"]), float(last["effect_lower"]), float(last["effect_upper"]))
        margin = break_even(float(last["money"]), won)
        found.append(Pays("last", float(last["money"]), Estimate(*margin, q="plan/margin/last")))
    return tuple(found)


def _inside(plan: Plan) -> float:
    """Money that changes place or time within its channel, over what the channel's own change explains."""
    moved = plan.money - plan.problem.reference
    return float((np.abs(moved).sum(axis=(0, 1)) - np.abs(moved.sum(axis=(0, 1)))).sum() / 2)


def _gain(gain: Gain, q: str) -> Estimate:
    return Estimate(gain.mean, gain.lower, gain.upper, q=q)


def _interval(found: Interval | None, q: str) -> Estimate | None:
    return None if found is None else Estimate(*found, q=q)


def _moves(plan: Plan, fmt: Formatter) -> list[Move]:
    moves = []
    held = {h.channel: h.by for h in plan.held}
    for name, line in plan.allocation.iterrows():
        found = (float(line[f"reference_marginal_effect{end}"]) * fmt.return_base for end in ("", "_lower", "_upper"))
        moves.append(
            Move(
                name=str(name),
                today=float(line["reference"]),
                planned=float(line["spend"]),
                next_return=Estimate(*found, q=f"plan/{name}/next_today"),
                direction=float(line["probability_direction"]),
                reach=float(line["observed_max_ratio"]),
                limit=_limit(line),
                held=held.get(str(name), ""),
                first=float(line["first_step"]),
            )
        )
    return moves


def _limit(line: "pd.Series[float]") -> Limit:
    """Which bound of its own the channel's spend touches; none where it is not free to move at all."""
    lower, upper, spend = float(line["lower_bound"]), float(line["upper_bound"]), float(line["spend"])
    slack = _TOUCHES * max(abs(spend), 1.0)
    if upper - lower <= slack:
        return ""
    return "upper" if spend >= upper - slack else "lower" if spend <= lower + slack else ""


def plan_tables(plan: Plan, options: Options, scenarios: Sequence[ScenarioLine], fmt: Formatter) -> PlanTables:
    """Tables of the plan. Limits of single channels stand in its table, so only the others are listed."""
    table = plan.allocation.copy()
    held = {h.channel: h.by for h in plan.held}
    table["held"] = [held.get(str(name), "") for name in table.index]
    before = table["reference"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        table["change_share"] = np.where(before > 0, table["change"] / before, np.nan)
    for end in ("", "_lower", "_upper"):
        table[f"next_today{end}"] = table[f"reference_marginal_effect{end}"] * fmt.return_base
        table[f"next_planned{end}"] = table[f"marginal_effect{end}"] * fmt.return_base
    budgets = options.curve.table.reset_index()
    shown = pd.DataFrame(
        {
            "budget": budgets["spend"],
            "outcome": budgets["effect"],
            "outcome_lower": budgets["effect_lower"],
            "outcome_upper": budgets["effect_upper"],
            **{f"{name}{end}": budgets[f"{name}{end}"] for name in ("profit", "marginal") for end in _ENDS},
        }
    )
    return PlanTables(
        allocation=table,
        gain_draws=plan.decisive_gain.draws,
        curve=shown.drop_duplicates("budget"),
        scenarios=tuple(scenarios),
        constraints=tuple(c for c in plan.constraints if c.kind not in _IN_THE_TABLE),
        certificate=plan.certificate.says,
        moves=key_moves(plan),
        partial=smaller_moves(plan),
        response=response_points(plan),
        foresight=foresight_of(plan, options),
        bills=plan.bills,
        notes=plan.notes,
    )


def scenario_lines(plan: Plan, alternatives: Sequence[Alternative], fmt: Formatter) -> list[ScenarioLine]:
    """Today's plan, the recommended one, and the others beside it."""
    before = _by_channel(plan, "reference")
    today = ScenarioLine(
        fmt.t("Today’s plan"),
        plan.reference_spend,
        estimate(plan.reference_draws, "plan/won_today"),
        Estimate(0.0, 0.0, 0.0),
        float("nan"),
        before,
        Estimate(0.0, 0.0, 0.0) if plan.margin is not None else None,
    )
    recommended = Alternative(plan.spend, _by_channel(plan, "spend"), plan.outcome_draws, fmt.t("Recommended plan"))
    others = (recommended, *alternatives)
    return [today, *(_line(one, plan, place, fmt) for place, one in enumerate(others, start=1))]


def _more_or_less(share: float, fmt: Formatter) -> str:
    if share > 0:
        return fmt.t("{share} more budget", share=fmt.percent(share))
    return fmt.t("{share} less budget", share=fmt.percent(-share))


def _line(made: Alternative, plan: Plan, place: int, fmt: Formatter) -> ScenarioLine:
    of = f"scenario/{place}"
    gain = Gain(less(made.outcome_draws, plan.reference_draws))
    net = None
    if plan.margin is not None:
        net = Gain(plan.margin * gain.draws - (made.spend - plan.reference_spend))
    return ScenarioLine(
        made.name or _more_or_less(made.change, fmt),
        made.spend,
        estimate(made.outcome_draws, f"{of}/won"),
        _gain(gain, f"{of}/gain"),
        (net or gain).probability,
        made.by_channel,
        None if net is None else _gain(net, f"{of}/net"),
    )


def _by_channel(plan: Plan, column: str) -> dict[str, float]:
    return {str(name): float(value) for name, value in plan.allocation[column].items()}
