"""Tests of national channels over time: off and on in turns, or off once against what the past foretells.

Every comparison is a weighted sum of the outcome's course, so that what the model expects of it is the same sum of the
model's own course, carryover between off and on included, and its error is what it shows in the past, where nothing
was changed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.data.calendar import parse_periods
from mmm.errors import DataError
from mmm.experiments.candidate import MULTIPLES, Arm, Asked, Candidate, unplaced
from mmm.experiments.design import Chance
from mmm.experiments.moved import moved
from mmm.experiments.panel import panel_of
from mmm.experiments.simplex import Bools
from mmm.experiments.when import Slot

_ORDERS = 20
"""Orders of off and on in which a switchback is tried on the past."""
_MOST_WINDOWS = 60
_LEAST_WINDOWS = 6
_TRIED = 24
"""Windows of the past that are left for trying, where the history is long enough."""
_WAVES = 2
_YEAR = 365.25


@dataclass(frozen=True)
class Comparison:
    """Weights of the outcome's periods: of those ``before`` the test and of its own, [before + length].

    What they add up to is the effect of the changed spend on the periods that are ``off[length]``: for a channel that
    is off there, minus the outcome that is lost.
    """

    weights: Floats
    before: int
    off: Bools

    @property
    def own(self) -> Floats:
        """The weights of the test's own periods."""
        return self.weights[self.before :]


def turns(order: Bools, block: int, skipped: int) -> Comparison:
    """Pairs of blocks; in pair ``p`` the first is off where ``order[p]``. The first ``skipped`` periods of a block do
    not count, as carryover of the one before it is in them: changed less usual, in each pair.
    """
    off = np.concatenate([np.repeat([first, not first], block) for first in order]).astype(bool)
    counted = np.tile(np.arange(block) >= skipped, 2 * len(order))
    weights = np.where(off, 1.0, -1.0) * counted * (block / (block - skipped))
    return Comparison(weights, 0, off)


def foretold(before: int, length: int, cool: int, days: int) -> Comparison:
    """Off once: what came, less a trend and, from five quarters of history on, a yearly season fitted before the test.

    The outcome of ``cool`` more periods counts.
    """
    t = np.arange(before + length + cool)
    columns = [np.ones(len(t)), t / len(t)]
    if before * days >= 1.25 * _YEAR:
        angle = 2 * np.pi * t * days / _YEAR
        columns += [wave(k * angle) for k in range(1, _WAVES + 1) for wave in (np.sin, np.cos)]
    design = np.column_stack(columns)
    predicted = design[before:].sum(axis=0) @ np.linalg.pinv(design[:before])
    off = np.arange(length + cool) < length
    return Comparison(np.concatenate([-predicted, np.ones(length + cool)]), before, off)


def errors_of(outcome: Floats, made: list[Comparison], scale: int) -> Floats:
    """What comparisons show where nothing was changed, relative to the outcome of ``scale`` periods, [window * order].

    ``outcome[t]`` is the past. Raises DataError where it has too few windows.
    """
    length = len(made[0].weights)
    starts = np.arange(len(outcome) - length + 1)
    if len(starts) < _LEAST_WINDOWS:
        raise DataError(
            f"The data have {len(outcome)} periods; a test over time that looks at {length} of them is judged in at "
            f"least {_LEAST_WINDOWS} windows of the past. Give an earlier history, or shorten desk.design.lengths, "
            "blocks or pairs."
        )
    kept = np.unique(np.linspace(0, len(starts) - 1, min(len(starts), _MOST_WINDOWS)).round().astype(int))
    rows = np.stack([outcome[s : s + length] for s in starts[kept]])
    usual = rows[:, -len(made[0].own) :].mean(axis=1) * scale
    return np.concatenate([rows @ one.weights / usual for one in made])


@dataclass(frozen=True)
class _Form:
    """A test over time whatever its channel: ``made`` is how it would be run, ``tried`` how it is tried on the past."""

    name: str
    made: Comparison
    tried: list[Comparison]
    periods: int
    cool: int


def over_time(asked: Asked) -> tuple[list[Candidate], list[str]]:
    """Tests of national channels, and why some have no place."""
    if not asked.national:
        return [], []
    outcome = panel_of(asked.dataset).outcome.sum(axis=1)
    kinds = [kind for kind in asked.settings.kinds if kind != "hold_out"]
    found: list[Candidate] = []
    left_out: list[str] = []
    for channel in asked.national:
        for form in _forms(asked, channel, len(outcome)):
            if isinstance(form, str):
                left_out.append(form)
                continue
            slot = asked.calendar.slot([channel], form.periods, form.cool, everywhere=True)
            if slot is None:
                left_out.append(unplaced(asked, f"{channel} over {form.periods} periods"))
                continue
            chance = Chance(errors_of(outcome, form.tried, int(form.made.off.sum())))
            tests = [_test(asked, (channel, kind), form, slot, chance) for kind in kinds]
            found += [test for test in tests if test is not None]
    return found, list(dict.fromkeys(left_out))


