"""Figure of experiments: what each measured, beside what the model says with and without it."""

from collections.abc import Sequence

from mmm.assessment.agreement import Agreement
from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, returns_axis
from mmm.reporting.languages.words import mark

_ROW = 74


def experiments(found: Sequence[Agreement], pen: Pen) -> Drawing:
    """Returns on the money at stake: three intervals an experiment, all 90%."""
    base = pen.fmt.return_base
    bars = [[tuple(base * v for v in ends) for _, ends in _intervals(a)] for a in found]
    every = [v for rows in bars for ends in rows for v in ends]
    low, high = min(0.0, *every), max(0.0, *every)
    pad = 0.04 * (high - low) or 1.0

    def paint(sheet: Sheet) -> None:
        left, top = (12, 34) if sheet.narrow else (260, 34)
        extra = 22 if sheet.narrow else 0
        row = _ROW + extra
        box = (left, top, sheet.width - left - 14, len(found) * row)
        limits = (low - (pad if low < 0 else 0.0), high + pad)
        ax = returns_axis(sheet, box, limits, 4 if sheet.narrow else 7)
        for i, agreement in enumerate(found):
            colour = sheet.look.channel(agreement.experiment.channel)
            colours = (sheet.look["ink"], sheet.look["base"], colour)
            for k, (lower, middle, upper) in enumerate(bars[i]):
                y = i * row + extra + 14 + 22 * k
                ax.plot([lower, upper], [y, y], color=colours[k], lw=4, solid_capstyle="butt", zorder=2)
                ax.plot(middle, y, "o", ms=8, color=colours[k], mec=sheet.look["paper"], zorder=3)
            _names(sheet, agreement, bars[i], top + i * row, extra)
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
    heights = (len(found) * _ROW + 44, len(found) * (_ROW + 22) + 44)
    return draw("experiments", alt, pen, paint, heights)


def _intervals(agreement: Agreement) -> list[tuple[str, tuple[float, float, float]]]:
    """Rows of an experiment, top to bottom, with (lower, middle, upper) per unit of money."""
    lower, upper = agreement.interval
    views = [(mark("without it"), agreement.untold), (mark("with it"), agreement.told)]
    return [(mark("the test"), (lower, agreement.measured, upper))] + [
        (label, (view.lower, view.median, view.upper)) for label, view in views
    ]


def _names(sheet: Sheet, agreement: Agreement, bars: Sequence[tuple[float, ...]], top: float, extra: float) -> None:
    name = agreement.experiment.name
    if sheet.narrow:
        sheet.text(12, top + 10, fitted(name, sheet.width - 26, 12, 600), weight=600)
        return
    sheet.text(0, top + 14, fitted(name, 132, 13, 600), fontsize=13, weight=600)
    sheet.text(0, top + 33, fitted(sheet.fmt.label(agreement.experiment.channel), 132, 11), color=sheet.look["soft"])
    for k, (label, _) in enumerate(_intervals(agreement)):
        text = f"{sheet.fmt.t(label)} {sheet.fmt.ratio(bars[k][1])}"
        sheet.text(250, top + extra + 14 + 22 * k, text, ha="right", fontsize=11, weight=600 if k == 2 else 400)
