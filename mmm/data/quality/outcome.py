"""Shocks of the outcome: periods that stand out from what media, season, trend and controls explain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import gammaln

from mmm.data.dataset import Dataset
from mmm.data.quality.baseline import Residuals, calendar_columns, days_of, residuals
from mmm.data.quality.report import Finding, day
from mmm.data.quality.tenfold import FloatArray
from mmm.data.settings import QualitySettings
from mmm.digits import amount

_FEWEST_PERIODS = 30
_MARGIN = 6.0
"""By how much the criterion of "normal noise and a few events" must beat that of "heavy-tailed noise"."""
_GAP = 1.5
"""The least event is larger by this factor than the largest residual that is none."""


@dataclass(frozen=True)
class _Verdict:
    events: tuple[int, ...]
    heavy_tails: bool


def outcome_findings(
    dataset: Dataset, settings: QualitySettings, slips: Sequence[Finding], *, broken: bool = False
) -> Iterator[Finding]:
    """Events in the national outcome and, beyond those, in single geos.

    ``broken``: the outcome has runs of zeros that are no figures, so that nothing is said of its noise.

    ``slips`` are the findings on single media values; these values explain nothing here, or a wrong spend would make
    a shock of an outcome that rightly did not respond to it.
    """
    calendar = calendar_columns(days_of(dataset), dataset.frequency)
    data = dataset.data
    media, control = _usual(dataset, slips), data["control"].to_numpy()
    outcome, observed = data["outcome"].to_numpy(), data["observed"].to_numpy()
    if observed.any(axis=1).sum() < _FEWEST_PERIODS:
        return
    # The mean over the geos observed, so that a geo that starts late is no shock.
    size = np.nanmean(np.where(observed, outcome, np.nan), axis=0)
    size = np.where(np.abs(size) > 0, size, 1.0)
    count = observed.sum(axis=1)
    national = np.where(count > 0, np.where(observed, outcome / size, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
    national *= np.abs(size).sum()
    total = residuals(national, media.sum(axis=1), control.mean(axis=1), calendar)
    verdict = _judge(total, settings.shock_deviations)
    yield from _events(dataset, total, verdict, None)
    if verdict.heavy_tails and not broken:
        yield Finding(
            "info",
            "heavy_tails",
            "Large deviations of the outcome are frequent and of all sizes: its noise has heavy tails.",
            "Use the Student-t likelihood. Do not mark each deviation as an event.",
        )
    if len(dataset.geos) == 1:
        return
    known = set(verdict.events)
    # With many geos one of them looks odd by chance more often.
    threshold = float(np.sqrt(settings.shock_deviations**2 + 2 * np.log(len(dataset.geos))))
    for g, geo in enumerate(dataset.geos):
        if observed[:, g].sum() < _FEWEST_PERIODS:
            continue
        own = residuals(np.where(observed[:, g], outcome[:, g], np.nan), media[:, g], control[:, g], calendar)
        found = _judge(own, threshold)
        events = tuple(t for t in found.events if t not in known)
        yield from _events(dataset, own, _Verdict(events, found.heavy_tails), geo)


def _usual(dataset: Dataset, slips: Sequence[Finding]) -> FloatArray:
    """Media [date, geo, channel], with the median active value in place of doubtful ones."""
    media = dataset.data["media"].to_numpy().copy()
    for slip in slips:
        if slip.channel is None:
            continue
        c = dataset.channels.index(slip.channel)
        rows = dataset.dates.isin(slip.dates)
        for g, geo in enumerate(dataset.geos):
            values = media[:, g, c]
            if (not slip.geos or geo in slip.geos) and (values > 0).any():
                values[rows] = np.median(values[values > 0])
    return media


def _events(dataset: Dataset, rest: Residuals | None, verdict: _Verdict, geo: str | None) -> Iterator[Finding]:
    if rest is None:
        return
    for t in sorted(verdict.events):
        date, size = dataset.dates[t], float(rest.natural[t])
        place = "" if geo is None else f" in {geo}"
        yield Finding(
            "warning",
            "outcome_shock",
            f"The outcome in the {dataset.frequency.unit} of {day(date)}{place} is about {amount(abs(size))} "
            f"{dataset.outcome_unit} {'above' if size > 0 else 'below'} what media, season, trend and controls explain "
            f"({abs(rest.standardised[t]):.0f} typical deviations).",
            "If something happened then, model it as an event: add a control that is 1 in this period and 0 elsewhere. "
            "Do not delete the period; correct it only if the figure is wrong.",
            geos=() if geo is None else (geo,),
            dates=(date,),
        )


def _judge(rest: Residuals | None, threshold: float) -> _Verdict:
    """Which residuals are events, if "normal noise and at most about one event a year" describes them best.

    The rival is Student-t noise without events. Each event costs a parameter and the choice of its period (extended
    BIC; Chen and Chen 2008, Biometrika 95).
    """
    if rest is None:
        return _Verdict((), False)
    index = np.flatnonzero(np.isfinite(rest.standardised))
    z = rest.standardised[index]
    order = np.argsort(-np.abs(z))
    most = max(2, round(z.size / 52))
    if abs(z[order[0]]) <= threshold:
        return _Verdict((), False)
    few = [_with_events(np.delete(z, order[:k]), k) for k in range(most + 1)]
    events = int(np.argmin(few))
    heavy = 2 * _student(z) + 2 * np.log(z.size)
    if few[events] + _MARGIN > heavy:
        return _Verdict((), bool(few[0] - heavy > _MARGIN))
    chosen = [int(i) for i in order[:events] if abs(z[i]) > threshold]
    if not chosen or abs(z[chosen[-1]]) < _GAP * abs(z[order[len(chosen)]]):
        return _Verdict((), False)
    return _Verdict(tuple(int(index[i]) for i in chosen), False)


def _with_events(rest: FloatArray, events: int) -> float:
    """Criterion of normal noise where ``events`` periods have a mean of their own; ``rest`` are the others."""
    n = rest.size + events
    variance = max(float((rest**2).mean()), 1e-12)
    return n * float(np.log(2 * np.pi * variance)) + rest.size + float(np.log(n)) * (1 + 2 * events)


def _student(z: FloatArray) -> float:
    """Least negative log-likelihood of Student-t noise with more than one degree of freedom."""

    def loss(theta: FloatArray) -> float:
        df, scale = 1 + np.exp(theta[0]), np.exp(theta[1])
        height = gammaln(0.5 * (df + 1)) - gammaln(0.5 * df) - 0.5 * np.log(df * np.pi) - theta[1]
        return -float(z.size * height - 0.5 * (df + 1) * np.log1p((z / scale) ** 2 / df).sum())

    start = np.array([np.log(4.0), np.log(1.2 * np.median(np.abs(z)) + 1e-9)])
    bounds = [(-5.0, 5.0), (start[1] - 5.0, start[1] + 5.0)]
    return float(optimize.minimize(loss, start, method="L-BFGS-B", bounds=bounds).fun)
