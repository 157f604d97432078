"""Public holidays of any country or subdivision, pooled by holiday type.

The days are those of the package ``holidays``. A holiday that is moved counts on the day it is moved to, and one with a
substitute day counts on that day instead of its own: once, in either case.
"""

import datetime as dt
import hashlib
import re
from collections import defaultdict
from functools import cache
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field

from mmm.model.calendar.days import day_numbers, share_of_period, years
from mmm.model.spreads import Spread, spread
from mmm.model.terms import Moment, Scale, Term
from mmm.section import Section
from mmm.suggest import suggestion

_AHEAD = 5
"""Years after the panel whose kinds of holidays are pinned with the model."""
_NEAR = 10
"""Days between a holiday and its substitute, at most."""
_SUBSTITUTE = re.compile(r"\(observed\)|\(substituted[^)]*\)|substitute|alternative holiday|in lieu", re.IGNORECASE)


def _place(text: str) -> str:
    """``DE`` or ``DE-BY``, as ISO 3166 writes countries and subdivisions."""
    import holidays

    country, _, part = text.partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        raise ValueError(f"'{country}' is no country whose holidays are known. {suggestion(country, known)}".strip())
    if part and part not in known[country]:
        raise ValueError(
            f"'{part}' is no part of {country} whose holidays are known. {suggestion(part, known[country])}".strip()
        )
    return text


Place = Annotated[str, AfterValidator(_place)]
Window = Annotated[int, Field(ge=0, le=28)]


class HolidaySettings(Section):
    """Public holidays as effects of their own, around a common scale that is learned."""

    country: Place | dict[str, Place] = Field(
        description="ISO code such as DE, or DE-BY for a part of it; a mapping where geos differ: {north: GB-SCT}."
    )
    before: Window = Field(0, description="Days before a holiday that have an effect of their own, common to all.")
    after: Window = Field(0, description="Days after a holiday that have an effect of their own, common to all.")
    without: tuple[str, ...] = Field((), description="Names of holidays that are left out.")
    scale: Spread = Field(0.3, description="Prior scale of the sd of holidays' effects, relative to the usual level.")


class HolidaySpec(Section):
    """What is pinned: a place for each geo, and the kinds of holidays that there are."""

    places: tuple[str, ...]
    before: int
    after: int
    kinds: tuple[str, ...]
    scale: float
    seen: str
    """Fingerprint of the holidays in the panel's years: a list that changes is another model."""


def pinned(settings: HolidaySettings, geos: tuple[str, ...], dates: pd.DatetimeIndex, level: float) -> HolidaySpec:
    """Settings for a panel. Raises ValueError for geos without a place and for names of holidays that there are not."""
    country = settings.country
    if isinstance(country, dict):
        if missing := [geo for geo in geos if geo not in country]:
            raise ValueError(f"no country is given for {', '.join(missing[:5])}")
        if unknown := [geo for geo in country if geo not in geos]:
            raise ValueError(f"'{unknown[0]}' is no geo of the data. {suggestion(unknown[0], geos)}".strip())
        places = tuple(country[geo] for geo in geos)
    else:
        places = (country,) * len(geos)
    span = range(dates[0].year, dates[-1].year + 1 + _AHEAD)
    kinds = sorted({kind for place in set(places) for kind in holidays_of(place, span)})
    for name in settings.without:
        if name not in kinds:
            raise ValueError(f"'{name}' is no holiday there. {suggestion(name, kinds)}".strip())
    return HolidaySpec(
        places=places,
        before=settings.before,
        after=settings.after,
        kinds=tuple(kind for kind in kinds if kind not in settings.without),
        scale=spread(settings.scale, level, level, learned=True),
        seen=_fingerprint(places, range(dates[0].year, dates[-1].year + 1)),
    )


def _fingerprint(places: tuple[str, ...], span: range) -> str:
    listed = sorted(
        f"{place} {kind} {day}"
        for place in set(places)
        for kind, days in holidays_of(place, span).items()
        for day in days
    )
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()[:16]


