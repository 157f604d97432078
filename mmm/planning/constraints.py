"""From the settings' limits to linear rules, each with its own words, and to the program that a solver sees."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mmm.data.problems import nearest
from mmm.errors import PlanError
from mmm.model.response import Floats
from mmm.planning.problem import Space
from mmm.planning.qp import Region
from mmm.planning.settings import DEFAULT_BOUNDS, ChannelLimits, PlanSettings


@dataclass(frozen=True)
class Rule:
    """``lower <= sum(weights * x[columns]) <= upper``, and how to say it; ``said`` is one sentence for many rules."""

    words: str
    columns: tuple[int, ...]
    weights: tuple[float, ...]
    lower: float
    upper: float
    said: str = ""


@dataclass(frozen=True)
class Program:
    """The constraints over the decided numbers and some helper columns.

    The first ``size`` columns are the plan; the others are helpers (increases, decreases, totals of a channel, money
    beyond the observed range). ``cost`` is what one unit of a helper costs the objective. ``gaps`` maps a column to the
    least value it takes where it is not zero; ``steps`` maps a column to the unit of which it is a multiple.
    """

    size: int
    columns: int
    rules: tuple[Rule, ...]
    definitions: tuple[Rule, ...]
    cost: Floats
    gaps: dict[int, float] = field(default_factory=dict)
    steps: dict[int, float] = field(default_factory=dict)

    @property
    def discrete(self) -> bool:
        return bool(self.gaps or self.steps)

    @cached_property
    def region(self) -> Region:
        """Bounds from the rules on one column, rows from the others; discreteness is not in it."""
        lower, upper = np.zeros(self.columns), np.full(self.columns, np.inf)
        rows: list[Rule] = []
        for rule in (*self.rules, *self.definitions):
            if len(rule.columns) != 1:
                # A rule may be there for its words alone; a row without any limit would leave a solver's slack free.
                if np.isfinite([rule.lower, rule.upper]).any():
                    rows.append(rule)
                continue
            column, weight = rule.columns[0], rule.weights[0]
            upper[column] = min(upper[column], rule.upper / weight)
            lower[column] = max(lower[column], rule.lower / weight)
        matrix = np.zeros((len(rows), self.columns))
        for i, rule in enumerate(rows):
            matrix[i, list(rule.columns)] = rule.weights
        row_lower = np.array([rule.lower for rule in rows], dtype=float)
        row_upper = np.array([rule.upper for rule in rows], dtype=float)
        return _pinned(Region(matrix, row_lower, row_upper, lower, upper))

    @property
    def words(self) -> tuple[str, ...]:
        """The rules as sentences, each once."""
        return tuple(dict.fromkeys(rule.said or rule.words for rule in self.rules))

    def fixed(self, values: dict[int, float]) -> "Program":
        """The same program with some columns held at a value, and nothing discrete about them."""
        held = tuple(Rule(f"column {i} is held", (i,), (1.0,), v, v) for i, v in values.items())
        gaps = {i: v for i, v in self.gaps.items() if i not in values}
        steps = {i: v for i, v in self.steps.items() if i not in values}
        return replace(self, definitions=(*self.definitions, *held), gaps=gaps, steps=steps)

    def opened(self, values: dict[int, float]) -> "Program":
        """The same program with gaps decided as "at least": the columns' gaps become lower bounds."""
        least = tuple(Rule(f"column {i} is at least {v:,.0f}", (i,), (1.0,), v, np.inf) for i, v in values.items())
        gaps = {i: v for i, v in self.gaps.items() if i not in values}
        return replace(self, definitions=(*self.definitions, *least), gaps=gaps)

    def within(self, values: dict[int, tuple[float, float]]) -> "Program":
        """The same program with narrower bounds on some columns."""
        more = tuple(Rule(f"column {i} is narrowed", (i,), (1.0,), a, b) for i, (a, b) in values.items())
        return replace(self, definitions=(*self.definitions, *more))

    def relaxed(self) -> "Program":
        """The same program without its gaps and steps."""
        return replace(self, gaps={}, steps={}) if self.discrete else self

    def with_budget(self, total_budget: float, spend_all: bool) -> "Program":
        """The same program with another total budget."""
        others = tuple(rule for rule in self.rules if not rule.words.startswith(_BUDGET))
        return replace(self, rules=(_budget_rule(self.size, total_budget, spend_all), *others))


