"""Plans beside the recommended one, on the same draws: the settings' scenarios, or somewhat less and more money."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mmm.arrays import Floats
from mmm.errors import PlanError
from mmm.inference.fit import Fit
from mmm.planning.result import Plan
from mmm.planning.scenarios import scenario_plans
from mmm.planning.settings import SMALLEST, Scenario

SHARES = (-0.2, 0.2)
"""How much less and more money is looked at where the settings name no scenario."""


@dataclass(frozen=True)
class Alternative:
    """A plan in short: money in all and by channel, and the effect by draw [n], in the unit of the plan's.

    ``name`` is the scenario's; it is empty for one that nobody asked for, which is known by its ``change``: by what
    share of the recommended plan's money it has more.
    """

    spend: float
    by_channel: Mapping[str, float]
    outcome_draws: Floats = field(repr=False)
    name: str = ""
    change: float = 0.0


def alternatives(fit: Fit, plan: Plan) -> tuple[Alternative, ...]:
    """The plans beside ``plan``, which was made from ``fit``.

    Raises PlanError for a scenario of the settings that is not possible; a budget that nobody asked for is left out
    where it is not.
    """
    return tuple(_asked(fit, plan) if plan.settings.scenarios else _around(fit, plan))


def _asked(fit: Fit, plan: Plan) -> Iterator[Alternative]:
    for name, made in scenario_plans(fit, plan.settings, plan.problem.worth).items():
        yield _short(made, name, 0.0)


def _around(fit: Fit, plan: Plan) -> Iterator[Alternative]:
    # A plan that spends nothing has no budget to compare with.
    for share in SHARES if plan.spend > 2 * SMALLEST else ():
        scenario = Scenario(name=f"{share:+.0%}", total_budget=(1 + share) * plan.spend)
        try:
            settings = plan.settings.model_copy(update={"scenarios": (scenario,)})
            found = scenario_plans(fit, settings, plan.problem.worth)
        except PlanError:
            continue
        yield _short(found[scenario.name], "", share)


def _short(made: Plan, name: str, change: float) -> Alternative:
    by_channel = {str(channel): float(money) for channel, money in made.allocation["spend"].items()}
    return Alternative(made.spend, by_channel, made.outcome_draws, name, change)
