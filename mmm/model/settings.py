"""The model section of the settings: families and priors, in business terms, with their defaults and reasons.

Scales of the baseline are in standard deviations of the outcome within a geo (training rows), so that they mean the
same for every data set. docs/model.md gives the reason of each default.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from mmm.data.calendar import Duration, Frequency, parse_periods
from mmm.errors import SettingsError
from mmm.model.calendar import CalendarSettings
from mmm.model.controls import ControlPrior, Shrinkage
from mmm.model.families import ADSTOCKS, SATURATIONS, Family
from mmm.model.families.registry import Registry
from mmm.model.parts_settings import DriftSettings, NestingSettings, PriorFile
from mmm.model.priors import BetaPrior, LevelPrior, LogNormalPrior, Prior
from mmm.model.spreads import Between, Scale, Spread
from mmm.model.terms import TERMS
from mmm.model.varying import VariesSettings, VaryingSettings
from mmm.section import Section
from mmm.suggest import suggestion

OPEN = "auto"


def _known(registry: Registry[Any]) -> tuple[AfterValidator, WithJsonSchema]:
    """What a family's name has to be: ``auto``, or in the registry; the schema lists the names."""

    def check(name: str) -> str:
        try:
            return name if name == OPEN else str(registry[name].name)
        except SettingsError as error:
            raise ValueError(str(error)) from error

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": [OPEN, *registry.names]})


Order = Literal["carryover_first", "saturation_first"]
"""What comes first: media are carried over and then saturate, or saturate within a period and are then carried over."""

AdstockName = Annotated[str, *_known(ADSTOCKS)]
SaturationName = Annotated[str, *_known(SATURATIONS)]


class FamilySettings(Section):
    """A family, and the priors of its parameters as further keys, each by the parameter's name.

    docs/model.md lists the families and their parameters.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Prior] = Field(init=False)

    registry: ClassVar[Registry[Any]]
    default: ClassVar[str]
    family: str = OPEN

    @model_validator(mode="after")
    def _parameters_of_the_family(self) -> Self:
        known = self.registry.parameters()
        for name, stated in self.priors.items():
            prior = stated
            if name not in known:
                raise ValueError(f"unknown key '{name}'. {suggestion(name, [*type(self).model_fields, *known])}")
            if isinstance(known[name].prior, BetaPrior) and type(stated) is LogNormalPrior:
                # A share that is stated as every other quantity is: 90% between two ends.
                prior = BetaPrior.from_interval(stated.lower, stated.upper)
                self.__pydantic_extra__[name] = prior
            if not isinstance(prior, type(known[name].prior)):
                keys = " and ".join(f"'{key}'" for key in type(known[name].prior).model_fields)
                raise ValueError(f"the prior of '{name}' is given by {keys}")
            if isinstance(prior, LevelPrior) and not known[name].of_media:
                raise ValueError(f"the prior of '{name}' has no unit: it is no level of media")
        if self.family != OPEN:
            self.registry.of(self.family, self.priors)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        out = handler.resolve_ref_schema(handler(schema))
        del out["additionalProperties"]
        for name, p in cls.registry.parameters().items():
            having: dict[str, list[str]] = {}
            for family in cls.registry:
                for q in family.parameters:
                    if q.name == name:
                        having.setdefault(q.meaning, []).append(family.name)
            said = "; ".join(f"{meaning} ({', '.join(families)})" for meaning, families in having.items())
            prior = LevelPrior if p.of_media else type(p.prior)
            stated = prior.model_json_schema()
            if prior is BetaPrior:
                stated = {"anyOf": [stated, LogNormalPrior.model_json_schema()]}
            out["properties"][name] = stated | {"description": said}
        return out | {"additionalProperties": False}

    @property
    def priors(self) -> dict[str, Prior]:
        """The priors that are stated, by parameter."""
        return dict(self.__pydantic_extra__)

    @property
    def open(self) -> bool:
        """Whether the members of a mixture may choose the family: some priors are stated for one family alone."""
        known = self.registry.parameters()
        return self.family == OPEN and all(known[name].alike for name in self.priors)

    @property
    def chosen(self) -> Family:
        """The family of a single model."""
        known = self.registry.parameters()
        own = [name for name in self.priors if self.family != OPEN or not known[name].alike]
        found: Family = self.registry.of(self.default if self.family == OPEN else self.family, own)
        return found

    @property
    def all_priors(self) -> dict[str, Prior]:
        """The prior of every parameter of :attr:`chosen`: what is stated, else the family's own."""
        return {p.name: self.priors.get(p.name, p.prior) for p in self.chosen.parameters}

    def member(self, family: str, priors: dict[str, Prior]) -> Self:
        """These settings in a member of the mixture: its family and priors where the choice is open."""
        if not self.open:
            return self
        has = {p.name for p in self.registry.of(family, priors).parameters}
        own = {name: prior for name, prior in self.priors.items() if name in has}
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**(fields | own | priors | {"family": family}))


