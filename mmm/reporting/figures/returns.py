"""Figures of what a channel returns: on average and for the next unit of money, by spend, and before against after."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmm.reporting.content.material import PriorPosterior
from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, ticks
from mmm.reporting.notation.estimate import Estimate


def returns(channels: pd.DataFrame, pen: Pen) -> Drawing:
    """Average and marginal return of each channel with 90% intervals, on one scale from zero, or from losses.

    ``channels``: index channel; columns ``roas`` and ``marginal_roas``, each with ``_lower`` and ``_upper``: value of
    the outcome (or units of it) per unit of money. A line marks break-even where the outcome is money.
    """
    table = channels.sort_values("marginal_roas", ascending=False, kind="stable")
    rows = len(table)
    most = max(_reach(table), 1.02 * pen.fmt.break_even if pen.fmt.value_returns else 0.0)
    least = min(0.0, 1.04 * float(np.nanmin(table[["roas_lower", "marginal_roas_lower"]].to_numpy(dtype=float))))

    def paint(sheet: Sheet) -> None:
        row = 66 if sheet.narrow else 52
        left, right, top = (12, 14, 40) if sheet.narrow else (150, 190, 40)
        ax = sheet.axes(left, top, sheet.width - left - right, rows * row)
        ax.set_xlim(least, most)
        ax.set_ylim(rows * row, 0)
        ax.set_yticks([])
        places = ticks(least, most, 4 if sheet.narrow else 7)
        ax.set_xticks(places, sheet.fmt.axis(places, money=sheet.fmt.value_returns))
        ax.xaxis.tick_top()
        for place in places:
            ax.axvline(place, color=sheet.look["grid"], lw=1, zorder=0)
        if sheet.fmt.value_returns:
            ax.axvline(sheet.fmt.break_even, color=sheet.look["ink"], lw=1.2, zorder=1)
        for i, (name, line) in enumerate(table.iterrows()):
            middle = i * row + (42 if sheet.narrow else row / 2)
            colour = sheet.look.channel(str(name))
            gap = 8 if sheet.narrow else 9
            _interval(ax, sheet, middle - gap, _triple(line, "roas"), colour, solid=True)
            _interval(ax, sheet, middle + gap, _triple(line, "marginal_roas"), colour, solid=False)
            _values(sheet, top + i * row, row, sheet.fmt.label(str(name)), line)
        sheet.text(0, 8, _scale_title(sheet), color=sheet.look["soft"])

    fmt = pen.fmt
    lines = "; ".join(
        fmt.t(
            "{name} {average} on average ({ends}), {next} for the next {amount}",
            name=fmt.label(str(n)),
            average=fmt.ratio(Estimate(*_triple(r, "roas"))),
            ends=fmt.ratio_range(Estimate(*_triple(r, "roas"))),
            next=fmt.ratio(Estimate(*_triple(r, "marginal_roas"))),
            amount=fmt.next_amount,
        )
        for n, r in table.iterrows()
    )
    return draw(
        "returns", fmt.t("Return by channel: {lines}.", lines=lines), pen, paint, (rows * 52 + 48, rows * 66 + 48)
    )


def _reach(table: pd.DataFrame) -> float:
    """End of the scale: all estimates and nearly all intervals fit; a far outlier's interval is cut with an arrow."""
    uppers = table[["roas_upper", "marginal_roas_upper"]].to_numpy(dtype=float)
    means = table[["roas", "marginal_roas"]].to_numpy(dtype=float)
    uppers, means = uppers[np.isfinite(uppers)], means[np.isfinite(means)]
    if not len(uppers):
        return 1.0
    reach = min(float(uppers.max()), 3.0 * float(np.quantile(uppers, 0.6)))
    return 1.06 * max(reach, float(means.max()) * 1.1, 1.05)


def _triple(line: pd.Series, name: str) -> tuple[float, float, float]:
    return float(line[name]), float(line[f"{name}_lower"]), float(line[f"{name}_upper"])


