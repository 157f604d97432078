"""Channels whose money a plan could not move, and why: they are out of the decision, whatever the evidence says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from mmm.planning.settings import ChannelLimits, PlanSettings

HeldBy = Literal["pause", "fixed", "limits"]
_SAME = 1e-9


@dataclass(frozen=True)
class Held:
    """A channel out of the decision with ``amount``, the money that it gets either way.

    ``by``: "pause" where the reference plan spends nothing on it and limits relative to that leave nothing, "fixed"
    where the settings say so, "limits" where other limits leave one amount only.
    """

    channel: str
    by: HeldBy
    amount: float


def held_channels(allocation: pd.DataFrame, settings: PlanSettings) -> tuple[Held, ...]:
    """The channels that ``allocation`` (see :func:`mmm.planning.tables.allocation`) leaves one amount only."""
    return tuple(_held(allocation, settings))


def _held(allocation: pd.DataFrame, settings: PlanSettings) -> Iterator[Held]:
    for name, line in allocation.iterrows():
        lower, upper = float(line["lower_bound"]), float(line["upper_bound"])
        if upper - lower > _SAME * max(1.0, abs(lower)):
            continue
        limits = settings.channels.get(str(name), ChannelLimits())
        # A maximum in money holds a paused channel as it holds any other.
        paused = float(line["reference"]) == 0.0 == upper and limits.maximum is None
        by: HeldBy = "fixed" if limits.fixed else "pause" if paused else "limits"
        yield Held(str(name), by, float(line["spend"]))
