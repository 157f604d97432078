"""What each experiment changed in the plan: found beside the fit, or worked out and kept there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mmm.assessment.agreement import log_likelihood
from mmm.assessment.reweight import reweighted
from mmm.inference.fit import Fit
from mmm.model.evidence import effects
from mmm.planning.lesson import Lesson, curves, lesson
from mmm.planning.prepare import prepare
from mmm.planning.result import Plan
from mmm.planning.sample_information import draws_of
from mmm.workflow.deciding import of_plan
from mmm.workflow.fitting import fitted
from mmm.workflow.kept import Kind, Place, Say
from mmm.workflow.request import Request

_LAYERS = ("data", "model", "inference", "assessment", "planning")


def _data(found: tuple[Lesson, ...]) -> dict[str, Any]:
    return {
        "lessons": [
            {
                "test": one.test,
                "channel": one.channel,
                "gain": [one.gain, one.lower, one.upper],
                "moved": {str(name): float(value) for name, value in one.moved.items()},
                "fitted": one.fitted,
            }
            for one in found
        ]
    }


def _lessons(data: dict[str, Any]) -> tuple[Lesson, ...]:
    found = []
    for one in data["lessons"]:
        gain, lower, upper = (float(value) for value in one["gain"])
        moved = pd.Series(one["moved"], dtype=float).rename_axis("channel")
        found.append(Lesson(one["test"], one["channel"], gain, lower, upper, moved, bool(one["fitted"])))
    return tuple(found)


LESSONS = Kind("lessons", _LAYERS, _data, _lessons)


def taught(request: Request, fit: Fit, plan: Plan, *, say: Say = lambda _: None) -> tuple[Lesson, ...]:
    """The lesson of every experiment that ``fit`` was told of, for its plan.

    The belief without a test is that of the same draws by other weights; where these are not to be trusted, a fit of
    its own, which is kept in the store. None where customers' values or further equations stand between a test and the
    plan, as a test measured the outcome alone.
    """
    if not fit.evidence.experiments or plan.problem.worth is not None or fit.stages or fit.dataset.outcomes:
        return ()

    def make() -> tuple[Lesson, ...]:
        return _made(fit, plan, lambda name: _without(request, name, say))

    return Place(request.store, say).obtain(LESSONS, fit, of_plan(plan), make)


def _without(request: Request, name: str, say: Say) -> Fit:
    say(f"A fit that does not know the experiment '{name}', to say what it changed.")
    beliefs = replace(request.beliefs, evidence=request.beliefs.evidence.without([name]))
    return fitted(replace(request, beliefs=beliefs), say=say)


def _made(fit: Fit, plan: Plan, other: Callable[[str], Fit]) -> tuple[Lesson, ...]:
    told, evidence = curves(plan), fit.evidence
    measured = effects(evidence, fit.dataset, draws_of(plan))
    found = []
    for i, test in enumerate(evidence.experiments):
        weights = reweighted(-log_likelihood(measured[:, i : i + 1], (test,), evidence.df))
        if weights.reliable:
            without = weights.mean(told.worth)
        else:
            draws = prepare(other(test.name), plan.settings).problem.draws
            without = curves(replace(plan, problem=plan.problem.with_draws(draws))).worth.mean(axis=0)
        found.append(lesson((test.name, test.channel), told, np.asarray(without), plan, fitted=not weights.reliable))
    return tuple(found)
