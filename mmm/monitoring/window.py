"""A plan's horizon as a fit sees it: what any money in it would bring, planned, spent, or left as it was."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.inference.fit import Fit
from mmm.monitoring.expected import as_fitted
from mmm.planning.planner import with_changes
from mmm.planning.prepare import prepare, priced
from mmm.planning.problem import PlanProblem
from mmm.planning.settings import PlanSettings
from mmm.planning.worth import UnitWorth, margin_of
from mmm.register.record import Content


@dataclass(frozen=True)
class Fits:
    """The fit that the plan was made on, and that of today on all data; one and the same where it is used again."""

    then: Fit
    now: Fit


@dataclass(frozen=True)
class Window:
    """``problem`` has the past before the plan and the prices that the plan reckoned with; ``paid[h, g, c]`` are media
    units that a unit of money bought where money was spent, the plan's prices elsewhere. ``margin`` as in plans.
    """

    content: Content
    problem: PlanProblem
    paid: Floats
    margin: float | None

    def money(self, money: Floats) -> Floats:
        """Money [h, g, c] by the plan's channels in the order of the fit's; one that the plan does not have is zero.

        Raises DataError where the fit lacks a channel with money.
        """
        names, mine = self.content.channels, self.problem.channels
        lost = [name for c, name in enumerate(names) if name not in mine and money[..., c].any()]
        if lost:
            raise DataError(f"The fit has no channel {', '.join(lost)}, which the plan spends on. Bring its data back.")
        found = np.zeros((*money.shape[:2], len(mine)))
        for c, name in enumerate(mine):
            if name in names:
                found[..., c] = money[..., names.index(name)]
        return found

    def effect(self, money: Floats, *, paid: bool = True) -> Floats:
        """Effect [n] by draw of the plan's channels' ``money[h, g, c]``, at the prices paid or those reckoned with."""
        problem = replace(self.problem, unit=self.paid) if paid else self.problem
        return problem.effect_draws(self.money(money)).sum(axis=1)

    def worth(self, effect: Floats, money: float) -> Floats:
        """What an effect is worth less its money, as the plan's promise counts it: profit, or the outcome alone."""
        if self.content.promise.what == "outcome" or self.margin is None:
            return effect
        return self.margin * effect - money


def plan_settings(content: Content) -> PlanSettings:
    """The plan section that the plan was made with, for its whole horizon."""
    settings = PlanSettings.model_validate(content.settings.get("plan", {}))
    return with_changes(settings, {"horizon": f"{len(content.dates)} {content.period}s", "reference": "last"})


def window(fit: Fit, content: Content, dataset: Dataset, worth: UnitWorth | None = None) -> Window:
    """The plan's horizon on ``fit``, with the data before it and, where they are there, the prices paid in it.

    Raises DataError where the data do not fit the model or do not begin before the plan.
    """
    now = as_fitted(fit, dataset)
    first = pd.Timestamp(content.dates[0])
    if not (now.dates < first).any():
        raise DataError(f"The data begin on {now.dates[0].date()}, not before the plan ({first.date()}).")
    # A table of the periods after the data says nothing of a horizon that lies in them.
    before = replace(now.between(None, str((first - pd.Timedelta(days=1)).date())), future=None)
    settings = plan_settings(content)
    problem = prepare(replace(fit, dataset=before), settings, worth).problem
    rows = [day for day in map(pd.Timestamp, content.dates) if day in now.dates]
    seen = priced(now, settings).data.sel(date=rows, channel=list(problem.channels))
    spend, media = seen["spend"].values, seen["media"].values
    paid = problem.unit.copy()
    bought = (spend > 0) & (media > 0)
    paid[: len(rows)] = np.where(bought, media / np.where(bought, spend, 1.0), paid[: len(rows)])
    margin = margin_of(settings, has_value=problem.has_value, is_profit=problem.is_profit)
    return Window(content, problem, paid, margin)
