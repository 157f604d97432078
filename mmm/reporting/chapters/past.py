"""Chapters on the past: what drove the outcome, what each channel returns, where money runs into its ceiling."""

from collections.abc import Iterator

import pandas as pd

from mmm.reporting import answers
from mmm.reporting.decision import Estimate
from mmm.reporting.figures.drivers import waterfall, weekly
from mmm.reporting.figures.returns import response_curves, returns
from mmm.reporting.format import Formatter
from mmm.reporting.material import Material
from mmm.reporting.page import Cell, Chapter, Table, columns, table_of
from mmm.reporting.words import mark

_MOST_RETURNS = 14
_MOST_CURVES = 12


def triple(row: pd.Series, name: str) -> Estimate:
    """A column with its bounds."""
    return Estimate(float(row[name]), float(row[f"{name}_lower"]), float(row[f"{name}_upper"]))


def swatch(m: Material, channel: str, *, strong: bool = False) -> Cell:
    """The channel's name with its colour."""
    return Cell(m.fmt.label(channel), swatch=m.look.channel_variable(channel), strong=strong)


def outcome_cell(value: Estimate, fmt: Formatter) -> Cell:
    """An amount of the outcome with its interval."""
    return Cell(fmt.outcome(value.mean, short=True), fmt.outcome_range(value.lower, value.upper, short=True))


def _largest(channels: pd.DataFrame, most: int) -> pd.DataFrame:
    """The channels with the most spend, in their own order: as many as a figure holds on a page."""
    chosen = set(channels["spend"].sort_values(ascending=False, kind="stable").index[:most])
    return channels[[name in chosen for name in channels.index]]


def _left_out(channels: pd.DataFrame, most: int, fmt: Formatter) -> str:
    if len(channels) <= most:
        return ""
    return " " + fmt.t("The {n} channels with the most spend; the table has all.", n=most)


def drivers(m: Material) -> Chapter:
    """What drove the outcome: the waterfall and the weeks."""
    x = m.meaning
    total = float(x.parts["mean"].sum())
    html = m.render("chapters/drivers.html.j2")
    return Chapter(
        "drivers",
        _question(m),
        answers.drivers(x.parts, x.media, total, m.basis.outcome, m.fmt),
        html,
        (waterfall(x.parts, total, m.pen), weekly(x.weeks, x.fitted, m.pen)),
    )


def _question(m: Material) -> str:
    outcome = m.basis.outcome
    if m.fmt.money_outcome:
        return m.fmt.t("What drove {outcome}?", outcome=outcome)
    return m.fmt.t("What drove the {outcome}?", outcome=outcome)


def channel_returns(m: Material) -> Chapter:
    """Average return and return of the next unit of money."""
    x, fmt = m.meaning, m.fmt
    html = m.render(
        "chapters/returns.html.j2",
        table=_returns_table(m),
        amount=fmt.next_amount,
        money=fmt.value_returns,
        left_out=_left_out(x.channels, _MOST_RETURNS, fmt),
    )
    return Chapter(
        "returns",
        fmt.t("What does each channel return, on average and for the next {amount}?", amount=fmt.next_amount),
        answers.returns(x.channels, x.overall_return, fmt),
        html,
        (returns(_largest(x.channels, _MOST_RETURNS), m.pen),),
    )


def _returns_table(m: Material) -> Table:
    fmt = m.fmt
    t, amount = fmt.t, fmt.next_amount
    head = columns(
        t("Channel"),
        t("Spend"),
        t("Won by it"),
        t("Share of the outcome"),
        t("Average {amount}", amount=amount),
        t("Next {amount}", amount=amount),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in m.meaning.channels.iterrows():
            parts = triple(line, "share")
            ends = fmt.percent_range(parts.lower, parts.upper)
            yield (
                swatch(m, str(name)),
                Cell(fmt.money(float(line["spend"]), short=True)),
                outcome_cell(triple(line, "effect"), fmt),
                Cell(fmt.percent(parts.mean), ends),
                return_cell(triple(line, "roas"), fmt),
                return_cell(triple(line, "marginal_roas"), fmt),
            )

    dates = fmt.date_range(m.basis.first, m.basis.last)
    caption = t("Each channel, {dates}; small print: 90% intervals.", dates=dates)
    return table_of(caption, head, rows())


def return_cell(value: Estimate, fmt: Formatter) -> Cell:
    """A return with its interval; red where even the upper end does not earn its cost."""
    tone = "bad" if fmt.value_returns and value.upper < 1 else "good" if fmt.value_returns and value.lower > 1 else ""
    return Cell(fmt.ratio(value.mean), fmt.ratio_range(value.lower, value.upper), tone=tone)  # type: ignore[arg-type]


def _span_of(value: float, fmt: Formatter) -> str:
    """A length of time with a fraction."""
    count = fmt.number(value, 1)
    if fmt.period == "day":
        return fmt.t("{count} days", count=count)
    return fmt.t("{count} weeks", count=count)


def saturation(m: Material) -> Chapter:
    """Response curves."""
    x, fmt = m.meaning, m.fmt
    t = fmt.t
    head = columns(
        t("Channel"),
        t(fmt.by_period(mark("Today, a week"), mark("Today, a day"))),
        t(fmt.by_period(mark("Highest week seen"), mark("Highest day seen"))),
        t("Of the ceiling reached"),
        t("Half of the effect within"),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in x.channels.iterrows():
            level, half = triple(line, "saturation"), triple(line, "half_life")
            yield (
                swatch(m, str(name)),
                Cell(fmt.money(float(line["today"]), short=True)),
                Cell(fmt.money(float(line["observed_max"]), short=True)),
                Cell(fmt.percent(level.mean, 0), fmt.percent_range(level.lower, level.upper, 0)),
                Cell(_span_of(half.mean, fmt), fmt.ratio_range(half.lower, half.upper)),
            )

    table = table_of(t("Where each channel stands on its curve; small print: 90% intervals."), head, rows())
    per = mark("Won a week by spend a week, with the 90% interval; the dot is the average of the last weeks.")
    by_day = mark("Won a day by spend a day, with the 90% interval; the dot is the average of the last days.")
    html = m.render(
        "chapters/saturation.html.j2",
        table=table,
        caption=t(fmt.by_period(per, by_day)),
        left_out=_left_out(x.channels, _MOST_CURVES, fmt),
    )
    return Chapter(
        "saturation",
        t("Where does more money stop helping?"),
        answers.saturation(x.channels, fmt),
        html,
        (response_curves(x.curves, _largest(x.channels, _MOST_CURVES), m.pen),),
    )
