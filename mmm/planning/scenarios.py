"""Named what-ifs on the same draws: a channel cut, dearer media, a new channel, another total, last year's plan."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from mmm.arrays import Floats
from mmm.errors import PlanError
from mmm.inference.fit import Fit
from mmm.model.response_planner import PriorChannel, with_prior_channel
from mmm.planning.ahead import moved_controls
from mmm.planning.constraints import assemble, check_names
from mmm.planning.optimise import Certificate
from mmm.planning.planner import decide, evaluate
from mmm.planning.prepare import Prepared, last_year, prepare
from mmm.planning.problem import PlanProblem, Space
from mmm.planning.program import Program
from mmm.planning.result import Plan
from mmm.planning.settings import LARGEST, ChannelLimits, NewChannel, PlanSettings, Scenario
from mmm.planning.statements import Part, Statement
from mmm.planning.worth import UnitWorth

_NORMAL_90 = float(ndtri(0.95))


def scenario_plans(fit: Fit, settings: PlanSettings, worth: UnitWorth | None = None) -> dict[str, Plan]:
    """The plan of every scenario in the settings, by name, on the draws of the main plan."""
    prepared = prepare(fit, settings, worth)
    before = None
    if any(scenario.spend == "last_year" for scenario in settings.scenarios):
        before = last_year(fit.dataset, settings, prepared.problem.horizon)
    found = {}
    for scenario in settings.scenarios:
        made = replace(scenario_plan(prepared, settings, scenario, before), fit_key=fit.key)
        if scenario.controls:
            moved = moved_controls(fit, settings, prepared.problem, scenario.controls)
            # A plan whose objective has risk in it is reported on every second draw.
            own = moved[1::2] if settings.objective.risky else moved
            made = replace(made, outcome_draws=made.outcome_draws + own)
        found[scenario.name] = made
    return found


def scenario_plan(prepared: Prepared, settings: PlanSettings, scenario: Scenario, before: Floats | None = None) -> Plan:
    """One scenario's plan. ``before[h, g, c]`` is last year's money, needed where the scenario asks for it."""
    changed, limits, money = posed(prepared, settings, scenario, before)
    if money is not None:
        return _as_given(changed, limits, money, scenario.name)
    try:
        return decide(changed, limits, name=scenario.name)
    except PlanError as error:
        raise PlanError(f"Scenario '{scenario.name}': {error}") from error


def posed(
    prepared: Prepared, settings: PlanSettings, scenario: Scenario, before: Floats | None
) -> tuple[Prepared, PlanSettings, Floats | None]:
    """What a scenario plans on, under which settings, and its money [h, g, c] where that is given."""
    check_names(settings, prepared.problem.channels)
    changed, limits = prepared, settings.model_copy(update={"scenarios": ()})
    if scenario.new_channel is not None:
        changed, limits = _with_new_channel(changed, limits, scenario.new_channel)
        before = None if before is None else np.concatenate([before, np.zeros((*before.shape[:2], 1))], axis=2)
    if scenario.cost_change:
        changed = replace(changed, problem=_dearer(changed.problem, scenario.cost_change))
    if scenario.total_budget is not None:
        limits = limits.model_copy(update={"total_budget": scenario.total_budget})
    if scenario.spend == "optimised":
        return changed, _held(limits, changed.problem, scenario.change), None
    return changed, limits, _given(changed.problem, scenario, before)


def _held(settings: PlanSettings, problem: PlanProblem, change: dict[str, float]) -> PlanSettings:
    """Settings with some channels held at a changed reference spend."""
    channels = dict(settings.channels)
    for name, share in change.items():
        total = float(problem.reference_totals[problem.channels.index(name)]) * (1 + share)
        channels[name] = ChannelLimits(
            minimum=total, maximum=total, value_factor=channels.get(name, ChannelLimits()).value_factor
        )
    return settings.model_copy(update={"channels": channels})


def _dearer(problem: PlanProblem, change: dict[str, float]) -> PlanProblem:
    factor = np.ones(len(problem.channels))
    for name, share in change.items():
        factor[problem.channels.index(name)] = 1 + share
    bills = tuple(replace(bill, pieces=bill.pieces.times(float(factor[bill.channel]))) for bill in problem.bills)
    return replace(problem, unit=problem.unit / factor, bills=bills)


def _given(problem: PlanProblem, scenario: Scenario, before: Floats | None) -> Floats:
    """Money [h, g, c] of a scenario that is not optimised."""
    money = problem.reference.copy()
    if scenario.spend == "last_year":
        if before is None:
            raise PlanError(
                f"Scenario '{scenario.name}' asks for last year's spend, which is not at hand. Make it from a fit."
            )
        money = before.copy()
    elif isinstance(scenario.spend, dict):
        for name, total in scenario.spend.items():
            c = problem.channels.index(name)
            money[:, :, c] = problem.pattern[:, :, c] * total
    for name, share in scenario.change.items():
        money[:, :, problem.channels.index(name)] *= 1 + share
    if scenario.total_budget is not None:
        money = problem.sized(money, scenario.total_budget)
    return money


def _as_given(prepared: Prepared, settings: PlanSettings, money: Floats, name: str) -> Plan:
    """A Plan of money that was given, without any optimisation."""
    problem, without = prepared.problem, prepared.without_spend
    if settings.objective.risky:
        problem = problem.halves()[1]
        without = without if without is None else without[1::2]
    program = assemble(settings, Space(settings.detail, problem), problem.spent(money))
    nan = float("nan")
    decided: tuple[Floats, Program, Certificate] = (money, program, Certificate("given", nan, nan, nan))
    return evaluate(replace(prepared, problem=problem, without_spend=without), settings, decided, name)


def _with_new_channel(prepared: Prepared, settings: PlanSettings, new: NewChannel) -> tuple[Prepared, PlanSettings]:
    """The problem with one more channel, whose response is drawn from its prior."""
    problem = prepared.problem
    n, horizon = problem.draws.n, problem.horizon
    rng = np.random.default_rng([settings.seed, sum(new.name.encode())])

    def log_normal(low: float, high: float) -> Floats:
        middle, width = (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / (2 * _NORMAL_90)
        return np.asarray(np.exp(middle + width * rng.standard_normal(n)))

    by_geo = problem.reference.sum(axis=(0, 2))
    by_geo = by_geo / by_geo.sum() if by_geo.sum() > 0 else np.full(len(by_geo), 1 / len(by_geo))
    pattern = np.broadcast_to(by_geo / horizon, (horizon, len(by_geo)))
    direction = np.zeros((len(problem.weights), len(by_geo)))
    direction[problem.begin : problem.begin + horizon] = new.spend * pattern
    low, high = (np.log(level / (1 - level)) for level in new.saturation)
    middle, width = (low + high) / 2, (high - low) / (2 * _NORMAL_90)
    prior = PriorChannel(
        name=new.name,
        direction=direction,
        effect=log_normal(*new.roas) * new.spend,
        level=1 / (1 + np.exp(-(middle + width * rng.standard_normal(n)))),
        half_life=log_normal(*new.half_life),
    )

    def wider(array: Floats, column: Floats | float) -> Floats:
        shape = (*array.shape[:-1], 1)
        return np.concatenate([array, np.broadcast_to(column, shape)], axis=-1)

    peak = new.spend / horizon
    larger = replace(
        problem,
        draws=with_prior_channel(problem.draws, prior, problem.weights),
        reference=wider(problem.reference, 0.0),
        pattern=wider(problem.pattern, pattern[:, :, None]),
        unit=wider(problem.unit, 1.0),
        history=wider(problem.history, 0.0),
        observed_peak=wider(problem.observed_peak, peak * by_geo[:, None]),
        observed_peak_total=np.append(problem.observed_peak_total, peak),
        notes=(*problem.notes, Statement("prior_channel", {"part": Part(new.name)})),
    )
    limits = ChannelLimits(minimum=0.0, maximum=new.maximum or min(2 * new.spend, LARGEST))
    update = {"channels": {**settings.channels, new.name: limits}}
    alone = prepared.posterior
    if alone is not None:
        alone = with_prior_channel(alone, prior, problem.weights)
    return replace(prepared, problem=larger, posterior=alone), settings.model_copy(update=update)


def compare_scenarios(plan: Plan, scenarios: dict[str, Plan]) -> pd.DataFrame:
    """The plan and all scenarios in one table, on the same draws (see :meth:`mmm.planning.result.Plan.compare`)."""
    return plan.compare(*scenarios.values())


def spend_by_scenario(plan: Plan, scenarios: dict[str, Plan]) -> pd.DataFrame:
    """Money by channel (rows) and plan (columns), the reference plan first; zero where a plan lacks a channel."""
    columns = {"reference": plan.allocation["reference"], plan.name: plan.allocation["spend"]}
    columns |= {name: other.allocation["spend"] for name, other in scenarios.items()}
    known = dict.fromkeys(name for p in (plan, *scenarios.values()) for name in p.allocation.index)
    return pd.DataFrame(columns).reindex(pd.Index(known, name=plan.allocation.index.name)).fillna(0.0)
