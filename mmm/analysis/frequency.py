"""How often a person should be reached: effect of the same money by frequency, and the best one with its interval."""

import pandas as pd

from mmm.analysis.curves import today_per_period
from mmm.analysis.intervals import columns, summary
from mmm.inference.fit import Fit
from mmm.model.frequencies import frequencies
from mmm.model.response import ResponseDraws

_SHOWN = 0.25
"""Step of the frequencies of the curve."""


def frequency_table(fit: Fit, draws: ResponseDraws) -> pd.DataFrame:
    """Index channel: usual frequency, best one with its interval, and what it wins over the usual one, as a share."""
    rows = {}
    for found in frequencies(draws, today_per_period(fit, "media")):
        at = int(abs(found.frequency - found.best).argmin())
        best = columns("best", found.best_draws[:, None]) | columns("gain", found.gain[:, at, None] - 1.0)
        rows[found.channel] = {"usual": found.usual} | {name: float(value[0]) for name, value in best.items()}
        rows[found.channel]["best"] = found.best
    names = ("usual", "best", "best_lower", "best_upper", "gain", "gain_lower", "gain_upper")
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(names)).rename_axis("channel")


def frequency_curves(fit: Fit, draws: ResponseDraws) -> pd.DataFrame:
    """Long: channel, frequency, effect of the same money relative to the usual frequency: mean, lower, upper."""
    tables = []
    for found in frequencies(draws, today_per_period(fit, "media")):
        every = max(1, round(_SHOWN / (found.frequency[1] - found.frequency[0])))
        mean, lower, upper = summary(found.gain[:, ::every])
        columns_ = {"frequency": found.frequency[::every], "mean": mean, "lower": lower, "upper": upper}
        tables.append(pd.DataFrame({"channel": found.channel} | columns_))
    empty = pd.DataFrame(columns=["channel", "frequency", "mean", "lower", "upper"])
    return pd.concat(tables, ignore_index=True) if tables else empty
