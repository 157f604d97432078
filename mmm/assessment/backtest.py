"""Backtests: the fits that would have been made at earlier dates, judged by what came after.

At each refresh the outcome that was not yet known is hidden; a model that knows of no media and the seasonal-naive
forecast are judged beside the model. Fits come from the store, so an interrupted backtest goes on where it stopped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from mmm.analysis.effects import effect, observed
from mmm.arrays import Floats
from mmm.assessment.scores import LOWER, UPPER, crps, interval, seasonal_naive
from mmm.data.calendar import Duration, parse_periods
from mmm.data.dataset import Dataset
from mmm.data.quality.report import Finding
from mmm.errors import DataError, FitError
from mmm.execution import Here, Place, Task, run_tasks
from mmm.inference.fit import Fit
from mmm.inference.settings import SamplerSettings
from mmm.inference.store import obtain
from mmm.model.mixture import Beliefs, single
from mmm.model.priors import LogNormalPrior
from mmm.model.spec import ModelSpec, without_inactive_channels
from mmm.scratch import sweep
from mmm.section import Section

_MAX_DRAWS = 2000
# The effect of every channel in the model without media, as a ROAS or share: nothing.
_NOTHING = LogNormalPrior(lower=1e-9, upper=1.1e-9)
Say = Callable[[str], None]


class BacktestSettings(Section):
    """Which refreshes a backtest makes again: the last one has all data, the others lie ``step`` apart before it."""

    refreshes: int = Field(default=6, ge=2, le=60, description="Number of refreshes, the one with all data included.")
    step: Duration = Field(default="13 weeks", description="Time from one refresh to the next.")
    ahead: Duration = Field(default="13 weeks", description="How far each refresh forecasts.")
    least: Duration = Field(default="52 weeks", description="Shortest history of a refresh; earlier ones are left out.")


@dataclass(frozen=True)
class Backtest:
    """What the refreshes forecast and what they said of the channels.

    ``forecasts``: one row a refresh and forecast period: origin (the last period that the refresh knew), date, step (1
    is the first period ahead), actual, mean, lower, upper, crps, crps_without (no media), crps_naive; totals over the
    geos observed. ``returns``: one row a refresh and channel: origin, mean, lower, upper of the return (value, or
    outcome where it has none, per unit of money) of the same spend, that before the first refresh; and shift, the
    change of the log's mean since the refresh before, in the sd that the new data explain.
    """

    forecasts: pd.DataFrame
    returns: pd.DataFrame

    def by_step(self, width: int = 4) -> pd.DataFrame:
        """Coverage and mean CRPS by ``width`` periods ahead, then over all: index label; skill over the two rivals."""
        found = self.forecasts
        last = int(found["step"].max())
        spans = [(first, min(first + width - 1, last)) for first in range(1, last + 1, width)]
        rows = {f"{low} to {high}": found[found["step"].between(low, high)] for low, high in spans}
        rows["all"] = found
        return pd.DataFrame({label: _scores(part) for label, part in rows.items()}).T.astype(float)

    def drift(self) -> pd.DataFrame:
        """By channel (index): refreshes compared, largest shift, root mean square of shifts, and kept: the share of
        refreshes whose mean lay in the 90% interval of the one before."""
        rows = {}
        for channel in dict.fromkeys(self.returns["channel"]):
            ordered = self.returns[self.returns["channel"] == channel].sort_values("origin")
            before = ordered.shift(1)
            inside = (before["lower"] <= ordered["mean"]) & (ordered["mean"] <= before["upper"])
            known = ordered["shift"].notna()
            shifts = ordered.loc[known, "shift"].to_numpy()
            rows[channel] = {
                "refreshes": int(known.sum()),
                "largest": float(np.abs(shifts).max()) if shifts.size else float("nan"),
                "rms": float(np.sqrt(np.mean(shifts**2))) if shifts.size else float("nan"),
                "kept": float(inside[known].mean()) if shifts.size else float("nan"),
            }
        return pd.DataFrame(rows).T.rename_axis("channel")


def _scores(part: pd.DataFrame) -> dict[str, float]:
    mean = part[["crps", "crps_without", "crps_naive"]].mean()
    return {
        "periods": float(len(part)),
        "coverage": float(((part["lower"] <= part["actual"]) & (part["actual"] <= part["upper"])).mean()),
        **{str(name): float(value) for name, value in mean.items()},
        "skill_without": float(1.0 - mean["crps"] / mean["crps_without"]),
        "skill_naive": float(1.0 - mean["crps"] / mean["crps_naive"]),
    }


_SHORTEN = "Shorten backtest.least or backtest.step."


def short_finding(dataset: Dataset, settings: BacktestSettings) -> Finding | None:
    """That the data are too short for the backtest that was asked for; None where they are not."""
    try:
        hidden_periods(dataset, settings)
    except DataError as error:
        return Finding("warning", "no_backtest", str(error).removesuffix(f" {_SHORTEN}"), _SHORTEN)
    return None


def hidden_periods(dataset: Dataset, settings: BacktestSettings) -> tuple[int, ...]:
    """Periods at the end that each refresh does not know, the most first; 0 is the refresh with all data.

    Raises DataError where the data are too short for two refreshes.
    """
    step, least = (parse_periods(text, dataset.frequency) for text in (settings.step, settings.least))
    after = len(dataset.dates) - dataset.window.stop
    known = dataset.window.stop - dataset.window.start
    found = [k * step for k in reversed(range(settings.refreshes)) if known - k * step >= least]
    if len(found) < 2:
        raise DataError(
            f"The data have {known} periods; a backtest needs {least + step}: {settings.least} for its first refresh "
            f"and {settings.step} until the next. {_SHORTEN}"
        )
    return tuple(k + after if k else 0 for k in found)


def backtest(
    dataset: Dataset,
    beliefs: Beliefs,
    sampler: SamplerSettings,
    settings: BacktestSettings,
    place: Place | None = None,
    report: Say = lambda _: None,
) -> Backtest:
    """Make all refreshes at ``place`` (here by default); their fits are kept in the store.

    Raises DataError for too little data, FitError where a refresh failed; what was fitted by then stays in the store.
    """
    hidden = hidden_periods(dataset, settings)
    horizon = parse_periods(settings.ahead, dataset.frequency)
    tasks = [
        Task(f"{dataset.dates[-1 - k]:%Y-%m-%d}", (dataset, beliefs, sampler, _Cut(k, horizon, hidden[0])))
        for k in hidden
    ]
    parts: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    try:
        for done in run_tasks(
            _refresh, tasks, place or Here(), notice=lambda e: report(f"{e.key}: {e.line or e.kind}")
        ):
            if done.error is not None:
                raise FitError(f"The refresh of {done.key} failed: {done.error}") from done.error
            parts[done.key] = done.value
            report(f"{done.key}: done in {done.seconds:.0f} s ({len(parts)} of {len(tasks)}).")
    finally:
        sweep(Path(sampler.store))
    ordered = [parts[task.key] for task in tasks]
    forecasts = [forecast for forecast, _ in ordered if not forecast.empty]
    return Backtest(pd.concat(forecasts, ignore_index=True), _with_shifts([returns for _, returns in ordered]))


@dataclass(frozen=True)
class _Cut:
    """One refresh: periods at the end that it, and the first refresh, do not know; and how far it forecasts."""

    hidden: int
    horizon: int
    first_hidden: int


def _refresh(
    say: Say, dataset: Dataset, beliefs: Beliefs, sampler: SamplerSettings, cut: _Cut
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One refresh: its forecast of the periods after it, and its returns of the spend before the first refresh."""
    hidden = cut.hidden
    training, excluded = without_inactive_channels(dataset.with_outcome_hidden(hidden) if hidden else dataset)
    mixture = beliefs.training(training, excluded) if hidden else beliefs.mixture(training)
    fit = obtain(training, mixture, sampler, report=say)
    first = dataset.with_outcome_hidden(cut.first_hidden)
    origin = training.dates[fit.window.stop - 1]
    returns = _returns(fit, first).assign(origin=origin)
    if not hidden:
        return pd.DataFrame(), returns
    bare = obtain(training, single(_without_media(fit.spec)), sampler, report=say)
    forecast = _forecast(fit, bare, dataset, cut)
    return forecast.assign(origin=origin), returns


