"""Reports of many analyses at once: what is to be made, what is there already, and what became of each.

All settings, data and files are checked before the first report starts. From then on a report that fails stops no
other.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mmm import hashes
from mmm.data.dataset import Dataset
from mmm.errors import MMMError, ReportError, SettingsError
from mmm.execution import Done, Event, Here, Place, Task, run_tasks
from mmm.projects import reports
from mmm.reporting.runs.finished import same_inputs
from mmm.reporting.runs.run import NOTEBOOK_KEPT, RunOptions, check_report, run_report
from mmm.scratch import sweep
from mmm.settings import Settings, load_settings, read_parameters

State = Literal["made", "found", "failed"]
_LONGEST_LABEL = 60
_NOT_IN_A_FOLDER = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Job:
    """One report to make. ``shared`` is equal for reports that need the same fits, ``label`` is its place in a grid."""

    key: str
    settings: Settings
    label: str
    inputs: str
    shared: str


@dataclass(frozen=True)
class Entry:
    """What became of a job: its folder, or the reason why there is none and where its notebook is kept."""

    job: Job
    state: State
    folder: Path | None = None
    reason: str = ""
    kept: Path | None = None
    seconds: float = 0.0
    starts: int = 1


@dataclass(frozen=True)
class Wish:
    """Which reports are wanted: settings files, parameters of all of them, and a grid of further ones."""

    configs: tuple[Path, ...]
    parameters: tuple[str, ...] = ()
    grid: tuple[str, ...] = ()
    since: Path | None = None
    out: Path = field(default_factory=reports)
    """Folder of the reports, beside which the register of plans may be."""


@dataclass(frozen=True)
class Making:
    """How they are made: below ``out``, at ``place``, and ``again`` where the same report is there already."""

    out: Path
    place: Place
    again: bool = False
    since: Path | None = None


def read_grid(grid: Sequence[str]) -> list[dict[str, Any]]:
    """Every combination of the grid's values, each as overrides by dotted key; one empty combination without a grid.

    A line is ``name=value,value,...``, values as for a parameter. Raises SettingsError for an unknown or repeated name,
    and for a value that is given twice.
    """
    axes: dict[str, list[Any]] = {}
    for line in grid:
        name, equals, text = line.partition("=")
        ((key, values),) = read_parameters([f"{name}=[{text}]" if equals else line]).items()
        if key in axes:
            raise SettingsError(f"The grid has {key} twice. Give all its values at once: {key}=A,B,C.")
        seen = [json.dumps(value, default=str) for value in values]
        if not values or len(set(seen)) < len(seen):
            raise SettingsError(f"The grid's values of {key} must differ, and be at least one. Received: '{text}'.")
        axes[key] = list(values)
    return [dict(zip(axes, chosen, strict=True)) for chosen in itertools.product(*axes.values())]


def prepare_jobs(wish: Wish, say: Callable[[str], None] = lambda _: None) -> list[Job]:
    """The jobs of a wish, each checked with its data. Raises one error that lists every problem."""
    fixed, points = read_parameters(wish.parameters), read_grid(wish.grid)
    twice = sorted(set(fixed) & set(points[0]))
    if twice:
        raise SettingsError(f"{', '.join(twice)} is given as a parameter and in the grid. Keep one of the two.")
    if wish.since is not None and len(wish.configs) > 1:
        raise SettingsError("--since names one report, but several analyses are asked for. Give one settings file.")
    jobs, problems = [], list[MMMError]()
    for config in wish.configs:
        for point in points:
            try:
                jobs.append(_job(load_settings(config, {**fixed, **point}), point, wish))
            except MMMError as error:
                problems.append(type(error)(str(error) if str(config) in str(error) else f"{config}: {error}"))
        say(f"Checked {config}.")
    _raise_all(problems)
    keys = [job.key for job in jobs]
    repeated = sorted({key for key in keys if keys.count(key) > 1})
    if repeated:
        raise SettingsError(
            f"Several settings files have the name {', '.join(repeated)}, and so the same folder. Give each its own "
            "'name'."
        )
    return jobs


def _raise_all(problems: Sequence[MMMError]) -> None:
    unlike = list({str(error): error for error in problems}.values())
    if len(unlike) == 1:
        raise unlike[0]
    if unlike:
        listed = "\n".join(f"  - {error}" for error in unlike)
        raise type(unlike[0])(f"{len(unlike)} problems; nothing was started.\n{listed}")


def _job(settings: Settings, point: Mapping[str, Any], wish: Wish) -> Job:
    request, inputs, _ = check_report(settings, wish.out, wish.since)
    label = label_of(point)
    key = f"{settings.name} {label}".strip()
    return Job(key, settings, label, inputs, _fits_key(settings, request.dataset))


def label_of(point: Mapping[str, Any]) -> str:
    """A point of a grid as part of a folder's name: ``total_budget-800000``; shortened with a hash where it is long."""
    parts = [f"{key.rpartition('.')[2]}-{_plain(value)}" for key, value in point.items()]
    label = _NOT_IN_A_FOLDER.sub("-", "_".join(parts)).strip("-.")
    if len(label) <= _LONGEST_LABEL:
        return label
    digest = hashes.of_data(dict(point), default=str)[:8]
    return f"{label[: _LONGEST_LABEL - 9]}-{digest}"