def term(spec: HolidaySpec, here: Moment, period_days: int) -> Term:
    """A column a kind of holiday, [t, p] or, where geos differ, [t, g, p]; two more for the days around them."""
    labels = list(spec.kinds)
    labels += ["days before holidays"] * (spec.before > 0) + ["days after holidays"] * (spec.after > 0)
    by_place = {place: _design(spec, place, here.dates, period_days, len(labels)) for place in set(spec.places)}
    several = len(by_place) > 1
    design = np.stack([by_place[place] for place in spec.places], axis=1) if several else by_place[spec.places[0]]
    p = len(labels)
    scale = Scale("holiday_sd", spec.scale)
    return Term("public_holidays", "holiday_name", tuple(labels), design, np.zeros(p), np.ones(p), scale)


def _design(spec: HolidaySpec, place: str, dates: pd.DatetimeIndex, period_days: int, width: int) -> Any:
    found = holidays_of(place, years(dates))
    design = np.zeros((len(dates), width))
    for i, kind in enumerate(spec.kinds):
        design[:, i] = share_of_period(dates, period_days, day_numbers(found.get(kind, ())))
    all_days = {day for kind in spec.kinds for day in found.get(kind, ())}
    around = len(spec.kinds)
    for reach, sign in ((spec.before, -1), (spec.after, 1)):
        if reach:
            near = {day + dt.timedelta(days=sign * k) for day in all_days for k in range(1, reach + 1)} - all_days
            design[:, around] = share_of_period(dates, period_days, day_numbers(near))
            around += 1
    return design


@cache
def holidays_of(place: str, span: range) -> dict[str, tuple[dt.date, ...]]:
    """The days of each kind of holiday in a country or a part of it, ``DE`` or ``DE-BY``, over whole years.

    Each holiday stands once: on the day it was moved to, or that was given in its stead.
    """
    import holidays

    country, _, part = place.partition("-")
    words = {"en_US"} & set(getattr(holidays.country_holidays(country), "supported_languages", ()))
    asked: dict[str, Any] = {"subdiv": part or None, "years": span, "language": "en_US" if words else None}
    own = _by_day(holidays.country_holidays(country, observed=False, **asked))
    official = _by_day(holidays.country_holidays(country, observed=True, **asked))
    kept = {(day, name) for day, names in official.items() for name in names}
    # Some countries' lists drop holidays on Sundays where substitutes are listed; they are holidays all the same.
    kept |= {
        (day, name)
        for day, names in own.items()
        for name in names
        if day not in official and not _moved(day, name, own, official)
    }
    for day in sorted(official.keys() - own.keys()):
        for name in official[day]:
            if _SUBSTITUTE.search(name):
                original = _original(day, name, kept, own)
                kept.discard((day, name))
                kept.discard(original)
                kept.add((day, original[1]))
    found: dict[str, list[dt.date]] = defaultdict(list)
    for day, name in sorted(kept):
        found[name].append(day)
    return {name: tuple(days) for name, days in found.items()}


def _by_day(calendar: Any) -> dict[dt.date, tuple[str, ...]]:
    return {day: tuple(dict.fromkeys(names.split("; "))) for day, names in calendar.items()}


def _moved(day: dt.date, name: str, own: Any, official: Any) -> bool:
    """Whether the official list has this holiday on a day near, where it is not at home."""
    return any(
        name in official.get(day + dt.timedelta(days=k), ()) and day + dt.timedelta(days=k) not in own
        for k in range(-_NEAR, _NEAR + 1)
    )


def _original(day: dt.date, name: str, kept: set[tuple[dt.date, str]], own: Any) -> tuple[dt.date, str]:
    """The holiday that a substitute day stands for: by its name, on a weekend before others, the nearest first."""
    near = [
        (when, what)
        for when, what in kept
        if when != day and abs((when - day).days) <= _NEAR and what in own.get(when, ())
    ]
    named = [(when, what) for when, what in near if what in name] or [c for c in near if c[0] <= day] or near
    if not named:
        return day, _SUBSTITUTE.sub("", name).strip() or name
    return min(named, key=lambda c: (c[0].weekday() < 5, abs((c[0] - day).days), c[1]))