def _without_media(spec: ModelSpec) -> ModelSpec:
    """The same baseline, noise and controls with channels that do nothing."""
    channels = tuple(c.model_copy(update={"effect": _NOTHING}) for c in spec.channels)
    return spec.model_copy(update={"channels": channels})


def _forecast(fit: Fit, bare: Fit, dataset: Dataset, cut: _Cut) -> pd.DataFrame:
    start = len(dataset.dates) - cut.hidden
    rows = slice(start, min(start + cut.horizon, len(dataset.dates)))
    outcome = np.where(dataset.data["observed"].values, dataset.data["outcome"].values, np.nan)
    ends = dataset.rows(rows).places
    actual = outcome[ends]
    seen = np.isfinite(actual)
    known = seen.any(axis=1)
    total = np.where(seen, actual, 0.0).sum(axis=1)[known]
    model, without = (_total(f, rows, seen)[:, known] for f in (fit, bare))
    history = outcome[dataset.rows(slice(0, start)).places][:, seen.any(axis=0)]
    gaps = np.flatnonzero(~np.isfinite(history).all(axis=1))
    past = history[gaps[-1] + 1 if gaps.size else 0 :].sum(axis=1)
    naive = seasonal_naive(past, len(known), season=dataset.rows_per_year)[:, known]
    lower, upper = interval(model)
    return pd.DataFrame(
        {
            "date": dataset.dates[ends][known],
            "step": ends[known] - start + 1,
            "actual": total,
            "mean": model.mean(axis=0),
            "lower": lower,
            "upper": upper,
            "crps": crps(model, total),
            "crps_without": crps(without, total),
            "crps_naive": crps(naive, total),
        }
    )


