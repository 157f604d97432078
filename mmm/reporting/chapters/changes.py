"""Chapter on what changed since the earlier report: estimates then and now, and why the recommendation moved."""

from collections.abc import Iterator
from typing import Any

from mmm.reporting.changes import Advised, Changes, Estimated, Setting, changes_between
from mmm.reporting.decision import Estimate
from mmm.reporting.figures.changes import ThenNow, then_now
from mmm.reporting.material import Material
from mmm.reporting.numbers import results_of
from mmm.reporting.page import Cell, Chapter, Column, Table, columns, table_of
from mmm.reporting.results import Allocation, Interval, Results

_MOST_SETTINGS = 12
_MOST_ROWS = 14
_LONGEST_VALUE = 40


def changes(m: Material) -> Chapter | None:
    """What changed since the last report? None where there is no earlier one."""
    if m.earlier is None:
        return None
    c = changes_between(m.earlier, results_of(m))
    rows = [
        ThenNow(e.channel, _estimate(e.then.average_return), _estimate(e.now.average_return))
        for e in c.estimates
        if c.comparable and e.then is not None and e.now is not None and _known(e)
    ]
    largest = sorted(rows, key=lambda r: -next(x.spend for x in c.now.channels if x.channel == r.name))[:_MOST_ROWS]
    shown = [r for r in rows if r in largest]
    html = m.render(
        "chapters/changes.html.j2",
        facts=list(_facts(c, m)),
        overview=_overview(c, m),
        estimates=_estimates(c, m) if c.comparable else None,
        figure=bool(shown),
        date=_date(c.then, m),
        moves=_moves(c, m) if c.moved else None,
        reasons=[_because(a, c, m) for a in c.moved],
    )
    title = f"Return per {m.fmt.next_amount} on average, and its 90% interval"
    words = (_date(c.then, m), "now")
    figures = (then_now(shown, title, words, m.pen),) if shown else ()
    return Chapter("changes", "What changed since the last report?", _answer(c, m), html, figures)


def _known(e: Estimated) -> bool:
    found = [e.then.average_return, e.now.average_return] if e.then is not None and e.now is not None else []
    return bool(found) and all(v.mean is not None and v.lower is not None and v.upper is not None for v in found)


def _estimate(value: Interval) -> Estimate:
    nan = float("nan")
    return Estimate(*(nan if v is None else v for v in (value.mean, value.lower, value.upper)))


def _date(of: Results, m: Material) -> str:
    return m.fmt.date(of.made.started.date())


def _answer(c: Changes, m: Material) -> str:
    fmt, date = m.fmt, _date(c.then, m)
    if not c.comparable:
        return f"The report of {date} counted in other units, so only what it rests on can be compared."
    moved = [e for e in c.estimates if e.moved and e.then is not None and e.now is not None]
    names = m.fmt.join([fmt.label(a.channel) for a in c.moved], 3)
    start = (
        f"The recommendation is another one for {names} than on {date}."
        if c.moved
        else f"The recommendation is the same as on {date}, up to small differences."
    )
    if c.same_fit:
        return f"{start} What the model says of the past has not changed: data and model are the same."
    if not moved:
        return f"{start} No channel’s return left the interval that it had then."
    verb = "lies" if len(moved) == 1 else "lie"
    which = m.fmt.join([fmt.label(e.channel) for e in moved], 3)
    returns = "return of" if len(moved) == 1 else "returns of"
    return f"{start} The {returns} {which} now {verb} outside what was plausible then."


def _facts(c: Changes, m: Material) -> Iterator[str]:
    """What the two reports rest on, where it differs."""
    then, now, fmt = c.then.data, c.now.data, m.fmt
    if c.added > 0:
        yield f"{fmt.periods(c.added)} of data came in, up to the {fmt.period} of {fmt.date(now.last)}."
    elif c.added < 0:
        yield f"The data end {fmt.periods(-c.added)} earlier, with the {fmt.period} of {fmt.date(now.last)}."
    if then.first != now.first:
        yield f"The data begin on {fmt.date(now.first)}; they began on {fmt.date(then.first)}."
    if c.corrected:
        yield f"The data of the same {fmt.period}s are not the same any more: something was corrected or added."
    for what, before, after in (
        ("channels", then.channels, now.channels),
        ("other drivers", then.controls, now.controls),
        ("regions", then.geos, now.geos),
    ):
        came, went = [n for n in after if n not in before], [n for n in before if n not in after]
        if came:
            yield f"New {what}: {m.fmt.join([fmt.label(n) for n in came], 6)}."
        if went:
            yield f"No longer among the {what}: {m.fmt.join([fmt.label(n) for n in went], 6)}."
    yield from _settings(c)
    if c.then.made.workbench != c.now.made.workbench:
        yield f"The workbench is version {c.now.made.workbench}; it was {c.then.made.workbench}."
    if c.same_fit:
        yield "The model was not fitted again: its account of the past is the same."


def _settings(c: Changes) -> Iterator[str]:
    """Changed settings, by what they are about."""
    titles = {
        "data": "How the data are read was changed",
        "model": "What is assumed before the data (the model and its priors) was changed",
        "plan": "What is asked of the plan was changed",
        "sampler": "How the answer is computed was changed",
        "gate": "What a model must show was changed",
    }
    for section, title in titles.items():
        found = [s for s in c.settings if s.section == section]
        if found:
            rest = len(found) - _MOST_SETTINGS
            more = f"; and {f'{rest} more'}" if rest > 0 else ""
            yield f"{title}: {'; '.join(_setting(s) for s in found[:_MOST_SETTINGS])}{more}."


