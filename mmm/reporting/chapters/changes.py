"""Chapter on what changed since the earlier report: estimates then and now, and why the recommendation moved."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mmm.reporting.content.changes import Advised, Changes, Estimated, Reason, Setting, changes_between
from mmm.reporting.content.results import Allocation, Interval, Results
from mmm.reporting.figures.changes import ThenNow, then_now
from mmm.reporting.files.to_results import results_of
from mmm.reporting.languages.words import Words, mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.pages.parts import Cell, Chapter, Column, Table, columns, table_of
from mmm.reporting.pages.telling import Telling

_MOST_SETTINGS = 12
_MOST_ROWS = 14
_LONGEST_VALUE = 40


def changes(m: Telling) -> Chapter | None:
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
    t = m.fmt.t
    title = t("Return per {amount} on average, and its 90% interval", amount=m.fmt.next_amount)
    words = (_date(c.then, m), t("now"))
    figures = (then_now(shown, title, words, m.pen),) if shown else ()
    return Chapter("changes", t("What changed since the last report?"), _answer(c, m), html, figures)


def _known(e: Estimated) -> bool:
    found = [e.then.average_return, e.now.average_return] if e.then is not None and e.now is not None else []
    return bool(found) and all(v.mean is not None and v.lower is not None and v.upper is not None for v in found)


def _estimate(value: Interval) -> Estimate:
    nan = float("nan")
    return Estimate(*(nan if v is None else v for v in (value.mean, value.lower, value.upper)))


def _date(of: Results, m: Telling) -> str:
    return m.fmt.date(of.made.started.date())


def _answer(c: Changes, m: Telling) -> str:
    fmt, t, date = m.fmt, m.fmt.t, _date(c.then, m)
    if not c.comparable:
        return t("The report of {date} counted in other units, so only what it rests on can be compared.", date=date)
    moved = [e for e in c.estimates if e.moved and e.then is not None and e.now is not None]
    names = fmt.join([fmt.label(a.channel) for a in c.moved], 3)
    start = (
        t("The recommendation is another one for {names} than on {date}.", names=names, date=date)
        if c.moved
        else t("The recommendation is the same as on {date}, up to small differences.", date=date)
    )
    if c.same_fit:
        return f"{start} {t('What the model says of the past has not changed: data and model are the same.')}"
    if not moved:
        return f"{start} {t('No channel’s return left the interval that it had then.')}"
    which = fmt.join([fmt.label(e.channel) for e in moved], 3)
    return f"{start} " + fmt.plural(
        "The return of {names} now lies outside what was plausible then.",
        "The returns of {names} now lie outside what was plausible then.",
        len(moved),
        names=which,
    )


_CAME = {
    "channels": (mark("New channels: {names}."), mark("No longer among the channels: {names}.")),
    "controls": (mark("New other drivers: {names}."), mark("No longer among the other drivers: {names}.")),
    "geos": (mark("New regions: {names}."), mark("No longer among the regions: {names}.")),
    "tested": (mark("New experiments: {names}."), mark("No longer among the experiments: {names}.")),
}
_RETOLD = mark("Experiments that say something else now: {names}.")


def _facts(c: Changes, m: Telling) -> Iterator[str]:
    """What the two reports rest on, where it differs."""
    then, now, fmt, t = c.then.data, c.now.data, m.fmt, m.fmt.t
    last, by_period = fmt.date(now.last), fmt.by_period
    if c.added > 0:
        weekly, daily = (
            mark("{span} of data came in, up to the week of {day}."),
            mark("{span} of data came in, up to {day}."),
        )
        yield t(by_period(weekly, daily), span=fmt.periods(c.added), day=last)
    elif c.added < 0:
        weekly, daily = (
            mark("The data end {span} earlier, with the week of {day}."),
            mark("The data end {span} earlier, on {day}."),
        )
        yield t(by_period(weekly, daily), span=fmt.periods(-c.added), day=last)
    if then.first != now.first:
        first = {"now": fmt.date(now.first), "then": fmt.date(then.first)}
        yield t("The data begin on {now}; they began on {then}.", **first)
    if c.corrected:
        yield t("The data of the same dates are not the same any more: something was corrected or added.")
    yield from _came(c, m)
    yield from _settings(c, t)
    if c.then.made.workbench != c.now.made.workbench:
        versions = {"now": c.now.made.workbench, "then": c.then.made.workbench}
        yield t("The workbench is version {now}; it was {then}.", **versions)
    if c.same_fit:
        yield t("The model was not fitted again: its account of the past is the same.")


_CHANGED = {
    "data": mark("How the data are read was changed: {settings}."),
    "model": mark("What is assumed before the data (the model and its priors) was changed: {settings}."),
    "experiments": mark("How far experiments are trusted was changed: {settings}."),
    "plan": mark("What is asked of the plan was changed: {settings}."),
    "sampler": mark("How the answer is computed was changed: {settings}."),
    "gate": mark("What a model must show was changed: {settings}."),
}


def _came(c: Changes, m: Telling) -> Iterator[str]:
    """What is there now and was not, what is gone, and which experiments say something else."""
    found = []
    for kind, (new, gone) in _CAME.items():
        before, after = getattr(c.then.data, kind), getattr(c.now.data, kind)
        found.append((new, [n for n in after if n not in before]))
        found.append((gone, [n for n in before if n not in after]))
    for message, names in (*found, (_RETOLD, c.retold)):
        if names:
            yield m.fmt.t(message, names=m.fmt.join([m.fmt.label(n) for n in names], 6))


def _settings(c: Changes, t: Words) -> Iterator[str]:
    """Changed settings, by what they are about."""
    for section, message in _CHANGED.items():
        found = [s for s in c.settings if s.section == section]
        if found:
            listed = [_setting(s, t) for s in found[:_MOST_SETTINGS]]
            if len(found) > _MOST_SETTINGS:
                listed.append(t("and {n} more", n=len(found) - _MOST_SETTINGS))
            yield t(message, settings="; ".join(listed))


def _setting(s: Setting, t: Words) -> str:
    return t("{key} is {now}, was {then}", key=s.key, now=_value(s.now, t), then=_value(s.then, t))


def _value(value: Any, t: Words) -> str:
    """A setting as it is written in the settings file."""
    if value is None:
        return t("not set")
    if isinstance(value, float) and value == int(value):
        value = int(value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


_CHECKED = {"pass": mark("passed"), "warn": mark("passed, with a reservation"), "fail": mark("not passed")}


def _overview(c: Changes, m: Telling) -> Table:
    """Both recommendations in a few numbers."""
    t = m.fmt.t
    head = (Column("", number=False), Column(_date(c.then, m)), Column(t("Now")))
    fmt = m.gain_fmt

    def amounts(of: Results) -> tuple[Cell, ...]:
        d = of.decision
        gain = _estimate(d.gain)
        chance = float("nan") if d.probability is None else d.probability
        return (
            Cell(m.fmt.date(of.data.last)),
            Cell(replace(m.fmt, period=of.data.period).periods(d.periods)),
            Cell(fmt.money(d.spend_plan + d.unspent)),
            Cell(fmt.outcome(gain, sign=True), fmt.outcome_range(gain)),
            Cell("" if d.verdict == "unchanged" else fmt.probability(chance)),
            Cell(t(_CHECKED[of.gate.status])),
        )

    names = (
        t("Data up to"),
        t("Horizon"),
        t("Budget"),
        t("Expected gain over the plan of that day"),
        t("Chance of a gain"),
        t("Checks"),
    )
    then, now = (amounts(of) for of in (c.then, c.now))
    unlike = {2, 3, 4} if not c.comparable else set()
    rows = [(Cell(names[i]), then[i], now[i]) for i in range(len(names)) if i not in unlike]
    return table_of(t("The two reports side by side; small print: 90% intervals."), head, rows)


def _estimates(c: Changes, m: Telling) -> Table:
    """Average and next return of each channel then and now."""
    fmt, t = m.fmt, m.fmt.t
    then_of = {"amount": fmt.next_amount, "date": _date(c.then, m)}
    average, following = t("Average {amount}, {date}", **then_of), t("Next {amount}, {date}", **then_of)
    head = columns(t("Channel"), average, t("Now"), following, t("Now"))

    def cell(value: Interval | None, moved: bool) -> Cell:
        if value is None:
            return Cell("")
        known = _estimate(value)
        tone: Any = "warn" if moved else ""
        return Cell(fmt.ratio(known), fmt.ratio_range(known), tone=tone)

    rows = []
    for e in c.estimates:
        then = (None, None) if e.then is None else (e.then.average_return, e.then.next_return)
        now = (None, None) if e.now is None else (e.now.average_return, e.now.next_return)
        rows.append(
            (
                Cell(fmt.label(e.channel), swatch=m.look.channel_variable(e.channel)),
                cell(then[0], moved=False),
                cell(now[0], moved=e.moved and e.then is not None),
                cell(then[1], moved=False),
                cell(now[1], moved=False),
            )
        )
    caption = t("Returns then and now; small print: 90% intervals. Coloured: outside the interval of then.")
    return table_of(caption, head, rows)


def _moves(c: Changes, m: Telling) -> Table:
    fmt, t = m.gain_fmt, m.fmt.t
    of_then = t("Plan of {date}", date=_date(c.then, m))
    head = columns(t("Channel"), of_then, t("Plan now"), t("Share of the plan then"), t("Now"))

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
    caption = t("Where the recommendation is another one; small print: change against that day’s spend.")
    return table_of(caption, head, rows)


_TURNED = {
    ("more", "less"): mark("{name}: more money instead of less"),
    ("more", "same"): mark("{name}: more money instead of the same"),
    ("less", "more"): mark("{name}: less money instead of more"),
    ("less", "same"): mark("{name}: less money instead of the same"),
    ("same", "more"): mark("{name}: the same money instead of more"),
    ("same", "less"): mark("{name}: the same money instead of less"),
}
"""What is advised now, instead of what then."""


def _because(a: Advised, c: Changes, m: Telling) -> str:
    """Why a channel's recommendation moved."""
    t, name = m.fmt.t, m.fmt.label(a.channel)
    if a.then is None:
        return t("{name} was not in the earlier report.", name=name)
    if a.reason == "pause" and a.now.held:
        return t(
            "{name}: paused. Today’s plan no longer spends anything on it, and limits relative to that leave it at "
            "nothing.",
            name=name,
        )
    if a.direction_now != a.direction_then:
        start = t(_TURNED[a.direction_now, a.direction_then], name=name)
    elif a.share_now > a.share_then:
        start = t("{name}: a larger share of the plan", name=name)
    else:
        start = t("{name}: a smaller share of the plan", name=name)
    return _reason(start, a.then, a, c, m)


