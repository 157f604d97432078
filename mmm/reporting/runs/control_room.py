"""The control room: one offline page on a plan that is being followed. Where are we, what is off, what to do."""

from pathlib import Path

from mmm.files import write_whole
from mmm.monitoring.state import FILE, Interval, Money, State
from mmm.reporting.design.look import make_look
from mmm.reporting.figures import control
from mmm.reporting.figures.sheet import Drawn, Pen
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.parts import Cell, Chapter, Table, Tile, Tone, columns, table_of
from mmm.reporting.pages.render import Cover, web_page
from mmm.reporting.pages.templating import render
from mmm.reporting.runs.finance import finance_chapter
from mmm.settings.report import ReportSettings

PAGE = "control_room.html"
_BADGES: dict[str, tuple[Tone, str, str]] = {
    "good": ("good", "On plan", "The plan is followed, and the outcome is what the model expects."),
    "note": ("good", "On plan", "Nothing is off; there is something to know."),
    "look": ("warn", "Look", "Something is off: look at it before it grows."),
    "act": ("bad", "Act", "The plan is off: act now."),
}
_TONES: dict[str, Tone] = {"act": "bad", "look": "warn", "note": ""}
_TITLES = {
    "surprise": "The outcome is a surprise",
    "unfollowed": "The outcome is not followed",
    "pace": "Pace of the whole plan",
    "channel_pace": "Pace of a channel",
    "limit": "A limit",
    "data": "The data",
    "revised": "The past was revised",
    "no_data": "Not begun",
    "returns": "Return of a channel",
    "cost": "Cost per unit of a channel",
    "over": "The horizon is over",
}


def write_room(state: State, folder: Path, report: ReportSettings) -> list[Path]:
    """Write monitor.json and the page into ``folder``, each whole or not at all. Raises OSError."""
    text = state.model_dump_json(indent=1) + "\n"
    return [write_whole(folder / FILE, text), write_whole(folder / PAGE, room(state, report))]


def room(state: State, report: ReportSettings) -> str:
    """The page as HTML."""
    fmt = Formatter(
        state.currency,
        state.outcome_unit,
        money_outcome=state.outcome_unit == state.currency,
        numbers=report.number_format,
        dates=report.date_format,
    )
    look = make_look(report, [money.channel for money in state.channels])
    pen = Pen(look, fmt)
    drawn = (control.outcome(state, pen), control.money(state, pen)) if state.weeks else ()
    cover = Cover(
        title=state.title,
        subtitle=f"Control room: plan {state.plan}",
        date=f"{fmt.date(state.made.date())}, {state.made:%H:%M} UTC",
        look=look,
        organisation=report.organisation or "",
        author=report.author or "",
        colophon=(
            f"Plan {state.plan}, {fmt.date(state.first)} to {fmt.date(state.last)}. Made from data {state.data[:12]}, "
            f"fit {state.fit[:12]}. Intervals hold 90% of what is plausible; outcomes are judged given the money spent."
        ),
    )
    return web_page(
        [_now(state, fmt), _outcome(state, fmt, drawn), _money(state, fmt, drawn), finance_chapter(state, fmt)], cover
    )


def chapter(name: str, question: str, answer: str, drawn: tuple[Drawn, ...] = (), **values: object) -> Chapter:
    """A chapter of the control room's kind: badge, lead, tiles, points, figures and tables, whatever it has."""
    given = {"badge": "", "tone": "", "lead": "", "tiles": (), "points": (), "figures": (), "tables": (), **values}
    return Chapter(name, question, answer, render("chapters/control.html.j2", None, **given), drawn)


def _now(state: State, fmt: Formatter) -> Chapter:
    tone, badge, lead = _BADGES[state.verdict]
    points = [
        {
            "title": f"{_TITLES.get(point.kind, point.kind)}{f': {point.channel}' if point.channel else ''}",
            "text": f"{point.sentence} {point.advice}",
            "tone": _TONES[point.severity],
        }
        for point in state.points
    ]
    return chapter(
        "now", "Where are we", "", badge=badge, tone=tone, lead=lead, tiles=_tiles(state, fmt), points=points
    )


def _tiles(state: State, fmt: Formatter) -> list[Tile]:
    total, found = state.total, state.surprise
    tiles = [
        Tile(
            "Spent",
            fmt.money(total.spent, short=True),
            f"{_share(total.off, fmt)} of {fmt.money(total.due, short=True)} due"
            if total.off is not None
            else "nothing due yet",
        ),
        Tile(
            "Ends at",
            "not yet known" if total.end is None else fmt.money(_estimate(total.end), short=True),
            f"of {fmt.money(total.plan, short=True)}"
            + ("" if total.end is None else f", {fmt.money_range(_estimate(total.end), short=True)}"),
        ),
        Tile("Period", f"{state.seen} of {state.periods}", f"{state.period}s, to {fmt.date(state.last)}"),
    ]
    if found is not None:
        ratio = _estimate(found.ratio)
        off = Estimate(ratio.mean - 1, ratio.lower - 1, ratio.upper - 1)
        tone: Tone = "bad" if found.since is not None else "good"
        tiles.append(Tile("Outcome against expected", fmt.percent(off, sign=True), fmt.percent_range(off), tone))
    return tiles


def _share(off: float | None, fmt: Formatter) -> str:
    return "" if off is None else fmt.percent(1 + off, 0)


