"""The decision in the few numbers that its sentences need, whatever the planner behind it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

Verdict = Literal["unchanged", "equal", "better", "worse", "open"]


class Estimate(NamedTuple):
    """A mean with the ends of its 90% interval."""

    mean: float
    lower: float
    upper: float

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self).all())


def estimate(draws: "np.typing.ArrayLike") -> Estimate:
    """Mean and equal-tailed 90% interval of draws."""
    values = np.asarray(draws, dtype=float)
    lower, upper = np.quantile(values, [0.05, 0.95])
    return Estimate(float(values.mean()), float(lower), float(upper))


@dataclass(frozen=True)
class Move:
    """One channel in the plan; money is the total over the horizon.

    ``next_return`` is what one more unit of money would bring at today's spend. ``direction`` is the probability that
    it lies above the average of the other adjustable channels (NaN where unknown). ``reach`` is the plan's largest
    spend in a period relative to the largest ever observed.
    """

    name: str
    today: float
    planned: float
    next_return: Estimate
    direction: float
    reach: float

    @property
    def change(self) -> float:
        return self.planned - self.today

    @property
    def rises(self) -> bool:
        return self.change > 0


@dataclass(frozen=True)
class Decision:
    """A plan against today's plan over a horizon, outcome in money or in its own unit.

    ``gain`` is the outcome won over today's plan; ``mix_gain`` the part that a better split brings at the new total
    (None where the totals are equal); ``worst`` the mean of the worst 5% of draws. ``won_*`` is the outcome that media
    add, ``total_*`` the whole outcome with the baseline (None where not forecast). ``as_good`` says that the whole
    interval of the gain is negligible.
    """

    horizon: str
    periods: int
    moves: tuple[Move, ...]
    gain: Estimate
    probability: float
    worst: float
    won_today: Estimate
    won_planned: Estimate
    unspent: float = 0.0
    mix_gain: Estimate | None = None
    total_today: Estimate | None = None
    total_planned: Estimate | None = None
    as_good: bool = False

    @property
    def span(self) -> str:
        """The horizon after 'the' or 'the next': '13 weeks', but 'week' for a single one."""
        return self.horizon.removeprefix("1 ") if self.periods == 1 else self.horizon

    @property
    def spend_today(self) -> float:
        return sum(m.today for m in self.moves)

    @property
    def spend_planned(self) -> float:
        return sum(m.planned for m in self.moves)

    @property
    def spend_change(self) -> float:
        return self.spend_planned - self.spend_today

    @property
    def changes_total(self) -> bool:
        """Whether the plan spends noticeably more or less than today's."""
        return abs(self.spend_change) > 0.01 * max(self.spend_today, 1e-9)

    def raised(self) -> list[Move]:
        """Channels that get noticeably more, largest change first."""
        return sorted((m for m in self._noticeable() if m.rises), key=lambda m: -m.change)

    def lowered(self) -> list[Move]:
        """Channels that get noticeably less, largest change first."""
        return sorted((m for m in self._noticeable() if not m.rises), key=lambda m: m.change)

    def _noticeable(self) -> list[Move]:
        """Moves of at least half a per cent of today's total; smaller ones are rounding, not advice."""
        least = 0.005 * max(self.spend_today, 1e-9)
        return [m for m in self.moves if abs(m.change) >= least]

    @property
    def shifted(self) -> float:
        """Money that changes channel: the smaller of what is added and what is taken away."""
        up = sum(m.change for m in self.raised())
        down = -sum(m.change for m in self.lowered())
        return min(up, down)

    @property
    def verdict(self) -> Verdict:
        """What the evidence says of the plan against today's."""
        if not self.raised() and not self.lowered():
            return "unchanged"
        if self.as_good:
            return "equal"
        if self.gain.lower > 0:
            return "better"
        return "worse" if self.gain.upper < 0 else "open"
