"""What an import gives: settings, what became of each thing of the other tool, and its results where it keeps some."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from mmm.data.cells import FloatArray

_Z95 = 1.6448536269514722
OWN_INTERVAL = "90% intervals"
LEVELS = (0.5, 1.0, 2.0)
"""Levels of steady spend, as multiples of a channel's mean, at which curves are compared."""


class Item(NamedTuple):
    """One thing of the other tool, and what it became here."""

    theirs: str
    ours: str
    how: Literal["same", "near", "not carried over"]
    why: str


class Theirs(NamedTuple):
    """What the other tool says of a channel: money per money with its interval, share of the outcome in percent.

    ``steady``: outcome a period of steady spend at half, once and twice the channel's mean; empty where it is not kept.
    """

    channel: str
    share: float
    roas: float
    low: float
    high: float
    steady: tuple[float, ...] = ()


@dataclass
class Imported:
    """A settings document, the account of the import, and the other tool's results."""

    tool: str
    document: dict[str, Any]
    items: list[Item] = field(default_factory=list)
    theirs: list[Theirs] = field(default_factory=list)
    interval: str = OWN_INTERVAL
    """What the ends of its returns are."""
    notes: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)

    def note(self, theirs: str, ours: str, how: Literal["same", "near", "not carried over"], why: str = "") -> None:
        """Add one line to the account."""
        self.items.append(Item(theirs, ours, how, why))


def interval(low: float, high: float) -> dict[str, float]:
    """A range as the 90% interval of a log-normal prior, rounded; a range from 0 begins at a twentieth of its end."""
    low = max(low, high / 20)
    return {"lower": _rounded(low), "upper": _rounded(max(high, 1.02 * low))}


def beta(low: float, high: float) -> dict[str, float]:
    """A range of a share as a beta prior with its middle as mean, and the range as wide as a 90% interval is."""
    mean = min(max((low + high) / 2, 0.01), 0.99)
    sd = max((high - low) / (2 * _Z95), 0.01)
    size = max(mean * (1 - mean) / sd**2 - 1, 2.0)
    return {"alpha": _rounded(mean * size), "beta": _rounded((1 - mean) * size)}


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def carried(media: FloatArray, share: float) -> FloatArray:
    """Geometric carryover with weights that add up to one: each period keeps ``share`` of what is left."""
    out = np.empty_like(media)
    level = 0.0
    for t, value in enumerate(media):
        level = share * level + (1 - share) * value
        out[t] = level
    return out


def active_mean(media: FloatArray) -> float:
    """The mean over periods with media, by which half-saturation is measured here; 1 where there are none."""
    active = media[media > 0]
    return float(active.mean()) if active.size else 1.0
