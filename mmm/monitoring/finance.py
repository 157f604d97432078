"""A plan in the periods of finance: quarters and years against the plan, and money by channel and month."""

import datetime as dt
from collections.abc import Iterator

import numpy as np

from mmm.monitoring.pacing import pace
from mmm.monitoring.sequential import Floats
from mmm.monitoring.state import Fiscal, Interval, Month
from mmm.register.record import Content
from mmm.register.rules import bounds, shared
from mmm.register.settings import Per


def fiscal(content: Content, actual: Floats, per: Per) -> Iterator[Fiscal]:
    """Every quarter or year of the calendar that the plan touches: planned, spent, and forecast at completion.

    ``actual[t, g, c]`` is what was spent. A period that cuts a week takes its share of it by days. The forecast is what
    was spent and the rest of the plan at the rate so far, with the interval of :func:`mmm.monitoring.pacing.pace`.
    """
    planned, spent = content.money.sum(axis=(1, 2)), actual.sum(axis=(1, 2))
    past = np.array(content.past.spend).reshape(len(content.past.dates), -1).sum(axis=1)
    day = content.dates[0]
    while day <= content.last_day:
        first, last = bounds(day, per)
        share = np.array(shared(content.dates, content.days, first, last))
        earlier = np.array(shared(content.past.dates, content.days, first, last))
        found = pace(planned * share, spent * share[: len(spent)])
        before = float(earlier @ past) if len(past) else 0.0
        end = None if found.end is None else Interval(**dict(zip(("mean", "lower", "upper"), found.end, strict=True)))
        yield Fiscal(
            label=f"{day.year}" if per == "year" else f"{day.year}-Q{(day.month + 2) // 3}",
            before=before,
            plan=found.plan,
            due=found.due,
            spent=found.spent,
            end=end,
        )
        day = last + dt.timedelta(days=1)


def months(content: Content, actual: Floats) -> Iterator[Month]:
    """Money by channel in every month that the plan touches: planned, and spent."""
    planned, spent = content.money.sum(axis=1), actual.sum(axis=1)
    day = content.dates[0]
    while day <= content.last_day:
        first, last = bounds(day, "month")
        share = np.array(shared(content.dates, content.days, first, last))
        yield Month(
            month=f"{day:%Y-%m}",
            plan=dict(zip(content.channels, map(float, share @ planned), strict=True)),
            spent=dict(zip(content.channels, map(float, share[: len(spent)] @ spent), strict=True)),
            over=bool((share[len(spent) :] == 0).all()),
        )
        day = last + dt.timedelta(days=1)
