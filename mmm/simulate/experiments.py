"""Lift tests in a simulated world: the true effect of the money at stake, read with a stated error."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmm.errors import SettingsError
from mmm.simulate.generate import Simulated, stream
from mmm.simulate.world import LiftTest, World


def with_hold_outs(simulated: Simulated, channels: tuple[str, ...], *, weeks: int = 6, error: float = 0.2) -> World:
    """The world with one hold-out a channel, everywhere, in those weeks of the last year in which it spends most.

    A hold-out leaves the data as they are. Raises SettingsError for a channel that the world does not have.
    """
    world, names = simulated.world, [c.name for c in simulated.world.channels]
    tests = []
    for channel in channels:
        if channel not in names:
            raise SettingsError(f"'{channel}' is no channel of the world '{world.name}'. It has {', '.join(names)}.")
        spend = simulated.truth.spend[:, :, names.index(channel)].sum(axis=1)
        totals = np.convolve(spend, np.ones(weeks), mode="valid")
        earliest = max(0, len(totals) - 52)
        first = earliest + int(totals[earliest:].argmax())
        tests.append(LiftTest(f"{channel} hold-out", channel, "hold_out", first, weeks, error=error))
    return replace(world, tests=tuple(tests))


def true_effect(simulated: Simulated, test: LiftTest) -> float:
    """The true effect, in outcome units, of the money at stake: carryover from before and after the window counts.

    outcome(everything as it was) against outcome(this channel as it would have been in the test's cells), summed over
    the test's geos from its first week to its last plus the look-back.
    """
    truth = simulated.truth
    with_test, without = np.array(truth.media), np.array(truth.media)
    cells = _cells(simulated, test)
    without[cells] = 0.0 if test.kind == "hold_out" else simulated.usual_media[cells]
    lookback = truth.mechanism.lookback
    tail = np.zeros((lookback, *truth.media.shape[1:]))
    path = np.concatenate([truth.strength, np.repeat(truth.strength[-1:], lookback, axis=0)])
    ends = [
        truth.mechanism.total(np.concatenate([truth.history, media, tail]), path)[len(truth.history) :]
        for media in (with_test, without)
    ]
    rows, geos = slice(test.first, test.first + test.weeks + lookback), cells[1].ravel()
    effect = float((ends[0] - ends[1])[rows][:, geos].sum())
    return -effect if test.kind == "go_dark" else effect


def money_at_stake(simulated: Simulated, test: LiftTest) -> float:
    """The spend of a hold-out, or what the test added or withheld."""
    cells = _cells(simulated, test)
    spent = float(simulated.truth.spend[cells].sum())
    return spent if test.kind == "hold_out" else abs(spent - float(simulated.usual_spend[cells].sum()))


def experiments_frame(simulated: Simulated) -> pd.DataFrame:
    """The world's tests as their owner would hand them over: one row a test, with its result and standard error."""
    world, rows = simulated.world, []
    for test in world.tests:
        effect, money = true_effect(simulated, test), money_at_stake(simulated, test)
        error = test.error * max(abs(effect), money / world.value_per_unit)
        dates = simulated.truth.dates
        rows.append(
            {
                "name": test.name,
                "channel": test.channel,
                "geos": "" if test.geos is None else ";".join(test.geos),
                "start": f"{dates[test.first]:%Y-%m-%d}",
                "end": f"{dates[test.first + test.weeks - 1] + pd.Timedelta(days=6):%Y-%m-%d}",
                "kind": test.kind,
                "spend": "" if test.kind == "hold_out" else round(money, 2),
                "outcome": round(effect + error * stream(world, f"test {test.name}").standard_normal(), 2),
                "error": round(error, 2),
            }
        )
    return pd.DataFrame(rows)


def _cells(simulated: Simulated, test: LiftTest) -> tuple[NDArray[np.intp], ...]:
    """Index of the test's weeks, geos and channel in arrays [date, geo, channel]."""
    names = [c.name for c in simulated.world.channels]
    geos = [g for g, name in enumerate(simulated.world.geos) if test.geos is None or name in test.geos]
    weeks = np.arange(test.first, test.first + test.weeks)
    return np.ix_(weeks, geos, [names.index(test.channel)])
