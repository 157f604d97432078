"""The held-out forecast: a second fit that does not see the outcome of the last periods.

It forecasts those periods with the spend and controls that actually happened, so it judges the model of the outcome,
not the guess of future spend. Its scales come from its own rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm.arrays import Floats
from mmm.assessment.paired import chance_of_worse
from mmm.assessment.scores import crps, has_season, interval, seasonal_naive
from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.inference.convergence import by_parameter
from mmm.inference.fit import Fit
from mmm.inference.settings import SamplerSettings
from mmm.inference.store import obtain
from mmm.model.mixture import Beliefs
from mmm.model.spec import without_inactive_channels

_MAX_DRAWS = 2000


@dataclass(frozen=True)
class HoldoutResult:
    """A forecast beside what happened, for the total over geos and by geo.

    ``total`` has a row a period: date, actual, mean, lower, upper, naive. ``cells`` has a row a period and geo: date,
    geo, actual, mean, lower, upper. Intervals are 90% predictive ones. ``coverage`` is the share of periods whose
    total lies inside, ``cell_coverage`` that of the values by geo. ``crps`` (of the total, mean over periods, in
    outcome units) is compared with that of the seasonal-naive forecast. ``error`` is the mean absolute error of the
    total relative to its mean. ``r_hat`` is the largest of the fit behind the forecast, ``excluded`` are channels that
    it could not know because all their spend lies in the held-out periods.
    """

    dates: pd.DatetimeIndex
    geos: tuple[str, ...]
    total: pd.DataFrame
    cells: pd.DataFrame
    coverage: float
    cell_coverage: float
    crps: float
    naive_crps: float
    error: float
    naive_error: float
    r_hat: float
    excluded: tuple[str, ...] = ()
    seasonal: bool = True
    """Whether ``naive`` repeats the season before; with less history it carries the last value forward."""
    fit: Fit | None = field(default=None, repr=False, compare=False)
    """The fit behind the forecast, which did not see the held-out periods."""

    @property
    def skill(self) -> float:
        """Share of the seasonal-naive CRPS that the model saves; negative where it does worse."""
        return 1.0 - self.crps / self.naive_crps if self.naive_crps > 0 else float("nan")

    @property
    def chance_of_worse(self) -> float:
        """Probability that chance alone makes the absolute errors as much larger than the naive forecast's."""
        actual, mean, naive = (self.total[name].to_numpy(dtype=float) for name in ("actual", "mean", "naive"))
        return chance_of_worse(np.abs(mean - actual), np.abs(naive - actual))

    @property
    def summary(self) -> str:
        """One sentence for people."""
        better = "better" if self.skill > 0 else "worse"
        rule = "repeating the last year" if self.seasonal else "repeating the last value"
        return (
            f"On the last {len(self.dates)} periods, which it had not seen, the forecast was off by {self.error:.1%} "
            f"on average, {abs(self.skill):.0%} {better} than {rule}; {self.coverage:.0%} of the "
            "periods fell inside their 90% intervals."
        )


@dataclass(frozen=True)
class Forecast:
    """Predictive ``draws[draw, period, geo]`` for ``dates``; ``actual[period, geo]`` is NaN where nothing was seen.

    ``history[period]`` is the total over geos before, for the seasonal-naive forecast; ``season`` of them make a year.
    """

    dates: pd.DatetimeIndex
    geos: tuple[str, ...]
    draws: Floats
    actual: Floats
    history: Floats
    season: int


