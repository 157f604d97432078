"""Spend that follows the outcome, which makes demand look like an effect of the channel."""

from collections.abc import Iterator

import numpy as np

from mmm.data.dataset import Dataset
from mmm.data.quality.baseline import calendar_columns, days_of
from mmm.data.quality.report import Finding
from mmm.data.quality.tenfold import BoolArray, FloatArray
from mmm.data.settings import QualitySettings

_FEWEST_PERIODS = 52
_BEFORE = 0.5
"""Least correlation with the outcome before the spend, relative to the one asked of the same period."""
_SLACK = 0.1
_FLIGHTED = 0.2
"""A channel whose quartiles are further apart than this runs by a plan of flights, which follows no demand."""


def demand_findings(dataset: Dataset, settings: QualitySettings) -> Iterator[Finding]:
    """Channels whose spend goes with the outcome of the same and of earlier periods, season and drift removed.

    Only channels that always run are judged, and mediators are taken out as controls are. An effect of the spend shows
    in the outcome of the same and later periods. Where the outcome before the spend is as closely related to it as the
    outcome after it, spend is likely to follow demand.
    """
    data = dataset.data
    known = data["observed"].to_numpy().all(axis=1)
    if known.sum() < _FEWEST_PERIODS:
        return
    least = settings.follows_correlation
    calendar = calendar_columns(days_of(dataset), dataset.frequency)[known]
    between = [dataset.channels.index(name) for name in dataset.mediators]
    others = np.concatenate([data["control"].to_numpy(), data["media"].to_numpy()[:, :, between]], axis=2)
    controls = others.mean(axis=1)[known]
    judged = dict(_always_on(dataset, known, settings))
    series = [data["outcome"].to_numpy().sum(axis=1)[known], *judged.values()]
    outcome, *spends = _without(np.column_stack(series), calendar, controls).T
    for name, spend in zip(judged, spends, strict=True):
        together = _correlation(spend, outcome)
        before = max(_correlation(spend[lag:], outcome[:-lag]) for lag in (1, 2))
        after = max(_correlation(spend[:-lag], outcome[lag:]) for lag in (1, 2))
        if together >= least and before >= max(_BEFORE * least, after - _SLACK):
            yield Finding(
                "warning",
                "spend_follows_outcome",
                f"{name} goes with the outcome of the same {dataset.frequency.unit} (correlation {together:.2f}, "
                f"season removed) and with the outcome before it ({before:.2f}) about as much as after it "
                f"({after:.2f}): its spend may follow demand.",
                "Add what drives demand: for search, queries for the brand or the category (Google’s query volumes, "
                "Trends, Search Console) or organic visits, as a control, or as a mediator where media move them; else "
                "prices, distribution or stock. Name it as what the channel follows (data.channels.NAME.follows). Or "
                "bring an experiment; otherwise the return will look too high.",
                channel=name,
            )


def _always_on(dataset: Dataset, known: BoolArray, settings: QualitySettings) -> Iterator[tuple[str, FloatArray]]:
    """Names and log national spend of the channels that always run and not in flights."""
    for c, name in enumerate(dataset.channels):
        national = dataset.data["spend"].to_numpy()[:, :, c].sum(axis=1)[known]
        low, high = np.quantile(national, [0.25, 0.75])
        if (national > 0).mean() >= settings.always_on_share and low >= _FLIGHTED * high:
            yield name, np.log(np.maximum(national, national[national > 0].min()))


def _without(series: FloatArray, calendar: FloatArray, controls: FloatArray) -> FloatArray:
    """What season, drift and controls do not explain of the columns of ``series[date, k]``."""
    columns = np.column_stack([np.ones(len(series)), calendar, controls])
    size = np.abs(columns).max(axis=0)
    columns = columns / np.where(size > 0, size, 1.0)
    scaled = series / np.maximum(np.abs(series).max(axis=0), 1e-300)
    rest: FloatArray = scaled - columns @ np.linalg.lstsq(columns, scaled, rcond=None)[0]
    return rest


def _correlation(a: FloatArray, b: FloatArray) -> float:
    """Of the ranks, so that a few extreme periods do not decide."""
    left, right = (np.argsort(np.argsort(x)).astype(float) for x in (a, b))
    left, right = left - left.mean(), right - right.mean()
    size = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / size if size > 0 else 0.0