def _total(fit: Fit, rows: slice, seen: Floats) -> Floats:
    """Predictive draws of the total over the geos that were observed, [n, t]."""
    draws = fit.draws(_MAX_DRAWS)
    spans = fit.dataset.rows(rows).spans
    predicted = draws.predictive(draws.expected(fit.dataset, rows, fit.seed), fit.seed, spans)
    return np.asarray(np.where(seen, predicted, 0.0).sum(axis=2))


def _returns(fit: Fit, first: Dataset) -> pd.DataFrame:
    """Returns of the spend in the window of ``first``, for the channels that spent in it."""
    names = list(fit.spec.channel_names)
    panel = observed(replace(fit, dataset=first.with_channels(names)))
    worth = panel.value if first.has_value else panel.ones
    spend = panel.spend.sum(axis=0)
    ran = spend > 0
    draws = effect(fit.response(_MAX_DRAWS), panel, worth).sum(axis=1)[:, ran] / spend[ran]
    logs = np.log(np.maximum(draws, 1e-300))
    lower, upper = np.quantile(draws, [LOWER, UPPER], axis=0)
    return pd.DataFrame(
        {
            "channel": [name for name, there in zip(names, ran, strict=True) if there],
            "mean": draws.mean(axis=0),
            "lower": lower,
            "upper": upper,
            "log_mean": logs.mean(axis=0),
            "log_variance": logs.var(axis=0),
        }
    )


def _with_shifts(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """All refreshes with ``shift``; a posterior that learns more moves by about the root of the variance it loses."""

    def shifted() -> Iterator[pd.DataFrame]:
        before: pd.DataFrame | None = None
        for part in (p.set_index("channel") for p in parts):
            shift = pd.Series(np.nan, index=part.index)
            if before is not None:
                old = before.reindex(part.index)
                lost = np.maximum(old["log_variance"] - part["log_variance"], 0.25 * old["log_variance"])
                shift = (part["log_mean"] - old["log_mean"]) / np.sqrt(lost)
            yield part.assign(shift=shift).drop(columns=["log_mean", "log_variance"]).reset_index()
            before = part

    return pd.concat(shifted(), ignore_index=True)
