"""Figure of what moved the outcome from period to period, driver by driver."""

import pandas as pd

from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter

_MOST_ROWS = 12
_NO_WIDTH = 1e-3


def swings(table: pd.DataFrame, names: dict[str, str], pen: Pen) -> Drawing:
    """A bar a driver from its lowest to its highest period, around its own average; thin lines are 90% intervals.

    ``table`` as :func:`mmm.reporting.content.swings.swings_of` gives it; ``names`` as readers know the drivers.
    """
    table = table.head(_MOST_ROWS)
    rows = len(table)
    low, high = float(table["least_lower"].min()), float(table["most_upper"].max())

    def paint(sheet: Sheet) -> None:
        row = 46 if sheet.narrow else 32
        left, right = (4, 6) if sheet.narrow else (170, 190)
        ax = sheet.axes(left, 26, sheet.width - left - right, rows * row)
        ax.set_xlim(low, high)
        ax.set_ylim(rows * row, 0)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.axvline(0, color=sheet.look["today"], lw=1, zorder=1)
        for i, (name, line) in enumerate(table.iterrows()):
            y = i * row + (33 if sheet.narrow else row / 2)
            colour = _colour(sheet, str(name), str(line["kind"]))
            for end in ("least", "most"):
                ends = [float(line[f"{end}_lower"]), float(line[f"{end}_upper"])]
                ax.plot(ends, [y, y], color=sheet.look["faint"], lw=1, zorder=3)
            start, width = float(line["least"]), float(line["most"]) - float(line["least"])
            ax.barh(y, width, left=start, height=10 if sheet.narrow else 14, color=colour, zorder=2)
            _row(sheet, 26 + i * row, row, names[str(name)], line)
        fmt = sheet.fmt
        title = fmt.by_period(
            mark("Lowest and highest week, against the driver’s average"),
            mark("Lowest and highest day, against the driver’s average"),
        )
        sheet.text(0, 10, fitted(fmt.t(title), sheet.width, 12), color=sheet.look["soft"])

    fmt = pen.fmt
    parts = [f"{names[str(name)]} {_words(line, fmt)}" for name, line in table.iterrows()]
    alt = fmt.t("How far each driver moved the outcome, lowest and highest period: {parts}.", parts="; ".join(parts))
    return draw("swings", alt, pen, paint, (rows * 32 + 34, rows * 46 + 34))


def _colour(sheet: Sheet, name: str, kind: str) -> str:
    if kind == "media" and name in sheet.look.channels:
        return sheet.look.channel(name)
    return sheet.look["today"] if kind == "baseline" else sheet.look["control"]


def _words(line: pd.Series, fmt: Formatter) -> str:
    ends = (Estimate(*(float(line[f"{end}{b}"]) for b in ("", "_lower", "_upper"))) for end in ("least", "most"))
    return " … ".join(fmt.outcome(_known(one), short=True, sign=True) for one in ends)


def _known(value: Estimate) -> Estimate | float:
    """The number alone where its interval is nothing beside it, as of a driver at rest, away by its average."""
    return value if value.upper - value.lower > _NO_WIDTH * abs(value.mean) else value.mean


def _row(sheet: Sheet, top: float, row: float, label: str, line: pd.Series) -> None:
    if sheet.narrow:
        sheet.text(4, top + 12, fitted(label, 150, 12, 600), weight=600, bbox=sheet.clear)
        sheet.text(sheet.width - 6, top + 12, _words(line, sheet.fmt), ha="right", fontsize=11, bbox=sheet.clear)
        return
    sheet.text(0, top + row / 2, fitted(label, 160, 13, 600), fontsize=13, weight=600)
    sheet.text(sheet.width, top + row / 2, _words(line, sheet.fmt), ha="right")
