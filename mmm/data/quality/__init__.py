"""The quality report: what a reader should know of the data before a model is fitted. Nothing is repaired."""

from collections.abc import Iterator

from threadpoolctl import threadpool_limits

from mmm.data.coarse import evened
from mmm.data.dataset import Dataset
from mmm.data.quality.channels import channel_findings, collinear_findings, control_findings, size_findings
from mmm.data.quality.coarse import coarse_findings
from mmm.data.quality.demand import demand_findings
from mmm.data.quality.outcome import outcome_findings
from mmm.data.quality.periods import (
    end_findings,
    label_findings,
    pause_findings,
    runs_of,
    weekday_findings,
    zero_findings,
)
from mmm.data.quality.report import Finding, QualityReport, Severity, ordered
from mmm.data.quality.spend import spend_findings
from mmm.data.quality.units import unit_findings
from mmm.data.settings import DataSettings, QualitySettings

__all__ = ["Finding", "QualityReport", "Severity", "quality_report"]


def quality_report(dataset: Dataset, settings: DataSettings | None = None, horizon: int | None = None) -> QualityReport:
    """Everything found, warnings first.

    ``settings`` are those that the data were read with: their thresholds, names of columns and what was declared.
    ``horizon`` is that of the plan in periods, where one is to be made that starts from the last periods.
    """
    # Many small matrices: threads of the BLAS would wait for each other more than they work.
    with threadpool_limits(1):
        return QualityReport(ordered(_findings(dataset, settings, horizon)))


def _findings(dataset: Dataset, settings: DataSettings | None, horizon: int | None) -> Iterator[Finding]:
    chosen = QualitySettings() if settings is None else settings.quality
    # The weeks of joined sources are made from days, so that their first day is known.
    label = None if settings is None else "start" if settings.sources else settings.week_label
    columns = {} if settings is None else {n: c.spend for n, c in settings.channels.items() if c.spend is not None}
    notes = [Finding("info", "note", note, "Nothing to do if this is meant.") for note in dataset.notes]
    if dataset.coarse:
        yield from coarse_findings(dataset)
        yield from _media_findings(evened(dataset), chosen, columns, label)
        yield from notes
        return
    money = dataset.with_channels(dataset.paid)
    slips = tuple(spend_findings(money, chosen))
    doubtful = [slip for slip in slips if slip.code in {"tenfold_value", "isolated_zero"}]
    zeros, ends = runs_of(dataset), tuple(end_findings(dataset))
    explained = {date for end in ends for date in end.dates}
    shocks = [
        shock
        for shock in outcome_findings(dataset, chosen, doubtful, broken=bool(zeros))
        if not (shock.code == "outcome_shock" and explained.issuperset(shock.dates))
    ]
    yield from unit_findings(money, columns)
    yield from zero_findings(dataset, zeros)
    yield from ends
    yield from slips
    yield from shocks
    yield from weekday_findings(dataset)
    yield from (pause_findings(money, horizon) if horizon else ())
    yield from label_findings(dataset, label)
    yield from channel_findings(dataset, chosen)
    yield from collinear_findings(dataset, chosen)
    yield from control_findings(dataset)
    yield from demand_findings(dataset, chosen)
    yield from size_findings(dataset, chosen)
    yield from notes


def _media_findings(
    dataset: Dataset, chosen: QualitySettings, columns: dict[str, str], label: str | None
) -> Iterator[Finding]:
    """What can be said of media and controls where outcomes of single periods are not known."""
    money = dataset.with_channels(dataset.paid)
    yield from unit_findings(money, columns)
    yield from (slip for slip in spend_findings(money, chosen) if slip.channel is not None)
    yield from label_findings(dataset, label)
    yield from channel_findings(dataset, chosen)
    yield from collinear_findings(dataset, chosen)
    yield from control_findings(dataset)