def _estimate(value: Interval) -> Estimate:
    return Estimate(value.mean, value.lower, value.upper)


def _outcome(state: State, fmt: Formatter, drawn: tuple[Drawn, ...]) -> Chapter:
    found = state.surprise
    if found is None:
        why = state.unfollowed or "No outcome of the plan's periods is in yet."
        return chapter("outcome", "Is the outcome what was expected?", why)
    rings = fmt.number(1 / found.alpha)
    answer = (
        f"The evidence against the model is {fmt.fine(found.evidence)}, at most {fmt.fine(found.largest)} so far; it "
        f"rings at {rings}, which a right model reaches in at most {fmt.percent(found.alpha, 0)} of plans, however "
        "often one looks."
    )
    caption = "Each period's outcome on the 90% interval of what the model expects of the money really spent."
    tables = [_efficiency(state, fmt), _geos(state, fmt)] if len(state.geos) > 1 else [_efficiency(state, fmt)]
    question = "Is the outcome what was expected?"
    return chapter("outcome", question, answer, drawn[:1], figures=[("control-outcome", caption)], tables=tables)


def _efficiency(state: State, fmt: Formatter) -> Table:
    rows = []
    told = any(one.reported is not None or one.reported_roas is not None for one in state.efficiency)
    for one in state.efficiency:
        won = _estimate(one.contribution)
        roas = None if one.roas is None else _estimate(one.roas)
        rows.append(
            (
                Cell(one.channel),
                Cell(fmt.exact(one.spent)),
                Cell(fmt.outcome(won, short=True), fmt.outcome_range(won, short=True)),
                Cell("" if roas is None else fmt.ratio(roas), "" if roas is None else fmt.ratio_range(roas)),
                _cost(one.cost_per_unit, fmt),
                *(
                    (
                        Cell("" if one.reported is None else fmt.fine(one.reported)),
                        Cell("" if one.reported_roas is None else fmt.fine(one.reported_roas)),
                    )
                    if told
                    else ()
                ),
            )
        )
    caption = "Channels in the periods seen, as the plan's model measures them; small print: 90% intervals."
    heads = columns("Channel", f"Spent ({state.currency})", "Contribution", "ROAS", "Cost per unit of outcome")
    if told:
        heads += columns("", "Conversions reported", "ROAS reported")[1:]
        caption += " Beside them what platforms report, as they count it."
    return table_of(caption, heads, rows)


def _cost(cost: Interval | None, fmt: Formatter) -> Cell:
    if cost is None:
        return Cell("")
    return Cell(fmt.fine(cost.mean), fmt.span(fmt.fine(cost.lower), fmt.fine(cost.upper)))


def _geos(state: State, fmt: Formatter) -> Table:
    rows = [
        (
            Cell(one.geo),
            Cell(fmt.exact(one.planned)),
            Cell(fmt.exact(one.spent)),
            Cell(fmt.percent(one.outcome / one.expected - 1, sign=True) if one.expected > 0 else ""),
            Cell(fmt.percent(one.inside, 0)),
        )
        for one in state.geos
    ]
    heads = columns("Geo", f"Due ({state.currency})", "Spent", "Outcome against expected", "Periods in their interval")
    return table_of("Geos over the periods seen.", heads, rows)


def _money(state: State, fmt: Formatter, drawn: tuple[Drawn, ...]) -> Chapter:
    left = max(0.0, state.total.plan - state.total.spent)
    answer = f"{fmt.money(state.total.spent)} of {fmt.money(state.total.plan)} are spent; {fmt.money(left)} are left."
    rows = [_money_row(one, fmt) for one in state.channels]
    heads = columns("Channel", f"Plan ({state.currency})", "Due", "Spent", "Against due", "Lately a period", "Ends at")
    caption = "Budget, and where it ends if it goes on like this; small print: 90% intervals."
    tables = [table_of(caption, heads, rows, last=_money_row(state.total, fmt))]
    if state.limits:
        limits = [
            (
                Cell(one.name),
                Cell(one.period),
                Cell(fmt.exact(one.spent_and_planned)),
                Cell("" if one.at_least is None else fmt.exact(one.at_least)),
                Cell("" if one.at_most is None else fmt.exact(one.at_most)),
                Cell("broken" if one.broken else "kept", tone="bad" if one.broken else "good"),
            )
            for one in state.limits
        ]
        heads = columns("Limit", "Period", f"Spent and planned ({state.currency})", "At least", "At most", "State")
        tables.append(table_of("Limits, with what was spent and what is still planned.", heads, limits))
    figures = [("control-money", "Money added up: spent, planned, and where it ends (90% interval).")] if drawn else []
    return chapter("money", "Is the money on plan?", answer, drawn[1:], figures=figures, tables=tables)


def _money_row(one: Money, fmt: Formatter) -> tuple[Cell, ...]:
    end = None if one.end is None else _estimate(one.end)
    return (
        Cell(one.channel or "All channels"),
        Cell(fmt.exact(one.plan)),
        Cell(fmt.exact(one.due)),
        Cell(fmt.exact(one.spent)),
        Cell("" if one.off is None else fmt.percent(one.off, sign=True)),
        Cell(fmt.exact(one.burn)),
        Cell(
            "" if end is None else fmt.money(end, short=True),
            "" if end is None or end.lower == end.upper else fmt.money_range(end, short=True),
        ),
    )
