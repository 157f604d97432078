"""What each model of a mixture says by itself: where models agree, the data decide; where not, the choice of model."""

import numpy as np
import pandas as pd

from mmm.analysis.effects import effect, observed
from mmm.analysis.intervals import summary
from mmm.inference.fit import Fit


def by_model(fit: Fit, max_draws: int = 500) -> pd.DataFrame:
    """Return of every paid channel under every model that gives draws, heaviest first; one row a model and channel.

    Columns: model, weight, channel, roas with its 90% interval (``_lower``, ``_upper``). Where the outcome has no value
    ``roas`` is the effect in units of the outcome over the spend.
    """
    fit = fit.paid
    panel = observed(fit)
    worth = panel.value if fit.dataset.has_value else panel.ones
    tables = []
    for member in fit.counted:
        draws = fit.of(member).response(max_draws)
        mean, lower, upper = summary(effect(draws, panel, worth).sum(axis=1) / panel.spend.sum(axis=0))
        tables.append(
            pd.DataFrame(
                {
                    "model": member.name,
                    "weight": member.weight,
                    "channel": list(fit.dataset.channels),
                    "roas": mean,
                    "roas_lower": lower,
                    "roas_upper": upper,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def disagreement(table: pd.DataFrame) -> pd.Series:
    """Share of each channel's variance of the return that lies between models rather than within them, by channel.

    ``table`` as :func:`by_model` makes it; the variance within a model is taken from its interval's width.
    """
    weight = table["weight"] / table["weight"].groupby(table["channel"]).transform("sum")
    mean = (weight * table["roas"]).groupby(table["channel"]).transform("sum")
    sd = (table["roas_upper"] - table["roas_lower"]) / (2 * 1.6449)
    between = (weight * (table["roas"] - mean) ** 2).groupby(table["channel"], sort=False).sum()
    within = (weight * sd**2).groupby(table["channel"], sort=False).sum()
    return pd.Series(np.where(between + within > 0, between / (between + within), 0.0), between.index, name="between")