_SPENT: dict[Reason | None, str] = {
    "pause": mark("{start}, because it paused: today’s plan no longer spends anything on it."),
    "again": mark("{start}, because it runs again: today’s plan spends {new} on it."),
    "spend": mark("{start}, because today’s plan, which it starts from, spends {new} on it instead of {old}."),
}


def _reason(start: str, then: Allocation, a: Advised, c: Changes, m: Telling) -> str:
    fmt, t, now = m.fmt, m.fmt.t, a.now
    before, after = _estimate(then.next_today), _estimate(now.next_today)
    returns = {
        "start": start,
        "amount": fmt.next_amount,
        "now": f"{fmt.ratio(after)} ({fmt.ratio_range(after)})",
        "then": f"{fmt.ratio(before)} ({fmt.ratio_range(before)})",
    }
    if a.reason == "return":
        return t("{start}, because its next {amount} is now seen to win {now} instead of {then}.", **returns)
    if a.reason in _SPENT:
        spent = {"new": fmt.money(now.spend_today, short=True), "old": fmt.money(a.spend_then, short=True)}
        return t(_SPENT[a.reason], start=start, **spent)
    if a.reason == "limits":
        return t("{start}, because what is allowed for it, and where it stops, is not the same.", start=start)
    if a.reason == "budget":
        return t("{start}, because the budget is another one.", start=start)
    if not c.comparable:
        return f"{start}."
    return t(
        "{start}, although little happened to it: its next {amount} is now seen to win {now} instead of {then}, within "
        "what was plausible then. Where channels are close, small differences decide.",
        **returns,
    )
