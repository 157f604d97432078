"""The frequency of a panel from the steps between its dates."""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.data.calendar import Frequency
from mmm.data.cells import BoolArray
from mmm.data.dates import DateArray
from mmm.data.labels import MONTHS
from mmm.data.problems import Problems


def infer_frequency(dates_by_geo: dict[str, DateArray], problems: Problems) -> Frequency | None:
    """Day or week from the gaps within the geos; ``dates_by_geo`` holds sorted, distinct dates.

    Records, and returns None for, a panel that is neither daily nor weekly or mixes both or mixes weekdays.
    """
    gaps: Counter[int] = Counter()
    for dates in dates_by_geo.values():
        gaps.update((np.diff(dates) // np.timedelta64(1, "D")).tolist())
    if not gaps:
        problems.add("There is one period only.", "Give at least two periods, better two years or more.")
        return None
    most, count = gaps.most_common(1)[0]
    if most not in {1, 7}:
        rule = f"The most common step between dates is {most} days ({count} times)"
        if 28 <= most <= 31 or 90 <= most <= 92:
            problems.add(f"{rule}: months or quarters.", MONTHS)
        else:
            fix = "Sum days to weeks, or export the figures by day or week."
            problems.add(f"{rule}; only daily and weekly data are supported.", fix)
        return None
    if most == 1 and gaps[7] >= max(3, count // 10):
        problems.add(
            f"The data mix frequencies: {count} steps of one day and {gaps[7]} of one week.",
            "Sum the daily part to weeks, or give days throughout.",
            _examples(dates_by_geo, lambda steps: steps == 7),
            int(gaps[7]),
        )
        return None
    return Frequency("day") if most == 1 else _weekly(dates_by_geo, problems)


def _weekly(dates_by_geo: dict[str, DateArray], problems: Problems) -> Frequency | None:
    days = {geo: pd.DatetimeIndex(dates).day_of_week.to_numpy() for geo, dates in dates_by_geo.items()}
    votes = Counter(int(day) for found in days.values() for day in found)
    anchor = votes.most_common(1)[0][0]
    odd = sum(n for day, n in votes.items() if day != anchor)
    if not odd:
        return Frequency("week", anchor)
    rows = (
        f"{geo}, {_day(date)}, {pd.Timestamp(date).day_name()}"
        for geo, dates in dates_by_geo.items()
        for date in dates[days[geo] != anchor]
    )
    weekday = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")[anchor]
    problems.add(
        f"The data mix frequencies: weeks start on {weekday}, but {odd} dates fall on other weekdays.",
        "Give each week by the same weekday, in all geos.",
        rows,
        odd,
    )
    return None


def _examples(
    dates_by_geo: dict[str, DateArray], chosen: Callable[[npt.NDArray[np.int64]], BoolArray]
) -> Iterator[str]:
    for geo, dates in dates_by_geo.items():
        steps = np.diff(dates) // np.timedelta64(1, "D")
        yield from (f"{geo}, {_day(dates[i])} to {_day(dates[i + 1])}" for i in np.flatnonzero(chosen(steps)))


def _day(date: np.datetime64) -> str:
    return str(np.datetime64(date, "D"))
