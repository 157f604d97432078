"""One budget over several markets: each market's curve, made where its workers are, and the split between them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.assessment.gate import demand_pass
from mmm.errors import MMMError, PlanError, ReportError
from mmm.execution import Event, Place, Task, run_tasks
from mmm.planning.portfolio import Market, market, split, together
from mmm.planning.result import interval
from mmm.scratch import sweep
from mmm.workflow.deciding import planned, priced
from mmm.workflow.judging import judged
from mmm.workflow.kept import Say
from mmm.workflow.request import Request

Failures = tuple[tuple[str, str], ...]
"""Failed checks of the gate: name and title."""


@dataclass(frozen=True)
class MarketRequest:
    """What is asked for one market; ``rate`` converts its money, ``margin`` is the share of its value that counts.

    ``margin`` is None where it is not known: then markets are compared by what they win, not by what is left of it.
    ``allowed`` are the least and the most money that it may get, in the portfolio's currency.
    """

    name: str
    request: Request
    rate: float = 1.0
    margin: float | None = None
    allowed: tuple[float, float] = (0.0, np.inf)


@dataclass(frozen=True)
class Budget:
    """What is split: ``total`` money, by default what the markets spend today, each planned at ``points`` budgets.

    ``seed`` pairs the draws of markets, which are fitted apart.
    """

    total: float | None = None
    points: int = 25
    seed: int = 20240101


@dataclass(frozen=True)
class MarketFacts:
    """What a worker learned of a market, in its own currency: ``curve`` is money [k] and effect by draw [k, n]."""

    curve: tuple[Floats, Floats]
    today: tuple[float, Floats]
    failures: Failures = ()


@dataclass(frozen=True)
class Split:
    """The split of a budget, in the portfolio's currency.

    Gains by draw: ``gain`` over today's plans, ``moved`` over today's shares of the same total best used. ``profit``:
    what the markets win is profit, so that money may be taken from it. ``failures``: what markets failed in the gate
    that are planned because their settings say so.
    """

    markets: tuple[Market, ...]
    total: float
    money: Floats
    gain: Floats
    moved: Floats
    profit: bool
    failures: Mapping[str, Failures] = field(default_factory=dict)

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
    def today(self) -> float:
        return sum(m.today for m in self.markets)


def shared_out(
    markets: Sequence[MarketRequest], budget: Budget, place: Place, notice: Callable[[Event], None] = lambda _: None
) -> Split:
    """Each market's curve, at ``place``, and the best split of the budget between them.

    Raises PlanError that names every market that could not be planned, with its reason.
    """
    here = str(Path.cwd())
    tasks = [Task(m.name, (m.request, budget.points, here)) for m in markets]
    found, failed = {}, []
    try:
        for done in run_tasks(facts_of, tasks, place, notice=notice):
            if done.error is None:
                found[done.key] = done.value
            else:
                failed.append((done.key, done.error))
    except ConnectionError as error:
        raise ReportError(f"{error} Start one with 'dask scheduler', or leave --dask out for local workers.") from error
    finally:
        for store in {m.request.store for m in markets}:
            sweep(Path(store))
    if failed:
        listed = "\n".join(f"  - {name}: {_reason(error)}" for name, error in failed)
        raise PlanError(f"{len(failed)} of {len(tasks)} markets could not be planned:\n{listed}")
    failures = {name: facts.failures for name, facts in found.items() if facts.failures}
    return replace(split_of(markets, found, budget), failures=failures)


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, MMMError) else f"{type(error).__name__}: {error}"


def facts_of(say: Say, request: Request, points: int, folder: str) -> MarketFacts:
    """What a worker does for a market: its fits, its gate, and its best plan at each of many budgets.

    Raises GateError where the gate failed and the request does not override it.
    """
    with chdir(folder):
        found = judged(request, say=say)
        demand_pass(found.gate, request.gate)
        say(f"Planning at {points} budgets.")
        settings = request.plan.model_copy(update={"total_budget": None})
        made = planned(found.fit, settings, request.store, worth=request.worth, say=say)
        curve = priced(found.fit, made, points, request.store, say=say)
        failures = tuple((check.name, check.said) for check in found.gate.failures)
        return MarketFacts(curve, (made.reference_spend, made.reference_draws), failures)


def split_of(requests: Sequence[MarketRequest], facts: Mapping[str, MarketFacts], budget: Budget) -> Split:
    """The best split, and its gains by draw."""
    markets = [market(m.name, facts[m.name].curve, facts[m.name].today, m.rate, m.margin or 1.0) for m in requests]
    today = sum(m.today for m in markets)
    total = budget.total or today
    money = split(markets, total, [m.allowed for m in requests])
    spent = float(money.sum())
    gains = [m.at(x) - m.today_worth for m, x in zip(markets, money, strict=True)]
    as_today = [m.at(m.today * spent / today) for m in markets]
    moved = [m.at(x) - kept for m, x, kept in zip(markets, money, as_today, strict=True)]
    gain, moving = together(gains, budget.seed), together(moved, budget.seed)
    return Split(tuple(markets), total, money, gain, moving, profit=requests[0].margin is not None)


def table_by_market(found: Split) -> pd.DataFrame:
    """One row a market, in the portfolio's currency: money, what it wins with 90% intervals, and its next money."""
    rows = []
    for m, money in zip(found.markets, found.money, strict=True):
        won, before = interval(m.at(money)), interval(m.today_worth)
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
