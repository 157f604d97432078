"""Figures of a panel, before any model."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.plot.canvas import painted, painted_once
from mmm.reporting.design.look import make_look
from mmm.reporting.figures import observed
from mmm.reporting.figures.sheet import Pen
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.labels import readable
from mmm.settings.report import ReportSettings
from mmm.suggest import suggestion


def outcome(dataset: Dataset, *, geos: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """The outcome by period, summed over geos or over some of them. Raises DataError for a geo that is not there."""
    for name in geos or ():
        if name not in dataset.geos:
            raise DataError(f"mmm.plot.outcome: the data have no geo '{name}'. {suggestion(name, dataset.geos)}")
    return painted_once(observed.outcome_over_time(dataset, _pen(dataset), geos), ax)


def spend(dataset: Dataset, *, ax: Axes | None = None) -> list[Axes]:
    """Spend by period, one pair of axes a channel, summed over geos."""
    return painted(observed.spend_over_time(dataset, _pen(dataset)), ax)


def _pen(dataset: Dataset) -> Pen:
    fmt = Formatter(
        currency=dataset.currency,
        outcome_unit=dataset.outcome_unit,
        money_outcome=dataset.outcome_kind != "kpi",
        period=dataset.frequency.unit,
        value_returns=dataset.has_value,
        labels=readable([*dataset.channels, *dataset.geos, *dataset.controls], {}),
    )
    return Pen(make_look(ReportSettings(), dataset.channels), fmt)
