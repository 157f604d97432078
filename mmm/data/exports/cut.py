"""Whether an export that counts as no spend outside its days (``outside: zero``) ended while money was running."""

from collections.abc import Iterator

import numpy as np

from mmm.data.cells import FloatArray
from mmm.data.exports.periods import Periods

_NEAR = 4
_RUNNING = 0.5
"""Money at the edge of a file, over the mean of its periods, from which on the campaign looks cut and not ended."""


def cut_ends(
    file: str, span: tuple[np.datetime64, np.datetime64], money: FloatArray, periods: Periods
) -> Iterator[str]:
    """A sentence for each end of the panel that the file does not reach although it spends as ever up to there.

    ``span`` are the first and last day that the file tells of, ``money`` [period] what it spent in the panel.
    """
    ends = periods.starts + (periods.days - 1) * np.timedelta64(1, "D")
    told = np.flatnonzero((periods.starts >= span[0]) & (ends <= span[1]))
    if not told.size or not money[told].mean() > 0:
        return
    usual = float(money[told].mean())
    few = max(1, min(_NEAR, told.size // 4))
    sides = (
        ("ends", span[1], int((ends > span[1]).sum()), told[-few:]),
        ("begins", span[0], int((periods.starts < span[0]).sum()), told[:few]),
    )
    for word, day, beyond, near in sides:
        if beyond and float(money[near].mean()) >= _RUNNING * usual:
            yield (
                f"{file} {word} on {day} at {float(money[near].mean()):,.2f} a period (its mean is {usual:,.2f}), and "
                f"{beyond} periods beyond count as no spend (outside: zero). If the export was cut, export all of it."
            )
