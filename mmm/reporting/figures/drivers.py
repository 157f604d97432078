"""Figures of what drove the outcome: the waterfall from baseline to total, and the stack of weeks."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, spread, text_width, ticks
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter

# Where a layer's name begins, right of the panel: after a line and a swatch.
_NAMED_AT = 31
_MOST_LAYERS = 8
_MOST_STEPS = 16
# Pixels between columns of figures, and the size of small print.
_APART = 10.0
_SMALL = 11.0
_SLOW = ("intercept", "trend", "changes_of_slope", "drift")
"""Terms of the baseline that do not come back every year, week or month."""


def waterfall(parts: pd.DataFrame, total: float, pen: Pen) -> Drawing:
    """From the baseline to the whole outcome, one step a driver.

    ``parts``: index component in drawing order, columns ``kind``, ``mean``, ``lower``, ``upper`` (sums over the
    period). ``total`` is the sum of the means.
    """
    parts = _grouped(parts, pen.fmt)
    rows = len(parts) + 1
    floor = _cut(parts, total)
    texts = [_row_texts(part, total, pen.fmt) for _, part in parts.iterrows()]
    texts.append(_row_texts(pd.Series({"mean": total}), total, pen.fmt))

    def paint(sheet: Sheet) -> None:
        row = 54 if sheet.narrow else 34
        edges = _edges(texts, sheet.width)
        left, right = (4, 10) if sheet.narrow else (150, sheet.width - edges[0])
        ax = sheet.axes(left, 8, sheet.width - left - right, rows * row)
        ends = np.concatenate([[0.0], parts["mean"].cumsum().to_numpy(), [total]])
        ax.set_xlim(floor or min(0.0, float(ends.min())), float(ends.max()) + (total - floor) * 0.02)
        ax.set_ylim(rows * row, 0)
        ax.set_yticks([])
        ax.set_xticks([])
        thick = 12 if sheet.narrow else 20
        running = 0.0
        for i, (name, part) in enumerate(parts.iterrows()):
            y = i * row + (40 if sheet.narrow else row / 2)
            mean = float(part["mean"])
            ax.barh(y, mean, left=running, height=thick, color=_colour(str(name), part["kind"], sheet), zorder=2)
            running += mean
            if not sheet.narrow:
                ax.plot([running, running], [y, y + row], color=sheet.look["today"], lw=1, zorder=1)
            _row(sheet, 8 + i * row, sheet.fmt.label(str(name)), texts[i], edges)
        y = len(parts) * row + (40 if sheet.narrow else row / 2)
        ax.barh(y, total, height=thick, color=sheet.look["ink"], zorder=2)
        _row(sheet, 8 + len(parts) * row, "", texts[-1], edges)
        if floor:
            for centre in (40 if sheet.narrow else row / 2, y):
                _break_mark(ax, sheet, centre, thick)

    fmt = pen.fmt
    alt = fmt.t(
        "What the outcome is made of: {parts}; total {total}.",
        parts="; ".join(
            f"{fmt.label(str(n))} {fmt.outcome(_estimate(p))} ({fmt.percent(p['mean'] / total)})"
            for n, p in parts.iterrows()
        ),
        total=fmt.outcome(total),
    )
    return draw("waterfall", alt, pen, paint, (rows * 34 + 16, rows * 54 + 16))


def _grouped(parts: pd.DataFrame, fmt: Formatter) -> pd.DataFrame:
    """At most so many steps that the figure fits a page; the smallest channels become one step without interval."""
    if len(parts) <= _MOST_STEPS:
        return parts
    paid = parts[parts["kind"] == "media"].sort_values("mean", ascending=False, kind="stable")
    kept = max(_MOST_STEPS - (len(parts) - len(paid)) - 1, 1)
    rest = paid.iloc[kept:]
    row = {"kind": "others", "mean": float(rest["mean"].sum()), "lower": np.nan, "upper": np.nan}
    others = pd.DataFrame([row], index=pd.Index([fmt.others(len(rest))]))
    return pd.concat([parts[parts["kind"] != "media"], paid.iloc[:kept], others])


def _cut(parts: pd.DataFrame, total: float) -> float:
    """Where the axis starts: above zero where the first step dwarfs all others, which then says so by a break."""
    first = float(parts["mean"].iloc[0])
    later = np.concatenate([[first], parts["mean"].cumsum().to_numpy()])
    if total <= 0 or first < 0.55 * total or later.min() < 0.9 * first:
        return 0.0
    step = max(total - first, 0.02 * total)
    return max(0.0, float(later.min()) - 0.6 * step)


def _break_mark(ax: Axes, sheet: Sheet, y: float, thick: float) -> None:
    low, high = ax.get_xlim()
    for shift in (0.055, 0.07):
        x = low + (high - low) * shift
        lean = (high - low) * 0.008
        ax.plot([x - lean, x + lean], [y + thick * 0.75, y - thick * 0.75], color=sheet.look["paper"], lw=2.5, zorder=4)


def _estimate(part: pd.Series) -> float | Estimate:
    """A step with its interval, where it has one."""
    mean = float(part["mean"])
    if "lower" not in part.index or not np.isfinite(float(part["lower"])):
        return mean
    return Estimate(mean, float(part["lower"]), float(part["upper"]))


def _row_texts(part: pd.Series, total: float, fmt: Formatter) -> tuple[str, str, str]:
    """Amount, share and interval of a step as they are written."""
    mean, whole = float(part["mean"]), _estimate(part)
    ends = fmt.outcome_range(whole, short=True) if isinstance(whole, Estimate) else ""
    return fmt.outcome(whole, short=True), fmt.percent(mean / total) if total else "", ends


def _edges(texts: list[tuple[str, str, str]], width: float) -> tuple[float, float, float, float]:
    """Right of the bars, and right edges of the three columns behind them, each as wide as its longest text."""
    share, ends = (max(text_width(row[i], size) for row in texts) for i, size in ((1, 12.0), (2, _SMALL)))
    amount = max(text_width(row[0], 12, 600) for row in texts)
    second = width - (ends + _APART if ends else 0.0)
    first = second - share - _APART
    return first - amount - _APART, first, second, width


def _row(
    sheet: Sheet, top: float, label: str, texts: tuple[str, str, str], edges: tuple[float, float, float, float]
) -> None:
    amount, share, ends = texts
    bold = 400 if label else 600
    label = label or sheet.fmt.t("Total")
    if sheet.narrow:
        sheet.text(4, top + 10, fitted(label, 200, 12, 600), weight=600)
        sheet.text(sheet.width - 54, top + 10, amount, ha="right", weight=600)
        sheet.text(sheet.width - 6, top + 10, share, ha="right", color=sheet.look["soft"])
        sheet.text(sheet.width - 6, top + 26, ends, ha="right", fontsize=11, color=sheet.look["faint"])
        return
    y = top + 17
    sheet.text(0, y, fitted(label, 138, 13, bold), fontsize=13, weight=bold)
    sheet.text(edges[1], y, amount, ha="right", weight=600)
    sheet.text(edges[2], y, share, ha="right", color=sheet.look["soft"])
    sheet.text(edges[3], y, ends, ha="right", fontsize=_SMALL, color=sheet.look["faint"])


def _colour(name: str, kind: str, sheet: Sheet) -> str:
    if kind == "media" and name in sheet.look.channels:
        return sheet.look.channel(name)
    return sheet.look["base"] if kind == "baseline" else sheet.look["control"]


def weekly(decomposition: pd.DataFrame, actual: pd.DataFrame, pen: Pen) -> Drawing:
    """The outcome period by period: baseline and controls below, the channels stacked on top, the actual as a line.

    ``decomposition``: columns ``date``, ``component``, ``kind``, ``mean``. ``actual``: ``date``, ``actual``.
    """
    means = decomposition.pivot_table(index="date", columns="component", values="mean", sort=False, aggfunc="sum")
    kinds = decomposition.drop_duplicates("component").set_index("component")["kind"]
    media = [str(c) for c in means.columns if kinds[c] == "media"]
    sums = {c: float(means[c].to_numpy().sum()) for c in media}
    order = sorted(media, key=lambda c: -sums[c])
    own, rest = (order, []) if len(order) <= _MOST_LAYERS else (order[: _MOST_LAYERS - 1], order[_MOST_LAYERS - 1 :])
    base = means.drop(columns=media).sum(axis=1)
    slow = means[[c for c in means.columns if c in _SLOW]].sum(axis=1)

    def paint(sheet: Sheet) -> None:
        left, right = (44, 96) if sheet.narrow else (52, 122)
        layers = [(sheet.fmt.label(c), means[c].to_numpy(), sheet.look.channel(c)) for c in reversed(own)]
        if rest:
            layers.insert(0, (sheet.fmt.others(len(rest)), means[rest].sum(axis=1).to_numpy(), sheet.look["today"]))
        # Room for the names, as long as the panels keep most of the width.
        wished = _NAMED_AT + 2 + max((int(np.ceil(text_width(name))) for name, _, _ in layers), default=0)
        right = min(max(right, wished), right + 40)
        x = means.index.to_numpy()
        upper = _panel(sheet, (left, right), 30, 0.36 * sheet.height, means.index)
        _whole(upper, sheet, x, (slow.to_numpy(), base.to_numpy()), actual)
        start = 0.36 * sheet.height + 84
        lower = _panel(sheet, (left, right), start, sheet.height - start - 30, means.index)
        _stack(lower, sheet, x, layers, start)
        sheet.text(0, 10, per_period(sheet), color=sheet.look["soft"])
        sheet.text(0, start - 20, sheet.fmt.t("of which added by media"), color=sheet.look["soft"])

    alt = pen.fmt.t(
        "Outcome by period, split into what would have come without media and what each channel added; the black line "
        "is the actual outcome. Largest first: {names}.",
        names=", ".join(pen.fmt.label(c) for c in order),
    )
    return draw("weekly", alt, pen, paint, (480, 460))


def per_period(sheet: Sheet) -> str:
    """What an axis of the outcome counts."""
    fmt = sheet.fmt
    unit = "" if fmt.money_outcome else f" ({fmt.outcome_unit})"
    if fmt.row:
        return fmt.t(mark("Outcome a month") if fmt.row == "month" else mark("Outcome a row")) + unit
    return fmt.t(fmt.by_period(mark("Outcome a week"), mark("Outcome a day"))) + unit


def _panel(sheet: Sheet, sides: tuple[int, int], top: float, height: float, dates: pd.Index) -> Axes:
    ax = sheet.axes(sides[0], top, sheet.width - sum(sides), height)
    ax.set_xlim(dates.to_numpy()[0], dates.to_numpy()[-1])
    date_axis(ax, sheet, dates)
    return ax


def _rows(ax: Axes, sheet: Sheet, low: float, high: float) -> None:
    ax.set_ylim(low, high)
    places = ticks(low, high, 4)
    ax.set_yticks(places, sheet.fmt.axis(places, money=sheet.fmt.money_outcome))
    for place in places:
        ax.axhline(place, color=sheet.look["grid"], lw=1, zorder=0)


def _whole(ax: Axes, sheet: Sheet, x: np.ndarray, below: tuple[np.ndarray, np.ndarray], actual: pd.DataFrame) -> None:
    """The outcome over what there is without media; of that, what moves slowly is darker than the rest."""
    slow, base = below
    seen = actual["actual"].to_numpy(dtype=float)
    ax.fill_between(x, 0, base, color=sheet.look["base"], lw=0)
    ax.fill_between(x, 0, np.minimum(slow, base), color=sheet.look["today"], alpha=0.55, lw=0)
    ax.plot(x, slow, color=sheet.look["faint"], lw=0.8)
    ax.plot(actual["date"].to_numpy(), seen, color=sheet.look["ink"], lw=1.3)
    _rows(ax, sheet, min(0.0, float(base.min())), float(max(base.max(), np.nanmax(seen))) * 1.04)
    low, high = ax.get_ylim()
    top, height, edge = sheet.edges(ax)
    tail = slice(-min(4, len(x)), None)
    wished = [
        top + height * (1 - (v - low) / (high - low)) for v in (float(np.nanmean(seen[tail])), base[tail].mean() / 2)
    ]
    first, second = spread(wished, 18, top, top + height)
    sheet.text(edge + 8, first, sheet.fmt.t("actual"), weight=600)
    sheet.text(edge + 8, second, sheet.fmt.t("without media"), color=sheet.look["soft"])


def _stack(ax: Axes, sheet: Sheet, x: np.ndarray, layers: list[tuple[str, np.ndarray, str]], top: float) -> None:
    floor = np.zeros(len(x))
    middles = []
    tail = slice(-min(4, len(x)), None)
    for _, values, colour in layers:
        ax.fill_between(x, floor, floor + values, color=colour, lw=0)
        middles.append(float((floor + values / 2)[tail].mean()))
        floor = floor + values
    _rows(ax, sheet, 0.0, float(floor.max()) * 1.04 or 1.0)
    high = ax.get_ylim()[1]
    _, height, edge = sheet.edges(ax)
    wished = [top + height * (1 - m / high) for m in middles]
    placed = spread(wished, 16, top + 6, top + height - 6)
    for (name, _, colour), want, y in zip(layers, wished, placed, strict=True):
        sheet.line([edge + 2, edge + 10, edge + 15], [want, y, y], "today")
        sheet.swatch(edge + 17, y, colour)
        sheet.text(edge + _NAMED_AT, y, fitted(name, sheet.width - edge - _NAMED_AT - 2, 12), fontsize=12)


def date_axis(ax: Axes, sheet: Sheet, dates: pd.Index) -> None:
    """Ticks at the start of years, or of quarters or months where the panel is short."""
    index = pd.DatetimeIndex(dates)
    days = (index[-1] - index[0]).days
    if days > 700:
        places = pd.date_range(index[0], index[-1], freq="YS" if sheet.narrow else "6MS")
    else:
        places = pd.date_range(index[0], index[-1], freq="QS" if days > 180 else "MS")
    # A phone has room for as many months as do not run into each other.
    room = (sheet.width - 110) / 62
    places = places[:: max(1, math.ceil(len(places) / room))] if len(places) else places
    ax.set_xticks(places.to_numpy(), [sheet.fmt.month(p) for p in places])
