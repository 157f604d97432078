"""What a constraint of one's own states: linear limits on the channels' totals over the horizon."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmm.arrays import Floats
from mmm.records import Records
from mmm.section import Section


@dataclass(frozen=True)
class Here:
    """What a constraint may depend on: channels, and their spend [c] in the reference plan over the horizon."""

    channels: tuple[str, ...]
    reference: Floats


@dataclass(frozen=True)
class Limit:
    """``lower <= sum of weight x the channel's total <= upper``; ``words`` say it to the reader of a plan."""

    words: str
    weights: Mapping[str, float]
    lower: float = -np.inf
    upper: float = np.inf


@dataclass(frozen=True)
class Constraint:
    """``section``: what settings give below ``plan.further.NAME``; ``limits`` makes of it what the plan has to keep.

    ``limits`` raises PlanError for what does not suit the channels.
    """

    section: type[Section]
    limits: Callable[[Any, Here], Iterable[Limit]]


CONSTRAINTS: Records[Constraint] = Records("constraint", "mmm.planning.further")
"""Files only: a kept plan is known by the code behind it."""
