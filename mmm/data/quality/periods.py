"""Findings on periods as such: labels, weekdays, incomplete ends, runs of zeros, pauses where a plan looks."""

from collections.abc import Iterator, Sequence

import numpy as np

from mmm.data.dataset import Dataset
from mmm.data.edges import ZeroRun, zero_runs
from mmm.data.problems import yaml_text
from mmm.data.quality.report import Finding, day, listed
from mmm.data.quality.tenfold import FloatArray

_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_FEWEST_DAYS = 56
_LEAST_PATTERN = 0.03
"""Standard deviation of the weekdays' means, relative to the outcome's mean."""
_BEFORE = 8
"""Periods that an end is compared with."""
_INCOMPLETE = 0.75
_BELOW_USUAL = 0.9


def label_findings(dataset: Dataset, week_label: str | None) -> Iterator[Finding]:
    """Weeks that seem to be labelled by their last day."""
    anchor = dataset.frequency.anchor
    if anchor in (5, 6) and week_label is None:
        yield Finding(
            "info",
            "week_label",
            f"Weeks are labelled by {_DAYS[anchor]}. Dates are read as first days; exports often name the last.",
            "If the label is the week's last day, set data.week_label: end, or plans and holidays are six days off; if "
            "it is the first, data.week_label: start.",
        )


def weekday_findings(dataset: Dataset) -> Iterator[Finding]:
    """A pattern of weekdays in daily data that no control explains."""
    if dataset.frequency.unit != "day" or len(dataset.dates) < _FEWEST_DAYS:
        return
    outcome = np.nansum(dataset.data["outcome"].to_numpy(), axis=1)
    known = dataset.data["observed"].to_numpy().all(axis=1)
    level = float(outcome[known].mean()) if known.any() else 0.0
    if level <= 0 or known.sum() < _FEWEST_DAYS:
        return
    rest = _relative(outcome, dataset.data["control"].to_numpy().mean(axis=1), known)
    weekday = dataset.dates.day_of_week.to_numpy()[known]
    groups = [rest[weekday == k] for k in range(7)]
    if min(group.size for group in groups) < 4 or rest.std() == 0:
        return
    means = np.array([group.mean() for group in groups])
    if means.std() < _LEAST_PATTERN:
        return
    # A second to import, and no weekly data ask for it.
    from scipy import stats

    if stats.f_oneway(*groups).pvalue > 1e-6:
        return
    low, high = int(means.argmin()), int(means.argmax())
    yield Finding(
        "info",
        "weekdays",
        f"The outcome follows the day of the week: {means[high]:+.0%} on {_DAYS[high]}, "
        f"{means[low]:+.0%} on {_DAYS[low]}. "
        "Left out, that widens every return and bends those of channels that follow the week.",
        "Nothing to do: the model has an effect of each day of the week (model.baseline.calendar.weekdays).",
    )


def _relative(outcome: FloatArray, controls: FloatArray, known: np.ndarray) -> FloatArray:
    """Deviation from the centred seven-day mean, relative to the mean, without what the controls explain."""
    padded = np.pad(outcome, 3, mode="edge")
    around = np.convolve(padded, np.ones(7) / 7, mode="valid")
    relative = ((outcome - around) / np.maximum(np.abs(around), 1e-300))[known]
    columns = np.column_stack([np.ones(known.sum()), controls[known]])
    size = np.abs(columns).max(axis=0, initial=0.0)
    columns = columns / np.where(size > 0, size, 1.0)
    rest: FloatArray = relative - columns @ np.linalg.lstsq(columns, relative, rcond=None)[0]
    return rest


