"""Outcome rows that cover several periods: monthly or four-weekly outcomes beside weekly or daily media.

Media, controls and the baseline live on the panel's periods; an outcome row is the sum over the periods inside it. A
period that two rows share counts to each by its days: a week with three days in January gives three sevenths of what it
brings to January. A row stands at the period that holds its last day.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats

FROM, UNTIL = "outcome_from", "outcome_until"
"""Variables of a panel whose outcome rows cover several periods: first and last day of what ends in a period."""


@dataclass(frozen=True)
class OutcomeRows:
    """The outcome rows that end within some periods of a panel.

    ``places`` are the periods in which they end, ``first`` the first period that any of them needs. ``shares[r, t]``
    are the shares of the periods from ``first`` on that belong to a row; None where every period is a row of its own.
    """

    places: npt.NDArray[np.intp]
    first: int
    stop: int
    shares: Floats | None = None

    @property
    def periods(self) -> slice:
        """The periods that the rows need."""
        return slice(self.first, self.stop)

    @property
    def spans(self) -> Floats:
        """How many periods a row covers, [r]; not whole where it cuts one."""
        return np.ones(len(self.places)) if self.shares is None else np.asarray(self.shares.sum(axis=1))

    def totals(self, values: Floats, axis: int = 0) -> Floats:
        """Sums over each row of ``values`` over :attr:`periods` along ``axis``, which becomes that of the rows."""
        if self.shares is None:
            return values
        return np.moveaxis(np.tensordot(values, self.shares, axes=(axis, 1)), -1, axis)


def outcome_rows(
    dates: pd.DatetimeIndex, days: int, rows: slice, bounds: tuple[npt.NDArray[np.datetime64], ...] | None
) -> OutcomeRows:
    """The rows that end within the periods ``rows`` of ``dates``, each ``days`` long, and begin within ``dates``.

    ``bounds`` are first and last day of the row that ends in each period, NaT where none does; None: every period is a
    row of its own.
    """
    start, stop, _ = rows.indices(len(dates))
    if bounds is None:
        return OutcomeRows(np.arange(start, stop), start, stop)
    starts = dates.to_numpy()
    first_day, last_day = bounds
    known = ~np.isnat(first_day[start:stop])
    places = np.flatnonzero(known & (np.where(known, first_day[start:stop], starts[0]) >= starts[0])) + start
    if not places.size:
        return OutcomeRows(places, start, stop, np.zeros((0, stop - start)))
    day = np.timedelta64(1, "D")
    begin = (first_day[places][:, None] - starts[None, :stop]) / day
    end = (last_day[places][:, None] - starts[None, :stop]) / day + 1.0
    shares = np.clip(np.minimum(end, days) - np.maximum(begin, 0.0), 0.0, None) / days
    first = int(np.flatnonzero(shares.any(axis=0))[0])
    return OutcomeRows(places, first, stop, np.asarray(shares[:, first:]))
