"""Figure of the ledger: what each settled plan promised, and what it brought."""

from collections.abc import Sequence

from mmm.register.ledger import Settlement
from mmm.reporting.figures.sheet import Drawn, Pen, Sheet, draw, ticks
from mmm.reporting.notation.estimate import Estimate

_ROW = 62


def promises(known: Sequence[Settlement], pen: Pen) -> Drawn:
    """Two 90% intervals a plan: promised, and brought."""
    rows = [((one.promise.lower, one.promise.mean, one.promise.upper), _ends(one)) for one in known]
    every = [v for row in rows for ends in row for v in ends]
    low, high = min(0.0, *every), max(0.0, *every)
    pad = 0.05 * (high - low) or 1.0

    def paint(sheet: Sheet) -> None:
        left = 12 if sheet.narrow else 260
        extra = 20 if sheet.narrow else 0
        step = _ROW + extra
        ax = sheet.axes(left, 46, sheet.width - left - 20, len(rows) * step)
        ax.set_xlim(low - (pad if low < 0 else 0.0), high + pad)
        ax.set_ylim(len(rows) * step, 0)
        ax.set_yticks([])
        places = ticks(*ax.get_xlim(), 3 if sheet.narrow else 6)
        ax.set_xticks(places, sheet.fmt.axis(places, money=True))
        ax.xaxis.tick_top()
        for x in places:
            ax.axvline(x, color=sheet.look["grid"], lw=1, zorder=0)
        ax.axvline(0.0, color=sheet.look["soft"], lw=1, zorder=1)
        for i, (one, row) in enumerate(zip(known, rows, strict=True)):
            for k, (lower, mean, upper) in enumerate(row):
                y, colour = i * step + extra + 16 + 22 * k, sheet.look[("today", "accent")[k]]
                ax.plot([lower, upper], [y, y], color=colour, lw=4, solid_capstyle="butt", zorder=2)
                ax.plot(mean, y, "o", ms=8, color=colour, mec=sheet.look["paper"], zorder=3)
            # On a narrow sheet the name stands above its intervals, where grid lines would run through it.
            behind = {"backgroundcolor": sheet.look["paper"]} if sheet.narrow else {}
            place = 46 + i * step + (12 if sheet.narrow else 28)
            sheet.text(0, place, f"{one.plan}: {one.first} to {one.last}", **behind)
        what = "Gain: promised (grey), brought"
        if not sheet.narrow:
            what = "Gain over the reference plan: promised (grey) and brought"
        sheet.text(0, 8, f"{what} ({known[0].promise.unit})", color=sheet.look["soft"])

    alt = "; ".join(
        f"{one.plan} promised {pen.fmt.money(_estimate(row[0]), short=True)} and brought "
        f"{pen.fmt.money(_estimate(row[1]), short=True)}"
        for one, row in zip(known, rows, strict=True)
    )
    heights = (len(rows) * _ROW + 60, len(rows) * (_ROW + 20) + 60)
    return draw("ledger", f"Settled plans: {alt}.", pen, paint, heights)


def _ends(one: Settlement) -> tuple[float, float, float]:
    return one.settled.lower, one.settled.mean, one.settled.upper


def _estimate(ends: tuple[float, float, float]) -> Estimate:
    return Estimate(ends[1], ends[0], ends[2])
