"""Money of several currencies in that of the panel, by dated rates."""

import datetime as dt
from collections.abc import Mapping

import numpy as np

from mmm.data.cells import FloatArray
from mmm.data.exports.rows import Rows
from mmm.data.problems import Problems


def factors(rows: Rows, currency: str, rates: Mapping[str, Mapping[dt.date, float]], problems: Problems) -> FloatArray:
    """What one unit of each row's money is in ``currency``; rows that do not say their currency are in it.

    A rate holds from its day until the next. Recorded: currencies without rates, and rows before the first.
    """
    found = np.ones(rows.start.size)
    for code in sorted({code for code in rows.currency if code and code != currency}):
        at = np.flatnonzero(rows.currency == code)
        steps = sorted(rates.get(code, {}).items())
        if not steps:
            problems.add(
                f"{at.size} rows are in {code}, and data.currency is {currency}.",
                f"Give what one {code} is in {currency}: data.rates: {{{code}: 0.9}}, or by the day from which "
                f'it holds: data.rates: {{{code}: {{"{rows.start[at[0]].astype("datetime64[D]")}": 0.9}}}}.',
            )
            continue
        days = np.array([np.datetime64(day, "D") for day, _ in steps])
        place = np.searchsorted(days, rows.start[at].astype("datetime64[D]"), side="right") - 1
        early = at[place < 0]
        if early.size:
            problems.add(
                f"{early.size} rows in {code} lie before the first rate of data.rates ({days[0]}).",
                "Give a rate from their first day on.",
                (f"{rows.where(int(i))}: {rows.start[i].astype('datetime64[D]')}" for i in early),
                int(early.size),
            )
        found[at] = np.array([value for _, value in steps])[np.maximum(place, 0)]
    return found
