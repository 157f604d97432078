"""ModelSpec: the model as plain data, with every data-derived constant pinned.

Two panels with the same spec give the same model matrix on their common dates; a refresh keeps the constants or makes
a new spec on purpose.
"""

from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from mmm.arrays import Floats
from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.data.role import PAID, ROLES, Role
from mmm.errors import DataError, SettingsError
from mmm.model import controls
from mmm.model.calendar import CalendarSpec, pinned
from mmm.model.controls import ControlSpec, ShrinkageSpec
from mmm.model.effect_priors import costs, effect_priors, signs, window_outcome
from mmm.model.exposure import frequency_curve, usual_frequency
from mmm.model.families import ADSTOCKS, SATURATIONS, Adstock, Saturation
from mmm.model.levels import own_lookback, relative_priors
from mmm.model.noise import Noise, noise_of
from mmm.model.parts_settings import NestingSettings
from mmm.model.priors import LogNormalPrior, Prior
from mmm.model.settings import AdstockSettings, ModelSettings, Order
from mmm.model.splines import first_knot
from mmm.model.spreads import intercept, spread
from mmm.model.varying import VaryingSpec, varying_spec
from mmm.model.within import with_stages
from mmm.section import Section


class FamilySpec(Section):
    """A family by its name, and the prior of each of its parameters by name."""

    family: str
    priors: dict[str, Prior]


class AdstockSpec(FamilySpec):
    """A family of carryover."""

    @property
    def record(self) -> Adstock:
        """Raises SettingsError where the family is not known here."""
        return ADSTOCKS[self.family]


class SaturationSpec(FamilySpec):
    """A family of saturation."""

    @property
    def record(self) -> Saturation:
        """Raises SettingsError where the family is not known here."""
        return SATURATIONS[self.family]


class ChannelSpec(Section):
    """One channel's families and priors. ``effect`` is the prior of the channel's ROAS or share (see ModelSpec).

    ``lookback`` is the channel's own, in periods, where it is shorter than the model's.
    """

    name: str
    adstock: AdstockSpec
    normalise: bool
    saturation: SaturationSpec
    order: Order = Field(default="carryover_first", exclude_if=lambda order: order == "carryover_first")
    lookback: int | None = Field(default=None, ge=0, exclude_if=lambda periods: periods is None)
    usual_frequency: tuple[float, ...] | None = Field(default=None, exclude_if=lambda by_geo: by_geo is None)
    """By geo, where the channel is known by reach and frequency: what is said of other media is said at it."""
    effect: LogNormalPrior
    denominator: float = Field(gt=0, description="Spend in the window (ROAS) or outcome in the window (share).")
    role: str = Field(default=PAID, exclude_if=lambda role: role == PAID)
    sign: Literal[-1, 1] | None = Field(default=None, exclude_if=lambda sign: sign is None)
    """Of its effect, where it is not the role's."""
    within: tuple[str, ...] = Field(default=(), exclude_if=lambda path: not path)
    """The channel that it is a part of, and the group in between where there is one (:mod:`mmm.model.nesting`)."""

    @property
    def role_record(self) -> Role:
        """Raises SettingsError where the role is not known here."""
        return ROLES[self.role]

    @property
    def direction(self) -> Literal[-1, 1]:
        """Sign of the channel's effect on the outcome."""
        return self.role_record.sign if self.sign is None else self.sign

    @property
    def saturation_first(self) -> bool:
        return self.order == "saturation_first"

    @property
    def by_frequency(self) -> bool:
        return self.usual_frequency is not None

    @model_validator(mode="before")
    @classmethod
    def _earlier(cls, value: Any) -> Any:
        """Fits of format 2 and before have the four parameters of that time beside the families' names."""
        if not isinstance(value, dict) or not isinstance(value.get("adstock"), str):
            return value
        old = dict(value)
        carryover = {"alpha": old.pop("alpha"), "delay": old.pop("delay")}
        curve = {"half": old.pop("half"), "slope": old.pop("slope")}
        if old["adstock"] == "geometric":
            del carryover["delay"]
        if curve["slope"] is None:
            del curve["slope"]
        elif old["saturation"] == "hill":
            old["saturation"] = "hill_sloped"
        return old | {
            "adstock": {"family": old["adstock"], "priors": carryover},
            "saturation": {"family": old["saturation"], "priors": curve},
        }


