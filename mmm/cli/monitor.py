"""``mmm monitor``: the active plan against what happened, on the terminal, as JSON and as a page."""

import time
from pathlib import Path

import pandas as pd
import typer

from mmm.cli.alerts import tell
from mmm.cli.output import plain, say, table
from mmm.data.dataset import Dataset
from mmm.data.quality import quality_report
from mmm.digits import amount
from mmm.errors import FitError, RegisterError, ReportError
from mmm.inference.fit import Fit
from mmm.inference.stored import load
from mmm.monitoring.look import Seen, look, recent
from mmm.monitoring.reported import read_reported
from mmm.monitoring.state import State
from mmm.register.database import Register, open_register
from mmm.register.queries import Entry, active_plan
from mmm.reporting.runs.control_room import write_room
from mmm.settings import Settings, load_dataset, load_settings, read_parameters
from mmm.settings.request import request_of
from mmm.workflow import judged

ATTENTION = 9
"""Exit code where something is off that somebody has to act on, or look at."""


def show_monitor(config: Path, parameters: list[str], out: Path, watch: float | None) -> None:
    """Look at the active plan of an analysis, once or again and again, and write what is seen.

    Ends with exit code 9 where something is off. Raises RegisterError where no plan is active, DataError or FitError.
    """
    settings = load_settings(config, read_parameters(parameters))
    known: tuple[str, Fit] | None = None
    before = ""
    while True:
        register, entry = _active(settings, out)
        dataset = load_dataset(settings)
        if known is None or known[0] != entry.id:
            known = (entry.id, model_of(entry, settings, dataset))
        now = dataset.fingerprint + entry.id + _reported(settings)
        if now != before:
            state = _look(settings, entry, dataset, known[1])
            before = now
            _tell(state, _write(state, settings, out))
        tell(register, state, settings)
        if watch is None:
            break
        time.sleep(watch)
    if state.verdict in ("act", "look"):
        raise typer.Exit(ATTENTION)


def _active(settings: Settings, out: Path) -> tuple[Register, Entry]:
    register = open_register(settings.plan_register, out, make=False)
    with register.reading() as connection:
        entry = active_plan(connection, settings.name)
    if entry is None:
        raise RegisterError(
            f"No plan of '{settings.name}' is active in the register {register.where}. `mmm plans list` shows what "
            "there is; `mmm plans activate PLAN --by NAME` makes an approved one the plan that is followed."
        )
    return register, entry


def model_of(entry: Entry, settings: Settings, dataset: Dataset) -> Fit:
    """The fit that the plan was made on: from the store, or made again from the data before the plan.

    One with further equations is asked for as it was made, as the plan names the outcome's own equation alone; the
    store has them all where the data before the plan are the same.
    """
    if not settings.model.stages and not settings.data.target.also:
        try:
            return load(Path(settings.placed_sampler.store) / entry.content.fit)
        except FitError as error:
            say(f"{error} Fitting again on the data before the plan.")
    before = dataset.between(None, (pd.Timestamp(entry.content.dates[0]) - pd.Timedelta(days=1)).date())
    return judged(request_of(settings, before), progress=True, say=say).fit


def _reported(settings: Settings) -> str:
    """When the table of what platforms report was written; empty where there is none (the look says so)."""
    wish = settings.monitor.reported
    if wish is None:
        return ""
    try:
        found = (settings.base / wish.source).stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size}"


def _look(settings: Settings, entry: Entry, dataset: Dataset, fit: Fit) -> State:
    findings = recent(quality_report(dataset, settings.data).findings, entry.content)
    wish, reported = settings.monitor.reported, None
    if wish is not None:
        reported = read_reported(wish, settings.base, tuple(settings.data.channels), dataset.currency)
    return look(Seen(entry, dataset, fit, findings, reported), settings.monitor)


def _write(state: State, settings: Settings, out: Path) -> list[Path]:
    folder = out / settings.name / "monitor"
    try:
        return write_room(state, folder, settings.report)
    except OSError as error:
        raise ReportError(
            f"'{folder}' cannot be written ({error.strerror}). Choose another folder with --out."
        ) from error


def _tell(state: State, paths: list[Path]) -> None:
    typer.echo(plain(f"Plan {state.plan}: {state.seen} of {state.periods} periods, verdict: {state.verdict}."))
    rows = [
        (
            one.channel or "all channels",
            amount(one.plan),
            amount(one.due),
            amount(one.spent),
            "" if one.off is None else f"{one.off:+.1%}",
            "" if one.end is None else amount(one.end.mean),
        )
        for one in (*state.channels, state.total)
    ]
    heads = ["channel", "plan", "due", "spent", "off", "ends at"]
    table(f"Money ({state.currency})", heads, rows, right=heads[1:])
    found = state.surprise
    if found is not None:
        ratio = found.ratio
        typer.echo(
            f"Outcome against expected: {ratio.mean - 1:+.1%} ({ratio.lower - 1:+.1%} to {ratio.upper - 1:+.1%}); "
            f"evidence {found.evidence:.3g} (rings at {1 / found.alpha:.3g}), p {found.p_value:.3g}, valid however "
            "often one looks."
        )
    for point in state.points:
        typer.echo(plain(f"- [{point.severity}] {point.sentence} {point.advice}"))
    for path in paths:
        typer.echo(plain(f"Wrote {path}"))
