"""What channels bring directly and through what they move on the way to the outcome: one chapter."""

from collections.abc import Iterator

import pandas as pd

from mmm.analysis.ways import DIRECT, TOTAL
from mmm.reporting.chapters.past import swatch
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.pages.parts import Cell, Chapter, Table, columns, table_of
from mmm.reporting.pages.telling import Telling

_KNOWN = {DIRECT: mark("direct"), TOTAL: mark("all ways together")}


def ways(m: Telling) -> Chapter | None:
    """Direct, mediated and total effects and returns. None where every channel has one way to the outcome."""
    table = m.meaning.ways
    if not len(table):
        return None
    html = m.render("chapters/ways.html.j2", table=_table(m, table), through=_listed(m, table))
    return Chapter("ways", m.fmt.t("What do channels bring directly, and what by a detour?"), _answer(m, table), html)


def _listed(m: Telling, table: pd.DataFrame) -> str:
    names = [name for name in dict.fromkeys(table["way"]) if name not in _KNOWN]
    return ", ".join(m.fmt.label(str(name)) for name in names)


def _answer(m: Telling, table: pd.DataFrame) -> str:
    """The channel with the largest part of its effect on a detour."""
    by = table.pivot(index="channel", columns="way", values="effect")
    share = 1.0 - by[DIRECT] / by[TOTAL]
    most = str(share.idxmax())
    way = str(by.drop(columns=[DIRECT, TOTAL]).loc[most].idxmax())
    return m.fmt.t(
        "{share} of what {name} brings comes by way of {way}.",
        share=m.fmt.percent(float(share[most])),
        name=m.fmt.label(most),
        way=m.fmt.label(way),
    )


def _table(m: Telling, table: pd.DataFrame) -> Table:
    fmt, t = m.fmt, m.fmt.t
    base = 1.0 if fmt.value_returns else fmt.return_base
    head = columns(t("Channel"), t("Way"), t("Won by it"), t("Average {amount}", amount=fmt.next_amount))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for _, line in table.iterrows():
            name, way = str(line["channel"]), str(line["way"])
            won, average = (
                Estimate(*(float(line[f"{what}{end}"]) * factor for end in ("", "_lower", "_upper")))
                for what, factor in (("effect", 1.0), ("roas" if fmt.value_returns else "per_money", base))
            )
            yield (
                swatch(m, name, strong=way == TOTAL),
                Cell(t(_KNOWN[way]) if way in _KNOWN else fmt.label(way), strong=way == TOTAL),
                Cell(fmt.outcome(won, short=True), fmt.outcome_range(won, short=True)),
                Cell(fmt.ratio(average), fmt.ratio_range(average)),
            )

    caption = t(
        "Over all periods; the parts add up in every draw. Plans, curves and all other tables count all ways together. "
        "Small print: 90% intervals."
    )
    return table_of(caption, head, rows())
