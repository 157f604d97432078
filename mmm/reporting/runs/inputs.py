"""Everything that can be wrong before a fit, looked at in one place: every command says the same of the same input."""

from pathlib import Path

from mmm.data.dataset import Dataset
from mmm.model.mixture import Beliefs
from mmm.planning.possible import require_possible
from mmm.reporting.pages.render import logo_data
from mmm.reporting.pages.templating import check_templates
from mmm.reporting.settings import ReportSettings
from mmm.settings import Settings, load_dataset, load_evidence
from mmm.workflow import Request


def checked_inputs(settings: Settings, dataset: Dataset | None = None) -> Request:
    """What the settings ask to be fitted and judged, checked: data, experiments, model, plan, the report's files.

    ``dataset``, where given, is the panel of these settings, loaded before. Raises SettingsError, DataError, PlanError
    or ReportError; nothing is fitted.
    """
    check_files(settings.report, settings.base)
    dataset = dataset or load_dataset(settings)
    request = request_of(settings, dataset)
    request.beliefs.mixture(dataset)
    require_possible(dataset, settings.plan)
    return request


def check_files(report: ReportSettings, base: Path) -> None:
    """The logo and the templates that a report names can be used. Raises ReportError."""
    if report.logo is not None:
        logo_data(base / report.logo)
    if report.templates is not None:
        check_templates(base / report.templates)


def request_of(settings: Settings, dataset: Dataset) -> Request:
    """What the settings ask to be fitted and judged, on their panel. Raises what is wrong with the experiments."""
    beliefs = Beliefs(settings.model, load_evidence(settings, dataset))
    return Request(dataset, beliefs, settings.sampler, settings.gate, settings.backtest)
