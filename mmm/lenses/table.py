"""The executives' one table: what each channel returned, seen through each lens that there is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.errors import DataError

_ENDS = (0.05, 0.95)

USES = {
    "media_roas": "Media ROAS: where the next unit of media money goes, other costs staying as they are.",
    "loaded_roas": "Fully loaded ROAS: whether to have the channel at all, with its tools and people.",
    "value_roas": "Value-based ROAS: how much to pay for customers who come back; after the margin where one is "
    "stated.",
    "attributed": "Attributed share: who was there before conversions; for steering inside a channel only.",
}
"""What each lens is for, by the column it explains."""


@dataclass(frozen=True)
class Lenses:
    """What there is, for ``channels`` [c] of the model.

    ``effects`` [draw, c]: effect in units of the outcome; ``roas`` [draw, c]: what it is worth per unit of ``spend``
    [c], the panel's money in the same window (NaN where the outcome has no value).
    ``costs``: (working media, all costs) [c] of a ledger. ``worth`` [draw, c]: money of a customer by channel.
    ``attributed``: index channel of the model, columns share, lower, upper.
    """

    channels: tuple[str, ...]
    effects: Floats
    roas: Floats
    spend: Floats
    costs: tuple[Floats, Floats] | None = None
    worth: Floats | None = None
    attributed: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        n, c = self.effects.shape
        if c != len(self.channels) or np.shape(self.spend) != (c,):
            raise DataError(f"effects are [draw, {len(self.channels)}] and spend as many; got {self.effects.shape}.")
        for name, draws in (("roas", self.roas), ("worth", self.worth)):
            if draws is not None and draws.shape != (n, c):
                raise DataError(f"{name} is [{n}, {c}] like the effects; got {draws.shape}.")


def side_by_side(found: Lenses) -> pd.DataFrame:
    """A row a channel: spend, and media_roas, loaded_roas, value_roas, attributed with ``_lower`` and ``_upper`` (90%).

    A lens that is not there is NaN throughout. The loaded ROAS is the model's ROAS times the share of working media in
    all costs of the ledger, so that a ledger of other days than the panel's may be used: it assumes that this share was
    alike. NaN for a channel whose ledger has no working media, or that spent nothing.
    """
    roas = np.where(found.spend > 0, found.roas, np.nan)
    columns: dict[str, Floats] = {"spend": found.spend, **_interval("media_roas", roas)}
    loaded = np.full_like(roas, np.nan)
    if found.costs is not None:
        media, every = found.costs
        loaded = roas * np.where(media > 0, media / np.where(every > 0, every, 1.0), np.nan)
    value = np.full_like(roas, np.nan) if found.worth is None else _per(found.effects * found.worth, found.spend)
    columns |= _interval("loaded_roas", loaded) | _interval("value_roas", value)
    names = pd.Index(found.channels, name="channel")
    table = pd.DataFrame(columns, index=names)
    credit = found.attributed
    for column, source in (("attributed", "share"), ("attributed_lower", "lower"), ("attributed_upper", "upper")):
        table[column] = np.nan if credit is None else credit[source].reindex(names)
    return table


def lenses_there(table: pd.DataFrame) -> list[str]:
    """The lenses of a table that say anything, in the order of ``USES``."""
    return [name for name in USES if table[name].notna().any()]


def _per(money: Floats, spend: Floats) -> Floats:
    return np.asarray(np.divide(money, spend, out=np.full(money.shape, np.nan), where=np.asarray(spend) > 0))


def _interval(name: str, draws: Floats) -> dict[str, Floats]:
    # A channel is known in every draw or in none.
    lower, upper = np.quantile(draws, _ENDS, axis=0)
    return {name: draws.mean(axis=0), f"{name}_lower": lower, f"{name}_upper": upper}


def named(shares: pd.DataFrame, names: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Attributed shares by the model's names; ``names`` are (name in the journeys, name in the model)."""
    chosen = [(own, model) for own, model in names if own in shares.index]
    return shares.loc[[own for own, _ in chosen]].set_axis(pd.Index([model for _, model in chosen], name="channel"))
