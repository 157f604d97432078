"""Experiments as evidence: what each of them measured, and which two courses of media its measurement compares.

An :class:`Experiment` is a likelihood on exactly the effect that it measured. :func:`contrasts` lays out the channel's
media with and without the money at stake; everything else follows from the response's own formulas, so that carryover
into and out of the window, and saturation at the level that the test was run at, are counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.model import response
from mmm.model.exposure import usual_frequency
from mmm.model.response import ResponseDraws
from mmm.section import Section

Kind = Literal["go_dark", "hold_out", "heavy_up"]
# A heavy-up's own record of its extra money may exceed the data's by rounding.
_ROUNDING = 1.001


class Experiment(Section):
    """One lift test: the outcome that some money brought, with its standard error.

    The money at stake: under ``hold_out`` all of the channel's spend in the geos and periods, as the data have it;
    under ``heavy_up`` the part ``spend`` of it that was added; under ``go_dark`` an amount ``spend`` that is not in
    the data because it was withheld. ``measured`` is positive where the money raised the outcome, whatever the kind.
    ``start`` and ``end`` are the first and last period (ISO dates), both inside.
    """

    name: str
    channel: str
    geos: tuple[str, ...] = Field(min_length=1)
    start: str
    end: str
    kind: Kind
    spend: float | None = Field(default=None, gt=0)
    counted: int | None = Field(
        default=None,
        ge=0,
        description="Periods after the end in which outcome was counted; all of the look-back if None.",
    )
    measures: Literal["outcome", "value"] = "outcome"
    measured: float
    error: float = Field(gt=0)


class Evidence(Section):
    """All experiments that a fit is told of; ``df`` are the degrees of freedom of their errors, None for normal."""

    experiments: tuple[Experiment, ...] = ()
    df: float | None = Field(default=None, gt=1)

    def known_to(self, dataset: Dataset) -> "Evidence":
        """The experiments that had ended when the dataset's last outcome was observed, on channels that it has."""
        last = dataset.dates[dataset.window.stop - 1]
        kept = (e for e in self.experiments if pd.Timestamp(e.end) <= last and e.channel in dataset.channels)
        return self.model_copy(update={"experiments": tuple(kept)})

    def without(self, names: Iterable[str]) -> "Evidence":
        """All but the experiments named."""
        out = set(names)
        return self.model_copy(update={"experiments": tuple(e for e in self.experiments if e.name not in out)})


NO_EVIDENCE = Evidence()


@dataclass(frozen=True)
class Contrast:
    """What an experiment compares: ``high`` and ``low``, media [t, g] of one channel in its geos, in media units.

    ``first`` is the panel's row of the first period, which may lie before or after the data. The first ``before``
    periods are the same in both and lead into the window; ``weights[t, g]`` are what a unit of
    outcome counts: zero there, else one, or the value per unit. ``measured``, ``error`` and ``df`` are the result.
    """

    channel: int
    geos: npt.NDArray[np.intp]
    first: int
    before: int
    high: Floats
    low: Floats
    weights: Floats
    measured: float
    error: float
    df: float | None
    exposures: Floats | None = None
    """Average contacts of a person reached, [t, g], where the channel is known by them: the same in both."""


@dataclass(frozen=True)
class _Place:
    """Where an experiment lies: rows ``first`` to ``stop`` of the panel's calendar, its channel and geos."""

    first: int
    stop: int
    channel: int
    geos: npt.NDArray[np.intp]
    lookback: int
    counted: int
    inside: bool

    @property
    def periods(self) -> int:
        return self.stop - self.first


def contrasts(evidence: Evidence, dataset: Dataset, lookback: int) -> tuple[Contrast, ...]:
    """The contrast of every experiment; ``lookback`` is the model's, in periods.

    Raises DataError for an experiment that this panel cannot place.
    """
    return tuple(_contrast(e, evidence.df, dataset, lookback) for e in evidence.experiments)


