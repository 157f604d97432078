"""What can be wrong with an analysis before its fit: the report's files, and all that its request can be wrong in."""

from pathlib import Path

from mmm.data.dataset import Dataset
from mmm.reporting.pages.render import logo_data
from mmm.reporting.pages.templating import check_templates
from mmm.settings import Settings
from mmm.settings.report import ReportSettings
from mmm.settings.request import lenses_of, request_of
from mmm.workflow import Request, checked
from mmm.workflow.lenses import require_readable


def checked_request(settings: Settings, dataset: Dataset | None = None) -> Request:
    """What the settings ask for, after every look that any command takes: all say the same of the same input.

    ``dataset``, where given, is the panel of these settings, loaded before. Raises SettingsError, DataError, PlanError
    or ReportError; nothing is fitted.
    """
    check_files(settings.report, settings.base)
    request = checked(request_of(settings, dataset))
    require_readable(lenses_of(settings, request.worth))
    return request


def check_files(report: ReportSettings, base: Path) -> None:
    """The logo and the templates that a report names can be used. Raises ReportError."""
    if report.logo is not None:
        logo_data(base / report.logo)
    if report.templates is not None:
        check_templates(base / report.templates)
