"""The quality report: what a reader should know of the data before a model is fitted. Nothing is repaired."""

from mmm.data.dataset import Dataset
from mmm.data.quality.channels import channel_findings, collinear_findings, control_findings, size_findings
from mmm.data.quality.demand import demand_findings
from mmm.data.quality.outcome import outcome_findings
from mmm.data.quality.report import Finding, QualityReport, Severity, ordered
from mmm.data.quality.spend import spend_findings
from mmm.data.settings import QualitySettings

__all__ = ["Finding", "QualityReport", "Severity", "quality_report"]


def quality_report(dataset: Dataset, settings: QualitySettings | None = None) -> QualityReport:
    """Everything found, warnings first; ``settings`` holds the thresholds."""
    chosen = QualitySettings() if settings is None else settings
    notes = [Finding("info", "note", note, "Nothing to do if this is meant.") for note in dataset.notes]
    slips = tuple(spend_findings(dataset, chosen))
    doubtful = [slip for slip in slips if slip.code in {"tenfold_value", "isolated_zero"}]
    return QualityReport(
        ordered(
            [
                *slips,
                *outcome_findings(dataset, chosen, doubtful),
                *channel_findings(dataset, chosen),
                *collinear_findings(dataset, chosen),
                *control_findings(dataset),
                *demand_findings(dataset, chosen),
                *size_findings(dataset, chosen),
                *notes,
            ]
        )
    )
