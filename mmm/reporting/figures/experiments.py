"""Figure of experiments: what each measured, beside what the model says with and without it."""

from collections.abc import Sequence

from mmm.assessment.agreement import Agreement
from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, returns_axis
from mmm.reporting.languages.words import mark

_ROW = 74
_NARROW_ROW = 128
_STEP, _NARROW_STEP = 22, 34
"""From bar to bar; on a narrow sheet each has its name above it."""


def experiments(found: Sequence[Agreement], pen: Pen) -> Drawing:
    """Returns on the money at stake: three intervals an experiment, all 90%."""
    base = pen.fmt.return_base
    bars = [[tuple(base * v for v in ends) for _, ends in _intervals(a)] for a in found]
    every = [v for rows in bars for ends in rows for v in ends]
    low, high = min(0.0, *every), max(0.0, *every)
    pad = 0.04 * (high - low) or 1.0

    def paint(sheet: Sheet) -> None:
        left, top = (12, 34) if sheet.narrow else (260, 34)
        row, first, step = (_NARROW_ROW, 42, _NARROW_STEP) if sheet.narrow else (_ROW, 14, _STEP)
        box = (left, top, sheet.width - left - 14, len(found) * row)
        limits = (low - (pad if low < 0 else 0.0), high + pad)
        ax = returns_axis(sheet, box, limits, 4 if sheet.narrow else 7)
        for i, agreement in enumerate(found):
            colour = sheet.look.channel(agreement.experiment.channel)
            colours = (sheet.look["ink"], sheet.look["base"], colour)
            for k, (lower, middle, upper) in enumerate(bars[i]):
                y = i * row + first + step * k
                ax.plot([lower, upper], [y, y], color=colours[k], lw=4, solid_capstyle="butt", zorder=2)
                ax.plot(middle, y, "o", ms=8, color=colours[k], mec=sheet.look["paper"], zorder=3)
            _names(sheet, agreement, bars[i], top + i * row, (first, step))
        sheet.text(
            0, 8, sheet.fmt.t("Return per {amount} at stake", amount=sheet.fmt.next_amount), color=sheet.look["soft"]
        )

    fmt = pen.fmt
    lines = "; ".join(
        fmt.t(
            "{name} measured {measured}, the model says {without} without and {with_it} with it",
            name=a.experiment.name,
            measured=fmt.returned_range(rows[0][0], rows[0][2]),
            without=fmt.returned_range(rows[1][0], rows[1][2]),
            with_it=fmt.returned_range(rows[2][0], rows[2][2]),
        )
        for a, rows in zip(found, bars, strict=True)
    )
    alt = fmt.t("Experiments beside the model: {lines}.", lines=lines)
    heights = (len(found) * _ROW + 44, len(found) * _NARROW_ROW + 44)
    return draw("experiments", alt, pen, paint, heights)


def _intervals(agreement: Agreement) -> list[tuple[str, tuple[float, float, float]]]:
    """Rows of an experiment, top to bottom, with (lower, middle, upper) per unit of money."""
    lower, upper = agreement.interval
    views = [(mark("without it"), agreement.untold), (mark("with it"), agreement.told)]
    return [(mark("the test"), (lower, agreement.measured, upper))] + [
        (label, (view.lower, view.median, view.upper)) for label, view in views
    ]


def _names(
    sheet: Sheet, agreement: Agreement, bars: Sequence[tuple[float, ...]], top: float, bar: tuple[int, int]
) -> None:
    """The test's name and those of its bars, of which the first lies ``bar[0]`` below ``top``, the next ``bar[1]``."""
    name, (first, step) = agreement.experiment.name, bar
    if sheet.narrow:
        sheet.text(12, top + 10, fitted(name, sheet.width - 26, 12, 600), weight=600)
    else:
        sheet.text(0, top + 14, fitted(name, 132, 13, 600), fontsize=13, weight=600)
        channel = fitted(sheet.fmt.label(agreement.experiment.channel), 132, 11)
        sheet.text(0, top + 33, channel, color=sheet.look["soft"])
    for k, (label, _) in enumerate(_intervals(agreement)):
        text, weight = f"{sheet.fmt.t(label)} {sheet.fmt.ratio(bars[k][1])}", 600 if k == 2 else 400
        if sheet.narrow:
            sheet.text(12, top + first + step * k - 13, text, fontsize=11, weight=weight)
        else:
            sheet.text(250, top + first + step * k, text, ha="right", fontsize=11, weight=weight)
