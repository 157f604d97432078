"""Figures of the decision: what moves from where to where, how large the gain may be, and the budget curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, text_width, ticks
from mmm.reporting.notation.estimate import Estimate


def from_to(allocation: pd.DataFrame, horizon: str, pen: Pen) -> Drawing:
    """Each channel's spend today and as recommended, over the horizon, ordered by the change in money.

    ``allocation``: index channel, columns ``reference``, ``spend``, ``change``, ``change_share``.
    """
    table = allocation.sort_values("change", ascending=False, kind="stable")
    rows = len(table)

    def paint(sheet: Sheet) -> None:
        row = 46 if sheet.narrow else 40
        top = 48
        left, right = (12, 14) if sheet.narrow else (150, 170)
        ax = sheet.axes(left, top, sheet.width - left - right, rows * row)
        most = float(table[["reference", "spend"]].to_numpy().max()) or 1.0
        ax.set_xlim(0, most * (1.12 if sheet.narrow else 1.3))
        ax.set_ylim(rows * row, 0)
        # A round amount just above the largest marks where the axis goes on to.
        _money_axis(ax, sheet, most * (1.08 if sheet.narrow else 1.15), 3 if sheet.narrow else 5)
        ax.xaxis.tick_top()
        ax.set_yticks([])
        scale = (sheet.width - left - right) / ax.get_xlim()[1]
        said = next((i for i in range(rows) if _words_fit(table.iloc[i], sheet, scale)), 0)
        for i, (name, line) in enumerate(table.iterrows()):
            y = i * row + (32 if sheet.narrow else row / 2)
            _move(ax, sheet, str(name), line, y, words=i == said)
            _row_text(sheet, sheet.fmt.label(str(name)), line, top + (i * row + 13 if sheet.narrow else y))
        if sheet.narrow:
            _key(sheet)
        else:
            sheet.text(0, 14, sheet.fmt.t("Spend over {horizon}", horizon=horizon), color=sheet.look["soft"])
            sheet.text(sheet.width, 14, sheet.fmt.t("Change"), ha="right", color=sheet.look["soft"])

    fmt = pen.fmt
    moves = "; ".join(
        fmt.t(
            "{name} from {before} to {after}",
            name=fmt.label(str(name)),
            before=fmt.money(line["reference"]),
            after=fmt.money(line["spend"]),
        )
        for name, line in table.iterrows()
    )
    alt = fmt.t("Spend by channel, today and recommended: {moves}.", moves=moves)
    return draw("from-to", alt, pen, paint, (rows * 40 + 52, rows * 46 + 52))


def _row_text(sheet: Sheet, label: str, line: pd.Series, y: float) -> None:
    """The channel's name on the left, its change in money and per cent on the right."""
    size = 12 if sheet.narrow else 13
    end = sheet.width - (14 if sheet.narrow else 0)
    amount, share = _change_text(line, sheet)
    room = end - 68 - text_width(amount, size, 600) - 12 if sheet.narrow else 138
    sheet.text(12 if sheet.narrow else 0, y, fitted(label, room, size, 600), fontsize=size, weight=600)
    sheet.text(end if not share else end - 52, y, amount, ha="right", fontsize=size, weight=600)
    sheet.text(end, y, share, ha="right", fontsize=size, color=sheet.look["soft"])


def _key(sheet: Sheet) -> None:
    """What the two marks mean, where rows leave no room to say it at the first of them."""
    ax = sheet.axes(0, 0, sheet.width, 20)
    ax.set_xlim(0, sheet.width)
    ax.set_ylim(20, 0)
    ax.axis("off")
    ax.plot(9, 10, "o", ms=8, mfc=sheet.look["paper"], mec=sheet.look["today"], mew=2)
    today = sheet.fmt.t("today")
    second = 18 + text_width(today) + 18
    ax.plot(second, 10, "o", ms=12, color=sheet.look["soft"])
    sheet.text(18, 10, today, color=sheet.look["soft"])
    sheet.text(second + 11, 10, sheet.fmt.t("recommended"), color=sheet.look["soft"])


