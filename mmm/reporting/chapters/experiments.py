"""Chapter on experiments: what was believed before each, what it said, what is believed now, what it changed."""

from collections.abc import Iterator

import pandas as pd

from mmm.assessment.agreement import View
from mmm.planning.lesson import Lesson
from mmm.planning.sample_information import BROUGHT
from mmm.reporting.figures.experiments import experiments as figure
from mmm.reporting.languages.words import mark
from mmm.reporting.pages.parts import Cell, Chapter, Column, Table, table_of
from mmm.reporting.pages.telling import Telling

_EXPECTED = 0.1
"""Tail probability from which on a result counts as expected."""
_TRACE = 1e-3
"""A plan that moves less than this share of its money because of a test is the same plan."""


def experiments(m: Telling) -> Chapter | None:
    """What did tests teach? None where the model was told of none."""
    if not m.agreed:
        return None
    html = m.render(
        "chapters/experiments.html.j2",
        sentence=_sentence(m),
        table=_table(m),
        changed=[_changed(one, m) for one in m.lessons],
        worth=_worth_table(m) if m.lessons else None,
        worth_note=_worth_note(m),
    )
    return Chapter("experiments", m.fmt.t("What did the tests teach?"), _answer(m), html, (figure(m.agreed, m.pen),))


def _answer(m: Telling) -> str:
    """What the tests were worth, or, where that is not known, how many were expected."""
    fmt = m.fmt
    if not m.lessons:
        return fmt.plural("{n} test informs the model.", "{n} tests inform the model.", len(m.agreed))
    moving = [one for one in m.lessons if _moves(one, m)]
    if not moving:
        return fmt.t("No test changed the plan.")
    clear = [one for one in moving if one.clear]
    if not clear:
        return fmt.t("With and without the tests, the plans cannot be told apart in money.")
    best = max(clear, key=lambda one: one.gain)
    return fmt.t(
        "The test {name} changed the plan most: {gain} in expectation.",
        name=best.test,
        gain=m.gain_fmt.outcome(best.gain, sign=True),
    )


def _moves(one: Lesson, m: Telling) -> bool:
    return float(one.moved.abs().max()) > _TRACE * float(m.plan.allocation["spend"].sum())


def _changed(one: Lesson, m: Telling) -> str:
    """One test: what the plan does because of it, and what that is worth."""
    fmt = m.fmt
    if not _moves(one, m):
        return fmt.t("With and without the test {name} the plan is the same.", name=one.test)
    channel, money = one.largest
    said = (
        mark("Because of the test {name} the plan gives {money} more to {channel}.")
        if money > 0
        else mark("Because of the test {name} the plan takes {money} from {channel}.")
    )
    first = fmt.t(said, name=one.test, money=fmt.money(abs(money)), channel=fmt.label(channel))
    worth = fmt.t(
        mark("By what is believed now, that is worth {gain} ({ends}).")
        if one.clear
        else mark(
            "In money this hardly matters: the two plans cannot be told apart by what is believed now, {gain} ({ends})."
        ),
        gain=m.gain_fmt.outcome(one.gain, sign=True),
        ends=m.gain_fmt.outcome_range(one.lower, one.upper),
    )
    return f"{first} {worth}"


def _worth_table(m: Telling) -> Table:
    """What tests were expected to be worth, and what they were: the history of tests."""
    t, money = m.fmt.t, m.gain_fmt
    head = (
        Column(t("Experiment"), number=False),
        Column(t("Channel"), number=False),
        Column(t("Ended"), number=False),
        Column(t("Expected worth")),
        Column(t("Worth")),
    )
    by_name = {a.experiment.name: a.experiment for a in m.agreed}

    def rows() -> Iterator[tuple[Cell, ...]]:
        for one in m.lessons:
            promised = m.promised.get(one.test)
            yield (
                Cell(one.test),
                Cell(m.fmt.label(one.channel), swatch=m.look.channel(one.channel)),
                Cell(m.fmt.date(pd.Timestamp(by_name[one.test].end).date())),
                Cell(t("not stated") if promised is None else money.outcome(promised)),
                Cell(money.outcome(one.gain, sign=True), money.outcome_range(one.lower, one.upper)),
            )

    caption = t("What tests were expected to be worth to the plan before they were run, and what they changed in it.")
    return table_of(caption, head, rows(), folded=False)


