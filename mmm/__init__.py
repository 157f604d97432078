"""Bayesian media mix modeling, from weekly spend to a budget decision with honest uncertainty.

The public names below are imported on first use, so that ``import mmm`` and the command line stay quick.
"""

# Known to type checkers; importing typing takes longer than all the rest of this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mmm.analysis import Analysis, analyse
    from mmm.assessment.gate import GateReport, gate
    from mmm.data.dataset import Dataset
    from mmm.data.load import from_frame, load
    from mmm.inference.fit import Fit
    from mmm.inference.preview import Preview, preview
    from mmm.inference.sample import fit_model
    from mmm.inference.store import obtain
    from mmm.model.build import build
    from mmm.model.spec import ModelSpec, make_spec
    from mmm.planning import Plan, plan
    from mmm.settings import Settings, load_settings

_WHERE = {
    "Analysis": "mmm.analysis",
    "Dataset": "mmm.data.dataset",
    "Fit": "mmm.inference.fit",
    "GateReport": "mmm.assessment.gate",
    "ModelSpec": "mmm.model.spec",
    "Plan": "mmm.planning",
    "Preview": "mmm.inference.preview",
    "Settings": "mmm.settings",
    "analyse": "mmm.analysis",
    "build": "mmm.model.build",
    "fit_model": "mmm.inference.sample",
    "from_frame": "mmm.data.load",
    "gate": "mmm.assessment.gate",
    "load": "mmm.data.load",
    "load_settings": "mmm.settings",
    "make_spec": "mmm.model.spec",
    "obtain": "mmm.inference.store",
    "plan": "mmm.planning",
    "preview": "mmm.inference.preview",
}

__all__ = [
    "Analysis",
    "Dataset",
    "Fit",
    "GateReport",
    "ModelSpec",
    "Plan",
    "Preview",
    "Settings",
    "analyse",
    "build",
    "fit_model",
    "from_frame",
    "gate",
    "load",
    "load_settings",
    "make_spec",
    "obtain",
    "plan",
    "preview",
]


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name not in _WHERE:
        raise AttributeError(f"module 'mmm' has no attribute '{name}'")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return __all__
