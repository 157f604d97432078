"""Figures of what is believed before the data: returns by channel, curves, and outcomes beside those observed."""

import numpy as np
import pandas as pd

from mmm.analysis.prior import PriorPredictive
from mmm.reporting.figures.fit import band
from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, ticks

_ROW = 34
_GUIDES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def effects(found: PriorPredictive, pen: Pen) -> Drawing:
    """The prior of every channel's return (its share where outcome has no value): median and 90%, on a log scale."""
    unit = "return" if (found.parameters["unit"] == "return").any() else "share"
    table = found.parameters[found.parameters["unit"] == unit]
    low, high = float(table["lower"].min()) / 1.3, float(table["upper"].max()) * 1.3
    if unit == "return":
        low, high = min(low, 0.5), max(high, 2.0)

    def paint(sheet: Sheet) -> None:
        left, extra = (14, 16) if sheet.narrow else (170, 0)
        step = _ROW + extra
        ax = sheet.axes(left, 44, sheet.width - left - 20, len(table) * step)
        ax.set_xscale("log")
        ax.set_xlim(low, high)
        ax.set_ylim(len(table) * step, 0)
        ax.set_yticks([])
        ax.minorticks_off()
        places = [p for p in _GUIDES if low <= p <= high][:: 2 if sheet.narrow else 1]
        said = [f"{p:g}" if unit == "return" else sheet.fmt.percent(p) for p in places]
        ax.set_xticks(places, said)
        ax.xaxis.tick_top()
        for place in places:
            strong = unit == "return" and place == 1.0
            ax.axvline(place, color=sheet.look["ink" if strong else "grid"], lw=1, zorder=0)
        for i, row in enumerate(table.to_dict("records")):
            y, colour = i * step + extra + _ROW / 2, sheet.look.channel(str(row["name"]))
            ax.plot(
                [row["lower"], row["upper"]], [y, y], color=colour, lw=5, alpha=0.5, solid_capstyle="butt", zorder=2
            )
            ax.plot(row["median"], y, "o", ms=8, color=colour, mec=sheet.look["paper"], zorder=3)
            sheet.text(0, 44 + i * step + (10 if sheet.narrow else _ROW / 2), sheet.fmt.label(str(row["name"])))
        what = "Return on what was spent" if unit == "return" else "Share of the outcome"
        sheet.text(0, 8, f"{what}; the dot is its middle", color=sheet.look["soft"])

    lines = "; ".join(f"{r.name} {r.lower:.2g} to {r.upper:.2g}" for r in table.itertuples())
    heights = (len(table) * _ROW + 52, len(table) * (_ROW + 16) + 52)
    return draw("prior-effects", f"What is believed of each channel: {lines}.", pen, paint, heights)


def outcomes(found: PriorPredictive, pen: Pen) -> Drawing:
    """Outcomes of every period as they are believed (90%), and as they were."""
    return band("prior-outcomes", found.analysis.fitted, pen, "believed")


def curves(found: PriorPredictive, pen: Pen) -> Drawing:
    """A small chart a channel: the effect of steady spend by spend, 90% of what is believed, and its middle."""
    table = found.analysis.curves
    names = list(dict.fromkeys(table["channel"]))

    def paint(sheet: Sheet) -> None:
        across = 1 if sheet.narrow else 3
        gap, height = 26, 120
        width = (sheet.width - gap * (across - 1)) / across
        for i, name in enumerate(names):
            row, column = divmod(i, across)
            _curve(
                sheet, table[table["channel"] == name], str(name), (column * (width + gap), row * 180.0, width, height)
            )

    rows = -(-len(names) // 3)
    alt = f"Believed response curves of {pen.fmt.join([pen.fmt.label(str(n)) for n in names], 12)}."
    return draw("prior-curves", alt, pen, paint, (rows * 180, len(names) * 180))


def _curve(sheet: Sheet, part: pd.DataFrame, name: str, box: tuple[float, float, float, float]) -> None:
    left, top, width, height = box
    ax = sheet.axes(left + 46, top + 24, width - 52, height)
    x = part["spend"].to_numpy(dtype=float)
    lower, mean, upper = (part[c].to_numpy(dtype=float) for c in ("effect_lower", "effect", "effect_upper"))
    colour = sheet.look.channel(name)
    ax.fill_between(x, lower, upper, color=colour, alpha=0.2, lw=0)
    ax.plot(x, mean, color=colour, lw=1.8)
    edge = float(x[part["observed"].to_numpy(dtype=bool)][-1])
    ax.axvline(edge, color=sheet.look["soft"], lw=1, ls=":")
    ax.set_xlim(0, float(x[-1]))
    ax.set_ylim(0, float(np.max(upper)) * 1.05 or 1.0)
    places = ticks(0, float(x[-1]), 3)
    ax.set_xticks(places, sheet.fmt.axis(places, money=True))
    levels = ticks(*ax.get_ylim(), 3)
    ax.set_yticks(levels, sheet.fmt.axis(levels, money=sheet.fmt.money_outcome))
    for level in levels:
        ax.axhline(level, color=sheet.look["grid"], lw=1, zorder=0)
    sheet.text(left, top + 8, sheet.fmt.label(name), weight=600)
