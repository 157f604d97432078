"""Linear rules, and the program that a solver sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mmm.arrays import Floats
from mmm.planning.qp import Region
from mmm.planning.statements import Money, Statement


@dataclass(frozen=True)
class Rule:
    """``lower <= sum(weights * x[columns]) <= upper``, what it says, and what many such rules say together."""

    says: Statement
    columns: tuple[int, ...]
    weights: tuple[float, ...]
    lower: float
    upper: float
    together: Statement | None = None


_BUDGET_KINDS = ("budget_at_most", "budget_exactly", "budget_open")


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
    def statements(self) -> tuple[Statement, ...]:
        """What the rules say, each sentence once."""
        return tuple(dict.fromkeys(rule.together or rule.says for rule in self.rules))

    @property
    def cap(self) -> float:
        """Most money that the total budget allows; infinite where the budget is what is looked for."""
        return min(rule.upper for rule in self.rules if rule.says.kind in _BUDGET_KINDS)

    def fixed(self, values: dict[int, float]) -> "Program":
        """The same program with some columns held at a value, and nothing discrete about them."""
        held = tuple(defined(f"column {i} is held", {i: 1.0}, v, v) for i, v in values.items())
        gaps = {i: v for i, v in self.gaps.items() if i not in values}
        steps = {i: v for i, v in self.steps.items() if i not in values}
        return replace(self, definitions=(*self.definitions, *held), gaps=gaps, steps=steps)

    def opened(self, values: dict[int, float]) -> "Program":
        """The same program with gaps decided as "at least": the columns' gaps become lower bounds."""
        least = tuple(defined(f"least of column {i}", {i: 1.0}, v, np.inf) for i, v in values.items())
        gaps = {i: v for i, v in self.gaps.items() if i not in values}
        return replace(self, definitions=(*self.definitions, *least), gaps=gaps)

    def within(self, values: dict[int, tuple[float, float]]) -> "Program":
        """The same program with narrower bounds on some columns."""
        more = tuple(defined(f"column {i} is narrowed", {i: 1.0}, a, b) for i, (a, b) in values.items())
        return replace(self, definitions=(*self.definitions, *more))

    def relaxed(self) -> "Program":
        """The same program without its gaps and steps."""
        return replace(self, gaps={}, steps={}) if self.discrete else self

    def with_budget(self, total_budget: float, spend_all: bool) -> "Program":
        """The same program with another total budget."""
        others = tuple(rule for rule in self.rules if rule.says.kind not in _BUDGET_KINDS)
        return replace(self, rules=(budget_rule(self.size, total_budget, spend_all), *others))


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


def budget_rule(size: int, total_budget: float, spend_all: bool) -> Rule:
    """The rule on the sum of the plan's ``size`` numbers; an infinite budget is one that is looked for."""
    columns, ones = tuple(range(size)), (1.0,) * size
    if not np.isfinite(total_budget):
        return Rule(Statement("budget_open"), columns, ones, -np.inf, np.inf)
    says = Statement("budget_exactly" if spend_all else "budget_at_most", {"amount": Money(total_budget)})
    return Rule(says, columns, ones, total_budget if spend_all else -np.inf, total_budget)


def defined(name: str, terms: Mapping[int, float], lower: float, upper: float) -> Rule:
    """A rule that no user gave: what a helper column means, or what a search holds for a while."""
    return Rule(Statement("definition", {"name": name}), tuple(terms), tuple(terms.values()), lower, upper)
