"""What the report's notebook works with: one object that receives the results and shows the chapters."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mmm.assessment.lights import lights
from mmm.calibration.read import promises
from mmm.data.quality import quality_report
from mmm.errors import ReportError
from mmm.planning import Plan
from mmm.register.ledger import Record
from mmm.reporting.chapters import (
    backtest,
    belief,
    campaigns,
    changes,
    costs,
    customers,
    experiments,
    future,
    journeys,
    lenses,
    own,
    past,
    record,
    summary,
    ways,
)
from mmm.reporting.content import what_if
from mmm.reporting.content.from_fit import (
    basis_of,
    fit_facts,
    formatters,
    meaning_of,
    model_views,
    outcome_words,
    workings_of,
)
from mmm.reporting.content.from_plan import decision_of, plan_tables, scenario_lines
from mmm.reporting.content.material import Origin
from mmm.reporting.content.results import Results, read_results
from mmm.reporting.design.look import Look, make_look
from mmm.reporting.figures.sheet import Drawn
from mmm.reporting.files.export import write_figures, write_outputs
from mmm.reporting.pages.parts import Chapter
from mmm.reporting.pages.render import jupyter_html
from mmm.reporting.pages.telling import Telling
from mmm.settings import Settings, load_settings
from mmm.settings.request import lenses_of, request_of
from mmm.workflow import Conclusion, concluded
from mmm.workflow.lenses import SeenThrough, seen_through

CHAPTER_MIME = "application/vnd.mmm.chapter+json"
SETTINGS_FILE, INPUTS_FILE, EARLIER_FILE, RECORDS_FILE = "settings.yaml", "inputs.json", "earlier.json", "records.json"

_HANDED: dict[Path, Conclusion] = {}
"""Results of the runs whose notebook is run by this process, by the run's folder."""


@dataclass(frozen=True)
class Shown:
    """A chapter as a notebook's output: HTML for the reader of the notebook, data for the report."""

    chapter: Chapter
    look: Look

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": jupyter_html(self.chapter, self.look), CHAPTER_MIME: self.chapter.to_data()}


@dataclass(frozen=True)
class Story:
    """Results of one run and the chapters that tell them."""

    settings: Settings
    found: Conclusion
    material: Telling
    drawn: dict[str, Drawn] = field(default_factory=dict)
    """Figures of the chapters shown so far."""

    @property
    def plan(self) -> Plan:
        return self.found.plan

    @cached_property
    def look(self) -> Look:
        return self.material.look

    @cached_property
    def identified(self) -> Telling:
        """What the chapters read: the material, its numbers with their identity."""
        return self.material.for_chapters()

    def summary(self) -> Shown:
        """Page one."""
        return self._shown(summary.summary(self.identified))

    def drivers(self) -> Shown:
        """What drove the outcome."""
        return self._shown(past.drivers(self.identified))

    def returns(self) -> Shown:
        """Average and marginal return by channel."""
        return self._shown(past.channel_returns(self.identified))

    def saturation(self) -> Shown:
        """Response curves."""
        return self._shown(past.saturation(self.identified))

    def lenses(self) -> list[Shown]:
        """What reaches the outcome by a detour, then the same money through other lenses: those that there are."""
        told = (ways.ways, lenses.lenses, costs.costs, campaigns.campaigns, customers.customers, journeys.journeys)
        made = (tell(self.identified) for tell in told)
        return [self._shown(chapter) for chapter in made if chapter is not None]

    def plan_by_channel(self) -> Shown:
        """The plan."""
        return self._shown(future.plan(self.identified))

    def what_if(self) -> Shown:
        """Other budgets and scenarios."""
        return self._shown(future.what_if(self.identified))

    def changes(self) -> Shown | None:
        """What changed since the earlier report; nothing where there is none."""
        chapter = changes.changes(self.identified)
        return None if chapter is None else self._shown(chapter)

    def backtest(self) -> Shown | None:
        """Earlier refreshes; nothing where no backtest was made."""
        chapter = backtest.backtest(self.identified)
        return None if chapter is None else self._shown(chapter)

    def belief(self) -> Shown:
        """Fit, held-out forecast, gate."""
        return self._shown(belief.belief(self.identified))

    def experiments(self) -> Shown | None:
        """What tests taught; nothing where the model was told of none."""
        chapter = experiments.experiments(self.identified)
        return None if chapter is None else self._shown(chapter)

    def further(self) -> list[Shown]:
        """Chapters of one's own."""
        made = (make(self.identified) for make in own.CHAPTERS.values())
        return [self._shown(chapter) for chapter in made if chapter is not None]

    def data(self) -> Shown:
        """Data and assumptions."""
        return self._shown(record.data(self.identified))

    def appendix(self) -> Shown:
        """For statisticians."""
        return self._shown(record.appendix(self.identified))

    def _shown(self, chapter: Chapter) -> Shown:
        self.drawn.update({f.name: f for f in chapter.figures})
        return Shown(chapter, self.look)

    def save(self, folder: str | Path) -> None:
        """Writes allocation.csv, allocation.xlsx and results.json to ``folder``, and the figures shown so far."""
        write_outputs(self.material, Path(folder))
        if self.settings.report.figures:
            write_figures(tuple(self.drawn.values()), Path(folder) / "figures")


