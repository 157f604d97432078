"""``mmm fit``: sample the posterior, or find it in the store, and say whether it may be believed."""

from dataclasses import dataclass
from pathlib import Path

import typer

from mmm.assessment.gate import GateReport, demand_pass, gate
from mmm.assessment.holdout import HoldoutResult, holdout
from mmm.assessment.settings import GateSettings
from mmm.cli.output import plain, table
from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.inference.fit import Fit
from mmm.inference.store import obtain
from mmm.model.spec import make_spec
from mmm.settings import Settings, load_dataset, load_settings, read_parameters


@dataclass(frozen=True)
class Believed:
    """A fit with what speaks for and against it."""

    fit: Fit
    holdout: HoldoutResult | None
    gate: GateReport


def fit_and_judge(settings: Settings, dataset: Dataset) -> Believed:
    """Both fits (all data, and the last periods held out) from the store or new, and the gate."""
    spec = make_spec(dataset, settings.model)
    hidden = None
    if settings.gate.holdout is not None:
        hidden = parse_periods(settings.gate.holdout, dataset.frequency)
    typer.echo("Fit for decisions, all data:", err=True)
    fit = obtain(dataset, spec, settings.sampler, progress=True, report=_say)
    result = None
    if hidden is not None:
        typer.echo(f"Fit for judging, the last {hidden} periods held out:", err=True)
        result = holdout(dataset, settings.model, settings.sampler, hidden, progress=True, report=_say)
    return Believed(fit, result, gate(fit, settings.gate, result))


def show_fit(config: Path, parameters: list[str]) -> None:
    """Fit, print the gate, and raise GateError where it failed and the settings do not override it."""
    settings = load_settings(config, read_parameters(parameters))
    believed = fit_and_judge(settings, load_dataset(settings))
    show_gate(believed.gate, settings.gate)
    typer.echo(f"Stored in {Path(settings.sampler.store) / believed.fit.key}")
    demand_pass(believed.gate, settings.gate)


def show_gate(report: GateReport, settings: GateSettings) -> None:
    """Print every check with its status, and the advice that no GateError is going to give."""
    rows = [(check.status, check.title, check.summary, check.threshold) for check in report.checks]
    table("Can the model be believed?", ["status", "check", "found", "rule"], rows)
    for check in report.checks:
        if check.advice and (check.status != "fail" or settings.override):
            typer.echo(plain(f"{check.title}: {check.advice}"))
    typer.echo(plain(report.summary))


def _say(line: str) -> None:
    typer.echo(plain(line), err=True)