def _worth_note(m: Telling) -> str:
    """How far an expected worth is to be trusted; nothing where none is shown."""
    if not any(one.test in m.promised for one in m.lessons):
        return ""
    return m.fmt.t(
        "In {n} simulated companies recommended tests brought {share} of their expected worth on average ({ends}).",
        n=m.fmt.number(BROUGHT.companies),
        share=m.fmt.percent(BROUGHT.share, 0),
        ends=m.fmt.percent_range(BROUGHT.lower, BROUGHT.upper, 0),
    )


def _sentence(m: Telling) -> str:
    """How many experiments the model expected by itself, and where it was furthest off."""
    fmt, count, base = m.fmt, len(m.agreed), m.fmt.return_base
    expected = sum(a.untold.tail >= _EXPECTED for a in m.agreed)
    if expected == count:
        return fmt.plural(
            "Without being told, the model would have expected the result.",
            "Without being told, the model would have expected all {n} results.",
            count,
        )
    worst = min(m.agreed, key=lambda a: a.untold.tail)
    start = fmt.plural(
        "Without being told, the model would not have expected the result.",
        "Without being told, the model would have expected {expected} of {n} results.",
        count,
        expected=expected,
    )
    off = fmt.t(
        "Furthest off: {name} measured {measured} per {amount}, the model alone says {alone} ({ends}); told of it, "
        "{told}.",
        name=worst.experiment.name,
        measured=fmt.returned(base * worst.measured),
        amount=fmt.next_amount,
        alone=fmt.returned(base * worst.untold.median),
        ends=fmt.returned_range(base * worst.untold.lower, base * worst.untold.upper),
        told=fmt.returned(base * worst.told.median),
    )
    return f"{start} {off}"


_KINDS = {"hold_out": mark("hold-out"), "go_dark": mark("go-dark"), "heavy_up": mark("heavy-up")}


def _table(m: Telling) -> Table:
    fmt, t, base = m.fmt, m.fmt.t, m.fmt.return_base
    head = (
        Column(t("Experiment"), number=False),
        Column(t("When and where"), number=False),
        Column(t("Money at stake")),
        Column(t("Measured")),
        Column(t("Model without it")),
        Column(t("Model with it")),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for a in m.agreed:
            e = a.experiment
            days = [pd.Timestamp(day).date() for day in (e.start, e.end)]
            everywhere = set(e.geos) == set(m.basis.geos)
            where = t("everywhere") if everywhere else fmt.join([fmt.label(g) for g in e.geos])
            yield (
                Cell(e.name, f"{fmt.label(e.channel)}, {t(_KINDS[e.kind])}", swatch=m.look.channel(e.channel)),
                Cell(fmt.date_range(days[0], days[1]), where),
                Cell(fmt.money(a.money)),
                Cell(fmt.returned(base * a.measured), fmt.returned_range(*(base * v for v in a.interval))),
                _view_cell(a.untold, m),
                _view_cell(a.told, m),
            )

    caption = t("Experiments: returns per {amount}, with 90% intervals.", amount=fmt.next_amount)
    return table_of(caption, head, rows(), folded=True)


def _view_cell(view: View, m: Telling) -> Cell:
    base = m.fmt.return_base
    note = m.fmt.returned_range(base * view.lower, base * view.upper)
    return Cell(
        m.fmt.returned(base * view.median), note, tone="warn" if view.tail < m.settings.gate.experiment_tail else ""
    )
