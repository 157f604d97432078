"""From settings to the request that they are."""

import math

from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.model.given import with_priors_from
from mmm.model.mixture import Beliefs
from mmm.model.within import of_part
from mmm.planning.worth import UnitWorth, read_worth
from mmm.settings.document import Settings
from mmm.settings.portfolio import Portfolio
from mmm.settings.read import load_dataset, load_evidence, settings_from
from mmm.workflow.fitting import values
from mmm.workflow.lenses import RULE, OtherLenses
from mmm.workflow.portfolio import Budget, MarketRequest
from mmm.workflow.request import Request


def request_of(settings: Settings, dataset: Dataset | None = None) -> Request:
    """What the settings ask for, on their panel; ``dataset``, where given, is that panel, loaded before.

    Raises SettingsError or DataError for what is wrong with the panel, the experiments or the values of customers.
    """
    dataset = load_dataset(settings) if dataset is None else dataset
    model = with_priors_from(settings.model, dataset, settings.base)
    if dataset.outcomes:
        # A stated return is of all outcomes together.
        worth_of = values(dataset)
        model = of_part(model, worth_of[""] / sum(worth_of.values()))
    beliefs = Beliefs(model, load_evidence(settings, dataset))
    worth = read_worth(settings.plan, settings.base)
    return Request(dataset, beliefs, settings.placed_sampler, settings.gate, settings.backtest, settings.plan, worth)


def compared_by(settings: Settings) -> dict[str, Settings]:
    """The settings of every model of ``comparison``, by name: these with what it changes.

    Raises SettingsError where there is no such section, or lists every problem of a model's changes.
    """
    if settings.comparison is None:
        raise SettingsError(
            "There is nothing to compare: add comparison.models, such as {as it is: {}, late: {model.adstock: "
            "{family: delayed}}}; docs/comparison.md shows it."
        )
    document = settings.model_dump(mode="json", exclude_defaults=True, exclude={"comparison"})
    return {
        name: settings_from(document, changes, base=settings.base, origin=f"comparison.models.{name}")
        for name, changes in settings.comparison.models.items()
    }


def lenses_of(settings: Settings, worth: UnitWorth | None = None, rule: str = RULE) -> OtherLenses:
    """What the settings ask for beside the model.

    ``worth`` are the plan's values of a customer; ``rule`` is the one whose credit stands in the one table.
    """
    return OtherLenses(
        data=settings.data,
        base=settings.base,
        costs=settings.costs,
        ltv=settings.ltv,
        attribution=settings.attribution,
        campaigns=settings.campaigns,
        worth=worth,
        margin=settings.plan.margin,
        seed=settings.plan.seed,
        rule=rule,
    )


def markets_of(portfolio: Portfolio) -> tuple[MarketRequest, ...]:
    """What a portfolio asks for each of its markets."""
    limits = portfolio.settings.limits
    return tuple(
        MarketRequest(
            m.settings.name,
            request_of(m.settings, m.dataset),
            m.rate,
            m.margin,
            limits[m.settings.name].allowed if m.settings.name in limits else (0.0, math.inf),
        )
        for m in portfolio.markets
    )


def budget_of(portfolio: Portfolio) -> Budget:
    """The money that a portfolio splits."""
    return Budget(portfolio.settings.total_budget, portfolio.settings.points, portfolio.settings.seed)
