"""The ``plan`` section of the settings: the budget, the objective, what is allowed, and which scenarios to compare."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from mmm.costs.settings import VendorSettings
from mmm.data.calendar import Duration
from mmm.digits import amount
from mmm.errors import SettingsError
from mmm.planning.limits import CONSTRAINTS
from mmm.section import SEED_MAX, Section

RISKY_DRAWS = 100
"""Fewest draws for an objective in which risk counts."""

ObjectiveKind = Literal["expected_outcome", "profit", "mean_cvar", "probability", "smallest_budget", "largest_budget"]
Detail = Literal["channel", "geo", "week"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
# Ranges within which every sum and product of settings stays an ordinary number; wider than any real case.
SMALLEST, LARGEST = 0.01, 1e15
Money = Annotated[float, Field(ge=0.0, le=LARGEST)]
Amount = Annotated[float, Field(ge=SMALLEST, le=LARGEST)]
Multiple = Annotated[float, Field(ge=0.0, le=1e4)]
Factor = Annotated[float, Field(ge=1e-3, le=1e3)]
Return = Annotated[float, Field(ge=1e-9, le=1e9)]
HalfLife = Annotated[float, Field(ge=0.01, le=1e3)]
Level = Annotated[float, Field(ge=1e-3, le=0.999)]
RelativeRange = tuple[Multiple, Multiple]
DEFAULT_BOUNDS: RelativeRange = (0.5, 2.0)
Frequency = Literal["usual", "optimal"] | Annotated[float, Field(ge=1.0, le=100.0)]
Factors = Factor | tuple[Factor, ...]

_OBJECTIVE_TARGETS = ("roas", "marginal_roas", "cost_per_unit")


class ObjectiveSettings(Section):
    """What the plan maximises, always over posterior draws. In YAML a bare kind such as ``objective: profit`` will do.

    Amounts are in the currency where the outcome has a value per unit, else in units of the outcome.

    - ``mean_cvar`` (the default): (1 - ``risk_weight``) x mean + ``risk_weight`` x mean of the worst ``tail`` of the
      draws, of the gain over the reference plan; money returning less than ``worth_spending`` stays unspent;
    - ``expected_outcome``: expected incremental outcome; money returning less than ``worth_spending`` stays unspent;
    - ``profit``: ``margin`` x value of the incremental outcome - spend;
    - ``probability``: probability of beating the reference plan, or of reaching ``target``;
    - ``smallest_budget``: the least money whose expected incremental outcome reaches ``target``;
    - ``largest_budget``: the most money whose ``roas``, ``marginal_roas`` or ``cost_per_unit`` is no worse than given.
    """

    kind: ObjectiveKind = "mean_cvar"
    risk_weight: Share = 0.5
    tail: Annotated[float, Field(ge=0.001, le=0.999)] = 0.25
    target: Amount | None = None
    roas: Return | None = None
    marginal_roas: Return | None = None
    cost_per_unit: Return | None = None

    @property
    def risky(self) -> bool:
        """Whether more than the average counts. Such a plan is found on half of the draws and reported on the rest."""
        return self.kind in ("mean_cvar", "probability")

    @property
    def seeks_budget(self) -> bool:
        """Whether the total budget is what is looked for."""
        return self.kind in ("smallest_budget", "largest_budget")

    @model_validator(mode="after")
    def _targets_fit_kind(self) -> "ObjectiveSettings":
        if self.kind == "smallest_budget" and self.target is None:
            raise ValueError("objective 'smallest_budget' needs 'target', the incremental outcome to reach")
        if self.target is not None and self.kind not in ("smallest_budget", "probability"):
            raise ValueError(f"objective '{self.kind}' takes no 'target'; remove it")
        given = [name for name in _OBJECTIVE_TARGETS if getattr(self, name) is not None]
        if self.kind == "largest_budget" and len(given) != 1:
            raise ValueError(f"objective 'largest_budget' needs exactly one of {', '.join(_OBJECTIVE_TARGETS)}")
        if self.kind != "largest_budget" and given:
            raise ValueError(f"'{given[0]}' belongs to the objective 'largest_budget', not '{self.kind}'")
        return self


class ChannelLimits(Section):
    """What is allowed for one channel; amounts are totals over the horizon, in the currency.

    ``relative`` bounds are factors on the channel's spend in the reference plan; ``minimum`` and ``maximum`` are
    absolute and replace the relative bound of their side.
    """

    relative: RelativeRange | None = None
    minimum: Money | None = None
    maximum: Money | None = None
    fixed: bool = False
    """Keep the channel at its spend in the reference plan; to hold it at an amount, give minimum and maximum."""
    zero_or_at_least: Amount | None = None
    """Spend nothing, or at least this much; allows zero even where the lower bound does not."""
    step: Amount | None = None
    """Sellable unit: spend is a multiple of it."""
    weekly_maximum: Amount | None = None
    """Largest spend in any period of the horizon, over all geos."""
    weekly_minimum: Money | None = None
    """Smallest spend in any period of the horizon, over all geos."""
    value_factor: Factor = 1.0
    """Value of a unit of outcome won by this channel, relative to the average unit (value per customer)."""

    @model_validator(mode="after")
    def _ranges_are_ordered(self) -> "ChannelLimits":
        if self.relative is not None and self.relative[0] > self.relative[1]:
            raise ValueError(f"relative bounds must be [lower, upper]; got {list(self.relative)}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {amount(self.minimum)} is above maximum {amount(self.maximum)}")
        limits = ("relative", "minimum", "maximum", "zero_or_at_least", "step")
        if self.fixed and any(getattr(self, name) is not None for name in limits):
            raise ValueError("a fixed channel takes no bounds, zero_or_at_least or step; remove one or the other")
        return self


class GroupLimits(Section):
    """Limits on the summed spend of several channels, absolute or as a share of the money spent."""

    channels: Annotated[tuple[str, ...], Field(min_length=1)]
    minimum: Money | None = None
    maximum: Money | None = None
    minimum_share: Share | None = None
    maximum_share: Share | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> "GroupLimits":
        if all(getattr(self, n) is None for n in ("minimum", "maximum", "minimum_share", "maximum_share")):
            raise ValueError("a group needs at least one of minimum, maximum, minimum_share, maximum_share")
        for low, high in (("minimum", "maximum"), ("minimum_share", "maximum_share")):
            lower, upper = getattr(self, low), getattr(self, high)
            if lower is not None and upper is not None and lower > upper:
                raise ValueError(f"{low} {lower:,.4g} is above {high} {upper:,.4g}")
        return self


class Extrapolation(Section):
    """What to do when a plan's largest period spend of a channel leaves the range that was ever observed.

    ``limit`` is a factor on the largest spend observed in one period. ``warn`` only says so, ``forbid`` makes the limit
    an upper bound, ``penalise`` counts each unit of money beyond it as costing ``penalty`` more.
    """

    limit: Factor = 1.0
    action: Literal["warn", "forbid", "penalise"] = "warn"
    penalty: Factor = 1.0


class NewChannel(Section):
    """A channel that was never observed, known by its prior alone.

    ``roas`` is the 90% interval of its return at ``spend`` (a total over the horizon): log-normal, in currency of
    value, or in units of the outcome per unit of money where the outcome has no value. ``half_life`` is a 90% interval
    in periods. Saturation is a Hill curve of slope 1; ``saturation`` is the 90% interval of its level at ``spend``.
    """

    name: str
    spend: Amount
    roas: tuple[Return, Return]
    half_life: tuple[HalfLife, HalfLife] = (0.5, 3.0)
    saturation: tuple[Level, Level] = (0.2, 0.7)
    maximum: Amount | None = None
    """Most that may be spent on it over the horizon; by default twice ``spend``."""

    @model_validator(mode="after")
    def _intervals_are_ordered(self) -> "NewChannel":
        for name in ("roas", "half_life", "saturation"):
            low, high = getattr(self, name)
            if not low < high:
                raise ValueError(f"{name} must be [lower, upper] with lower < upper; got [{low}, {high}]")
        return self


TAKEN = frozenset({"reference", "plan"})
"""Names of the plans that stand beside the scenarios: today's, and the one that is advised."""


