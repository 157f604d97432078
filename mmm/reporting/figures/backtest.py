"""Figure of a backtest: each channel's return at every refresh."""

import numpy as np
import pandas as pd

from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, ticks

_PANEL = 150


def refreshes(returns: pd.DataFrame, pen: Pen) -> Drawing:
    """A panel a channel: the return of the same spend as each refresh saw it, with its 90% interval.

    ``returns`` as in :class:`mmm.assessment.backtest.Backtest`, in the order in which the channels are drawn.
    """
    names = list(dict.fromkeys(returns["channel"]))
    parts = {name: returns[returns["channel"] == name].sort_values("origin") for name in names}
    base = pen.fmt.return_base

    def paint(sheet: Sheet) -> None:
        across = 1 if sheet.narrow else 3
        wide = (sheet.width - 14) / across
        for i, (name, part) in enumerate(parts.items()):
            left, top = (i % across) * wide, 24 + (i // across) * _PANEL
            _panel(sheet, name, part, (left, top, wide))
        title = sheet.fmt.t("Return per {amount}, of the same spend", amount=sheet.fmt.next_amount)
        sheet.text(0, 8, title, color=sheet.look["soft"])

    fmt = pen.fmt
    lines = "; ".join(
        fmt.t(
            "{name} from {first} to {last}",
            name=fmt.label(name),
            first=fmt.ratio(base * float(part["mean"].iloc[0])),
            last=fmt.ratio(base * float(part["mean"].iloc[-1])),
        )
        for name, part in parts.items()
    )
    alt = fmt.t("Return of the same spend at every refresh: {lines}.", lines=lines)
    heights = (24 + -(-len(names) // 3) * _PANEL, 24 + len(names) * _PANEL)
    return draw("refreshes", alt, pen, paint, heights)


def _panel(sheet: Sheet, name: str, part: pd.DataFrame, place: tuple[float, float, float]) -> None:
    left, top, wide = place
    ax = sheet.axes(left + 44, top + 26, wide - 62, _PANEL - 62)
    lower, mean, upper = (sheet.fmt.return_base * part[column].to_numpy() for column in ("lower", "mean", "upper"))
    ax.set_ylim(min(0.0, float(lower.min())), 1.08 * max(float(upper.max()), 1e-9))
    places = ticks(*ax.get_ylim(), 3)
    ax.set_yticks(places, sheet.fmt.axis(places, money=sheet.fmt.value_returns))
    for y in places:
        ax.axhline(y, color=sheet.look["grid"], lw=1, zorder=0)
    x, colour = part["origin"].to_numpy(), sheet.look.channel(name)
    ax.vlines(x, lower, upper, color=colour, lw=4, zorder=2)
    ax.plot(x, mean, "o", ms=7, color=colour, mec=sheet.look["paper"], zorder=3)
    ends = pd.DatetimeIndex([part["origin"].min(), part["origin"].max()])
    pad = np.timedelta64(20, "D")
    ax.set_xlim(ends.to_numpy()[0] - pad, ends.to_numpy()[1] + pad)
    # More than the two ends would not fit below a panel.
    ax.set_xticks(ends.to_numpy(), [sheet.fmt.month(end) for end in ends])
    sheet.text(left, top + 12, fitted(sheet.fmt.label(name), wide - 20, 12, 600), weight=600)
