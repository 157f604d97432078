"""What the model that the plan was made on expects of the periods since, with the spend and controls that happened."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.inference.fit import Fit
from mmm.model import response
from mmm.monitoring.sequential import Floats


@dataclass(frozen=True)
class Expected:
    """``expected[n, t]``: draws of the expected outcome of each period, over the geos observed in it; ``noise[t]`` the
    variance of what comes on top; ``actual[t]``. ``contribution[n, t, c]`` and ``spend[t, c]`` by channel;
    ``by_geo[t, g, 4]``: actual, mean, lower and upper of the 90% predictive interval, NaN where not observed.
    """

    dates: pd.DatetimeIndex
    channels: tuple[str, ...]
    geos: tuple[str, ...]
    actual: Floats
    expected: Floats
    noise: Floats
    contribution: Floats
    spend: Floats
    value: Floats
    """Currency per unit of outcome [t], over geos; NaN where the outcome has none."""
    by_geo: Floats

    @property
    def interval(self) -> Floats:
        """Mean, lower and upper [t, 3] of each period's predictive distribution (normal)."""
        mean = self.expected.mean(axis=0)
        sd = np.sqrt(self.expected.var(axis=0) + self.noise)
        return np.column_stack([mean, mean - 1.6449 * sd, mean + 1.6449 * sd])


def as_fitted(fit: Fit, dataset: Dataset) -> Dataset:
    """The panel of today with the channels of the fit. Raises DataError where geos, channels or controls differ."""
    then = fit.dataset
    missing = [name for name in then.channels if name not in dataset.channels]
    if missing or dataset.geos != then.geos or dataset.controls != then.controls:
        what = f"channels {', '.join(missing)} are gone" if missing else "geos or controls are others"
        raise DataError(
            f"The data of today do not fit the plan's model: {what}. Bring them back, or plan anew on the new data."
        )
    return dataset.with_channels(then.channels)


def unfollowed(fit: Fit, dataset: Dataset) -> str:
    """Why outcomes since the plan cannot be held against ``fit``, as a sentence; empty where they can.

    A plan counts all ways of its money and all outcomes, of which a single equation knows a part.
    """
    if dataset.coarse:
        return "Outcomes are followed by single periods; here an outcome row covers several."
    if fit.stages:
        names = ", ".join(stage.name for stage in fit.stages)
        return f"The plan counts what media do by way of, or beside, {names}; the outcome's own equation knows a part."
    return ""


def expect(fit: Fit, dataset: Dataset, first: pd.Timestamp, last: pd.Timestamp, draws: int) -> Expected | None:
    """What ``fit`` expects of the observed periods that start from ``first`` to ``last``; None where there are none.

    Raises DataError where outcomes cannot be followed (:func:`unfollowed`).
    """
    now = as_fitted(fit, dataset)
    if why := unfollowed(fit, now):
        raise DataError(f"{why} A report on all data says what came of the money.")
    outcome = np.where(now.data["observed"].values, now.data["outcome"].values, np.nan)
    inside = (now.dates >= first) & (now.dates <= last) & np.isfinite(outcome).any(axis=1)
    if not inside.any():
        return None
    rows = slice(int(np.flatnonzero(inside)[0]), int(np.flatnonzero(inside)[-1]) + 1)
    samples = fit.draws(draws)
    mean = samples.expected(now, rows, fit.seed)
    noise = samples.predictive(mean, fit.seed) - mean
    actual = outcome[rows]
    seen = np.isfinite(actual)
    kept = np.flatnonzero(seen.any(axis=1))
    ends = np.quantile(mean + noise, [0.05, 0.95], axis=0)
    by_geo = np.where(seen[..., None], np.stack([actual, mean.mean(axis=0), *ends], axis=-1), np.nan)
    contribution = _contributions(samples.response(), now, rows, seen)
    value = (np.where(seen, now.data["value_per_unit"].values[rows], 0.0)).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return Expected(
        dates=now.dates[rows][kept],
        channels=now.channels,
        geos=now.geos,
        actual=np.where(seen, actual, 0.0).sum(axis=1)[kept],
        expected=np.where(seen, mean, 0.0).sum(axis=2)[:, kept],
        noise=np.where(seen, noise, 0.0).sum(axis=2).var(axis=0)[kept],
        contribution=contribution[:, kept],
        spend=now.data["spend"].values[rows].sum(axis=1)[kept],
        value=value[kept],
        by_geo=by_geo[kept],
    )


def _contributions(draws: response.ResponseDraws, now: Dataset, rows: slice, seen: np.ndarray) -> Floats:
    """Contribution [n, t, c] of every channel to the outcome of the observed geos."""
    start = max(0, rows.start - draws.lookback)
    media = now.data["media"].values[start : rows.stop]
    often = None if now.exposures is None else now.exposures[start : rows.stop]
    found = np.zeros((draws.n, rows.stop - rows.start, len(now.channels)))
    for where, block in draws.blocks(media.size):
        course = block.course(now.dates[start : rows.stop])
        part = response.contributions(block, media, often, course)[:, rows.start - start :]
        found[where] = (part * seen[None, :, :, None]).sum(axis=2)
    return found
