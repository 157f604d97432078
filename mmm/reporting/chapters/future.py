"""Chapters on the decision: the plan channel by channel, and what other budgets would bring."""

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd

from mmm.reporting.chapters import by_model, options
from mmm.reporting.chapters.past import outcome_cell, point, return_cell, swatch, triple
from mmm.reporting.content.material import spend_by_channel
from mmm.reporting.figures.plan import BudgetPoint, budget_curve, gain_distribution
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.identity import Point
from mmm.reporting.pages.parts import Cell, Chapter, Column, Table, columns, table_of
from mmm.reporting.pages.telling import Telling
from mmm.reporting.sentences import alternatives, answers
from mmm.reporting.sentences.headings import ends_of_moves
from mmm.reporting.sentences.page_one import BEYOND
from mmm.reporting.sentences.statements import told

_MOST_STEPS = 8
_MOST_SCENARIOS = 7


def plan(m: Telling) -> Chapter:
    """The plan channel by channel."""
    teller = m.teller
    html = m.render(
        "chapters/plan.html.j2",
        table=_allocation_table(m),
        reasons=_reasons_table(m),
        steps=_steps_table(m),
        partial=_partial_table(m),
        constraints=[told(c, m.fmt) for c in m.plan.constraints],
        notes=[
            *(by_model.disputes(m.models.plan, m.fmt) if m.models is not None else ()),
            *(told(n, m.fmt) for n in (*m.plan.notes, m.plan.certificate)),
        ],
        unchanged=m.decision.verdict == "unchanged",
        outside=teller.outside(),
        first=teller.first_steps(),
        split=teller.split_of_gain() if m.decision.mostly_shifts else "",
        limits=teller.limits(),
        tests=alternatives.tests(m.plan.foresight, m.gain_fmt),
        informative=m.plan.foresight.test is not None,
        detail=[t for t in (options.period_table(m), options.geo_table(m)) if t is not None],
    )
    gain = gain_distribution(m.plan.gain_draws, m.gain_pen) if m.decision.verdict != "unchanged" else None
    figures = tuple(f for f in (gain, options.information_figure(m)) if f is not None)
    return Chapter("plan", m.fmt.t("What should we do, channel by channel?"), teller.headline().lead, html, figures)


def _allocation_table(m: Telling) -> Table:
    fmt = m.gain_fmt
    t = fmt.t
    head = columns(
        t("Channel"),
        t("Today"),
        t("Plan"),
        t("Change"),
        t("Relative"),
        t("Allowed"),
        t("Won today"),
        t("Won with the plan"),
    )
    rows = [_allocation_row(m, str(name), line) for name, line in m.plan.allocation.iterrows()]
    d = m.decision
    last = (
        Cell(t("All channels")),
        Cell(fmt.money(Point(d.spend_today, "plan/spend_today"), short=True)),
        Cell(fmt.money(Point(d.spend_planned, "plan/spend_planned"), short=True)),
        Cell(fmt.money(Point(d.spend_change, "plan/spend_change"), short=True, sign=True) if d.changes_total else ""),
        Cell(""),
        Cell(""),
        outcome_cell(d.won_today, fmt),
        outcome_cell(d.won_planned, fmt),
    )
    caption = t("Spend over {horizon} and what it wins; small print: 90% intervals.", horizon=d.horizon)
    return table_of(caption, head, rows, last=last)


def _signed(value: Estimate, fmt: Formatter) -> tuple[str, str]:
    """A change and its interval."""
    return fmt.outcome(value, short=True, sign=True), fmt.outcome_range(value, short=True)


def _allocation_row(m: Telling, name: str, line: pd.Series) -> tuple[Cell, ...]:
    fmt = m.gain_fmt
    before, after, change = (point(line, column, "plan") for column in ("reference", "spend", "change"))
    same = abs(change) < 0.005 * max(before, 1e-9)
    share = point(line, "change_share", "plan")
    allowed = [point(line, column, "plan") for column in ("lower_bound", "upper_bound")]
    return (
        swatch(m, name),
        Cell(fmt.money(before, short=True)),
        Cell(fmt.money(after, short=True), strong=True),
        Cell(fmt.t("same") if same else fmt.money(change, short=True, sign=True)),
        Cell("" if same else fmt.t("new") if share != share else fmt.percent(share, 0, sign=True)),
        Cell(fmt.money_range(allowed[0], allowed[1], short=True)),
        outcome_cell(triple(line, "reference_effect", "plan"), fmt),
        outcome_cell(triple(line, "effect", "plan"), fmt),
    )


def _steps_table(m: Telling) -> Table | None:
    """The moves, most important first, with the share of the gain that they bring together."""
    moves, fmt = m.plan.moves, m.gain_fmt
    if len(moves) < 2 or not np.isfinite(moves["share"]).all():
        return None
    t = fmt.t
    special = ends_of_moves(t)
    rows = [
        (
            Cell(str(i)),
            Cell(special.get(str(line["source"]), fmt.label(str(line["source"])))),
            Cell(special.get(str(line["destination"]), fmt.label(str(line["destination"])))),
            Cell(fmt.money(Point(float(line["amount"]), f"move/{i}/amount"), short=True)),
            Cell(fmt.percent(Point(float(line["share"]), f"move/{i}/share"), 0)),
        )
        for i, line in moves.head(_MOST_STEPS).iterrows()
    ]
    head = (
        Column(t("Step"), number=False),
        Column(t("From"), number=False),
        Column(t("To"), number=False),
        Column(t("Amount")),
        Column(t("Of the gain, with the steps before")),
    )
    return table_of(t("The moves in order of what they bring."), head, rows, folded=True)


