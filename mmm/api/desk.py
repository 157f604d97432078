"""``mmm.design_tests`` and ``mmm.read_tests``: which test is worth its price, and what tests said."""

from typing import Any

from mmm.api.fit import Fit
from mmm.api.plan import plan as made_plan
from mmm.api.sections import with_sections
from mmm.assessment.gate import demand_pass
from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.experiments import reading
from mmm.experiments.settings import DeskSettings
from mmm.planning import Plan
from mmm.settings import Settings
from mmm.workflow.desk import Worked, worked


def design_tests(fit: Fit, plan: Plan | None = None, **design: Any) -> Worked:
    """Tests that could be run after the data, ranked by what they are worth to ``plan`` (``mmm.plan(fit)`` by default).

    Keywords are the fields of ``desk.design`` in a settings file (``channels``, ``kinds``, ``lengths``, ``shares``,
    ``cells``, ``latest``...) and replace those of the fit's settings. ``table`` of the result has one row an arm of
    each test, ``power`` their power curves; ``best`` is the one to run, ``schedule`` an order within a budget.

    Raises GateError where the gate failed, SettingsError for a setting that breaks a rule, DataError where no test is
    possible.
    """
    if not isinstance(fit, Fit):
        raise SettingsError(
            f"mmm.design_tests: fit is a {type(fit).__name__}; the rule is a fit. Make one with mmm.fit(dataset)."
        )
    chosen = with_sections(fit.settings, {"desk": {"design": design}}, "mmm.design_tests").desk or DeskSettings()
    demand_pass(fit.gate, fit.request.gate)
    return worked(fit.dataset, made_plan(fit) if plan is None else plan, chosen.design)


def read_tests(settings: Settings, dataset: Dataset | None = None) -> reading.TestsRead:
    """Read the tests of ``desk.readouts``, from panels of their own or from ``dataset``, the analysis' data.

    ``readouts`` of the result are what each said, ``evidence`` the rows that the model takes, ``section`` the same for
    ``mmm.fit(dataset, settings, experiments=read.section)``. Raises SettingsError where the settings name no test,
    DataError for the first one that cannot be read, with the reason.
    """
    if settings.desk is None or not settings.desk.readouts:
        raise SettingsError(
            "mmm.read_tests: the settings name no test under desk.readouts. docs/experiments.md shows one."
        )
    return reading.read_tests(settings.desk, dataset, settings.base, settings.data.currency)
