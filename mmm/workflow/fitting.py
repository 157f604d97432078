"""The fit of a request, and those of the equations beside it: mediators first, then the outcome given them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmm.arrays import Floats
from mmm.assessment.causes import require_known
from mmm.assessment.graph import read_graph
from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.inference.fit import Fit, StageFit
from mmm.inference.store import obtain
from mmm.model.mixture import Beliefs
from mmm.model.settings import ModelSettings
from mmm.model.stage import STAGES, Stage
from mmm.model.within import of_part, reaching
from mmm.planning.possible import require_possible
from mmm.workflow.kept import Say
from mmm.workflow.request import Request

_DRAWS = 1000
_DIGITS = 9


def checked(request: Request) -> Request:
    """The request, once all that can be wrong with it before a fit was looked at; nothing is fitted.

    Raises SettingsError, DataError or PlanError.
    """
    request.beliefs.mixture(request.dataset)
    for asked in stage_requests(request).values():
        asked.request.beliefs.mixture(asked.request.dataset)
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


@dataclass(frozen=True)
class Asked:
    """What is asked for one stage: the kind of its record, its request, what its unit is worth in the outcome's."""

    kind: str
    request: Request
    worth: float = 1.0


def stage_requests(request: Request) -> dict[str, Asked]:
    """What is asked for every mediator and further outcome, by its name: its panel, its settings, the same sampler.

    Raises SettingsError where an experiment is on a channel that reaches a mediator (it measured all that the channel
    brings, of which no single equation knows), and for mediators beside further outcomes.
    """
    model, dataset = request.beliefs.model, request.dataset
    told = [test.channel for test in request.beliefs.evidence.experiments if test.channel in reaching(model)]
    if told:
        raise SettingsError(
            f"An experiment is on '{told[0]}', which reaches a mediator (model.stages): it measured the total effect, "
            "and every equation knows a part of it. Leave the experiment out, or the mediator."
        )
    if model.stages and dataset.outcomes:
        raise SettingsError(
            "model.stages and data.target.also are both given: mediators are of one outcome. Leave one of them out."
        )
    found = dict.fromkeys(model.stages, ("mediator", model, 1.0))
    value = values(dataset)
    for name, other in dataset.outcomes:
        found[name] = "outcome", of_part(model, value[name] / value[""]), _price(other) / _price(dataset)
    return {
        name: Asked(kind, _own(request, STAGES[kind], believed, name), worth)
        for name, (kind, believed, worth) in found.items()
    }


def _own(request: Request, record: Stage, model: ModelSettings, name: str) -> Request:
    return replace(
        request,
        dataset=record.panel(request.dataset, model, name),
        beliefs=Beliefs(record.believed(model, name)),
        # What causes what is stated of the whole.
        gate=request.gate.model_copy(update={"graph": None}),
        worth=None,
    )


def values(dataset: Dataset) -> dict[str, float]:
    """What all that was observed of every outcome is worth, by its name; the first one's is ""."""
    panels = {"": dataset, **dict(dataset.outcomes)}
    return {name: float(np.nansum(panel.data["outcome"].values)) * _price(panel) for name, panel in panels.items()}


def _price(dataset: Dataset) -> float:
    """Money per unit of an outcome; NaN where it has no value."""
    known = dataset.data["value_per_unit"].values
    return float(known[np.isfinite(known)].mean()) if np.isfinite(known).any() else float("nan")


def stage_fits(request: Request, *, progress: bool = False, say: Say = lambda _: None) -> tuple[StageFit, ...]:
    """The fit of every stage, from the store or made and then stored there. Raises what a fit raises."""
    found = []
    for name, asked in stage_requests(request).items():
        say(f"Stage '{name}':")
        own = asked.request
        mixture = own.beliefs.mixture(own.dataset)
        fit = obtain(own.dataset, mixture, own.sampler, progress=progress, report=say)
        found.append(StageFit(asked.kind, name, fit, asked.worth))
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
    for stage in (stage for stage in stages if stage.name in dataset.mediators):
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
