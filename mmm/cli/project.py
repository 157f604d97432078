"""The option ``--out``: the project's folder of reports, from whichever of its folders a command is called."""

from pathlib import Path
from typing import Any

import typer

from mmm.projects import reports

REPORTS = Path("reports")


def folder(told: str, *names: str) -> Any:
    """An option for a folder; where it is not given, :data:`REPORTS` is the project's."""
    return typer.Option(*names, help=told, callback=_of_project)


def _of_project(context: typer.Context, parameter: typer.CallbackParam, value: Path) -> Path:
    # By its name: Typer has a click of its own, whose classes are others.
    source = context.get_parameter_source(parameter.name or "")
    return reports() if source is None or source.name == "DEFAULT" else value