def _interval(
    ax: Axes, sheet: Sheet, y: float, triple: tuple[float, float, float], colour: str, *, solid: bool
) -> None:
    """One estimate with its interval: filled dot for the average, open dot for the next unit of money."""
    mean, lower, upper = triple
    if not np.isfinite(mean):
        return
    edge = ax.get_xlim()[1]
    width, alpha = (5, 0.45) if solid else (2, 0.9)
    ax.plot([lower, min(upper, edge)], [y, y], color=colour, lw=width, alpha=alpha, solid_capstyle="butt", zorder=2)
    if upper > edge:
        ax.plot(edge, y, ">", color=colour, ms=6, clip_on=False, zorder=3)
    face = colour if solid else sheet.look["paper"]
    ax.plot(min(mean, edge), y, "o", ms=9, mfc=face, mec=colour, mew=2, zorder=3)


def _values(sheet: Sheet, top: float, row: float, label: str, line: pd.Series) -> None:
    fmt = sheet.fmt
    texts = []
    words = (
        (fmt.t("avg"), fmt.t("next"))
        if sheet.narrow
        else (fmt.t("average"), fmt.t("next {amount}", amount=fmt.next_amount))
    )
    for word, name in zip(words, ("roas", "marginal_roas"), strict=True):
        value = Estimate(*_triple(line, name))
        texts.append((word, fmt.ratio(value), fmt.ratio_range(value)))
    if sheet.narrow:
        sheet.text(12, top + 14, fitted(label, 118, 12, 600), weight=600, bbox=sheet.clear)
        both = "   ".join(f"{w} {m} ({r})" for w, m, r in texts)
        sheet.text(
            sheet.width - 14, top + 14, both, ha="right", fontsize=10.5, color=sheet.look["soft"], bbox=sheet.clear
        )
        return
    sheet.text(0, top + row / 2, fitted(label, 138, 13, 600), fontsize=13, weight=600)
    for (word, centre, ends), shift in zip(texts, (-9, 9), strict=True):
        y = top + row / 2 + shift
        sheet.text(sheet.width - 176, y, word, fontsize=11, color=sheet.look["faint"])
        sheet.text(sheet.width - 76, y, centre, ha="right", weight=600)
        sheet.text(sheet.width, y, ends, ha="right", fontsize=11, color=sheet.look["faint"])


def _scale_title(sheet: Sheet) -> str:
    if sheet.fmt.value_returns:
        title = sheet.fmt.t("Return per {amount}", amount=sheet.fmt.next_amount)
        if sheet.narrow:
            return title
        if not sheet.fmt.margin_known:
            return sheet.fmt.t("{title}; at the line it brings in what it costs", title=title)
        return sheet.fmt.t("{title}; the line marks break-even", title=title)
    unit = sheet.fmt.outcome_unit
    return sheet.fmt.t("{unit} won per {amount}", unit=unit[:1].upper() + unit[1:], amount=sheet.fmt.next_amount)