def zero_findings(dataset: Dataset, runs: Sequence[ZeroRun]) -> Iterator[Finding]:
    """Runs of zeros in the outcome that chance does not explain; those at the ends of a geo were declared."""
    dates, unit, several = dataset.dates, dataset.frequency.unit, len(dataset.geos) > 1
    for run in runs:
        geo = dataset.geos[run.geo]
        first, last = day(dates[run.first]), day(dates[run.last])
        advice = "If it was closed or not measured then, add a control that is 1 in these periods and 0 elsewhere."
        if run.side == "end":
            advice = "If these periods are not booked yet, delete their rows."
        elif run.side == "start":
            advice = "If nothing was sold yet, delete these rows, or empty the cells and set data.media_history: true."
        if several and run.side != "middle":
            advice = "Correct data.partial_geos, unless it was open and sold nothing."
        yield Finding(
            "warning",
            "zero_outcome",
            f"The outcome is 0 in {geo} from {first} to {last} ({run.periods} {unit}s)."
            if several
            else f"The outcome is 0 from {first} to {last} ({run.periods} {unit}s).",
            advice,
            geos=(geo,) if several else (),
            dates=tuple(dates[run.first : run.last + 1]),
        )


def runs_of(dataset: Dataset) -> tuple[ZeroRun, ...]:
    """The runs of zeros of every geo."""
    outcome = np.where(dataset.data["observed"].to_numpy(), dataset.data["outcome"].to_numpy(), np.nan)
    return tuple(zero_runs(outcome))


def end_findings(dataset: Dataset) -> Iterator[Finding]:
    """A first or last period that is far below all others like it, in the outcome and in channels that always run."""
    known = dataset.data["observed"].to_numpy().all(axis=1)
    outcome = np.nansum(dataset.data["outcome"].to_numpy(), axis=1)[known]
    spend = dataset.data["spend"].to_numpy().sum(axis=1)[known]
    dates, unit = dataset.dates[known], dataset.frequency.unit
    step = 7 if unit == "day" else 1
    for word, turn in (("last", 1), ("first", -1)):
        ratio = _against_before(outcome[::turn], step)
        if ratio is None or not ratio[0] < min(_INCOMPLETE, _BELOW_USUAL * ratio[1]):
            continue
        always = [c for c in range(spend.shape[1]) if (spend[1:-1, c] > 0).all()]
        fallen = [_against_before(spend[::turn, c], step) for c in always]
        low = [dataset.channels[c] for c, r in zip(always, fallen, strict=True) if r is not None and r[0] < _INCOMPLETE]
        date = dates[-1 if word == "last" else 0]
        also = f", and so is the spend of {listed(low)}" if low else ""
        yield Finding(
            "warning",
            "incomplete_period",
            f"The outcome of the {word} {unit}, {day(date)}, is {ratio[0]:.0%} of what it usually is around it, "
            f"less than in any other {unit}{also}: is it complete?",
            f"If it holds less than a full {unit} or is not fully booked, delete its rows; if it is right, keep it.",
            dates=(date,),
        )


def _against_before(series: FloatArray, step: int) -> tuple[float, float] | None:
    """The last value over the median of those before it, and the least such ratio of earlier values."""
    if series.size < (_BEFORE + 12) * step:
        return None
    own = series[::-1][::step][::-1] if step > 1 else series
    ratios = []
    for t in range(_BEFORE, own.size):
        usual = float(np.median(own[t - _BEFORE : t]))
        if usual <= 0:
            return None
        ratios.append(float(own[t]) / usual)
    return ratios[-1], min(ratios[:-1])


def pause_findings(dataset: Dataset, horizon: int) -> Iterator[Finding]:
    """Channels that paused in the last ``horizon`` periods, which are the plan that a plan starts from."""
    spend = dataset.data["spend"].to_numpy().sum(axis=1)
    total = float(spend.sum())
    for c, name in enumerate(dataset.channels):
        if not spend[:, c].any() or spend[-horizon:, c].any():
            continue
        last = int(np.flatnonzero(spend[:, c])[-1])
        yield Finding(
            "warning",
            "paused",
            f"{name}, {spend[:, c].sum() / total:.0%} of all spend, last ran in the {dataset.frequency.unit} of "
            f"{day(dataset.dates[last])}: it spent nothing in the last {horizon} {dataset.frequency.unit}s, which a "
            f"plan repeats by default.",
            "Bounds relative to nothing are nothing, so the plan will leave it at 0. Compare with other periods "
            "(plan.reference: last_year), or give it bounds in money: plan.channels: "
            f"{{{yaml_text(name)}: {{minimum: 0, maximum: ...}}}}.",
            channel=name,
        )