class Scenario(Section):
    """One named what-if, compared with the plan and the reference plan on the same draws."""

    name: Annotated[str, Field(min_length=1)]
    spend: Literal["optimised", "reference", "last_year"] | dict[str, Money] = "optimised"
    """Where the money goes: optimised under the constraints, or as given (a table holds totals over the horizon; a
    channel it does not name stays at its reference spend)."""
    total_budget: Amount | None = None
    change: dict[str, Annotated[float, Field(ge=-1.0, le=1e3)]] = Field(default_factory=dict)
    """Relative change of channels against the reference plan, held there: ``{tv: -0.5}`` cuts TV by half."""
    cost_change: dict[str, Annotated[float, Field(ge=-0.99, le=1e3)]] = Field(default_factory=dict)
    """Relative change of the cost per media unit: ``{tv: 0.2}`` makes TV 20% dearer."""
    controls: dict[str, Annotated[float, Field(ge=-LARGEST, le=LARGEST)]] = Field(default_factory=dict)
    """Values of controls over the horizon: ``{price: 8.99, discount: 0.2}`` prices lower and goes 20% deep; what that
    brings against the plan's own values counts as won by the scenario."""
    new_channel: NewChannel | None = None


class ChannelVendor(VendorSettings):
    """A vendor's prices, for the volume of one channel."""

    name: str | None = None
    """What the vendor is called."""


