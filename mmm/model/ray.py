"""Effects of media ``base + level * direction`` over ``base``, for posterior draws, at any level with derivatives.

Adstock is linear: base and direction are carried over once, whatever the number of levels that are asked, one after
the other as a search does or together as a curve does.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.model.kernels import evaluate
from mmm.model.kernels import ray as kernels
from mmm.model.response import Parameters, ResponseDraws
from mmm.model.walks import growth

# Evaluations of a curve below which starting threads costs more than it saves.
_WORTH_THREADS = 1e7
# Numbers that are kept of what was carried over, by array; what is more is carried over anew each time, part by part.
KEPT = 8_000_000
Cellwise = Callable[[npt.NDArray[np.int64]], None]


def over_cells(cells: npt.NDArray[np.int64], work: float, task: Cellwise) -> None:
    """Run ``task`` on parts of ``cells``, on threads where there is enough to do."""
    workers = min(len(cells), max(1, min(8, os.cpu_count() or 1)))
    if workers <= 1 or work < _WORTH_THREADS:
        task(cells)
        return
    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(task, np.array_split(cells, min(len(cells), 4 * workers))))


@dataclass(frozen=True)
class Along:
    """Effect along a direction with its exact first and second derivative by level."""

    value: Floats
    slope: Floats
    curvature: Floats

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> "Along":
        """Nothing yet, for the kernels to add to."""
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(shape))

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats]:
        return self.value, self.slope, self.curvature


@dataclass(frozen=True)
class _Carried:
    """What was carried over for some cells, as :mod:`mmm.model.kernels.ray` has it."""

    cells: npt.NDArray[np.int64]
    at_base: Floats
    by_one: Floats
    counts: Floats
    start: Floats

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.at_base, self.by_one, self.counts, self.start


@dataclass(frozen=True, eq=False)
class Ray:
    """Media ``base + level * direction``, for every level, and what they bring more than ``base``; n draws.

    ``base`` and ``direction`` are [t, g, c] in media units, ``weights`` [t, g] (ones for outcome units, value per unit
    for money). ``course`` is the :meth:`ResponseDraws.course` of the periods, without which effects are those of the
    last state. Raises FitError where shapes do not fit the draws.
    """

    draws: ResponseDraws
    base: npt.ArrayLike
    direction: npt.ArrayLike
    weights: Floats
    course: Floats | None = None

    def at(self, levels: npt.ArrayLike) -> Along:
        """At ``levels`` [g, c, k], by geo: arrays [n, g, c, k]."""
        points = np.ascontiguousarray(levels, dtype=np.float64)
        return self._by_draw(points, np.arange(len(points)))

    def summed(self, levels: npt.ArrayLike) -> Along:
        """At one level for all geos of a channel (``levels[c, k]``), summed over geos: arrays [n, c, k]."""
        points = np.asarray(levels, dtype=np.float64)
        geos = len(self.draws.geos)
        spread = np.ascontiguousarray(np.broadcast_to(points, (geos, *points.shape)))
        return Along(*(array[:, 0] for array in self._by_draw(spread, np.zeros(geos, dtype=np.int64)).arrays))

    def mean(self, levels: npt.ArrayLike, draw_weights: Floats) -> Along:
        """``draw_weights``-weighted sum over draws of :meth:`at`: arrays [g, c, k]."""
        points, out = np.ascontiguousarray(levels, dtype=np.float64), Along.zeros(np.shape(levels))
        share = np.ascontiguousarray(draw_weights, dtype=np.float64)
        _, _, skind, spar, log_beta, *_ = self._parameters
        for part in self._parts():
            over_cells(
                np.arange(len(part.cells)),
                part.at_base.size * points.shape[2],
                lambda numbers, part=part: kernels.mean(  # type: ignore[misc]
                    skind, spar, log_beta, part.cells, numbers, *part.arrays, points, share, *out.arrays
                ),
            )
        return self._with_ways(out, lambda way, places: way.mean(points[:, places], draw_weights))

    def _by_draw(self, points: Floats, row: npt.NDArray[np.int64]) -> Along:
        out = Along.zeros((self.draws.n, int(row.max()) + 1, *points.shape[1:]))
        _, _, skind, spar, log_beta, *_ = self._parameters
        for part in self._parts():
            kernels.by_draw(skind, spar, log_beta, part.cells, *part.arrays, points, row, *out.arrays)
        return self._with_ways(out, lambda way, places: way._by_draw(points[:, places], row))

    def _with_ways(self, own: Along, of: "Callable[[Ray, list[int]], Along]") -> Along:
        """Effects with the channels' signs and those of the further ways; channels are next to last."""
        for array in own.arrays:
            self.draws._signed(array, -2)
        for places, way in self._ways:
            for array, more in zip(own.arrays, of(way, places).arrays, strict=True):
                array[..., places, :] += more
        return own

    @cached_property
    def _ways(self) -> list[tuple[list[int], "Ray"]]:
        base, direction = np.asarray(self.base), np.asarray(self.direction)
        return [
            (places, Ray(path, base[:, :, places], direction[:, :, places], self.weights))
            for places, path in self.draws.ways
        ]

    @cached_property
    def _parameters(self) -> Parameters:
        return self.draws._parameters()

    @cached_property
    def _media(self) -> tuple[Floats, Floats]:
        return self.draws._scaled(self.base, "base"), self.draws._scaled(self.direction, "direction")

    @cached_property
    def _first(self) -> int:
        """The first period in which anything of the direction arrives."""
        some = self._media[1].any(axis=(1, 2))
        return int(some.argmax()) if some.any() else len(some)

    @cached_property
    def _chunks(self) -> list[npt.NDArray[np.int64]]:
        """Numbers of the cells that the direction leads to, in parts that may be kept."""
        cells = np.flatnonzero(self._media[1].any(axis=0).ravel())
        size = max(1, KEPT // max(1, self.draws.n * (len(self._media[0]) - self._first)))
        return [cells[i : i + size] for i in range(0, len(cells), size)]

    @cached_property
    def _whole(self) -> _Carried:
        return self._carry(self._chunks[0])

    def _parts(self) -> Iterator[_Carried]:
        if len(self._chunks) == 1:
            yield self._whole
            return
        for cells in self._chunks:
            yield self._carry(cells)

    def _carry(self, cells: npt.NDArray[np.int64]) -> _Carried:
        akind, apar, skind, spar, _, lookback, after = self._parameters
        shared = akind, apar, skind, spar, lookback, after
        base, direction = self._media
        grown, weights = growth(self.course), np.ascontiguousarray(self.weights, dtype=np.float64)
        shape = (len(cells), self.draws.n, len(base) - self._first)
        alike = not ((akind // evaluate.SATURATION_FIRST % 2).any() or after.shape[2] or len(grown))
        counts = np.empty((shape[0], 1 if alike else shape[1], shape[2]))
        found = _Carried(cells, np.empty(shape), np.empty(shape), counts, np.empty(shape[:2]))
        over_cells(
            np.arange(len(cells)),
            found.at_base.size,
            lambda numbers: kernels.carry(*shared, base, direction, weights, grown, cells, numbers, *found.arrays),
        )
        return found
