"""The chapter of finance in the control room: quarters and years against the plan, money by month, campaigns."""

import datetime as dt
from collections.abc import Sequence

from mmm.monitoring.state import Fiscal, Money, State
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.parts import Cell, Chapter, Table, columns, table_of
from mmm.reporting.pages.templating import render

_MOST_CAMPAIGNS = 30


def finance_chapter(state: State, fmt: Formatter) -> Chapter:
    """Plan, actual and forecast at completion by quarter and year, money by channel and month, campaigns."""
    total = state.total
    answer = (
        f"{fmt.percent(_share(total), 0)} of the plan's money is used, and {state.seen} of its {state.periods} "
        f"{state.period}s are over."
    )
    tables = [_fiscal(state, fmt), _months(state, fmt)]
    if state.campaigns:
        tables.append(_campaigns(state, fmt))
    values = {"badge": "", "tone": "", "lead": "", "tiles": (), "points": (), "figures": (), "tables": tables}
    html = render("chapters/control.html.j2", None, **values)
    return Chapter("finance", "What does finance need?", answer, html, ())


def _share(money: Money) -> float:
    return money.spent / money.plan if money.plan > 0 else 0.0


def _fiscal(state: State, fmt: Formatter) -> Table:
    rows: list[Sequence[Cell]] = [_row(one, fmt) for one in state.quarters]
    rows += [_row(one, fmt) for one in state.years]
    heads = columns(
        "Period",
        f"Before the plan ({state.currency})",
        "Plan",
        "Spent",
        "Used",
        "Forecast at completion",
        "Against plan",
    )
    caption = "Quarters and years of the calendar, as far as the plan reaches into them; small print: 90% intervals."
    return table_of(caption, heads, rows)


def _row(one: Fiscal, fmt: Formatter) -> tuple[Cell, ...]:
    end = None if one.end is None else Estimate(one.end.mean, one.end.lower, one.end.upper)
    off = None if end is None or one.plan <= 0 else end.mean / one.plan - 1
    return (
        Cell(one.label),
        Cell(fmt.exact(one.before)),
        Cell(fmt.exact(one.plan)),
        Cell(fmt.exact(one.spent)),
        Cell(fmt.percent(one.spent / one.plan, 0) if one.plan > 0 else ""),
        Cell(
            "" if end is None else fmt.money(end, short=True),
            "" if end is None or end.lower == end.upper else fmt.money_range(end, short=True),
        ),
        Cell("" if off is None else fmt.percent(off, sign=True)),
    )


def _months(state: State, fmt: Formatter) -> Table:
    """Spent where a month is over, planned where it is ahead, both where it is under way."""
    names = [money.channel for money in state.channels]
    rows = []
    for one in state.months:
        begun = any(one.spent.values())
        cells = []
        for name in names:
            plan, spent = fmt.exact(one.plan.get(name, 0.0)), fmt.exact(one.spent.get(name, 0.0))
            cells.append(Cell(spent, f"of {plan}") if begun else Cell(plan, "planned"))
        total, planned = fmt.exact(sum(one.spent.values())), fmt.exact(sum(one.plan.values()))
        whole = Cell(total, f"of {planned}") if begun else Cell(planned, "planned")
        rows.append((Cell(fmt.month(dt.date.fromisoformat(f"{one.month}-01"))), *cells, whole))
    caption = f"Money by channel and month ({state.currency}): spent; small print: planned."
    return table_of(caption, columns("Month", *names, "All channels"), rows)


def _campaigns(state: State, fmt: Formatter) -> Table:
    shown = state.campaigns[:_MOST_CAMPAIGNS]
    rows = [
        (
            Cell(one.campaign or one.channel),
            Cell(one.channel),
            Cell(one.platform),
            Cell("" if one.spent is None else fmt.exact(one.spent)),
            Cell("" if one.conversions is None else fmt.exact(one.conversions)),
            Cell("" if not one.conversions or one.spent is None else fmt.fine(one.spent / one.conversions)),
            Cell("" if one.value is None or not one.spent else fmt.fine(one.value / one.spent)),
        )
        for one in shown
    ]
    heads = columns(
        "Campaign", "Channel", "Platform", f"Spent ({state.currency})", "Conversions", "Cost per conversion", "ROAS"
    )
    more = len(state.campaigns) - len(shown)
    caption = "Campaigns in the periods seen, as their platforms report and count them."
    return table_of(caption + (f" {more} smaller ones stand in monitor.json." if more else ""), heads, rows)
