"""Sections of the settings from keywords: one document, checked as a whole, as if it had been read from a file."""

from collections.abc import Mapping
from typing import Any, TypedDict

from mmm.assessment.backtest import BacktestSettings
from mmm.assessment.settings import GateSettings
from mmm.attribution.settings import AttributionSettings
from mmm.calibration.settings import ExperimentsSettings
from mmm.campaigns.settings import CampaignSettings
from mmm.costs.settings import CostsSettings
from mmm.data.dataset import Dataset
from mmm.data.written import data_document
from mmm.inference.settings import SamplerSettings
from mmm.ltv.settings import LtvSettings
from mmm.model.settings import ModelSettings
from mmm.planning.settings import PlanSettings
from mmm.section import Section
from mmm.settings import Settings, settings_from
from mmm.settings.report import ReportSettings

NAME = "analysis"
"""Name of an analysis that was given in memory, where nobody names it."""


class Sections(TypedDict, total=False):
    """Sections by name, each as its settings object or as a mapping of the keys that differ.

    A mapping goes into what is there already (the defaults, or the settings that are given); an object replaces it.
    """

    name: str
    title: str
    model: ModelSettings | Mapping[str, Any]
    experiments: ExperimentsSettings | Mapping[str, Any]
    sampler: SamplerSettings | Mapping[str, Any]
    gate: GateSettings | Mapping[str, Any]
    backtest: BacktestSettings | Mapping[str, Any]
    costs: CostsSettings | Mapping[str, Any]
    campaigns: CampaignSettings | Mapping[str, Any]
    ltv: LtvSettings | Mapping[str, Any]
    attribution: AttributionSettings | Mapping[str, Any]
    plan: PlanSettings | Mapping[str, Any]
    report: ReportSettings | Mapping[str, Any]


def kept_source(dataset: Dataset) -> str:
    """Name of the file that a dataset in memory is kept in, once a report is made of it."""
    return f"data-{dataset.fingerprint[:12]}.parquet"


def of_dataset(dataset: Dataset) -> dict[str, Any]:
    """The document of an analysis in memory: its data, and defaults for all else."""
    return {"name": NAME, "data": data_document(dataset, kept_source(dataset))}


def with_sections(base: Settings | dict[str, Any], sections: Mapping[str, Any], call: str) -> Settings:
    """Settings with sections on top. Raises SettingsError that lists every problem, by section and key."""
    document = base.model_dump(mode="json") if isinstance(base, Settings) else base
    return settings_from(
        _merged(document, sections), base=base.base if isinstance(base, Settings) else ".", origin=call
    )


def _merged(below: Any, above: Any) -> Any:
    """Mappings within mappings, the upper one's values where both have a key; anything else replaces."""
    if isinstance(above, Section):
        return above.model_dump(mode="json")
    if not isinstance(above, Mapping):
        return above
    kept = dict(below) if isinstance(below, Mapping) else {}
    return kept | {key: _merged(kept.get(key), value) for key, value in above.items()}
