"""What a new customer will be worth, by the channel that brought it."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pandas as pd

from mmm.ltv.value import EVERYONE
from mmm.reporting.chapters.past import swatch
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.pages.parts import Cell, Chapter, Table, columns, table_of
from mmm.reporting.pages.telling import Telling

_MANY = 1e9


def customers(m: Telling) -> Chapter | None:
    """Value by horizon, against the cost of a customer, and the held-out forecast. None without orders."""
    found = m.lenses
    if found is None or "value" not in found.frames:
        return None
    fmt, t = m.fmt, m.fmt.t
    facts = found.facts["value"]
    notes = [
        t(
            "Value is what customers of a channel spend, not what the channel causes: the model says how many more it "
            "brings. Discounted at {rate} a year.",
            rate=fmt.percent(float(facts["discount"]), 0),
        )
    ]
    if not facts["profit"]:
        notes.append(t("It is revenue, as no margin is stated; it cannot be set against what a customer costs."))
    if facts["doubtful"]:
        notes.append(
            t(
                "How often customers buy and what an order is worth are related (correlation {value}), which the model "
                "of orders denies: values of the best customers are off.",
                value=fmt.number(float(facts["related"]), 2),
            )
        )
    html = m.render(
        "chapters/customers.html.j2",
        value=_value(m, found.frames["value"]),
        holdout=_holdout(m, found.frames["holdout"]) if "holdout" in found.frames else None,
        notes=notes,
    )
    return Chapter("customers", t("What is a new customer worth?"), _answer(m, found.frames["value"]), html)


def _named(m: Telling, line: "pd.Series[float]") -> Cell:
    level = str(line["level"])
    if level == EVERYONE:
        return Cell(m.fmt.t("All customers"), strong=True)
    if str(line["factor"]) == "channel" and level in m.basis.channels:
        return swatch(m, level)
    return Cell(m.fmt.label(level))


def _estimate(line: "pd.Series[float]", name: str) -> Estimate:
    return Estimate(*(float(line[f"{name}{end}"]) for end in ("", "_lower", "_upper")))


def _horizons(table: pd.DataFrame) -> list[float]:
    found = (str(name).removeprefix("value_") for name in table.columns if str(name).startswith("value_"))
    return sorted(float(text) for text in found if text.replace(".", "", 1).isdigit())


def _answer(m: Telling, table: pd.DataFrame) -> str:
    fmt, t = m.fmt, m.fmt.t
    weeks = _horizons(table)[-1]
    column = f"value_{weeks:g}"
    channels = table[table["factor"] == "channel"]
    if len(channels) < 2:
        value = _estimate(table.iloc[0], column)
        return t(
            "{value} in {weeks} weeks (90% interval {ends}).",
            value=fmt.money(value),
            weeks=fmt.number(weeks),
            ends=fmt.money_range(value),
        )
    best, least = (channels.iloc[int(place)] for place in (channels[column].argmax(), channels[column].argmin()))
    apart = best[f"{column}_lower"] > least[f"{column}_upper"]
    said = (
        mark("In {weeks} weeks a customer of {best} is worth {value}, one of {least} {other}.")
        if apart
        else mark(
            "In {weeks} weeks a customer is worth from {other} ({least}) to {value} ({best}); the intervals overlap."
        )
    )
    return t(
        said,
        weeks=fmt.number(weeks),
        best=fmt.label(str(best["level"])),
        least=fmt.label(str(least["level"])),
        value=fmt.money(_estimate(best, column)),
        other=fmt.money(_estimate(least, column)),
    )


def _value(m: Telling, table: pd.DataFrame) -> Table:
    fmt, t = m.fmt, m.fmt.t
    horizons = _horizons(table)
    costly = "cost" in table.columns and bool(table["cost"].notna().any())
    heads = [t("Orders"), *(t("Value in {n} weeks", n=fmt.number(weeks)) for weeks in horizons)]
    heads += [t("Cost of one"), t("Value to cost"), t("Paid back after")] if costly else []

    def money(line: "pd.Series[float]", weeks: float) -> Cell:
        value = _estimate(line, f"value_{weeks:g}")
        return Cell(fmt.money(value), fmt.money_range(value))

    def against(line: "pd.Series[float]") -> tuple[Cell, ...]:
        if math.isnan(float(line["cost"])):
            return (Cell("–"), Cell("–"), Cell("–"))
        ratio = _estimate(line, "ratio")
        return (Cell(fmt.money(float(line["cost"]))), Cell(fmt.ratio(ratio), fmt.ratio_range(ratio)), _payback(m, line))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for _, line in table.iterrows():
            orders = _estimate(line, "orders")
            there = t("Customers: {n}", n=fmt.number(float(line["customers"])))
            cells = (replace(_named(m, line), note=there), Cell(fmt.ratio(orders), fmt.ratio_range(orders)))
            yield (*cells, *(money(line, weeks) for weeks in horizons), *(against(line) if costly else ()))

    caption = t(
        "A new customer, the first order included; orders and cost are of the longest time. Small print: 90% intervals."
    )
    return table_of(caption, columns(t("Customers by"), *heads), rows())


def _payback(m: Telling, line: "pd.Series[float]") -> Cell:
    fmt, t = m.fmt, m.fmt.t
    middle, lower, upper = (float(line[f"payback{end}"]) for end in ("", "_lower", "_upper"))
    if not math.isfinite(middle):
        return Cell(t("not in this time"), tone="bad")
    last = fmt.number(upper) if math.isfinite(upper) else t("never")
    return Cell(t("{n} weeks", n=fmt.number(middle)), fmt.span(fmt.number(lower), last))


def _holdout(m: Telling, table: pd.DataFrame) -> Table:
    fmt, t = m.fmt, m.fmt.t
    facts = m.lenses.facts["value"] if m.lenses is not None else {}

    def rows() -> Iterator[tuple[Cell, ...]]:
        for _, line in table.iterrows():
            cells = [_named(m, line)]
            for what in ("purchases", "money"):
                value, actual = _estimate(line, what), float(line[f"{what}_actual"])
                inside = value.lower <= actual <= value.upper
                write = fmt.money if what == "money" else fmt.number
                ends = (
                    fmt.money_range(value)
                    if what == "money"
                    else fmt.span(*map(fmt.number, (value.lower, value.upper)))
                )
                cells += [Cell(write(value.mean), ends), Cell(write(actual), tone="" if inside else "warn")]
            yield tuple(cells)

    cut = fmt.date(date.fromisoformat(str(facts["cut"])))
    caption = t(
        "Fitted until {date} and asked for the {n} weeks after it. Small print: 90% intervals.",
        date=cut,
        n=fmt.number(float(facts["hidden"])),
    )
    heads = (t("Purchases forecast"), t("Made"), t("Money forecast"), t("Spent"))
    return table_of(caption, columns(t("Customers by"), *heads), rows())
