"""Figures and tables for the teaching notebooks, in the report's own style."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.data.dataset import Dataset
from mmm.model.mixture import Beliefs, Mixture
from mmm.planning import Plan
from mmm.planning.curve import budget_curve
from mmm.reporting.content.from_fit import outcome_words
from mmm.reporting.content.from_plan import decision_of
from mmm.reporting.design.look import make_look
from mmm.reporting.figures.drivers import date_axis
from mmm.reporting.figures.sheet import Drawn, Pen, Sheet, draw, ticks
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.labels import readable
from mmm.reporting.sentences.page_one import Teller
from mmm.settings import Settings, load_dataset, load_evidence, load_settings


@dataclass(frozen=True)
class Lab:
    """One analysis on the bench: its settings, its data, and the pen that draws them."""

    settings: Settings
    dataset: Dataset
    pen: Pen

    def mixture(self) -> Mixture:
        """The models to fit, told of the experiments of the settings: those of ``mmm fit`` and ``mmm report``."""
        return Beliefs(self.settings.model, load_evidence(self.settings, self.dataset)).mixture(self.dataset)

    def headline(self, plan: Plan) -> str:
        """The recommendation in the report's words."""
        teller = Teller(
            decision_of(plan, budget_curve(plan), self.pen.fmt),
            self.pen.fmt,
            outcome_words(self.dataset, self.pen.fmt)[1],
        )
        head = teller.headline()
        return f"{head.lead} {head.sentence}"


def open_lab(config: str | Path, overrides: Mapping[str, Any] | None = None) -> Lab:
    """Settings and data of an analysis; ``overrides`` are settings by dotted key."""
    settings = load_settings(config, overrides)
    dataset = load_dataset(settings)
    labels = readable([*dataset.channels, *dataset.geos, *dataset.controls], settings.report.labels)
    fmt = Formatter(
        currency=dataset.currency,
        outcome_unit=dataset.outcome_unit,
        money_outcome=dataset.has_value,
        numbers=settings.report.number_format,
        dates=settings.report.date_format,
        period=dataset.frequency.unit,
        value_returns=dataset.has_value,
        labels=labels,
        language=settings.report.language,
    )
    return Lab(settings, dataset, Pen(make_look(settings.report, dataset.channels), fmt))


def outcome_over_time(lab: Lab, geos: Sequence[str] | None = None) -> Drawn:
    """The outcome by period, summed over geos or for some of them."""
    wanted = list(geos or lab.dataset.geos)
    values = lab.dataset.data["outcome"].sel(geo=wanted).sum("geo", min_count=1).values
    return _lines("outcome", {lab.dataset.outcome_name: values}, lab, 240)


def spend_over_time(lab: Lab) -> Drawn:
    """Spend by period, one small chart a channel, summed over geos."""
    spend = lab.dataset.data["spend"].sum("geo").values
    return _lines("spend", {name: spend[:, c] for c, name in enumerate(lab.dataset.channels)}, lab, 110)


def _lines(name: str, series: Mapping[str, np.ndarray], lab: Lab, height: int) -> Drawn:
    dates = lab.dataset.dates

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
    return draw(name, f"{name} by {lab.pen.fmt.period}", lab.pen, paint, (size, size))


def correlations(dataset: Dataset) -> pd.DataFrame:
    """Correlations of spend between channels over all periods and geos, and with the outcome."""
    data = dataset.data
    columns = {name: data["spend"].sel(channel=name).values.ravel() for name in dataset.channels}
    columns[dataset.outcome_name] = data["outcome"].values.ravel()
    return pd.DataFrame(columns).corr().round(2)
