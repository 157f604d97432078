"""The methods that are compared, each from a world's data to an :class:`~mmm.study.answer.Answer`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mmm.analysis.effects import effect, marginal_effect, observed
from mmm.arrays import Floats
from mmm.assessment.checks import Check
from mmm.assessment.holdout import HoldoutResult, judge
from mmm.assessment.settings import GateSettings
from mmm.calibration import read_evidence
from mmm.calibration.settings import ExperimentsSettings
from mmm.data.calendar import parse_periods
from mmm.inference.fit import Fit
from mmm.inference.settings import SamplerSettings
from mmm.model.evidence import NO_EVIDENCE, Evidence
from mmm.model.mixture import Beliefs
from mmm.model.response import contributions
from mmm.planning import PlanSettings
from mmm.planning.planner import with_changes
from mmm.study.answer import Answer, Decision, Forecast, decision_of, intervals, rounded
from mmm.study.peers import BOUNDS, PEERS, PeerSettings, ask
from mmm.study.worlds import HIDDEN, StudyWorld
from mmm.study.yardstick import yardstick
from mmm.workflow import Judgement, Request, fitted, planned
from mmm.workflow.judging import examined

OURS = "workbench"
TOLD = "workbench, two lift tests"
BOLD = "workbench, best on average"
ALONE = "workbench, posterior alone"
KEEP = "keep today's plan"
LAST_TOUCH = "last touch, in proportion"
YARDSTICK = "yardstick: told all but the sizes"
METHODS = (OURS, TOLD, BOLD, ALONE, KEEP, LAST_TOUCH, *PEERS, YARDSTICK)
_DRAWS = 1000
_PATIENCE = 600.0
"""Seconds that the planner may search."""


@dataclass(frozen=True)
class MethodSettings:
    """How the fits are made: ours by ``sampler``, the peers' by ``peers``."""

    sampler: SamplerSettings = field(default_factory=SamplerSettings)
    peers: PeerSettings = field(default_factory=PeerSettings)


def method(name: str, settings: MethodSettings) -> Callable[[StudyWorld], Answer]:
    """A method by its name."""
    if name in PEERS:
        return partial(ask, PEERS[name], settings=settings.peers)
    known: dict[str, Callable[[StudyWorld], Answer]] = {
        OURS: partial(ours, sampler=settings.sampler),
        TOLD: partial(ours, sampler=settings.sampler, told=True),
        BOLD: partial(changed, sampler=settings.sampler, changes={"objective": "expected_outcome"}),
        ALONE: partial(changed, sampler=settings.sampler, changes={"discrepancy": None}),
        KEEP: keep,
        LAST_TOUCH: last_touch,
        YARDSTICK: yardstick,
    }
    return known[name]


def plan_settings() -> PlanSettings:
    """The decision of the study: today's total, every channel within the bounds.

    The search may take long: several cells share a machine, and a plan must not depend on how busy it is.
    """
    return PlanSettings(horizon=f"{HIDDEN} weeks", spend_all=True, bounds=BOUNDS, time_limit=_PATIENCE)


def ours(world: StudyWorld, sampler: SamplerSettings, *, told: bool = False) -> Answer:
    """The default fit, with the world's lift tests where ``told``; the gate reads the same forecast that is scored."""
    evidence = evidence_of(world) if told else NO_EVIDENCE
    fit = fitted(Request(world.training(), Beliefs(world.model, evidence), sampler))
    found = judge(fit, world.dataset, world.hidden) if world.hidden else None
    return answered(fit, world, found, sampler.store)


def answered(fit: Fit, world: StudyWorld, found: HoldoutResult | None, store: str | None) -> Answer:
    """What a fit of the world says; ``found`` is its forecast where one is judged."""
    asked = GateSettings(holdout=None) if found is None else GateSettings()
    judgement = examined(fit, asked, found)
    raised = [check for check in judgement.gate.checks if check.status != "pass"]
    named = all(check.channels for check in raised)
    seen = world.dataset.data["media"].values[: world.seen]
    draws, panel = fit.response(_DRAWS), observed(fit)
    # An outcome without a value per unit has a return in units of the outcome.
    worth, spent = panel.value if fit.dataset.has_value else panel.ones, panel.spend.sum(axis=0)
    by_date = contributions(draws, seen, course=draws.course(world.dataset.dates[: world.seen]))
    return Answer(
        roas=intervals(effect(draws, panel, worth).sum(axis=1) / spent),
        marginal=intervals(marginal_effect(draws, panel, worth) / spent),
        contributions=rounded(by_date.mean(axis=0)),
        totals=intervals(by_date.sum(axis=1).reshape(len(by_date), -1)),
        forecast=None if found is None else Forecast(found.crps, found.coverage),
        decision=decided(fit, world, plan_settings(), store) if world.hidden else None,
        warnings=tuple(_words(check) for check in raised),
        about=tuple(dict.fromkeys(c for check in raised for c in check.channels)) if named else None,
        signals=_numbers(judgement),
    )