class AdstockSettings(FamilySettings):
    """Carryover: ``geometric`` decays from the week of the spend; ``delayed`` peaks ``delay`` periods later.

    ``auto``: the members of the mixture differ in it; geometric where there is no mixture, or ``alpha`` is given.
    """

    registry: ClassVar[Registry[Any]] = ADSTOCKS
    default: ClassVar[str] = "geometric"
    family: AdstockName = OPEN
    normalise: bool = Field(default=True, description="Weights add up to one, so adstock moves spend in time only.")


class SaturationSettings(FamilySettings):
    """Diminishing returns. ``half`` is the media level at half of the maximal effect, relative to the channel's mean
    over periods with activity; it means the same for all families.

    ``auto``: the members of the mixture differ in it; hill where there is no mixture, or ``slope`` is given.
    """

    registry: ClassVar[Registry[Any]] = SATURATIONS
    default: ClassVar[str] = "hill"
    family: SaturationName = OPEN

    @property
    def of_frequency(self) -> bool:
        """Whether the family of a single model is a curve of how often a person was reached."""
        return SATURATIONS[self.chosen.name].of_frequency


class ChannelModelSettings(Section):
    """What differs for one channel. ``roas`` or ``share`` is the 90% interval of its return or share of outcome."""

    adstock: AdstockSettings | None = None
    saturation: SaturationSettings | None = None
    order: Order | None = Field(default=None, description="The channel's own order, whatever model.order is.")
    lookback: Duration | None = Field(default=None, description="The channel's own look-back, at most model.lookback.")
    roas: LogNormalPrior | None = None
    share: LogNormalPrior | None = None
    sign: Literal["positive", "negative"] | None = Field(
        default=None,
        description="Of its effect on the outcome, where it is not that of the channel's role; priors are of its size.",
    )
    varies: bool | VariesSettings | None = Field(default=None, description="Whether its effect varies in time.")

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if self.roas is not None and self.share is not None:
            raise ValueError("give roas or share, not both")
        return self


def _by_name(value: Any) -> Any:
    """A list of channels as the mapping in which nothing more is said of them."""
    return {name: {} for name in value} if isinstance(value, list | tuple) else value


class StageSettings(Section):
    """A mediator of the data (role ``mediator``): an equation of its own, with the model's families and baseline."""

    reached_by: Annotated[
        dict[str, ChannelModelSettings],
        Field(min_length=1),
        BeforeValidator(_by_name, json_schema_input_type=list[str] | dict[str, ChannelModelSettings]),
    ] = Field(description="Channels that move it; share is a channel's part of the mediator.")
    controls: tuple[str, ...] | None = Field(
        default=None, description="Controls of its equation; all those of the data by default."
    )
    share: LogNormalPrior = Field(
        default=LogNormalPrior(lower=0.02, upper=0.8),
        description="Part of the outcome that comes with the mediator, whatever moves it.",
    )
    carryover: AdstockSettings = Field(
        default=AdstockSettings(family="none"), description="Of the mediator's own effect on the outcome."
    )

    @model_validator(mode="after")
    def _no_returns(self) -> Self:
        for name, own in self.reached_by.items():
            if own.roas is not None or own.sign is not None:
                raise ValueError(f"reached_by.{name}: a mediator has no value; state a share of it, above zero")
        return self


ByGeo = Literal["trend", "seasonality", "public_holidays", "days_of_week", "months_of_year", "changes_of_slope"]


