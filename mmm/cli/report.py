"""``mmm report``: the whole path, from settings to the report's files."""

import time
from pathlib import Path

import typer

from mmm.cli.output import plain, say
from mmm.reporting.runner import run_report
from mmm.settings import load_settings, read_parameters


def show_report(config: Path, parameters: list[str], out: Path) -> None:
    """Make the report below ``out`` and print where its files are.

    Raises what :func:`mmm.reporting.runner.run_report` raises.
    """
    since = time.perf_counter()
    settings = load_settings(config, read_parameters(parameters))
    report = run_report(settings, out=out, progress=True, say=say)
    say(f"Done in {time.perf_counter() - since:.0f} s.")
    for path in report.files.values():
        typer.echo(plain(str(path)))
