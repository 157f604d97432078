"""Cubic B-splines on knots that lie on an absolute calendar: what drifts and paths are made of.

A position is days since :data:`EPOCH` (a Monday) over the knots' spacing, so that more rows leave old ones as they are.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats

EPOCH = pd.Timestamp("1970-01-05")


def positions(dates: pd.DatetimeIndex, spacing_days: int) -> Floats:
    """Where the dates lie among the knots, [t], in spacings."""
    return (dates - EPOCH).days.to_numpy(float) / spacing_days


def first_knot(date: pd.Timestamp, spacing_days: int) -> int:
    """The first knot whose spline, which reaches two spacings to each side, is needed from ``date`` on."""
    return int((date - EPOCH).days // spacing_days - 1)


def knots(first: int, position: float) -> npt.NDArray[np.int64]:
    """The knots from ``first`` to the last that is needed up to ``position``: it follows from that date alone.

    One more than the next is needed for the right half of a cubic spline.
    """
    return np.arange(first, int(np.floor(position)) + 3)


def cubic(x: Floats) -> Floats:
    """The cardinal cubic B-spline, with support (-2, 2) and unit sum over integer shifts."""
    a = np.abs(x)
    near = 2.0 / 3.0 - a**2 + 0.5 * a**3
    far = (2.0 - a) ** 3 / 6.0
    return np.where(a < 1, near, np.where(a < 2, far, 0.0))


def step(x: Floats) -> Floats:
    """A smooth step, the sum of the splines at 0, 1, 2 and so on: 0 up to -2, and 1 from 1 on."""
    return np.where(x < 1.0, cubic(x) + cubic(x - 1.0) + cubic(x - 2.0), 1.0)
