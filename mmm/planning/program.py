"""Linear rules, and the program that a solver sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mmm.arrays import Floats
from mmm.planning.pieces import Pieces
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


@dataclass(frozen=True)
class Stair:
    """Column ``column`` holds a function of ``sum(weights * x[columns])`` in pieces: a vendor's bill of a volume."""

    column: int
    columns: tuple[int, ...]
    weights: tuple[float, ...]
    pieces: Pieces

    def at(self, x: Floats) -> float:
        """What the function is of."""
        return float(np.asarray(self.weights) @ x[list(self.columns)])


_BUDGET_KINDS = ("budget_at_most", "budget_exactly", "budget_open")


@dataclass(frozen=True)
class Program:
    """The constraints over the decided numbers and some helper columns.

    The first ``size`` columns are the plan; the others are helpers (increases, decreases, totals of a channel, money
    beyond the observed range). ``cost`` is what one unit of a helper costs the objective. ``gaps`` maps a column to the
    least value it takes where it is not zero; ``steps`` maps a column to the unit of which it is a multiple.
    ``stairs`` are helpers that hold bills, and ``money`` says of every column what one unit of it costs: 1 of the plan,
    0 of what is billed, 1 of a bill.
    """

    size: int
    columns: int
    rules: tuple[Rule, ...]
    definitions: tuple[Rule, ...]
    cost: Floats
    gaps: dict[int, float] = field(default_factory=dict)
    steps: dict[int, float] = field(default_factory=dict)
    stairs: tuple[Stair, ...] = ()
    money: Floats | None = None
    """None where every unit of the plan is one of money."""
    priced: float = 0.0
    """The price of money at which ``cost`` holds what bills cost beyond the plan's own numbers."""

    @property
    def discrete(self) -> bool:
        return bool(self.gaps or self.steps or self.stairs)

    @property
    def of_money(self) -> Floats:
        """What one unit of every column costs."""
        return (
            np.concatenate([np.ones(self.size), np.zeros(self.columns - self.size)])
            if self.money is None
            else self.money
        )

    def spent(self, columns: Floats) -> float:
        """Money of a plan given with all columns."""
        return float(self.of_money @ columns)

    def at_price(self, price: float) -> "Program":
        """The program for an objective that charges ``price`` for a unit of the plan's own numbers.

        ``cost`` takes back what is billed otherwise, and charges the bills.
        """
        if self.money is None or price == self.priced:
            return self
        beyond = self.money - replace(self, money=None).of_money
        return replace(self, cost=self.cost + (price - self.priced) * beyond, priced=price)

    @cached_property
    def most(self) -> Floats:
        """Most that the bounds and the total budget allow of each of the plan's numbers."""
        region, plain = self.region, self.of_money[: self.size] == 1.0
        cap = np.maximum(self.rules[0].upper, region.lower[: self.size])
        return np.asarray(np.where(plain, np.minimum(region.upper[: self.size], cap), region.upper[: self.size]))

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

    def on_pieces(self, chosen: Sequence[int]) -> "Program":
        """The same program with every stair held on one of its pieces, and so nothing discrete about it."""
        held: list[Rule] = []
        for stair, k in zip(self.stairs, chosen, strict=True):
            terms, made = dict(zip(stair.columns, stair.weights, strict=True)), stair.pieces
            price, base = float(made.price[k]), float(made.base[k])
            held.append(defined(f"piece of column {stair.column}", terms, float(made.first[k]), float(made.last[k])))
            line = {stair.column: 1.0} | {i: -price * w for i, w in terms.items()}
            held.append(defined(f"value of column {stair.column}", line, base, base))
        return replace(self, definitions=(*self.definitions, *held), stairs=())

    def relaxed(self) -> "Program":
        """The same program without its gaps, steps and stairs; what bounds a stair from below stays."""
        return replace(self, gaps={}, steps={}, stairs=()) if self.discrete else self

    def with_budget(self, total_budget: float, spend_all: bool) -> "Program":
        """The same program with another total budget."""
        others = tuple(rule for rule in self.rules if rule.says.kind not in _BUDGET_KINDS)
        return replace(self, rules=(budget_rule(self.of_money, total_budget, spend_all), *others))


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


def budget_rule(money: Floats, total_budget: float, spend_all: bool) -> Rule:
    """The rule on the money of all columns; an infinite budget is one that is looked for."""
    columns = tuple(int(i) for i in np.flatnonzero(money))
    ones = tuple(float(money[i]) for i in columns)
    if not np.isfinite(total_budget):
        return Rule(Statement("budget_open"), columns, ones, -np.inf, np.inf)
    says = Statement("budget_exactly" if spend_all else "budget_at_most", {"amount": Money(total_budget)})
    return Rule(says, columns, ones, total_budget if spend_all else -np.inf, total_budget)


def defined(name: str, terms: Mapping[int, float], lower: float, upper: float) -> Rule:
    """A rule that no user gave: what a helper column means, or what a search holds for a while."""
    return Rule(Statement("definition", {"name": name}), tuple(terms), tuple(terms.values()), lower, upper)
