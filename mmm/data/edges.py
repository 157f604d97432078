"""Runs of zeros in the outcome that are no sales figures: before a geo opened, after it closed, not booked yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmm.data.cells import FloatArray
from mmm.data.problems import Problems, listed_yaml
from mmm.data.settings import PartialGeo

_CHANCE = 1e-4
"""A run of zeros that is less likely than this, by how often the series is zero elsewhere, is no chance."""
Side = Literal["start", "end", "middle"]


@dataclass(frozen=True)
class ZeroRun:
    """Periods ``first`` to ``last`` (positions, inclusive) in which the outcome of geo ``geo`` is 0."""

    geo: int
    first: int
    last: int
    side: Side

    @property
    def periods(self) -> int:
        return self.last - self.first + 1


def zero_runs(outcome: FloatArray) -> Iterator[ZeroRun]:
    """Runs of zeros in ``outcome[date, geo]`` (NaN where not observed) that chance does not explain."""
    for g, series in enumerate(outcome.T):
        known = np.flatnonzero(np.isfinite(series))
        values = series[known]
        runs = _runs(values == 0)
        for start, stop in runs:
            rest = values.size - (stop - start)
            zeros = sum(b - a for a, b in runs) - (stop - start)
            share = (zeros + 1) / (rest + 2)
            if rest > 0 and share ** (stop - start) < _CHANCE:
                side: Side = "start" if start == 0 else "end" if stop == values.size else "middle"
                yield ZeroRun(g, int(known[start]), int(known[stop - 1]), side)


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(int)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def record_zero_edges(
    outcome: FloatArray, dates: list[str], geos: tuple[str, ...], declared: dict[str, PartialGeo], problems: Problems
) -> None:
    """Record geos that are all zeros before a first or after a last period and were not declared.

    A model would take the jump at the opening for an effect of whatever media began then.
    """
    found = [run for run in zero_runs(outcome) if run.side != "middle" and not _declared(run, geos, declared)]
    if not found:
        return
    spans: dict[str, dict[str, str]] = {}
    whole: dict[str, dict[str, str]] = {}
    lines = []
    for run in found:
        geo = geos[run.geo]
        spans.setdefault(geo, {})[run.side] = dates[run.last + 1] if run.side == "start" else dates[run.first - 1]
        whole.setdefault(geo, {})[run.side] = dates[run.first] if run.side == "start" else dates[run.last]
        word = "before its first sale" if run.side == "start" else "after its last"
        lines.append(f"{geo}: outcome 0 from {dates[run.first]} to {dates[run.last]} ({run.periods} periods), {word}")
    problems.add(
        f"{len(spans)} geos have nothing but zeros at an end of their series: a launch or a closure, which would be "
        f"taken for an effect of media.",
        f"Declare when they were open: data.partial_geos: {listed_yaml(spans)} (the rows may stay, or be left out). If "
        f"a geo was open and sold nothing, declare its whole span: data.partial_geos: {listed_yaml(whole)}.",
        lines,
        len(lines),
    )


def _declared(run: ZeroRun, geos: tuple[str, ...], declared: dict[str, PartialGeo]) -> bool:
    span = declared.get(geos[run.geo])
    return span is not None and (span.start if run.side == "start" else span.end) is not None
