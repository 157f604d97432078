"""The panel as the model sees it: the window of the effects, its tail, weights and scaled outcome as plain arrays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.data.steps import OutcomeRows
from mmm.errors import DataError
from mmm.model.spec import ModelSpec


@dataclass(frozen=True)
class Panel:
    """Arrays of a dataset under a spec.

    ``media[t, g, c]`` in media units: history, then the window, then ``lookback`` periods of zeros, so that the effect
    of the window's spend is counted to the end of its carryover. ``history`` is the same with the window emptied.
    ``rows`` are the window's positions on that axis; ``weights[t, g]`` turn outcome into what the effect's prior is
    meant in (money for ROAS, outcome units for share) and are zero before the window; the tail takes the last value.
    ``outcome`` (scaled, of a period) and ``observed`` are [window, g]; where an outcome row covers several periods, its
    mean stands at the period in which it ends, and ``rows_of`` says which periods it is the mean of.
    """

    dates: pd.DatetimeIndex
    media: Floats
    history: Floats
    rows: slice
    weights: Floats
    outcome: Floats
    observed: npt.NDArray[np.bool_]
    control: Floats
    rows_of: OutcomeRows
    exposures: Floats | None = None
    """Average contacts of a person reached, laid out as ``media``; None without channels known by them."""

    @property
    def has_history(self) -> bool:
        return bool(self.history.any())

    def means(self, design: Floats) -> Floats:
        """``design[t, ...]`` of the window as outcome rows see it: their means, at the periods in which they end."""
        if self.rows_of.shares is None:
            return design
        out = np.zeros_like(design)
        found = self.rows_of.totals(design)
        out[self.rows_of.places] = found / self.rows_of.spans.reshape(-1, *(1,) * (design.ndim - 1))
        return out


def _within(dataset: Dataset, window: slice) -> OutcomeRows:
    """The outcome rows of the window, counted from its first period."""
    found = dataset.rows(window)
    shares = None
    if found.shares is not None:
        shares = np.zeros((len(found.places), window.stop - window.start))
        keep = max(found.first, window.start)
        shares[:, keep - window.start :] = found.shares[:, keep - found.first :]
    return OutcomeRows(found.places - window.start, 0, window.stop - window.start, shares)


def panel(spec: ModelSpec, dataset: Dataset) -> Panel:
    """Lay out a dataset for a spec. Raises DataError where labels differ or the window is not in the dataset."""
    for what, have, want in (
        ("channels", dataset.channels, spec.channel_names),
        ("geos", dataset.geos, spec.geos),
        ("controls", dataset.controls, spec.controls),
    ):
        if have != want:
            raise DataError(f"The dataset's {what} {list(have)} are not the model's {list(want)}.")
    dates = dataset.dates
    first, last = dates.get_indexer(pd.DatetimeIndex(spec.window))
    if first < 0 or last < 0:
        raise DataError(
            f"The model's window {spec.window} is not inside the data ({dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d})."
        )
    stop = last + 1
    media = dataset.data["media"].values[:stop]
    tail = np.zeros((spec.lookback, *media.shape[1:]))
    history = np.concatenate([media, tail])
    history[first:] = 0.0
    value = dataset.data["value_per_unit"].values[:stop] if spec.effect_kind == "roas" else np.ones(media.shape[:2])
    weights = np.concatenate([value, np.repeat(value[-1:], spec.lookback, axis=0)])
    weights[:first] = 0.0
    window = slice(first, stop)
    often = dataset.exposures
    return Panel(
        dates=dates[window],
        media=np.concatenate([media, tail]),
        history=history,
        rows=window,
        weights=weights,
        outcome=np.asarray(dataset.outcome_rate[window] / np.array(spec.outcome_scale)),
        observed=dataset.data["observed"].values[window].astype(bool),
        control=dataset.data["control"].values[window],
        rows_of=_within(dataset, window),
        exposures=None if often is None else np.concatenate([often[:stop], np.ones_like(tail)]),
    )
