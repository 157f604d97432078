"""``mmm.report``: the report of a fit, from objects."""

from pathlib import Path
from typing import Any

from mmm.api.fit import Fit, Say
from mmm.api.sections import kept_source, with_sections
from mmm.data.written import data_frame
from mmm.errors import ReportError, SettingsError
from mmm.files import write_whole
from mmm.inference import fit as inference
from mmm.planning import Plan, PlanSettings
from mmm.reporting.runs.run import Report, run_report


def report(
    fit: inference.Fit,
    plan: Plan | PlanSettings | None = None,
    *,
    out: str | Path = "reports",
    say: Say = lambda _: None,
    **words: Any,
) -> Report:
    """Make the report of a fit and its plan below ``out``: HTML, PDF, tables, and the settings that make it again.

    ``plan`` is one that :func:`mmm.plan` made, or settings of one; by default that of the fit's settings. Keywords are
    ``name`` (of the folder), ``title``, and the keys of the section ``report`` of a settings file: ``organisation``,
    ``author``, ``language``, ``formats`` and so on. Data that came from memory are kept beside the report.

    ``say`` receives one line a stage. Raises GateError where the fit failed its gate, SettingsError for a keyword that
    breaks a rule, ReportError where the folder cannot be written.
    """
    if not isinstance(fit, Fit):
        raise SettingsError(
            f"mmm.report: fit is a {type(fit).__name__} that was not made by mmm.fit, so that nothing is known of how "
            "to judge it. Make the fit with mmm.fit(dataset)."
        )
    sections: dict[str, Any] = {key: words.pop(key) for key in ("name", "title") if key in words}
    if words:
        sections["report"] = words
    if plan is not None:
        sections["plan"] = plan.settings if isinstance(plan, Plan) else plan
    settings = with_sections(fit.settings, sections, "mmm.report") if sections else fit.settings
    folder = Path(out)
    if settings.data.source == kept_source(fit.request.dataset):
        _keep(fit, folder / settings.name)
        settings = settings.with_base(folder / settings.name)
    return run_report(settings, out=folder, progress=False, say=say)


def _keep(fit: Fit, folder: Path) -> None:
    """The data as a file that the report's settings name."""
    path = folder / kept_source(fit.request.dataset)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, data_frame(fit.request.dataset).to_parquet(index=False))
    except OSError as error:
        raise ReportError(
            f"The data cannot be kept in '{path}' ({error.strerror or error}). Choose another folder with out=..."
        ) from error
