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
    """Effects and returns by way: through mediators, or on several outcomes. None where channels have one way."""
    table = m.meaning.ways
    if not len(table):
        return None
    outcomes = bool(table["correlation"].notna().any())
    html = m.render(
        "chapters/ways.html.j2",
        table=_table(m, table, outcomes=outcomes),
        through="" if outcomes else _listed(m, table),
        together=list(_together(m, table)),
    )
    asked = (
        mark("What do channels bring of each outcome?")
        if outcomes
        else mark("What do channels bring directly, and what by a detour?")
    )
    return Chapter("ways", m.fmt.t(asked), _answer(m, table, outcomes=outcomes), html)


def _listed(m: Telling, table: pd.DataFrame) -> str:
    names = [name for name in dict.fromkeys(table["way"]) if name not in _KNOWN]
    return ", ".join(m.fmt.label(str(name)) for name in names)


def _together(m: Telling, table: pd.DataFrame) -> Iterator[str]:
    """How much of what is unexplained goes together, by further outcome."""
    for way, line in table.dropna(subset="correlation").drop_duplicates("way").set_index("way").iterrows():
        yield m.fmt.t(
            "What stays unexplained of {way} and of {outcome} has a correlation of {number}.",
            way=m.fmt.label(str(way)),
            outcome=m.basis.outcome,
            number=m.fmt.number(float(line["correlation"]), 2),
        )


def _answer(m: Telling, table: pd.DataFrame, *, outcomes: bool) -> str:
    """The channel with the largest part of its effect beside the direct one."""
    by = table.pivot(index="channel", columns="way", values="effect")
    share = 1.0 - by[DIRECT] / by[TOTAL]
    most = str(share.idxmax())
    way = str(by.drop(columns=[DIRECT, TOTAL]).loc[most].idxmax())
    said = (
        mark("{share} of what {name} brings is beyond {outcome}.")
        if outcomes
        else mark("{share} of what {name} brings comes by way of {way}.")
    )
    values = {"share": m.fmt.percent(float(share[most])), "name": m.fmt.label(most)}
    return m.fmt.t(said, **values, **({"outcome": m.basis.outcome} if outcomes else {"way": m.fmt.label(way)}))


def _table(m: Telling, table: pd.DataFrame, *, outcomes: bool) -> Table:
    fmt, t = m.fmt, m.fmt.t
    known = {way: t(said) for way, said in _KNOWN.items()} | ({DIRECT: m.basis.outcome} if outcomes else {})
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
                Cell(known.get(way, fmt.label(way)), strong=way == TOTAL),
                Cell(fmt.outcome(won, short=True), fmt.outcome_range(won, short=True)),
                Cell(fmt.ratio(average), fmt.ratio_range(average)),
            )

    caption = t(
        "Over all periods; the parts add up in every draw. Plans, curves and all other tables count all ways together. "
        "Small print: 90% intervals."
    )
    return table_of(caption, head, rows())