def effects(evidence: Evidence, dataset: Dataset, draws: ResponseDraws) -> Floats:
    """What the model says that each experiment would have measured without its error, [n, experiment].

    In the experiment's own unit: outcome or money.
    """
    out = np.empty((draws.n, len(evidence.experiments)))
    for i, contrast in enumerate(contrasts(evidence, dataset, draws.lookback)):
        periods = len(contrast.weights)
        weights = np.zeros((periods, len(draws.geos)))
        weights[:, contrast.geos] = contrast.weights
        total = np.zeros(draws.n)
        rows = np.clip(contrast.first + np.arange(periods), dataset.window.start, dataset.window.stop - 1)
        course = draws.course(dataset.dates[rows])
        for sign, media in ((1.0, contrast.high), (-1.0, contrast.low)):
            panel = np.zeros((periods, len(draws.geos), len(draws.channels)))
            panel[:, contrast.geos, contrast.channel] = media
            often = None
            if contrast.exposures is not None:
                often = np.ones_like(panel)
                often[:, contrast.geos, contrast.channel] = contrast.exposures
            found = response.totals(draws, panel, weights, often, course)
            total += sign * found[:, :, contrast.channel].sum(axis=1)
        out[:, i] = total
    return out


def stake(experiment: Experiment, dataset: Dataset) -> float:
    """The money whose effect was measured. Raises DataError like :func:`contrasts`."""
    place = _place(experiment, dataset, 0)
    if experiment.spend is not None and not (experiment.kind == "hold_out" and place.inside):
        return experiment.spend
    if experiment.kind != "hold_out" or not place.inside:
        return _needed(experiment)
    return float(dataset.data["spend"].values[place.first : place.stop, place.geos, place.channel].sum())


def _contrast(experiment: Experiment, df: float | None, dataset: Dataset, lookback: int) -> Contrast:
    place = _place(experiment, dataset, lookback)
    high, low, before = (_inside if place.inside else _outside)(experiment, dataset, place)
    weights = np.ones_like(high)
    if experiment.measures == "value":
        rows = np.clip(np.arange(place.first - before, place.stop + place.counted), 0, len(dataset.dates) - 1)
        weights = dataset.data["value_per_unit"].values[np.ix_(rows, place.geos)].astype(float)
        if not np.isfinite(weights).all():
            raise DataError(
                f"Experiment '{experiment.name}' measured money, but the outcome has no value per unit. Give "
                "data.target.value_per_unit, or the incremental outcome in its own unit."
            )
    weights[:before] = 0.0
    exposures = _exposures(experiment, dataset, place, (before, len(high)))
    return Contrast(
        channel=place.channel,
        geos=place.geos,
        first=place.first - before,
        before=before,
        high=high,
        low=low,
        weights=weights,
        measured=experiment.measured,
        error=experiment.error,
        df=df,
        exposures=exposures,
    )


def _exposures(experiment: Experiment, dataset: Dataset, place: _Place, rows: tuple[int, int]) -> Floats | None:
    """The channel's frequency over the contrast's rows (those before the window, and all): its own, else the usual."""
    usual = usual_frequency(dataset, experiment.channel)
    if usual is None or dataset.exposures is None:
        return None
    out = np.tile(np.array(usual)[place.geos], (rows[1], 1))
    if place.inside:
        known = dataset.exposures[place.first - rows[0] :, place.geos, place.channel][: rows[1]]
        out[: len(known)] = known
    return out


def _place(experiment: Experiment, dataset: Dataset, lookback: int) -> _Place:
    for what, names, known in (
        ("channel", (experiment.channel,), dataset.channels),
        ("geo", experiment.geos, dataset.geos),
    ):
        for name in names:
            if name not in known:
                raise DataError(f"Experiment '{experiment.name}': '{name}' is no {what} of the data ({list(known)}).")
    if experiment.channel not in dataset.paid:
        raise DataError(
            f"Experiment '{experiment.name}': '{experiment.channel}' has no cost, and a test is read as the effect of "
            "money. Remove it, or state what was believed of the channel as its share (model.channels)."
        )
    first, stop = _rows(experiment, dataset)
    counted = lookback if experiment.counted is None else min(experiment.counted, lookback)
    geos = np.array([dataset.geos.index(g) for g in experiment.geos], dtype=np.intp)
    inside = first >= 0 and stop <= len(dataset.dates)
    return _Place(first, stop, dataset.channels.index(experiment.channel), geos, lookback, counted, inside)


