"""Returns by level: what the parts of nested channels do together, by channel and by group within it."""

import numpy as np
import pandas as pd

from mmm.analysis.effects import Observed
from mmm.analysis.intervals import columns
from mmm.arrays import Floats
from mmm.inference.fit import Fit

SEPARATOR = " / "


def level_table(fit: Fit, panel: Observed, effects: Floats, value: Floats, marginal: Floats) -> pd.DataFrame:
    """One row a channel with parts, and a group within one (index level): sums of its parts, by draw.

    ``effects`` and ``value`` are [n, g, c], ``marginal`` [n, c] the value of one more unit of money, for the channels
    of ``fit``. Columns: depth (1: a channel), parts (their number), spend, and with 90% intervals effect, share of the
    outcome, roas (effect per unit of money where the outcome has no value) and marginal_roas of money that is split
    over the parts as it was.
    """
    names = list(fit.dataset.channels)
    outcome = float(np.nansum(fit.dataset.data["outcome"].values[fit.window]))
    spend = panel.spend.sum(axis=0)
    worth = value if fit.dataset.has_value else effects
    rows: list[dict[str, object]] = []
    for path, parts in fit.dataset.nodes.items():
        own = [names.index(part) for part in parts]
        total = effects[:, :, own].sum(axis=(1, 2))
        money = float(spend[own].sum())
        row: dict[str, object] = {
            "level": SEPARATOR.join(path),
            "depth": len(path),
            "parts": len(parts),
            "spend": money,
        }
        for name, draws in (
            ("effect", total),
            ("share", total / outcome),
            ("roas", worth[:, :, own].sum(axis=(1, 2)) / money),
            ("marginal_roas", (marginal[:, own] * spend[own]).sum(axis=1) / money),
        ):
            row |= {key: float(number) for key, number in columns(name, draws).items()}
        rows.append(row)
    return pd.DataFrame(rows, columns=None if rows else ["level"]).set_index("level")
