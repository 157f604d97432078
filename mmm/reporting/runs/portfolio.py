"""One budget over several markets: each market's curve, made where its workers are, and the split between them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.assessment.gate import demand_pass
from mmm.errors import MMMError, PlanError, ReportError
from mmm.execution import Event, Place, Task, run_tasks
from mmm.model.response import Floats
from mmm.planning import plan
from mmm.planning.curve import best_by_budget
from mmm.planning.portfolio import Market, market, split, together
from mmm.reporting.notation.estimate import estimate
from mmm.scratch import sweep
from mmm.settings import Settings, request_of
from mmm.settings.portfolio import Portfolio
from mmm.workflow import judged

Failures = tuple[tuple[str, str], ...]
"""Failed checks of the gate: name and title."""


@dataclass(frozen=True)
class MarketFacts:
    """What a worker learned of a market, in its own currency: ``curve`` is money [k] and effect by draw [k, n]."""

    curve: tuple[Floats, Floats]
    today: tuple[float, Floats]
    failures: Failures = ()


@dataclass(frozen=True)
class Split:
    """The split of a budget. Gains by draw: over today's plans, and over today's shares of the same total best used."""

    portfolio: Portfolio
    markets: tuple[Market, ...]
    total: float
    money: Floats
    gain: Floats
    moved: Floats
    failures: Mapping[str, Failures] = field(default_factory=dict)
    """What markets failed in the gate that are planned because their settings say so."""

    @property
    def spent(self) -> float:
        return float(self.money.sum())

    @property
    def net(self) -> Floats:
        """The gain less the money spent more; the gain alone where no margin is known."""
        if not self.profit:
            return self.gain
        return self.gain - (float(self.money.sum()) - self.today)

    @property
    def profit(self) -> bool:
        """Whether what the markets win is profit, so that money may be taken from it."""
        return self.portfolio.markets[0].margin is not None

    @property
    def today(self) -> float:
        return sum(m.today for m in self.markets)


def plan_portfolio(portfolio: Portfolio, place: Place, notice: Callable[[Event], None] = lambda _: None) -> Split:
    """Each market's curve, at ``place``, and the best split of the total between them.

    Raises PlanError that names every market that could not be planned, with its reason.
    """
    here = str(Path.cwd())
    tasks = [Task(m.settings.name, (m.settings, portfolio.settings.points, here)) for m in portfolio.markets]
    found, failed = {}, []
    try:
        for done in run_tasks(curve_of, tasks, place, notice=notice):
            if done.error is None:
                found[done.key] = done.value
            else:
                failed.append((done.key, done.error))
    except ConnectionError as error:
        raise ReportError(f"{error} Start one with 'dask scheduler', or leave --dask out for local workers.") from error
    finally:
        for store in {m.settings.sampler.store for m in portfolio.markets}:
            sweep(Path(store))
    if failed:
        listed = "\n".join(f"  - {name}: {_reason(error)}" for name, error in failed)
        raise PlanError(f"{len(failed)} of {len(tasks)} markets could not be planned:\n{listed}")
    markets = []
    for m in portfolio.markets:
        facts = found[m.settings.name]
        markets.append(market(m.settings.name, facts.curve, facts.today, m.rate, m.margin or 1.0))
    failures = {name: facts.failures for name, facts in found.items() if facts.failures}
    return replace(split_of(portfolio, markets), failures=failures)


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, MMMError) else f"{type(error).__name__}: {error}"


def curve_of(say: Callable[[str], None], settings: Settings, points: int, folder: str) -> MarketFacts:
    """What a worker does for a market: its fits, its gate, and its best plan at each of many budgets.

    Raises GateError where the gate failed and the market's settings do not override it.
    """
    with chdir(folder):
        found = judged(request_of(settings), say=say)
        demand_pass(found.gate, settings.gate)
        say(f"Planning at {points} budgets.")
        made = plan(found.fit, settings.plan, total_budget=None)
        failures = tuple((check.name, check.said) for check in found.gate.failures)
        return MarketFacts(best_by_budget(made, points), (made.reference_spend, made.reference_draws), failures)


def split_of(portfolio: Portfolio, markets: Sequence[Market]) -> Split:
    """The best split, and its gains by draw."""
    settings = portfolio.settings
    today = sum(m.today for m in markets)
    total = settings.total_budget or today
    limits = [
        (own.minimum, np.inf if own.maximum is None else own.maximum) if own is not None else (0.0, np.inf)
        for own in (settings.limits.get(m.name) for m in markets)
    ]
    money = split(markets, total, limits)
    spent = float(money.sum())
    gains = [m.at(x) - m.today_worth for m, x in zip(markets, money, strict=True)]
    as_today = [m.at(m.today * spent / today) for m in markets]
    moved = [m.at(x) - kept for m, x, kept in zip(markets, money, as_today, strict=True)]
    return Split(
        portfolio, tuple(markets), total, money, together(gains, settings.seed), together(moved, settings.seed)
    )


def table_by_market(found: Split) -> pd.DataFrame:
    """One row a market, in the portfolio's currency: money, what it wins with 90% intervals, and its next money."""
    rows = []
    for m, money in zip(found.markets, found.money, strict=True):
        won, before = estimate(m.at(money)), estimate(m.today_worth)
        rows.append(
            {
                "market": m.name,
                "reference": m.today,
                "spend": float(money),
                "change": float(money) - m.today,
                "change_share": float(money) / m.today - 1 if m.today else float("nan"),
                "allowed_from": float(m.spend[0]),
                "allowed_to": float(m.spend[-1]),
                "won_today": before.mean,
                "won_today_lower": before.lower,
                "won_today_upper": before.upper,
                "won": won.mean,
                "won_lower": won.lower,
                "won_upper": won.upper,
                "next_money": m.next_money(float(money)),
            }
        )
    return pd.DataFrame(rows).set_index("market")
