"""Media ROAS beside the fully loaded one, and profit, from draws of effects and costs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.errors import DataError

_ENDS = (0.05, 0.95)


def loaded_returns(
    effects: Floats, channels: Sequence[str], media: Floats, loaded: Floats, margin: Floats | float = 1.0
) -> pd.DataFrame:
    """By channel: media_roas, loaded_roas and profit, each with its 90% interval, and the chance of a profit.

    ``effects`` [draw, channel]: money that each channel brings over the window of the ledger (outcome times value per
    unit). ``media`` and ``loaded`` [channel]: working media, and all costs, of the same window and currency.
    ``margin`` (one, or by channel): profit before these costs in a unit of that money; ROAS are of the money itself,
    profit is margin * effect - loaded. A ROAS on nothing spent is NaN.

    Raises DataError where shapes differ, numbers are not finite, costs are negative or below the media in them.
    """
    shape = (len(channels),)
    sizes = {"media": np.shape(media), "loaded": np.shape(loaded)}
    if effects.ndim != 2 or effects.shape[1:] != shape or any(size != shape for size in sizes.values()):
        raise DataError(
            f"effects are [draw, {shape[0]} channels], media and loaded [{shape[0]} channels]; "
            f"got {effects.shape}, {sizes['media']} and {sizes['loaded']}."
        )
    margins = np.broadcast_to(np.asarray(margin, dtype=np.float64), shape)
    for name, values in (("effects", effects), ("media", media), ("loaded", loaded), ("margin", margins)):
        if not np.isfinite(values).all():
            raise DataError(f"{name} holds values that are no finite numbers.")
    wrong = [name for name, part, whole in zip(channels, media, loaded, strict=True) if not 0 <= part <= whole]
    if wrong:
        raise DataError(f"Loaded costs hold the media and are not negative; not so for {', '.join(wrong)}.")
    profit = margins * effects - loaded
    columns = _interval("media_roas", _ratio(effects, media)) | _interval("loaded_roas", _ratio(effects, loaded))
    columns |= _interval("profit", profit) | {"chance_of_profit": (profit > 0).mean(axis=0)}
    costs = {"media": media, "loaded": loaded}
    return pd.DataFrame(costs | columns, index=pd.Index(list(channels), name="channel"))


def _ratio(effects: Floats, spend: Floats) -> Floats:
    return np.asarray(np.divide(effects, spend, out=np.full(effects.shape, np.nan), where=np.asarray(spend) > 0))


def _interval(name: str, draws: Floats) -> dict[str, Floats]:
    lower, upper = np.quantile(draws, _ENDS, axis=0)
    return {name: draws.mean(axis=0), f"{name}_lower": lower, f"{name}_upper": upper}
