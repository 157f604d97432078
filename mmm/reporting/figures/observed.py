"""Figures of what was observed, before any model: outcome and spend by period."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mmm.data.dataset import Dataset
from mmm.reporting.figures.drivers import date_axis
from mmm.reporting.figures.sheet import Drawing, Pen, Sheet, draw, ticks


def outcome_over_time(dataset: Dataset, pen: Pen, geos: Sequence[str] | None = None) -> Drawing:
    """The outcome by period, summed over geos or over some of them."""
    values = dataset.data["outcome"].sel(geo=list(geos or dataset.geos)).sum("geo", min_count=1).values
    return _lines("outcome", {dataset.outcome_name: values}, dataset.dates, pen, 240)


def spend_over_time(dataset: Dataset, pen: Pen) -> Drawing:
    """Spend by period, one small chart a channel, summed over geos."""
    money = dataset.with_channels(dataset.paid)
    spend = money.data["spend"].sum("geo").values
    return _lines("spend", {n: spend[:, c] for c, n in enumerate(money.channels)}, dataset.dates, pen, 110)


def _lines(name: str, series: Mapping[str, np.ndarray], dates: pd.DatetimeIndex, pen: Pen, height: int) -> Drawing:
    def paint(sheet: Sheet) -> None:
        for i, (title, values) in enumerate(series.items()):
            top = i * height
            ax = sheet.axes(60, top + 24, sheet.width - 74, height - 50)
            colour = sheet.look.channel(title) if title in sheet.look.channels else sheet.look["accent"]
            ax.fill_between(dates.to_numpy(), values, color=colour, alpha=0.25, lw=0)
            ax.plot(dates.to_numpy(), values, color=colour, lw=1.6)
            ax.set_xlim(dates.to_numpy()[0], dates.to_numpy()[-1])
            ax.set_ylim(0, float(np.nanmax(values)) * 1.08 or 1.0)
            places = ticks(*ax.get_ylim(), 3)
            ax.set_yticks(places, sheet.fmt.axis(places, money=title in sheet.look.channels or sheet.fmt.money_outcome))
            date_axis(ax, sheet, dates)
            sheet.text(0, top + 10, sheet.fmt.label(title), weight=600)

    size = height * len(series)
    return draw(name, f"{name} by {pen.fmt.period}", pen, paint, (size, size))