def changed(world: StudyWorld, sampler: SamplerSettings, changes: dict[str, Any]) -> Answer:
    """The plan of the default fit under other settings of the plan."""
    if not world.hidden:
        return Answer()
    fit = fitted(Request(world.training(), Beliefs(world.model), sampler))
    return Answer(decision=decided(fit, world, with_changes(plan_settings(), changes), sampler.store))


def _numbers(judgement: Judgement) -> tuple[dict[str, float | None], ...]:
    """The numbers of each channel, those of the whole model beside them; None where one was not measured."""
    found = judgement.signals
    rows = found.channels.select_dtypes("number").assign(**found.whole).to_dict("records")
    return tuple({str(k): float(v) if np.isfinite(v) else None for k, v in row.items()} for row in rows)


def _words(check: Check) -> str:
    about = f" ({', '.join(check.channels)})" if check.channels else ""
    return f"{check.name}: {check.status}{about}"


def evidence_of(world: StudyWorld) -> Evidence:
    """The world's lift tests, read as their owner's would be."""
    settings = ExperimentsSettings.model_validate({"tests": list(world.tests)})
    lookback = parse_periods(world.model.lookback, world.dataset.frequency)
    return read_evidence(settings, world.past(), Path(), lookback)


def decided(fit: Fit, world: StudyWorld, asked: PlanSettings, store: str | None) -> Decision:
    """The plan of a fit for the weeks after the rows seen: the planner gets no later row, not even its spend."""
    made = planned(replace(fit, dataset=world.past()), asked, store)
    return decision_of(made.money.sum(axis=(0, 1)), made.problem.reference.sum(axis=(0, 1)), made.gain_draws)


def keep(world: StudyWorld) -> Answer:
    """Today's plan again, which promises nothing."""
    if not world.hidden:
        return Answer()
    return Answer(decision=Decision(tuple([1.0] * len(world.dataset.channels)), 0.0))


def last_touch(world: StudyWorld) -> Answer:
    """Every week's whole outcome credited to the channels in proportion to that week's money; no intervals.

    Money then follows the outcome credited over the reference weeks, within the bounds. The promise takes the credited
    return for what the next unit of money brings.
    """
    data = world.past().data
    spend = data["spend"].values.astype(float)
    value = data["outcome"].values * data["value_per_unit"].values
    total = spend.sum(axis=2, keepdims=True)
    share = np.divide(spend, total, out=np.zeros_like(spend), where=total > 0)
    credited = share * value[:, :, None]
    spent = spend.sum(axis=(0, 1))
    roas = credited.sum(axis=(0, 1)) / spent
    decision = None
    if world.hidden:
        today = spend[-HIDDEN:].sum(axis=(0, 1))
        money = scaled_into(credited[-HIDDEN:].sum(axis=(0, 1)), today * BOUNDS[0], today * BOUNDS[1], today.sum())
        factors = np.where(today > 0, money / np.where(today > 0, today, 1.0), 1.0)
        decision = Decision(tuple(factors.tolist()), float((roas * (money - today)).sum()))
    returns = tuple((value, None, None) for value in roas.tolist())
    return Answer(roas=returns, contributions=rounded(credited), decision=decision)


def scaled_into(wish: Floats, lower: Floats, upper: Floats, total: float) -> Floats:
    """``wish`` times a common factor, clipped to the bounds, such that it adds up to ``total``.

    The bounds must allow ``total``; bisection on the factor, as the clipped sum rises with it.
    """
    low, high = 0.0, 1.0
    while np.clip(high * wish, lower, upper).sum() < total * (1 - 1e-12) and high < 1e12:
        high *= 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if np.clip(middle * wish, lower, upper).sum() < total:
            low = middle
        else:
            high = middle
    return np.asarray(np.clip(high * wish, lower, upper))
