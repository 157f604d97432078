"""What a regional test is read from: the outcome by date and region, with the channel's spend where it is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.experiments.estimators import Question
from mmm.experiments.simplex import Bools


@dataclass(frozen=True)
class GeoPanel:
    """Outcome [t, g] and, for one channel, spend [t, g], without gaps; ``days`` is the length of a period.

    Raises DataError for values that are missing, and for dates that do not follow one another evenly.
    """

    dates: pd.DatetimeIndex
    regions: tuple[str, ...]
    outcome: Floats
    spend: Floats | None
    days: int
    source: str = "the panel"

    def __post_init__(self) -> None:
        for what, values in (("outcome", self.outcome), ("spend", self.spend)):
            if values is None:
                continue
            if values.shape != (len(self.dates), len(self.regions)):
                shape = len(self.dates), len(self.regions)
                raise DataError(f"{self.source}: {what} has shape {values.shape}; the rule is {shape}.")
            gaps = np.argwhere(~np.isfinite(values))
            if len(gaps):
                t, g = gaps[0]
                raise DataError(
                    f"{self.source} has no {what} for '{self.regions[g]}' on {self.dates[t]:%Y-%m-%d} and "
                    f"{len(gaps) - 1} "
                    "more; estimators compare whole series. Give the missing rows, or leave the region out (excluded)."
                )
        steps = np.unique(np.diff(self.dates).astype("timedelta64[D]").astype(int))
        if len(self.dates) < 2 or list(steps) != [self.days]:
            raise DataError(
                f"{self.source}: dates are {', '.join(str(s) for s in steps[:5])} days apart; a test is read from "
                "days or "
                "weeks that follow one another. Give the missing dates, or sum the days to weeks."
            )

    @property
    def unit(self) -> str:
        return "week" if self.days == 7 else "day"

    def without(self, names: Sequence[str]) -> "GeoPanel":
        """The panel without some regions."""
        keep = [i for i, name in enumerate(self.regions) if name not in set(names)]
        spend = None if self.spend is None else self.spend[:, keep]
        kept = tuple(self.regions[i] for i in keep)
        return GeoPanel(self.dates, kept, self.outcome[:, keep], spend, self.days, self.source)

    def mask(self, names: Sequence[str]) -> Bools:
        """Which regions are among ``names``, [g]."""
        return np.isin(np.array(self.regions, dtype=object), list(names))


def panel_of(dataset: Dataset, channel: str | None = None) -> GeoPanel:
    """The analysis' own panel as a test's, with the spend of ``channel`` where one is named.

    Raises DataError for a region that was not observed all the time, and where outcomes are not of single periods.
    """
    require_single_periods(dataset)
    return GeoPanel(
        dates=dataset.dates,
        regions=dataset.geos,
        outcome=np.where(dataset.data["observed"].values, dataset.data["outcome"].values, np.nan),
        spend=None if channel is None else dataset.data["spend"].sel(channel=channel).values.astype(float),
        days=dataset.frequency.days,
        source="the analysis' data",
    )


def require_single_periods(dataset: Dataset) -> None:
    """Raise DataError where an outcome row covers several periods, as of a month: tests are told from single ones."""
    if dataset.coarse:
        raise DataError(
            "Tests are designed on and read from outcomes by week or day, and an outcome row of the "
            "analysis' data covers several periods. Give a test a panel of its own (desk.readouts.panel), or the "
            "analysis outcomes by week or day."
        )


@dataclass(frozen=True)
class Span:
    """Rows of a panel: what is looked back on from ``first``, and what is read from ``start`` to ``stop``
    (excluded)."""

    first: int
    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Posed:
    """Questions about groups of regions in one span; a unit of effect is worth ``factor[b]`` of the outcome."""

    question: Question
    factor: Floats


def pose(outcome: Floats, span: Span, groups: Bools, donors: Bools, *, index: bool) -> Posed:
    """What groups ``groups[b, g]`` would have done after ``span.start``, had nothing happened.

    With ``index`` every region counts relative to its own mean before the test and a group is the mean of its regions
    by size; else regions count as they are, and a group is their plain mean. ``factor`` turns the effect of a period
    into outcome of the whole group.
    """
    rows = outcome[span.first : span.stop]
    before = span.start - span.first
    size = rows[:before].mean(axis=0)
    chosen = groups.astype(float)
    count = chosen.sum(axis=1)
    if index:
        rows = rows / size
        chosen = chosen * size
    shares = chosen / chosen.sum(axis=1, keepdims=True)
    factor = chosen.sum(axis=1) if index else count
    return Posed(Question(shares @ rows.T, rows, donors & ~groups, before, size, count), factor)


def require_sizes(panel: GeoPanel, rows: slice) -> None:
    """Raise DataError for a region without outcome in ``rows``, whose index would be nothing."""
    mean = panel.outcome[rows].mean(axis=0)
    empty = [name for name, value in zip(panel.regions, mean, strict=True) if not value > 0]
    if empty:
        raise DataError(
            f"{panel.source}: the outcome of '{empty[0]}' is {mean[panel.regions.index(empty[0])]:g} on average before "
            "the test, so nothing can be told relative to it. Leave the region out (excluded), or set scale: level."
        )


Rows = npt.NDArray[np.intp]
