"""One meaning of an interval everywhere: 90%, equal-tailed."""

import numpy as np
import numpy.typing as npt

LOWER, UPPER = 0.05, 0.95


def summary(draws: npt.NDArray[np.float64], axis: int = 0) -> tuple[npt.NDArray[np.float64], ...]:
    """Mean, lower and upper end of the 90% equal-tailed interval over ``axis``."""
    lower, upper = np.quantile(draws, [LOWER, UPPER], axis=axis)
    return draws.mean(axis=axis), lower, upper


def columns(name: str, draws: npt.NDArray[np.float64], axis: int = 0) -> dict[str, npt.NDArray[np.float64]]:
    """The three numbers as table columns ``name``, ``name_lower``, ``name_upper``."""
    mean, lower, upper = summary(draws, axis)
    return {name: mean, f"{name}_lower": lower, f"{name}_upper": upper}
