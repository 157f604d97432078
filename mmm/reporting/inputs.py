"""Everything that can be wrong before a fit, looked at in one place: every command says the same of the same input."""

from dataclasses import dataclass

from mmm.data.dataset import Dataset
from mmm.model.mixture import Beliefs
from mmm.planning.possible import require_possible
from mmm.reporting.render import logo_data
from mmm.reporting.templating import check_templates
from mmm.settings import Settings, load_dataset, load_evidence


@dataclass(frozen=True)
class Inputs:
    """What a command starts from: the panel, and what is believed of it before it is seen."""

    dataset: Dataset
    beliefs: Beliefs


def checked_inputs(settings: Settings, dataset: Dataset | None = None) -> Inputs:
    """The inputs that the settings name, checked: data, experiments, model, plan, and the report's files.

    ``dataset``, where given, is the panel of these settings, loaded before. Raises SettingsError, DataError, PlanError
    or ReportError; nothing is fitted.
    """
    report = settings.report
    if report.logo is not None:
        logo_data(settings.base / report.logo)
    if report.templates is not None:
        check_templates(settings.base / report.templates)
    dataset = dataset or load_dataset(settings)
    beliefs = Beliefs(settings.model, load_evidence(settings, dataset))
    beliefs.mixture(dataset)
    require_possible(dataset, settings.plan)
    return Inputs(dataset, beliefs)
