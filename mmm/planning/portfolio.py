"""A budget over several markets: each market's best outcome by its own budget, and the exact split between them.

A market is what its own plan says of it: the best plan at each of many budgets, with the outcome by posterior draw. The
split maximises the sum of the expected curves, taken as linear between those budgets. The curves of plans with minimum
spends or steps need not be concave, so it is solved as a mixed-integer program (a binary a segment): its optimum is
exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import coo_array

from mmm.arrays import Floats
from mmm.digits import amount
from mmm.errors import PlanError
from mmm.planning import highs

_SAME = 1e-9


@dataclass(frozen=True)
class Market:
    """A market in the portfolio's currency.

    ``spend[k]`` is increasing; ``worth[k, n]`` is the effect of the best plan with it by draw, times the margin.
    ``today`` is the money of today's plan and ``today_worth[n]`` what that wins, on the same draws.
    """

    name: str
    spend: Floats
    worth: Floats
    today: float
    today_worth: Floats

    @property
    def expected(self) -> Floats:
        return self.worth.mean(axis=1)

    def at(self, money: float) -> Floats:
        """Worth by draw [n] with this money, linear between the budgets."""
        i = int(np.clip(np.searchsorted(self.spend, money, side="right") - 1, 0, len(self.spend) - 2))
        t = float(np.clip((money - self.spend[i]) / (self.spend[i + 1] - self.spend[i]), 0.0, 1.0))
        return np.asarray((1 - t) * self.worth[i] + t * self.worth[i + 1])

    def next_money(self, money: float) -> float:
        """What one more unit of money is expected to win."""
        i = int(np.clip(np.searchsorted(self.spend, money, side="right") - 1, 0, len(self.spend) - 2))
        return float((self.expected[i + 1] - self.expected[i]) / (self.spend[i + 1] - self.spend[i]))


def market(name: str, curve: tuple[Floats, Floats], today: tuple[float, Floats], rate: float, margin: float) -> Market:
    """A market from its own currency: ``curve`` and ``today`` as money and effect by draw, ``rate`` to convert both.

    Budgets that the plan does not spend in full are one point: money that is not worth spending stays unspent.
    """
    spend, effect = curve
    kept = np.flatnonzero(np.diff(spend, prepend=-np.inf) > _SAME * max(1.0, float(spend.max())))
    if len(kept) < 2:
        raise PlanError(f"Market '{name}' has one possible budget only: there is nothing to split. Widen its bounds.")
    worth = margin * rate * effect[kept]
    return Market(name, rate * spend[kept], worth, rate * today[0], margin * rate * today[1])


def split(markets: Sequence[Market], total: float, limits: Sequence[tuple[float, float]]) -> Floats:
    """Money by market [m] that maximises the sum of expected worth, at most ``total`` in all.

    ``limits`` are least and most money by market. Raises PlanError where the least that the markets must spend is more
    than the total.
    """
    curves = [_limited(m, low, high) for m, (low, high) in zip(markets, limits, strict=True)]
    least = sum(float(x[0]) for x, _ in curves)
    if least > total * (1 + 1e-9):
        raise PlanError(
            f"The markets must spend at least {amount(least)} together, but the total is {amount(total)}. Raise "
            "the total, or lower the bounds of the markets' channels."
        )
    widths = np.concatenate([np.diff(x) for x, _ in curves])
    gains = np.concatenate([np.diff(y) for _, y in curves])
    owner = np.repeat(np.arange(len(curves)), [len(x) - 1 for x, _ in curves])
    filled = _fill(widths, gains, owner, total - least)
    start = np.array([x[0] for x, _ in curves])
    return start + np.bincount(owner, filled * widths, minlength=len(curves))


def _limited(m: Market, low: float, high: float) -> tuple[Floats, Floats]:
    """The expected curve between its limits."""
    low, high = max(low, float(m.spend[0])), min(high, float(m.spend[-1]))
    if low > high:
        raise PlanError(
            f"Market '{m.name}': its limits {amount(low)} to {amount(high)} leave no budget; its own plan allows "
            f"{amount(m.spend[0])} to {amount(m.spend[-1])}."
        )
    inside = m.spend[(m.spend > low) & (m.spend < high)]
    money = np.concatenate([[low], inside, [high] if high > low else []])
    return money, np.interp(money, m.spend, m.expected)


def _fill(widths: Floats, gains: Floats, owner: np.ndarray, room: float) -> Floats:
    """Share [s] of each segment that is filled: the segments of a market in their order, the money at most ``room``."""
    s = len(widths)
    follows = np.flatnonzero(owner[1:] == owner[:-1]) + 1
    rows = len(follows)
    # Variables: shares, then for every segment whether it is full, which the next one of its market needs.
    index = np.arange(rows)
    ones = np.ones(rows)
    next_needs = coo_array(
        (np.concatenate([ones, -ones]), (np.tile(index, 2), np.concatenate([follows, s + follows - 1]))),
        shape=(rows, 2 * s),
    )
    full_is_full = coo_array(
        (np.concatenate([-ones, ones]), (np.tile(index, 2), np.concatenate([follows - 1, s + follows - 1]))),
        shape=(rows, 2 * s),
    )
    money = coo_array((widths, (np.zeros(s, dtype=int), np.arange(s))), shape=(1, 2 * s))
    constraints = [LinearConstraint(money.tocsr(), -np.inf, max(room, 0.0))]
    if rows:
        constraints += [LinearConstraint(a.tocsr(), -np.inf, 0.0) for a in (next_needs, full_is_full)]
    scale = max(float(np.abs(gains).max()), 1e-300)
    # Money that wins nothing is not spent: a trace of a price.
    cost = np.concatenate([-(gains - 1e-9 * widths * scale / max(float(widths.max()), 1e-300)) / scale, np.zeros(s)])
    integer = np.concatenate([np.zeros(s), np.ones(s)])
    found = highs.solve(
        cost, integrality=integer, bounds=Bounds(0, 1), constraints=constraints, options={"mip_rel_gap": 0.0}
    )
    if found.x is None:
        raise PlanError(f"The split between markets could not be found ({found.message}).")
    return np.clip(np.asarray(found.x[:s]), 0.0, 1.0)


def together(draws: Sequence[Floats], seed: int) -> Floats:
    """Sum over markets by draw. Markets are fitted apart, so their draws are paired at random."""
    rng = np.random.default_rng(seed)
    n = max(len(d) for d in draws)
    orders = [np.concatenate([rng.permutation(len(d)) for _ in range(-(-n // len(d)))])[:n] for d in draws]
    return np.asarray(sum(d[order] for d, order in zip(draws, orders, strict=True)))
