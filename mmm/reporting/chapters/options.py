"""Parts of the decision's chapters: plans by period and by geo, timing, and the value of knowing more."""

import pandas as pd

from mmm.reporting.chapters.past import point, swatch, triple
from mmm.reporting.figures.options import Option, information_bars, scenario_gains
from mmm.reporting.figures.sheet import Drawn
from mmm.reporting.languages.words import mark
from mmm.reporting.pages.parts import Cell, Table, columns, table_of
from mmm.reporting.pages.telling import Telling

_MOST_GEOS = 25


def period_table(m: Telling) -> Table | None:
    """The plan by period and channel, where it was decided so."""
    periods, fmt = m.plan.foresight.periods, m.gain_fmt
    if periods is None:
        return None
    head = columns(_from(m), *(fmt.label(str(c)) for c in periods.columns), fmt.t("Sum"))
    rows = [[Cell(fmt.date(pd.Timestamp(str(day)).date())), *_amounts(m, line)] for day, line in periods.iterrows()]
    last = (Cell(fmt.t("All")), *_amounts(m, periods.sum()))
    weekly, daily = mark("The plan by week"), mark("The plan by day")
    caption = f"{fmt.t(fmt.by_period(weekly, daily))}; {fmt.t('the spreadsheet has every amount in full.')}"
    return table_of(caption, head, rows, last=last, compact=True, folded=True)


def geo_table(m: Telling) -> Table | None:
    """The plan by geo and channel, where it was decided so; the largest where there are many."""
    geos, fmt = m.plan.foresight.geos, m.gain_fmt
    if geos is None:
        return None
    largest = geos.loc[geos.sum(axis=1).sort_values(ascending=False, kind="stable").index[:_MOST_GEOS]]
    shown = geos.loc[[geo for geo in geos.index if geo in set(largest.index)]]
    head = columns(fmt.t("Region"), *(fmt.label(str(c)) for c in geos.columns), fmt.t("Sum"))
    rows = [[Cell(fmt.label(str(geo))), *_amounts(m, line)] for geo, line in shown.iterrows()]
    last = (Cell(fmt.t("All")), *_amounts(m, geos.sum()))
    caption = f"{fmt.t('The plan by region')}; {fmt.t('the spreadsheet has every amount in full.')}"
    if len(shown) < len(geos):
        caption += " " + fmt.t("The {n} largest of {all}.", n=len(shown), all=len(geos))
    return table_of(caption, head, rows, last=last, compact=True, folded=True)


def _from(m: Telling) -> str:
    return m.fmt.t(m.fmt.by_period(mark("Week from"), mark("Day")))


def _amounts(m: Telling, line: "pd.Series[float]") -> list[Cell]:
    return [Cell(m.gain_fmt.money(float(v), short=True)) for v in (*line, line.sum())]


def timing_table(m: Telling) -> Table | None:
    """What the best timing of each channel's money wins over even spend."""
    timing, fmt = m.plan.foresight.timing, m.gain_fmt
    if timing is None:
        return None
    t = fmt.t
    head = columns(
        t("Channel"),
        t("Even spend"),
        t("Today’s rhythm"),
        t("Best timing"),
        t("Best over even"),
        t(fmt.by_period(mark("Highest week"), mark("Highest day"))),
    )
    rows = []
    for name, line in timing.iterrows():
        if not line["even"] > 0:
            continue
        pulsing = triple(line, "pulsing", "timing")
        rows.append(
            (
                swatch(m, str(name)),
                *(Cell(fmt.outcome(point(line, c, "timing"), short=True)) for c in ("even", "as_reference", "best")),
                Cell(fmt.outcome(pulsing, short=True, sign=True), fmt.outcome_range(pulsing, short=True)),
                Cell(t("{times} × even", times=fmt.number(float(line["peak"]), 1))),
            )
        )
    caption = t("What each channel wins by how its money is spread over time; small print: 90% intervals.")
    return table_of(caption, head, rows, folded=True)


def information_figure(m: Telling) -> Drawn | None:
    """What knowing each channel's curve is worth, where anything is."""
    found = m.plan.foresight
    if found.test is None:
        return None
    return information_bars(found.information, m.fmt.t("Value of knowing the curve exactly, for this plan"), m.gain_pen)


def scenario_figure(m: Telling) -> Drawn | None:
    """All scenarios against today's plan."""
    lines = m.plan.scenarios[1:]
    if len(lines) < 2:
        return None
    net = any(line.net is not None for line in lines)
    title = m.fmt.t("Against today’s plan") + (m.fmt.t(", net of the money spent") if net else "")
    options = [Option(line.name, line.decisive, chosen=i == 0) for i, line in enumerate(lines)]
    return scenario_gains(options, title, m.gain_pen)
