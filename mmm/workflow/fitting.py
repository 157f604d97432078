"""The fit of a request, and those of the equations beside it: mediators first, then the outcome given them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmm.arrays import Floats
from mmm.assessment.causes import require_known
from mmm.assessment.graph import read_graph
from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.inference.fit import Fit, StageFit
from mmm.inference.store import obtain
from mmm.model.mixture import Beliefs
from mmm.model.stage import STAGES
from mmm.model.within import reaching
from mmm.planning.possible import require_possible
from mmm.workflow.kept import Say
from mmm.workflow.request import Request

MEDIATOR = "mediator"
_DRAWS = 1000
_DIGITS = 9


def checked(request: Request) -> Request:
    """The request, once all that can be wrong with it before a fit was looked at; nothing is fitted.

    Raises SettingsError, DataError or PlanError.
    """
    request.beliefs.mixture(request.dataset)
    for own in stage_requests(request).values():
        own.beliefs.mixture(own.dataset)
    require_possible(request.dataset, request.plan)
    if request.gate.graph is not None:
        require_known(read_graph(request.gate.graph), request.dataset)
    return request


def fitted(request: Request, *, progress: bool = False, say: Say = lambda _: None) -> Fit:
    """The fit of a request, from its store or made and then stored there; with those of its stages, where it has some.

    ``say`` receives lines on what happens, ``progress`` shows the sampler's. Raises DataError for data that cannot be
    fitted, FitError where sampling fails or the store cannot be used.
    """
    stages = stage_fits(request, progress=progress, say=say)
    dataset = completed(request.dataset, stages)
    mixture = request.beliefs.mixture(dataset)
    found = obtain(dataset, mixture, request.sampler, progress=progress, report=say)
    # No part of a fit: what is known ahead may change without one.
    return replace(found, dataset=replace(found.dataset, future=request.dataset.future), stages=stages)


def stage_requests(request: Request) -> dict[str, Request]:
    """What is asked for every mediator, by its name: its panel, the model's settings for it, and the same sampler.

    Raises SettingsError where an experiment is on a channel that reaches a mediator: it measured all that the channel
    brings, of which no single equation knows.
    """
    model, record = request.beliefs.model, STAGES[MEDIATOR]
    told = [test.channel for test in request.beliefs.evidence.experiments if test.channel in reaching(model)]
    if told:
        raise SettingsError(
            f"An experiment is on '{told[0]}', which reaches a mediator (model.stages): it measured the total effect, "
            "and every equation knows a part of it. Leave the experiment out, or the mediator."
        )
    return {
        name: replace(
            request,
            dataset=record.panel(request.dataset, model, name),
            beliefs=Beliefs(record.believed(model, name)),
            # What causes what is stated of the whole.
            gate=request.gate.model_copy(update={"graph": None}),
            worth=None,
        )
        for name in model.stages
    }


def stage_fits(request: Request, *, progress: bool = False, say: Say = lambda _: None) -> tuple[StageFit, ...]:
    """The fit of every stage, from the store or made and then stored there. Raises what a fit raises."""
    found = []
    for name, own in stage_requests(request).items():
        say(f"Stage '{name}':")
        mixture = own.beliefs.mixture(own.dataset)
        fit = obtain(own.dataset, mixture, own.sampler, progress=progress, report=say)
        found.append(StageFit(MEDIATOR, name, fit))
    return tuple(found)


def completed(dataset: Dataset, stages: Sequence[StageFit]) -> Dataset:
    """The panel with what the mediators' equations expect where they were not measured.

    The mean of what is expected given media and controls: as a regressor it leaves the coefficient as it is (an error
    of Berkson's kind), where lines between neighbours would pull it towards zero.
    """
    if not dataset.gaps.any():
        return dataset
    data = dataset.data.copy(deep=True)
    values = data["media"].values
    for stage in stages:
        place = dataset.channels.index(stage.name)
        gaps = dataset.gaps[:, :, place]
        if gaps.any():
            values[:, :, place] = np.where(gaps, _expected(stage.fit), values[:, :, place])
    return replace(dataset, data=data)


def _expected(fit: Fit) -> Floats:
    """The mean [t, g] of what an equation expects in all periods of its panel, rounded so that keys do not hang on the
    last bits; nothing measured is below zero."""
    mean = fit.draws(_DRAWS).expected(fit.dataset, slice(0, len(fit.dataset.dates)), fit.seed).mean(axis=0)
    size = float(np.abs(mean).max()) or 1.0
    return np.asarray(np.maximum(np.round(mean / size, _DIGITS) * size, 0.0))
