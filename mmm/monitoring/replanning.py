"""Correcting a plan that has begun: the rest of its money over the rest of its horizon, only where that is worth it.

A change has to be worth it by two models: that of today, which finds it, and the one that the plan was made on. What
only the weeks since the plan suggest may as well be credited to the wrong channel: the plan moved several at once, and
a total that is off after that fits any of them. Asking both is a decision on the lower of two probabilities (Gilboa
and Schmeidler 1989, "Maxmin expected utility with non-unique prior", Journal of Mathematical Economics 18).
"""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.digits import amount, interval
from mmm.errors import PlanError
from mmm.inference.fit import Fit
from mmm.monitoring.expected import as_fitted
from mmm.monitoring.look import spent_of
from mmm.monitoring.settings import ReplanSettings
from mmm.monitoring.window import Fits, Window, window
from mmm.planning.planner import with_changes
from mmm.planning.rest import Rest, plan_rest, pose_rest, rest_settings
from mmm.planning.result import Gain, Plan
from mmm.planning.settings import PlanSettings
from mmm.planning.worth import UnitWorth
from mmm.register.made import promise_of
from mmm.register.queries import Entry
from mmm.register.record import Content


@dataclass(frozen=True)
class Wish:
    """How a plan is corrected: the plan section of today, the safety limits, and what units are worth by channel."""

    plan: PlanSettings
    limits: ReplanSettings
    worth: UnitWorth | None = None


@dataclass(frozen=True)
class Correction:
    """The answer. ``plan`` is the best for the rest against going on, None where the question was not asked.

    ``net`` is its gain over going on, less ``cost``, by the model of today, and ``net_then`` the same by the one that
    the plan was made on (None where that is the one of today); ``actual[t, g, c]`` what was spent. ``reasons`` say why
    not.
    """

    verdict: Literal["change", "stay"]
    reasons: tuple[str, ...]
    actual: Floats
    left: float
    plan: Plan | None = None
    net: Gain | None = None
    net_then: Gain | None = None
    moved: float = 0.0
    cost: float = 0.0

    @property
    def table(self) -> pd.DataFrame:
        """Money ahead by channel: as it goes on, corrected, change. Empty where there is no plan."""
        if self.plan is None:
            return pd.DataFrame(columns=["going_on", "corrected", "change"], dtype=float)
        going, now = self.plan.problem.reference.sum(axis=(0, 1)), self.plan.money.sum(axis=(0, 1))
        index = pd.Index(self.plan.problem.channels, name="channel")
        return pd.DataFrame({"going_on": going, "corrected": now, "change": now - going}, index=index)


def correct(content: Content, fits: Fits, dataset: Dataset, wish: Wish) -> Correction:
    """Whether, and how, a plan that has begun is changed.

    The gain that decides is that of the rest's best plan over going on with the plan, both on the money that is left
    and on the same draws, less what changing costs; its probability is the lower one of both fits. Where the outcome
    has a value and a margin is known it is profit, where none is known a unit of outcome counts as much as one of
    money. Raises PlanError where the plan has not begun
    or is over, or no plan satisfies the limits; DataError where the data do not fit the plan.
    """
    actual, limits = spent_of(content, dataset), wish.limits
    _require_under_way(content, dataset, len(actual))
    left = max(0.0, content.total - float(actual.sum()))
    budget = left * (1.0 - limits.contingency) + limits.pool
    early = _too_early(content, len(actual), limits)
    if early or budget <= 0:
        return Correction("stay", (early or "Nothing is left of the plan's money.",), actual, left)
    asked = _Asked(content, dataset, actual, budget, wish)
    view = window(fits.now, content, dataset, wish.worth)
    plan = plan_rest(*asked.of(fits.now, view), wish.worth)
    change = plan.money - plan.problem.reference
    moved = float(max(np.maximum(change, 0.0).sum(), np.maximum(-change, 0.0).sum()))
    cost = limits.cost + limits.cost_share * moved if moved > 0 else 0.0
    net, then = Gain(_net(plan, cost)), None
    if fits.then is not fits.now and moved > 0:
        then = Gain(_net(_judged(plan, view, fits.then, asked), cost))
    reasons = tuple(_reasons(plan, net, then, limits))
    return Correction("stay" if reasons else "change", reasons, actual, left, plan, net, then, moved, cost)


@dataclass(frozen=True)
class _Asked:
    """The question of what to do with ``budget`` after ``actual[t, g, c]`` was spent, put to any fit."""

    content: Content
    dataset: Dataset
    actual: Floats
    budget: float
    wish: Wish

    def of(self, fit: Fit, view: Window) -> tuple[Fit, PlanSettings, Rest]:
        """The fit with the data until today, the settings for what is left, and what is left."""
        seen, limits = len(self.actual), self.wish.limits
        rest = Rest(
            channels=view.problem.channels,
            planned=view.money(self.content.money[seen:]),
            spent=view.money(self.actual).sum(axis=(0, 1)),
            today=view.money(self.content.today).sum(axis=(0, 1)),
            elapsed=seen,
            money=self.budget,
            frequency=self.dataset.frequency,
        )
        safe = {
            "max_increase": limits.max_increase,
            "min_retained": limits.min_retained,
            "max_total_reallocation": limits.max_moved,
        }
        settings = with_changes(rest_settings(self.wish.plan, rest, self.budget), safe)
        return _until(fit, self.content, self.dataset, seen), settings, rest


