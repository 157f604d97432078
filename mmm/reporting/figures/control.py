"""Figures of the control room: outcome against what was expected of the money spent, and money against the plan."""

import datetime as dt

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm.monitoring.state import State
from mmm.reporting.figures.sheet import Drawn, Pen, Sheet, draw, ticks

_HEIGHTS = (260, 240)


def outcome(state: State, pen: Pen) -> Drawn:
    """The outcome of each period on the 90% predictive interval of the plan as it was spent."""
    days = _days([week.date for week in state.weeks])
    mean, lower, upper = (
        np.array([getattr(w.expected, end) for w in state.weeks]) for end in ("mean", "lower", "upper")
    )
    actual = np.array([week.outcome for week in state.weeks])

    def paint(sheet: Sheet) -> None:
        ax = _axes(sheet, float(min(lower.min(), actual.min())), float(max(upper.max(), actual.max())), money=False)
        ax.fill_between(days, lower, upper, color=sheet.look["base"], lw=0, zorder=1)
        ax.plot(days, mean, color=sheet.look["today"], lw=1.5, zorder=2)
        ax.plot(days, actual, "o-", ms=5, lw=1.5, color=sheet.look["accent"], mec=sheet.look["paper"], zorder=3)
        _dates(sheet, ax, state)
        sheet.text(
            0, 8, f"Outcome a {state.period} ({state.outcome_unit}): seen, and expected", color=sheet.look["soft"]
        )

    inside = int(((lower <= actual) & (actual <= upper)).sum())
    alt = f"Outcome of {len(actual)} periods: {inside} lie in the 90% interval of what was expected."
    return draw("control-outcome", alt, pen, paint, _HEIGHTS)


def money(state: State, pen: Pen) -> Drawn:
    """Money spent, added up, against the plan, with the projected end and its interval."""
    total = state.total
    seen = np.cumsum([week.spent for week in state.weeks])
    due = np.cumsum([week.planned for week in state.weeks])
    days = _days([week.date for week in state.weeks])

    def paint(sheet: Sheet) -> None:
        top = max(total.plan, float(seen.max(initial=0.0)), 0.0 if total.end is None else total.end.upper)
        ax = _axes(sheet, 0.0, top, money=True)
        ax.plot(days, due, color=sheet.look["today"], lw=1.5, zorder=2)
        ax.plot(days, seen, color=sheet.look["accent"], lw=2.5, zorder=3)
        last = _days([state.last])
        ax.plot(last, [total.plan], "D", ms=7, color=sheet.look["today"], zorder=3)
        if total.end is not None:
            ax.vlines(last, total.end.lower, total.end.upper, color=sheet.look["accent"], lw=4, alpha=0.5, zorder=2)
            ax.plot(last, [total.end.mean], "o", ms=7, color=sheet.look["accent"], mec=sheet.look["paper"], zorder=4)
        _dates(sheet, ax, state)
        sheet.text(0, 8, f"Money so far ({state.currency}): spent, and planned (grey)", color=sheet.look["soft"])

    fmt = pen.fmt
    alt = f"Spent {fmt.exact(total.spent)} of {fmt.exact(total.due)} due, and of {fmt.exact(total.plan)} in all."
    return draw("control-money", alt, pen, paint, _HEIGHTS)


def _days(days: list[dt.date]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(days)


def _axes(sheet: Sheet, low: float, high: float, *, money: bool) -> Axes:
    ax = sheet.axes(58, 26, sheet.width - 74, sheet.height - 60)
    pad = 0.06 * max(high - low, 1e-9)
    ax.set_ylim(low - (pad if low else 0.0), high + pad)
    places = ticks(*ax.get_ylim(), 4)
    ax.set_yticks(places, sheet.fmt.axis(places, money=money))
    for y in places:
        ax.axhline(y, color=sheet.look["grid"], lw=1, zorder=0)
    return ax


def _dates(sheet: Sheet, ax: Axes, state: State) -> None:
    ends = _days([state.first, state.last])
    pad = (ends[1] - ends[0]) * 0.03
    ax.set_xlim(ends[0] - pad, ends[1] + pad)  # type: ignore[arg-type]
    ax.set_xticks(ends, [f"{sheet.fmt.date(day.date())}" for day in ends])
    first, last = ax.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
