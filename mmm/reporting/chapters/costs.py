"""What channels cost with everything that belongs to them, and what other vendors would charge."""

from collections.abc import Iterator

import pandas as pd

from mmm.costs.settings import CATEGORIES
from mmm.reporting.chapters.past import swatch
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.pages.parts import Cell, Chapter, Table, columns, table_of
from mmm.reporting.pages.telling import Telling

_NAMES = {
    "working_media": mark("Working media"),
    "technology": mark("Technology"),
    "content": mark("Content"),
    "list": mark("Lists"),
    "people": mark("People"),
    "testing": mark("Tests"),
}
_PARTS = {
    "ledger": mark("The ledger"),
    "borne by one channel": mark("of it, borne by one channel"),
    "shared between channels": mark("of it, shared between channels"),
    "mapped by no rule": mark("of it, mapped by no rule, so that no channel bears it"),
    "outside the days that count": mark("of it, outside the days that count"),
}


def costs(m: Telling) -> Chapter | None:
    """Costs by channel and category, the ledger's reconciliation, vendors. None where the settings have no costs."""
    frames = {} if m.lenses is None else m.lenses.frames
    bills = _bills(m)
    if not {"costs", "vendors"} & frames.keys() and bills is None:
        return None
    t = m.fmt.t
    html = m.render(
        "chapters/costs.html.j2",
        by_channel=_by_channel(m, frames["costs"]) if "costs" in frames else None,
        ledger=_ledger(m, frames["ledger"]) if "ledger" in frames else None,
        vendors=_vendors(m, frames["vendors"]) if "vendors" in frames else None,
        bills=bills,
    )
    return Chapter("costs", t("What does each channel cost with everything that belongs to it?"), _answer(m), html)


def _answer(m: Telling) -> str:
    fmt, frames = m.fmt, m.lenses.frames if m.lenses is not None else {}
    if "costs" not in frames:
        return fmt.t("What vendors charge, fees and tiers included.")
    table = frames["costs"]
    total, media = float(table.to_numpy().sum()), float(table["working_media"].sum())
    return fmt.t(
        "All channels cost {total}; {share} of it is working media, the rest is what belongs to it.",
        total=fmt.money(total),
        share=fmt.percent(media / total if total else 0.0),
    )


def _by_channel(m: Telling, table: pd.DataFrame) -> Table:
    fmt, t = m.fmt, m.fmt.t
    there = [name for name in CATEGORIES if table[name].any()]
    head = columns(t("Channel"), *(t(_NAMES[name]) for name in there), t("Fully loaded"), t("Of it, media"))

    def line(first: Cell, row: "pd.Series[float]") -> tuple[Cell, ...]:
        total = float(row.sum())
        share = fmt.percent(float(row["working_media"]) / total, 0) if total else "–"
        amounts = (Cell(fmt.exact(float(row[name]))) for name in there)
        return (first, *amounts, Cell(fmt.exact(total), strong=True), Cell(share))

    known = set(m.basis.channels)
    rows: Iterator[tuple[Cell, ...]] = (
        line(swatch(m, str(name)) if name in known else Cell(fmt.label(str(name))), row)
        for name, row in table.iterrows()
    )
    caption = t("Costs by channel and category, from the ledger.")
    return table_of(caption, head, rows, last=line(Cell(t("All")), table.sum()))


def _ledger(m: Telling, table: pd.DataFrame) -> Table:
    fmt, t = m.fmt, m.fmt.t
    rows = (
        (Cell(t(_PARTS[str(what)])), Cell(fmt.number(lines)), Cell(fmt.exact(float(money))))
        for what, lines, money in table.itertuples(index=False, name=None)
    )
    caption = t("Where the ledger’s lines went; the parts add up to it.")
    return table_of(caption, columns(t("Part"), t("Lines"), t("Amount")), rows)


def _vendors(m: Telling, table: pd.DataFrame) -> Table:
    fmt, t = m.fmt, m.fmt.t
    facts = m.lenses.facts if m.lenses is not None else {}
    head = columns(
        t("Vendor"), t("Cost a year"), t("Saving a year"), t("In the first year"), t("Chance of a gain"), t("Used")
    )

    def money(line: "pd.Series[float]", name: str) -> Cell:
        value = Estimate(*(float(line[f"{name}{end}"]) for end in ("", "_lower", "_upper")))
        return Cell(fmt.money(value, short=True), fmt.money_range(value, short=True)) if value.known else Cell("–")

    def share(value: float) -> Cell:
        return Cell("–" if pd.isna(value) else fmt.percent(float(value), 0))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for _, line in table.iterrows():
            today = facts["today"][line["usage"]] == line["vendor"]
            told = t("{name}, today’s", name=line["vendor"]) if today else str(line["vendor"])
            usage = f"{line['usage']} ({facts['units'][line['usage']]})"
            # Cheapest and unable is no offer.
            unable = bool(line["obstacles"])
            note = t("{usage}; cannot do what is needed", usage=usage) if unable else usage
            first = Cell(told, note, tone="bad" if unable else "", strong=today)
            amounts = (money(line, name) for name in ("cost_per_year", "saving", "first_year"))
            yield (first, *amounts, share(line["chance"]), share(line["utilisation"]))

    caption = t(
        "Vendors on the same draws of volume. In the first year: the saving less what switching costs, and the chance "
        "that it is above zero. Used: of the units that the same money would have bought. Small print: 90% intervals."
    )
    return table_of(caption, head, rows())


def _bills(m: Telling) -> Table | None:
    """What the plan's vendors charge, bill by bill."""
    table = m.plan.bills
    if table is None or table.empty:
        return None
    fmt, t = m.fmt, m.fmt.t
    head = columns(t("Bill"), t("Volume today"), t("Volume planned"), t("Bill today"), t("Bill planned"))
    rows = (
        (
            Cell(
                fmt.label(str(line["channel"])),
                t("{name}, until {date}", name=line["vendor"], date=fmt.date(line["until"])),
            ),
            Cell(fmt.number(float(line["reference_volume"])), str(line["unit"])),
            Cell(fmt.number(float(line["volume"])), str(line["unit"])),
            Cell(fmt.exact(float(line["reference_bill"]))),
            Cell(fmt.exact(float(line["bill"]))),
        )
        for _, line in table.iterrows()
    )
    caption = t("What vendors charge under today’s plan and under the recommended one, fees and tiers included.")
    return table_of(caption, head, rows)