def _judged(plan: Plan, view: Window, fit: Fit, asked: _Asked) -> Plan:
    """The plan with the draws of another fit. Raises DataError where that has no channel which the plan spends on."""
    other = window(fit, asked.content, asked.dataset, asked.wish.worth)
    problem = pose_rest(*asked.of(fit, other), asked.wish.worth).problem
    money = other.money(_by_plan(asked.content, view, plan.money))
    total, going = float(money.sum()), float(problem.reference.sum())
    return replace(
        plan,
        problem=problem,
        money=money,
        outcome_draws=problem.effect_draws(money).sum(axis=1),
        reference_draws=problem.effect_draws(problem.reference).sum(axis=1),
        mix_draws=problem.effect_draws(problem.reference * (total / going)).sum(axis=1),
    )


def _by_plan(content: Content, view: Window, ahead: Floats) -> Floats:
    """Money ahead [t, g, c] by the fit's channels, in the order of the plan's; those that it does not have are zero."""
    names = view.problem.channels
    found = np.zeros((len(ahead), len(content.geos), len(content.channels)))
    for c, name in enumerate(content.channels):
        if name in names:
            found[..., c] = ahead[..., names.index(name)]
    return found


def _require_under_way(content: Content, dataset: Dataset, seen: int) -> None:
    if seen == 0:
        raise PlanError(f"The plan begins on {content.dates[0]} and the data hold none of it: make a new plan instead.")
    if seen == len(content.dates):
        raise PlanError("The plan's horizon is over: nothing is left to correct. `mmm settle` says what it brought.")
    if dataset.dates[-1].date() != content.dates[seen - 1]:
        raise PlanError(
            f"The data end on {dataset.dates[-1].date()} but hold {seen} periods of the plan, the {seen}th of which is "
            f"{content.dates[seen - 1]}: periods are missing between. Bring them in."
        )


def _too_early(content: Content, seen: int, limits: ReplanSettings) -> str:
    first, now = content.dates[content.since], content.dates[seen]
    passed = (now - first).days
    if passed >= limits.days_between:
        return ""
    soonest = first + dt.timedelta(days=limits.days_between)
    return (
        f"The plan in force began on {first}, {passed} days before {now}; replan.days_between is "
        f"{limits.days_between}: ask again for {soonest}."
    )


def _until(fit: Fit, content: Content, dataset: Dataset, seen: int) -> Fit:
    """The fit with the data until the last period that was seen."""
    return replace(fit, dataset=as_fitted(fit, dataset).between(None, str(content.dates[seen - 1])))


def _net(plan: Plan, cost: float) -> Floats:
    """Draws [n] of the gain over going on, net of the money spent more and of what changing costs."""
    if not plan.problem.has_value:
        # Money and outcome cannot be compared; the mix at the same money is what a change of the plan changes.
        return plan.gain_draws if plan.mix_gain is None else plan.mix_gain.draws
    worth = 1.0 if plan.margin is None else plan.margin
    return worth * plan.gain_draws - (plan.spend - plan.reference_spend) - cost


def _reasons(plan: Plan, net: Gain, then: Gain | None, limits: ReplanSettings) -> list[str]:
    if plan.verdict == "unchanged":
        return ["Within its safety limits nothing better was found than going on with the plan."]
    probability = float((net.draws > limits.gain).mean())
    before = probability if then is None else float((then.draws > limits.gain).mean())
    found = f"{interval(net.mean, net.lower, net.upper, sign=True)} {plan.unit} net of what changing costs"
    reasons = []
    if net.mean <= limits.gain:
        reasons.append(f"The best change is expected to win {found}, not more than {amount(limits.gain)}.")
    if probability < limits.probability:
        reasons.append(
            f"The best change wins {found}; that it wins more than {amount(limits.gain)} has a probability of "
            f"{probability:.0%}, and {limits.probability:.0%} is asked for."
        )
    elif before < limits.probability:
        reasons.append(
            f"The best change wins {found}; that it wins more than {amount(limits.gain)} has a probability of "
            f"{probability:.0%} by the model of today and of {before:.0%} by the one that the plan was made on, and "
            f"{limits.probability:.0%} is asked for by both: what the weeks since the plan alone suggest may be "
            "another channel's."
        )
    return reasons


def corrected(entry: Entry, found: Correction, view: Window, made: dict[str, Any]) -> Content:
    """What is kept of a corrected plan: money spent and money ahead, and its promise over the whole horizon.

    Its reference plan stays that of the plan which it corrects, so that both are settled against the same. ``made`` are
    the fields that say what it was made from: settings, rules, fit, data. Raises PlanError where nothing changes.
    """
    plan, content = found.plan, entry.content
    if plan is None or found.net is None:
        raise PlanError("There is no change to keep: the answer was to stay.")
    money = np.concatenate([found.actual, _by_plan(content, view, plan.money)])
    gain = view.effect(money) - view.effect(content.today)
    spent_more = float(money.sum() - content.today.sum())
    promise = view.worth(gain, spent_more)
    fields = {
        "spend": money.tolist(),
        "total_budget": float(found.actual.sum()) + plan.total_budget,
        "verdict": plan.verdict,
        "promise": promise_of(promise, content.promise.what, plan.unit),
        "effect": promise_of(gain, "outcome", plan.unit),
        "correction": promise_of(found.net.draws, "profit" if plan.margin is not None else "outcome", plan.unit),
        "manifest": None,
        "replaces": entry.id,
        "since": len(found.actual),
    }
    return Content.model_validate(content.model_dump() | fields | made)
