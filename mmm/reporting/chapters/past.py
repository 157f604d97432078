"""Chapters on the past: what drove the outcome, what each channel returns, where money runs into its ceiling."""

from collections.abc import Iterator

import pandas as pd

from mmm.reporting import answers
from mmm.reporting.decision import Estimate
from mmm.reporting.figures.drivers import waterfall, weekly
from mmm.reporting.figures.returns import response_curves, returns
from mmm.reporting.format import Formatter
from mmm.reporting.material import Material
from mmm.reporting.page import Cell, Chapter, Table, columns, render, table_of

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


def _left_out(channels: pd.DataFrame, most: int) -> str:
    return f" The {most} channels with the most spend; the table has all." if len(channels) > most else ""


def drivers(m: Material) -> Chapter:
    """What drove the outcome: the waterfall and the weeks."""
    x = m.meaning
    total = float(x.parts["mean"].sum())
    html = render("chapters/drivers.html.j2", m.settings.report.templates, outcome=m.basis.outcome)
    return Chapter(
        "drivers",
        f"What drove {_the(m.basis.outcome, m.fmt)}?",
        answers.drivers(x.parts, x.media, total, m.basis.outcome, m.fmt),
        html,
        (waterfall(x.parts, total, m.pen), weekly(x.weeks, x.fitted, m.pen)),
    )


def _the(outcome: str, fmt: Formatter) -> str:
    return outcome if fmt.money_outcome else f"the {outcome}"


def channel_returns(m: Material) -> Chapter:
    """Average return and return of the next unit of money."""
    x, fmt = m.meaning, m.fmt
    html = render(
        "chapters/returns.html.j2",
        m.settings.report.templates,
        table=_returns_table(m),
        amount=fmt.next_amount,
        money=fmt.value_returns,
        left_out=_left_out(x.channels, _MOST_RETURNS),
    )
    return Chapter(
        "returns",
        f"What does each channel return, on average and for the next {fmt.next_amount}?",
        answers.returns(x.channels, x.overall_return, fmt),
        html,
        (returns(_largest(x.channels, _MOST_RETURNS), m.pen),),
    )


def _returns_table(m: Material) -> Table:
    fmt = m.fmt
    share = "Share of outcome" if not fmt.money_outcome else f"Share of {m.basis.outcome}"
    head = columns("Channel", "Spend", "Won by it", share, f"Average {fmt.next_amount}", f"Next {fmt.next_amount}")

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in m.meaning.channels.iterrows():
            parts = triple(line, "share")
            ends = f"{fmt.percent(parts.lower)} to {fmt.percent(parts.upper)}"
            yield (
                swatch(m, str(name)),
                Cell(fmt.money(float(line["spend"]), short=True)),
                outcome_cell(triple(line, "effect"), fmt),
                Cell(fmt.percent(parts.mean), ends),
                return_cell(triple(line, "roas"), fmt),
                return_cell(triple(line, "marginal_roas"), fmt),
            )

    caption = f"Each channel from {fmt.date(m.basis.first)} to {fmt.date(m.basis.last)}; small print: 90% intervals."
    return table_of(caption, head, rows())


def return_cell(value: Estimate, fmt: Formatter) -> Cell:
    """A return with its interval; red where even the upper end does not earn its cost."""
    tone = "bad" if fmt.value_returns and value.upper < 1 else "good" if fmt.value_returns and value.lower > 1 else ""
    return Cell(fmt.ratio(value.mean), fmt.ratio_range(value.lower, value.upper), tone=tone)  # type: ignore[arg-type]


def saturation(m: Material) -> Chapter:
    """Response curves."""
    x, fmt = m.meaning, m.fmt
    head = columns(
        "Channel",
        f"Today, a {fmt.period}",
        f"Highest {fmt.period} seen",
        "Of the ceiling reached",
        "Half of the effect within",
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in x.channels.iterrows():
            level, half = triple(line, "saturation"), triple(line, "half_life")
            yield (
                swatch(m, str(name)),
                Cell(fmt.money(float(line["today"]), short=True)),
                Cell(fmt.money(float(line["observed_max"]), short=True)),
                Cell(fmt.percent(level.mean, 0), f"{fmt.percent(level.lower, 0)} to {fmt.percent(level.upper, 0)}"),
                Cell(f"{fmt.number(half.mean, 1)} {fmt.period}s", fmt.ratio_range(half.lower, half.upper)),
            )

    table = table_of("Where each channel stands on its curve; small print: 90% intervals.", head, rows())
    html = render(
        "chapters/saturation.html.j2",
        m.settings.report.templates,
        table=table,
        period=fmt.period,
        left_out=_left_out(x.channels, _MOST_CURVES),
    )
    return Chapter(
        "saturation",
        "Where does more money stop helping?",
        answers.saturation(x.channels, fmt),
        html,
        (response_curves(x.curves, _largest(x.channels, _MOST_CURVES), m.pen),),
    )
