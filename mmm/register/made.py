"""From a plan as it was made to what is kept of it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.planning.result import Plan, interval
from mmm.register.record import Content, Past, Promise
from mmm.register.settings import RegisterSettings

MOST_DRAWS = 400
_PAST_DAYS = 371


@dataclass(frozen=True)
class Origin:
    """Where a plan comes from: its analysis, the full settings, the rules, and the hash of its report's manifest."""

    analysis: str
    title: str
    settings: dict[str, Any]
    rules: RegisterSettings
    manifest: str | None = None


def promise_of(draws: Floats, what: Literal["outcome", "profit"], unit: str) -> Promise:
    """A promise from draws of a gain [n]."""
    found = interval(draws)
    keep = np.linspace(0, len(draws) - 1, min(len(draws), MOST_DRAWS)).round().astype(int)
    return Promise(
        what=what,
        unit=unit,
        mean=found.mean,
        lower=found.lower,
        upper=found.upper,
        probability=float((draws > 0).mean()),
        draws=tuple(float(v) for v in draws[keep]),
    )


def content_of(plan: Plan, dataset: Dataset, origin: Origin) -> Content:
    """What is kept of a plan that was made on ``dataset``."""
    problem = plan.problem
    decisive = plan.decisive_gain
    what: Literal["outcome", "profit"] = "profit" if decisive is plan.profit_gain else "outcome"
    return Content(
        analysis=origin.analysis,
        title=origin.title,
        currency=problem.currency,
        outcome_unit=problem.outcome_unit,
        period=dataset.frequency.unit,
        dates=tuple(day.date() for day in plan.dates),
        geos=problem.draws.geos,
        channels=problem.channels,
        spend=_nested(plan.money),
        reference=_nested(problem.reference),
        past=past_of(dataset, problem.channels),
        total_budget=plan.total_budget,
        verdict=plan.verdict,
        promise=promise_of(decisive.draws, what, plan.unit),
        effect=promise_of(plan.gain_draws, "outcome", plan.unit),
        settings=origin.settings,
        rules=origin.rules,
        fit=plan.fit_key,
        data=dataset.fingerprint,
        manifest=origin.manifest,
    )


def past_of(dataset: Dataset, channels: tuple[str, ...]) -> Past:
    """The last year of spend by date and channel."""
    rows = min(len(dataset.dates), _PAST_DAYS // dataset.frequency.days)
    spend = dataset.data["spend"].sel(channel=list(channels)).sum("geo").values[-rows:]
    return Past(
        dates=tuple(day.date() for day in dataset.dates[-rows:]), spend=tuple(tuple(map(float, row)) for row in spend)
    )


def _nested(values: Floats) -> tuple[tuple[tuple[float, ...], ...], ...]:
    return tuple(tuple(tuple(map(float, row)) for row in period) for period in values)
