"""The same money through every lens that the settings have, and which of them to use for what."""

from collections.abc import Iterator

import pandas as pd

from mmm.lenses.table import USES, lenses_there
from mmm.reporting.chapters.past import point, swatch, triple
from mmm.reporting.languages.words import mark
from mmm.reporting.pages.parts import Cell, Chapter, Table, columns, table_of
from mmm.reporting.pages.telling import Telling

_HEADS = {
    "media_roas": mark("Media ROAS"),
    "loaded_roas": mark("Fully loaded ROAS"),
    "value_roas": mark("Value-based ROAS"),
    "attributed": mark("Attributed share"),
}


def lenses(m: Telling) -> Chapter | None:
    """The executives' one table. None where there is no other lens than the model's."""
    found = m.lenses
    if found is None:
        return None
    there = lenses_there(found.table)
    if len(there) < 2:
        return None
    html = m.render(
        "chapters/lenses.html.j2", table=_table(m, found.table, there), uses=[m.fmt.t(USES[lens]) for lens in there]
    )
    return Chapter("lenses", m.fmt.t("What does the same money look like through other lenses?"), _answer(m), html)


def _answer(m: Telling) -> str:
    """Where the first and the widest lens change places, in a sentence."""
    found = m.lenses
    t, fmt = m.fmt.t, m.fmt
    if found is None:
        return ""
    table = found.table
    for lens, said in (
        ("loaded_roas", mark("With all costs counted, the best return is that of {name}, not of {other}.")),
        (
            "value_roas",
            mark("With what customers are worth counted, the best return is that of {name}, not of {other}."),
        ),
    ):
        both = table[["media_roas", lens]].dropna()
        if len(both) > 1 and both[lens].idxmax() != both["media_roas"].idxmax():
            best, other = str(both[lens].idxmax()), str(both["media_roas"].idxmax())
            return t(said, name=fmt.label(best), other=fmt.label(other))
    return t("Each lens answers a question of its own; none replaces another.")


def _table(m: Telling, table: pd.DataFrame, there: list[str]) -> Table:
    fmt, t = m.fmt, m.fmt.t

    def cell(line: "pd.Series[float]", lens: str) -> Cell:
        value = triple(line, lens, "lenses")
        if not value.known:
            return Cell("–")
        if lens == "attributed":
            return Cell(fmt.percent(value), fmt.percent_range(value))
        return Cell(fmt.ratio(value), fmt.ratio_range(value))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in table.iterrows():
            spend = Cell(fmt.money(point(line, "spend", "past"), short=True))
            yield (swatch(m, str(name)), spend, *(cell(line, lens) for lens in there))

    caption = t("The same money through each lens, per unit of money spent on media; small print: 90% intervals.")
    return table_of(caption, columns(t("Channel"), t("Spend"), *(t(_HEADS[lens]) for lens in there)), rows())
