"""Tests that could be run: what the model expects them to find and to cost, by region, over time, by audience."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.data.problems import nearest
from mmm.errors import DataError, SettingsError
from mmm.experiments.audience import by_audience
from mmm.experiments.by_region import by_region, require_regions
from mmm.experiments.candidate import Asked, Candidate
from mmm.experiments.moved import cool_down
from mmm.experiments.over_time import over_time
from mmm.experiments.panel import require_single_periods
from mmm.experiments.settings import DesignSettings
from mmm.experiments.when import Calendar, calendar_of
from mmm.model.response import ResponseDraws


@dataclass(frozen=True)
class Possible:
    """Tests that could be run, and those that could not, each with the reason in words."""

    tests: tuple[Candidate, ...]
    left_out: tuple[str, ...]
    calendar: Calendar = field(repr=False)


def candidates(dataset: Dataset, draws: ResponseDraws, settings: DesignSettings) -> Possible:
    """All tests of the settings, on the panel's last periods as they would be repeated after it.

    Raises DataError where regions are too few, unknown, or their history is too short, or no test is possible;
    SettingsError for durations that are not whole periods, and names that there are not.
    """
    require_designs(dataset, settings)
    asked = _asked(dataset, draws, settings)
    found: list[Candidate] = []
    left_out: list[str] = []
    for make in (by_region, over_time, by_audience):
        tests, reasons = make(asked)
        found += tests
        left_out += reasons
    if settings.most_at_risk is not None:
        found, risky = _within(found, settings.most_at_risk)
        left_out += risky
    if not found:
        why = f" {left_out[0]}" if left_out else " No channel of desk.design.channels spent anything lately."
        raise DataError(f"No test is possible.{why}")
    return Possible(tuple(found), tuple(left_out), asked.calendar)


def _asked(dataset: Dataset, draws: ResponseDraws, settings: DesignSettings) -> Asked:
    lengths = [parse_periods(text, dataset.frequency) for text in settings.lengths]
    if settings.cool_down is not None:
        fixed = parse_periods(settings.cool_down, dataset.frequency)
        cooling = {length: dict.fromkeys(draws.channels, fixed) for length in lengths}
    else:
        cooling = {length: cool_down(draws, dataset, length) for length in lengths}
    days = dataset.frequency.days
    calendar = calendar_of(settings, dataset.dates, days, cooling[lengths[0]], dataset.geos)
    return Asked(dataset, draws, settings, calendar, cooling)


def _within(tests: Sequence[Candidate], most: float) -> tuple[list[Candidate], list[str]]:
    """Tests that put at most so much at risk, by the upper end of what is expected to move."""
    kept = [test for test in tests if float(np.quantile(test.at_risk, 0.95)) <= most]
    gone = len(tests) - len(kept)
    said = f"{gone} of {len(tests)} tests may move more than {most:,.0f} of outcome (desk.design.most_at_risk)."
    return kept, [said] if gone else []


def require_designs(dataset: Dataset, settings: DesignSettings) -> None:
    """Raise what :func:`candidates` would of names, dates, durations and numbers of regions; nothing is judged."""
    require_single_periods(dataset)
    for key, names in (("must", settings.must), ("never", settings.never)):
        for name in names:
            if name not in dataset.geos:
                raise SettingsError(f"desk.design.{key}: '{name}' is no region. {nearest(name, dataset.geos)}")
    for text in (*settings.lengths, *settings.blocks, *([settings.cool_down] if settings.cool_down else [])):
        parse_periods(text, dataset.frequency)
    calendar_of(settings, dataset.dates, dataset.frequency.days, {}, dataset.geos)
    if _steered(dataset, settings):
        require_regions(dataset, settings)


def _steered(dataset: Dataset, settings: DesignSettings) -> bool:
    """Whether any channel is to be tested by region."""
    chosen = settings.channels or dataset.paid
    return len(dataset.geos) > 1 and any(name not in settings.national for name in chosen)
