"""The whole document, and the rules that hold between its sections."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from mmm.assessment.backtest import BacktestSettings
from mmm.assessment.settings import GateSettings
from mmm.attribution.settings import AttributionSettings
from mmm.calibration.settings import Experiments, ExperimentsSettings
from mmm.campaigns.settings import CampaignSettings
from mmm.costs.settings import CostsSettings
from mmm.data.calendar import Frequency, parse_periods
from mmm.data.nested import nodes_of
from mmm.data.settings import DataSettings
from mmm.errors import SettingsError
from mmm.experiments.settings import DeskSettings
from mmm.inference.settings import SamplerSettings
from mmm.ltv.settings import LtvSettings
from mmm.model.parts_settings import DriftSettings
from mmm.model.settings import ModelSettings
from mmm.monitoring.settings import MonitorSettings, ReplanSettings
from mmm.planning.settings import PlanSettings
from mmm.projects import placed
from mmm.register.settings import HandoverSettings, RegisterSettings
from mmm.section import Section
from mmm.settings.comparison import ComparisonSettings
from mmm.settings.report import ReportSettings
from mmm.suggest import suggestion

# The name becomes a folder below reports/, so it can hold neither a separator nor a leading dot.
FolderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Settings(Section):
    """Everything an analysis needs; ``name`` and ``data`` are required, all else has documented defaults.

    Paths are relative to ``base``, the folder of the file that the settings were read from.
    """

    name: FolderName = Field(description="Letters, digits, - and _; names the folder of the reports.")
    title: Annotated[str, Field(min_length=1, max_length=120)] | None = Field(
        None, description="Title of the analysis in words; the name by default."
    )
    data: DataSettings = Field(description="Where the panel is, and what its columns mean.")
    model: ModelSettings = Field(ModelSettings(), description="Families and priors, in business terms.")
    experiments: Experiments = Field(ExperimentsSettings(), description="Lift tests that the model is told of.")
    desk: DeskSettings | None = Field(None, description="Regional tests: those that were run, and how they are read.")
    sampler: SamplerSettings = Field(SamplerSettings(), description="How the posterior is sampled and stored.")
    gate: GateSettings = Field(GateSettings(), description="What a fit must show before anything is decided on it.")
    attribution: AttributionSettings | None = Field(None, description="Journeys of persons, beside the model.")
    costs: CostsSettings | None = Field(None, description="Costs beyond the media, and vendors, beside the model.")
    campaigns: CampaignSettings | None = Field(None, description="Money inside channels, by campaign and category.")
    ltv: LtvSettings | None = Field(None, description="Orders of customers and their value, beside the model.")
    backtest: BacktestSettings = Field(BacktestSettings(), description="Refreshes that `mmm backtest` makes again.")
    comparison: ComparisonSettings | None = Field(
        None, exclude_if=lambda own: own is None, description="Other models of the same outcome, for `mmm models`."
    )
    plan: PlanSettings = Field(PlanSettings(), description="The budget decision.")
    plan_register: RegisterSettings = Field(
        RegisterSettings(), description="Where plans are kept, and who may approve which."
    )
    handover: HandoverSettings = Field(HandoverSettings(), description="Tables of approved plans by platform.")
    monitor: MonitorSettings = Field(MonitorSettings(), description="What counts as off the plan.")
    replan: ReplanSettings = Field(ReplanSettings(), description="When, and how far, a plan that has begun is changed.")
    report: ReportSettings = Field(ReportSettings(), description="Words, looks and parts of the report.")

    _base: Path = PrivateAttr(default_factory=Path)

    @property
    def base(self) -> Path:
        """Folder that relative paths in the settings start from; the working directory where there is no file."""
        return self._base

    @property
    def placed_sampler(self) -> SamplerSettings:
        """How the posterior is sampled, with the store's full path: one a project, from any folder (docs/store.md)."""
        return self.sampler.model_copy(update={"store": str(placed(self.sampler.store, self.base))})

    def with_base(self, base: Path) -> Self:
        """The same settings, read from a file in ``base``."""
        copy = self.model_copy()
        copy._base = base
        return copy

    @model_validator(mode="before")
    @classmethod
    def _empty_sections(cls, value: Any) -> Any:
        """``plan:`` with nothing below it, as an editor leaves it, means the defaults."""
        if not isinstance(value, dict):
            return value
        found = {key: item for key, item in value.items() if not (item is None and key in cls.model_fields)}
        return _with_parts(_with_prices(found))

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        problems = [*_channel_problems(self), *_vendor_problems(self)]
        if problems:
            # One line a problem; the reader of the file gives each its own entry.
            raise ValueError("\n".join(problems))
        return self


