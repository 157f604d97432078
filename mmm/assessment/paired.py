"""Whether one forecast is worse than another beyond chance, from the same few periods."""

import numpy as np
from scipy.special import stdtr

from mmm.arrays import Floats

_FEWEST = 6


def chance_of_worse(loss: Floats, other: Floats) -> float:
    """Probability of an average difference ``loss - other`` at least as large if both forecasts were as good.

    One-sided test of equal accuracy (Diebold and Mariano 1995). Errors of neighbouring periods resemble each other, and
    so do their differences; the variance of the mean is therefore taken from a few cosines at low frequencies, with as
    many degrees of freedom of Student's t (Lazarus, Lewis, Stock and Watson 2018), which keeps its size in a dozen
    periods where kernel estimates do not. NaN below six periods.
    """
    difference = np.asarray(loss, dtype=float) - np.asarray(other, dtype=float)
    n = len(difference)
    if n < _FEWEST:
        return float("nan")
    mean = float(difference.mean())
    count = max(2, round(0.4 * n ** (2 / 3)))
    time = (np.arange(n) + 0.5) / n
    waves = np.sqrt(2.0 / n) * np.cos(np.pi * np.arange(1, count + 1)[:, None] * time)
    variance = float(np.mean((waves @ difference) ** 2))
    # Differences that do not vary at all are certain, or nothing.
    if variance <= (1e-9 * max(abs(mean), 1e-300)) ** 2:
        return 0.0 if mean > 0 else 1.0
    return float(stdtr(count, -mean * np.sqrt(n / variance)))
