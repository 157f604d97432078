"""Effects, ROAS and marginal ROAS of the observed spend, exactly as the glossary of the docs defines them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.inference.fit import Fit
from mmm.model import response
from mmm.model.ray import Ray
from mmm.model.response import ResponseDraws


@dataclass(frozen=True)
class Observed:
    """The observed panel laid out for effects: media with a tail of zeros as long as the look-back.

    ``dates`` are those of the rows before the tail. ``media`` and ``history`` (the same with the window emptied) are
    [t, g, c]; ``value`` [t, g] is currency per unit of outcome, the last value held over the tail; ``spend`` [g, c] is
    the money spent in the window.
    """

    dates: pd.DatetimeIndex
    media: Floats
    history: Floats
    value: Floats
    spend: Floats
    exposures: Floats | None = None
    """Frequencies of channels known by reach and frequency, as ``media``."""

    @property
    def ones(self) -> Floats:
        return np.ones_like(self.value)

    def only(self, places: Sequence[int]) -> "Observed":
        """The same of the channels at ``places``."""
        here = list(places)
        often = None if self.exposures is None else self.exposures[:, :, here]
        return replace(
            self,
            media=self.media[:, :, here],
            history=self.history[:, :, here],
            spend=self.spend[:, here],
            exposures=often,
        )

    def course(self, draws: ResponseDraws) -> Floats | None:
        """Log of what effects are multiplied by where they vary in time, [n, t, c]; in the tail as at the end."""
        return draws.course(self.dates, len(self.media) - len(self.dates))


def observed(fit: Fit) -> Observed:
    """Lay out the fit's own dataset, from its first row to the last observed outcome."""
    window = fit.window
    data = fit.dataset.data
    media = data["media"].values[: window.stop]
    tail = np.zeros((fit.lookback, *media.shape[1:]))
    history = np.concatenate([media, tail])
    history[window.start :] = 0.0
    often = fit.dataset.exposures
    value = data["value_per_unit"].values[: window.stop]
    return Observed(
        dates=fit.dataset.dates[: window.stop],
        media=np.concatenate([media, tail]),
        history=history,
        value=np.concatenate([value, np.repeat(value[-1:], len(tail), axis=0)]),
        spend=data["spend"].values[window].sum(axis=0),
        exposures=None if often is None else np.concatenate([often[: window.stop], np.ones_like(tail)]),
    )


def observed_in(fit: Fit, rows: slice) -> Observed:
    """As :func:`observed`, of a part of the panel as the window: what was spent before it is history, after it nothing.

    Effects that vary in time are those of the dates in which they came.
    """
    data, after = fit.dataset.data, fit.spec.lookback
    first, last = max(0, rows.start - after), min(rows.stop + after, fit.window.stop)
    media = data["media"].values[first : rows.stop]
    history = np.concatenate([media, np.zeros((after, *media.shape[1:]))])
    whole = history.copy()
    history[rows.start - first :] = 0.0
    often = fit.dataset.exposures
    value = data["value_per_unit"].values[first:last]
    return Observed(
        dates=fit.dataset.dates[first:last],
        media=whole,
        history=history,
        value=np.concatenate([value, np.repeat(value[-1:], len(whole) - len(value), axis=0)]),
        spend=data["spend"].values[rows].sum(axis=0),
        exposures=None if often is None else np.concatenate([often[first : rows.stop], np.ones_like(history[:after])]),
    )


def effect(draws: ResponseDraws, panel: Observed, weights: Floats) -> Floats:
    """Effect of the window's spend by draw, geo and channel, carryover after the end included, [n, g, c]."""
    course = panel.course(draws)
    total = response.totals(draws, panel.media, weights, panel.exposures, course)
    if panel.history.any():
        total = total - response.totals(draws, panel.history, weights, panel.exposures, course)
    return total


def marginal_effect(draws: ResponseDraws, panel: Observed, weights: Floats) -> Floats:
    """Derivative of the effect under proportional scaling of the window's spend, summed over geos, [n, c]."""
    levels = np.ones((len(draws.channels), 1))
    course, spent = panel.course(draws), panel.media - panel.history
    out = Ray(draws, panel.history, spent, weights, course).summed(levels).slope[:, :, 0]
    if draws.reach is not None and panel.exposures is not None:
        # Linear in reach: the derivative is the effect, at the frequencies that there were.
        places = list(draws.reach.places)
        out[:, places] = effect(draws, panel, weights).sum(axis=1)[:, places]
    return out


def log_effects(fit: Fit, draws: ResponseDraws) -> Floats:
    """Log of the size of each channel's ROAS or share over the whole panel, in the prior's terms, [n, c]."""
    panel = observed(fit)
    worth = panel.value if fit.spec.effect_kind == "roas" else panel.ones
    denominator = np.array([c.denominator for c in fit.spec.channels])
    return np.asarray(np.log(np.maximum(np.abs(effect(draws, panel, worth).sum(axis=1)), 1e-300) / denominator))
