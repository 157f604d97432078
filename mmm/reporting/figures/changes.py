"""Figure of what changed: each channel's return then and now, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, ticks
from mmm.reporting.notation.estimate import Estimate


@dataclass(frozen=True)
class ThenNow:
    """One channel's return in the earlier report and in this one."""

    name: str
    then: Estimate
    now: Estimate


def then_now(rows: Sequence[ThenNow], title: str, words: tuple[str, str], pen: Pen) -> Drawing:
    """Returns then (grey, above) and now (the channel's colour, below), on one scale from zero.

    ``words`` are how then and now are called.
    """
    most = max(value for row in rows for value in (row.then.upper, row.now.upper)) * 1.05
    least = min(0.0, *(value for row in rows for value in (row.then.lower, row.now.lower)))

    def paint(sheet: Sheet) -> None:
        height = 58 if sheet.narrow else 44
        left, right, top = (12, 14, 44) if sheet.narrow else (150, 150, 44)
        ax = sheet.axes(left, top, sheet.width - left - right, len(rows) * height)
        ax.set_xlim(least, most)
        ax.set_ylim(len(rows) * height, 0)
        ax.set_yticks([])
        places = ticks(least, most, 4 if sheet.narrow else 7)
        ax.set_xticks(places, sheet.fmt.axis(places, money=sheet.fmt.value_returns))
        ax.xaxis.tick_top()
        for place in places:
            ax.axvline(place, color=sheet.look["grid"], lw=1, zorder=0)
        for i, row in enumerate(rows):
            middle = i * height + (38 if sheet.narrow else height / 2)
            _bar(ax, sheet, row.then, middle - 7, sheet.look["today"])
            _bar(ax, sheet, row.now, middle + 7, sheet.look.channel(row.name))
            _text(sheet, row, top + i * height, height, words if i == 0 or sheet.narrow else ("", ""))
        sheet.text(0, 8, title, color=sheet.look["soft"])

    fmt = pen.fmt
    alt = f"{title}: " + "; ".join(
        f"{fmt.label(r.name)} {words[0]} {fmt.ratio(r.then)} ({fmt.ratio_range(r.then)}), "
        f"{words[1]} {fmt.ratio(r.now)} ({fmt.ratio_range(r.now)})"
        for r in rows
    )
    return draw("then-now", alt + ".", pen, paint, (len(rows) * 44 + 52, len(rows) * 58 + 52))


def _bar(ax: Axes, sheet: Sheet, value: Estimate, y: float, colour: str) -> None:
    ax.plot([value.lower, value.upper], [y, y], color=colour, lw=4, solid_capstyle="butt", zorder=2)
    ax.plot(value.mean, y, "o", ms=8, color=colour, mec=sheet.look["paper"], zorder=3)


def _text(sheet: Sheet, row: ThenNow, top: float, height: float, words: tuple[str, str]) -> None:
    fmt = sheet.fmt
    then, now = (f"{word} {fmt.ratio(v)}".strip() for word, v in zip(words, (row.then, row.now), strict=True))
    label = fmt.label(row.name)
    if sheet.narrow:
        sheet.text(12, top + 13, fitted(label, 150, 12, 600), weight=600)
        sheet.text(sheet.width - 14, top + 13, f"{then}, {now}", ha="right", fontsize=11, color=sheet.look["soft"])
        return
    sheet.text(0, top + height / 2, fitted(label, 138, 13, 600), fontsize=13, weight=600)
    sheet.text(sheet.width, top + height / 2 - 8, then, ha="right", fontsize=11, color=sheet.look["faint"])
    sheet.text(sheet.width, top + height / 2 + 8, now, ha="right", fontsize=11, weight=600)
