"""Named events and launches: a pulse, a step, a decay, or something that comes every year."""

import datetime as dt
from collections.abc import Collection
from typing import Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from mmm.arrays import Floats
from mmm.data.names import EVENT_TERM
from mmm.model.calendar.days import day_numbers, share_of_period, starts, years
from mmm.model.spreads import Spread, spread
from mmm.model.terms import Moment, Term
from mmm.section import Section
from mmm.suggest import suggestion

Kind = Literal["pulse", "step", "decay", "yearly", "black_friday"]
_LONGEST = 366
_FAR = 20.0
"""Half-lives after which nothing of a decay is left."""


class EventSettings(Section):
    """One event.

    - ``pulse``: from ``start`` to ``end`` (both counted; one day without ``end``);
    - ``step``: from ``start`` on for good;
    - ``decay``: from ``start`` on, halving every ``half_life_days``;
    - ``yearly``: the days from ``start`` to ``end`` in every year;
    - ``black_friday``: every year from the Friday after the fourth Thursday of November to the Monday after it.
    """

    name: str = Field(min_length=1, max_length=60)
    kind: Kind = "pulse"
    start: dt.date | None = None
    end: dt.date | None = None
    half_life_days: float = Field(28.0, ge=1.0, le=3650.0)
    geos: tuple[str, ...] = Field((), description="Where it happened; everywhere if empty.")
    scale: Spread = Field(0.5, description="Prior sd of its effect, relative to the usual level.")

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if self.kind == "black_friday":
            if self.start is not None or self.end is not None:
                raise ValueError("black_friday knows its days: leave out start and end")
            return self
        if self.start is None:
            raise ValueError(f"a {self.kind} needs its start")
        if self.end is not None:
            if self.kind in ("step", "decay"):
                raise ValueError(f"a {self.kind} has no end; a pulse has")
            if not 0 <= (self.end - self.start).days < _LONGEST:
                raise ValueError("end must not be before start, nor more than a year after it")
        return self


class EventSpec(Section):
    """Pinned events; ``sd`` in scaled units of the outcome."""

    events: tuple[EventSettings, ...]
    sd: tuple[float, ...]


def pinned(events: tuple[EventSettings, ...], geos: tuple[str, ...], taken: Collection[str], level: float) -> EventSpec:
    """Events for a panel. Raises ValueError where a name is ``taken`` or stands twice, or a geo is not there."""
    names = [event.name for event in events]
    for event in events:
        if names.count(event.name) > 1 or event.name in taken:
            raise ValueError(f"'{event.name}' is the name of something else too. Give the event another")
        for geo in event.geos:
            if geo not in geos:
                raise ValueError(f"'{geo}' of '{event.name}' is no geo of the data. {suggestion(geo, geos)}")
    return EventSpec(events=events, sd=tuple(spread(event.scale, level, level) for event in events))


def term(spec: EventSpec, here: Moment, period_days: int) -> Term:
    """A column an event, [t, p], or [t, g, p] where one of them did not happen everywhere."""
    design = np.stack([_column(event, here.dates, period_days) for event in spec.events], axis=1)
    if any(event.geos for event in spec.events):
        there = np.array([[not e.geos or geo in e.geos for e in spec.events] for geo in here.geos], dtype=float)
        design = design[:, None, :] * there
    sd = np.array(spec.sd)
    names = tuple(event.name for event in spec.events)
    return Term("events", "event_name", names, design, np.zeros(len(sd)), sd, told=EVENT_TERM)


def _column(event: EventSettings, dates: pd.DatetimeIndex, period_days: int) -> Floats:
    if event.start is None:
        return share_of_period(dates, period_days, day_numbers(d for y in years(dates) for d in black_friday(y)))
    first = day_numbers([event.start])[0]
    if event.kind == "step":
        return np.asarray(np.clip((starts(dates) + period_days - first) / period_days, 0.0, 1.0))
    if event.kind == "decay":
        return _decay(starts(dates) - first, period_days, event.half_life_days)
    span = 1 if event.end is None else (event.end - event.start).days + 1
    begins = [event.start] if event.kind == "pulse" else [_in_year(event.start, y) for y in years(dates)]
    days = {begin + dt.timedelta(days=k) for begin in begins for k in range(span)}
    return share_of_period(dates, period_days, day_numbers(days))


def _decay(since: np.ndarray, period_days: int, half_life: float) -> Floats:
    """Mean over a period's days of 2^(-days since the start / half-life), nothing before the start."""
    out = np.zeros(len(since))
    for k in range(period_days):
        days = since + k
        alive = (days >= 0) & (days <= _FAR * half_life)
        out[alive] += 0.5 ** (days[alive] / half_life) / period_days
    return out


def _in_year(day: dt.date, year: int) -> dt.date:
    """The same day in another year; 29 February is the 28th where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def black_friday(year: int) -> tuple[dt.date, ...]:
    """Friday to Monday after the fourth Thursday of November, Thanksgiving in the United States (5 U.S.C. 6103)."""
    first = dt.date(year, 11, 1)
    thursday = first + dt.timedelta(days=(3 - first.weekday()) % 7 + 21)
    return tuple(thursday + dt.timedelta(days=k) for k in range(1, 5))
