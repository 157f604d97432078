"""Calendar arithmetic: the frequency of a panel, and durations that carry their unit."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, BeforeValidator

from mmm.errors import SettingsError

_ANCHORS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_DURATION = re.compile(r"\s*([0-9]+)\s*(days?|weeks?)\s*", re.IGNORECASE)
_LONGEST = 3653
"""Days of the longest duration that means anything here: ten years."""
_FORM = "must be a whole number with its unit, such as '13 weeks' or '28 days'"


def _with_unit(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(_FORM)
    return value


def _in_days(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(_FORM)
    # More digits than any duration has: not read at all.
    count = int(match.group(1)) if len(match.group(1)) < len(str(10 * _LONGEST)) else 10 * _LONGEST
    days = count * (7 if match.group(2).lower().startswith("week") else 1)
    if not 0 < days <= _LONGEST:
        raise ValueError("must be longer than nothing and at most ten years (3653 days)")
    return days


def _duration(text: str) -> str:
    _in_days(text)
    return text


Duration = Annotated[str, BeforeValidator(_with_unit, json_schema_input_type=str), AfterValidator(_duration)]
"""A duration with its unit, in the settings: a number without one is never guessed at."""


@dataclass(frozen=True)
class Frequency:
    """Day or week. ``anchor`` is the weekday on which a weekly period starts (0 is Monday), None for daily data."""

    unit: Literal["day", "week"]
    anchor: int | None = None

    def __str__(self) -> str:
        return "day" if self.anchor is None else f"week-{_ANCHORS[self.anchor]}"

    @property
    def days(self) -> int:
        return 7 if self.unit == "week" else 1

    @property
    def periods_per_year(self) -> float:
        return 365.25 / self.days

    def following(self, last: pd.Timestamp, periods: int) -> pd.DatetimeIndex:
        """The ``periods`` period starts after ``last``."""
        step = pd.Timedelta(days=self.days)
        return pd.DatetimeIndex([last + step * (i + 1) for i in range(periods)], name="date")


def parse_days(text: str) -> int:
    """Days of a duration such as ``"4 weeks"``. Raises SettingsError where the text is none."""
    try:
        return _in_days(text)
    except ValueError as error:
        raise SettingsError(f"'{text}' is not a duration: it {error}.") from error


def parse_periods(text: str, frequency: Frequency) -> int:
    """Number of periods in a duration such as ``"13 weeks"`` or ``"28 days"``.

    Raises SettingsError where the text is no duration, or is not a whole number of periods.
    """
    days = parse_days(text)
    if days % frequency.days:
        raise SettingsError(
            f"'{text}' is not a whole, positive number of periods of this data set (one {frequency.unit}). "
            f"Give a multiple of one {frequency.unit}."
        )
    return days // frequency.days
