"""Figures of how far to believe the model: its fit, and its forecast of periods that it had not seen."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm.reporting.figures.drivers import date_axis, per_period
from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, spread, ticks


def fit(fitted: pd.DataFrame, pen: Pen) -> Drawing:
    """Actual outcome against the model's 90% interval, all periods. Columns: date, actual, mean, lower, upper."""

    def paint(sheet: Sheet) -> None:
        ax = _axes(sheet, fitted)
        _band(ax, sheet, fitted)
        size = 2.6 if sheet.narrow else 3.4
        ax.plot(fitted["date"].to_numpy(), fitted["actual"].to_numpy(), "o", ms=size, color=sheet.look["ink"], mew=0)
        _names(sheet, ax, fitted)

    inside = coverage(fitted)
    alt = pen.fmt.t(
        "Actual outcome by period as dots over the model’s 90% interval; {share} of the {n} dots lie inside.",
        share=pen.fmt.percent(inside),
        n=len(fitted),
    )
    return draw("fit", alt, pen, paint, (300, 280))


def band(name: str, frame: pd.DataFrame, pen: Pen, word: str) -> Drawing:
    """Actual outcomes as dots over a 90% interval that is not a fit's; ``word`` names its middle."""

    def paint(sheet: Sheet) -> None:
        ax = _axes(sheet, frame)
        _band(ax, sheet, frame)
        ax.plot(frame["date"].to_numpy(), frame["actual"].to_numpy(), "o", ms=3, color=sheet.look["ink"], mew=0)
        _names(sheet, ax, frame, word)

    inside = pen.fmt.percent(coverage(frame))
    return draw(name, f"Outcome by period over what is {word} (90%); {inside} lie inside.", pen, paint, (300, 280))


def held_out(forecast: pd.DataFrame, hidden: int, pen: Pen) -> Drawing:
    """The forecast of the last ``hidden`` periods by a model that had not seen them, against what then happened.

    ``forecast``: the last periods before and all hidden ones; columns date, actual, mean, lower, upper.
    """
    shown = forecast.tail(3 * hidden)

    def paint(sheet: Sheet) -> None:
        ax = _axes(sheet, shown)
        dates = shown["date"].to_numpy()
        first = dates[-hidden] - (dates[1] - dates[0]) / 2
        ax.axvspan(first, dates[-1], color=sheet.look["wash"], lw=0, zorder=0)
        _band(ax, sheet, shown)
        ax.plot(dates, shown["actual"].to_numpy(), "-o", ms=4.5, lw=0.8, color=sheet.look["ink"], mew=0)
        ax.axvline(first, color=sheet.look["soft"], lw=1)
        edge = ax.get_ylim()[1]
        told = sheet.fmt.t("not shown to the model")
        style: dict[str, Any] = {"va": "top", "fontsize": 11, "color": sheet.look["soft"]}
        ax.annotate(told, (first, edge), xytext=(6, -2), textcoords="offset points", **style)
        _names(sheet, ax, shown)

    tail = forecast.tail(hidden)
    inside = int(((tail["actual"] >= tail["lower"]) & (tail["actual"] <= tail["upper"])).sum())
    alt = pen.fmt.plural(
        "Forecast of the last period ({periods}) with 90% interval; {inside} of {n} actual value lies inside.",
        "Forecast of the last {periods} with 90% interval; {inside} of {n} actual values lie inside.",
        hidden,
        periods=pen.fmt.rows(hidden),
        inside=inside,
    )
    return draw("held-out", alt, pen, paint, (300, 280))


def coverage(frame: pd.DataFrame) -> float:
    """Share of observed periods whose actual outcome lies in the 90% interval."""
    seen = frame[np.isfinite(frame["actual"].to_numpy(dtype=float))]
    if seen.empty:
        return float("nan")
    return float(((seen["actual"] >= seen["lower"]) & (seen["actual"] <= seen["upper"])).mean())


def _axes(sheet: Sheet, frame: pd.DataFrame) -> Axes:
    left, right = (46, 66) if sheet.narrow else (56, 100)
    ax = sheet.axes(left, 26, sheet.width - left - right, sheet.height - 56)
    values = frame[["actual", "lower", "upper"]].to_numpy(dtype=float)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    pad = 0.06 * (high - low) or 1.0
    ax.set_ylim(max(low - pad, 0.0) if low >= 0 else low - pad, high + pad)
    places = ticks(*ax.get_ylim(), 5)
    ax.set_yticks(places, sheet.fmt.axis(places, money=sheet.fmt.money_outcome))
    for place in places:
        ax.axhline(place, color=sheet.look["grid"], lw=1, zorder=0)
    dates = pd.DatetimeIndex(frame["date"])
    ax.set_xlim(dates.to_numpy()[0], dates.to_numpy()[-1])
    date_axis(ax, sheet, dates)
    sheet.text(0, 10, per_period(sheet), color=sheet.look["soft"])
    return ax


def _band(ax: Axes, sheet: Sheet, frame: pd.DataFrame) -> None:
    x = frame["date"].to_numpy()
    ax.fill_between(x, frame["lower"], frame["upper"], color=sheet.look["accent"], alpha=0.20, lw=0, zorder=1)
    ax.plot(x, frame["mean"].to_numpy(), color=sheet.look["accent"], lw=1.6, zorder=2)


def _names(sheet: Sheet, ax: Axes, frame: pd.DataFrame, word: str = "") -> None:
    """Names at the right end of the lines."""
    low, high = ax.get_ylim()
    top, height, edge = sheet.edges(ax)
    tail = frame.tail(1)
    values = [float(tail["actual"].iloc[0]), float(tail["mean"].iloc[0])]
    values = [v if np.isfinite(v) else float(frame["actual"].dropna().iloc[-1]) for v in values]
    wished = [top + height * (1 - (v - low) / (high - low)) for v in values]
    named = [wished[0], wished[1]] if sheet.narrow else [wished[0], wished[1], wished[1] + 1]
    places = spread(named, 16, top, top + height - 6)
    sheet.text(edge + 8, places[0], sheet.fmt.t("actual"), weight=600)
    sheet.text(edge + 8, places[1], word or sheet.fmt.t("model"), color=sheet.look["accent"], weight=600)
    if not sheet.narrow:
        sheet.text(edge + 8, places[2], sheet.fmt.t("90% interval"), fontsize=10.5, color=sheet.look["faint"])
