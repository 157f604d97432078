"""Response curves: the effect of steady spend, per period, over a range of spend."""

from typing import Literal

import numpy as np
import pandas as pd

from mmm.analysis.intervals import columns
from mmm.arrays import Floats
from mmm.data.calendar import parse_periods
from mmm.inference.fit import Fit
from mmm.model.ray import Ray
from mmm.model.response import ResponseDraws

_POINTS = 41
# Curves reach this far beyond the largest spend of any period, to show where the model extrapolates.
_BEYOND = 1.3
_FIRST_STEP = 0.01


def recent_rows(fit: Fit, duration: str = "13 weeks") -> slice:
    """The last rows of the window that span ``duration`` (all rows where the window is shorter)."""
    window = fit.window
    periods = min(parse_periods(duration, fit.dataset.frequency), window.stop - window.start)
    return slice(window.stop - periods, window.stop)


def today_per_period(fit: Fit, what: Literal["spend", "media"] = "spend") -> Floats:
    """Mean spend (or media) per period over the last 13 weeks, [g, c]."""
    return np.asarray(fit.dataset.data[what].values[recent_rows(fit)].mean(axis=0))


def media_per_money(fit: Fit) -> Floats:
    """Media units that one unit of currency buys when spent on a channel in the mix of geos and at the costs of the
    last 13 weeks; of the whole window where nothing was spent recently. [g, c]; sums over geos to media per money."""
    recent, window = recent_rows(fit), fit.window
    out = np.zeros((len(fit.spec.geos), len(fit.dataset.channels)))
    for c in range(out.shape[1]):
        for rows in (recent, window):
            spend = fit.dataset.data["spend"].values[rows, :, c].sum()
            if spend > 0:
                out[:, c] = fit.dataset.data["media"].values[rows, :, c].sum(axis=0) / spend
                break
    return out


def response_curves(fit: Fit, draws: ResponseDraws) -> pd.DataFrame:
    """Effect per period of the same spend in every period, by channel; see Analysis.curves.

    Spend is split over geos as in the last 13 weeks. The effect is taken once carryover is complete, so that it is
    what a period of steady spend earns in the end.
    """
    periods = draws.lookback + 1
    direction = np.repeat(media_per_money(fit)[None], periods, axis=0)
    national = fit.dataset.data["spend"].values[fit.window].sum(axis=1)
    largest = national.max(axis=0)
    levels = np.linspace(0.0, 1.0, _POINTS)[None, :] * (_BEYOND * largest)[:, None]
    last = np.zeros((periods, len(fit.spec.geos)))
    last[-1] = 1.0
    effect = Ray(draws, np.zeros_like(direction), direction, last).summed(levels)
    worth = last
    if fit.dataset.has_value:
        worth = last * fit.dataset.data["value_per_unit"].values[fit.window][-1]
    marginal = Ray(draws, np.zeros_like(direction), direction, worth).summed(levels).slope
    # A curve of slope below 1 has no finite slope at nothing: there the marginal return is that of a first step.
    step = _FIRST_STEP * largest
    first = Ray(draws, np.zeros_like(direction), direction, worth).summed(step[:, None]).value[..., 0]
    marginal[..., 0] = first / np.where(step > 0, step, 1.0)
    tables = []
    for c, name in enumerate(draws.channels):
        table: dict[str, object] = {"channel": name, "spend": levels[c]}
        table |= columns("effect", effect.value[:, c]) | columns("marginal", marginal[:, c])
        tables.append(pd.DataFrame(table | {"observed": levels[c] <= largest[c]}))
    return pd.concat(tables, ignore_index=True)
