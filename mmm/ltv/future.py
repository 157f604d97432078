"""What customers who are known will do: simulated purchases and money, and their expected discounted value."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats
from mmm.ltv.learn import Learned
from mmm.ltv.purchases import Purchasing, Spending

_BLOCK = 3_000_000
"""Numbers in one array of draws by customers."""


@dataclass(frozen=True)
class _Block:
    """Some customers under every draw: parameters [draw, customer] and their histories [customer]."""

    purchasing: Purchasing
    spending: Spending
    x: Floats
    last: Floats
    weeks: Floats
    mean: Floats
    rows: slice

    @property
    def shape(self) -> tuple[int, int]:
        return self.purchasing.r.shape[0], len(self.x)

    def traits(self, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
        """(chance of being alive, lambda, p, nu) [draw, customer]: the last three drawn given the history."""
        alive = self.purchasing.alive(self.x, self.last, self.weeks)
        now = self.purchasing.given(self.x, self.weeks)
        rate = rng.standard_gamma(now.r) / now.alpha
        dropout = np.maximum(rng.beta(now.a, now.b), 1e-12)
        # Repeat orders that were worth nothing say nothing of what others are worth.
        orders = self.spending.given(np.where(self.mean > 0, self.x, 0.0), np.nan_to_num(self.mean))
        return alive, rate, dropout, rng.standard_gamma(orders.q) / orders.gamma


def _blocks(learned: Learned, customers: pd.DataFrame) -> "list[_Block]":
    size = max(1, _BLOCK // learned.n)
    found = []
    for start in range(0, len(customers), size):
        rows = slice(start, start + size)
        part = customers.iloc[rows]
        cell = part["cell"].to_numpy()
        x, last, weeks, mean = (part[name].to_numpy(dtype=np.float64) for name in ("x", "last", "weeks", "mean"))
        purchasing = Purchasing(**{name: value[:, cell] for name, value in vars(learned.purchasing).items()})
        orders = Spending(**{name: value[:, cell] for name, value in vars(learned.spending).items()})
        found.append(_Block(purchasing, orders, x, last, weeks, mean, rows))
    return found


def simulated(
    learned: Learned, customers: pd.DataFrame, weeks: float, groups: npt.NDArray[np.intp], seed: int
) -> tuple[Floats, Floats]:
    """(purchases, money) [draw, group] of the next ``weeks``; ``groups`` [customer] numbers each customer's group.

    One who is still a customer makes min(Poisson(lambda t), Geometric(p)) purchases: after that many one has left.
    """
    rng = np.random.default_rng(seed)
    size = int(groups.max()) + 1
    purchases, money = np.zeros((learned.n, size)), np.zeros((learned.n, size))
    for block in _blocks(learned, customers):
        alive, rate, dropout, nu = block.traits(rng)
        stays = rng.random(block.shape) < alive
        number = np.where(stays, np.minimum(rng.poisson(rate * weeks), rng.geometric(dropout)), 0)
        spent = np.where(number > 0, rng.standard_gamma(np.maximum(block.spending.p * number, 1e-12)) / nu, 0.0)
        member = np.eye(size)[groups[block.rows]]
        purchases += number @ member
        money += spent @ member
    return purchases, money


@dataclass(frozen=True)
class Remaining:
    """What known customers are expected to bring: ``by_customer`` (alive, purchases, value, lower, upper), and totals
    ``by_cell`` [draw, cell]."""

    by_customer: pd.DataFrame
    by_cell: Floats


def remaining(learned: Learned, customers: pd.DataFrame, weeks: float, discount: float, seed: int) -> Remaining:
    """Expected discounted money of the next ``weeks``; ``discount`` is the continuous rate of a week.

    Given lambda and p purchases come at rate lambda exp(-lambda p t), so that until t they are worth
    lambda (1 - exp(-(lambda p + discount) t)) / (lambda p + discount). Intervals are of a customer's own rates.
    """
    rng = np.random.default_rng(seed)
    cells = learned.first.shape[1]
    totals = np.zeros((learned.n, cells))
    parts = []
    for block in _blocks(learned, customers):
        alive, rate, dropout, nu = block.traits(rng)
        fade = rate * dropout
        bought = alive * rate * -np.expm1(-fade * weeks) / fade
        worth = alive * rate * -np.expm1(-(fade + discount) * weeks) / (fade + discount) * block.spending.p / nu
        totals += worth @ np.eye(cells)[customers["cell"].to_numpy()[block.rows]]
        lower, upper = np.quantile(worth, (0.05, 0.95), axis=0)
        parts.append(
            pd.DataFrame(
                {
                    "alive": alive.mean(axis=0),
                    "purchases": bought.mean(axis=0),
                    "value": worth.mean(axis=0),
                    "lower": lower,
                    "upper": upper,
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "person", customers["person"].to_numpy())
    return Remaining(table, totals)
