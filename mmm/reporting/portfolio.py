"""The portfolio page: one budget over several markets, and what it brings against today's split."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.assessment.gate import demand_pass
from mmm.assessment.resume import write_text
from mmm.errors import MMMError, PlanError, ReportError
from mmm.execution import Event, Place, Task, run_tasks
from mmm.model.response import Floats
from mmm.planning import plan
from mmm.planning.curve import best_by_budget
from mmm.planning.portfolio import Market, market, split, together
from mmm.reporting.decision import Estimate, estimate
from mmm.reporting.export import safe_text
from mmm.reporting.figures.plan import from_to
from mmm.reporting.figures.sheet import Drawn, Pen
from mmm.reporting.format import Formatter
from mmm.reporting.page import Cell, Chapter, Table, Tile, Tone, columns, render, table_of
from mmm.reporting.render import Cover, pdf_bytes, print_page, require_pdf, web_page
from mmm.reporting.story import believe
from mmm.reporting.style import make_look
from mmm.settings import Settings, load_dataset
from mmm.settings.portfolio import Portfolio


@dataclass(frozen=True)
class MarketFacts:
    """What a worker learned of a market, in its own currency: ``curve`` is money [k] and effect by draw [k, n]."""

    curve: tuple[Floats, Floats]
    today: tuple[float, Floats]
    warning: str = ""


@dataclass(frozen=True)
class Split:
    """The split of a budget. Gains by draw: over today's plans, and over today's shares of the same total best used."""

    portfolio: Portfolio
    markets: tuple[Market, ...]
    total: float
    money: Floats
    gain: Floats
    moved: Floats
    warnings: Mapping[str, str] = field(default_factory=dict)
    """What the gate said of markets that failed it, and are planned because their settings say so."""

    @property
    def spent(self) -> float:
        return float(self.money.sum())

    @property
    def net(self) -> Floats:
        """The gain less the money spent more."""
        return self.gain - (float(self.money.sum()) - self.today)

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
    if failed:
        listed = "\n".join(f"  - {name}: {_reason(error)}" for name, error in failed)
        raise PlanError(f"{len(failed)} of {len(tasks)} markets could not be planned:\n{listed}")
    markets = []
    for m in portfolio.markets:
        facts = found[m.settings.name]
        markets.append(market(m.settings.name, facts.curve, facts.today, m.rate, m.margin))
    warnings = {name: facts.warning for name, facts in found.items() if facts.warning}
    return replace(split_of(portfolio, markets), warnings=warnings)


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, MMMError) else f"{type(error).__name__}: {error}"


def curve_of(say: Callable[[str], None], settings: Settings, points: int, folder: str) -> MarketFacts:
    """What a worker does for a market: its fits, its gate, and its best plan at each of many budgets.

    Raises GateError where the gate failed and the market's settings do not override it.
    """
    with chdir(folder):
        believed = believe(settings, load_dataset(settings), say=say)
        demand_pass(believed.gate, settings.gate)
        say(f"Planning at {points} budgets.")
        made = plan(believed.fit, settings.plan, total_budget=None)
        warning = "" if believed.gate.passed else believed.gate.summary
        return MarketFacts(best_by_budget(made, points), (made.reference_spend, made.reference_draws), warning)


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


def write_portfolio(found: Split, out: Path, say: Callable[[str], None] = lambda _: None) -> list[Path]:
    """portfolio.html, .pdf, .csv and .json in ``out``/<name>/<run>; returns their paths.

    Without the PDF library everything else is written, and ``say`` is told what is missing.
    """
    settings = found.portfolio.settings
    folder = out / settings.name / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(
            f"The portfolio cannot be written to '{folder}' ({error.strerror}). Choose another folder with --out."
        ) from error
    chapter, cover = _chapter(found), _cover(found)
    paths = [write_text(folder / "portfolio.html", web_page([chapter], cover))]
    if "pdf" in settings.report.formats:
        try:
            require_pdf()
        except ReportError as error:
            say(str(error))
        else:
            (folder / "portfolio.pdf").write_bytes(pdf_bytes(print_page([chapter], cover)))
            paths.append(folder / "portfolio.pdf")
    table = table_by_market(found)
    named = table.rename(index=safe_text).to_csv(lineterminator="\n")
    paths.append(write_text(folder / "portfolio.csv", named))
    paths.append(write_text(folder / "portfolio.json", json.dumps(_numbers(found, table), indent=1) + "\n"))
    return paths


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


def _numbers(found: Split, table: pd.DataFrame) -> dict[str, Any]:
    rates = found.portfolio.settings.rates

    def ends(draws: Floats) -> dict[str, float]:
        return {**estimate(draws)._asdict(), "probability": float((draws > 0).mean())}

    return {
        "schema_version": 1,
        "name": found.portfolio.settings.name,
        "currency": found.portfolio.currency,
        "rates": None if rates is None else rates.model_dump(mode="json"),
        "total_budget": found.total,
        "spend": found.spent,
        "spend_today": found.today,
        "gain_over_todays_plans": ends(found.gain),
        "net_gain": ends(found.net),
        "gain_of_moving_between_markets": ends(found.moved),
        "markets": json.loads(table.reset_index().to_json(orient="records")),
    }


def _formatter(found: Split) -> Formatter:
    report = found.portfolio.settings.report
    titles = {m.settings.name: m.settings.title or m.settings.name for m in found.portfolio.markets}
    unique = {name: title for name, title in titles.items() if list(titles.values()).count(title) == 1}
    money = found.portfolio.currency
    return Formatter(money, money, True, report.number_format, report.date_format, labels={**unique, **report.labels})


def _cover(found: Split) -> Cover:
    settings, fmt = found.portfolio.settings, _formatter(found)
    return Cover(
        title=settings.title or settings.name,
        subtitle=f"One budget over {len(found.markets)} markets",
        date=fmt.date(datetime.now(UTC).date()),
        look=make_look(settings.report, [m.name for m in found.markets]),
        organisation=settings.report.organisation or "",
        author=settings.report.author or "",
        colophon="Intervals hold 90% of what is plausible. Markets were fitted apart, so their errors are independent.",
    )


def _chapter(found: Split) -> Chapter:
    fmt = _formatter(found)
    pen = Pen(make_look(found.portfolio.settings.report, [m.name for m in found.markets]), fmt)
    table = table_by_market(found)
    html = render(
        "chapters/portfolio.html.j2",
        None,
        t=fmt.t,
        lead=_lead(found, table, fmt),
        promise=_promise(found, fmt),
        failures=[f"{fmt.label(name)}: {said}" for name, said in found.warnings.items()],
        tiles=_tiles(found, fmt),
        table=_table(found, table, fmt, pen),
        notes=list(_notes(found, table, fmt)),
    )
    figures: tuple[Drawn, ...] = (from_to(table, found.portfolio.markets[0].settings.plan.horizon, pen),)
    return Chapter("portfolio", "How to split the budget", "", html, figures)


def _lead(found: Split, table: pd.DataFrame, fmt: Formatter) -> str:
    """The largest moves, as a sentence."""
    least = 0.005 * found.today
    ordered = table["change"].sort_values(ascending=False)
    up = [fmt.label(str(name)) for name, change in ordered.items() if change >= least]
    down = [fmt.label(str(name)) for name, change in ordered[::-1].items() if change <= -least]
    budget = fmt.money(found.spent)
    if up and down:
        return f"Of {budget}, give more to {fmt.join(up, 3)} and less to {fmt.join(down, 3)}."
    if up or down:
        return f"Of {budget}, give {'more' if up else 'less'} to {fmt.join(up or down, 3)}."
    return f"Leave the split of {budget} as it is."


def _swing(gain: Estimate, fmt: Formatter) -> str:
    return fmt.outcome_range(gain.lower, gain.upper)


def _promise(found: Split, fmt: Formatter) -> str:
    gain, moved = estimate(found.net), estimate(found.moved)
    changes = abs(found.spent - found.today) > 0.001 * found.today
    what = ", net of the money spent more or less," if changes else ""
    chance = fmt.probability(float((found.net > 0).mean()))
    verdict = (
        f"The chance that it does better is {chance}."
        if not gain.lower <= 0 <= gain.upper
        else f"The evidence does not separate the two: the chance that it does better is {chance}."
    )
    return (
        f"Against today’s plans this brings {fmt.outcome(gain.mean, sign=True)}{what} (90% interval "
        f"{_swing(gain, fmt)}). {verdict} Of the gain, {fmt.outcome(moved.mean, sign=True)} ({_swing(moved, fmt)}) "
        "comes from moving money between markets, the rest from using it better inside them."
    )


def _tiles(found: Split, fmt: Formatter) -> list[Tile]:
    gain, moved = estimate(found.net), estimate(found.moved)
    chance = float((found.net > 0).mean())
    tone: Tone = "good" if gain.lower > 0 else "bad" if gain.upper < 0 else "warn"
    shifted = float(np.abs(found.money - [m.today for m in found.markets]).sum()) / 2
    moving = fmt.outcome(moved.mean, sign=True, short=True)
    return [
        Tile("Expected gain", fmt.outcome(gain.mean, sign=True, short=True), f"90% interval {_swing(gain, fmt)}", tone),
        Tile("Chance to beat today’s plans", fmt.probability(chance), "over the horizon", tone),
        Tile("Of it, from moving money between markets", moving, _swing(moved, fmt), "soft"),
        Tile("Money that changes market", fmt.money(shifted, short=True), f"of {fmt.money(found.spent)}", "soft"),
    ]


def _table(found: Split, table: pd.DataFrame, fmt: Formatter, pen: Pen) -> Table:
    head = columns("Market", "Today", "Recommended", "Change", "Won today", "Won then", f"Next {fmt.one}")
    rows = [
        (
            Cell(fmt.label(str(name)), swatch=pen.look.channel_variable(str(name))),
            Cell(fmt.money(line["reference"], short=True)),
            Cell(fmt.money(line["spend"], short=True), strong=True),
            Cell(fmt.money(line["change"], short=True, sign=True), fmt.percent(line["change_share"], 0, sign=True)),
            Cell(
                fmt.outcome(line["won_today"], short=True),
                fmt.outcome_range(line["won_today_lower"], line["won_today_upper"], short=True),
            ),
            Cell(
                fmt.outcome(line["won"], short=True),
                fmt.outcome_range(line["won_lower"], line["won_upper"], short=True),
            ),
            Cell(fmt.returned(line["next_money"])),
        )
        for name, line in table.iterrows()
    ]
    last = (
        Cell("All markets"),
        Cell(fmt.money(found.today, short=True)),
        Cell(fmt.money(found.spent, short=True)),
        Cell(fmt.money(found.spent - found.today, short=True, sign=True)),
        *(Cell("") for _ in range(3)),
    )
    return table_of("Money over the horizon and what it wins; small print: 90% intervals.", head, rows, last=last)


def _notes(found: Split, table: pd.DataFrame, fmt: Formatter) -> list[str]:
    settings, notes = found.portfolio.settings, []
    if settings.rates is not None:
        listed = ", ".join(
            f"1 {name} = {rate:g} {found.portfolio.currency}" for name, rate in settings.rates.per_unit.items()
        )
        source = f" ({settings.rates.source})" if settings.rates.source else ""
        notes.append(f"Amounts were converted at the rates of {fmt.date(settings.rates.date)}{source}: {listed}.")
    if found.total - found.spent > 0.001 * found.total:
        left = fmt.money(found.total - found.spent)
        notes.append(f"{left} of the budget stays unspent: no market may take more, or its next money wins too little.")
    bound = [str(name) for name, line in table.iterrows() if _at_bound(line)]
    if bound:
        names = fmt.join([fmt.label(name) for name in bound], 4)
        notes.append(f"The limits of the channels, not the evidence, stop {names}.")
    if found.portfolio.markets[0].settings.plan.margin is not None:
        notes.append("What is won is the margin on the outcome, as each market states it.")
    notes.append(
        f"Each market was planned at {settings.points} budgets by its own planner, under its own limits. Between them "
        "its outcome is taken as linear, and the split is exact for those curves. Where no limit binds, the next money "
        "wins alike in all markets."
    )
    return notes


def _at_bound(line: "pd.Series[float]") -> bool:
    slack = 1e-3 * max(float(line["spend"]), 1.0)
    return bool(line["spend"] - line["allowed_from"] < slack or line["allowed_to"] - line["spend"] < slack)