def score(forecast: Forecast, r_hat: float) -> HoldoutResult:
    """Compare a forecast with what happened. Raises DataError where nothing was observed to compare with."""
    seen = np.isfinite(forecast.actual)
    known = seen.any(axis=1)
    if not known.any():
        raise DataError("No outcome is observed in the held-out periods, so the forecast cannot be judged.")
    f = replace(forecast, dates=forecast.dates[known], draws=forecast.draws[:, known], actual=forecast.actual[known])
    seen = seen[known]
    lower, upper = interval(f.draws)
    inside = (lower <= f.actual) & (f.actual <= upper)
    # Totals cover the same geos on both sides: a geo not observed in a period is left out of its total.
    draws = np.where(seen, f.draws, 0.0).sum(axis=2)
    actual = np.where(seen, f.actual, 0.0).sum(axis=1)
    total_lower, total_upper = interval(draws)
    naive = seasonal_naive(f.history, len(known), season=f.season)[:, known]
    mean, naive_mean = draws.mean(axis=0), np.median(naive, axis=0)
    scale = float(np.abs(actual).mean())
    ends = {"lower": total_lower, "upper": total_upper}
    total = pd.DataFrame({"date": f.dates, "actual": actual, "mean": mean, **ends, "naive": naive_mean})
    periods, geos = f.actual.shape
    cells = pd.DataFrame(
        {
            "date": np.repeat(f.dates.to_numpy(), geos),
            "geo": np.tile(np.asarray(f.geos, dtype=object), periods),
            "actual": f.actual.reshape(-1),
            "mean": f.draws.mean(axis=0).reshape(-1),
            "lower": lower.reshape(-1),
            "upper": upper.reshape(-1),
        }
    )
    return HoldoutResult(
        dates=f.dates,
        geos=f.geos,
        total=total,
        cells=cells[seen.reshape(-1)].reset_index(drop=True),
        coverage=float(((total_lower <= actual) & (actual <= total_upper)).mean()),
        cell_coverage=float(inside[seen].mean()),
        crps=float(crps(draws, actual).mean()),
        naive_crps=float(crps(naive, actual).mean()),
        error=float(np.abs(mean - actual).mean() / scale),
        naive_error=float(np.abs(naive_mean - actual).mean() / scale),
        r_hat=r_hat,
        seasonal=has_season(f.history, len(known), f.season),
    )


def holdout(
    dataset: Dataset,
    beliefs: Beliefs,
    sampler: SamplerSettings,
    periods: int,
    *,
    progress: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> HoldoutResult:
    """Fit without the outcome of the last ``periods`` and compare its forecast of them with what happened.

    The fit knows the experiments that ended before, and is stored under its own key. Raises DataError where what
    remains is shorter than what is held out.
    """
    if not 0 < periods <= len(dataset.dates) // 2:
        raise DataError(
            f"Cannot hold out the last {periods} of {len(dataset.dates)} periods: at least as many must remain. Set "
            "gate.holdout to a shorter duration, or to null."
        )
    training, excluded = without_inactive_channels(dataset.with_outcome_hidden(periods))
    fit = obtain(training, beliefs.training(training, excluded), sampler, progress=progress, report=report)
    return replace(judge(fit, dataset, periods), excluded=excluded, fit=fit)


def judge(fit: Fit, dataset: Dataset, periods: int) -> HoldoutResult:
    """Score the forecast of ``fit``, which did not see the last ``periods`` of ``dataset``."""
    rows = slice(len(dataset.dates) - periods, len(dataset.dates))
    samples = fit.draws(_MAX_DRAWS)
    mean = samples.expected(fit.dataset, rows, fit.seed)
    ends, before = dataset.rows(rows), dataset.rows(slice(0, rows.start))
    outcome = np.where(dataset.data["observed"].values, dataset.data["outcome"].values, np.nan)
    actual = outcome[ends.places]
    if not len(actual):
        raise DataError(
            f"No outcome row ends in the last {periods} periods. Set gate.holdout to a longer duration, or to null."
        )
    forecast = Forecast(
        dates=dataset.dates[ends.places],
        geos=dataset.geos,
        draws=samples.predictive(mean, fit.seed, ends.spans),
        actual=actual,
        history=_history(outcome[before.places], np.isfinite(actual).any(axis=0)),
        season=dataset.rows_per_year,
    )
    return score(forecast, max(float(by_parameter(member.tree)["r_hat"].max()) for member in fit.counted))


def _history(outcome: Floats, geos: NDArray[np.bool_]) -> Floats:
    """Total over ``geos`` (a mask) in the unbroken run of periods before the forecast in which all were observed."""
    known = outcome[:, geos]
    gaps = np.flatnonzero(~np.isfinite(known).all(axis=1))
    return np.asarray(known[gaps[-1] + 1 if gaps.size else 0 :].sum(axis=1))
