"""Figure of models side by side: every channel's return under each."""

from mmm.assessment.comparison import Comparison
from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, returns_axis

_LINE, _HEAD, _GAP = 20, 22, 12
_TOP = 40
_ENDS = ("roas_lower", "roas", "roas_upper")


def returns_by_model(found: Comparison, pen: Pen) -> Drawing:
    """The return of every channel under every model, 90% intervals; models stand in the table's order."""
    base = pen.fmt.return_base
    models = [str(name) for name in found.table.index]
    channels = [str(name) for name in dict.fromkeys(found.returns["channel"])]
    rows = {
        (str(r["channel"]), str(r["model"])): tuple(
            base * float(r[end]) for end in ("roas_lower", "roas", "roas_upper")
        )
        for r in found.returns.to_dict("records")
    }
    low, high = min(0.0, *(ends[0] for ends in rows.values())), max(ends[2] for ends in rows.values())
    block = len(models) * _LINE + _GAP

    def paint(sheet: Sheet) -> None:
        left, head = (12, _HEAD + 14 * len(models)) if sheet.narrow else (300, 0)
        step = block + head if sheet.narrow else block
        box = (left, _TOP, sheet.width - left - 14, len(channels) * step)
        ax = returns_axis(sheet, box, (low, high + 0.04 * (high - low)), 4 if sheet.narrow else 6)
        for i, channel in enumerate(channels):
            colour = sheet.look.channel(channel)
            if sheet.narrow:
                sheet.text(12, _TOP + i * step + 8, sheet.fmt.label(channel), weight=600)
            else:
                sheet.text(0, _TOP + i * step + _LINE / 2, fitted(sheet.fmt.label(channel), 112, 12, 600), weight=600)
            for k, model in enumerate(models):
                if (channel, model) not in rows:
                    continue
                line = (_LINE + 14) if sheet.narrow else _LINE
                y = i * step + (_HEAD + 14 if sheet.narrow else 0) + k * line + _LINE / 2
                lower, mean, upper = rows[channel, model]
                ax.plot([lower, upper], [y, y], color=colour, lw=4, alpha=0.5, solid_capstyle="butt", zorder=2)
                ax.plot(mean, y, "o", ms=7, color=colour, mec=sheet.look["paper"], zorder=3)
                if sheet.narrow:
                    sheet.text(12, _TOP + y - 15, fitted(model, sheet.width - 30, 11), fontsize=11)
                else:
                    sheet.text(290, _TOP + y, fitted(model, 166, 11), fontsize=11, ha="right")
        what = sheet.fmt.t("Return per {amount} spent", amount=sheet.fmt.next_amount)
        sheet.text(0, 8, what, color=sheet.look["soft"])

    lines = "; ".join(f"{channel}: {_said(rows, channel, models, pen)}" for channel in channels)
    heights = (len(channels) * block + _TOP + 8, len(channels) * (block + _HEAD + 14 * len(models)) + _TOP + 8)
    return draw("models-returns", f"Returns by model, means: {lines}.", pen, paint, heights)


def _said(rows: dict[tuple[str, str], tuple[float, ...]], channel: str, models: list[str], pen: Pen) -> str:
    return ", ".join(f"{m} {pen.fmt.ratio(rows[channel, m][1])}" for m in models if (channel, m) in rows)