def _partial_table(m: Telling) -> Table | None:
    """Going only part of the way; None where no part of it is allowed."""
    fmt = m.gain_fmt
    if len(m.plan.partial) < 2:
        return None
    t = fmt.t
    head = columns(t("How far"), t("Expected gain"), t("Chance to do better"), t("If things go badly (worst 5%)"))
    rows = [
        (
            Cell(_how_far(float(str(share)), m)),
            Cell(*_signed(triple(line, "gain", "part"), fmt)),
            Cell(fmt.probability(point(line, "probability", "part"))),
            Cell(fmt.outcome(point(line, "worst5", "part"), short=True, sign=True)),
        )
        for share, line in m.plan.partial.iterrows()
    ]
    net = t(", net of the money spent") if m.decision.net is not None else ""
    caption = t("Going part of the way from today’s plan to this one{net}; small print: 90% intervals.", net=net)
    return table_of(caption, head, rows, folded=True)


def _how_far(share: float, m: Telling) -> str:
    if share == 1.0:
        return m.fmt.t("All the way")
    return m.fmt.t("{share} of the way", share=m.fmt.percent(share, 0))


def _reasons_table(m: Telling) -> Table:
    """Why each channel moves: what its next unit of money wins before and after, and how sure the direction is."""
    fmt = m.fmt
    t, amount = fmt.t, fmt.next_amount
    head = (
        Column(t("Channel"), number=False),
        Column(t("Next {amount} today", amount=amount)),
        Column(t("Next {amount} with the plan", amount=amount)),
        Column(t("Chance it wins more than average")),
        Column(t(fmt.by_period(mark("Highest week in the plan"), mark("Highest day in the plan")))),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        moves = {move.name: move for move in m.decision.moves}
        for name, line in m.plan.allocation.iterrows():
            move = moves[str(name)]
            times = fmt.number(move.reach, 1)
            reach = times if move.reach != move.reach else t("{times} × highest so far", times=times)
            yield (
                swatch(m, str(name)),
                return_cell(move.next_return, fmt),
                return_cell(triple(line, "next_planned", "plan"), fmt),
                Cell(fmt.probability(point(line, "probability_direction", "plan"))),
                Cell(reach, tone="warn" if move.reach > BEYOND else ""),
            )

    caption = t(
        "What the next amount wins at the level of today’s plan and of this one. In a plan that is best on average it "
        "is alike wherever no limit binds."
    )
    return table_of(caption, head, rows())


def what_if(m: Telling) -> Chapter:
    """Other budgets and named scenarios; the sliders are placed here on screen."""
    planned = m.decision.spend_planned
    t = m.fmt.t
    html = m.render(
        "chapters/what_if.html.j2",
        table=_scenario_table(m),
        split=_scenario_money(m),
        widget=m.what_if is not None,
        horizon=m.decision.horizon,
        scenarios=alternatives.scenarios(m.plan.scenarios, m.gain_fmt),
        compared=len(m.plan.scenarios) > 2,
        money=alternatives.money(m.plan.foresight, m.gain_fmt),
        timing=alternatives.timing(m.plan.foresight, m.gain_fmt),
        timing_table=options.timing_table(m),
    )
    points = (
        BudgetPoint(t("today"), m.decision.spend_today, m.decision.won_today.mean, "today"),
        BudgetPoint(t("this plan"), planned, m.decision.won_planned.mean, "accent"),
    )
    curve = budget_curve(m.plan.curve, points, m.gain_pen) if len(m.plan.curve) > 1 else None
    answer = answers.budgets(m.plan.curve, planned, m.gain_fmt)
    return Chapter(
        "what-if",
        t("What if we spent more, less, or otherwise?"),
        answer,
        html,
        tuple(f for f in (curve, options.scenario_figure(m)) if f is not None),
        "" if m.what_if is None else json.dumps(m.what_if, ensure_ascii=False),
    )


def _scenario_table(m: Telling) -> Table:
    fmt = m.gain_fmt
    t = fmt.t
    valued = any(line.net is not None for line in m.plan.scenarios)
    net = (t("Net of the money"),) if valued else ()
    fixed = (t("Scenario"), t("Money spent"), t("Won by media"), t("Against today"), *net, t("Chance to beat it"))
    head = columns(*fixed)
    rows = []
    for place, line in enumerate(m.plan.scenarios):
        cells = [
            Cell(line.name),
            Cell(fmt.money(Point(line.budget, f"scenario/{place}/budget"), short=True)),
            outcome_cell(line.won, fmt),
            Cell(*_signed(line.gain, fmt)),
        ]
        if valued and line.net is not None:
            cells.append(Cell(*_signed(line.net, fmt)))
        chance = Point(line.probability, f"scenario/{place}/probability")
        cells.append(Cell(fmt.probability(chance) if line.gain.mean or line.gain.upper else ""))
        rows.append(cells)
    caption = t(
        "Plans over {horizon}, compared on the same draws; small print: 90% intervals.", horizon=m.decision.horizon
    )
    # Of two plans no figure is drawn.
    return table_of(caption, head, rows, folded=len(rows) > 2)


def _scenario_money(m: Telling) -> Table:
    """Each channel's money in each of the plans: channels go down, so that many of them fit a page."""
    fmt, lines = m.gain_fmt, m.plan.scenarios[:_MOST_SCENARIOS]
    rows = [
        (swatch(m, str(name)), *(Cell(fmt.money(float(value), short=True)) for value in money))
        for name, money in spend_by_channel(lines).items()
    ]
    head = columns(fmt.t("Channel"), *(line.name for line in lines))
    return table_of(fmt.t("Money by channel in each of these plans."), head, rows, folded=True)
