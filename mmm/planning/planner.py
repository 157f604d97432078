"""``plan(fit, ...)``: from a fit and the settings to a Plan."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from mmm.arrays import Floats
from mmm.errors import PlanError, SettingsError
from mmm.inference.fit import Fit
from mmm.inference.preview import refuse_preview
from mmm.planning.clock import now
from mmm.planning.constraints import assemble, budget_of, require_money
from mmm.planning.linear import money_range
from mmm.planning.objectives import Evaluator, Expected
from mmm.planning.optimise import Certificate, Limits, Solution, maximise
from mmm.planning.prepare import Prepared, prepare
from mmm.planning.problem import PlanProblem, Space
from mmm.planning.program import Program
from mmm.planning.result import Plan
from mmm.planning.risk import mean_cvar, probability
from mmm.planning.settings import RISKY_DRAWS, PlanSettings
from mmm.planning.tables import allocation, channel_bounds, first_step
from mmm.planning.targets import largest_budget, smallest_budget
from mmm.planning.worth import UnitWorth, margin_of

# Money must return at least this share of the reference plan's mean return: without a price of its own, a channel
# without any effect would otherwise be filled at random.
_TRACE = 1e-6


def plan(fit: Fit, settings: PlanSettings | None = None, *, worth: UnitWorth | None = None, **changes: Any) -> Plan:
    """The best plan for the horizon after the data.

    ``changes`` are fields of :class:`~mmm.planning.settings.PlanSettings` (``total_budget=...``, ``horizon=...``) that
    replace those of ``settings``. ``worth`` are draws of what a unit of the outcome is worth that a channel won, such
    as a new customer (:func:`~mmm.planning.worth.read_worth` reads those that the settings name).

    Raises SettingsError for a wrong setting, PlanError where no plan satisfies the constraints.
    """
    refuse_preview(fit)
    chosen = with_changes(settings or PlanSettings(), changes)
    return replace(decide(prepare(fit, chosen, worth), chosen), fit_key=fit.key)


def with_changes(settings: PlanSettings, changes: dict[str, Any]) -> PlanSettings:
    """Settings with some fields replaced, validated again. Raises SettingsError that names the field."""
    if not changes:
        return settings
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    try:
        return PlanSettings.model_validate(given | changes)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in ("plan", *first["loc"]))
        raise SettingsError(f"{where}: {first['msg']}; got {first['input']!r}.") from error


@dataclass(frozen=True)
class Choice:
    """What was decided: money [h, g, c] by period, geo and channel, and what is known about the best possible plan."""

    money: Floats
    certificate: Certificate


@dataclass(frozen=True)
class _Posed:
    """A prepared problem under its settings: draws to search on and to report on, the cap, and the constraints."""

    searched: PlanProblem
    reported: Prepared
    total_budget: float
    program: Program


def _pose(prepared: Prepared, settings: PlanSettings) -> _Posed:
    """Risk objectives are optimised on half of the draws and reported on the other."""
    problem, without, posterior = prepared.problem, prepared.without_spend, prepared.posterior
    total_budget = budget_of(settings, problem)
    searched = problem
    if settings.objective.risky:
        if problem.draws.n < RISKY_DRAWS:
            raise PlanError(
                f"The plan has {problem.draws.n} draws; an objective with risk in it needs at least {RISKY_DRAWS}. "
                "Raise plan.draws and sampler.draws, or set plan.objective: expected_outcome."
            )
        searched, problem = problem.halves()
        without = without if without is None else without[1::2]
        posterior = posterior if posterior is None else posterior.subset(np.arange(1, posterior.n, 2))
    require_money(problem, total_budget)
    program = assemble(settings, Space(settings.detail, searched), total_budget)
    return _Posed(searched, Prepared(problem, without, posterior), total_budget, program)


def choose(prepared: Prepared, settings: PlanSettings) -> Choice:
    """The best money under the settings' objective: the search, and nothing of what it brings."""
    return _searched(_pose(prepared, settings), settings)


def carried_out(prepared: Prepared, settings: PlanSettings, choice: Choice, name: str = "plan") -> Plan:
    """The plan that a choice is, with its draws and tables: whatever was searched before, nothing is searched here."""
    return _evaluated(_pose(prepared, settings), settings, choice, name)


def decide(prepared: Prepared, settings: PlanSettings, name: str = "plan") -> Plan:
    """Optimise a prepared problem."""
    posed = _pose(prepared, settings)
    return _evaluated(posed, settings, _searched(posed, settings), name)


def _searched(posed: _Posed, settings: PlanSettings) -> Choice:
    space = Space(settings.detail, posed.searched)
    solution = solve(space, posed.program, settings, posed.total_budget)
    money = space.money(tidied(posed.program, solution.columns)[: posed.program.size])
    return Choice(money, solution.certificate)


def _evaluated(posed: _Posed, settings: PlanSettings, choice: Choice, name: str) -> Plan:
    made = evaluate(posed.reported, settings, (choice.money, posed.program, choice.certificate), name)
    # A budget that was looked for is what the plan spends.
    return replace(made, total_budget=posed.total_budget if np.isfinite(posed.total_budget) else made.spend)