def _setting(s: Setting) -> str:
    return f"{s.key} is {_value(s.now)}, was {_value(s.then)}"


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, float) and value == int(value):
        value = int(value)
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _overview(c: Changes, m: Material) -> Table:
    """Both recommendations in a few numbers."""
    head = (Column("", number=False), Column(_date(c.then, m)), Column("Now"))
    fmt = m.gain_fmt

    def amounts(of: Results) -> tuple[Cell, ...]:
        d = of.decision
        gain = _estimate(d.gain)
        chance = float("nan") if d.probability is None else d.probability
        return (
            Cell(m.fmt.date(of.data.last)),
            Cell(d.horizon),
            Cell(fmt.money(d.spend_plan + d.unspent)),
            Cell(fmt.outcome(gain.mean, sign=True), fmt.outcome_range(gain.lower, gain.upper)),
            Cell("" if d.verdict == "unchanged" else fmt.probability(chance)),
            Cell({"pass": "passed", "warn": "passed, with a reservation", "fail": "not passed"}[of.gate.status]),
        )

    names = ("Data up to", "Horizon", "Budget", "Expected gain over the plan of that day", "Chance of a gain", "Checks")
    then, now = (amounts(of) for of in (c.then, c.now))
    unlike = {2, 3, 4} if not c.comparable else set()
    rows = [(Cell(names[i]), then[i], now[i]) for i in range(len(names)) if i not in unlike]
    return table_of("The two reports side by side; small print: 90% intervals.", head, rows)


def _estimates(c: Changes, m: Material) -> Table:
    """Average and next return of each channel then and now."""
    fmt, date = m.fmt, _date(c.then, m)
    amount = fmt.next_amount
    head = columns("Channel", f"Average {amount}, {date}", "Now", f"Next {amount}, {date}", "Now")

    def cell(value: Interval | None, moved: bool) -> Cell:
        if value is None:
            return Cell("")
        known = _estimate(value)
        tone: Any = "warn" if moved else ""
        return Cell(fmt.ratio(known.mean), fmt.ratio_range(known.lower, known.upper), tone=tone)

    rows = []
    for e in c.estimates:
        then = (None, None) if e.then is None else (e.then.average_return, e.then.next_return)
        now = (None, None) if e.now is None else (e.now.average_return, e.now.next_return)
        swatch = m.look.channel_variable(e.channel) if e.channel in m.look.channels else ""
        rows.append(
            (
                Cell(fmt.label(e.channel), swatch=swatch),
                cell(then[0], moved=False),
                cell(now[0], moved=e.moved and e.then is not None),
                cell(then[1], moved=False),
                cell(now[1], moved=False),
            )
        )
    caption = "Returns then and now; small print: 90% intervals. Coloured: outside the interval of then."
    return table_of(caption, head, rows)


def _moves(c: Changes, m: Material) -> Table:
    fmt = m.gain_fmt
    head = columns("Channel", f"Plan of {_date(c.then, m)}", "Plan now", "Share of the plan then", "Now")

    def plan(line: Allocation | None) -> Cell:
        if line is None:
            return Cell("")
        return Cell(fmt.money(line.spend_plan, short=True), f"{fmt.money(line.change, short=True, sign=True)}")

    rows = [
        (
            Cell(m.fmt.label(a.channel), swatch=m.look.channel_variable(a.channel)),
            plan(a.then) if c.comparable else Cell(""),
            plan(a.now),
            Cell(fmt.percent(a.share_then, 0)),
            Cell(fmt.percent(a.share_now, 0)),
        )
        for a in c.moved
    ]
    return table_of(
        "Where the recommendation is another one; small print: change against that day’s spend.", head, rows
    )


_DIRECTIONS = {"more": "more money", "less": "less money", "same": "the same money"}


def _because(a: Advised, c: Changes, m: Material) -> str:
    """Why a channel's recommendation moved."""
    name = m.fmt.label(a.channel)
    if a.then is None:
        return f"{name} was not in the earlier report."
    start = f"{name}: {_DIRECTIONS[a.direction_now]} instead of {_DIRECTIONS[a.direction_then]}"
    if a.direction_now == a.direction_then:
        start = f"{name}: a {'larger' if a.share_now > a.share_then else 'smaller'} share of the plan"
    return start + _reason(a.then, a, c, m)


def _reason(then: Allocation, a: Advised, c: Changes, m: Material) -> str:
    fmt, now = m.fmt, a.now
    before, after = _estimate(then.next_today), _estimate(now.next_today)
    was = f"{fmt.ratio(before.mean)} ({fmt.ratio_range(before.lower, before.upper)})"
    returns = f"its next {fmt.next_amount} is now seen to win {fmt.ratio(after.mean)} instead of {was}"
    if a.reason == "return":
        return f", because {returns}."
    if a.reason == "spend":
        old, new = fmt.money(then.spend_today, short=True), fmt.money(now.spend_today, short=True)
        return f", because today’s plan, which it starts from, spends {new} on it instead of {old}."
    if a.reason == "limits":
        return ", because what is allowed for it, and where it stops, is not the same."
    if a.reason == "budget":
        return ", because the budget is another one."
    if not c.comparable:
        return "."
    return (
        f", although little happened to it: {returns}, within what was plausible then. Where channels are close, small "
        "differences decide."
    )