def _words_fit(line: pd.Series, sheet: Sheet, scale: float) -> bool:
    """Whether the lower of the two amounts, with its word, stays clear of the names; ``scale`` is pixels by money."""
    before, after = float(line["reference"]), float(line["spend"])
    word = sheet.fmt.t("today") if after >= before else sheet.fmt.t("recommended")
    text = f"{word} {sheet.fmt.money(min(before, after), short=True)}"
    return min(before, after) * scale - 11 - text_width(text, 11, 600) > 0


def _move(ax: Axes, sheet: Sheet, name: str, line: pd.Series, y: float, *, words: bool) -> None:
    before, after = float(line["reference"]), float(line["spend"])
    colour = sheet.look.channel(name)
    ax.axhline(y, color=sheet.look["grid"], linewidth=1, zorder=0)
    ax.plot([before, after], [y, y], color=colour, linewidth=4, solid_capstyle="butt", alpha=0.45, zorder=1)
    ax.plot(before, y, "o", ms=8, mfc=sheet.look["paper"], mec=sheet.look["today"], mew=2, zorder=2)
    ax.plot(after, y, "o", ms=12, mfc=colour, mec=sheet.look["paper"], mew=1, zorder=3)
    if sheet.narrow:
        return
    # The two amounts stand outside the pair, so that they never meet.
    rising = after >= before
    t = sheet.fmt.t
    said = (t("today") + " ", t("recommended") + " ") if words else ("", "")
    for value, side, word, role, weight in (
        (before, -1 if rising else 1, said[0], "faint", 400),
        (after, 1 if rising else -1, said[1], "ink", 600),
    ):
        ax.annotate(
            word + sheet.fmt.money(value, short=True),
            (value, y),
            xytext=(side * 11, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center_baseline",
            color=sheet.look[role],
            fontsize=11,
            weight=weight,
            bbox={"facecolor": sheet.look["paper"], "edgecolor": "none", "pad": 1.5},
        )


def _change_text(line: pd.Series, sheet: Sheet) -> tuple[str, str]:
    if abs(line["change"]) < 0.005 * max(abs(line["reference"]), 1e-9):
        return sheet.fmt.t("unchanged"), ""
    share = float(line["change_share"])
    shown = sheet.fmt.percent(share, 0, sign=True) if np.isfinite(share) else sheet.fmt.t("new")
    return sheet.fmt.money(float(line["change"]), sign=True, short=True), shown


def _money_axis(ax: Axes, sheet: Sheet, most: float, count: int) -> None:
    places = ticks(0, most, count)
    ax.set_xticks(places, sheet.fmt.axis(places, money=True))
    for place in places:
        ax.axvline(place, color=sheet.look["grid"], linewidth=1, zorder=0)


def gain_distribution(gain: np.ndarray, pen: Pen) -> Drawing:
    """How much more, or less, the recommended plan may bring than today's: share of draws by size of the gain."""
    draws = np.sort(np.asarray(gain, dtype=float))
    mean = float(draws.mean())
    lower, upper = (float(v) for v in np.quantile(draws, [0.05, 0.95]))
    above = float((draws > 0).mean())

    def paint(sheet: Sheet) -> None:
        plot_height = sheet.height - 96
        ax = sheet.axes(10, 40, sheet.width - 20, plot_height)
        low, high = (float(v) for v in np.quantile(draws, [0.002, 0.998]))
        reach = (high - low) * 0.04 or 1.0
        low, high = min(low - reach, 0 - reach), max(high + reach, 0 + reach)
        grid = np.linspace(low, high, 241)
        density = _density(draws, grid)
        ax.set_xlim(low, high)
        ax.set_ylim(0, density.max() * 1.08)
        ax.set_yticks([])
        ax.fill_between(grid, density, where=(grid >= 0).tolist(), color=sheet.look["accent"], alpha=0.30, linewidth=0)
        ax.fill_between(grid, density, where=(grid <= 0).tolist(), color=sheet.look["bad"], alpha=0.30, linewidth=0)
        ax.plot(grid, density, color=sheet.look["ink"], linewidth=1.4)
        ax.axvline(0, color=sheet.look["ink"], linewidth=1.2)
        places = ticks(low, high, 4 if sheet.narrow else 7)
        ax.set_xticks(places, sheet.fmt.axis(places, money=sheet.fmt.money_outcome, sign=True))
        ax.tick_params(axis="x", pad=26)
        bar: dict[str, Any] = {"color": sheet.look["accent"], "transform": ax.get_xaxis_transform(), "clip_on": False}
        below = -13 / plot_height
        ax.plot([lower, upper], [below, below], lw=5, **bar)
        ax.plot(mean, below, "o", ms=10, mec=sheet.look["paper"], zorder=5, **bar)
        _sides(sheet, above, low, high)

    fmt, whole = pen.fmt, Estimate(mean, lower, upper)
    alt = fmt.t(
        "Distribution of the gain: on average {mean}, 90% interval {ends}; probability of a gain above zero {chance}.",
        mean=fmt.outcome(whole, sign=True),
        ends=fmt.outcome_range(whole),
        chance=fmt.probability(above),
    )
    return draw("gain", alt, pen, paint, (250, 240))


def _sides(sheet: Sheet, above: float, low: float, high: float) -> None:
    """Names both sides of zero: how likely the plan does worse, and better, than today's."""
    zero = (0 - low) / (high - low) * (sheet.width - 20) + 10
    better = sheet.fmt.t("better than today’s plan: {chance}", chance=sheet.fmt.probability(above))
    worse = sheet.fmt.t("worse: {chance}", chance=sheet.fmt.probability(1 - above))
    size = 12 if sheet.narrow else 13
    sheet.line([zero, zero], [14, 42], "ink", 1.2)
    room_right = sheet.width - zero - 8
    if text_width(better, size, 600) <= room_right:
        sheet.text(zero + 8, 20, better, weight=600, fontsize=size, color=sheet.look["accent"])
        if text_width(worse, size, 600) <= zero - 8:
            sheet.text(zero - 8, 20, worse, weight=600, fontsize=size, color=sheet.look["bad"], ha="right")
        return
    sheet.text(zero - 8, 20, better, weight=600, fontsize=size, color=sheet.look["accent"], ha="right")


def _density(draws: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Gaussian kernel density with Silverman's rule; draws may repeat, so the width is kept above the grid's step."""
    spread = min(float(draws.std()), float(np.subtract(*np.quantile(draws, [0.75, 0.25]))) / 1.349) or float(
        draws.std()
    )
    width = max(0.9 * spread * len(draws) ** -0.2, float(grid[1] - grid[0]))
    counts, edges = np.histogram(draws, bins=400)
    centres = 0.5 * (edges[:-1] + edges[1:])
    return np.asarray(np.exp(-0.5 * ((grid[:, None] - centres) / width) ** 2) @ counts)


@dataclass(frozen=True)
class BudgetPoint:
    """A named total budget on the budget curve: today's, the recommended one."""

    name: str
    budget: float
    outcome: float
    role: str


def budget_curve(curve: pd.DataFrame, points: Sequence[BudgetPoint], pen: Pen) -> Drawing:
    """Expected incremental outcome of the best plan at each total budget, with its 90% interval.

    ``curve``: columns ``budget``, ``outcome``, ``outcome_lower``, ``outcome_upper``.
    """

    def paint(sheet: Sheet) -> None:
        left = 62 if sheet.narrow else 76
        ax = sheet.axes(left, 34, sheet.width - left - 26, sheet.height - 84)
        x = curve["budget"].to_numpy()
        low, high = float(curve["outcome_lower"].min()), float(curve["outcome_upper"].max())
        pad = (high - low) * 0.06
        ax.set_ylim(max(0.0, low - pad) if low >= 0 else low - pad, high + pad)
        ax.set_xlim(float(x.min()), float(x.max()))
        ax.fill_between(x, curve["outcome_lower"], curve["outcome_upper"], color=sheet.look["accent"], alpha=0.14, lw=0)
        ax.plot(x, curve["outcome"], color=sheet.look["accent"], lw=2.4)
        for place in ticks(*ax.get_ylim(), 5):
            ax.axhline(place, color=sheet.look["grid"], lw=1, zorder=0)
        rows, columns = ticks(*ax.get_ylim(), 5), ticks(float(x.min()), float(x.max()), 3 if sheet.narrow else 6)
        ax.set_yticks(rows, sheet.fmt.axis(rows, money=sheet.fmt.money_outcome))
        ax.set_xticks(columns, sheet.fmt.axis(columns, money=True))
        sheet.text(0, 12, _outcome_axis(sheet), color=sheet.look["soft"])
        words: dict[str, Any] = {"ha": "right", "color": sheet.look["soft"]}
        sheet.text(sheet.width - 26, sheet.height - 10, sheet.fmt.t("Total budget over the horizon"), **words)
        for point in points:
            _mark(ax, sheet, point, curve)

    fmt = pen.fmt
    pairs = "; ".join(
        fmt.t("{budget} brings {won}", budget=fmt.money(float(budget)), won=fmt.outcome(float(outcome)))
        for budget, outcome in zip(curve["budget"], curve["outcome"], strict=True)
    )
    alt = fmt.t("Outcome that the best plan is expected to win, by total budget: {pairs}.", pairs=pairs)
    return draw("budget-curve", alt, pen, paint, (340, 300))


def _outcome_axis(sheet: Sheet) -> str:
    return sheet.fmt.t("Outcome won by media") + ("" if sheet.fmt.money_outcome else f", {sheet.fmt.outcome_unit}")


def _mark(ax: Axes, sheet: Sheet, point: BudgetPoint, curve: pd.DataFrame) -> None:
    low, high = ax.get_xlim()
    if not low <= point.budget <= high:
        return
    ax.plot(point.budget, point.outcome, "o", ms=10, color=sheet.look[point.role], mec=sheet.look["paper"], zorder=4)
    # The curve rises and flattens: above it there is room to the left, below it to the right.
    below = point.role == "today"
    right = point.budget > low + (0.62 if below else 0.3) * (high - low)
    text = f"{point.name}: {sheet.fmt.money(point.budget, short=True)}"
    width = text_width(text, 12, 600)
    ax.annotate(
        text,
        (point.budget, point.outcome),
        xytext=(-8 if right else 8, _aside(ax, sheet, point, curve, -width if right else width)),
        textcoords="offset points",
        ha="right" if right else "left",
        weight=600,
        fontsize=12,
        color=sheet.look["soft" if below else point.role],
    )


def _aside(ax: Axes, sheet: Sheet, point: BudgetPoint, curve: pd.DataFrame, width: float) -> float:
    """How far above a point (or below, negative) its label clears the curve, in pixels."""
    (first, last), (low, high) = ax.get_xlim(), ax.get_ylim()
    _, height, edge = sheet.edges(ax)
    left = (ax.get_position().x0 - sheet.box[0]) / sheet.box[2] * sheet.width
    reach = (width + (8 if width > 0 else -8)) * (last - first) / (edge - left)
    along = np.linspace(point.budget, point.budget + reach, 25)
    there = np.interp(along, curve["budget"].to_numpy(), curve["outcome"].to_numpy())
    rise = (there - point.outcome) * height / (high - low)
    if point.role == "today":
        return float(min(-18.0, rise.min() - 16.0))
    return float(max(14.0, rise.max() + 6.0))
