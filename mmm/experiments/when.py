"""When a test can run: dates that are wanted or to be avoided, and the tests beside which it would run."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from mmm.errors import SettingsError
from mmm.experiments.settings import DesignSettings
from mmm.model.calendar.holidays import holidays_of
from mmm.suggest import suggestion

_AHEAD = 3 * 366
"""Days that are looked through for a place, from the first that is possible."""


@dataclass(frozen=True)
class Running:
    """A test that runs: its channel, its regions (none for everywhere), its first and last day."""

    channel: str
    regions: tuple[str, ...]
    start: pd.Timestamp
    end: pd.Timestamp


@dataclass(frozen=True)
class Slot:
    """The first day of a test, and the regions that other tests keep busy while it runs."""

    start: pd.Timestamp
    busy: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calendar:
    """Days on which tests may run, in periods of ``days`` from ``first`` on; ``last`` is the last day that counts.

    ``avoided`` are first and last days on which no spend is changed. ``cooling`` says by channel how many periods its
    carryover takes.
    """

    first: pd.Timestamp
    last: pd.Timestamp | None
    days: int
    avoided: tuple[tuple[pd.Timestamp, pd.Timestamp], ...]
    running: tuple[Running, ...]
    cooling: Mapping[str, int]

    def slot(
        self,
        channels: Sequence[str],
        periods: int,
        cool: int,
        *,
        everywhere: bool = False,
        after: dt.date | None = None,
    ) -> Slot | None:
        """The first place for a test of ``periods`` that counts ``cool`` more; None where there is none.

        A test that needs all regions (``everywhere``) waits until no other runs.
        """
        start = self.first
        if after is not None and pd.Timestamp(after) >= start:
            gone = (pd.Timestamp(after) - start).days // self.days + 1
            start += pd.Timedelta(days=gone * self.days)
        for k in range(_AHEAD // self.days):
            begin = start + pd.Timedelta(days=k * self.days)
            end = begin + pd.Timedelta(days=periods * self.days - 1)
            counted = end + pd.Timedelta(days=cool * self.days)
            if self.last is not None and counted > self.last:
                return None
            if any(one <= end and other >= begin for one, other in self.avoided):
                continue
            beside = [r for r in self.running if r.start <= counted and self._over(r) >= begin]
            if any(r.channel in channels or not r.regions or everywhere for r in beside):
                continue
            return Slot(begin, tuple(sorted({region for r in beside for region in r.regions})))
        return None

    def _over(self, test: Running) -> pd.Timestamp:
        """The last day on which a running test still moves the outcome."""
        return test.end + pd.Timedelta(days=self.cooling.get(test.channel, 0) * self.days)

    def with_running(self, test: Running) -> "Calendar":
        """The calendar beside one more test."""
        return replace(self, running=(*self.running, test))


def calendar_of(
    settings: DesignSettings, dates: pd.DatetimeIndex, days: int, cooling: Mapping[str, int], regions: Sequence[str]
) -> Calendar:
    """The calendar of the settings after the panel's ``dates``.

    Raises SettingsError for regions of running tests and holidays that there are not, and dates that are over.
    """
    after = dates[-1] + pd.Timedelta(days=days)
    first = after
    if settings.earliest is not None and pd.Timestamp(settings.earliest) > after:
        late = (pd.Timestamp(settings.earliest) - after).days
        first = after + pd.Timedelta(days=-(-late // days) * days)
    last = None if settings.latest is None else pd.Timestamp(settings.latest)
    if last is not None and last < after:
        raise SettingsError(
            f"desk.design.latest: {settings.latest} lies within the data, which end on "
            f"{after - pd.Timedelta(days=1):%Y-%m-%d}. Give a later day, or leave it out."
        )
    running = []
    for test in settings.running:
        for name in test.geos or ():
            if name not in regions:
                raise SettingsError(
                    f"desk.design.running: '{name}' of test '{test.name}' is no region. {suggestion(name, regions)}"
                )
        running.append(Running(test.channel, test.geos or (), pd.Timestamp(test.start), pd.Timestamp(test.end)))
    avoided = [(pd.Timestamp(one.start), pd.Timestamp(one.end)) for one in settings.avoid]
    avoided += [(pd.Timestamp(day), pd.Timestamp(day)) for day in _holidays(settings, first)]
    return Calendar(first, last, days, tuple(avoided), tuple(running), cooling)


def _holidays(settings: DesignSettings, first: pd.Timestamp) -> list[dt.date]:
    asked = settings.holidays
    if asked is None:
        return []
    known = holidays_of(asked.country, range(first.year, first.year + _AHEAD // 366 + 2))
    for name in asked.only:
        if name not in known:
            raise SettingsError(
                f"desk.design.holidays.only: '{name}' is no holiday of {asked.country}. {suggestion(name, known)}"
            )
    return [day for name, days in known.items() if not asked.only or name in asked.only for day in days]
