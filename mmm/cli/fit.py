"""``mmm fit``: sample the posterior, or find it in the store, and say whether it may be believed."""

from pathlib import Path

import typer

from mmm.assessment.gate import GateReport, demand_pass
from mmm.assessment.settings import GateSettings
from mmm.cli.output import plain, say, table
from mmm.reporting.story import believe
from mmm.settings import load_dataset, load_settings, read_parameters


def show_fit(config: Path, parameters: list[str]) -> None:
    """Fit, print the gate, and raise GateError where it failed and the settings do not override it."""
    settings = load_settings(config, read_parameters(parameters))
    believed = believe(settings, load_dataset(settings), progress=True, say=say)
    show_gate(believed.gate, settings.gate)
    typer.echo(plain(f"Stored in {Path(settings.sampler.store) / believed.fit.key}"))
    demand_pass(believed.gate, settings.gate)


def show_gate(report: GateReport, settings: GateSettings) -> None:
    """Print every check with its status, and the advice that no GateError is going to give."""
    rows = [(check.status, check.title, check.summary, check.threshold) for check in report.checks]
    table("Can the model be believed?", ["status", "check", "found", "rule"], rows)
    for check in report.checks:
        if check.advice and (check.status != "fail" or settings.override):
            typer.echo(plain(f"{check.title}: {check.advice}"))
    typer.echo(plain(report.summary))
