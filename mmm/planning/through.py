"""What mediators bring over the horizon without any money: their own course, by the equation that each of them has."""

import numpy as np

from mmm.arrays import Floats
from mmm.inference.fit import Fit, StageFit
from mmm.model.response import carried_on, contributions
from mmm.model.stage import paired
from mmm.planning.problem import PlanProblem
from mmm.planning.settings import PlanSettings


def own_course(fit: Fit, settings: PlanSettings, problem: PlanProblem, control: Floats) -> Floats:
    """Valued outcome of the horizon, by draw [n], of what no channel moves of mediators and further outcomes.

    Before the horizon that is what was measured less what the channels brought of it, in the horizon the baseline of
    the mediator's equation at ``control[h, g, k]``, the controls of the data.
    """
    total = np.zeros(problem.draws.n)
    for stage in fit.stages:
        if stage.name not in fit.dataset.mediators:
            total += _beside(fit, stage, settings, problem, control)
        else:
            total += _brought(fit, stage, settings, problem, control)
    return total


def _beside(fit: Fit, stage: StageFit, settings: PlanSettings, problem: PlanProblem, control: Floats) -> Floats:
    """The baseline of a further outcome."""
    own = stage.fit.draws(settings.draws)
    ahead = np.sum(list(own.baseline(problem.dates, control, settings.seed).values()), axis=0)
    weights = problem.weights[problem.begin : problem.begin + problem.horizon]
    valued = stage.worth * (ahead * weights).sum(axis=(1, 2))
    return np.asarray(valued[paired(problem.draws.n, own.n, fit.seed)])


def _brought(fit: Fit, stage: StageFit, settings: PlanSettings, problem: PlanProblem, control: Floats) -> Floats:
    direct, own = fit.draws(settings.draws).response(), stage.fit.draws(settings.draws)
    pairs, place = paired(direct.n, own.n, fit.seed), direct.channels.index(stage.name)
    lags = min(int(direct.lookbacks[place]), len(fit.dataset.dates))
    chosen = [fit.dataset.controls.index(name) for name in stage.fit.dataset.controls]
    ahead = np.sum(list(own.baseline(problem.dates, control[:, :, chosen], settings.seed).values()), axis=0)
    course = ahead[pairs]
    if lags:
        media, measured = stage.fit.dataset.data["media"].values, fit.dataset.data["media"].values[-lags:, :, place]
        before = np.broadcast_to(measured, (own.n, *measured.shape)).copy()
        for where, block in own.response().blocks(media.size):
            before[where] -= contributions(block, media)[:, -lags:].sum(axis=3)
        course = np.concatenate([before[pairs], course], axis=1)
    per_unit = np.exp(direct.log_beta[:, :, place]) / direct.media_scale[:, place]
    brought = course * per_unit[:, None, :]
    after = direct.only([stage.name]).carryover(0)
    weights = problem.weights[problem.begin : problem.begin + problem.horizon]
    return np.asarray((carried_on(brought, after)[:, lags:] * weights).sum(axis=(1, 2)))