def tidied(program: Program, x: Floats) -> Floats:
    """The columns with numbers a hair from a bound put on it, and the total budget met exactly where it nearly is.

    An interior point method ends just inside its bounds. Left as it is where that would break another constraint.
    """
    region, size = program.region, program.size
    hair = 1e-6 * max(1e-12, float(np.abs(x[:size]).max()))
    tidy = np.where(np.abs(x - region.lower) < hair, region.lower, x)
    tidy = np.where(np.abs(tidy - region.upper) < hair, region.upper, tidy)
    spent = program.spent(tidy)
    cap = program.cap if np.isfinite(program.cap) else spent
    left = cap - spent
    if abs(left) < size * hair and not program.discrete:
        inside = (tidy > region.lower + size * hair) & (tidy < region.upper - size * hair)
        inside &= program.of_money == 1.0
        inside[size:] = False
        if inside.any():
            tidy[inside] += left / inside.sum()
    activity, slack = region.A @ tidy, 1e-9 * max(1.0, abs(cap))
    kept = np.all(activity <= region.row_upper + slack) and np.all(activity >= region.row_lower - slack)
    return tidy if kept else x


def evaluate(
    prepared: Prepared, settings: PlanSettings, decided: tuple[Floats, Program, Certificate], name: str
) -> Plan:
    """A Plan from money [h, g, c] that was decided, with its draws and tables."""
    money, program, certificate = decided
    problem = prepared.problem
    # What differs by rounding alone is today's plan: its gain is nothing, and not a number of sixteen digits.
    rounding = 1e-12 * max(float(np.abs(problem.reference).max()), 1e-300)
    money = np.where(np.abs(money - problem.reference) <= rounding, problem.reference, money)
    effects, today = problem.effect_draws(money), problem.effect_draws(problem.reference)
    spent, spent_today = problem.spent(money), problem.spent(problem.reference)
    same = abs(spent / max(spent_today, 1e-300) - 1) < 1e-12
    mix = today if same else problem.effect_draws(problem.sized(problem.reference, spent))
    space = Space(settings.detail, problem)
    if not all(np.isfinite(draws).all() for draws in (effects, today, mix)):
        raise PlanError(
            "What the plan or today's plan would win is not a finite number. Look for very large or very small values "
            "in plan.demand_factor, plan.cost_factor, value_factor, and in the data."
        )
    return Plan(
        name=name,
        allocation=allocation(problem, money, channel_bounds(program, space), (effects, today)),
        money=money,
        total_budget=spent,
        settings=settings,
        problem=problem,
        program=program,
        outcome_draws=effects.sum(axis=1),
        reference_draws=today.sum(axis=1),
        mix_draws=mix.sum(axis=1),
        without_spend=prepared.without_spend,
        model_gain_draws=_model_gain(prepared, money),
        certificate=certificate,
        constraints=program.statements,
    )


def _model_gain(prepared: Prepared, money: Floats) -> Floats | None:
    """Draws of the gain by the posterior alone; None where the plan was made on it."""
    if prepared.posterior is None:
        return None
    model = prepared.problem.with_draws(prepared.posterior)
    return np.asarray((model.effect_draws(money) - model.effect_draws(model.reference)).sum(axis=1))


def expected_objective(space: Space, settings: PlanSettings) -> Expected:
    """The risk-neutral objective of the settings over a space."""
    evaluator = Evaluator(space)
    plain = Expected(evaluator)
    trace = trace_price(plain)
    problem = space.problem
    margin = margin_of(settings, has_value=problem.has_value, is_profit=problem.is_profit)
    if settings.objective.kind == "profit" and margin is None:
        missing = (
            "no margin is stated. Give plan.margin, the share of revenue that is left as profit"
            if problem.has_value
            else "the outcome has no value per unit. Give data.target.value_per_unit"
        )
        raise PlanError(f"plan.objective is 'profit', but {missing}, or use the objective expected_outcome.")
    if not problem.has_value or settings.spend_all:
        return replace(plain, price=trace)
    if settings.objective.kind == "profit":
        return replace(plain, worth=margin or 1.0, price=1.0)
    # Without a margin too: money whose next unit wins less than it costs pays at no margin of at most 1.
    least = 1.0 if settings.worth_spending is None else settings.worth_spending
    return replace(plain, price=max(trace, least / (margin or 1.0)))


def trace_price(plain: Expected) -> float:
    """A price of money far below any real return: a trace of what today's plan returns, of first steps without one."""
    space = plain.evaluator.space
    today = space.reference
    if not today.any():
        today = space.numbers(space.problem.pattern * first_step(space.problem))
    return _TRACE * plain.at(today, False).value / float(today.sum())


def solve(space: Space, program: Program, settings: PlanSettings, total_budget: float) -> Solution:
    """The decided numbers under the settings' objective."""
    limits = Limits(settings.gap, now() + settings.time_limit, settings.seed)
    wish = settings.objective
    expected = expected_objective(space, settings)
    program = program.at_price(expected.price)
    if wish.kind == "mean_cvar":
        return mean_cvar(expected, program, space.reference, wish, limits)
    if wish.kind == "probability":
        return probability(expected, program, space.reference, wish, limits)
    if wish.kind == "smallest_budget":
        cap = _open_cap(settings, program, total_budget)
        return smallest_budget(replace(expected, worth=1.0), program, float(wish.target or 0.0), limits, cap)
    if wish.kind == "largest_budget":
        if wish.cost_per_unit is not None:
            expected = Expected(Evaluator(replace(space, problem=space.problem.in_outcome_units())))
        return largest_budget(expected, program, wish, limits, _open_cap(settings, program, total_budget))
    return maximise(expected, program, limits)


def _open_cap(settings: PlanSettings, program: Program, total_budget: float) -> float:
    """The cap of a budget that is itself looked for: the total budget if given, else what the bounds allow."""
    if settings.total_budget is not None:
        return total_budget
    return money_range(program)[1]
