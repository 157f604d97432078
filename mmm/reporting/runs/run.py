"""``run_report``: from settings to a finished run folder, everything checked before anything slow starts."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mmm import hashes
from mmm.cards import facts, lines
from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.errors import MMMError, ReportError
from mmm.projects import reports
from mmm.register.standing import Standing, standing_or_note
from mmm.reporting.content.results import Results, read_results
from mmm.reporting.design.glyphs import unprintable
from mmm.reporting.design.look import make_look
from mmm.reporting.files.export import clean
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.identity import bare
from mmm.reporting.pages.render import Cover, brief_page, logo_data, pdf_bytes, print_page, require_pdf, web_page
from mmm.reporting.runs.executed import chapters_of
from mmm.reporting.runs.finished import MANIFEST, earlier_report, inputs_key, package_version, package_versions
from mmm.reporting.runs.inputs import checked_request
from mmm.reporting.runs.notebook import execute
from mmm.reporting.runs.standing import standing_words
from mmm.reporting.runs.story import EARLIER_FILE, INPUTS_FILE, RECORDS_FILE, SETTINGS_FILE, handing
from mmm.scratch import discard, keep, scratch_path, sweep
from mmm.settings import Settings, dump_settings
from mmm.workflow import Conclusion, Judged, Request, concluded, judged
from mmm.workflow.judging import FITTING

NOTEBOOK = "budget_report.ipynb"
NOTEBOOK_KEPT = "Its notebook is kept in "
PRINTED = ("pdf", "brief")
Say = Callable[[str], None]


@dataclass(frozen=True, repr=False)
class Report:
    """Where the files of one run are, and the manifest that says what they were made from."""

    folder: Path
    files: Mapping[str, Path]
    manifest: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return lines(f"Report in {self.folder}", self._facts())

    def _repr_html_(self) -> str:
        return facts(f"Report in {self.folder}", self._facts())

    def _facts(self) -> list[tuple[str, str]]:
        return [("file", name) for name in self.files]


@dataclass(frozen=True)
class RunOptions:
    """How a run differs from a plain one.

    ``label`` is added to the name of its folder. ``since`` is the report (its folder) to compare with; by default the
    newest of the same analysis that was made from other inputs.
    """

    label: str = ""
    since: Path | None = None


@dataclass
class _Run:
    """A run in the making: its temporary folder, its final one, and the times of its stages."""

    settings: Settings
    options: RunOptions
    temporary: Path
    final: Path
    formats: tuple[str, ...]
    notes: list[str]
    say: Say
    inputs: str = ""
    standing: Standing | None = None
    """What the register of plans says of the plan."""
    seconds: dict[str, float] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def timed(self, stage: str, since: float) -> None:
        self.seconds[stage] = round(time.perf_counter() - since, 2)


@dataclass(frozen=True)
class Asked:
    """What the register of plans says, or the note why it says nothing."""

    standing: Standing | None
    note: str


def run_report(
    settings: Settings,
    *,
    out: Path | None = None,
    progress: bool = True,
    say: Say = lambda _: None,
    options: RunOptions | None = None,
) -> Report:
    """Make the report of an analysis in ``out``/<name>/<run>, by default below ``reports``.

    ``say`` receives one line a stage, ``progress`` shows the sampler's bar. Raises SettingsError, DataError, FitError,
    GateError (unless ``gate.override``), PlanError or ReportError; a failed notebook is kept beside the runs.
    """
    since = time.perf_counter()
    run = _prepare(settings, out or reports(), say, options or RunOptions())
    try:
        request = _checked(run)
        run.timed("checks", since)
        conclusion = _results(run, request, progress)
        dataset, found = request.dataset, conclusion.judged
        _execute(run, conclusion)
        _render(run, dataset, found)
        manifest = _finish(run, dataset, found)
    except MMMError as error:
        _keep_failed(run, error)
        raise
    finally:
        discard(run.temporary)
    hidden = (INPUTS_FILE, EARLIER_FILE, RECORDS_FILE)
    files = {path.name: path for path in sorted(run.final.iterdir()) if path.is_file() and path.name not in hidden}
    return Report(run.final, files, manifest, tuple(run.notes))


def check_report(settings: Settings, out: Path, since: Path | None = None) -> tuple[Request, str, Asked]:
    """Everything that can be wrong before a fit: the data, and the files that the settings name.

    Returns what is asked for, the key of the report's inputs, and what the register below ``out`` says. Raises what
    :func:`run_report` raises for them.
    """
    notebook_path()
    if since is not None:
        _comparable(read_results(since), settings)
    request = checked_request(settings)
    dataset = request.dataset
    first = dataset.frequency.following(dataset.dates[-1], 1)[0].date()
    asked = Asked(*standing_or_note(settings.plan_register, out, settings.name, first))
    facts = None if asked.standing is None else asked.standing.facts
    return request, inputs_key(settings, dataset, notebook_path(), facts), asked


def notebook_path(name: str = NOTEBOOK) -> Path:
    """The notebook in the package (installed from a wheel) or at the root of the checkout."""
    package = Path(__file__).parents[2]
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / name).is_file():
            return folder / name
    raise ReportError(f"The notebook {name} was not found beside the package. Install it again, or restore the file.")


def _comparable(earlier: Results, settings: Settings) -> Results:
    """The results, if they are of the same analysis."""
    if earlier.name != settings.name:
        raise ReportError(
            f"The earlier report is of the analysis '{earlier.name}', this one is '{settings.name}'. "
            "Name a report of the same analysis with --since."
        )
    return earlier


def _prepare(settings: Settings, root: Path, say: Say, options: RunOptions) -> _Run:
    """The PDF library and the folders, before any data are read."""
    notes: list[str] = []
    formats: list[str] = list(settings.report.formats)
    try:
        if set(PRINTED) & set(formats):
            require_pdf()
    except ReportError as error:
        notes.append(str(error))
        say(str(error))
        formats = [name for name in formats if name not in PRINTED]
    folder = root / settings.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not folder.resolve().is_relative_to(root.resolve()):
            raise ReportError(f"'{folder}' leads out of '{root}' (a link). Reports are written inside it only.")
        sweep(folder)
        temporary = scratch_path(folder / "run")
        temporary.mkdir()
    except OSError as error:
        raise ReportError(
            f"Reports cannot be written to '{folder}' ({error.strerror}). Choose another folder with --out."
        ) from error
    started = datetime.now(UTC)
    final = _free_name(folder, started, options.label)
    return _Run(settings, options, temporary, final, tuple(formats), notes, say, started=started)


def _free_name(folder: Path, started: datetime, label: str) -> Path:
    stamp = f"{started:%Y%m%d-%H%M%S}" + (f"-{label}" if label else "")
    candidates = [stamp, *(f"{stamp}-{i}" for i in range(2, 100))]
    return next(folder / name for name in candidates if not (folder / name).exists())


def _checked(run: _Run) -> Request:
    settings = run.settings
    request, run.inputs, asked = check_report(settings, run.final.parent.parent, run.options.since)
    dataset, run.standing = request.dataset, asked.standing
    if asked.note:
        run.notes.append(asked.note)
        run.say(asked.note)
    sizes = (
        (len(dataset.dates), dataset.frequency.unit),
        (len(dataset.geos), "geo"),
        (len(dataset.channels), "channel"),
    )
    run.say(f"Data: {', '.join(f'{n} {unit}{"s" * (n != 1)}' for n, unit in sizes)}.")
    base, store = (os.path.relpath(p, run.final) for p in (settings.base, settings.placed_sampler.store))
    (run.temporary / SETTINGS_FILE).write_text(dump_settings(settings), encoding="utf-8")
    inputs = {"base": base, "store": store, "inputs": run.inputs, "started": run.started.isoformat()}
    (run.temporary / INPUTS_FILE).write_text(json.dumps(inputs), encoding="utf-8")
    if asked.standing is not None and asked.standing.records:
        records = [one.model_dump(mode="json") for one in asked.standing.records]
        (run.temporary / RECORDS_FILE).write_text(json.dumps(records), encoding="utf-8")
    earlier = _earlier(run)
    if earlier is not None:
        # A copy, so that the run's folder holds all that its notebook needs.
        (run.temporary / EARLIER_FILE).write_text(earlier.model_dump_json(), encoding="utf-8")
        run.say(f"Compared with the report of {earlier.made.started:%Y-%m-%d %H:%M} UTC.")
    return request


def _earlier(run: _Run) -> Results | None:
    if run.options.since is not None:
        return read_results(run.options.since)
    return earlier_report(run.final.parent, run.inputs, run.options.label)


def _results(run: _Run, request: Request, progress: bool) -> Conclusion:
    """Fits, analysis and plan, kept in the store, where a notebook finds them."""
    since = time.perf_counter()
    run.say(FITTING)
    found = judged(request, progress=progress, say=run.say)
    run.timed("fits", since)
    run.say(found.gate.summary)
    since = time.perf_counter()
    run.say("Analysing and planning.")
    made = concluded(request, found, say=run.say)
    run.timed("plan", since)
    return made


def _execute(run: _Run, found: Conclusion) -> None:
    """Runs the notebook with papermill; its outputs and the tables land in the temporary folder."""
    since = time.perf_counter()
    run.say("Writing the chapters.")
    folder = run.temporary.resolve()
    with handing(folder, found):
        execute(notebook_path(), folder)
    run.timed("notebook", since)


def _render(run: _Run, dataset: Dataset, found: Judged) -> None:
    import nbformat

    since = time.perf_counter()
    chapters = chapters_of(nbformat.read(run.temporary / "executed.ipynb", as_version=4))
    cover = _cover(run, dataset, found)
    if "html" in run.formats:
        (run.temporary / "report.html").write_text(web_page(chapters, cover), encoding="utf-8")
    if "pdf" in run.formats:
        (run.temporary / "report.pdf").write_bytes(pdf_bytes(print_page(chapters, cover)))
    if "brief" in run.formats:
        (run.temporary / "brief.pdf").write_bytes(pdf_bytes(brief_page(chapters, cover)))
    if set(PRINTED) & set(run.formats):
        _tell_unprintable(run, "".join((cover.title, cover.organisation, *(bare(c.answer) + c.html for c in chapters))))
    run.timed("rendering", since)


def _tell_unprintable(run: _Run, text: str) -> None:
    """Says which characters the PDF writes by their codes."""
    lacking = unprintable(text)
    if lacking:
        note = (
            f"No font on this machine has {' '.join(lacking[:20])}: the PDF writes their codes. Install one that does "
            "(on Debian fonts-noto-cjk or fonts-noto-color-emoji) and make the report again; the HTML is complete."
        )
        run.notes.append(note)
        run.say(note)


def _cover(run: _Run, dataset: Dataset, found: Judged) -> Cover:
    settings, report = run.settings, run.settings.report
    fmt = Formatter(
        dataset.currency, dataset.outcome_unit, True, report.number_format, report.date_format, language=report.language
    )
    t = fmt.t
    made = fmt.date(run.started.date())
    return Cover(
        title=settings.title or settings.name,
        subtitle=t("Budget recommendation, {dates}", dates=_horizon(dataset, settings, fmt)),
        date=made,
        look=make_look(report, dataset.channels),
        language=report.language,
        organisation=report.organisation or "",
        author=report.author or "",
        logo=logo_data(settings.base / report.logo) if report.logo is not None else "",
        colophon=t(
            "Made on {date} by mmm-workbench {version} from data {data}, fit {fit}, seed {seed}. Intervals hold 90% of "
            "what is plausible.",
            date=made,
            version=package_version("mmm-workbench"),
            data=dataset.fingerprint[:12],
            fit=found.fit.key[:12],
            seed=found.fit.seed,
        )
        + (" " + t("Questions: {author}.", author=report.author) if report.author else "")
        + standing_words(run.standing, fmt),
        templates=settings.base / report.templates if report.templates is not None else None,
    )


def _horizon(dataset: Dataset, settings: Settings, fmt: Formatter) -> str:
    """First and last day that the plan is for."""
    periods = parse_periods(settings.plan.horizon, dataset.frequency)
    ahead = dataset.frequency.following(dataset.dates[-1], periods)
    last = ahead[-1] + timedelta(days=dataset.frequency.days - 1)
    return fmt.date_range(ahead[0].date(), last.date())


def _finish(run: _Run, dataset: Dataset, found: Judged) -> dict[str, Any]:
    """Writes the manifest and gives the folder its name; the next free one where another run has taken it meanwhile."""
    manifest = _manifest(run, dataset, found)
    while True:
        text = json.dumps({**manifest, "run": run.final.name}, indent=1, ensure_ascii=False, allow_nan=False)
        (run.temporary / MANIFEST).write_text(text, encoding="utf-8")
        try:
            keep(run.temporary, run.final)
        except OSError:
            if not run.final.exists():
                raise
            run.final = _free_name(run.final.parent, run.started, run.options.label)
        else:
            return {**manifest, "run": run.final.name}


def _manifest(run: _Run, dataset: Dataset, found: Judged) -> dict[str, Any]:
    """What the files were made from, and their hashes."""
    outputs = {
        str(path.relative_to(run.temporary)): {"sha256": hashes.of_file(path), "bytes": path.stat().st_size}
        for path in sorted(run.temporary.rglob("*"))
        if path.is_file()
    }
    settings = run.settings
    manifest: dict[str, Any] = clean(
        {
            "name": settings.name,
            "label": run.options.label,
            "inputs": run.inputs,
            "started": run.started.isoformat(timespec="seconds"),
            "settings": settings.model_dump(mode="json"),
            "data": {"fingerprint": dataset.fingerprint, "source": settings.model_dump(mode="json")["data"]["source"]},
            "fit": {"key": found.fit.key, "engine": found.fit.engine, "seconds": found.fit.seconds},
            "seeds": {"sampler": settings.sampler.seed, "plan": settings.plan.seed},
            "versions": package_versions(),
            "gate": found.gate.to_dict(),
            "gate_overridden": not found.gate.passed,
            "seconds": run.seconds,
            "notes": run.notes,
            **({} if run.standing is None else {"plan_register": run.standing.to_manifest()}),
            "outputs": outputs,
        }
    )
    return manifest


def _keep_failed(run: _Run, error: MMMError) -> None:
    """Keeps the notebook of a run that failed in it, and the reason, under a name that no finished run has."""
    kept = run.final.with_name(f"{run.final.name}-failed")
    if (run.temporary / "executed.ipynb").exists() and not kept.exists():
        (run.temporary / "reason.txt").write_text(f"{error}\n", encoding="utf-8")
        keep(run.temporary, kept)
        error.add_note(f"{NOTEBOOK_KEPT}{kept}")
