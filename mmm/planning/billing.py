"""Bills as columns of the program that a solver sees: of which of the plan's numbers each is, and what of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from mmm.arrays import Floats
from mmm.planning.bills import Bill
from mmm.planning.pieces import Pieces, added
from mmm.planning.problem import Space
from mmm.planning.program import Stair


@dataclass(frozen=True)
class Billed:
    """One bill (or the sum of a channel's, where they are of one number): ``pieces`` of ``sum(terms * x)``, which is
    media money at today's price. ``sold`` is the most that the vendor sells, 0 where bounds are below it."""

    channel: int
    vendor: str
    terms: dict[int, float]
    pieces: Pieces
    sold: float
    column: int = -1

    @property
    def linear(self) -> bool:
        """Whether it is one line of the number, so that nothing is discrete."""
        return self.pieces.linear

    @property
    def below(self) -> list[tuple[str, float, float]]:
        """Lines (name, slope, base) that the bill is on or above."""
        if self.linear:
            return [("bill", float(self.pieces.price[0]), float(self.pieces.base[0]))]
        return [("least bill", slope, base) for slope, base in self.pieces.hull()]

    def stair(self) -> Stair:
        """The same for the solver."""
        return Stair(self.column, tuple(self.terms), tuple(self.terms.values()), self.pieces)


def billed_columns(space: Space, most: Sequence[float]) -> Iterator[Billed]:
    """Every channel's bills by the numbers that are decided; ``most`` [c] bounds the channels' totals."""
    for channel, bills in groupby(space.problem.bills, key=lambda bill: bill.channel):
        parts = [_scaled(space, bill) for bill in bills]
        numbers = {column for terms, _, _ in parts for column in terms}
        if len(numbers) == 1 and all(terms for terms, _, _ in parts):
            # Of one and the same number: their sum has pieces of its own.
            column = numbers.pop()
            whole = added([made.of(terms[column]) for terms, made, _ in parts])
            parts = [({column: 1.0}, whole, parts[0][2])]
        for terms, made, vendor in parts:
            top = max(terms.values(), default=0.0) * most[channel]
            sold = made.most if made.most < top else 0.0
            yield Billed(channel, vendor, terms, made.until(min(top, made.most)), sold)


def money_of(billed: Sequence[Billed], space: Space, columns: int) -> Floats | None:
    """What a unit of every column costs: 1 of the plan's numbers, 0 of those that are billed, 1 of a bill.

    None where nothing is billed.
    """
    if not billed:
        return None
    found = np.concatenate([np.ones(space.size), np.zeros(columns - space.size)])
    found[: space.size][np.isin(space.channel_of, [made.channel for made in billed])] = 0.0
    found[[made.column for made in billed]] = 1.0
    return found


def _scaled(space: Space, bill: Bill) -> tuple[dict[int, float], Pieces, str]:
    """Weights of the decided numbers, as money at the bill's mean price, and the bill by that money."""
    problem = space.problem
    h, g, _ = problem.reference.shape
    media = np.zeros((h, g))
    media[bill.rows] = problem.unit[bill.rows, :, bill.channel] * space.split[bill.rows, :, bill.channel]
    own = {"channel": media.sum(keepdims=True).ravel(), "geo": media.sum(axis=0), "week": media.sum(axis=1)}
    columns = np.flatnonzero(space.channel_of == bill.channel)
    price = float(np.mean(problem.unit[bill.rows, :, bill.channel]))
    terms = {int(i): float(w) / price for i, w in zip(columns, own[space.detail], strict=True) if w > 0}
    return terms, bill.pieces.of(price), bill.vendor
