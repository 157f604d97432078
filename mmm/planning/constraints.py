"""From the settings' limits to linear rules, each with what it says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mmm.arrays import Floats
from mmm.data.problems import nearest
from mmm.digits import amount
from mmm.errors import PlanError
from mmm.planning.billing import Billed, billed_columns, money_of
from mmm.planning.limits import CONSTRAINTS, Here
from mmm.planning.problem import PlanProblem, Space
from mmm.planning.program import Program, Rule, budget_rule, defined
from mmm.planning.settings import DEFAULT_BOUNDS, ChannelLimits, PlanSettings, RelativeRange
from mmm.planning.statements import Factor, Kind, Money, Part, Share, Statement, Value

_WITHOUT_AMOUNT = ("group_share_at_least", "group_share_at_most")
Values = dict[str, Value]
_MOST_STEPS = 1_000_000


def check_names(settings: PlanSettings, channels: tuple[str, ...]) -> None:
    """Every channel that the settings name exists. Raises PlanError with the nearest right name."""
    named: list[tuple[str, Iterable[str]]] = [
        ("plan.channels", settings.channels),
        ("plan.cost_factor", settings.cost_factor),
        ("plan.reference", settings.reference if isinstance(settings.reference, dict) else ()),
    ]
    named += [(f"plan.groups.{name}.channels", group.channels) for name, group in settings.groups.items()]
    for scenario in settings.scenarios:
        where = f"plan.scenarios ('{scenario.name}')"
        new = () if scenario.new_channel is None else (scenario.new_channel.name,)
        table = scenario.spend if isinstance(scenario.spend, dict) else ()
        named += [(where, [n for n in (*table, *scenario.change, *scenario.cost_change) if n not in new])]
        if new and new[0] in channels:
            raise PlanError(f"{where} adds the new channel '{new[0]}', but a channel of that name exists. Rename it.")
    for where, names in named:
        for name in names:
            if name not in channels:
                raise PlanError(
                    f"{where} names the channel '{name}', which the model does not have. {nearest(name, channels)}"
                )


@dataclass(frozen=True)
class _Bound:
    """One end of a channel's range; ``factor`` where it is relative to the reference spend.

    ``open`` where no limit of the channel's own ends it, only what there is to spend.
    """

    value: float
    factor: float | None = None
    open: bool = False


class _Builder:
    """Collects rules and helper columns while the settings are read."""

    def __init__(self, settings: PlanSettings, space: Space, total_budget: float) -> None:
        self.settings, self.space = settings, space
        self.names = space.problem.channels
        self.rules: list[Rule] = []
        self.definitions: list[Rule] = []
        self.cost: list[float] = [0.0] * space.size
        self.gaps: dict[int, float] = {}
        self.steps: dict[int, float] = {}
        self.reference = space.totals(space.reference)
        self.billed: list[Billed] = []
        minima = sum(limits.minimum or 0.0 for limits in settings.channels.values())
        # All that there is to spend; where the budget is looked for, twice what has to be and what is spent today.
        looked_for = DEFAULT_BOUNDS[1] * (float(self.reference.sum()) + minima)
        self.room = total_budget if np.isfinite(total_budget) else looked_for

    def columns_of(self, channel: int) -> tuple[int, ...]:
        return tuple(int(i) for i in np.flatnonzero(self.space.channel_of == channel))

    def helper(self, cost: float = 0.0) -> int:
        self.cost.append(cost)
        return len(self.cost) - 1

    def add(self, kind: Kind, values: Values, terms: Mapping[int, float], limits: tuple[float, float]) -> None:
        """A rule of the settings; the limit that it states joins its values as the amount."""
        lower, upper = limits
        limit = Money(upper if upper < np.inf else lower)
        amount: Values = {} if kind in _WITHOUT_AMOUNT else {"amount": limit}
        self.rules.append(Rule(Statement(kind, values | amount), tuple(terms), tuple(terms.values()), lower, upper))

    def define(self, name: str, terms: Mapping[int, float], lower: float, upper: float) -> None:
        self.definitions.append(defined(name, terms, lower, upper))

    def total_column(self, channel: int) -> int:
        """The one column that holds a channel's total: its own, or a helper."""
        columns = self.columns_of(channel)
        if len(columns) == 1:
            return columns[0]
        column = self.helper()
        self.define(f"total of {self.names[channel]}", {**dict.fromkeys(columns, 1.0), column: -1.0}, 0.0, 0.0)
        return column

    def channel(self, index: int) -> None:
        """Bounds, gap, step and period limits of one channel."""
        name, today = self.names[index], float(self.reference[index])
        limits = self.settings.channels.get(name, ChannelLimits())
        terms = dict.fromkeys(self.columns_of(index), 1.0)
        part: Values = {"part": Part(name)}
        if limits.fixed:
            self.add("fixed", part, terms, (today, today))
            return
        self._bounds(index, limits, terms)
        if self.settings.max_increase is not None:
            self.add("max_increase", part, terms, (-np.inf, (1 + self.settings.max_increase) * today))
        if self.settings.min_retained is not None and limits.zero_or_at_least is None:
            self.add("min_retained", part, terms, (self.settings.min_retained * today, np.inf))
        step = limits.step or self.settings.step
        if step is not None or limits.zero_or_at_least is not None:
            column = self.total_column(index)
            if step is not None:
                self._require_coarse(name, step, self.range_of(index)[1].value)
                self.steps[column] = step
            if limits.zero_or_at_least is not None:
                self._require_reach(name, limits.zero_or_at_least, self.range_of(index)[1].value)
                self.gaps[column] = limits.zero_or_at_least
        self._periods(index, name, limits)

    @staticmethod
    def _require_reach(name: str, least: float, most: float) -> None:
        """Raise PlanError for a "zero or at least" above the most that the channel may spend."""
        if least > most:
            raise PlanError(
                f"plan.channels.{name}.zero_or_at_least is {amount(least)}, but the channel may spend {amount(most)} "
                "at most. Raise its maximum, or hold it at zero with maximum: 0."
            )

    @staticmethod
    def _require_coarse(name: str, step: float, most: float) -> None:
        """Raise PlanError for a unit so small that a solver's tolerance is more than it."""
        if step * _MOST_STEPS < most:
            raise PlanError(
                f"The step of {name} is {step:,.3g}, of which its most, {amount(most)}, holds more than "
                f"{_MOST_STEPS:,}. Leave it out, or give a larger unit."
            )

    def range_of(self, index: int) -> tuple[_Bound, _Bound]:
        """Least and most money of one channel, by its own limits or the relative ones of all.

        A limit in money on one side that leaves the default of the other side no room makes that default fall away:
        the channel may go down to nothing, or up to whatever the budget allows.
        """
        limits = self.settings.channels.get(self.names[index], ChannelLimits())
        today = float(self.reference[index])
        low, high = limits.relative or self._default_range()
        least, most = _Bound(low * today, low), _Bound(high * today, high)
        if limits.minimum is not None:
            least = _Bound(limits.minimum)
            if limits.relative is None and limits.minimum > 0 and limits.minimum >= most.value:
                most = _Bound(max(self.room, limits.minimum), open=True)
        if limits.maximum is not None:
            most = _Bound(limits.maximum)
            if limits.relative is None and limits.minimum is None and limits.maximum <= least.value:
                least = _Bound(0.0)
        return (least if limits.zero_or_at_least is None else _Bound(0.0)), most

    def _bounds(self, index: int, limits: ChannelLimits, terms: Mapping[int, float]) -> None:
        (least, most), part = self.range_of(index), Part(self.names[index])
        if limits.zero_or_at_least is not None:
            says = Statement("zero_or_at_least", {"part": part, "amount": Money(limits.zero_or_at_least)})
            self.rules.append(Rule(says, tuple(terms), tuple(terms.values()), -np.inf, np.inf))
        both: tuple[tuple[_Bound, tuple[Kind, Kind], tuple[float, float]], ...] = (
            (least, ("at_least", "at_least_relative"), (least.value, np.inf)),
            (most, ("at_most", "at_most_relative"), (-np.inf, most.value)),
        )
        for bound, kinds, ends in both:
            if bound.open:
                self.define(f"room of {part}", terms, *ends)
            elif bound is most or bound.value > 0:
                plain: Values = {"part": part}
                relative = {} if bound.factor is None else {"factor": Factor(bound.factor)}
                self.add(kinds[0 if bound.factor is None else 1], plain | relative, terms, ends)

    def _default_range(self) -> tuple[float, float]:
        """The bounds of channels that state none; the default ones hold the reference mix at the size of the budget."""
        if self.settings.bounds is not None:
            return self.settings.bounds
        low, high = DEFAULT_BOUNDS
        total = float(self.reference.sum())
        if self.settings.total_budget is None or total == 0:
            return low, high
        size = self.settings.total_budget / total
        return low * min(1.0, size), high * max(1.0, size)

    def _periods(self, index: int, name: str, limits: ChannelLimits) -> None:
        space, columns = self.space, self.columns_of(index)
        peak = space.split[:, :, index]
        both: tuple[tuple[Kind, float | None, bool], ...] = (
            ("period_at_most", limits.weekly_maximum, False),
            ("period_at_least", limits.weekly_minimum, True),
        )
        for kind, limit, lower in both:
            if limit is None:
                continue
            for h in range(space.problem.horizon):
                if space.detail == "week":
                    terms = {columns[h]: 1.0}
                elif space.detail == "geo":
                    terms = {column: float(peak[h, g]) for g, column in enumerate(columns)}
                else:
                    terms = {columns[0]: float(peak[h].sum())}
                terms = {column: weight for column, weight in terms.items() if weight > 0}
                if terms:
                    self.add(kind, {"part": Part(name)}, terms, (limit, np.inf) if lower else (-np.inf, limit))
                elif lower and limit > 0:
                    raise PlanError(
                        f"plan.channels.{name}.weekly_minimum asks for {amount(limit)} in every period, but in the "
                        f"reference plan the channel pauses in some. Use detail: week, or remove the minimum."
                    )

    def cells(self) -> None:
        """Bounds of channel-geo or channel-period cells."""
        detail = self.space.detail
        if detail == "channel":
            return
        reference = self.space.reference
        for i in range(self.space.size):
            channel = int(self.space.channel_of[i])
            limits = self.settings.channels.get(self.names[channel], ChannelLimits())
            part: Values = {"part": self.space.part(i)}
            if limits.fixed and detail == "geo":
                self.add("fixed", part, {i: 1.0}, (float(reference[i]), float(reference[i])))
                continue
            most_of_channel = self.range_of(channel)[1].value
            together, (low, high) = self._cell_range(limits)
            least, most = low * float(reference[i]), high * float(reference[i])
            if self.settings.cell_bounds is None:
                most = max(most, 2.0 * self._cell_share(i) * most_of_channel)
            both: tuple[tuple[Kind, tuple[float, float]], ...]
            both = (("at_most", (-np.inf, most)), ("at_least", (least, np.inf)))
            for kind, limit in both:
                if kind == "at_most" or least > 0:
                    self.add(kind, part, {i: 1.0}, limit)
                    self.rules[-1] = replace(self.rules[-1], together=together)

    def _cell_range(self, limits: ChannelLimits) -> tuple[Statement, RelativeRange]:
        """What is said of all parts of channels, and their bounds as factors on the reference plan."""
        geos = self.space.detail == "geo"
        if self.settings.cell_bounds is None:
            high = (limits.relative or self._default_range())[1]
            return Statement("parts_share_geos" if geos else "parts_share_periods"), (0.0, 2.0 * high)
        low, high = self.settings.cell_bounds
        ends: Values = {"low": Factor(low), "high": Factor(high)}
        return Statement("parts_between_geos" if geos else "parts_between_periods", ends), (low, high)

    def _cell_share(self, index: int) -> float:
        """Share of its channel's money that a geo has by its pattern, or a period has with even spend.

        A pause in the reference plan must not forbid spending there.
        """
        if self.space.detail == "week":
            return 1.0 / self.space.problem.horizon
        pattern = self.space.problem.pattern.sum(axis=0)
        return float((pattern / pattern.sum(axis=0)).ravel()[index])

    def groups(self) -> None:
        for name, group in self.settings.groups.items():
            members = [self.names.index(channel) for channel in group.channels]
            columns = [i for m in members for i in self.columns_of(m)]
            named: Values = {"name": name}
            if group.minimum is not None:
                self.add("group_at_least", named, dict.fromkeys(columns, 1.0), (group.minimum, np.inf))
            if group.maximum is not None:
                self.add("group_at_most", named, dict.fromkeys(columns, 1.0), (-np.inf, group.maximum))
            inside = set(columns)
            both: tuple[tuple[float | None, Kind, tuple[float, float]], ...] = (
                (group.minimum_share, "group_share_at_least", (0.0, np.inf)),
                (group.maximum_share, "group_share_at_most", (-np.inf, 0.0)),
            )
            for share, kind, limits in both:
                if share is None:
                    continue
                terms = {i: float(i in inside) - share for i in range(self.space.size)}
                terms = {i: weight for i, weight in terms.items() if weight != 0.0}
                self.add(kind, named | {"share": Share(share)}, terms, limits)

    def reallocation(self) -> None:
        share = self.settings.max_total_reallocation
        if share is None:
            return
        limit = share * float(self.reference.sum())
        ups, downs = [], []
        for c, today in enumerate(self.reference):
            up, down = self.helper(), self.helper()
            terms = {**dict.fromkeys(self.columns_of(c), 1.0), up: -1.0, down: 1.0}
            self.define(f"change of {self.names[c]}", terms, float(today), float(today))
            ups.append(up)
            downs.append(down)
        self.add("increases", {}, dict.fromkeys(ups, 1.0), (-np.inf, limit))
        self.add("decreases", {}, dict.fromkeys(downs, 1.0), (-np.inf, limit))

    def bills(self) -> None:
        """A helper for every bill, the line or stair that it is of the volume, and what the vendor sells at most."""
        for made in billed_columns(self.space, [self.range_of(c)[1].value for c in range(len(self.names))]):
            column = self.helper()
            self.billed.append(replace(made, column=column))
            part: Values = {"part": Part(self.names[made.channel])}
            if made.sold:
                self.add("sold_at_most", part | {"name": made.vendor}, made.terms, (-np.inf, made.sold))
            for name, slope, base in made.below:
                line = {column: 1.0} | {i: -slope * w for i, w in made.terms.items()}
                self.define(f"{name} of {self.names[made.channel]}", line, base, base if made.linear else np.inf)

    def further(self) -> None:
        """Constraints of one's own, on the channels' totals."""
        here = Here(self.names, self.reference)
        for name, asked in self.settings.further.items():
            for limit in CONSTRAINTS[name].limits(asked, here):
                unknown = [channel for channel in limit.weights if channel not in self.names]
                if unknown:
                    raise PlanError(
                        f"plan.further.{name} names the channel '{unknown[0]}', which the model does not have. "
                        f"{nearest(unknown[0], self.names)}"
                    )
                columns = {i: w for c, w in limit.weights.items() for i in self.columns_of(self.names.index(c))}
                says = Statement("further", {"name": limit.words})
                self.rules.append(Rule(says, tuple(columns), tuple(columns.values()), limit.lower, limit.upper))

    def extrapolation(self) -> None:
        rule = self.settings.extrapolation
        if rule.action == "warn":
            return
        limits = self.observed_limit(rule.limit)
        for i, limit in enumerate(limits):
            name = self.names[self.space.channel_of[i]]
            if self.settings.channels.get(name, ChannelLimits()).fixed or not np.isfinite(limit):
                continue
            if rule.action == "forbid":
                self.add("observed", {"part": self.space.part(i)}, {i: 1.0}, (-np.inf, float(limit)))
            else:
                beyond = self.helper(cost=rule.penalty)
                self.define(f"{self.space.part(i)} beyond the range", {i: 1.0, beyond: -1.0}, -np.inf, float(limit))

    def observed_limit(self, factor: float) -> Floats:
        """Largest value of each decided number whose periods all stay within ``factor`` x the observed peak."""
        problem, split = self.space.problem, self.space.split
        if self.space.detail == "geo":
            peak = split.max(axis=0)
            return (factor * problem.observed_peak / np.where(peak > 0, peak, np.inf)).ravel()
        if self.space.detail == "week":
            return np.tile(factor * problem.observed_peak_total, problem.horizon)
        peak = split.sum(axis=1).max(axis=0)
        return factor * problem.observed_peak_total / np.where(peak > 0, peak, np.inf)


