"""Figure of what the money of single quarters returned, where effects vary in time."""

import numpy as np
import pandas as pd

from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, ticks
from mmm.reporting.notation.estimate import Estimate

_HEIGHT = 206


def quarters(table: pd.DataFrame, pen: Pen) -> Drawing:
    """One small chart a channel: the return of every quarter's spend, the bars 90% intervals, on a scale of its own.

    ``table``: columns ``channel``, ``quarter``, ``roas``, ``roas_lower``, ``roas_upper``, in the order of time.
    """
    names = list(dict.fromkeys(table["channel"]))

    def paint(sheet: Sheet) -> None:
        columns = _columns(len(names), narrow=sheet.narrow)
        gap = 8 if sheet.narrow else 26
        width = (sheet.width - gap * (columns - 1)) / columns
        for i, name in enumerate(names):
            place = (i % columns) * (width + gap), (i // columns) * _HEIGHT, width
            _chart(sheet, place, str(name), table[table["channel"] == name])

    fmt = pen.fmt
    lines = "; ".join(f"{fmt.label(str(name))} {_course(table[table['channel'] == name], pen)}" for name in names)
    alt = fmt.t("Return of every quarter's spend, by channel: {lines}.", lines=lines)
    heights = [_HEIGHT * -(-len(names) // _columns(len(names), narrow=narrow)) for narrow in (False, True)]
    return draw("quarters", alt, pen, paint, (heights[0], heights[1]))


def _columns(count: int, *, narrow: bool) -> int:
    return min(count, 2) if narrow else min(3, max(2, count))


def _course(own: pd.DataFrame, pen: Pen) -> str:
    return ", ".join(f"{line['quarter']} {pen.fmt.ratio(_triple(line))}" for _, line in own.iterrows())


def _triple(line: pd.Series) -> Estimate:
    return Estimate(*(float(line[f"roas{end}"]) for end in ("", "_lower", "_upper")))


def _chart(sheet: Sheet, place: tuple[float, float, float], name: str, own: pd.DataFrame) -> None:
    x0, y0, width = place
    left = 40 if sheet.narrow else 46
    ax = sheet.axes(x0 + left, y0 + 30, width - left - 12, 136)
    colour, count = sheet.look.channel(name), len(own)
    low, high = (own[f"roas_{end}"].to_numpy(dtype=float) for end in ("lower", "upper"))
    # A quarter with next to no spend says next to nothing: its interval must not flatten all others.
    top = 1.06 * min(float(high.max()), 2.5 * float(np.median(high)))
    least = min(0.0, float(low.min()))
    ax.set_ylim(least, top)
    ax.set_xlim(-0.6, count - 0.4)
    places = ticks(least, top, 3)
    ax.set_yticks(places, sheet.fmt.axis(places, money=sheet.fmt.value_returns))
    for value in places:
        ax.axhline(value, color=sheet.look["grid"], lw=1, zorder=0)
    shown = sorted({0, count - 1})
    ax.set_xticks(shown, [str(own["quarter"].iloc[k]) for k in shown])
    for k, label in enumerate(ax.get_xticklabels() if count > 1 else ()):
        label.set_horizontalalignment("right" if k else "left")
    for k, (_, line) in enumerate(own.iterrows()):
        ends = [float(line["roas_lower"]), min(float(line["roas_upper"]), top)]
        ax.plot([k, k], ends, color=colour, lw=4, alpha=0.45, solid_capstyle="butt", zorder=2)
        ax.plot(k, min(float(line["roas"]), top), "o", ms=6, color=colour, zorder=3)
    sheet.text(x0, y0 + 10, fitted(sheet.fmt.label(name), width, 13, 600), fontsize=13, weight=600)
