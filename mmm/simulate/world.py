"""What a simulated world is made of: plain, frozen, validated descriptions without any random draw in them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from mmm.data.names import name_problems
from mmm.data.role import PAID, ROLES
from mmm.errors import SettingsError

Pattern = Literal["always_on", "bursts", "pulses", "seasonal", "heavy_tailed", "demand_following", "held"]


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise SettingsError(f"A simulated world breaks a rule: {rule}")


@dataclass(frozen=True)
class Adstock:
    """How an exposure is spread over the periods after it; see :func:`mmm.simulate.formulas.adstock_weights`.

    ``alpha`` and ``delay`` (periods) belong to the geometric, binomial and delayed families, ``shape`` and ``scale``
    (periods) to the Weibull ones. With ``normalised`` the weights sum to 1. ``max_lag`` is the last lag with weight.
    """

    family: Literal["geometric", "delayed", "weibull", "weibull_cdf", "binomial", "none"] = "geometric"
    alpha: float = 0.5
    delay: float = 0.0
    shape: float = 2.0
    scale: float = 4.0
    normalised: bool = True
    max_lag: int = 26

    def __post_init__(self) -> None:
        _require(0.0 <= self.alpha < 1.0, f"adstock alpha lies in [0, 1), got {self.alpha}.")
        _require(self.delay >= 0.0, f"adstock delay is not negative, got {self.delay}.")
        _require(self.shape > 0.0 and self.scale > 0.0, f"Weibull shape and scale are positive, got {self}.")
        _require(self.max_lag >= 0, f"adstock max_lag is not negative, got {self.max_lag}.")


@dataclass(frozen=True)
class Saturation:
    """Diminishing returns of media ``x`` relative to the channel's mean active media (per head).

    hill: ``x^slope / (k^slope + x^slope)``; logistic: ``(1 - exp(-rate x)) / (1 + exp(-rate x))``;
    exponential: ``1 - exp(-rate x)``; sigmoid: ``1 / (1 + exp(-rate (x - k)))``, moved and scaled to rise from 0 to 1;
    power: ``x^slope``; log: ``log(1 + x / k)``; none: ``x``. The last three have no full effect: what is said of it is
    then said of media at 1.
    """

    family: Literal["hill", "logistic", "exponential", "sigmoid", "power", "log", "none"] = "hill"
    k: float = 1.5
    slope: float = 1.0
    rate: float = 1.0

    def __post_init__(self) -> None:
        # A sigmoid may turn before nothing is spent: then it is concave.
        placed = self.k > 0.0 or self.family == "sigmoid"
        _require(placed and self.slope > 0.0, f"Hill k and slope are positive, got {self}.")
        _require(self.rate > 0.0, f"a saturation rate is positive, got {self.rate}.")


@dataclass(frozen=True)
class Flighting:
    """How a channel's spend moves over time and geos; every amount is relative to the channel's mean.

    ``variation`` is the sd of the log of weekly noise. ``on_weeks`` and ``off_weeks`` are mean lengths (bursts);
    ``floor`` is the level kept between bursts and pulses. A budget that is ``held`` keeps a level for ``on_weeks``
    weeks, then another: ``variation`` is the sd of their logs, and weeks differ by nothing else. ``amplitude`` and
    ``peak_week`` (of the year) shape the seasonal pattern, ``follow`` is the response of log spend to one sd of demand.
    ``geo_spread`` is the sd of log spend per head across geos, ``geo_noise`` that of its weekly noise by geo;
    ``staggered`` draws bursts and pulses
    for each geo apart. ``copies`` names an earlier channel whose national pattern this one repeats. ``with_control``
    names a control of the world: log spend responds to one sd of it, above its mean, by ``follow``.
    """

    pattern: Pattern = "always_on"
    variation: float = 0.25
    on_weeks: float = 5.0
    off_weeks: float = 6.0
    floor: float = 0.0
    amplitude: float = 0.5
    peak_week: float = 48.0
    follow: float = 0.3
    geo_spread: float = 0.15
    geo_noise: float = 0.15
    staggered: bool = False
    copies: str | None = None
    with_control: str | None = None

    def __post_init__(self) -> None:
        _require(self.on_weeks >= 1.0 and self.off_weeks >= 0.0, "bursts last one week or more, gaps zero or more.")
        _require(0.0 <= self.floor <= 1.0, f"the floor of a flighting lies in [0, 1], got {self.floor}.")
        _require(min(self.variation, self.geo_spread, self.geo_noise) >= 0.0, "standard deviations are not negative.")


@dataclass(frozen=True)
class MediaUnit:
    """What is bought with the money: ``name`` (a column suffix) at ``cost_per_thousand`` units, in the currency.

    The price differs between geos (sd ``geo_sd`` of its log) and drifts over time (sd ``drift_sd`` of its log).
    """

    name: str = "impressions"
    cost_per_thousand: float = 8.0
    geo_sd: float = 0.1
    drift_sd: float = 0.1

    def __post_init__(self) -> None:
        _require(self.cost_per_thousand > 0.0, f"cost_per_thousand is positive, got {self.cost_per_thousand}.")


@dataclass(frozen=True)
class EffectPath:
    """How a channel's effect changes over the panel: ``exp`` of a path from 0 to about ``size``.

    fade: a straight line; jump: a step at ``at`` (share of the panel); wave: one and a half sine waves.
    """

    kind: Literal["fade", "jump", "wave"]
    size: float
    at: float = 0.5


@dataclass(frozen=True)
class Fee:
    """Share of the booked spend that buys no media, before and after ``at`` (share of the panel)."""

    before: float
    after: float
    at: float = 0.5

    def __post_init__(self) -> None:
        _require(min(self.before, self.after) >= 0.0 and max(self.before, self.after) < 1.0, "a fee lies in [0, 1).")


@dataclass(frozen=True)
class Channel:
    """A channel, by default of paid media. ``weekly_spend`` is its mean national spend a week, zeros counted; of one
    without a cost the media units that ran, and ``roas`` what a unit brings (below zero where it takes).

    The effect is scaled so that the channel's own ROAS over the whole panel (see :class:`mmm.simulate.truth.Truth`)
    is ``roas``, or, where ``beta`` is given instead, so that its contribution per head at full saturation is ``beta``.
    ``geo_sd`` is the sd of the log of the effect per head across geos. ``spend_error`` is the sd of the log of an
    error in the recorded spend (mean 1). In ``absent_geos`` nothing is spent. ``saturation_first``: media saturate
    within a period and are then carried over.
    """

    name: str
    weekly_spend: float
    roas: float | None = 1.0
    beta: float | None = None
    flighting: Flighting = Flighting()
    adstock: Adstock = Adstock()
    saturation: Saturation = Saturation()
    geo_sd: float = 0.0
    unit: MediaUnit | None = None
    path: EffectPath | None = None
    fee: Fee | None = None
    spend_error: float = 0.0
    absent_geos: tuple[str, ...] = ()
    role: str = PAID
    saturation_first: bool = False

    @property
    def costs(self) -> bool:
        """Whether money buys it."""
        return ROLES[self.role].costs

    def __post_init__(self) -> None:
        sign = ROLES[self.role].sign
        right = self.costs or (self.roas or 0.0) * sign >= 0.0
        _require(right, f"the roas of channel '{self.name}' has the sign of its role.")
        _require(self.weekly_spend > 0.0, f"weekly_spend of channel '{self.name}' is positive.")
        _require((self.roas is None) != (self.beta is None), f"channel '{self.name}' has either a roas or a beta.")
        _require(self.geo_sd >= 0.0 and self.spend_error >= 0.0, f"sds of channel '{self.name}' are not negative.")


@dataclass(frozen=True)
class Control:
    """An observed driver that is no paid media.

    index: a slow path around ``centre`` with sd ``sd``; promotion: ``sd`` deep in a share ``frequency`` of the weeks,
    0 elsewhere. ``effect`` is the change of the outcome, relative to the base level, for a change of one ``sd``.
    ``geo_share`` is the share of the variance of an index that belongs to each geo alone.
    """

    name: str
    kind: Literal["index", "promotion"] = "index"
    effect: float = 0.02
    centre: float = 100.0
    sd: float = 3.0
    frequency: float = 0.2
    geo_share: float = 0.3

    def __post_init__(self) -> None:
        _require(self.sd > 0.0, f"sd of control '{self.name}' is positive, got {self.sd}.")
        _require(0.0 <= self.geo_share <= 1.0, f"geo_share of control '{self.name}' lies in [0, 1].")


@dataclass(frozen=True)
class Baseline:
    """The outcome without media. Everything but ``weekly_outcome`` is relative to the base level.

    ``weekly_outcome`` is the national base level a week; ``level_sd`` the sd of its log per head across geos;
    ``trend`` the change a year; ``season`` the (cosine, sine) coefficients by harmonic of the year; ``drift_sd`` and
    ``drift_weeks`` the sd and length scale of a smooth Gaussian path; ``demand_sd`` and ``demand_persistence`` the sd
    and weekly autocorrelation of demand that nobody records; ``breaks`` are (share of the panel, shift) pairs.
    """

    weekly_outcome: float = 1_000_000.0
    level_sd: float = 0.15
    trend: float = 0.03
    season: tuple[tuple[float, float], ...] = ((0.08, -0.03), (0.03, 0.02))
    drift_sd: float = 0.0
    drift_weeks: float = 26.0
    demand_sd: float = 0.0
    demand_persistence: float = 0.8
    breaks: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        _require(self.weekly_outcome > 0.0, f"weekly_outcome is positive, got {self.weekly_outcome}.")
        _require(-1.0 < self.demand_persistence < 1.0, "demand_persistence lies between -1 and 1.")
        _require(self.drift_weeks > 0.0, f"drift_weeks is positive, got {self.drift_weeks}.")


@dataclass(frozen=True)
class Noise:
    """Errors of the outcome: ``sd`` relative to the base level, ``df`` for Student-t (its scale is ``sd``)."""

    sd: float = 0.03
    df: float | None = None

    def __post_init__(self) -> None:
        _require(self.sd >= 0.0, f"the noise sd is not negative, got {self.sd}.")
        _require(self.df is None or self.df > 1.0, f"Student-t noise needs df above 1, got {self.df}.")


@dataclass(frozen=True)
class Synergy:
    """``first`` works better while ``second`` is on: it gains the share ``strength`` of its contribution."""

    first: str
    second: str
    strength: float


@dataclass(frozen=True)
class LiftTest:
    """A test of what a channel's money brings, in ``weeks`` weeks from row ``first``, in ``geos`` (None: everywhere).

    hold_out: spend stays as it is, against a small group that sees none of it; go_dark: nothing is spent; heavy_up:
    spend is raised by the share ``size``. The result has a standard error of ``error`` times the true effect, or times
    the money at stake where that is more.
    """

    name: str
    channel: str
    kind: Literal["hold_out", "go_dark", "heavy_up"]
    first: int
    weeks: int = 6
    geos: tuple[str, ...] | None = None
    size: float = 1.0
    error: float = 0.2

    def __post_init__(self) -> None:
        _require(self.first >= 0 and self.weeks >= 1, f"test '{self.name}' lasts a week or more inside the panel.")
        _require(self.size > 0.0 and self.error > 0.0, f"size and error of test '{self.name}' are positive.")


@dataclass(frozen=True)
class World:
    """A complete description; :func:`mmm.simulate.simulate` turns it into data and truth, the same for each seed.

    ``start`` is a Monday. ``population`` has one entry a geo, or is drawn (log-normal, sd ``population_sd`` of the
    log, a million on average). ``unseen_weeks`` of spend happen before the first row and are not recorded.
    ``value_per_unit`` converts the outcome to the currency.
    """

    channels: tuple[Channel, ...]
    name: str = "world"
    weeks: int = 156
    geos: tuple[str, ...] = ("national",)
    population: tuple[float, ...] | None = None
    population_sd: float = 0.5
    baseline: Baseline = Baseline()
    controls: tuple[Control, ...] = ()
    noise: Noise = Noise()
    synergies: tuple[Synergy, ...] = ()
    outcome: str = "revenue"
    value_per_unit: float = 1.0
    currency: str = "EUR"
    start: date = date(2022, 1, 3)
    unseen_weeks: int = 0
    tests: tuple[LiftTest, ...] = ()
    seed: int = 0
    note: str = ""
    """What the world shows, in a sentence."""

    def __post_init__(self) -> None:
        names = [c.name for c in self.channels]
        _require(len(names) > 0 and len(set(names)) == len(names), f"channels have different names, got {names}.")
        for problem in name_problems(names, [control.name for control in self.controls]):
            _require(False, problem)
        _require(len(set(self.geos)) == len(self.geos) > 0, f"geos have different names, got {self.geos}.")
        _require(self.weeks >= 2, f"a world has two weeks or more, got {self.weeks}.")
        _require(self.start.weekday() == 0, f"start is a Monday, got {self.start:%A %Y-%m-%d}.")
        _require(self.unseen_weeks >= 0, f"unseen_weeks is not negative, got {self.unseen_weeks}.")
        _require(self.value_per_unit > 0.0, f"value_per_unit is positive, got {self.value_per_unit}.")
        if self.population is not None:
            _require(len(self.population) == len(self.geos), "population has one entry for each geo.")
            _require(min(self.population) > 0.0, "populations are positive.")
        for synergy in self.synergies:
            _require({synergy.first, synergy.second} <= set(names), f"{synergy} names channels of the world.")
        for place, channel in enumerate(self.channels):
            copied = channel.flighting.copies
            _require(copied is None or copied in names[:place], f"'{channel.name}' copies an earlier channel.")
            _require(set(channel.absent_geos) < set(self.geos), f"'{channel.name}' is present in some geo.")
            followed, controls = channel.flighting.with_control, [control.name for control in self.controls]
            _require(followed is None or followed in controls, f"'{channel.name}' follows a control of the world.")
        for test in self.tests:
            known = test.channel in names and set(test.geos or ()) <= set(self.geos)
            _require(known and test.first + test.weeks <= self.weeks, f"{test} is of the world's channels and weeks.")