def _forms(asked: Asked, channel: str, periods: int) -> list[_Form | str]:
    """Every form in which a channel could be tested; in words, why one could not."""
    settings, frequency = asked.settings, asked.dataset.frequency
    forms: list[_Form | str] = []
    if "before_after" in settings.over_time:
        for text in settings.lengths:
            length = parse_periods(text, frequency)
            cool = asked.cooling[length][channel]
            before = max(2 * (length + cool), periods - length - cool - _TRIED)
            one = foretold(before, length, cool, frequency.days)
            forms.append(_Form("before_after", one, [one], length, cool))
    if "switchback" in settings.over_time:
        rng = np.random.default_rng(settings.seed)
        for text in settings.blocks:
            block = parse_periods(text, frequency)
            skipped = min(asked.cooling[min(asked.cooling)][channel], block // 2)
            for pairs in settings.pairs:
                orders = [rng.random(pairs) < 0.5 for _ in range(_ORDERS)]
                tried = [turns(order, block, skipped) for order in orders]
                forms.append(_Form("switchback", tried[0], tried, 2 * pairs * block, 0))
    return forms


def _test(asked: Asked, change: tuple[str, str], form: _Form, slot: Slot, chance: Chance) -> Candidate | None:
    """One channel's test; None where it did not run lately."""
    channel, kind = change
    dataset, draws, length = asked.dataset, asked.draws, form.periods
    place = draws.channels.index(channel)
    off = form.made.off[:length]
    spend = dataset.data["spend"].sel(channel=channel).values[-length:].sum(axis=1)
    added = asked.settings.heavy_up if kind == "heavy_up" else 1.0
    stake = float(spend[off].sum()) * added
    if stake <= 0:
        return None
    effect, brought = _effects(asked, form, kind)
    usual = dataset.data["outcome"].values[-length:]
    expected = float(usual.sum()) / length * int(off.sum())
    mine, value = effect[:, :, place].sum(axis=1), asked.value(length)
    arm = Arm(
        channel=channel,
        kind=kind,
        regions=(),
        effect=mine,
        brought=(brought[:, :, place] * value).sum(axis=1),
        stake=stake,
        moved=stake,
        value=float(np.average(value, weights=np.maximum(usual.sum(axis=0), 1e-12))),
        error=chance.error * expected,
        detectable=chance.detectable * expected,
        power=float(chance.power(mine / expected).mean()),
        curve=chance.power(np.array(MULTIPLES) * mine.mean() / expected),
        bias=float(chance.studentised.mean()),
        coverage=float((np.abs(chance.studentised) <= chance.most).mean()),
    )
    return Candidate(
        form.name, (arm,), length, form.cool, slot, np.ones((1, 1)), _note(form, slot, dataset.frequency.days)
    )


def _effects(asked: Asked, form: _Form, kind: str) -> tuple[Floats, Floats]:
    """What the comparison sees of the changed spend, and all that it brings: [n, g, c], positive where it raises."""
    draws, made = asked.draws, form.made
    length, tail = len(made.off), draws.lookback
    media = asked.dataset.data["media"].values[-(form.periods + tail) :].astype(float)
    before = len(media) - form.periods
    usual = np.concatenate([media, np.zeros((max(tail, length - form.periods), *media.shape[1:]))])
    other = usual.copy()
    other[before : before + length][made.off] *= asked.factor(kind)
    seen, whole = (np.zeros(usual.shape[:2]) for _ in range(2))
    seen[before : before + length] = made.own[:, None]
    whole[before:] = 1.0
    sign = -1.0 if kind == "heavy_up" else 1.0
    return sign * moved(draws, usual, other, seen), sign * moved(draws, usual, other, whole)


def _note(form: _Form, slot: Slot, days: int) -> str:
    """The first days of the blocks that are off, for those who run a switchback."""
    if form.name != "switchback":
        return ""
    begins = np.flatnonzero(form.made.off & ~np.concatenate([[False], form.made.off[:-1]]))
    ends = np.flatnonzero(form.made.off & ~np.concatenate([form.made.off[1:], [False]]))
    spans = [
        f"{slot.start + pd.Timedelta(days=int(a) * days):%Y-%m-%d} to "
        f"{slot.start + pd.Timedelta(days=(int(b) + 1) * days - 1):%Y-%m-%d}"
        for a, b in zip(begins, ends, strict=True)
    ]
    return "changed " + ", ".join(spans)
