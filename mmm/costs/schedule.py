"""A vendor's prices as an exact function of the volume: pieces with breakpoints, in fractions, never in doubles.

Volumes are whole units; others are rounded up, as a vendor counts them. A cost is

    fixed + max(minimum, (1 - discount) * tiers(max(volume, least_volume)))

where ``tiers`` is marginal (each unit at the price of its own tier, and the fees of all tiers reached) or of all units
(all at the price of the last unit's tier, and that tier's fee). The latter falls where a tier begins.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mmm.arrays import Floats
from mmm.costs.settings import VendorSettings


@dataclass(frozen=True)
class Piece:
    """Volumes ``first`` to ``last`` (both included; None: without end) cost ``base + price * volume``."""

    first: int
    last: int | None
    base: Fraction
    price: Fraction

    def at(self, volume: int) -> Fraction:
        """Cost of a volume of this piece."""
        return self.base + self.price * volume


@dataclass(frozen=True)
class Schedule:
    """Cost of one period by volume; pieces follow each other from volume 0 without a gap."""

    pieces: tuple[Piece, ...]

    @property
    def breakpoints(self) -> tuple[int, ...]:
        """First volume of every piece but the first: where the cost bends or jumps."""
        return tuple(piece.first for piece in self.pieces[1:])

    @property
    def most(self) -> int | None:
        """Largest volume that the vendor sells in a period; None: there is no such limit."""
        return self.pieces[-1].last

    def cost(self, volume: int) -> Fraction:
        """Exact cost of a whole volume of 0 or more. Raises ValueError for others, and beyond :attr:`most`."""
        if volume < 0:
            raise ValueError(f"a volume is 0 or more; got {volume}")
        for piece in self.pieces:
            if piece.last is None or volume <= piece.last:
                return piece.at(volume)
        raise ValueError(f"at most {self.most:,} units are sold in a period; got {volume:,}")

    def costs(self, volumes: Floats) -> Floats:
        """Costs of volumes of any shape, rounded up to whole units; infinite beyond :attr:`most`."""
        whole = np.ceil(np.asarray(volumes, dtype=np.float64))
        if not (whole >= 0).all():  # NaN too
            raise ValueError("volumes are numbers of 0 or more")
        lasts = [np.inf if piece.last is None else piece.last for piece in self.pieces]
        at = np.searchsorted(lasts, whole, side="left")
        base = np.array([float(piece.base) for piece in self.pieces] + [np.inf])
        price = np.array([float(piece.price) for piece in self.pieces] + [0.0])
        return np.asarray(base[at] + price[at] * whole)

    def purchase(self, volume: int) -> tuple[int, Fraction]:
        """The cheapest way to have ``volume`` units where more may be bought: how many to buy, and the cost.

        Prices are not negative, so only the volume itself and the firsts of later pieces can be cheapest; of equals
        the fewest units. Raises ValueError as :meth:`cost` does.
        """
        candidates = [volume, *(first for first in self.breakpoints if first > volume)]
        best = min(candidates, key=lambda units: (self.cost(units), units))
        return best, self.cost(best)

    def with_purchases(self) -> "Schedule":
        """The schedule of a buyer who takes more units than needed wherever that is cheaper: it never falls."""
        found: list[Piece] = []
        best: Fraction | None = None
        for piece in reversed(self.pieces):
            if best is None or (piece.last is not None and piece.at(piece.last) <= best):
                found.append(piece)
            else:
                # Up to here units are bought as needed; beyond, the first of a later piece is cheaper.
                reach = math.floor((best - piece.base) / piece.price) if piece.price > 0 else piece.first - 1
                found.append(Piece(max(reach + 1, piece.first), piece.last, best, Fraction(0)))
                if reach >= piece.first:
                    found.append(Piece(piece.first, reach, piece.base, piece.price))
            cheapest = piece.at(piece.first)
            best = cheapest if best is None else min(best, cheapest)
        return Schedule(tuple(_joined(reversed(found))))

    def reach(self, volume: int) -> int | None:
        """The most units that the money for ``volume`` buys; None where there is no end."""
        money = self.cost(volume)
        for piece in reversed(self.pieces):
            if piece.price == 0:
                if piece.base <= money:
                    return piece.last
            elif piece.at(piece.first) <= money:
                units = math.floor((money - piece.base) / piece.price)
                return units if piece.last is None else min(units, piece.last)
        return volume

    def bargains(self) -> tuple[tuple[int, int, int], ...]:
        """(first, last, units): volumes for which buying that many units costs less than they do."""
        found = []
        best, units = self.pieces[-1].at(self.pieces[-1].first), self.pieces[-1].first
        for piece in reversed(self.pieces[:-1]):
            first, last = piece.first, piece.last
            if last is not None and piece.at(last) > best:
                if piece.price > 0:
                    first = max(first, math.floor((best - piece.base) / piece.price) + 1)
                found.append((first, last, units))
            if piece.at(piece.first) <= best:
                best, units = piece.at(piece.first), piece.first
        return tuple(reversed(found))


def schedule_of(vendor: VendorSettings) -> Schedule:
    """The cost function of a vendor, whose tiers the settings have checked for overlaps and gaps."""
    left = 1 - _exact(vendor.discount)
    charged: list[Piece] = []
    before = Fraction(0)  # what all units before this tier cost, fees of their tiers included
    for tier, (first, last) in zip(vendor.tiers, vendor.bounds(), strict=True):
        price, fee = _exact(tier.price), _exact(tier.fee)
        if vendor.kind == "all_units":
            base = fee
        else:
            base = before + fee - price * max(first - 1, 0)
            before = base + price * last if last is not None else before
        charged.append(Piece(first, last, left * base, left * price))
    charged = _with_least_volume(charged, vendor.least_volume)
    minimum, fixed = _exact(vendor.minimum), _exact(vendor.fixed)
    pieces = [part for piece in charged for part in _at_least(piece, minimum)]
    return Schedule(tuple(_joined(Piece(p.first, p.last, p.base + fixed, p.price) for p in pieces)))


def _exact(number: float) -> Fraction:
    """The number as it was written: 0.1 is a tenth, which no double is."""
    return Fraction(repr(float(number)))


def _with_least_volume(pieces: list[Piece], least: int) -> list[Piece]:
    """Volumes below ``least`` are charged as it."""
    if least == 0:
        return pieces
    at = next(piece for piece in pieces if piece.last is None or least <= piece.last)
    rest = [Piece(max(p.first, least + 1), p.last, p.base, p.price) for p in pieces if p.last is None or p.last > least]
    return [Piece(0, least, at.at(least), Fraction(0)), *rest]


def _at_least(piece: Piece, minimum: Fraction) -> Iterator[Piece]:
    """The piece, cut where it reaches the minimum, which it costs before."""
    if piece.at(piece.first) >= minimum:
        yield piece
        return
    if piece.price == 0:
        yield Piece(piece.first, piece.last, minimum, Fraction(0))
        return
    reached = math.ceil((minimum - piece.base) / piece.price)
    if piece.last is not None and reached > piece.last:
        yield Piece(piece.first, piece.last, minimum, Fraction(0))
        return
    yield Piece(piece.first, reached - 1, minimum, Fraction(0))
    yield Piece(reached, piece.last, piece.base, piece.price)


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Neighbours of one line as one piece, so that a breakpoint is where something changes."""
    held: Piece | None = None
    for piece in pieces:
        if held is not None and (held.base, held.price) == (piece.base, piece.price):
            held = Piece(held.first, piece.last, held.base, held.price)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held