class BaselineSettings(Section):
    """What would have happened without media."""

    intercept_scale: Scale | Between = Field(
        default=0.3,
        description="Sd relative to the geo's mean outcome; or what 90% of the outcome without media is of it.",
    )
    trend: bool = True
    trend_scale: Spread = Field(default=0.5, description="Change per year.")
    seasonality_order: int = Field(default=3, ge=0, le=26, description="Pairs of yearly Fourier terms; 0 for none.")
    seasonality_scale: Spread = 0.5
    drift: Literal["auto"] | DriftSettings | None = Field(
        default="auto", description="auto: the members of the mixture differ in it; its own defaults without a mixture."
    )
    control_scale: Scale = Field(default=1.0, description="Shared by all controls (divided by root of count).")
    controls: dict[str, ControlPrior] = Field(
        default_factory=dict, description="What is believed of single controls, by name."
    )
    shrinkage: Shrinkage | None = Field(
        default=None, description="Where there are many controls, few of which matter: the regularised horseshoe."
    )
    by_geo: tuple[ByGeo, ...] = Field(
        default=(), description="Terms whose coefficients differ between geos, partially pooled (docs/model.md)."
    )
    calendar: CalendarSettings = CalendarSettings()
    further: tuple[str, ...] = Field(
        default=(), description="Names of terms of one's own that were registered (docs/extending.md)."
    )

    @field_validator("further")
    @classmethod
    def _registered(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                TERMS[name]
            except SettingsError as error:
                raise ValueError(str(error)) from error
        return names

    @property
    def chosen_drift(self) -> DriftSettings | None:
        """The drift of a single model."""
        return DriftSettings() if self.drift == "auto" else self.drift


class MemberSettings(Section):
    """One member of the mixture: what it sets where the model's own setting is ``auto``."""

    adstock: AdstockName = "geometric"
    saturation: SaturationName = "hill"
    slope: LogNormalPrior | None = Field(default=None, description="Prior of the Hill slope; not given: fixed at 1.")
    order: Order = "carryover_first"
    drift: DriftSettings = DriftSettings()

    @model_validator(mode="after")
    def _families_are_stated(self) -> Self:
        for name in (self.adstock, self.saturation):
            if name == OPEN:
                raise ValueError("a member of the mixture states its families")
        SATURATIONS.of(self.saturation, self.curve_priors)
        return self

    @property
    def curve_priors(self) -> dict[str, Prior]:
        """What the member states of its saturation's parameters."""
        return {} if self.slope is None else {"slope": self.slope}


_LONGEST_LOOKBACK = 1096
_SLOPE = LogNormalPrior(lower=0.8, upper=3.0)
DEFAULT_MEMBERS = {
    "geometric": MemberSettings(),
    "geometric, sloped": MemberSettings(slope=_SLOPE),
    "geometric, logistic": MemberSettings(saturation="logistic"),
    "delayed": MemberSettings(adstock="delayed"),
    "delayed, sloped": MemberSettings(adstock="delayed", slope=_SLOPE),
    "geometric, stiff baseline": MemberSettings(drift=DriftSettings(scale=0.15)),
    "geometric, loose baseline": MemberSettings(
        drift=DriftSettings(length_scale="13 weeks", knot_spacing="4 weeks", scale=1.0)
    ),
}


class MixtureSettings(Section):
    """Which models are fitted together, and how they are weighted. docs/mixture.md gives the reasons."""

    members: dict[str, MemberSettings] = Field(default=DEFAULT_MEMBERS, min_length=1)
    weighting: Literal["stacking", "pseudo_bma", "equal"] = Field(
        default="pseudo_bma", description="How members are weighted by their predictions of periods left out."
    )
    floor: float = Field(
        default=0.05, ge=0, lt=1, description="Least weight of a member whose predictions are not clearly worse."
    )


class ModelSettings(Section):
    """The model: families, priors and baseline. The default is documented in docs/model.md."""

    mixture: MixtureSettings | None = Field(
        default=MixtureSettings(),
        description="Models that differ in what is set to auto, weighted by the data; null for a single model.",
    )
    lookback: Duration = Field(default="13 weeks", description="How long a spend works; at most three years.")
    adstock: AdstockSettings = AdstockSettings()
    saturation: SaturationSettings = SaturationSettings()
    order: Literal["auto"] | Order = Field(
        default="auto",
        description="Whether media are carried over before they saturate, or saturate within a period first. auto: the "
        "members of the mixture may differ in it; carryover_first without a mixture.",
    )
    effect_prior: Literal["auto", "roas", "share"] = Field(
        default="auto", description="Default prior of a channel: on its ROAS where outcome has a value, else its share."
    )
    roas: LogNormalPrior = Field(
        default=LogNormalPrior(lower=0.2, upper=5.0),
        description="Default ROAS prior; moved down where spend is so large that media could exceed the outcome.",
    )
    media_share: float = Field(
        default=0.25, gt=0, lt=1, description="Share priors: prior median of all channels' share of the outcome."
    )
    share_sigma: Scale = Field(default=1.0, description="Share priors: sd of the log of a channel's share.")
    unpaid_share: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="Channels without a cost: prior median of what all of them together bring or take of the outcome.",
    )
    channels: dict[str, ChannelModelSettings] = Field(default_factory=dict)
    priors_from: PriorFile | None = Field(
        default=None, description="Priors from an earlier fit or from benchmarks; what is stated here goes before them."
    )
    stages: dict[str, StageSettings] = Field(
        default_factory=dict,
        exclude_if=lambda stages: not stages,
        description="Mediators, by name: equations of their own between media and outcome (docs/funnels.md).",
    )
    nesting: NestingSettings = NestingSettings()
    varying: VaryingSettings | None = Field(default=None, description="Effects that vary in time.")
    geo_scale: Scale = Field(default=0.3, description="Prior scale of the sd of log effects between geos.")
    baseline: BaselineSettings = BaselineSettings()
    likelihood: Literal["auto", "normal", "student_t"] = Field(
        default="auto",
        description="Noise. auto: Student-t where it predicts periods left out clearly better, decided with the "
        "mixture; normal otherwise, and for a single model.",
    )
    noise_scale: Spread = 1.0

    @field_validator("lookback")
    @classmethod
    def _lookback_ends(cls, value: str) -> str:
        if parse_periods(value, Frequency("day")) > _LONGEST_LOOKBACK:
            raise ValueError(f"must be at most three years ({_LONGEST_LOOKBACK} days); no spend works on for longer")
        return value

    def adstock_of(self, channel: str) -> AdstockSettings:
        own = self.channels.get(channel)
        return own.adstock if own is not None and own.adstock is not None else self.adstock

    def order_of(self, channel: str) -> Order:
        own = self.channels.get(channel)
        if own is not None and own.order is not None:
            return own.order
        return "carryover_first" if self.order == "auto" else self.order

    def saturation_of(self, channel: str) -> SaturationSettings:
        own = self.channels.get(channel)
        return own.saturation if own is not None and own.saturation is not None else self.saturation