def _with_prices(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the prices of ``costs.vendors`` where ``plan.vendors`` names one."""
    plan, costs = document.get("plan"), document.get("costs")
    named = plan.get("vendors") if isinstance(plan, dict) else None
    vendors = costs.get("vendors") if isinstance(costs, dict) else None
    if not isinstance(plan, dict) or not isinstance(named, dict) or not isinstance(vendors, dict):
        return document
    found = {
        channel: {**vendors[name], "name": name}
        if isinstance(name, str) and isinstance(vendors.get(name), dict)
        else name
        for channel, name in named.items()
    }
    return {**document, "plan": {**plan, "vendors": found}}


def _with_parts(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the parts of a channel or a group where ``plan.groups`` names it and lists no channels."""
    data, plan = document.get("data"), document.get("plan")
    channels = data.get("channels") if isinstance(data, dict) else None
    groups = plan.get("groups") if isinstance(plan, dict) else None
    if not isinstance(channels, dict) or not isinstance(plan, dict) or not isinstance(groups, dict):
        return document
    paths = {
        name: tuple(part.strip() for part in own["within"].split("/"))
        for name, own in channels.items()
        if isinstance(own, dict) and isinstance(own.get("within"), str)
    }
    nodes = {path[-1]: list(parts) for path, parts in nodes_of(list(paths), list(paths.values())).items()}
    found = {
        name: {**limits, "channels": nodes[name]}
        if isinstance(limits, dict) and "channels" not in limits and name in nodes
        else limits
        for name, limits in groups.items()
    }
    return {**document, "plan": {**plan, "groups": found}}


def duration_problems(settings: Settings, frequency: Frequency) -> Iterator[str]:
    """Durations that are not a whole number of periods."""
    drifts = {"model.baseline.drift": settings.model.baseline.drift}
    if settings.model.mixture is not None:
        members = settings.model.mixture.members
        drifts |= {f"model.mixture.members.{name}.drift": member.drift for name, member in members.items()}
    durations = {
        "model.lookback": settings.model.lookback,
        "gate.holdout": settings.gate.holdout,
        "backtest.step": settings.backtest.step,
        "backtest.ahead": settings.backtest.ahead,
        "backtest.least": settings.backtest.least,
        "plan.horizon": settings.plan.horizon,
    }
    for key, drift in drifts.items():
        if isinstance(drift, DriftSettings):
            durations[f"{key}.length_scale"] = drift.length_scale
            durations[f"{key}.knot_spacing"] = drift.knot_spacing
    for key, text in durations.items():
        if text is None:
            continue
        try:
            parse_periods(text, frequency)
        except SettingsError as error:
            yield f"{key}: {error}"


def _vendor_problems(settings: Settings) -> Iterator[str]:
    known = () if settings.costs is None else tuple(settings.costs.vendors)
    for channel, vendor in settings.plan.vendors.items():
        if isinstance(vendor, str):
            yield f"plan.vendors.{channel}: '{vendor}' is not among costs.vendors. {suggestion(vendor, known)}"


def _channel_problems(settings: Settings) -> Iterator[str]:
    known = list(settings.data.channels)
    plan = settings.plan
    named: list[tuple[str, Iterable[str]]] = [
        ("model.channels", settings.model.channels),
        ("plan.channels", plan.channels),
        ("plan.cost_factor", plan.cost_factor),
        ("plan.vendors", plan.vendors),
        ("report.channel_colours", settings.report.channel_colours),
    ]
    if isinstance(plan.reference, dict):
        named.append(("plan.reference", plan.reference))
    named += [(f"experiments.tests.{i}.channel", [test.channel]) for i, test in enumerate(settings.experiments.tests)]
    named += [(f"plan.groups.{name}.channels", group.channels) for name, group in plan.groups.items()]
    named += [(f"plan_register.limits.{i}.channels", x.channels) for i, x in enumerate(settings.plan_register.limits)]
    named += [(f"handover.platforms.{name}.channels", x.channels) for name, x in settings.handover.platforms.items()]
    named += [("monitor.least_roas", settings.monitor.least_roas), ("monitor.most_cost", settings.monitor.most_cost)]
    for section in (settings.costs, settings.desk):
        if section is not None:
            named += section.named_channels()
    for index, scenario in enumerate(plan.scenarios):
        new = () if scenario.new_channel is None else (scenario.new_channel.name,)
        for key, table in (
            ("spend", scenario.spend),
            ("change", scenario.change),
            ("cost_change", scenario.cost_change),
        ):
            if isinstance(table, dict):
                named.append((f"plan.scenarios.{index}.{key}", [c for c in table if c not in new]))
    for key, names in named:
        for name in names:
            if name not in known:
                yield f"{key}: '{name}' is not a channel of this analysis. {suggestion(name, known)}"
