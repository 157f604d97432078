"""The model section of the settings: families and priors, in business terms, with their defaults and reasons.

Scales of the baseline are in standard deviations of the outcome within a geo (training rows), so that they mean the
same for every data set. docs/model.md gives the reason of each default.
"""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from mmm.data.calendar import Duration, Frequency, parse_periods
from mmm.model.priors import BetaPrior, LogNormalPrior
from mmm.section import Section


class AdstockSettings(Section):
    """Carryover: ``geometric`` decays from the week of the spend; ``delayed`` peaks ``delay`` periods later.

    ``auto``: the members of the mixture differ in it; geometric where there is no mixture, or ``alpha`` is given.
    """

    family: Literal["auto", "geometric", "delayed"] = "auto"
    normalise: bool = Field(default=True, description="Weights add up to one, so adstock moves spend in time only.")
    alpha: BetaPrior | None = Field(default=None, description="Retention per period; default depends on the family.")
    delay: LogNormalPrior = Field(
        default=LogNormalPrior(lower=0.5, upper=5.0), description="Periods until the peak (delayed only)."
    )

    @property
    def open(self) -> bool:
        """Whether the members of a mixture may choose the family: a prior of alpha is stated for one family."""
        return self.family == "auto" and self.alpha is None

    @property
    def chosen(self) -> Literal["geometric", "delayed"]:
        """The family of a single model."""
        return "geometric" if self.family == "auto" else self.family


class SaturationSettings(Section):
    """Diminishing returns. ``half`` is the media level at half of the maximal effect, relative to the channel's mean
    over periods with activity; it means the same for both families.

    ``auto``: the members of the mixture differ in it; hill where there is no mixture, or ``slope`` is given.
    """

    family: Literal["auto", "hill", "logistic"] = "auto"
    half: LogNormalPrior = LogNormalPrior(lower=0.2, upper=6.0)
    slope: LogNormalPrior | None = Field(
        default=None, description="Prior of the Hill slope. Not given: fixed at 1, as it is weakly identified."
    )

    @model_validator(mode="after")
    def _slope_is_hill(self) -> Self:
        if self.slope is not None and self.family == "logistic":
            raise ValueError("slope belongs to the family 'hill'; this is 'logistic'")
        return self

    @property
    def open(self) -> bool:
        """Whether the members of a mixture may choose the family: a prior of the slope is stated for one family."""
        return self.family == "auto" and self.slope is None

    @property
    def chosen(self) -> Literal["hill", "logistic"]:
        """The family of a single model."""
        return "hill" if self.family == "auto" else self.family


class ChannelModelSettings(Section):
    """What differs for one channel. ``roas`` or ``share`` is the 90% interval of its return or share of outcome."""

    adstock: AdstockSettings | None = None
    saturation: SaturationSettings | None = None
    roas: LogNormalPrior | None = None
    share: LogNormalPrior | None = None

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if self.roas is not None and self.share is not None:
            raise ValueError("give roas or share, not both")
        return self


class DriftSettings(Section):
    """A smooth, slow drift of the baseline: cubic splines whose coefficients follow a Matern-3/2 process."""

    length_scale: Duration = Field(default="26 weeks", description="How fast the drift forgets.")
    knot_spacing: Duration = Field(default="6 weeks", description="Distance of the spline's knots.")
    scale: float = Field(default=0.5, gt=0, description="Prior scale of the drift's standard deviation.")


class BaselineSettings(Section):
    """What would have happened without media."""

    intercept_scale: float = Field(default=0.3, gt=0, description="Relative to the geo's mean outcome.")
    trend: bool = True
    trend_scale: float = Field(default=0.5, gt=0, description="Change per year.")
    seasonality_order: int = Field(default=3, ge=0, le=26, description="Pairs of yearly Fourier terms; 0 for none.")
    seasonality_scale: float = Field(default=0.5, gt=0)
    drift: Literal["auto"] | DriftSettings | None = Field(
        default="auto", description="auto: the members of the mixture differ in it; its own defaults without a mixture."
    )
    control_scale: float = Field(default=1.0, gt=0, description="Shared by all controls (divided by root of count).")

    @property
    def chosen_drift(self) -> DriftSettings | None:
        """The drift of a single model."""
        return DriftSettings() if self.drift == "auto" else self.drift


class MemberSettings(Section):
    """One member of the mixture: what it sets where the model's own setting is ``auto``."""

    adstock: Literal["geometric", "delayed"] = "geometric"
    saturation: Literal["hill", "logistic"] = "hill"
    slope: LogNormalPrior | None = Field(default=None, description="Prior of the Hill slope; not given: fixed at 1.")
    drift: DriftSettings = DriftSettings()

    @model_validator(mode="after")
    def _slope_is_hill(self) -> Self:
        if self.slope is not None and self.saturation != "hill":
            raise ValueError(f"slope belongs to the family 'hill'; this is '{self.saturation}'")
        return self


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
    lookback: Duration = Field(
        default="13 weeks", description="After this long nothing of a spend is left; at most three years."
    )
    adstock: AdstockSettings = AdstockSettings()
    saturation: SaturationSettings = SaturationSettings()
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
    share_sigma: float = Field(default=1.0, gt=0, description="Share priors: sd of the log of a channel's share.")
    channels: dict[str, ChannelModelSettings] = Field(default_factory=dict)
    geo_scale: float = Field(default=0.3, gt=0, description="Prior scale of the sd of log effects between geos.")
    baseline: BaselineSettings = BaselineSettings()
    likelihood: Literal["auto", "normal", "student_t"] = Field(
        default="auto",
        description="Noise. auto: Student-t where it predicts periods left out clearly better, decided with the "
        "mixture; normal otherwise, and for a single model.",
    )
    noise_scale: float = Field(default=1.0, gt=0)

    @field_validator("lookback")
    @classmethod
    def _lookback_ends(cls, value: str) -> str:
        if parse_periods(value, Frequency("day")) > _LONGEST_LOOKBACK:
            raise ValueError(f"must be at most three years ({_LONGEST_LOOKBACK} days); no spend works on for longer")
        return value

    def adstock_of(self, channel: str) -> AdstockSettings:
        own = self.channels.get(channel)
        return own.adstock if own is not None and own.adstock is not None else self.adstock

    def saturation_of(self, channel: str) -> SaturationSettings:
        own = self.channels.get(channel)
        return own.saturation if own is not None and own.saturation is not None else self.saturation
