"""Tests of audiences: persons assigned at random to see a channel or not, judged by their number."""

import numpy as np

from mmm.data.calendar import parse_periods
from mmm.experiments.candidate import MULTIPLES, Arm, Asked, Candidate, unplaced
from mmm.experiments.design import Chance, normal_errors
from mmm.experiments.moved import Changed
from mmm.experiments.settings import AudienceSettings
from mmm.experiments.when import Slot

_CHANCE = Chance(normal_errors())
"""Means of many persons err as the normal distribution does."""


def by_audience(asked: Asked) -> tuple[list[Candidate], list[str]]:
    """Tests of the audiences of the settings, and why some have no place."""
    found: list[Candidate] = []
    left_out: list[str] = []
    for audience in (one for one in asked.settings.audiences if one.channel in asked.channels):
        for text in asked.settings.lengths:
            length = parse_periods(text, asked.dataset.frequency)
            cool = asked.cooling[length][audience.channel]
            slot = asked.calendar.slot([audience.channel], length, cool)
            if slot is None:
                left_out.append(unplaced(asked, f"the audience of {audience.channel} for {text}"))
                continue
            changed = Changed(asked.draws, asked.dataset, length, cool)
            tests = [_test(asked, audience, share, (length, cool, slot), changed) for share in audience.held_out]
            found += [test for test in tests if test is not None]
    return found, left_out


def _test(
    asked: Asked, audience: AudienceSettings, share: float, when: tuple[int, int, Slot], changed: Changed
) -> Candidate | None:
    """One share held out; None where the channel did not run lately.

    The audience has as much of the channel's effect and money as it has of the outcome. The error is that of a
    difference of means: spread times the root of 1 / held out + 1 / others.
    """
    length, cool, slot = when
    dataset, place = asked.dataset, asked.draws.channels.index(audience.channel)
    outcome = float(dataset.data["outcome"].values[-(length + cool) :].sum())
    part = share * min(1.0, audience.per_person * audience.persons / outcome)
    money = float(dataset.data["spend"].sel(channel=audience.channel).values[-length:].sum()) * part
    if money <= 0:
        return None
    effect = part * changed.by(0.0, cool)[:, :, place].sum(axis=1)
    value = asked.value(length)
    held = share * audience.persons
    one = audience.spread * float(np.sqrt(1.0 / held + 1.0 / (audience.persons - held)))
    error = one * held
    arm = Arm(
        channel=audience.channel,
        kind="go_dark",
        regions=(),
        effect=effect,
        brought=part * (changed.by(0.0)[:, :, place] * value).sum(axis=1),
        stake=money,
        moved=money,
        value=float(value.mean()),
        error=error,
        detectable=error * _CHANCE.detectable,
        power=float(_CHANCE.power(effect / error).mean()),
        curve=_CHANCE.power(np.array(MULTIPLES) * effect.mean() / error),
    )
    note = f"{held:,.0f} of {audience.persons:,} persons held out, {needed(audience, arm):,.0f} needed"
    return Candidate("audience", (arm,), length, cool, slot, np.ones((1, 1)), note)


def needed(audience: AudienceSettings, arm: Arm) -> float:
    """Persons with whom the effect that the model expects is found with a chance of 80%; at most a million million.

    An effect grows with the persons, its error with their root.
    """
    ratio = arm.detectable / max(float(arm.effect.mean()), 1e-300)
    return float(min(np.ceil(audience.persons * ratio**2), 1e12))