def response_curves(curves: pd.DataFrame, channels: pd.DataFrame, pen: Pen) -> Drawing:
    """One small chart a channel: outcome won per period by spend, observed range shaded, today marked.

    ``curves``: columns ``channel``, ``spend``, ``effect``, ``effect_lower``, ``effect_upper``, ``observed``.
    ``channels``: index channel, columns ``today``, ``observed_max``.
    """
    names = [str(n) for n in channels.index]

    def paint(sheet: Sheet) -> None:
        columns = _columns(len(names), narrow=sheet.narrow)
        gap = 8 if sheet.narrow else 26
        width = (sheet.width - gap * (columns - 1)) / columns
        for i, name in enumerate(names):
            x, y = (i % columns) * (width + gap), (i // columns) * _CURVE_HEIGHT
            line = pd.Series(channels.loc[name])
            _curve(sheet, (x, y, width), name, curves[curves["channel"] == name], line)

    fmt = pen.fmt
    today = "; ".join(f"{fmt.label(str(n))} {fmt.money(float(c['today']))}" for n, c in channels.iterrows())
    alt = fmt.t(
        "Outcome won per period by spend per period, one curve a channel. Spend per period today: {today}.", today=today
    )
    heights = [_CURVE_HEIGHT * -(-len(names) // _columns(len(names), narrow=narrow)) for narrow in (False, True)]
    return draw("curves", alt, pen, paint, (heights[0], heights[1]))


_CURVE_HEIGHT = 226


def _columns(count: int, *, narrow: bool) -> int:
    return 2 if narrow else min(3, max(2, count))


def _curve(sheet: Sheet, place: tuple[float, float, float], name: str, curve: pd.DataFrame, line: pd.Series) -> None:
    x0, y0, width = place
    left = 44 if sheet.narrow else 50
    ax = sheet.axes(x0 + left, y0 + 30, width - left - (12 if sheet.narrow else 20), 148)
    colour = sheet.look.channel(name)
    x = curve["spend"].to_numpy(dtype=float)
    seen = min(float(line["observed_max"]), float(x.max()))
    ax.set_xlim(0, float(x.max()) or 1.0)
    low, high = min(0.0, float(curve["effect_lower"].min())), max(0.0, float(curve["effect_upper"].max()))
    ax.set_ylim(low * 1.05, high * 1.05 or (0.0 if low else 1.0))
    ax.axvspan(0, seen, color=sheet.look["wash"], lw=0, zorder=0)
    ax.fill_between(x, curve["effect_lower"], curve["effect_upper"], color=colour, alpha=0.18, lw=0, zorder=1)
    effect = curve["effect"].to_numpy(dtype=float)
    inside = x <= seen
    ax.plot(x[inside], effect[inside], color=colour, lw=2.4, zorder=2)
    outside = ~inside
    if outside.any():
        start = int(np.argmax(outside))
        ax.plot(x[max(start - 1, 0) :], effect[max(start - 1, 0) :], color=colour, lw=2, ls=(0, (2, 2)), zorder=2)
    today = float(line["today"])
    level = float(np.interp(today, x, effect))
    ax.plot([today, today], [0, level], color=sheet.look["ink"], lw=1, zorder=3)
    ax.plot(today, level, "o", ms=8, color=sheet.look["ink"], mec=sheet.look["paper"], zorder=4)
    rows, columns = ticks(*ax.get_ylim(), 3), ticks(*ax.get_xlim(), 2 if sheet.narrow else 3)
    ax.set_yticks(rows, sheet.fmt.axis(rows, money=sheet.fmt.money_outcome))
    ax.set_xticks(columns, sheet.fmt.axis(columns, money=True))
    for value in rows:
        ax.axhline(value, color=sheet.look["grid"], lw=1, zorder=0.5)
    sheet.swatch(x0, y0 + 12, colour)
    sheet.text(x0 + 16, y0 + 12, fitted(sheet.fmt.label(name), width - 26, 13, 600), fontsize=13, weight=600)
    _today(sheet, ax, (today, level), today > 0.55 * float(x.max()))
    if seen < 0.93 * float(x.max()):
        ax.text(
            float(x.max()),
            ax.get_ylim()[1] * 0.03,
            sheet.fmt.t("not seen yet"),
            ha="right",
            fontsize=10,
            color=sheet.look["faint"],
        )


def _today(sheet: Sheet, ax: Axes, at: tuple[float, float], right: bool) -> None:
    """Says beside the dot at today's spend what that is."""
    # Below the curve there is room, unless the dot is near the axis.
    above = right or at[1] < 0.25 * ax.get_ylim()[1]
    ax.annotate(
        f"{sheet.fmt.t('today')} {sheet.fmt.money(at[0], short=True)}",
        at,
        xytext=(-6 if right else 7, 9 if above else -14),
        textcoords="offset points",
        ha="right" if right else "left",
        fontsize=11,
        color=sheet.look["ink"],
        bbox=sheet.clear,
    )


def before_after(beliefs: Sequence[PriorPosterior], title: str, pen: Pen) -> Drawing:
    """Prior against posterior on a logarithmic scale; intervals as (centre, lower, upper)."""
    rows = len(beliefs)
    ends = np.array([[*b.before[1:], *b.after[1:]] for b in beliefs], dtype=float)
    low, high = float(ends.min()) / 1.15, float(ends.max()) * 1.15

    def paint(sheet: Sheet) -> None:
        row = 48 if sheet.narrow else 38
        left, right, top = (12, 14, 40) if sheet.narrow else (150, 150, 40)
        ax = sheet.axes(left, top, sheet.width - left - right, rows * row)
        ax.set_xscale("log")
        ax.set_xlim(low, high)
        ax.set_ylim(rows * row, 0)
        ax.set_yticks([])
        places = [v for v in _LOG_TICKS if low <= v <= high]
        ax.set_xticks(places, [sheet.fmt.number(v, max(0, -int(np.floor(np.log10(v))))) for v in places])
        ax.set_xticks([], minor=True)
        ax.xaxis.tick_top()
        for place in places:
            ax.axvline(place, color=sheet.look["grid"], lw=1, zorder=0)
        for i, belief in enumerate(beliefs):
            y = i * row + (30 if sheet.narrow else row / 2)
            _, lower, upper = belief.before
            ax.plot([lower, upper], [y, y], color=sheet.look["base"], lw=12, solid_capstyle="butt", zorder=1)
            colour = sheet.look.channel(belief.name)
            mean, lower, upper = belief.after
            ax.plot([lower, upper], [y, y], color=colour, lw=4, solid_capstyle="butt", zorder=2)
            ax.plot(mean, y, "o", ms=9, color=colour, mec=sheet.look["paper"], zorder=3)
            _belief_text(sheet, belief, top + i * row, row, first=i == 0)
        sheet.text(0, 8, title, color=sheet.look["soft"])

    fmt = pen.fmt
    lines = "; ".join(
        fmt.t(
            "{name} {before} before, {after} after",
            name=fmt.label(b.name),
            before=fmt.ratio_range(b.before[1], b.before[2]),
            after=fmt.ratio_range(Estimate(*b.after)),
        )
        for b in beliefs
    )
    alt = fmt.t("{title}, before and after the data: {lines}.", title=title, lines=lines)
    return draw("before-after", alt, pen, paint, (rows * 38 + 48, rows * 48 + 48))


_LOG_TICKS = tuple(base * 10.0**power for power in range(-5, 6) for base in (1, 3))


def _belief_text(sheet: Sheet, belief: PriorPosterior, top: float, row: float, *, first: bool) -> None:
    label = sheet.fmt.label(belief.name)
    before = sheet.fmt.ratio_range(belief.before[1], belief.before[2])
    after = sheet.fmt.ratio_range(Estimate(*belief.after))
    t = sheet.fmt.t
    words = (t("before") + " ", t("after") + " ") if first or sheet.narrow else ("", "")
    if sheet.narrow:
        sheet.text(12, top + 11, fitted(label, 120, 12, 600), weight=600)
        text = f"{words[0]}{before}, {words[1]}{after}"
        sheet.text(sheet.width - 14, top + 11, text, ha="right", fontsize=10.5, color=sheet.look["soft"])
        return
    sheet.text(0, top + row / 2, fitted(label, 138, 13, 600), fontsize=13, weight=600)
    sheet.text(sheet.width, top + row / 2 - 8, words[0] + before, ha="right", fontsize=11, color=sheet.look["faint"])
    sheet.text(sheet.width, top + row / 2 + 8, words[1] + after, ha="right", fontsize=11, weight=600)
