"""A function of one number in linear pieces that may jump, such as a vendor's bill by volume."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from mmm.arrays import Floats

_CLEAR = 1e-4
"""Of the last breakpoint: how far behind one where the function falls a piece begins, where a unit is more."""
_SAME = 1e-9


@dataclass(frozen=True)
class Pieces:
    """``base[k] + price[k] y`` for ``y`` from ``first[k]`` to ``last[k]``; pieces follow each other from 0 on.

    Where the function falls at a breakpoint the next piece begins a unit later, so that nobody has its price without
    reaching it; elsewhere it begins where the last one ends. The last end may be infinite.
    """

    first: Floats
    last: Floats
    base: Floats
    price: Floats

    @property
    def linear(self) -> bool:
        return len(self.base) == 1

    @property
    def most(self) -> float:
        """Largest number that the function is defined for."""
        return float(self.last[-1])

    def piece(self, y: Floats | float) -> np.ndarray:
        """Number of the piece of each ``y``; between two pieces that of the nearer end."""
        return np.searchsorted((self.last[:-1] + self.first[1:]) / 2, y, side="left")

    def at(self, y: Floats | float) -> Floats:
        """Values, of any shape."""
        k = self.piece(y)
        return np.asarray(self.base[k] + self.price[k] * y)

    def of(self, scale: float) -> "Pieces":
        """The same as a function of z, where y = ``scale`` z."""
        return Pieces(self.first / scale, self.last / scale, self.base, self.price * scale)

    def times(self, factor: float) -> "Pieces":
        """The function times a factor."""
        return Pieces(self.first, self.last, self.base * factor, self.price * factor)

    def part(self, share: float) -> "Pieces":
        """What a share of a period costs: ``share`` times the cost of a whole one at this pace."""
        return Pieces(self.first * share, self.last * share, self.base * share, self.price)

    def until(self, top: float) -> Self:
        """The pieces that begin below ``top``, ended there."""
        keep = np.flatnonzero(self.first <= top) if top > 0 else np.array([0])
        last = np.minimum(self.last[keep], max(top, 0.0))
        return type(self)(self.first[keep], last, self.base[keep], self.price[keep])

    def hull(self) -> list[tuple[float, float]]:
        """(slope, intercept) of the lines below the function that meet in its convex hull; ends must be finite."""
        at = np.concatenate([self.first, self.last])
        value = np.concatenate([self.base + self.price * self.first, self.base + self.price * self.last])
        points: list[tuple[float, float]] = []
        for x, y in sorted(zip(at.tolist(), value.tolist(), strict=True)):
            if points and x - points[-1][0] <= _SAME * max(1.0, x):
                if y >= points[-1][1]:
                    continue
                points.pop()
            while len(points) > 1 and _turns(points[-2], points[-1], (x, y)):
                points.pop()
            points.append((x, y))
        lines = [((b[1] - a[1]) / (b[0] - a[0]), a) for a, b in itertools.pairwise(points)]
        return [(slope, a[1] - slope * a[0]) for slope, a in lines] or [(0.0, points[0][1])]


def _turns(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether ``b`` lies on or above the line from ``a`` to ``c``."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])


def pieces(bounds: Sequence[tuple[float, float]], lines: Sequence[tuple[float, float]]) -> Pieces:
    """Of whole units: ``bounds`` are the first and last unit of every piece, ``lines`` its base and price.

    A number between two units counts as the upper one, so that a piece begins behind the last one's end.
    """
    last = np.array([end for _, end in bounds])
    base, price = np.array(lines, dtype=float).reshape(-1, 2).T
    finite = last[np.isfinite(last)]
    gap = min(1.0, _CLEAR * float(finite.max())) if finite.size else 1.0
    ends = last[:-1]
    falls = base[1:] + price[1:] * (ends + gap) < base[:-1] + price[:-1] * ends
    return Pieces(np.concatenate([[0.0], np.where(falls, ends + gap, ends)]), last, base, price)


def added(functions: Sequence[Pieces]) -> Pieces:
    """The sum of functions of the same number."""
    edges: dict[float, float] = {}
    for one in functions:
        for end, begin in zip(one.last[:-1].tolist(), one.first[1:].tolist(), strict=True):
            edges[end] = max(begin, edges.get(end, end))
    top = min(one.most for one in functions)
    ends = [end for end in sorted(edges) if end < top]
    first = np.array([0.0, *(edges[end] for end in ends)])
    last = np.array([*ends, top])
    # A piece that a later function's gap swallows whole is left out.
    keep = first <= last
    first, last = first[keep], last[keep]
    inside = np.where(np.isfinite(last), (first + np.where(np.isfinite(last), last, 0.0)) / 2, first + 1.0)
    base, price = np.zeros(len(first)), np.zeros(len(first))
    for one in functions:
        k = one.piece(inside)
        base, price = base + one.base[k], price + one.price[k]
    return Pieces(first, last, base, price)