class Discrepancy(Section):
    """The error of a channel's log effect that its posterior does not know (:mod:`mmm.planning.discrepancy`).

    With chance 1 - ``misread`` it is normal with standard deviation ``usual``; with chance ``misread`` the channel is
    credited with something else, and the deviation is ``large``.
    """

    usual: Annotated[float, Field(ge=0.0, le=3.0)] = 0.3
    misread: Annotated[float, Field(ge=0.0, le=0.9)] = 0.1
    large: Annotated[float, Field(ge=0.0, le=5.0)] = 1.5


class PlanSettings(Section):
    """The budget decision. Budgets and bounds are totals over the whole horizon, in the currency of the data."""

    total_budget: Amount | None = None
    """Most that may be spent over the horizon; by default what the reference plan spends."""
    spend_all: bool = False
    """Spend exactly ``total_budget``, even where the money returns less than it costs."""
    horizon: Duration = "13 weeks"
    reference: Literal["last", "last_year"] | dict[str, Money] = "last"
    """The plan to beat: spend of the last horizon-length periods, of the same periods one year before the horizon, or a
    table of totals by channel (channels it does not name stay at their last spend)."""
    objective: ObjectiveSettings = ObjectiveSettings()
    margin: Annotated[float, Field(ge=1e-4, le=1e4)] | None = None
    """Profit per currency of outcome value: the share of revenue that is left. Without it a plan on revenue weighs
    revenue, and says nothing of profit; a profit, and a KPI with a value per unit, need none."""
    customer_value: Annotated[str, Field(min_length=1)] | None = None
    """CSV or Parquet file, relative to the settings file: draws of what a unit of the outcome is worth that a channel
    won, a row a draw and a column a channel, as ``mmm ltv`` writes them. Replaces the data's one value per unit."""
    vendors: dict[str, str | ChannelVendor] = Field(default_factory=dict)
    """By channel, the vendor (of ``costs.vendors``, or its prices) whose bill takes the place of the channel's media
    money: fees, tiers and minima of the volume that the plan takes, in the unit of the channel's media."""
    billing: Literal["month", "period", "horizon"] = "month"
    """What one bill of ``vendors`` is for: the periods that begin in a month, each period, or the horizon."""
    worth_spending: Multiple | None = None
    """Least expected profit (value x margin; the value alone where no margin is known) that one more unit of money must
    return to be spent. Not given: 1, for money that wins less than it costs pays at no margin. Not used under
    ``profit`` (where it is 1), with ``spend_all`` or where the outcome has no value per unit."""
    discrepancy: Discrepancy | None = Discrepancy()
    """How wrong such models are beyond what their posterior says, by which plan and promise are calibrated; ``null``
    plans on the posterior as it is."""
    detail: Detail = "channel"
    """What is decided: totals by channel (split over geos and periods as in the reference plan), by channel and geo, or
    by channel and period."""

    bounds: RelativeRange | None = None
    """Bounds of every channel as factors on its spend in the reference plan, where ``channels`` says nothing else. Not
    given: 0.5 and 2, the lower one moved down with a smaller ``total_budget`` and the upper one up with a larger, so
    that today's mix stays allowed at any budget."""
    cell_bounds: RelativeRange | None = None
    """Bounds of every channel-geo or channel-period cell, as factors on its spend in the reference plan. Not given: up
    to twice its share of the most that the channel may spend, by the reference plan's split or, over periods, by an
    even one where that is more."""
    channels: dict[str, ChannelLimits] = Field(default_factory=dict)
    groups: dict[str, GroupLimits] = Field(default_factory=dict)
    max_increase: Multiple | None = None
    """No channel grows by more than this share of its reference spend (0.3 is 30%)."""
    min_retained: Share | None = None
    """Every channel keeps at least this share of its reference spend."""
    max_total_reallocation: Share | None = None
    """Increases, and decreases, each sum to at most this share of the reference total (less or more budget counts)."""
    step: Amount | None = None
    """Sellable unit of every channel that has none of its own."""
    extrapolation: Extrapolation = Extrapolation()
    further: dict[str, Any] = Field(default_factory=dict)
    """Constraints of one's own by name, with what each asks for (docs/extending.md)."""

    prices: dict[str, Annotated[float, Field(ge=1e-9, le=LARGEST)]] = Field(default_factory=dict)
    """Price of a media unit of a channel without a cost (organic media), in the currency: the plan then moves it as it
    moves paid media, with what ran so far at this price."""
    frequency: dict[str, Frequency] = Field(default_factory=dict)
    """How often a person is reached on average, by channel known by reach and frequency: ``usual`` (the default),
    ``optimal``, which wins most for any money, or a number. At the same cost a contact, in all geos and periods; what
    today's plan is compared on is at the same frequency, and the analysis tells what the frequency alone wins."""
    cost_factor: dict[str, Factors] = Field(default_factory=dict)
    """Cost per media unit by channel relative to the last 13 weeks': one factor, or one for each period of the
    horizon."""
    demand_factor: Factors = 1.0
    """How much media moves the outcome relative to average: one factor, or one for each period of the horizon."""

    future_controls: Literal["recent_mean", "last_year"] = "recent_mean"
    """Where controls are held over the horizon for the forecast of the whole outcome: at their mean of the last 13
    weeks, or at the same periods one year (364 days) before."""

    draws: Annotated[int, Field(ge=50, le=1_000_000)] = 1000
    gap: Annotated[float, Field(ge=1e-9, lt=0.5)] = 0.001
    """Largest relative distance to the certified bound at which the search stops."""
    time_limit: Annotated[float, Field(ge=0.01, le=86_400.0)] = 30.0
    """Seconds of computing, compiling not counted, after which the search stops with the gap that it has."""
    equal_margin: Annotated[float, Field(ge=1e-9, le=1.0)] = 0.01
    """A plan is called as good as the reference plan only where the interval of its gain holds zero and lies, as a
    whole, within this share of the incremental outcome: what the reference plan's media win."""
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] = 20240101
    curve_points: Annotated[int, Field(ge=1, le=200)] = 9
    """Budgets on the budget curve."""
    budget_step: Amount | None = None
    """The amount for 'what the next and the last ... earn'; by default the smaller of 100,000 and 5% of the budget."""
    scenarios: tuple[Scenario, ...] = ()

    @field_validator("objective", mode="before")
    @classmethod
    def _bare_kind(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @field_validator("further")
    @classmethod
    def _registered(cls, value: dict[str, Any]) -> dict[str, Any]:
        try:
            return {name: CONSTRAINTS[name].section.model_validate(asked) for name, asked in value.items()}
        except SettingsError as error:
            raise ValueError(str(error)) from error

    @field_validator("bounds", "cell_bounds")
    @classmethod
    def _ordered(cls, value: RelativeRange | None) -> RelativeRange | None:
        if value is not None and value[0] > value[1]:
            raise ValueError(f"bounds must be [lower, upper]; got {list(value)}")
        return value

    @model_validator(mode="after")
    def _billed_fits(self) -> "PlanSettings":
        both = sorted(self.vendors.keys() & self.cost_factor.keys())
        if both:
            raise ValueError(f"'{both[0]}' has a vendor's prices (vendors) and a factor on its cost (cost_factor)")
        if self.vendors and self.objective.kind == "probability":
            raise ValueError("objective 'probability' does not know bills (vendors); ask for mean_cvar")
        return self

    @model_validator(mode="after")
    def _draws_are_enough(self) -> "PlanSettings":
        if self.objective.risky and self.draws < RISKY_DRAWS:
            raise ValueError(
                f"draws is {self.draws}; the objective '{self.objective.kind}' needs at least {RISKY_DRAWS}: "
                "raise draws, or ask for objective 'expected_outcome'"
            )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> "PlanSettings":
        names = [s.name for s in self.scenarios]
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ValueError(f"scenario names must differ; repeated: {', '.join(repeated)}")
        taken = sorted(TAKEN.intersection(names))
        if taken:
            raise ValueError(f"scenarios: '{taken[0]}' is what tables call a plan of their own. Give it another name")
        return self