def _plain(value: Any) -> str:
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _fits_key(settings: Settings, dataset: Dataset) -> str:
    """Equal for reports whose fits are the same."""
    own = {"name", "title", "plan", "report"}
    content = [dataset.fingerprint, settings.model_dump(mode="json", exclude=own)]
    return hashes.of_data(content, default=str)


def make_all(jobs: Sequence[Job], making: Making, notice: Callable[[Event], None] = lambda _: None) -> Iterator[Entry]:
    """Make the reports, and yield each as it is there. Raises ReportError where the workers cannot be used.

    A report that was made from the same inputs before is found, not made, unless ``again``.
    """
    wanted = []
    for job in jobs:
        found = None if making.again else same_inputs(making.out / job.settings.name, job.inputs)
        if found is None:
            wanted.append(job)
        else:
            yield Entry(job, "found", found.folder)
    if wanted and not isinstance(making.place, Here):
        _writable(making.out)
    by_key = {job.key: job for job in wanted}
    here = str(Path.cwd())
    tasks = [Task(job.key, (job, making, here), job.shared) for job in wanted]
    try:
        for done in run_tasks(make_one, tasks, making.place, notice=notice):
            yield _entry(by_key[done.key], done)
    except ConnectionError as error:
        raise ReportError(f"{error} Start one with 'dask scheduler', or leave --dask out for local workers.") from error
    finally:
        # Workers of this machine are gone by now, some of them perhaps in the middle of a report.
        for name in {job.settings.name for job in jobs}:
            sweep(making.out / name)
        for store in {job.settings.placed_sampler.store for job in jobs}:
            sweep(Path(store))


def _writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(
            f"Reports cannot be written to '{out}' ({error.strerror}). Choose another folder with --out."
        ) from error


def make_one(say: Callable[[str], None], job: Job, making: Making, folder: str) -> str:
    """What a worker does for a job: the report, with relative paths as seen from ``folder``. Returns its folder."""
    with chdir(folder):
        if not making.again:
            # This task may have run before, on a worker that died after it was done.
            found = same_inputs(making.out / job.settings.name, job.inputs)
            if found is not None:
                return str(found.folder)
        options = RunOptions(label=job.label, since=making.since)
        return str(run_report(job.settings, out=making.out, progress=False, say=say, options=options).folder)


def _entry(job: Job, done: Done) -> Entry:
    if done.error is None:
        return Entry(job, "made", Path(done.value), seconds=done.seconds, starts=done.starts)
    error = done.error
    reason = str(error) if isinstance(error, MMMError | ConnectionError) else f"{type(error).__name__}: {error}"
    notes = [note.removeprefix(NOTEBOOK_KEPT) for note in getattr(error, "__notes__", ()) if NOTEBOOK_KEPT in note]
    kept = Path(notes[0]) if notes else None
    return Entry(job, "failed", reason=reason, kept=kept, seconds=done.seconds, starts=done.starts)


def in_order(entries: Sequence[Entry], jobs: Sequence[Job]) -> list[Entry]:
    """Entries in the order of their jobs; a job without one is said to be unfinished."""
    found = {entry.job.key: entry for entry in entries}
    return [found.get(job.key, Entry(job, "failed", reason="It was not finished.")) for job in jobs]


def relocated(entry: Entry, root: Path) -> Entry:
    """The entry with paths as seen from ``root``."""
    below = root.resolve()
    folder, kept = (None if p is None else p.resolve().relative_to(below) for p in (entry.folder, entry.kept))
    return replace(entry, folder=folder, kept=kept)
