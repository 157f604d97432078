"""Figures of the alternatives: scenarios against today's plan, and what knowing each channel's curve is worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, fitted, ticks
from mmm.reporting.notation.estimate import Estimate

_ROW = 40
_ROW_NARROW = 50
_TOP = 34


@dataclass(frozen=True)
class Option:
    """A named plan with its difference to today's; ``chosen`` marks the recommended one."""

    name: str
    gain: Estimate
    chosen: bool = False


def scenario_gains(options: Sequence[Option], title: str, pen: Pen) -> Drawing:
    """Each plan's difference to today's with its 90% interval, on one scale with a line at zero."""
    ends = [value for option in options for value in option.gain]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.06 * (high - low) or 1.0

    def paint(sheet: Sheet) -> None:
        row = _ROW_NARROW if sheet.narrow else _ROW
        left, right = (12, 14) if sheet.narrow else (210, 130)
        ax = sheet.axes(left, _TOP, sheet.width - left - right, len(options) * row)
        ax.set_xlim(low - room, high + room)
        ax.set_ylim(len(options) * row, 0)
        ax.set_yticks([])
        places = ticks(low - room, high + room, 3 if sheet.narrow else 5)
        ax.set_xticks(places, sheet.fmt.axis(places, money=sheet.fmt.money_outcome, sign=True))
        ax.xaxis.tick_top()
        for place in places:
            ax.axvline(place, color=sheet.look["grid"], lw=1, zorder=0)
        ax.axvline(0, color=sheet.look["ink"], lw=1.2, zorder=1)
        for i, option in enumerate(options):
            y = i * row + (34 if sheet.narrow else row / 2)
            colour = sheet.look["accent" if option.chosen else "soft"]
            ax.plot([option.gain.lower, option.gain.upper], [y, y], color=colour, lw=5, alpha=0.45, zorder=2)
            ax.plot(option.gain.mean, y, "o", ms=10, color=colour, mec=sheet.look["paper"], zorder=3)
            _words(sheet, option, _TOP + (i * row + 13 if sheet.narrow else y))
        sheet.text(0, 8, title, color=sheet.look["soft"])

    alt = f"{title}: " + "; ".join(
        f"{option.name} {pen.fmt.outcome(option.gain, sign=True)} ({pen.fmt.outcome_range(option.gain)})"
        for option in options
    )
    heights = (len(options) * _ROW + _TOP + 8, len(options) * _ROW_NARROW + _TOP + 8)
    return draw("scenarios", alt + ".", pen, paint, heights)


def _words(sheet: Sheet, option: Option, y: float) -> None:
    """The plan's name on the left, its mean on the right."""
    size, weight = (12, 600) if sheet.narrow else (13, 600 if option.chosen else 400)
    room = sheet.width - 140 if sheet.narrow else 196
    style = {"bbox": sheet.clear} if sheet.narrow else {}
    name = fitted(option.name, room, size, weight)
    sheet.text(12 if sheet.narrow else 0, y, name, fontsize=size, weight=weight, **style)
    end = sheet.width - (14 if sheet.narrow else 0)
    sheet.text(end, y, sheet.fmt.outcome(option.gain, sign=True, short=True), ha="right", weight=600, **style)


def information_bars(information: pd.DataFrame, title: str, pen: Pen) -> Drawing:
    """What knowing each channel's curve exactly is worth to the decision. ``information``: index channel, ``value``."""
    most = float(information["value"].max()) or 1.0
    names = [str(name) for name in information.index]

    def paint(sheet: Sheet) -> None:
        row = 42 if sheet.narrow else 30
        left, right = (12, 14) if sheet.narrow else (150, 110)
        ax = sheet.axes(left, _TOP, sheet.width - left - right, len(names) * row)
        ax.set_xlim(0, 1.04 * most)
        ax.set_ylim(len(names) * row, 0)
        ax.set_yticks([])
        places = ticks(0, most, 3 if sheet.narrow else 5)
        ax.set_xticks(places, sheet.fmt.axis(places, money=sheet.fmt.money_outcome))
        ax.xaxis.tick_top()
        for place in places:
            ax.axvline(place, color=sheet.look["grid"], lw=1, zorder=0)
        for i, name in enumerate(names):
            y = i * row + (30 if sheet.narrow else row / 2)
            value = float(information["value"].iloc[i])
            ax.barh(y, value, height=12, color=sheet.look.channel(name), lw=0, zorder=2)
            at = _TOP + (i * row + 13 if sheet.narrow else y)
            label = fitted(sheet.fmt.label(name), 200 if sheet.narrow else 138, 13)
            sheet.text(12 if sheet.narrow else 0, at, label, fontsize=13)
            end = sheet.width - (14 if sheet.narrow else 0)
            sheet.text(end, at, sheet.fmt.outcome(value, short=True), ha="right", weight=600)
        sheet.text(0, 8, title, color=sheet.look["soft"])

    alt = f"{title}: " + "; ".join(
        f"{pen.fmt.label(name)} {pen.fmt.outcome(float(value))}"
        for name, value in zip(names, information["value"], strict=True)
    )
    return draw("information", alt + ".", pen, paint, (len(names) * 30 + _TOP + 8, len(names) * 42 + _TOP + 8))
