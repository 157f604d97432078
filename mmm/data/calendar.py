"""Calendar arithmetic: the frequency of a panel, and durations that carry their unit."""

import re
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from mmm.errors import SettingsError

_ANCHORS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_DURATION = re.compile(r"^\s*(\d+)\s*(day|days|week|weeks)\s*$", re.IGNORECASE)


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


def parse_periods(text: str, frequency: Frequency) -> int:
    """Number of periods in a duration such as ``"13 weeks"`` or ``"28 days"``.

    Raises SettingsError where the text is no duration, or is not a whole number of periods.
    """
    match = _DURATION.match(text)
    if match is None:
        raise SettingsError(f"'{text}' is not a duration. Write a whole number and a unit, such as '13 weeks'.")
    days = int(match.group(1)) * (7 if match.group(2).lower().startswith("week") else 1)
    if days == 0 or days % frequency.days:
        raise SettingsError(
            f"'{text}' is not a whole, positive number of periods of this data set (one {frequency.unit}). "
            f"Give a multiple of one {frequency.unit}."
        )
    return days // frequency.days
