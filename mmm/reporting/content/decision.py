"""The decision in the few numbers that its sentences need."""

from dataclasses import dataclass
from typing import Literal

from mmm.planning.discrepancy import Kept
from mmm.reporting.notation.estimate import Estimate

Verdict = Literal["unchanged", "equal", "better", "worse", "open"]
Limit = Literal["", "lower", "upper"]
HeldBy = Literal["", "pause", "fixed", "limits"]

_NOTICEABLE = 0.005
_SAME_TOTAL = 0.001


@dataclass(frozen=True)
class Move:
    """One channel in the plan; money is the total over the horizon.

    ``next_return`` is what one more unit of money would bring at today's spend. ``direction`` is the probability that
    it lies above the average of the adjustable channels (NaN where unknown). ``reach`` is the plan's largest spend in
    a period relative to the largest ever observed. ``limit`` says which of its bounds the plan touches, ``held`` what
    keeps it out of the decision altogether (see :class:`mmm.planning.held.Held`). Where less than ``first`` is spent,
    the next return is that of this first step (see :func:`mmm.planning.tables.first_step`).
    """

    name: str
    today: float
    planned: float
    next_return: Estimate
    direction: float
    reach: float
    limit: Limit = ""
    held: HeldBy = ""
    first: float = 0.0

    @property
    def change(self) -> float:
        return self.planned - self.today

    @property
    def rises(self) -> bool:
        return self.change > 0


@dataclass(frozen=True)
class Pays:
    """Money and the margin from which on it pays for itself, infinite where it does at none.

    ``money`` is what the plan spends "more" or "less" than today's, or the "last" that it spends.
    """

    which: Literal["more", "less", "last"]
    money: float
    margin: Estimate


@dataclass(frozen=True)
class Decision:
    """A plan against today's plan over a horizon, outcome in money or in its own unit.

    ``gain`` is the outcome won over today's plan. Where the totals differ and a margin is known, ``net`` is
    that gain (times ``margin``) less the money spent more, and the verdict, ``probability`` and ``worst`` (mean of the
    worst 5% of draws) are about it. ``mix_gain`` is the part of the gain that a better split brings at the new total.
    ``won_*`` is the outcome that media add, ``total_*`` the whole outcome (None where not forecast).
    """

    horizon: str
    periods: int
    moves: tuple[Move, ...]
    verdict: Verdict
    gain: Estimate
    probability: float
    worst: float
    won_today: Estimate
    won_planned: Estimate
    net: Estimate | None = None
    margin: float | None = None
    """Profit per unit of the outcome's value; None where it is not known, and nothing is said of profit."""
    pays: "tuple[Pays, ...]" = ()
    """Where no margin is known: from which one on which money pays."""
    negligible: float = 0.01
    """Share of what today’s media win within which the settings call two plans equal."""
    doubtful: bool = False
    """Whether past values repeated forecast better than the model: then the data cannot decide."""
    unspent: float = 0.0
    inside: float = 0.0
    """Money that stays in its channel but changes region or period."""
    mix_gain: Estimate | None = None
    model_gain: Estimate | None = None
    """The gain by the model's posterior alone; None where that is what the plan was made on."""
    kept: Kept | None = None
    """How often such promises were kept where the truth was known; None where nobody measured it."""
    total_today: Estimate | None = None
    total_planned: Estimate | None = None

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
        return abs(self.spend_change) > _SAME_TOTAL * max(self.spend_today, 1e-9)

    @property
    def mostly_shifts(self) -> bool:
        """Whether money moves between channels, and the total hardly changes in comparison."""
        return self.shifted > 0 and abs(self.spend_change) < 0.5 * self.shifted

    def raised(self) -> list[Move]:
        """Channels that get noticeably more, largest change first."""
        return sorted((m for m in self._noticeable() if m.rises), key=lambda m: -m.change)

    def lowered(self) -> list[Move]:
        """Channels that get noticeably less, largest change first."""
        return sorted((m for m in self._noticeable() if not m.rises), key=lambda m: m.change)

    def _noticeable(self) -> list[Move]:
        """Moves of at least half a per cent of today's total; smaller ones are rounding, not advice."""
        least = _NOTICEABLE * max(self.spend_today, 1e-9)
        return [m for m in self.moves if abs(m.change) >= least]

    @property
    def shifted(self) -> float:
        """Money that changes channel: the smaller of what is added and what is taken away."""
        up = sum(m.change for m in self.raised())
        down = -sum(m.change for m in self.lowered())
        return min(up, down)

    @property
    def decisive(self) -> Estimate:
        """What the verdict rests on."""
        return self.gain if self.net is None else self.net
