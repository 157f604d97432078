"""Bayesian media mix modeling, from weekly spend to a budget decision with honest uncertainty.

    import mmm

    dataset = mmm.from_frame(table, outcome="revenue", channels=["tv", "search"], currency="EUR")
    fit = mmm.fit(dataset)
    plan = mmm.plan(fit, total_budget=1_200_000, horizon="13 weeks")
    mmm.plot.plan(plan)
    mmm.report(fit, plan)

The names below are all that is public; ``mmm.plot``, ``mmm.extend``, ``mmm.costs`` and ``mmm.errors`` are modules. They
are imported on first use, so that ``import mmm`` and the command line stay quick.
"""

# Known to type checkers; importing typing takes longer than all the rest of this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mmm import costs, errors, extend, plot
    from mmm.analysis import Analysis
    from mmm.analysis.models import by_model, disagreement
    from mmm.api.compare import compare_models
    from mmm.api.data import correlations, from_frame, load
    from mmm.api.desk import design_tests, read_tests
    from mmm.api.fit import Fit, fit
    from mmm.api.plan import plan
    from mmm.api.report import report
    from mmm.assessment.gate import GateReport
    from mmm.assessment.settings import GateSettings
    from mmm.data.dataset import Dataset
    from mmm.data.quality import quality_report
    from mmm.inference.preview import Preview, preview
    from mmm.inference.settings import SamplerSettings
    from mmm.model.build import build
    from mmm.model.settings import ModelSettings
    from mmm.model.spec import ModelSpec, make_spec
    from mmm.planning import Plan, PlanSettings
    from mmm.planning.advice import advise
    from mmm.planning.curve import budget_curve
    from mmm.planning.flighting import flighting
    from mmm.planning.information import perfect_information
    from mmm.planning.models import plan_by_model
    from mmm.planning.moves import few_moves, key_moves
    from mmm.planning.scenarios import scenario_plans, spend_by_scenario
    from mmm.settings import Settings, load_dataset, load_settings
    from mmm.settings.report import ReportSettings

_WHERE = {
    "Analysis": "mmm.analysis",
    "Dataset": "mmm.data.dataset",
    "Fit": "mmm.api.fit",
    "GateReport": "mmm.assessment.gate",
    "GateSettings": "mmm.assessment.settings",
    "ModelSettings": "mmm.model.settings",
    "ModelSpec": "mmm.model.spec",
    "Plan": "mmm.planning",
    "PlanSettings": "mmm.planning",
    "Preview": "mmm.inference.preview",
    "ReportSettings": "mmm.settings.report",
    "SamplerSettings": "mmm.inference.settings",
    "Settings": "mmm.settings",
    "advise": "mmm.planning.advice",
    "budget_curve": "mmm.planning.curve",
    "build": "mmm.model.build",
    "by_model": "mmm.analysis.models",
    "compare_models": "mmm.api.compare",
    "correlations": "mmm.api.data",
    "design_tests": "mmm.api.desk",
    "disagreement": "mmm.analysis.models",
    "few_moves": "mmm.planning.moves",
    "fit": "mmm.api.fit",
    "flighting": "mmm.planning.flighting",
    "from_frame": "mmm.api.data",
    "key_moves": "mmm.planning.moves",
    "load": "mmm.api.data",
    "load_dataset": "mmm.settings",
    "load_settings": "mmm.settings",
    "make_spec": "mmm.model.spec",
    "perfect_information": "mmm.planning.information",
    "plan": "mmm.api.plan",
    "plan_by_model": "mmm.planning.models",
    "preview": "mmm.inference.preview",
    "quality_report": "mmm.data.quality",
    "read_tests": "mmm.api.desk",
    "report": "mmm.api.report",
    "scenario_plans": "mmm.planning.scenarios",
    "spend_by_scenario": "mmm.planning.scenarios",
}
_MODULES = ("costs", "errors", "extend", "plot")

__all__ = [
    "Analysis",
    "Dataset",
    "Fit",
    "GateReport",
    "GateSettings",
    "ModelSettings",
    "ModelSpec",
    "Plan",
    "PlanSettings",
    "Preview",
    "ReportSettings",
    "SamplerSettings",
    "Settings",
    "advise",
    "budget_curve",
    "build",
    "by_model",
    "compare_models",
    "correlations",
    "costs",
    "design_tests",
    "disagreement",
    "errors",
    "extend",
    "few_moves",
    "fit",
    "flighting",
    "from_frame",
    "key_moves",
    "load",
    "load_dataset",
    "load_settings",
    "make_spec",
    "perfect_information",
    "plan",
    "plan_by_model",
    "plot",
    "preview",
    "quality_report",
    "read_tests",
    "report",
    "scenario_plans",
    "spend_by_scenario",
]


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"mmm.{name}")
    if name not in _WHERE:
        raise AttributeError(f"module 'mmm' has no attribute '{name}'{_near(name)}")
    return getattr(import_module(_WHERE[name]), name)


def _near(name: str) -> str:
    """What may have been meant, for a person; programs ask for names with underscores and want no search."""
    from mmm.suggest import suggestion

    return "" if name.startswith("_") else f". {suggestion(name, __all__)}"


def __dir__() -> list[str]:
    return __all__
