"""The smallest budget that reaches an outcome, and the largest that keeps its return."""

from dataclasses import replace

import numpy as np

from mmm.digits import amount
from mmm.errors import PlanError
from mmm.planning.clock import now
from mmm.planning.linear import money_range
from mmm.planning.objectives import Expected
from mmm.planning.optimise import Limits, Solution, effect_scale, maximise
from mmm.planning.program import Program
from mmm.planning.settings import ObjectiveSettings

_ROUNDS = 40


def smallest_budget(expected: Expected, program: Program, target: float, limits: Limits, cap: float) -> Solution:
    """The plan with the least money whose expected effect reaches ``target``.

    The certificate's bound is a budget: below it no plan reaches the target. ``cap`` is the most that may be spent.
    Raises PlanError where the target is out of reach.
    """
    objective = replace(expected, price=_tie_break(expected, program))
    whole = maximise(objective, program.with_budget(cap, False), limits)
    reach = effect_scale(objective, whole.x)
    if reach < target:
        most = max(reach, whole.certificate.bound + objective.price * cap)
        raise PlanError(
            f"plan.objective.target is {amount(target)}, but under these constraints no plan of at most {amount(cap)} "
            f"is expected to bring more than {amount(most)}. Lower the target, or relax bounds or the total budget."
        )
    best, enough, over = whole, program.spent(whole.columns), reach
    lacking, under = money_range(program)[0], 0.0
    proven = lacking
    least = _at(objective, program, lacking, limits)
    if least is not None:
        under = effect_scale(objective, least.x)
        if under >= target:
            best, enough = least, lacking
    for turn in range(_ROUNDS):
        if enough - lacking <= max(limits.gap * enough, 1e-9) or now() > limits.until:
            break
        # Interpolation homes in from above on a concave curve; every other turn halves, so that both ends move.
        share = float(np.clip((target - under) / max(over - under, 1e-300), 0.02, 0.98)) if turn % 2 == 0 else 0.5
        trial = lacking + share * (enough - lacking)
        found = _at(objective, program, trial, limits)
        if found is not None and effect_scale(objective, found.x) >= target:
            best, enough, over = found, program.spent(found.columns), effect_scale(objective, found.x)
            continue
        lacking = trial
        under = under if found is None else effect_scale(objective, found.x)
        if found is None or found.certificate.bound + objective.price * trial < target:
            proven = max(proven, trial)
    gap = max(0.0, enough - proven) / max(enough, 1e-300)
    return replace(best, certificate=replace(best.certificate, kind="gap", value=enough, bound=proven, gap=gap))


def _at(objective: Expected, program: Program, budget: float, limits: Limits) -> Solution | None:
    try:
        return maximise(objective, program.with_budget(budget, False), limits)
    except PlanError:
        return None


def _tie_break(expected: Expected, program: Program) -> float:
    """A price far below any real return, so that money without any effect is not spent."""
    x = program.region.upper[: program.size]
    x = np.where(np.isfinite(x), x, 0.0)
    return 1e-6 * effect_scale(replace(expected, price=0.0), x) / max(float(x.sum()), 1e-300)


def largest_budget(
    expected: Expected, program: Program, wish: ObjectiveSettings, limits: Limits, cap: float
) -> Solution:
    """The most money whose return is no worse than asked; at most ``cap``.

    A marginal return is a price: the plan that maximises effect - price x money has it, and is certified as such.
    An average return is found by bisection over budgets of best plans.
    """
    plain = replace(expected, worth=1.0, price=0.0)
    within = program.with_budget(cap, False)
    if wish.marginal_roas is not None:
        return maximise(replace(plain, price=wish.marginal_roas), within, limits)
    asked = wish.roas if wish.roas is not None else 1.0 / (wish.cost_per_unit or 1.0)
    objective = replace(plain, price=_tie_break(plain, program))

    def good(found: Solution | None) -> bool:
        return found is not None and effect_scale(objective, found.x) >= asked * program.spent(found.columns)

    whole = maximise(objective, within, limits)
    if good(whole):
        return whole
    grid = [float(b) for b in np.linspace(money_range(program)[0], program.spent(whole.columns), 13)]
    rising = [_at(objective, program, budget, limits) for budget in grid[:-1]]
    fitting = [i for i, found in enumerate(rising) if good(found)]
    if not fitting:
        raise PlanError(
            f"No plan within the constraints returns {asked:,.3g} per unit of money on average, not even the smallest "
            f"one allowed ({amount(grid[0])}). Ask for less, or allow the channels to go lower."
        )
    best, fits, fails = rising[fitting[-1]], grid[fitting[-1]], grid[fitting[-1] + 1]
    while fails - fits > max(limits.gap * fits, 1e-9) and now() < limits.until:
        middle = (fits + fails) / 2
        found = _at(objective, program, middle, limits)
        if good(found):
            best, fits = found, middle
        else:
            fails = middle
    return _with_budget_bound(objective, program, best, fails)


def _with_budget_bound(objective: Expected, program: Program, best: Solution | None, fails: float) -> Solution:
    if best is None:
        raise PlanError("No plan was found for any budget; relax the constraints.")
    nan, money = float("nan"), program.spent(best.columns)
    certificate = replace(best.certificate, value=money, bound=nan, gap=nan, kind="local")
    if objective.evaluator.concave and not program.discrete:
        # With concave curves the average return of the best plans falls with the budget: nothing above will do.
        certificate = replace(certificate, kind="gap", bound=fails, gap=max(0.0, fails - money) / max(money, 1e-300))
    return replace(best, certificate=certificate)
