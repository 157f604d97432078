"""The ledger as an offline page: what the last plan brought and why, and what became of all promises."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from mmm.files import write_whole
from mmm.register.ledger import ENOUGH, Settlement, Spread, counted, record_of
from mmm.register.record import Promise
from mmm.reporting.design.look import make_look
from mmm.reporting.figures.ledger import promises
from mmm.reporting.figures.sheet import Pen
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.parts import Cell, Chapter, Tile, Tone, columns, table_of
from mmm.reporting.pages.render import Cover, web_page
from mmm.reporting.runs.control_room import chapter
from mmm.settings.report import ReportSettings

PAGE = "ledger.html"


def write_ledger(known: Sequence[Settlement], folder: Path, report: ReportSettings) -> list[Path]:
    """Write the page into ``folder``, whole or not at all. Raises OSError."""
    return [write_whole(folder / PAGE, page(known, report))]


def page(known: Sequence[Settlement], report: ReportSettings) -> str:
    """The page as HTML; ``known`` are the settled plans of one analysis, at least one, the earliest first."""
    last = known[-1]
    unit = last.promise.unit
    fmt = Formatter(
        last.currency, unit, money_outcome=unit == last.currency, numbers=report.number_format, dates=report.date_format
    )
    look = make_look(report, [])
    same = [one for one in known if (one.promise.what, one.promise.unit) == (last.promise.what, unit)]
    drawn = promises(same, Pen(look, fmt))
    cover = Cover(
        title=last.title,
        subtitle="Ledger: what plans brought",
        date=fmt.date(dt.datetime.now(dt.UTC).date()),
        look=look,
        organisation=report.organisation or "",
        author=report.author or "",
        colophon=(
            f"Gains are over the reference plan of each plan, estimated when its horizon was over. Made from data "
            f"{last.data[:12]}, fit {last.fit[:12]}. Intervals hold 90% of what is plausible."
        ),
    )
    record = _record(same, fmt)
    return web_page([_last(last, fmt), Chapter("record", record.question, record.answer, record.html, (drawn,))], cover)


def _estimate(value: Spread | Promise) -> Estimate:
    return Estimate(value.mean, value.lower, value.upper)


def _row(words: str, value: Spread | Promise, fmt: Formatter, *, sign: bool = True) -> tuple[Cell, ...]:
    known = _estimate(value)
    return (Cell(words), Cell(fmt.outcome(known, sign=sign), fmt.outcome_range(known)))


def _last(last: Settlement, fmt: Formatter) -> Chapter:
    tone: Tone = "good" if last.held else "warn"
    badge = "The promise held" if last.held else "The promise did not hold"
    gain, promise = _estimate(last.settled), _estimate(last.promise)
    tiles = [
        Tile("Promised", fmt.outcome(promise, short=True, sign=True), fmt.outcome_range(promise, short=True)),
        Tile("Brought", fmt.outcome(gain, short=True, sign=True), fmt.outcome_range(gain, short=True), tone),
        Tile("Spent", fmt.money(last.spent, short=True), f"of {fmt.money(last.planned, short=True)} planned"),
    ]
    gains = [
        _row("Promised", last.promise, fmt),
        _row("Money spent otherwise than planned", last.spending, fmt),
        _row("Media cost other than reckoned with", last.prices, fmt),
        _row("Learned of the effects since", last.learned, fmt),
    ]
    seen = fmt.outcome(Estimate(last.outcome, last.outcome, last.outcome))
    outcome = [
        _row("Expected of the money as planned", last.expected, fmt, sign=False),
        _row("Money spent otherwise than planned", last.deviation, fmt),
        _row("The market, and what else was not known", last.surprise, fmt),
    ]
    lead = f"Plan {last.plan}, {fmt.date_range(last.first, last.last)}."
    if last.chain:
        lead += f" It corrected {fmt.join(list(last.chain))}."
    tables = [
        table_of(
            f"Gain in {last.promise.what} over the reference plan; small print: 90% intervals.",
            columns("Part", f"Gain ({last.promise.unit})"),
            gains,
            last=_row("Brought", last.settled, fmt),
        ),
        table_of(
            "Outcome of the horizon; small print: 90% intervals.",
            columns("Part", f"Outcome ({last.outcome_unit})"),
            outcome,
            last=(Cell("Seen"), Cell(seen)),
        ),
    ]
    return chapter(
        "last", "What did the last plan bring?", "", badge=badge, tone=tone, lead=lead, tiles=tiles, tables=tables
    )


def _record(known: Sequence[Settlement], fmt: Formatter) -> Chapter:
    found = record_of(known, known[-1].promise.what, known[-1].promise.unit)
    if found is None:
        raise ValueError("a ledger page needs a settled plan")
    over, won = _estimate(found.over), _estimate(found.won)
    kept, share = fmt.percent(_estimate(found.kept), 0), fmt.percent_range(_estimate(found.kept), decimals=0)
    answer = (
        f"{found.held} of {found.plans} promises held. Promises were {fmt.outcome(over)} ({fmt.outcome_range(over)}) "
        f"above what came, on average; in all, plans won {fmt.outcome(won, sign=True)} ({fmt.outcome_range(won)}). Of "
        f"a promise {kept} ({share}) is expected to be kept. "
    ) + (
        f"The next one is told at {fmt.percent(found.factor, 0)} of what the model says."
        if found.plans >= ENOUGH
        else f"Promises are scaled by that from {ENOUGH} settled plans on."
    )
    counting = counted(known)
    rows = [
        (
            Cell(one.plan),
            Cell(fmt.date_range(one.first, one.last)),
            Cell(fmt.outcome(_estimate(one.promise), sign=True), fmt.outcome_range(_estimate(one.promise))),
            Cell(fmt.outcome(_estimate(one.settled), sign=True), fmt.outcome_range(_estimate(one.settled))),
            Cell("held" if one.held else "not held", tone="good" if one.held else "bad")
            if one in counting
            else Cell("corrected"),
        )
        for one in known
    ]
    heads = columns("Plan", "Horizon", f"Promised ({known[-1].promise.unit})", "Brought", "Promise")
    caption = (
        "Settled plans; small print: 90% intervals. A promise held where the gain reached its interval's lower end."
    )
    if len(counting) < len(known):
        caption += " Of plans that correct one another the last counts, which is of the whole horizon."
    figures = [("ledger", "What each plan promised and brought: 90% intervals of the gain.")]
    tables = [table_of(caption, heads, rows)]
    return chapter("record", "What became of promises?", answer, figures=figures, tables=tables)
