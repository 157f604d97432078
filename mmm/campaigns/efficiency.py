"""What campaigns cost and return: the channel's return from the model, shared by a rule that is stated.

The model knows a channel's effect and nothing of what is inside it. A campaign's part of that effect is its part of a
key (orders or clicks that a platform counted, or the money itself). With the money as key all campaigns of a channel
return the same: the rule then says nothing of them. What another key would say is shown beside the chosen one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.campaigns.read import Campaigns
from mmm.campaigns.settings import SPEND

_ENDS = (0.05, 0.95)


@dataclass(frozen=True)
class Efficiency:
    """``table``: a row a channel, level (campaign, category, platform) and name: spend, costs, loaded (both), share (of
    the channel's effect, by the rule), roas and loaded_roas with 90% intervals, lowest and highest (mean loaded return
    over all keys). ``draws`` [row, draw]: loaded return by draw, in the order of the table."""

    rule: str
    table: pd.DataFrame
    draws: Floats


def efficiency(campaigns: Campaigns, roas: Floats, channels: Sequence[str], rule: str) -> Efficiency:
    """Returns of everything inside channels, from ``roas`` [draw, channel] of the model.

    The interval is of the channel's return; that the rule may be wrong is not in it, which is why the range over keys
    stands beside it. A channel's return on its whole money is that of its parts together.
    """
    rows = campaigns.rows
    money = [SPEND, *campaigns.costs]
    keys = (SPEND, *campaigns.keys)
    found: list[dict[str, object]] = []
    draws: list[Floats] = []
    for channel, inside in rows.groupby("channel", sort=False):
        whole = roas[:, list(channels).index(str(channel))] * float(inside[SPEND].sum())
        for level in campaigns.levels:
            sums = inside.groupby(level, sort=False)[list(dict.fromkeys([*money, *keys]))].sum()
            shares = {key: _shares(sums[key].to_numpy(dtype=float)) for key in keys}
            for i, (name, line) in enumerate(sums.iterrows()):
                loaded = float(line[money].sum())
                effect = whole * shares[rule][i]
                by_key = [float(whole.mean()) * shares[key][i] / loaded if loaded else np.nan for key in keys]
                row: dict[str, object] = {"channel": str(channel), "level": level, "name": str(name)}
                row |= {SPEND: float(line[SPEND]), "costs": loaded - float(line[SPEND]), "loaded": loaded}
                row["share"] = float(shares[rule][i])
                row |= _interval("roas", effect, float(line[SPEND])) | _interval("loaded_roas", effect, loaded)
                row |= {"lowest": float(np.min(by_key)), "highest": float(np.max(by_key))}
                found.append(row)
                draws.append(effect / loaded if loaded else np.full(len(effect), np.nan))
    return Efficiency(rule, pd.DataFrame(found), np.array(draws))


def _shares(key: Floats) -> Floats:
    """Parts of the key; of a channel without any of it, even parts."""
    total = float(key.sum())
    return key / total if total > 0 else np.full(len(key), 1.0 / len(key))


def _interval(name: str, effect: Floats, money: float) -> dict[str, float]:
    if not money:
        return dict.fromkeys((name, f"{name}_lower", f"{name}_upper"), float("nan"))
    lower, upper = np.quantile(effect / money, _ENDS)
    return {name: float(effect.mean()) / money, f"{name}_lower": float(lower), f"{name}_upper": float(upper)}