def _rows(experiment: Experiment, dataset: Dataset) -> tuple[int, int]:
    """First row of the window and the row after its last, by the calendar: negative before the data."""
    dates, days = dataset.dates, dataset.frequency.days
    found = [(pd.Timestamp(day) - dates[0]).days for day in (experiment.start, experiment.end)]
    span = f"{experiment.start} to {experiment.end}"
    if any(n % days for n in found) or found[1] < found[0]:
        raise DataError(
            f"Experiment '{experiment.name}' runs {span}; both are starts of a {dataset.frequency.unit} as in the data "
            f"({dates[0]:%Y-%m-%d}, ...), the first not after the last."
        )
    first, stop = found[0] // days, found[1] // days + 1
    if (first < 0 < stop) or (first < len(dates) < stop):
        raise DataError(
            f"Experiment '{experiment.name}' runs {span}, which is partly outside the data ({dates[0]:%Y-%m-%d} to "
            f"{dates[-1]:%Y-%m-%d}). Give more data, or the part of the test that is inside."
        )
    return first, stop


Courses = tuple[Floats, Floats, int]


def _inside(experiment: Experiment, dataset: Dataset, place: _Place) -> Courses:
    """The media as they were, and as they would have been; zero after the data."""
    first, stop = place.first, place.stop
    before = min(first, place.lookback)
    media = dataset.data["media"].values[:, place.geos, place.channel].astype(float)
    factual = np.zeros((before + place.periods + place.counted, len(place.geos)))
    known = media[first - before : stop + place.counted]
    factual[: len(known)] = known
    window = slice(before, before + place.periods)
    other = factual.copy()
    if experiment.kind == "go_dark":
        other[window] += _even(experiment, dataset, place)
        return other, factual, before
    if not factual[window].any():
        raise DataError(
            f"Experiment '{experiment.name}': '{experiment.channel}' did not run in its geos from {experiment.start} "
            f"to {experiment.end}, so nothing was at stake. Correct dates and geos, or use kind go_dark with the spend "
            "that was withheld."
        )
    share = 1.0
    if experiment.kind == "heavy_up":
        extra = _needed(experiment)
        spent = float(dataset.data["spend"].values[first:stop, place.geos, place.channel].sum())
        if extra > spent * _ROUNDING:
            raise DataError(
                f"Experiment '{experiment.name}': spend {extra:,.2f} was added, but the data have {spent:,.2f} in all "
                "in its geos and periods. Give what was added, in the data's currency."
            )
        share = min(extra / spent, 1.0)
    other[window] *= 1.0 - share
    return factual, other, before


def _outside(experiment: Experiment, dataset: Dataset, place: _Place) -> Courses:
    """The channel at its average level, and the money at stake spread evenly over the window."""
    usual = dataset.data["media"].values[:, place.geos, place.channel].mean(axis=0)
    before = place.lookback
    high = np.tile(usual, (before + place.periods + place.counted, 1))
    low = high.copy()
    window = slice(before, before + place.periods)
    if experiment.kind != "heavy_up":
        low[window] = 0.0
    high[window] = low[window] + _even(experiment, dataset, place)
    return high, low, before


def _even(experiment: Experiment, dataset: Dataset, place: _Place) -> Floats:
    """Media by geo in each period of the window for the experiment's spend: even in time, by geo as usual."""
    amount = _needed(experiment)
    spend = dataset.data["spend"].values[:, place.geos, place.channel].sum()
    media = dataset.data["media"].values[:, place.geos, place.channel].sum(axis=0)
    if not (spend > 0 and media.sum() > 0):
        raise DataError(
            f"Experiment '{experiment.name}': '{experiment.channel}' never ran in its geos, so what its money buys "
            "there is unknown. Correct the geos, or remove the experiment."
        )
    return np.asarray(media / spend * (amount / place.periods))


_MONEY = {"go_dark": "withheld", "hold_out": "at stake", "heavy_up": "added"}


def _needed(experiment: Experiment) -> float:
    if experiment.spend is None:
        raise DataError(
            f"Experiment '{experiment.name}' ({experiment.kind}, {experiment.start} to {experiment.end}) needs spend: "
            f"the money {_MONEY[experiment.kind]} in its geos and periods."
        )
    return experiment.spend
