"""Chapters on the past: what drove the outcome, what each channel returns, where money runs into its ceiling."""

from collections.abc import Iterator

import pandas as pd

from mmm.reporting.content.swings import swings_of
from mmm.reporting.figures.drivers import waterfall, weekly
from mmm.reporting.figures.quarters import quarters
from mmm.reporting.figures.returns import response_curves, returns
from mmm.reporting.figures.swings import swings
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.identity import Point
from mmm.reporting.pages.parts import Cell, Chapter, Table, Tone, columns, table_of
from mmm.reporting.pages.telling import Telling
from mmm.reporting.sentences import answers

_MOST_RETURNS = 14
_MOST_CURVES = 12


def triple(row: pd.Series, name: str, of: str = "") -> Estimate:
    """A column with its bounds; ``of`` is what its table is about, such as past."""
    q = f"{of}/{row.name}/{name}" if of else ""
    low, high = ("lower", "upper") if name == "mean" else (f"{name}_lower", f"{name}_upper")
    return Estimate(float(row[name]), float(row[low]), float(row[high]), q=q)


def point(row: pd.Series, name: str, of: str) -> Point:
    """A column without bounds."""
    return Point(float(row[name]), f"{of}/{row.name}/{name}")


def swatch(m: Telling, channel: str, *, strong: bool = False) -> Cell:
    """The channel's name with its colour."""
    return Cell(m.fmt.label(channel), swatch=m.look.channel_variable(channel), strong=strong)


def outcome_cell(value: Estimate, fmt: Formatter) -> Cell:
    """An amount of the outcome with its interval."""
    return Cell(fmt.outcome(value, short=True), fmt.outcome_range(value, short=True))


def _largest(channels: pd.DataFrame, most: int) -> pd.DataFrame:
    """The channels with the most spend, in their own order: as many as a figure holds on a page."""
    chosen = set(channels["spend"].sort_values(ascending=False, kind="stable").index[:most])
    return channels[[name in chosen for name in channels.index]]


def _left_out(channels: pd.DataFrame, most: int, fmt: Formatter) -> str:
    if len(channels) <= most:
        return ""
    return " " + fmt.t("The {n} channels with the most spend; the table has all.", n=most)


def drivers(m: Telling) -> Chapter:
    """What drove the outcome: the waterfall and the weeks."""
    x = m.meaning
    total = float(x.parts["mean"].sum())
    unpaid = list(answers.unpaid(x.unpaid, m.fmt))
    moved = swings_of(x.weeks)
    names = {str(name): m.fmt.t(_TERMS[name]) if name in _TERMS else m.fmt.label(str(name)) for name in moved.index}
    html = m.render("chapters/drivers.html.j2", unpaid=unpaid, tables=[_without_media(m), *_controls(m)])
    return Chapter(
        "drivers",
        _question(m),
        answers.drivers(x.parts, x.media, total, m.basis.outcome, m.fmt),
        html,
        (waterfall(x.parts, total, m.pen), swings(moved, names, m.pen), weekly(x.weeks, x.fitted, m.pen)),
    )


_TERMS = {
    "intercept": mark("Level"),
    "trend": mark("Trend"),
    "changes_of_slope": mark("Changes of the trend"),
    "seasonality": mark("Season of the year"),
    "months_of_year": mark("Months"),
    "days_of_week": mark("Days of the week"),
    "drift": mark("Slow drift"),
    "public_holidays": mark("Public holidays"),
    "common_shocks": mark("Shocks that all regions share"),
}
"""Terms of the baseline as readers know them, in the order of the table."""


def _without_media(m: Telling) -> Table:
    """What there is without media, part by part."""
    fmt, t, parts = m.fmt, m.fmt.t, m.meaning.without
    head = columns(
        t("Without media"),
        t("Over the whole time"),
        t(fmt.by_period(mark("Lowest week"), mark("Lowest day"))),
        t(fmt.by_period(mark("Highest week"), mark("Highest day"))),
    )
    known = [name for name in _TERMS if name in parts.index]
    order = [*known, *(name for name in parts.index if name not in _TERMS)]

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in parts.loc[order].iterrows():
            ends = (triple(line, end, "past/without") for end in ("mean", "least", "most"))
            dates = ("", *(fmt.date(line[f"{end}_date"]) for end in ("least", "most")))
            cells = (
                Cell(fmt.outcome(e, short=True), " · ".join(x for x in (fmt.outcome_range(e, short=True), date) if x))
                for e, date in zip(ends, dates, strict=True)
            )
            yield (Cell(t(_TERMS[str(name)]) if name in _TERMS else fmt.label(str(name))), *cells)

    caption = t(
        "What would have come without paid media, part by part. Season, days and controls are told against their "
        "average, so that they add up to little over the whole time and move single periods. Small print: 90% "
        "intervals."
    )
    return table_of(caption, head, rows(), folded=True)