def budget_of(settings: PlanSettings, problem: PlanProblem) -> float:
    """The total budget: as given, else what the reference plan spends; infinite where it is what is looked for."""
    if settings.total_budget is not None:
        return settings.total_budget
    return np.inf if settings.objective.seeks_budget else problem.spent(problem.reference)


def require_money(problem: PlanProblem, total_budget: float) -> None:
    """Raise PlanError where there is nothing to decide on: no budget, since today's plan spends nothing."""
    if total_budget <= 0:
        raise PlanError(
            f"Today's plan spends nothing over {problem.horizon} periods, so that there is no budget to split and "
            "limits relative to it allow nothing. Give plan.total_budget and a maximum for each channel to plan on "
            "(plan.channels), or another plan.reference."
        )


def assemble(settings: PlanSettings, space: Space, total_budget: float) -> Program:
    """All constraints of the settings for one problem. Raises PlanError where a channel is not known."""
    check_names(settings, space.problem.channels)
    builder = _Builder(settings, space, total_budget)
    for c in range(len(builder.names)):
        builder.channel(c)
    builder.cells()
    builder.groups()
    builder.reallocation()
    builder.further()
    builder.extrapolation()
    builder.bills()
    money = money_of(builder.billed, space, len(builder.cost))
    return Program(
        size=space.size,
        columns=len(builder.cost),
        rules=(
            budget_rule(np.ones(space.size) if money is None else money, total_budget, settings.spend_all),
            *builder.rules,
        ),
        definitions=tuple(builder.definitions),
        cost=np.array(builder.cost),
        gaps=builder.gaps,
        steps=builder.steps,
        stairs=tuple(made.stair() for made in builder.billed if not made.linear),
        money=money,
    )
