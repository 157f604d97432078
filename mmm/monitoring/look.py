"""One look at a plan: data of today against the plan and against what its model expects, as a state."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mmm.data.dataset import Dataset
from mmm.data.quality import Finding
from mmm.inference.fit import Fit
from mmm.monitoring.expected import Expected, expect, unfollowed
from mmm.monitoring.finance import fiscal, months
from mmm.monitoring.pacing import Pace, pace
from mmm.monitoring.points import points_of
from mmm.monitoring.reported import campaigns
from mmm.monitoring.sequential import Alternative, Evidence, Floats, evidence
from mmm.monitoring.settings import MonitorSettings
from mmm.monitoring.state import Campaign, Efficiency, Geo, Interval, LimitState, Money, Period, State, Surprise
from mmm.monitoring.window import plan_settings
from mmm.planning.prepare import priced
from mmm.register.queries import Entry
from mmm.register.record import Content
from mmm.register.rules import spent as limits_of

DEMAND = "demand"


@dataclass(frozen=True)
class Seen:
    """What is looked at: the plan, the data of today, the model that the plan was made on, findings on the data."""

    entry: Entry
    dataset: Dataset
    fit: Fit
    findings: tuple[Finding, ...] = ()
    reported: pd.DataFrame | None = None
    """What platforms report (:func:`mmm.monitoring.reported.read_reported`); None where they report nothing."""

    @property
    def content(self) -> Content:
        return self.entry.content


def look(seen: Seen, settings: MonitorSettings, made: dt.datetime | None = None) -> State:
    """The state of the plan. Raises DataError where the data do not fit the plan's model."""
    content = seen.content
    actual = spent_of(content, seen.dataset)
    first, last = pd.Timestamp(content.dates[0]), pd.Timestamp(content.dates[-1])
    why = unfollowed(seen.fit, seen.dataset)
    expected = None if why else expect(seen.fit, seen.dataset, first, last, settings.draws)
    found = None if expected is None else test_of(expected, settings, len(content.dates))
    planned = content.money
    told = [] if seen.reported is None else campaigns(content, seen.reported, len(actual))
    state = State(
        analysis=content.analysis,
        title=content.title,
        plan=seen.entry.id,
        made=made or dt.datetime.now(dt.UTC),
        currency=content.currency,
        outcome_unit=content.outcome_unit,
        first=content.dates[0],
        last=content.last_day,
        period=content.period,
        periods=len(content.dates),
        seen=len(actual),
        verdict="good",
        total=_money("", pace(planned.sum(axis=(1, 2)), actual.sum(axis=(1, 2)))),
        channels=tuple(
            _money(name, pace(planned[..., c].sum(axis=1), actual[..., c].sum(axis=1)))
            for c, name in enumerate(content.channels)
        ),
        weeks=tuple(_weeks(content, actual, expected, found)),
        geos=tuple(_geos(content, actual, expected)),
        efficiency=() if expected is None else tuple(_efficiency(expected, told)),
        limits=tuple(_limits(as_spent(content, actual))),
        campaigns=tuple(told),
        quarters=tuple(fiscal(content, actual, "quarter")),
        years=tuple(fiscal(content, actual, "year")),
        months=tuple(months(content, actual)),
        surprise=None if expected is None or found is None else _surprise(expected, found, settings.alpha),
        unfollowed=why,
        points=(),
        data=seen.dataset.fingerprint,
        fit=content.fit,
    )
    points = tuple(points_of(state, settings, seen.findings, revised(seen)))
    order = {"act": 0, "look": 1, "note": 2}
    worst = min((point.severity for point in points), key=order.__getitem__, default="good")
    ordered = tuple(sorted(points, key=lambda point: order[point.severity]))
    return state.model_copy(update={"points": ordered, "verdict": worst})


def spent_of(content: Content, dataset: Dataset) -> Floats:
    """Money really spent [t, g, c] in the first t periods of the plan; a channel that the data lost spent nothing."""
    data = priced(dataset, plan_settings(content)).data["spend"]
    rows = [day for day in map(pd.Timestamp, content.dates) if day in dataset.dates]
    found = data.sel(date=rows).reindex(geo=list(content.geos), channel=list(content.channels), fill_value=0.0)
    return np.asarray(found.values, dtype=float)


def as_spent(content: Content, actual: Floats) -> Content:
    """The plan with what was spent in the periods seen, and its own money in those ahead."""
    money = np.concatenate([actual, content.money[len(actual) :]])
    nested = tuple(tuple(tuple(map(float, row)) for row in period) for period in money)
    return content.model_copy(update={"spend": nested})


def revised(seen: Seen) -> int:
    """Cells of outcome or spend before the plan that are other than the model saw them; -1 where rows are gone."""
    then = seen.fit.dataset
    if not set(then.dates) <= set(seen.dataset.dates):
        return -1
    now = seen.dataset.data.sel(date=then.dates).reindex(geo=list(then.geos), channel=list(then.channels))
    count = 0
    for name in ("outcome", "spend"):
        before, after = then.data[name].values, now[name].values
        same = np.isclose(before, after, rtol=1e-6, atol=1e-9, equal_nan=True)
        count += int((~same).sum())
    return count