class DriftSpec(Section):
    """Splines on knots that lie on an absolute calendar; ``first`` is the index of the first knot used."""

    spacing_days: int = Field(gt=0)
    length_days: int = Field(gt=0)
    first: int
    scale: float = Field(gt=0)


class BaselineSpec(Section):
    """Pinned constants of the baseline; scales are in scaled outcome units."""

    intercept_mean: tuple[float, ...]
    intercept_sd: tuple[float, ...]
    trend_sd: float | None
    trend_origin: str
    seasonality_order: int
    seasonality_sd: float
    drift: DriftSpec | None
    control_mean: tuple[float, ...]
    control_scale: tuple[float, ...]
    control_sd: float
    outcome_sd: float = 1.0
    further: tuple[str, ...] = ()
    calendar: CalendarSpec | None = None
    by_geo: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    controls: tuple[ControlSpec, ...] = Field(default=(), exclude_if=lambda controls: not controls)
    """Each control, where settings state something of one."""
    shrinkage: ShrinkageSpec | None = Field(default=None, exclude_if=lambda shrinkage: shrinkage is None)

    @property
    def each_control(self) -> tuple[ControlSpec, ...]:
        """What is pinned of each control."""
        pairs = zip(self.control_mean, self.control_scale, strict=True)
        return self.controls or tuple(
            ControlSpec(reference=mean, scale=scale, mean=0.0, sd=self.control_sd) for mean, scale in pairs
        )


class ModelSpec(Section):
    """Everything :func:`mmm.model.build.build` needs besides the panel.

    ``outcome_scale[g]``: outcome units per scaled unit; ``media_scale[g][c]``: media units per kernel unit.
    ``window``: first and last date of the observed panel, over which the priors of ROAS or share are meant.
    """

    effect_kind: Literal["roas", "share"]
    channels: tuple[ChannelSpec, ...]
    geos: tuple[str, ...]
    controls: tuple[str, ...]
    lookback: int = Field(ge=0)
    window: tuple[str, str]
    outcome_scale: tuple[float, ...]
    media_scale: tuple[tuple[float, ...], ...]
    geo_sd_scale: float
    baseline: BaselineSpec
    likelihood: Literal["normal", "student_t"]
    noise_scale: float
    outcome_span: float = Field(default=1.0, gt=0, exclude_if=lambda span: span == 1.0)
    """Periods that an outcome row covers, on average: above 1 where outcomes are coarser than media."""

    nesting: NestingSettings | None = Field(default=None, exclude_if=lambda nesting: nesting is None)
    """How alike the parts of a channel are, where channels have parts."""
    varying: VaryingSpec | None = Field(default=None, exclude_if=lambda varying: varying is None)
    """How effects vary in time, where they do."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.outcome_scale) != len(self.geos) or len(self.media_scale) != len(self.geos):
            raise ValueError("outcome_scale and media_scale need one entry a geo")
        return self

    @property
    def lookbacks(self) -> tuple[int, ...]:
        """The channels' look-backs, in periods."""
        return tuple(self.lookback if c.lookback is None else c.lookback for c in self.channels)

    @property
    def channel_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.channels)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The record of each channel's role."""
        return tuple(c.role_record for c in self.channels)

    @property
    def paid(self) -> tuple[str, ...]:
        """The channels that spend is the price of: those with a return."""
        return tuple(c.name for c in self.channels if c.role_record.costs)

    @property
    def noise(self) -> Noise:
        """The record of the outcome's noise."""
        return noise_of(self.likelihood)

    @property
    def signs(self) -> Floats:
        """Sign of each channel's effect on the outcome, [c]."""
        return np.array([float(channel.direction) for channel in self.channels])


