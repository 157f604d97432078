"""Tests by region: one change, or several at once against the same controls."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.experiments.candidate import MULTIPLES, Arm, Asked, Candidate, unplaced
from mmm.experiments.design import Design, Rules, Search, search, search_cells
from mmm.experiments.moved import Changed
from mmm.experiments.panel import GeoPanel, panel_of
from mmm.experiments.settings import DesignSettings
from mmm.experiments.source import LEAST_DONORS
from mmm.experiments.when import Slot


@dataclass(frozen=True)
class _Change:
    """A channel and what is done with it."""

    channel: str
    kind: str


def by_region(asked: Asked) -> tuple[list[Candidate], list[str]]:
    """Tests in groups of regions, and why some have no place. None where no channel is steered by region."""
    steered = [c for c in asked.channels if c not in asked.national]
    if not steered:
        return [], []
    settings, found, left_out = asked.settings, [], []
    designs = _Designs(asked)
    for text in settings.lengths:
        length = parse_periods(text, asked.dataset.frequency)
        changed = Changed(asked.draws, asked.dataset, length, max(asked.cooling[length].values()))
        changes = [_Change(c, kind) for kind in settings.kinds for c in steered]
        for cells in settings.cells:
            for group in itertools.combinations(changes, cells):
                channels = list(dict.fromkeys(change.channel for change in group))
                # Under a hold-out a channel runs in its own cell alone, so that it has no second one.
                if len(channels) < cells and any(change.kind == "hold_out" for change in group):
                    continue
                cool = max(asked.cooling[length][c] for c in channels)
                slot = asked.calendar.slot(channels, length, cool)
                if slot is None:
                    left_out.append(unplaced(asked, f"{' and '.join(channels)} for {text}"))
                    continue
                for design in designs.of(length + cool, slot, cells):
                    found += _tests(asked, design, group, (length, cool, slot), changed)
    return found, left_out


class _Designs:
    """Groups of regions by what they have to keep; each is looked for once."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.panel = panel_of(asked.dataset)
        self._made: dict[tuple[int, tuple[str, ...], int], list[tuple[Design, tuple[str, ...]]]] = {}

    def of(self, length: int, slot: Slot, cells: int) -> list[tuple[Design, tuple[str, ...]]]:
        """Designs of ``cells`` groups for windows of ``length``, with their regions' names."""
        key = (length, slot.busy, cells)
        if key not in self._made:
            self._made[key] = list(self._search(*key))
        return self._made[key]

    def _search(self, length: int, busy: tuple[str, ...], cells: int) -> Iterator[tuple[Design, tuple[str, ...]]]:
        settings, panel = self.asked.settings, self.panel.without(busy)
        how = Search(settings.draws, settings.kept, settings.seed, settings.estimator)
        for count in counts(len(panel.regions), settings):
            rules = rules_of(panel, count, settings, cells)
            design = search(panel, rules, length, how) if cells == 1 else search_cells(panel, rules, length, how, cells)
            yield design, panel.regions


def require_regions(dataset: Dataset, settings: DesignSettings) -> None:
    """Raise DataError where no group of regions can keep the rules; nothing is judged."""
    panel = panel_of(dataset)
    for cells in settings.cells:
        for count in counts(len(panel.regions), settings):
            rules_of(panel, count, settings, cells)


def counts(regions: int, settings: DesignSettings) -> list[int]:
    """Numbers of treated regions in a cell."""
    return sorted({max(1, round(share * regions)) for share in settings.shares})


def rules_of(panel: GeoPanel, count: int, settings: DesignSettings, cells: int) -> Rules:
    """What groups of ``count`` regions have to keep. Raises DataError where there is no room for them."""
    must, never = panel.mask(settings.must), panel.mask(settings.never)
    treated = cells * count
    if len(panel.regions) - treated < LEAST_DONORS or int((~never).sum()) < treated or int(must.sum()) > count:
        raise DataError(
            f"A test in {treated} of {len(panel.regions)} regions leaves no room: {LEAST_DONORS} controls have to be "
            f"left, {int(must.sum())} must and {int(never.sum())} may never be treated. Change desk.design.shares, "
            "cells, must or never."
        )
    return Rules(count, must, never, settings.largest_share)


def _tests(
    asked: Asked,
    design: tuple[Design, tuple[str, ...]],
    group: tuple[_Change, ...],
    when: tuple[int, int, Slot],
    changed: Changed,
) -> list[Candidate]:
    """The tests of a design: its groups are alternatives of one another, or the cells of one test."""
    found, names = design
    length, cool, slot = when
    out = []
    rows = [[b] for b in range(len(found.groups))] if len(group) == 1 else [list(range(len(group)))]
    for places in rows:
        arms = [
            _arm(asked, (found, b, names), change, (length, cool), changed)
            for b, change in zip(places, group, strict=True)
        ]
        if any(arm is None for arm in arms):
            continue
        correlation = found.correlation[np.ix_(places, places)]
        whole = tuple(arm for arm in arms if arm is not None)
        out.append(Candidate("regions", whole, length, cool, slot, correlation))
    return out


def _arm(
    asked: Asked,
    design: tuple[Design, int, tuple[str, ...]],
    change: _Change,
    window: tuple[int, int],
    changed: Changed,
) -> Arm | None:
    """One group's change of a channel; None where the channel does not run in it."""
    found, b, names = design
    length, cool = window
    dataset, place = asked.dataset, asked.draws.channels.index(change.channel)
    treated = [name for name, one in zip(names, found.groups[b], strict=True) if one]
    group = np.isin(np.array(dataset.geos, dtype=object), treated)
    spend = dataset.data["spend"].sel(channel=change.channel).values[-length:].sum(axis=0)
    usual, value = dataset.data["outcome"].values[-(length + cool) :].sum(axis=0), asked.value(length)
    if float(spend[group].sum()) <= 0:
        return None
    factor = asked.factor(change.kind)
    counted, whole = changed.by(factor, cool), changed.by(factor)
    # Under a hold-out the others go dark: what moves is their money.
    there = ~group if change.kind == "hold_out" else group
    added = asked.settings.heavy_up if change.kind == "heavy_up" else 1.0
    expected = float(usual[group].sum())
    effect = counted[:, group, place].sum(axis=1)
    return Arm(
        channel=change.channel,
        kind=change.kind,
        regions=tuple(treated),
        effect=effect,
        brought=(whole[:, :, place] * value)[:, there].sum(axis=1),
        stake=float(spend[group].sum()) * added,
        moved=float(spend[there].sum()) * added,
        value=float(np.average(value[group], weights=np.maximum(usual[group], 1e-12))),
        error=float(found.error[b]) * expected,
        detectable=float(found.detectable[b]) * expected,
        power=float(found.power(b, effect / expected).mean()),
        curve=found.power(b, np.array(MULTIPLES) * effect.mean() / expected),
        bias=float(found.bias[b]),
        coverage=float(found.coverage[b]),
    )
