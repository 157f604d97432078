"""A fit with its judgement: from the store, or made and then stored there."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mmm.assessment import backtest as earlier
from mmm.assessment.agreement import Agreement, agreement
from mmm.assessment.backtest import Backtest
from mmm.assessment.gate import CHECKS, GateReport, gate
from mmm.assessment.holdout import HoldoutResult, holdout
from mmm.assessment.settings import GateSettings
from mmm.assessment.signals import signals
from mmm.data.calendar import parse_periods
from mmm.execution import Place as Refreshes
from mmm.inference.fit import Fit
from mmm.inference.store import obtain
from mmm.model.mixture import Beliefs
from mmm.workflow.fitting import completed, fitted, stage_requests
from mmm.workflow.judgement import Judgement
from mmm.workflow.kept import Kind, Place, Say
from mmm.workflow.plain import frame, frame_data
from mmm.workflow.request import Request

JUDGEMENT = Kind(
    "judgement",
    ("data", "model", "inference", "analysis", "calibration", "assessment"),
    Judgement.to_data,
    Judgement.from_data,
)


BACKTEST = Kind(
    "backtest",
    ("data", "model", "inference", "analysis", "assessment"),
    lambda made: {"forecasts": frame_data(made.forecasts), "returns": frame_data(made.returns)},
    lambda data: Backtest(frame(data["forecasts"]), frame(data["returns"])),
)

FITTING = "Fitting: one model on all data for decisions, one without the last weeks to judge it."
"""What is said before fits that may take long."""


@dataclass(frozen=True)
class Judged:
    """The fit for decisions, its judgement, and earlier refreshes where `mmm backtest` made them."""

    fit: Fit
    judgement: Judgement
    backtest: Backtest | None = None
    stages: tuple[tuple[str, Judgement], ...] = ()
    """The judgement of every stage's own fit, by its name."""

    @property
    def gate(self) -> GateReport:
        """The checks of the outcome's equation, then those of every stage."""
        own = (check.of_stage(name) for name, found in self.stages for check in found.gate.checks)
        return GateReport((*self.judgement.gate.checks, *own))

    @property
    def holdout(self) -> HoldoutResult | None:
        return self.judgement.holdout

    @property
    def agreed(self) -> tuple[Agreement, ...]:
        """The experiments beside the model."""
        return self.judgement.agreed


def judged(request: Request, *, progress: bool = False, say: Say = lambda _: None) -> Judged:
    """The fit of a request and its judgement; ``say`` receives lines on what happens, ``progress`` shows the sampler's.

    Whatever was made of the same request before is found. Raises DataError for data that cannot be fitted or judged,
    FitError where sampling fails or the store cannot be used.
    """
    fit = fitted(request, progress=progress, say=say)
    judgement = _judgement(request, fit, progress, say)
    asked = stage_requests(request)
    stages = tuple(
        (stage.name, _judgement(asked[stage.name].request, stage.fit, progress, say)) for stage in fit.stages
    )
    return Judged(fit, judgement, Place(request.store, say).found(BACKTEST, fit, _refreshed(request)), stages)


def _judgement(request: Request, fit: Fit, progress: bool, say: Say) -> Judgement:
    """The judgement of one equation, found or made and kept."""
    return Place(request.store, say).obtain(
        JUDGEMENT, fit, _asked(request), lambda: judge(request, fit, progress=progress, say=say)
    )


def judge(request: Request, fit: Fit, *, progress: bool = False, say: Say = lambda _: None) -> Judgement:
    """Judge ``fit`` as the request says, whatever is stored of it.

    The fit that is judged by its forecast takes only the models that count in ``fit``, with weights of its own.
    """
    dataset, settings = completed(request.dataset, fit.stages), request.gate
    # Each equation is judged by itself.
    fit = replace(fit, stages=())
    result = None
    if settings.holdout is not None:
        hidden = parse_periods(settings.holdout, dataset.frequency)
        counted = request.beliefs.with_noise(fit.spec.likelihood).only([member.name for member in fit.counted])
        result = holdout(dataset, counted, request.sampler, hidden, progress=progress, report=say)
    without = Beliefs(request.beliefs.model).with_noise(fit.spec.likelihood).mixture(dataset)
    agreed = agreement(fit, partial(obtain, dataset, without, request.sampler, report=say))
    return examined(fit, settings, result, agreed)


def examined(
    fit: Fit, settings: GateSettings, result: HoldoutResult | None = None, agreed: tuple[Agreement, ...] = ()
) -> Judgement:
    """Signals and gate of a fit, beside its forecast of held-out periods and its experiments where there are any."""
    found = signals(fit, None if result is None else result.fit)
    kept = None if result is None else replace(result, fit=None)
    return Judgement(kept, found, agreed, gate(fit, settings, kept, agreed, found))


def _fitted_on(request: Request) -> dict[str, Any]:
    """What every fit that is made on the way depends on: of parts of the panel, or of other beliefs."""
    return {
        "panel": request.dataset.fingerprint,
        "model": request.beliefs.model.model_dump(mode="json"),
        "evidence": request.beliefs.evidence.model_dump(mode="json"),
        "sampler": request.sampler.model_dump(mode="json", exclude={"store"}),
    }


def _asked(request: Request) -> dict[str, Any]:
    """What a judgement depends on besides its fit. Whether a failed gate is overridden is no part of it."""
    return {
        **_fitted_on(request),
        "gate": request.gate.model_dump(mode="json", exclude={"override"}),
        "checks": sorted(CHECKS),
    }


def backtested(request: Request, place: Refreshes | None = None, say: Say = lambda _: None) -> Backtest:
    """Earlier refreshes of a request made again at ``place``, by default here; kept in the store and found by
    :func:`judged`.

    Raises DataError for too little data, FitError where a refresh failed.
    """
    dataset = completed(request.dataset, fitted(request, say=say).stages)
    made = earlier.backtest(dataset, request.beliefs, request.sampler, request.backtest, place, say)
    # The refresh with all data: it is in the store by now.
    Place(request.store, say).keep(BACKTEST, fitted(request, say=say), _refreshed(request), made)
    return made


def refreshed(request: Request, say: Say = lambda _: None) -> Backtest:
    """The backtest of a request, found beside its fit or made. Raises what :func:`backtested` raises."""
    kept = Place(request.store, say).found(BACKTEST, fitted(request, say=say), _refreshed(request))
    return backtested(request, say=say) if kept is None else kept


def _refreshed(request: Request) -> dict[str, Any]:
    """What a backtest depends on besides the fit of all data."""
    return {
        **_fitted_on(request),
        "backtest": request.backtest.model_dump(mode="json"),
    }