def without_inactive_channels(dataset: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """The dataset without channels that have no spend or no media up to the last observed outcome, and their names.

    Needed for a training fit whose hidden weeks hold all of a young channel's spend: nothing can be learned of it.
    """
    upto = dataset.window.stop
    spend = dataset.data["spend"].values[:upto].sum(axis=(0, 1))
    media = dataset.data["media"].values[:upto].sum(axis=(0, 1))
    keep = ((spend > 0) | ~costs(dataset)) & (media > 0)
    if keep.all():
        return dataset, ()
    names = np.array(dataset.channels)
    return dataset.with_channels([str(n) for n in names[keep]]), tuple(str(n) for n in names[~keep])


def make_spec(dataset: Dataset, settings: ModelSettings) -> ModelSpec:
    """Pin the model for a panel: scales and origins come from its observed rows.

    Raises SettingsError for priors of unknown channels or a ROAS prior without a value per unit, DataError where a
    channel has no spend before the end of the observed outcome.
    """
    _check_settings(dataset, settings)
    settings = with_stages(dataset, settings)
    inside = dataset.window
    outcome = dataset.outcome_rate
    mean_by_geo = np.nanmean(outcome, axis=0)
    if not (mean_by_geo > 0).all():
        bad = [g for g, m in zip(dataset.geos, mean_by_geo, strict=True) if not m > 0]
        raise DataError(f"Mean outcome must be positive in every geo; it is not in {bad}. Remove or merge these geos.")
    size = dataset.data["population"].values if dataset.has_population else mean_by_geo
    size = size / size.mean()
    scaled = outcome / size
    outcome_scale = size * np.nanmean(scaled)
    relative = mean_by_geo / outcome_scale
    sd = float(np.sqrt(np.nanmean((outcome / outcome_scale - relative) ** 2)))
    if sd == 0:
        raise DataError("The outcome never varies within a geo, so nothing can be learned from it. Check the column.")
    per_size = dataset.data["media"].values[: inside.stop] / size[None, :, None]
    active = per_size > 0
    channel_mean = np.where(active, per_size, 0).sum(axis=(0, 1)) / np.maximum(active.sum(axis=(0, 1)), 1)
    effect_kind, effects, denominators = effect_priors(dataset, settings, inside)
    prior_share = sum(
        sign * e.median * d for sign, e, d in zip(signs(dataset, settings), effects, denominators, strict=True)
    ) / window_outcome(dataset, inside, effect_kind)
    return ModelSpec(
        effect_kind=effect_kind,
        channels=tuple(
            _channel(dataset, name, settings, (effects[i], denominators[i]), inside.stop)
            for i, name in enumerate(dataset.channels)
        ),
        geos=dataset.geos,
        controls=dataset.controls,
        lookback=parse_periods(settings.lookback, dataset.frequency),
        window=(str(dataset.dates[inside.start].date()), str(dataset.dates[inside.stop - 1].date())),
        outcome_span=float(dataset.rows(inside).spans.mean()),
        outcome_scale=_floats(outcome_scale),
        media_scale=tuple(_floats(size_g * channel_mean) for size_g in size),
        geo_sd_scale=settings.geo_scale,
        baseline=_baseline(dataset, settings, relative * (1 - min(prior_share, 0.5)), relative, sd, inside),
        likelihood="normal" if settings.likelihood == "auto" else settings.likelihood,
        noise_scale=spread(settings.noise_scale, sd, float(np.mean(relative)), learned=True),
        nesting=settings.nesting if any(dataset.within) else None,
        varying=varying_spec(dataset, settings.varying, {c: own.varies for c, own in settings.channels.items()}),
    )


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _check_settings(dataset: Dataset, settings: ModelSettings) -> None:
    unknown = sorted(set(settings.channels) - set(dataset.channels))
    if unknown:
        raise SettingsError(f"model.channels names {unknown}; the data has the channels {list(dataset.channels)}.")
    asks_roas = settings.effect_prior == "roas" or any(c.roas is not None for c in settings.channels.values())
    if asks_roas and not dataset.has_value:
        raise SettingsError(
            "A ROAS prior needs the outcome's value. Give data.target.value_per_unit, or state share priors."
        )
    unpaid = [c for c, own in settings.channels.items() if own.roas is not None and c not in dataset.paid]
    if unpaid:
        raise SettingsError(
            f"model.channels.{unpaid[0]}.roas: the channel has no cost, so that it has no return. State its share of "
            "the outcome (share)."
        )
    last = np.flatnonzero(dataset.data["observed"].values.any(axis=1))
    if last.size == 0:
        raise DataError("No outcome is observed in any geo.")
    _, inactive = without_inactive_channels(dataset)
    if inactive:
        raise DataError(
            f"Channels without spend or media before the end of the observed outcome: {list(inactive)}. Nothing can "
            "be learned of them: remove them from data.channels."
        )


def _channel(
    dataset: Dataset, name: str, settings: ModelSettings, effect: tuple[LogNormalPrior, float], stop: int
) -> ChannelSpec:
    """``effect`` is its prior and denominator; means are of the rows before ``stop``."""
    adstock, saturation, order = settings.adstock_of(name), settings.saturation_of(name), settings.order_of(name)
    place = dataset.channels.index(name)
    role, sign = dataset.channel_roles[place], signs(dataset, settings)[place]
    within = dataset.within[place]
    if within and adstock.chosen.name == "geometric" and not adstock.priors:
        # A half-life lives above zero, so that parts of a channel can share what is known of it.
        adstock = AdstockSettings(family="geometric_half_life", normalise=adstock.normalise)
    often = usual_frequency(dataset, name)
    if often is not None:
        saturation, order = frequency_curve(settings, name), "saturation_first"
    elif saturation.of_frequency:
        raise SettingsError(
            f"model: '{name}' has no frequency in the data, and '{saturation.family}' is a curve of it."
        )
    return ChannelSpec(
        name=name,
        adstock=AdstockSpec(family=adstock.chosen.name, priors=adstock.all_priors),
        # Weights after the curve multiply its height alone, which follows from the effect: they always add up to one.
        normalise=adstock.normalise or order == "saturation_first",
        saturation=SaturationSpec(
            family=saturation.chosen.name, priors=relative_priors(dataset, name, saturation.all_priors, stop)
        ),
        order=order,
        lookback=own_lookback(dataset, name, settings),
        usual_frequency=often,
        effect=effect[0],
        denominator=effect[1],
        role=role.name,
        sign=sign if sign != role.sign else None,
        within=within,
    )


def _baseline(
    dataset: Dataset, settings: ModelSettings, mean: np.ndarray, relative: np.ndarray, sd: float, inside: slice
) -> BaselineSpec:
    base = settings.baseline
    control = dataset.data["control"].values[inside]
    # A control counts in every period that an outcome covers.
    seen = np.ones(control.shape[:2], dtype=bool) if dataset.coarse else dataset.data["observed"].values[inside]
    values = control[seen]
    moved = values.std(axis=0)
    level, drift = float(np.mean(relative)), None
    wanted = base.chosen_drift
    if wanted is not None:
        spacing = parse_periods(wanted.knot_spacing, dataset.frequency) * dataset.frequency.days
        drift = DriftSpec(
            spacing_days=spacing,
            length_days=parse_periods(wanted.length_scale, dataset.frequency) * dataset.frequency.days,
            first=first_knot(dataset.dates[inside.start], spacing),
            scale=spread(wanted.scale, sd, level, learned=True),
        )
    shrunk = None
    if base.shrinkage is not None and dataset.controls:
        shrunk = controls.shrinkage_of(base.shrinkage, len(dataset.controls), len(values), sd)
    default = base.control_scale / max(1, len(dataset.controls)) ** 0.5
    first = intercept(base.intercept_scale, mean, relative)
    return BaselineSpec(
        intercept_mean=_floats(first[0]),
        intercept_sd=_floats(first[1]),
        trend_sd=spread(base.trend_scale, sd, level) if base.trend else None,
        trend_origin=str(dataset.dates[(inside.start + inside.stop - 1) // 2].date()),
        seasonality_order=base.seasonality_order,
        seasonality_sd=spread(base.seasonality_scale, sd, level, terms=base.seasonality_order),
        drift=drift,
        control_mean=_floats(values.mean(axis=0)),
        control_scale=_floats(np.where(moved > 0, moved, 1.0)),
        control_sd=base.control_scale * sd / max(1, len(dataset.controls)) ** 0.5,
        outcome_sd=sd,
        further=base.further,
        controls=controls.pinned(base.controls, dataset.controls, values, (sd, default), shrink=shrunk is not None)
        if base.controls or shrunk is not None
        else (),
        shrinkage=shrunk,
        by_geo=base.by_geo if len(dataset.geos) > 1 else (),
        calendar=pinned(base.calendar, dataset, dataset.dates[inside], level),
    )