def test_of(expected: Expected, settings: MonitorSettings, horizon: int) -> Evidence:
    """The sequential test: is demand another, or one channel's effect?"""
    alternatives = {DEMAND: Alternative(expected.expected.mean(axis=0), settings.baseline)}
    for c, name in enumerate(expected.channels):
        shift = expected.contribution[:, :, c].mean(axis=0)
        if np.abs(shift).max(initial=0.0) > 0:
            alternatives[f"channel {name}"] = Alternative(shift, settings.effect)
    return evidence(expected.actual, expected.expected, expected.noise, alternatives, horizon)


def _surprise(expected: Expected, found: Evidence, alpha: float) -> Surprise:
    at = found.crossed(alpha)
    totals = expected.expected.sum(axis=1)
    noisy = totals + np.random.default_rng(1).normal(0.0, np.sqrt(expected.noise.sum()), len(totals))
    ratio = expected.actual.sum() / noisy
    return Surprise(
        evidence=float(found.total[-1]),
        largest=float(found.total.max()),
        p_value=found.p_value,
        alpha=alpha,
        since=None if at is None else expected.dates[at].date(),
        likeliest=found.likeliest.removeprefix("channel "),
        ratio=_interval(ratio),
    )


def _interval(draws: Floats) -> Interval:
    lower, upper = np.quantile(draws, [0.05, 0.95])
    return Interval(mean=float(draws.mean()), lower=float(lower), upper=float(upper))


def _money(channel: str, found: Pace) -> Money:
    end = None if found.end is None else Interval(mean=found.end[0], lower=found.end[1], upper=found.end[2])
    return Money(
        channel=channel,
        plan=found.plan,
        due=found.due,
        spent=found.spent,
        burn=found.burn,
        end=end,
        off=found.off if np.isfinite(found.off) else None,
        promised_end=found.plan,
    )


def _weeks(content: Content, actual: Floats, expected: Expected | None, found: Evidence | None) -> Iterator[Period]:
    if expected is None or found is None:
        return
    planned, spent, ends = content.money.sum(axis=(1, 2)), actual.sum(axis=(1, 2)), expected.interval
    for row, day in enumerate(expected.dates):
        place = content.dates.index(day.date())
        mean, lower, upper = map(float, ends[row])
        yield Period(
            date=day.date(),
            planned=float(planned[place]),
            spent=float(spent[place]),
            outcome=float(expected.actual[row]),
            expected=Interval(mean=mean, lower=lower, upper=upper),
            evidence=float(found.total[row]),
        )


def _geos(content: Content, actual: Floats, expected: Expected | None) -> Iterator[Geo]:
    planned = content.money[: len(actual)].sum(axis=(0, 2))
    for g, name in enumerate(content.geos):
        outcome = mean = inside = 0.0
        if expected is not None:
            cells = expected.by_geo[:, expected.geos.index(name)]
            known = cells[np.isfinite(cells[:, 0])]
            outcome, mean = float(known[:, 0].sum()), float(known[:, 1].sum())
            within = (known[:, 2] <= known[:, 0]) & (known[:, 0] <= known[:, 3])
            inside = float(within.mean()) if len(known) else 0.0
        spent = float(actual[:, g].sum())
        yield Geo(geo=name, planned=float(planned[g]), spent=spent, outcome=outcome, expected=mean, inside=inside)


def _efficiency(expected: Expected, told: list[Campaign]) -> Iterator[Efficiency]:
    has_value = bool(np.isfinite(expected.value).all())
    for c, name in enumerate(expected.channels):
        part, money = expected.contribution[:, :, c], float(expected.spend[:, c].sum())
        units = part.sum(axis=1)
        roas = _interval((part * expected.value).sum(axis=1) / money) if has_value and money > 0 else None
        won = _interval(units)
        mine = [one for one in told if one.channel == name]
        spent, value = _known([one.spent for one in mine]), _known([one.value for one in mine])
        yield Efficiency(
            channel=name,
            spent=money,
            contribution=won,
            roas=roas,
            cost_per_unit=_cost(money, won),
            reported=_known([one.conversions for one in mine]),
            reported_roas=value / spent if value is not None and spent else None,
        )


def _cost(money: float, won: Interval) -> Interval | None:
    """Money a unit; winning more makes a unit cheaper. None where the interval of what was won is not above zero."""
    if money <= 0 or won.lower <= 0:
        return None
    return Interval(mean=money / won.mean, lower=money / won.upper, upper=money / won.lower)


def _known(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _limits(content: Content) -> Iterator[LimitState]:
    for one in limits_of(content):
        least = None if one.limit.at_least is None else one.limit.at_least * one.covered
        yield LimitState(
            name=one.limit.name,
            period=one.label,
            spent_and_planned=one.total,
            at_least=least,
            at_most=one.limit.at_most,
            broken=bool(one.problem),
        )


def recent(findings: tuple[Finding, ...], content: Content) -> tuple[Finding, ...]:
    """Warnings of the quality report on periods of the plan: what may be wrong with the last rows themselves."""
    first = pd.Timestamp(content.dates[0])
    chosen = (f for f in findings if f.severity == "warning" and f.dates and max(f.dates) >= first)
    return tuple(replace(f, dates=tuple(day for day in f.dates if day >= first)) for f in chosen)
