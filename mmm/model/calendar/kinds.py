"""All kinds of terms that follow from dates: their settings together, what is pinned of them, their terms."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from mmm.data.dataset import Dataset
from mmm.data.names import COMPONENTS
from mmm.errors import SettingsError
from mmm.model.calendar import events, holidays, seasons
from mmm.model.calendar.days import starts
from mmm.model.calendar.events import EventSettings, EventSpec
from mmm.model.calendar.holidays import HolidaySettings, HolidaySpec
from mmm.model.calendar.seasons import (
    ChangepointSettings,
    CommonShockSettings,
    MonthSettings,
    SeasonSpec,
    WeekdaySettings,
)
from mmm.model.spreads import spread
from mmm.model.terms import Moment, Term
from mmm.section import Section


class CalendarSettings(Section):
    """What of the outcome follows the calendar, beside the yearly season."""

    holidays: HolidaySettings | None = None
    events: tuple[EventSettings, ...] = Field((), max_length=200)
    weekdays: Literal["auto"] | WeekdaySettings | None = Field("auto", description="auto: where data are daily.")
    months: MonthSettings | None = None
    changepoints: ChangepointSettings | None = None
    common_shocks: CommonShockSettings | None = Field(None, description="For several regions; none by default.")


class CalendarSpec(Section):
    """What is pinned of the calendar with a model."""

    period_days: int
    holidays: HolidaySpec | None = None
    events: EventSpec | None = None
    seasons: SeasonSpec = SeasonSpec()


def pinned(settings: CalendarSettings, dataset: Dataset, dates: pd.DatetimeIndex, level: float) -> CalendarSpec | None:
    """The calendar of a model of the rows ``dates`` of a panel; None where it has none.

    ``level`` is the usual outcome of a period in scaled units, by which effects are meant. Raises SettingsError where
    settings do not fit the panel.
    """

    def fitting(name: str, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except ValueError as error:
            raise SettingsError(f"model.baseline.calendar.{name}: {error}") from error

    geos, frequency, weekdays = dataset.geos, dataset.frequency, settings.weekdays
    taken = {*COMPONENTS, *dataset.channels, *dataset.controls}
    if weekdays == "auto":
        weekdays = WeekdaySettings() if frequency.unit == "day" else None
    elif weekdays is not None and frequency.unit != "day":
        raise SettingsError(
            "model.baseline.calendar.weekdays: a week has all of its days, so weekly data say nothing of them. "
            "Leave it out."
        )
    changes, days_off, shocks = settings.changepoints, settings.holidays, settings.common_shocks
    if shocks is not None and len(geos) == 1:
        raise SettingsError(
            "model.baseline.calendar.common_shocks: with one region a period's shock is its noise. Leave it out."
        )
    usual = partial(spread, unit=level, level=level, learned=True)
    spec = CalendarSpec(
        period_days=frequency.days,
        holidays=None
        if days_off is None
        else fitting("holidays", lambda: holidays.pinned(days_off, geos, dates, level)),
        events=fitting("events", lambda: events.pinned(settings.events, geos, taken, level))
        if settings.events
        else None,
        seasons=SeasonSpec(
            weekdays=None if weekdays is None else usual(weekdays.scale),
            months=None if settings.months is None else usual(settings.months.scale),
            changes=None if changes is None else usual(changes.scale),
            change_days=() if changes is None else seasons.places_of_change(dates, changes.every),
            shocks=None if shocks is None else usual(shocks.scale),
            first_shock=0 if shocks is None else int(starts(dates)[0]),
        ),
    )
    return None if spec == CalendarSpec(period_days=frequency.days) else spec


def calendar_terms(spec: CalendarSpec, here: Moment) -> Iterator[Term]:
    """The terms of the calendar, for any dates."""
    yield from seasons.terms(spec.seasons, here, spec.period_days)
    if spec.holidays is not None:
        yield holidays.term(spec.holidays, here, spec.period_days)
    if spec.events is not None:
        yield events.term(spec.events, here, spec.period_days)
