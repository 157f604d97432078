"""The split of a budget over markets: against every split of a fine grid, on concave and on other curves."""

import itertools

import numpy as np
import pytest

from mmm.errors import PlanError
from mmm.planning.portfolio import Market, market, split, together

FREE = [(0.0, np.inf)] * 3


def curve(name: str, top: float, half: float, power: float = 1.0, draws: int = 1) -> Market:
    """Hill curves; above a power of 1 they are S-shaped."""
    spend = np.linspace(0.0, 10.0, 11)
    worth = top * spend**power / (spend**power + half**power)
    return Market(name, spend, np.repeat(worth[:, None], draws, axis=1), 5.0, np.full(draws, worth[5]))


def best_on_grid(markets: list[Market], total: float, step: float) -> float:
    grid = np.arange(0.0, total + step / 2, step)
    found = []
    for shares in itertools.product(grid, repeat=len(markets) - 1):
        rest = total - sum(shares)
        if rest >= -1e-9 and max(*shares, rest) <= 10:
            money = (*shares, max(rest, 0.0))
            found.append(sum(float(np.interp(x, m.spend, m.expected)) for m, x in zip(markets, money, strict=True)))
    return max(found)


@pytest.mark.parametrize("power", [1.0, 3.0], ids=["concave", "s-shaped"])
@pytest.mark.parametrize("total", [4.0, 12.5, 21.0])
def test_no_split_is_better(power: float, total: float) -> None:
    markets = [curve("a", 9.0, 3.0, power), curve("b", 6.0, 1.5, power), curve("c", 12.0, 6.0, power)]
    money = split(markets, total, FREE)
    assert money.sum() == pytest.approx(total)
    won = sum(float(m.at(x).mean()) for m, x in zip(markets, money, strict=True))
    assert won >= best_on_grid(markets, total, 0.25) - 1e-6
    if power == 1.0:
        # Where no limit binds, the next money wins alike to within one segment of the curves.
        inside = [m for m, x in zip(markets, money, strict=True) if 0 < x < 10]
        assert len(inside) >= 1


def test_money_that_wins_nothing_stays_unspent() -> None:
    flat = Market("flat", np.array([0.0, 1.0, 2.0]), np.array([[0.0], [1.0], [1.0]]), 1.0, np.ones(1))
    assert split([flat, flat], 4.0, FREE[:2]).tolist() == pytest.approx([1.0, 1.0])


def test_limits_are_kept_and_impossible_ones_told() -> None:
    markets = [curve("a", 9.0, 3.0), curve("b", 6.0, 1.5)]
    money = split(markets, 8.0, [(6.5, 9.0), (0.0, 9.0)])
    assert money[0] >= 6.5
    with pytest.raises(PlanError, match="at least 12 together, but the total is 8"):
        split(markets, 8.0, [(6.0, 9.0), (6.0, 9.0)])
    with pytest.raises(PlanError, match="leave no budget"):
        split(markets, 8.0, [(11.0, 12.0), (0.0, 9.0)])


def test_a_market_is_converted_and_its_unspent_budgets_are_one_point() -> None:
    spend = np.array([1.0, 2.0, 2.0, 2.0])
    effect = np.array([[1.0, 3.0], [2.0, 4.0], [2.0, 4.0], [2.0, 4.0]])
    made = market("uk", (spend, effect), (1.5, np.array([1.0, 2.0])), rate=1.2, margin=0.5)
    assert made.spend.tolist() == pytest.approx([1.2, 2.4])
    assert made.worth[1].tolist() == pytest.approx([1.2, 2.4])
    assert made.at(1.8).tolist() == pytest.approx([0.9, 2.1])
    assert (made.today, made.today_worth.tolist()) == (pytest.approx(1.8), pytest.approx([0.6, 1.2]))
    assert made.next_money(1.5) == pytest.approx(0.5)


def test_markets_are_independent() -> None:
    rng = np.random.default_rng(1)
    draws = [np.sort(rng.normal(0, 1, 4000)), np.sort(rng.normal(0, 1, 2000))]
    total = together(draws, 7)
    assert len(total) == 4000
    # Sorted draws added as they are would have a standard deviation of 2.
    assert total.std() == pytest.approx(np.sqrt(2), rel=0.05)
    assert np.array_equal(total, together(draws, 7))
