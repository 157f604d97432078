"""How many planted slips the quality report finds in simulated data, and how much else it takes for one.

One spend of a random active week is multiplied by ten in a random channel, and one week of another channel that never
pauses is set to zero. A tenfold value that stays within the channel's own range cannot be seen; these count as missed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from mmm.data.load import from_frame
from mmm.data.quality import Finding, quality_report
from mmm.data.settings import DataSettings
from mmm.simulate import WorldPriors, data_settings, random_world, simulate

WORLDS = 50
SLIPS = ("tenfold_value", "isolated_zero", "outcome_shock")


@dataclass(frozen=True)
class Count:
    tenfold: bool
    zero: bool
    false: int


def trial(seed: int) -> Count:
    rng = np.random.default_rng([77, seed])
    # Media units would give tenfold values away: none here.
    simulated = simulate(random_world(rng, WorldPriors(unit_share=0.0), channels=5))
    frame = simulated.frame.copy()
    names = [channel.name for channel in simulated.world.channels]
    spend = {name: frame[f"{name}_spend"].to_numpy(copy=True) for name in names}
    dates = pd.DatetimeIndex(frame["date"])
    tenfold = names[int(rng.integers(len(names)))]
    high = int(rng.choice(np.flatnonzero(spend[tenfold] > 0)))
    spend[tenfold][high] *= 10
    steady = [name for name in names if name != tenfold and (spend[name] > 0).all()]
    paused, zero = steady[int(rng.integers(len(steady)))], int(rng.integers(1, len(frame) - 1))
    spend[paused][zero] = 0.0
    frame = frame.assign(**{f"{name}_spend": values for name, values in spend.items()})
    report = quality_report(from_frame(frame, DataSettings.model_validate(data_settings(simulated))))

    def names_it(finding: Finding, code: str, channel: str, row: int) -> bool:
        return (finding.code, finding.channel, finding.dates) == (code, channel, (dates[row],))

    found = [finding for finding in report.findings if finding.code in SLIPS]
    hits = [
        [f for f in found if names_it(f, "tenfold_value", tenfold, high)],
        [f for f in found if names_it(f, "isolated_zero", paused, zero)],
    ]
    return Count(bool(hits[0]), bool(hits[1]), len(found) - sum(map(len, hits)))


@pytest.fixture(scope="module")
def counts() -> list[Count]:
    return [trial(seed) for seed in range(WORLDS)]


def test_planted_slips_are_found(counts: list[Count]) -> None:
    tenfold = np.mean([count.tenfold for count in counts])
    zero = np.mean([count.zero for count in counts])
    assert zero == 1.0
    assert tenfold >= 0.7
    assert (tenfold + zero) / 2 >= 0.8


def test_little_else_is_taken_for_a_slip(counts: list[Count]) -> None:
    assert max(count.false for count in counts) <= 1
    assert np.mean([count.false for count in counts]) <= 0.2
