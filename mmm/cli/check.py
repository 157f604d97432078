"""``mmm check``: what the data hold, and what looks wrong with them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import typer

from mmm.assessment.backtest import short_finding
from mmm.assessment.causes import WORDS, identified, told
from mmm.assessment.graph import read_graph
from mmm.cli.output import counted, table
from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.data.exports.reconciled import reconciliation
from mmm.data.load import joined
from mmm.data.quality import QualityReport, quality_report
from mmm.digits import amount
from mmm.planning.worth import margin_finding
from mmm.reporting.content.from_fit import notation
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.runs.inputs import checked_request
from mmm.settings import Settings, load_dataset, load_settings, read_parameters
from mmm.workflow import Request


def show_data(config: Path, parameters: list[str]) -> None:
    """Print the panel's outline, its channels and the findings of the quality report.

    Raises what is wrong with the settings, the data, the plan and the report's files: with the data at once, with the
    others after the findings.
    """
    settings = load_settings(config, read_parameters(parameters))
    dataset = load_dataset(settings)
    account = _sources(settings)
    # The account stands in the table above, and is the last of the notes.
    dataset = replace(dataset, notes=dataset.notes[: len(dataset.notes) - account])
    repeats = settings.plan.reference == "last"
    horizon = parse_periods(settings.plan.horizon, dataset.frequency) if repeats else None
    report = quality_report(dataset, settings.data, horizon)
    _outline(dataset, settings.title or settings.name)
    _channels(dataset, notation(settings, dataset))
    asked_for = "backtest" in settings.model_fields_set
    further = (margin_finding(dataset, settings.plan), short_finding(dataset, settings.backtest) if asked_for else None)
    missing = tuple(finding for finding in further if finding is not None)
    report = QualityReport((*report.warnings, *missing, *(f for f in report.findings if f.severity != "warning")))
    _findings(report)
    _causes(checked_request(settings, dataset))


def _sources(settings: Settings) -> int:
    """Print what became of the rows and the money of each file; returns the number of files."""
    if not settings.data.sources:
        return 0
    lines = joined(settings.data, settings.base).lines
    found = reconciliation(lines, settings.data.currency)
    columns = list(found.columns)
    right = ["rows", *(c for c in columns if c.startswith("in the panel")), "outside its days"]
    table("Files and what the panel took of them", columns, found.itertuples(index=False), right=right)
    return len(lines)


def _findings(report: QualityReport) -> None:
    findings = report.table()
    if findings.empty:
        typer.echo("No findings: nothing looks wrong with the data.")
        return
    columns = ["severity", "channel", "where", "message", "suggestion"]
    table("Findings (nothing was changed in the data)", columns, findings[columns].itertuples(index=False))
    remarks = len(report.findings) - len(report.warnings)
    typer.echo(f"{counted(len(report.warnings), 'warning')}, {counted(remarks, 'remark')}.")


def _causes(request: Request) -> None:
    """Print which effects the model finds, by what the settings state causes what."""
    if request.gate.graph is None:
        return
    spec = request.beliefs.mixture(request.dataset).members[0].spec
    reached = {name: tuple(stage.reached_by) for name, stage in request.beliefs.model.stages.items()}
    found = identified(read_graph(request.gate.graph), request.dataset, spec, reached)
    rows = [(one.channel, WORDS[one.found], " ".join(told(one)) or "-") for one in found]
    table("What the model finds, by the stated causes", ["channel", "effect", "because"], rows)


def _outline(dataset: Dataset, title: str) -> None:
    dates = dataset.dates
    ends = dataset.rows().places
    observed = dataset.data["observed"].values[ends]
    hidden = int((~observed).sum())
    rows: list[tuple[str, object]] = [
        ("periods", f"{len(dates)} ({dataset.frequency}), {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"),
        ("geos", f"{len(dataset.geos)}: {', '.join(dataset.geos)}"),
        ("outcome", f"{dataset.outcome_name} ({dataset.outcome_kind}, {dataset.outcome_unit})"),
        ("value per unit", "known" if dataset.has_value else "not known: no ROAS, cost per unit instead"),
        ("controls", ", ".join(dataset.controls) or "none"),
        ("size of a geo", "population" if dataset.has_population else "its mean outcome (no population given)"),
        ("not observed", f"{hidden} of {observed.size} cells, as declared" if hidden else "none"),
        ("fingerprint", dataset.fingerprint[:16]),
    ]
    if dataset.coarse:
        rows.insert(1, ("outcome rows", f"{len(ends)}, each the sum over its days"))
    if len(dataset.geos) == 1:
        rows = [row for row in rows if row[0] not in ("geos", "size of a geo")]
    table(title, ["", ""], rows)


def _channels(dataset: Dataset, fmt: Formatter) -> None:
    money = dataset.with_channels(dataset.paid)
    spend = money.data["spend"].sum("geo")
    outcome_value = float(np.nansum(dataset.data["outcome"].values * dataset.data["value_per_unit"].values))
    rows = []
    for place, name in enumerate(money.channels):
        weekly = spend.sel(channel=name).values
        total = float(weekly.sum())
        share = fmt.percent(total / outcome_value) if dataset.has_value and outcome_value > 0 else "-"
        active = f"{int((weekly > 0).sum())}"
        rows.append((name, fmt.exact(total), share, active, fmt.exact(weekly.max()), money.media_unit[place]))
    columns = ["channel", "spend", "of outcome", "active periods", "largest period", "driven by"]
    table("Channels", columns, rows, right=columns[1:5])
    if len(money.channels) < len(dataset.channels):
        _unpaid(dataset)


def _unpaid(dataset: Dataset) -> None:
    rest = dataset.with_channels([name for name in dataset.channels if name not in dataset.paid])
    rows = []
    for name, role, unit in zip(rest.channels, rest.channel_roles, rest.media_unit, strict=True):
        media = rest.data["media"].sum("geo").sel(channel=name).values
        rows.append((name, role.label, amount(float(media.sum())), f"{int((media > 0).sum())}", unit))
    columns = ["channel", "role", "units", "active periods", "driven by"]
    table("Channels without a cost", columns, rows, right=columns[2:4])
