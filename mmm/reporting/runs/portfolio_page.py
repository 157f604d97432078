"""The portfolio page: how a budget is split over markets, what that brings against today's plans, and its files."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.errors import ReportError
from mmm.files import write_whole
from mmm.reporting.chapters.past import outcome_cell, triple
from mmm.reporting.design.look import make_look
from mmm.reporting.figures.plan import from_to
from mmm.reporting.figures.sheet import Drawn, Pen
from mmm.reporting.notation.estimate import Estimate, estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.parts import Cell, Chapter, Table, Tile, Tone, columns, table_of
from mmm.reporting.pages.render import Cover, logo_data, pdf_bytes, print_page, require_pdf, web_page
from mmm.reporting.pages.templating import render
from mmm.reporting.sentences.page_one import failure
from mmm.scratch import keep, scratch_folder, sweep
from mmm.settings.portfolio import Portfolio, PortfolioSettings
from mmm.tables import csv_text
from mmm.workflow.portfolio import Split, table_by_market


@dataclass(frozen=True)
class PortfolioStory:
    """A portfolio and the split of its budget, to be told."""

    portfolio: Portfolio
    split: Split


def write_portfolio(told: PortfolioStory, out: Path, say: Callable[[str], None] = lambda _: None) -> list[Path]:
    """portfolio.html, .pdf, .csv and .json in ``out``/<name>/<run>; returns their paths.

    Without the PDF library everything else is written, and ``say`` is told what is missing.
    """
    settings = told.portfolio.settings
    folder = out / settings.name / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent)
        with scratch_folder(folder) as made:
            names = _write(told, made, say)
            keep(made, folder)
    except OSError as error:
        raise ReportError(
            f"The portfolio cannot be written to '{folder}' ({error.strerror}). Choose another folder with --out."
        ) from error
    return [folder / name for name in names]


def _write(told: PortfolioStory, folder: Path, say: Callable[[str], None]) -> list[str]:
    """The files of the portfolio in ``folder``; their names."""
    chapter, cover = _chapter(told), _cover(told)
    table = table_by_market(told.split)
    contents: dict[str, str | bytes] = {"portfolio.html": web_page([chapter], cover)}
    if "pdf" in told.portfolio.settings.report.formats:
        try:
            require_pdf()
        except ReportError as error:
            say(str(error))
        else:
            contents["portfolio.pdf"] = pdf_bytes(print_page([chapter], cover))
    contents["portfolio.csv"] = csv_text(table, index=True)
    contents["portfolio.json"] = json.dumps(_numbers(told, table), indent=1) + "\n"
    return [write_whole(folder / name, content).name for name, content in contents.items()]


def _numbers(told: PortfolioStory, table: pd.DataFrame) -> dict[str, Any]:
    rates = told.portfolio.settings.rates

    def ends(draws: Floats) -> dict[str, float]:
        mean, lower, upper = estimate(draws)
        return {"mean": mean, "lower": lower, "upper": upper, "probability": float((draws > 0).mean())}

    return {
        "schema_version": 1,
        "name": told.portfolio.settings.name,
        "currency": told.portfolio.currency,
        "rates": None if rates is None else rates.model_dump(mode="json"),
        "total_budget": told.split.total,
        "spend": told.split.spent,
        "spend_today": told.split.today,
        "gain_over_todays_plans": ends(told.split.gain),
        "net_gain": ends(told.split.net),
        "gain_of_moving_between_markets": ends(told.split.moved),
        "markets": json.loads(table.reset_index().to_json(orient="records")),
    }


def _templates(settings: PortfolioSettings) -> Path | None:
    return None if settings.report.templates is None else settings.base / settings.report.templates


def _formatter(told: PortfolioStory) -> Formatter:
    report = told.portfolio.settings.report
    titles = {m.settings.name: m.settings.title or m.settings.name for m in told.portfolio.markets}
    unique = {name: title for name, title in titles.items() if list(titles.values()).count(title) == 1}
    money = told.portfolio.currency
    return Formatter(
        money,
        money,
        money_outcome=True,
        numbers=report.number_format,
        dates=report.date_format,
        labels={**unique, **report.labels},
        language=report.language,
    )


def _cover(told: PortfolioStory) -> Cover:
    settings, fmt = told.portfolio.settings, _formatter(told)
    t = fmt.t
    return Cover(
        title=settings.title or settings.name,
        subtitle=t("One budget over {n} markets", n=len(told.split.markets)),
        date=fmt.date(datetime.now(UTC).date()),
        look=make_look(settings.report, [m.name for m in told.split.markets]),
        language=settings.report.language,
        organisation=settings.report.organisation or "",
        author=settings.report.author or "",
        logo=logo_data(settings.base / settings.report.logo) if settings.report.logo is not None else "",
        templates=_templates(settings),
        colophon=t(
            "Intervals hold 90% of what is plausible. Markets were fitted apart, so their errors are independent."
        ),
    )


def _chapter(told: PortfolioStory) -> Chapter:
    fmt = _formatter(told)
    pen = Pen(make_look(told.portfolio.settings.report, [m.name for m in told.split.markets]), fmt)
    table = table_by_market(told.split)
    html = render(
        "chapters/portfolio.html.j2",
        _templates(told.portfolio.settings),
        t=fmt.t,
        lead=_lead(told, table, fmt),
        promise=_promise(told, fmt),
        failures=[
            f"{fmt.label(name)}: {' '.join(failure(check, title, fmt) for check, title in failed)}"
            for name, failed in told.split.failures.items()
        ],
        tiles=_tiles(told, fmt),
        table=_table(told, table, fmt, pen),
        notes=list(_notes(told, table, fmt)),
    )
    horizon = fmt.made_below(told.portfolio.markets[0].settings.plan.horizon)
    figures: tuple[Drawn, ...] = (from_to(table, horizon, pen),)
    return Chapter("portfolio", fmt.t("How to split the budget"), "", html, figures)


def _lead(told: PortfolioStory, table: pd.DataFrame, fmt: Formatter) -> str:
    """The largest moves, as a sentence."""
    t = fmt.t
    least = 0.005 * told.split.today
    ordered = table["change"].sort_values(ascending=False)
    up = fmt.join([fmt.label(str(name)) for name, change in ordered.items() if change >= least], 3)
    down = fmt.join([fmt.label(str(name)) for name, change in ordered[::-1].items() if change <= -least], 3)
    budget = fmt.money(told.split.spent)
    if up and down:
        return t("Of {budget}, give more to {up} and less to {down}.", budget=budget, up=up, down=down)
    if up:
        return t("Of {budget}, give more to {up}.", budget=budget, up=up)
    if down:
        return t("Of {budget}, give less to {down}.", budget=budget, down=down)
    return t("Leave the split of {budget} as it is.", budget=budget)


def _swing(gain: Estimate, fmt: Formatter) -> str:
    return fmt.outcome_range(gain)


def _promise(told: PortfolioStory, fmt: Formatter) -> str:
    t, gain, moved = fmt.t, estimate(told.split.net), estimate(told.split.moved)
    changes = told.split.profit and abs(told.split.spent - told.split.today) > 0.001 * told.split.today
    brings = {"gain": fmt.outcome(gain, sign=True), "ends": _swing(gain, fmt)}
    chance = fmt.probability(float((told.split.net > 0).mean()))
    return " ".join(
        (
            t(
                "Against today’s plans this brings {gain}, net of the money spent more or less (90% interval {ends}).",
                **brings,
            )
            if changes
            else t("Against today’s plans this brings {gain} (90% interval {ends}).", **brings),
            t("The chance that it does better is {chance}.", chance=chance)
            if not gain.lower <= 0 <= gain.upper
            else t(
                "The evidence does not separate the two: the chance that it does better is {chance}.", chance=chance
            ),
            t(
                "Of the gain, {moved} ({ends}) comes from moving money between markets, the rest from using it better "
                "inside them.",
                moved=fmt.outcome(moved, sign=True),
                ends=_swing(moved, fmt),
            ),
        )
    )


def _tiles(told: PortfolioStory, fmt: Formatter) -> list[Tile]:
    t, gain, moved = fmt.t, estimate(told.split.net), estimate(told.split.moved)
    chance = float((told.split.net > 0).mean())
    tone: Tone = "good" if gain.lower > 0 else "bad" if gain.upper < 0 else "warn"
    shifted = float(np.abs(told.split.money - [m.today for m in told.split.markets]).sum()) / 2

    def interval(of: Estimate) -> str:
        return t("90% interval {ends}", ends=_swing(of, fmt))

    moving = fmt.outcome(moved, sign=True, short=True)
    return [
        Tile(t("Expected gain"), fmt.outcome(gain, sign=True, short=True), interval(gain), tone),
        Tile(t("Chance to beat today’s plans"), fmt.probability(chance), t("over the horizon"), tone),
        Tile(t("Of it, from moving money between markets"), moving, interval(moved), "soft"),
        Tile(
            t("Money that changes market"),
            fmt.money(shifted, short=True),
            t("of {total}", total=fmt.money(told.split.spent)),
            "soft",
        ),
    ]


def _table(told: PortfolioStory, table: pd.DataFrame, fmt: Formatter, pen: Pen) -> Table:
    t = fmt.t
    head = columns(
        t("Market"),
        t("Today"),
        t("Recommended"),
        t("Change"),
        t("Won today"),
        t("Won then"),
        t("Next {amount}", amount=fmt.one),
    )
    rows = [
        (
            Cell(fmt.label(str(name)), swatch=pen.look.channel_variable(str(name))),
            Cell(fmt.money(line["reference"], short=True)),
            Cell(fmt.money(line["spend"], short=True), strong=True),
            Cell(fmt.money(line["change"], short=True, sign=True), fmt.percent(line["change_share"], 0, sign=True)),
            outcome_cell(triple(line, "won_today"), fmt),
            outcome_cell(triple(line, "won"), fmt),
            Cell(fmt.returned(line["next_money"])),
        )
        for name, line in table.iterrows()
    ]
    last = (
        Cell(t("All markets")),
        Cell(fmt.money(told.split.today, short=True)),
        Cell(fmt.money(told.split.spent, short=True)),
        Cell(fmt.money(told.split.spent - told.split.today, short=True, sign=True)),
        *(Cell("") for _ in range(3)),
    )
    caption = t("Money over the horizon and what it wins; small print: 90% intervals.")
    return table_of(caption, head, rows, last=last)


def _notes(told: PortfolioStory, table: pd.DataFrame, fmt: Formatter) -> list[str]:
    settings, notes, t = told.portfolio.settings, [], fmt.t
    if settings.rates is not None:
        listed = ", ".join(
            f"1 {name} = {_rate(rate, fmt)} {told.portfolio.currency}" for name, rate in settings.rates.per_unit.items()
        )
        source = f" ({settings.rates.source})" if settings.rates.source else ""
        day = fmt.date(settings.rates.date) + source
        notes.append(t("Amounts were converted at the rates of {day}: {rates}.", day=day, rates=listed))
    if told.split.total - told.split.spent > 0.001 * told.split.total:
        notes.append(
            t(
                "{amount} of the budget stays unspent: no market may take more, or its next money wins too little.",
                amount=fmt.money(told.split.total - told.split.spent),
            )
        )
    bound = [str(name) for name, line in table.iterrows() if _at_bound(line)]
    if bound:
        names = fmt.join([fmt.label(name) for name in bound], 4)
        notes.append(t("The limits of the channels, not the evidence, stop {names}.", names=names))
    if told.portfolio.markets[0].settings.plan.margin is not None:
        notes.append(t("What is won is the margin on the outcome, as each market states it."))
    elif not told.split.profit:
        notes.append(
            t("No margin is stated: markets are compared by what they win, and what is left of it is not judged.")
        )
    notes.append(
        t(
            "Each market was planned at {n} budgets by its own planner, under its own limits. Between them its outcome "
            "is taken as linear, and the split is exact for those curves. Where no limit binds, the next money wins "
            "alike in all markets.",
            n=settings.points,
        )
    )
    return notes


def _rate(rate: float, fmt: Formatter) -> str:
    """An exchange rate with the decimals that it was given with."""
    return fmt.number(rate, len(f"{rate:.10f}".rstrip("0").partition(".")[2]))


def _at_bound(line: "pd.Series[float]") -> bool:
    slack = 1e-3 * max(float(line["spend"]), 1.0)
    return bool(line["spend"] - line["allowed_from"] < slack or line["allowed_to"] - line["spend"] < slack)
