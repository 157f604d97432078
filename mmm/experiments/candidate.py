"""One test that could be run, and what kinds of tests are made from."""

from dataclasses import dataclass, field

import numpy as np

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.experiments.settings import DesignSettings
from mmm.experiments.when import Calendar, Slot
from mmm.model.response import ResponseDraws

MULTIPLES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Effects at which power is tabulated, as multiples of the one that the model expects."""


@dataclass(frozen=True)
class Arm:
    """One change of one channel's spend: where, what it would show, what it costs.

    ``effect[n]`` is by draw what the test measures, in outcome units and positive where money raises the outcome; of a
    test that changes spend over time it is what its comparison sees, carryover between on and off included.
    ``brought[n]`` is what the money that is moved brings with all of its carryover, in money where the outcome has a
    value. ``stake`` is the money whose effect is measured, ``moved`` that withheld or added. ``value`` is the money
    that a unit of the outcome is worth. ``error`` is the standard error of the readout in outcome units, ``detectable``
    the least effect that is found with a chance of 80%. ``power`` is the chance that the test finds what the model
    expects, ``curve`` that at :data:`MULTIPLES` of its mean. ``bias`` and ``coverage`` are those of placebo tests, NaN
    where chance alone assigns. ``regions`` is empty where the change is everywhere.
    """

    channel: str
    kind: str
    regions: tuple[str, ...]
    effect: Floats = field(repr=False)
    brought: Floats = field(repr=False)
    stake: float
    moved: float
    value: float
    error: float
    detectable: float
    power: float
    curve: Floats = field(repr=False)
    bias: float = float("nan")
    coverage: float = float("nan")


@dataclass(frozen=True)
class Candidate:
    """One test that could be run: its ``arms``, how long the spend is changed, and when it can start.

    ``form`` is ``regions``, ``switchback``, ``before_after`` or ``audience``. ``cool`` are the periods after it in
    which outcome is counted. ``correlation[k, k]`` is that of the arms' errors. ``note`` says what is particular: the
    periods that are off, or the persons.
    """

    form: str
    arms: tuple[Arm, ...]
    periods: int
    cool: int
    slot: Slot
    correlation: Floats = field(repr=False)
    note: str = ""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that it moves, each once."""
        return tuple(dict.fromkeys(arm.channel for arm in self.arms))

    @property
    def name(self) -> str:
        """What tells it from others."""
        cells = " and ".join(
            f"{arm.channel} {arm.kind}{', ' + '; '.join(arm.regions) if arm.regions else ''}" for arm in self.arms
        )
        return f"{self.form}: {cells}, {self.periods} periods{', ' + self.note if self.note else ''}"

    @property
    def covariance(self) -> Floats:
        """Of the arms' errors, in outcome units, [k, k]."""
        errors = np.array([arm.error for arm in self.arms])
        return np.asarray(self.correlation * np.outer(errors, errors))

    @property
    def effect(self) -> Floats:
        """What the arms measure by draw, [n, k]."""
        return np.stack([arm.effect for arm in self.arms], axis=1)

    @property
    def at_risk(self) -> Floats:
        """What the money that is moved brings, all arms together, by draw [n]."""
        return np.asarray(np.sum([arm.brought for arm in self.arms], axis=0))


@dataclass(frozen=True)
class Asked:
    """What kinds of tests are made from: the panel, the draws, the settings, the calendar, carryover by length."""

    dataset: Dataset
    draws: ResponseDraws
    settings: DesignSettings
    calendar: Calendar
    cooling: dict[int, dict[str, int]]

    @property
    def channels(self) -> tuple[str, ...]:
        """Paid channels that may be tested, in the model's order."""
        chosen = self.settings.channels or self.draws.channels
        return tuple(c for c in self.draws.channels if c in chosen and c in self.dataset.paid)

    @property
    def national(self) -> tuple[str, ...]:
        """Those of them that cannot be steered by region."""
        alone = len(self.dataset.geos) == 1
        return tuple(c for c in self.channels if alone or c in self.settings.national)

    def factor(self, kind: str) -> float:
        """What is left of the usual spend where it is changed."""
        return 1.0 + self.settings.heavy_up if kind == "heavy_up" else 0.0

    def value(self, length: int) -> Floats:
        """Money per unit of outcome by region [g] in the last periods; one where the outcome has no value."""
        if not self.dataset.has_value:
            return np.ones(len(self.dataset.geos))
        return np.asarray(self.dataset.data["value_per_unit"].values[-length:].mean(axis=0), dtype=float)


def unplaced(asked: Asked, what: str) -> str:
    """Why a test has no place in the calendar."""
    last = asked.calendar.last
    until = "" if last is None else f" until {last:%Y-%m-%d}"
    return (
        f"No place for {what} from {asked.calendar.first:%Y-%m-%d}{until} beside the days to avoid and the tests "
        "that run: shorten it, or change desk.design.earliest, latest, avoid, holidays or running."
    )