def open_run(folder: str | Path) -> Story:
    """The results of a run folder: its settings.yaml decides, fits come from the store.

    Raises ReportError where the folder is not that of a run, and what data, fit and plan raise.
    """
    run = Path(folder)
    try:
        inputs = json.loads((run / INPUTS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"'{run}' is no folder of a report: {INPUTS_FILE} cannot be read. Run mmm report.") from error
    settings = load_settings(run / SETTINGS_FILE).with_base(run / inputs["base"])
    return tell(
        settings,
        Run(
            started=datetime.fromisoformat(inputs["started"]),
            inputs=inputs["inputs"],
            store=os.path.normpath(run / inputs["store"]),
            earlier=read_results(run / EARLIER_FILE) if (run / EARLIER_FILE).exists() else None,
            records=_records(run / RECORDS_FILE),
        ),
        _HANDED.get(run),
    )


@dataclass(frozen=True)
class Run:
    """What a run knows beyond its settings.

    ``store`` is where the fits are, if not where the settings say. ``earlier`` are
    the results of the report to compare with.
    """

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    inputs: str = ""
    store: str | None = None
    earlier: Results | None = None
    records: tuple[Record, ...] = ()
    """What became of earlier promises of the analysis, by the register of plans."""


def _records(path: Path) -> tuple[Record, ...]:
    """The track records of a run's folder; none where it has no such file. Raises ReportError."""
    if not path.exists():
        return ()
    try:
        return tuple(Record.model_validate(one) for one in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ReportError(f"'{path}' cannot be read. Make the report again.") from error


@contextmanager
def handing(folder: Path, found: Conclusion) -> Iterator[None]:
    """While this lasts, :func:`open_run` of the folder takes these results instead of looking for them."""
    _HANDED[folder] = found
    try:
        yield
    finally:
        del _HANDED[folder]


def tell(settings: Settings, run: Run | None = None, found: Conclusion | None = None) -> Story:
    """What follows from settings, found or made, and the material of the chapters; ``found`` where it is at hand."""
    run = run or Run()
    request = request_of(settings, None if found is None else found.dataset)
    # The gate was asked before the notebook ran; who opens a run by hand sees what there is, the gate included.
    seen = replace(request, gate=request.gate.model_copy(update={"override": True}))
    seen = seen if run.store is None else seen.with_store(run.store)
    found = concluded(seen) if found is None else found
    asked = lenses_of(settings, seen.worth)
    other = seen_through(found.fit, found.analysis, asked, seen.store) if asked.any else None
    return told(settings, found, run, other)


def told(settings: Settings, found: Conclusion, run: Run | None = None, other: SeenThrough | None = None) -> Story:
    """As :func:`tell`, for results that are at hand; ``other`` are the lenses beside the model."""
    return Story(settings, found, _material(settings, found, run or Run(), other))


def _material(settings: Settings, found: Conclusion, run: Run, other: SeenThrough | None) -> Telling:
    dataset, judged, plan, options = found.dataset, found.judged, found.plan, found.options
    fit = found.fit
    fmt, gain_fmt = formatters(settings.report, settings.plan, dataset, found.analysis)
    report = settings.report
    look = make_look(report, dataset.channels)
    hidden = 0 if judged.holdout is None else len(judged.holdout.dates)
    scenarios = scenario_lines(plan, options.alternatives, gain_fmt)
    return Telling(
        settings=settings,
        origin=Origin(run.started, fit.key, fit.engine, fit.seed, plan.dates[0].date(), run.inputs),
        basis=basis_of(fit, dataset, fmt),
        quality=quality_report(dataset, settings.data),
        gate=judged.gate,
        lights=lights(judged.gate.checks, fit.spec.channel_names),
        holdout=judged.holdout,
        agreed=judged.agreed,
        lessons=found.lessons,
        promised=promises(settings.experiments, dataset.frequency, settings.base),
        meaning=meaning_of(fit, found.analysis, fmt),
        decision=replace(decision_of(plan, options.curve, gain_fmt), doubtful=judged.gate.doubtful),
        plan=plan_tables(plan, options, scenarios, gain_fmt),
        workings=workings_of(fit, settings, fit_facts(fit, hidden)),
        fmt=fmt,
        gain_fmt=gain_fmt,
        gain_outcome=outcome_words(dataset, fmt)[1],
        look=look,
        what_if=what_if.payload(plan, gain_fmt, look, report.what_if_draws) if report.what_if else None,
        backtest=judged.backtest,
        earlier=run.earlier,
        records=run.records,
        lenses=other,
        models=model_views(fit, found.analysis.models, options.models, fmt),
    )
