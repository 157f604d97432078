"""Another tool's results beside ours: share, return and curve of each channel, as a table and an offline page."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmm.analysis import Analysis
from mmm.reporting.design.look import make_look
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.parts import Cell, Table, columns, table_of
from mmm.reporting.pages.render import Cover, web_page
from mmm.reporting.runs.control_room import chapter
from mmm.settings.report import ReportSettings

LEVELS = (0.5, 1.0, 2.0)
"""Steady spend, as multiples of a channel's mean spend a period."""


class Beside(NamedTuple):
    """``table`` as :func:`beside` gives it, and the names of what is compared."""

    table: pd.DataFrame
    title: str
    tool: str
    interval: str = "90% intervals"
    """What the ends of the other tool's returns are."""


def beside(theirs: pd.DataFrame, analysis: Analysis, periods: int) -> pd.DataFrame:
    """One row a channel of both: share (0 to 1), ROAS with 90% ends, and outcome a period at :data:`LEVELS`.

    ``theirs``: columns channel, share (per cent), roas, low, high and, where the tool kept its curve, ``won_at_LEVEL``.
    Columns of the result are theirs, then the same with ``our_`` before it. Curves are of steady spend a period.
    """
    rows = []
    for line in theirs.to_dict("records"):
        name = str(line["channel"])
        if name not in analysis.channels.index:
            continue
        own = pd.Series(analysis.channels.loc[name])
        row = {"channel": name, "share": float(line["share"]) / 100}
        row |= {key: float(line[key]) for key in ("roas", "low", "high")}
        row |= {"our_share": float(own["share"]), "our_roas": float(own["roas"])}
        row |= {"our_low": float(own["roas_lower"]), "our_high": float(own["roas_upper"])}
        curve = analysis.curves[analysis.curves["channel"] == name]
        mean = float(own["spend"]) / periods
        for level in LEVELS:
            row[f"won_at_{level:g}"] = float(line.get(f"won_at_{level:g}", np.nan))
            inside = level * mean <= float(curve["spend"].max())
            won = float(np.interp(level * mean, curve["spend"], curve["effect"])) if inside else np.nan
            row[f"our_won_at_{level:g}"] = won
        rows.append(row)
    return pd.DataFrame(rows)


def page(found: Beside, fmt: Formatter, report: ReportSettings) -> str:
    """The page as HTML: one table of shares and returns, one of curves where the other tool kept its own."""
    table = found.table
    apart = int(((table["our_low"] > table["high"]) | (table["our_high"] < table["low"])).sum())
    lead = f"On {apart} of {len(table)} channels the two ranges of the return do not even overlap."
    if apart == 0:
        lead = f"On all {len(table)} channels the two ranges of the return overlap."
    tables = [_returns(found, fmt)]
    if found.table[[f"won_at_{level:g}" for level in LEVELS]].notna().any(axis=None):
        tables.append(_curves(found, fmt))
    made = chapter("beside", f"What does {found.tool} say, and what do we?", "", lead=lead, tables=tables)
    cover = Cover(
        title=found.title,
        subtitle=f"{found.tool} beside this model",
        date=fmt.date(dt.datetime.now(dt.UTC).date()),
        look=make_look(report, list(found.table["channel"])),
        organisation=report.organisation or "",
        author=report.author or "",
        colophon="Our intervals hold 90% of what is plausible under the model; neither tool is a test of the other.",
    )
    return web_page([made], cover)


def _returns(found: Beside, fmt: Formatter) -> Table:
    def rows() -> Iterator[tuple[Cell, ...]]:
        for line in found.table.to_dict("records"):
            theirs, ours = (Estimate(*(line[f"{who}{key}"] for key in ("roas", "low", "high"))) for who in ("", "our_"))
            yield (
                Cell(fmt.label(line["channel"])),
                Cell(fmt.percent(line["share"])),
                Cell(fmt.percent(line["our_share"])),
                Cell(fmt.ratio(theirs), fmt.ratio_range(theirs) if theirs.known else ""),
                Cell(fmt.ratio(ours), fmt.ratio_range(ours)),
            )

    head = columns("Channel", f"Share, {found.tool}", "Share, ours", f"ROAS, {found.tool}", "ROAS, ours")
    ends = f"small print: {found.tool}'s {found.interval}, and 90% intervals of ours"
    return table_of(f"Share of the outcome, and return by unit of money; {ends}.", head, rows())


def _curves(found: Beside, fmt: Formatter) -> Table:
    heads = [f"{level:g} × mean spend, {who}" for level in LEVELS for who in (found.tool, "ours")]

    def rows() -> Iterator[tuple[Cell, ...]]:
        for line in found.table.to_dict("records"):
            cells = (line[f"{who}won_at_{level:g}"] for level in LEVELS for who in ("", "our_"))
            yield (
                Cell(fmt.label(line["channel"])),
                *(Cell(fmt.outcome(value, short=True) if np.isfinite(value) else "not seen") for value in cells),
            )

    return table_of("Outcome a period of steady spend at three levels, means.", columns("Channel", *heads), rows())