def _pinned(region: Region) -> Region:
    """The region with numbers to which a row leaves one value (parts of a total that is zero) bounded to it.

    An interior point method needs room; what has none leaves the problem this way.
    """
    lower, upper = region.lower.copy(), region.upper.copy()
    for sign in (1.0, -1.0):
        rows, limit = sign * region.A, sign * (region.row_upper if sign > 0 else region.row_lower)
        for row, most in zip(rows, limit, strict=True):
            up, down = row > 0, row < 0
            least = float(row[up] @ lower[up] + row[down] @ upper[down])
            if np.isfinite([least, most]).all() and abs(most - least) <= 1e-12 * max(1.0, abs(most)):
                upper[up], lower[down] = lower[up], upper[down]
    return replace(region, lower=lower, upper=upper)


_BUDGET = "the total budget"


def _budget_rule(size: int, total_budget: float, spend_all: bool) -> Rule:
    words = f"{_BUDGET} is {'exactly' if spend_all else 'at most'} {total_budget:,.0f}"
    low = total_budget if spend_all else -np.inf
    return Rule(words, tuple(range(size)), (1.0,) * size, low, total_budget)


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


class _Builder:
    """Collects rules and helper columns while the settings are read."""

    def __init__(self, settings: PlanSettings, space: Space) -> None:
        self.settings, self.space = settings, space
        self.names = space.problem.channels
        self.rules: list[Rule] = []
        self.definitions: list[Rule] = []
        self.cost: list[float] = [0.0] * space.size
        self.gaps: dict[int, float] = {}
        self.steps: dict[int, float] = {}
        self.reference = space.totals(space.reference)

    def columns_of(self, channel: int) -> tuple[int, ...]:
        return tuple(int(i) for i in np.flatnonzero(self.space.channel_of == channel))

    def helper(self, cost: float = 0.0) -> int:
        self.cost.append(cost)
        return len(self.cost) - 1

    def add(self, words: str, columns: Iterable[int], lower: float, upper: float) -> None:
        columns = tuple(columns)
        self.rules.append(Rule(words, columns, (1.0,) * len(columns), lower, upper))

    def define(self, words: str, terms: dict[int, float], lower: float, upper: float) -> None:
        self.definitions.append(Rule(words, tuple(terms), tuple(terms.values()), lower, upper))

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
        columns = self.columns_of(index)
        if limits.fixed:
            self.add(f"{name} is fixed at {today:,.0f}", columns, today, today)
            return
        self._bounds(name, today, limits, columns)
        if self.settings.max_increase is not None:
            most = (1 + self.settings.max_increase) * today
            self.add(f"{name} at most {most:,.0f} (max_increase)", columns, -np.inf, most)
        if self.settings.min_retained is not None and limits.zero_or_at_least is None:
            least = self.settings.min_retained * today
            self.add(f"{name} at least {least:,.0f} (min_retained)", columns, least, np.inf)
        step = limits.step or self.settings.step
        if step is not None or limits.zero_or_at_least is not None:
            column = self.total_column(index)
            if step is not None:
                self.steps[column] = step
            if limits.zero_or_at_least is not None:
                self.gaps[column] = limits.zero_or_at_least
        self._periods(index, name, limits)

    def _bounds(self, name: str, today: float, limits: ChannelLimits, columns: tuple[int, ...]) -> None:
        low, high = limits.relative or self._default_range()
        factor = (f" ({low:.3g} x its reference spend)", f" ({high:.3g} x its reference spend)")
        least, most = (low * today, factor[0]), (high * today, factor[1])
        if limits.minimum is not None:
            least = (limits.minimum, "")
        if limits.maximum is not None:
            most = (limits.maximum, "")
        # A bound given on one side only moves the default of the other out of the way.
        if limits.minimum is not None and limits.maximum is None and limits.relative is None:
            most = (max(most[0], limits.minimum), most[1])
        if limits.maximum is not None and limits.minimum is None and limits.relative is None:
            least = (min(least[0], limits.maximum), least[1])
        if limits.zero_or_at_least is not None:
            least = (0.0, "")
            self.add(f"{name} is zero or at least {limits.zero_or_at_least:,.0f}", columns, -np.inf, np.inf)
        if least[0] > 0:
            self.add(f"{name} at least {least[0]:,.0f}{least[1]}", columns, least[0], np.inf)
        self.add(f"{name} at most {most[0]:,.0f}{most[1]}", columns, -np.inf, most[0])

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
        for words, limit, lower in (
            (f"{name} at most {limits.weekly_maximum or 0:,.0f} in a period", limits.weekly_maximum, False),
            (f"{name} at least {limits.weekly_minimum or 0:,.0f} in a period", limits.weekly_minimum, True),
        ):
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
                low, high = (limit, np.inf) if lower else (-np.inf, limit)
                if terms:
                    self.rules.append(Rule(words, tuple(terms), tuple(terms.values()), low, high))
                elif lower and limit > 0:
                    raise PlanError(
                        f"plan.channels.{name}.weekly_minimum asks for {limit:,.0f} in every period, but in the "
                        f"reference plan the channel pauses in some. Use detail: week, or remove the minimum."
                    )

    def cells(self) -> None:
        """Bounds of channel-geo or channel-period cells."""
        if self.space.detail == "channel":
            return
        reference = self.space.reference
        for i in range(self.space.size):
            name = self.names[self.space.channel_of[i]]
            limits = self.settings.channels.get(name, ChannelLimits())
            if limits.fixed and self.space.detail == "geo":
                self.add(f"{self.space.label(i)} is fixed", (i,), float(reference[i]), float(reference[i]))
                continue
            low, high = self.settings.cell_bounds or (0.0, 2.0 * (limits.relative or self._default_range())[1])
            least, most = low * float(reference[i]), high * float(reference[i])
            label, part = self.space.label(i), "geo" if self.space.detail == "geo" else "period"
            said = f"every {part} of a channel between {low:g} x and {high:g} x its reference spend"
            if self.settings.cell_bounds is None:
                most = max(most, 2.0 * self._cell_share(i) * self._most(name, limits))
                said = f"no {part} of a channel above twice its share of the most that the channel may spend"
            self.rules.append(Rule(f"{label} at most {most:,.0f}", (i,), (1.0,), -np.inf, most, said))
            if least > 0:
                self.rules.append(Rule(f"{label} at least {least:,.0f}", (i,), (1.0,), least, np.inf, said))

    def _most(self, name: str, limits: ChannelLimits) -> float:
        """Most money that a channel's own bounds allow over the horizon."""
        if limits.maximum is not None:
            return limits.maximum
        today = float(self.reference[self.names.index(name)])
        return max((limits.relative or self._default_range())[1] * today, limits.minimum or 0.0)

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
            if group.minimum is not None:
                self.add(f"group {name} at least {group.minimum:,.0f}", columns, group.minimum, np.inf)
            if group.maximum is not None:
                self.add(f"group {name} at most {group.maximum:,.0f}", columns, -np.inf, group.maximum)
            inside = set(columns)
            for share, upper in ((group.minimum_share, False), (group.maximum_share, True)):
                if share is None:
                    continue
                terms = {i: float(i in inside) - share for i in range(self.space.size)}
                terms = {i: weight for i, weight in terms.items() if weight != 0.0}
                low, high = (-np.inf, 0.0) if upper else (0.0, np.inf)
                words = f"group {name} {'at most' if upper else 'at least'} {share:.0%} of the money spent"
                self.rules.append(Rule(words, tuple(terms), tuple(terms.values()), low, high))

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
        for words, columns in (("increases", ups), ("decreases", downs)):
            text = f"{words} sum to at most {limit:,.0f} (max_total_reallocation)"
            self.add(text, columns, -np.inf, limit)

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
                words = f"extrapolation: {self.space.label(i)} at most {limit:,.0f} to stay in the observed range"
                self.add(words, (i,), -np.inf, float(limit))
            else:
                beyond = self.helper(cost=rule.penalty)
                self.define(f"{self.space.label(i)} beyond the observed range", {i: 1.0, beyond: -1.0}, -np.inf, limit)

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


def assemble(settings: PlanSettings, space: Space, total_budget: float) -> Program:
    """All constraints of the settings for one problem. Raises PlanError where a channel is not known."""
    check_names(settings, space.problem.channels)
    builder = _Builder(settings, space)
    for c in range(len(builder.names)):
        builder.channel(c)
    builder.cells()
    builder.groups()
    builder.reallocation()
    builder.extrapolation()
    return Program(
        size=space.size,
        columns=len(builder.cost),
        rules=(_budget_rule(space.size, total_budget, settings.spend_all), *builder.rules),
        definitions=tuple(builder.definitions),
        cost=np.array(builder.cost),
        gaps=builder.gaps,
        steps=builder.steps,
    )