def _controls(m: Telling) -> Iterator[Table]:
    """What a unit more of each control brings, and the elasticity of those that are always above zero, as prices."""
    fmt, t, table = m.fmt, m.fmt.t, m.meaning.controls
    if not len(table):
        return
    head = columns(
        t("Other driver"),
        t("On average"),
        t(fmt.by_period(mark("One unit more, a week"), mark("One unit more, a day"))),
        t("The outcome changes for 1% more by"),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in table.iterrows():
            unit, of = triple(line, "per_unit", "past"), f"past/{name}/one_per_cent"
            share = Estimate(*(0.01 * float(line[f"elasticity{end}"]) for end in ("", "_lower", "_upper")), q=of)
            known = line["least"] > 0 and share.known
            yield (
                Cell(fmt.label(str(name))),
                Cell(fmt.fine(float(line["usual"]))),
                Cell(fmt.outcome(unit, sign=True, short=True), fmt.outcome_range(unit, short=True)),
                Cell(fmt.percent(share, sign=True), fmt.percent_range(share)) if known else Cell(""),
            )

    caption = t(
        "What prices, promotions and other drivers do, all else equal. Shares for 1% more are of those that are never "
        "zero, at their average. Small print: 90% intervals."
    )
    yield table_of(caption, head, rows(), folded=True)


def _question(m: Telling) -> str:
    outcome = m.basis.outcome
    if m.fmt.money_outcome:
        return m.fmt.t("What drove {outcome}?", outcome=outcome)
    return m.fmt.t("What drove the {outcome}?", outcome=outcome)


def channel_returns(m: Telling) -> Chapter:
    """Average return and return of the next unit of money."""
    x, fmt = m.meaning, m.fmt
    html = m.render(
        "chapters/returns.html.j2",
        table=_returns_table(m),
        frequency=_frequency_table(m) if len(x.frequency) else None,
        levels=_levels_table(m) if len(x.levels) else None,
        quarters=_quarters_table(m) if len(x.quarters) else None,
        over_time=list(answers.over_time(x.quarters, fmt)),
        amount=fmt.next_amount,
        break_even=_break_even(fmt),
        left_out=_left_out(x.channels, _MOST_RETURNS, fmt),
    )
    return Chapter(
        "returns",
        fmt.t("What does each channel return, on average and for the next {amount}?", amount=fmt.next_amount),
        answers.returns(x.channels, x.overall_return, fmt),
        html,
        (
            returns(_largest(x.channels, _MOST_RETURNS), m.pen),
            *((quarters(x.quarters, m.pen),) if len(x.quarters) else ()),
        ),
    )


def _frequency_table(m: Telling) -> Table:
    """How often a person is reached, and how often would win most for the same money."""
    fmt, t = m.fmt, m.fmt.t
    head = columns(t("Channel"), t("Contacts a person, lately"), t("Best"), t("Won by it at the same spend"))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in m.meaning.frequency.iterrows():
            best, gain = triple(line, "best", "past"), triple(line, "gain", "past")
            yield (
                swatch(m, str(name)),
                Cell(fmt.ratio(point(line, "usual", "past"))),
                Cell(fmt.ratio(best), fmt.ratio_range(best)),
                Cell(fmt.percent(gain), fmt.percent_range(gain)),
            )

    caption = t(
        "Channels with reach and frequency: the average frequency in a period that wins most, at the same cost a "
        "contact, in every period and region. Small print: 90% intervals."
    )
    return table_of(caption, head, rows())


def _levels_table(m: Telling) -> Table:
    """Channels that have parts, and groups within them."""
    fmt, t = m.fmt, m.fmt.t
    base = 1.0 if fmt.value_returns else fmt.return_base
    amount = {"amount": fmt.next_amount}
    head = columns(
        t("Channel or group"), t("Spend"), t("Won by it"), t("Share of the outcome"), t("Average {amount}", **amount),
        t("Next {amount}", **amount),
    )  # fmt: skip

    def ends(line: "pd.Series[float]", name: str, factor: float = 1.0) -> Estimate:
        return Estimate(*(float(line[f"{name}{end}"]) * factor for end in ("", "_lower", "_upper")))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in m.meaning.levels.iterrows():
            share = ends(line, "share")
            label = " / ".join(fmt.label(part) for part in str(name).split(" / "))
            yield (
                Cell(label, strong=line["depth"] == 1),
                Cell(fmt.money(float(line["spend"]), short=True)),
                outcome_cell(ends(line, "effect"), fmt),
                Cell(fmt.percent(share), fmt.percent_range(share)),
                return_cell(ends(line, "roas", base), fmt),
                return_cell(ends(line, "marginal_roas", base), fmt),
            )

    caption = t("Channels with parts, and groups within them: sums of their parts. Small print: 90% intervals.")
    return table_of(caption, head, rows())


def _quarters_table(m: Telling) -> Table:
    """Returns by quarter, of the channels whose effect varies in time."""
    fmt, t = m.fmt, m.fmt.t
    head = columns(
        t("Channel"),
        t("Quarter"),
        t("Spend"),
        t("Average {amount}", amount=fmt.next_amount),
        t("Above the quarter before"),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for _, line in m.meaning.quarters.iterrows():
            value = Estimate(*(float(line[f"roas{end}"]) for end in ("", "_lower", "_upper")))
            known = pd.notna(line["above_before"])
            yield (
                swatch(m, str(line["channel"])),
                Cell(str(line["quarter"])),
                Cell(fmt.money(float(line["spend"]), short=True)),
                return_cell(value, fmt),
                Cell(fmt.probability(float(line["above_before"])) if known else ""),
            )

    caption = t(
        "Channels whose effect varies in time: what the money of a quarter wins, also after its end, and the "
        "probability that it is more per {amount} than that of the quarter before. Small print: 90% intervals.",
        amount=fmt.next_amount,
    )
    return table_of(caption, head, rows(), folded=True)


def _break_even(fmt: Formatter) -> str:
    """What a return must be."""
    if not fmt.value_returns:
        return ""
    if not fmt.margin_known:
        return fmt.t("Below 1, it costs more than it brings in; how much more it takes depends on the margin.")
    return fmt.t("Below {return_needed}, it costs more than it wins.", return_needed=fmt.fine(fmt.break_even))


def _returns_table(m: Telling) -> Table:
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
            parts = triple(line, "share", "past")
            yield (
                swatch(m, str(name)),
                Cell(fmt.money(point(line, "spend", "past"), short=True)),
                outcome_cell(triple(line, "effect", "past"), fmt),
                Cell(fmt.percent(parts), fmt.percent_range(parts)),
                return_cell(triple(line, "roas", "past"), fmt),
                return_cell(triple(line, "marginal_roas", "past"), fmt),
            )

    dates = fmt.date_range(m.basis.first, m.basis.last)
    caption = t(
        "Each channel, {dates}: what the money spent in this time wins, also after its end; small print: "
        "90% intervals.",
        dates=dates,
    )
    return table_of(caption, head, rows(), folded=True)


def return_cell(value: Estimate, fmt: Formatter) -> Cell:
    """A return with its interval; red where even the upper end does not earn its cost."""
    tone: Tone = ""
    if fmt.value_returns and value.upper < fmt.break_even:
        tone = "bad"
    elif fmt.value_returns and fmt.margin_known and value.lower > fmt.break_even:
        tone = "good"
    return Cell(fmt.ratio(value), fmt.ratio_range(value), tone=tone)


def _span_of(value: Estimate, fmt: Formatter) -> str:
    """A length of time with a fraction."""
    count = fmt.ratio(value)
    if fmt.period == "day":
        return fmt.t("{count} days", count=count)
    return fmt.t("{count} weeks", count=count)


def saturation(m: Telling) -> Chapter:
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
            level, half = triple(line, "saturation", "past"), triple(line, "half_life", "past")
            yield (
                swatch(m, str(name)),
                Cell(fmt.money(point(line, "today", "past"), short=True)),
                Cell(fmt.money(point(line, "observed_max", "past"), short=True)),
                Cell(fmt.percent(level), fmt.percent_range(level)) if level.known else Cell(t("none")),
                Cell(_span_of(half, fmt), fmt.ratio_range(half)),
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
        folded=True,
    )
