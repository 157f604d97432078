"""``mmm report``: the whole path, from settings to the report's files, for one analysis or many."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import typer

from mmm.cli.board import Board
from mmm.cli.output import counted, plain, say
from mmm.errors import ReportError, SettingsError
from mmm.execution import Cluster, Here, Place, Workers
from mmm.reporting.runs.index import write_index
from mmm.reporting.runs.many import Entry, Making, Wish, in_order, make_all, prepare_jobs
from mmm.reporting.runs.run import RunOptions, run_report
from mmm.settings import load_settings, read_parameters


@dataclass(frozen=True)
class Several:
    """The arguments of a call for several reports."""

    configs: tuple[Path, ...]
    parameters: tuple[str, ...]
    grid: tuple[str, ...]
    workers: int | None
    dask: str | None
    again: bool
    since: Path | None


def show_report(config: Path, parameters: list[str], out: Path, earlier: Path | None) -> None:
    """Make the report below ``out`` and print where its files are.

    Raises what :func:`mmm.reporting.runs.run.run_report` raises.
    """
    since = time.perf_counter()
    settings = load_settings(config, read_parameters(parameters))
    report = run_report(settings, out=out, progress=True, say=say, options=RunOptions(since=earlier))
    say(f"Done in {time.perf_counter() - since:.0f} s.")
    for path in report.files.values():
        typer.echo(plain(str(path)))


def show_reports(several: Several, out: Path) -> None:
    """Make all reports below ``out``, show how far they are, and write the page over them.

    Raises what is wrong with the settings before anything starts, and ReportError at the end where a report failed.
    """
    since = time.perf_counter()
    wish = Wish(several.configs, several.parameters, several.grid, several.since, out)
    jobs = prepare_jobs(wish, say)
    making = Making(out, place_of(several.workers, several.dask, len(jobs)), several.again, several.since)
    entries: list[Entry] = []
    try:
        with Board([job.key for job in jobs]) as board:
            for entry in make_all(jobs, making, board.heard):
                entries.append(entry)
                board.finished(entry.job.key, entry.state, entry.reason or str(entry.folder), entry.seconds)
    finally:
        # An interrupted call leaves a page over what there is.
        if entries:
            typer.echo(plain(str(write_index(in_order(entries, jobs), out, jobs[0].settings.report))))
    _sum_up(in_order(entries, jobs), time.perf_counter() - since)


def place_of(workers: int | None, dask: str | None, count: int) -> Place:
    """Where tasks run: a cluster, local processes, or here where one process is enough."""
    if dask is not None:
        if workers is not None:
            raise SettingsError("--workers and --dask exclude each other: a cluster has its own workers. Keep one.")
        return Cluster(dask)
    used = min(workers or min(2, os.cpu_count() or 1), count)
    return Workers(used) if used > 1 else Here()


def _sum_up(entries: list[Entry], seconds: float) -> None:
    made, found, failed = ([e for e in entries if e.state == state] for state in ("made", "found", "failed"))
    parts = [f"{len(made)} made", f"{len(found)} found"] if found else [f"{len(made)} made"]
    say(f"{counted(len(entries), 'report')} in {seconds:.0f} s: {', '.join([*parts, f'{len(failed)} failed'])}.")
    if failed:
        lines = [
            f"  - {e.job.key}: {e.reason}".replace("\n", "\n    ") + (f" Notebook: {e.kept}" if e.kept else "")
            for e in failed
        ]
        raise ReportError(
            f"{len(failed)} of {counted(len(entries), 'report')} failed; the others are complete.\n" + "\n".join(lines)
        )
