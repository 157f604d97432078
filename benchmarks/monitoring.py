"""Does the sequential test of `mmm monitor` keep its promise, and how soon does it see that something changed?

Worlds of the simulator (the demo's six channels, national, 156 weeks, a seed each): the model is fitted on the first
104 weeks and a year of weekly looks follows. Each world is left as it is, or changed from week 10 on: the largest
channel's effect halves, its spend is booked on another channel, 15% of the outcome is no longer tracked, demand drops
by 5%, 10%. Beside it stand two ways of looking that many use: a week outside its 95% interval, and the same for the sum
so far.

    python benchmarks/monitoring.py        # resumes; writes docs/studies/monitoring.json and monitoring.md
"""

import argparse
import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.fit import Fit
from mmm.inference.sample import fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.monitoring.expected import Expected, expect
from mmm.monitoring.look import DEMAND, test_of
from mmm.monitoring.sequential import residuals
from mmm.monitoring.settings import MonitorSettings
from mmm.simulate import Simulated, data_settings, demo_world, simulate

HISTORY, YEAR, CHANGE = 104, 52, 10
SAMPLER = SamplerSettings(draws=500, tune=500, chains=2)
SETTINGS = MonitorSettings()
DRAWN = 100
"""Outcomes drawn from the fit's own predictive distribution, a world: there the model is right to the letter."""
STUDIES = Path(__file__).parents[1] / "docs/studies"
KINDS = {
    "none": "as it is",
    "drawn": "drawn from the model itself",
    "effect": "the largest channel's effect halves",
    "misbooked": "its spend is booked on another channel",
    "tracking": "15% of the outcome is no longer tracked",
    "demand5": "demand drops by 5%",
    "demand10": "demand drops by 10%",
}


@dataclass(frozen=True)
class Row:
    """A year of looks: week in which each rule first rang, None where none did; what it looked like at the end."""

    seed: int
    kind: str
    evidence: int | None
    week: int | None
    total: int | None
    likeliest: str
    largest: str


def world(seed: int) -> Simulated:
    demo = demo_world(seed=seed)
    return simulate(replace(demo, weeks=HISTORY + YEAR, geos=("all",), population=(10_000_000.0,)))


def changed(made: Simulated, dataset: Dataset, kind: str, largest: int) -> Dataset:
    """The panel with the change of that kind from week 10 of the year on."""
    data = dataset.data.copy(deep=True)
    rows = slice(HISTORY + CHANGE, None)
    other = (largest + 1) % len(dataset.channels)
    if kind == "effect":
        data["outcome"].values[rows] -= 0.5 * made.truth.contributions[rows][..., largest]
    elif kind == "misbooked":
        for name in ("spend", "media"):
            moved = data[name].values[rows, :, largest] * 0.8
            price = 1.0
            if name == "media":
                ratio = data["media"].values.sum(axis=(0, 1)) / data["spend"].values.sum(axis=(0, 1))
                price = ratio[other] / ratio[largest]
            data[name].values[rows, :, other] += moved * price
            data[name].values[rows, :, largest] -= moved
    elif kind in ("tracking", "demand5", "demand10"):
        data["outcome"].values[rows] *= 1.0 - {"tracking": 0.15, "demand5": 0.05, "demand10": 0.1}[kind]
    return replace(dataset, data=data)


def looked(found: Expected, seed: int, kind: str, largest: str) -> Row:
    test = test_of(found, SETTINGS, YEAR)
    z, _ = residuals(found.actual, found.expected, found.noise)
    mean, _, upper = found.interval.T
    alone = np.abs(found.actual - mean) / ((upper - mean) / 1.6449) > 1.96
    summed = np.abs(np.cumsum(z)) / np.sqrt(np.arange(1, len(z) + 1)) > 1.96
    likeliest = test.likeliest.removeprefix("channel ")
    return Row(seed, kind, test.crossed(SETTINGS.alpha), _first(alone), _first(summed), likeliest, largest)


def _first(rings: np.ndarray) -> int | None:
    return int(np.argmax(rings)) if rings.any() else None


def rows_of(seed: int) -> Iterator[Row]:
    made = world(seed)
    dataset = from_frame(made.frame, DataSettings.model_validate(data_settings(made)))
    before = dataset.between(None, str(dataset.dates[HISTORY - 1].date()))
    fit: Fit = fit_model(before, make_spec(before, ModelSettings(mixture=None)), SAMPLER)
    effects = made.truth.contributions[HISTORY:].sum(axis=(0, 1))
    largest = int(np.argmax(effects))
    name = dataset.channels[largest]
    first, last = (pd.Timestamp(dataset.dates[i]) for i in (HISTORY, -1))
    for kind in KINDS:
        if kind == "drawn":
            continue
        found = expect(fit, changed(made, dataset, kind, largest), first, last, SETTINGS.draws)
        if found is None:
            raise ValueError("the year has no outcomes")
        yield looked(found, seed, kind, name)
        if kind == "none":
            rng = np.random.default_rng(seed)
            for _ in range(DRAWN):
                keep = np.delete(np.arange(len(found.expected)), pick := int(rng.integers(len(found.expected))))
                drawn = found.expected[pick] + rng.normal(0.0, np.sqrt(found.noise))
                yield looked(replace(found, actual=drawn, expected=found.expected[keep]), seed, "drawn", name)


def page(rows: list[Row]) -> str:
    """The study as Markdown."""
    frame = pd.DataFrame([asdict(row) for row in rows])
    lines = []
    for kind, words in KINDS.items():
        part = frame[frame["kind"] == kind]
        change = 0 if kind in ("none", "drawn") else CHANGE
        cells = [words, f"{len(part)}"]
        for rule in ("evidence", "week", "total"):
            rung = part[part[rule].notna() & (part[rule] >= change)]
            cells.append(f"{len(rung) / len(part):.0%}")
        rung = part[part["evidence"].notna() & (part["evidence"] >= change)]
        cells.append(f"{(rung['evidence'] - change + 1).median():.0f}" if change and len(rung) else "-")
        right = rung["likeliest"] == (rung["largest"] if kind in ("effect", "misbooked") else DEMAND)
        cells.append(f"{right.mean():.0%}" if change and len(rung) else "-")
        lines.append(f"| {' | '.join(cells)} |")
    worlds = frame["seed"].nunique()
    made = (
        f"Made by `make study-monitoring` (`benchmarks/monitoring.py`): {worlds} worlds, seeds 1 to "
        f"{frame['seed'].max()}, of the simulator, national, six channels. One model (no mixture, 2 chains of 500 "
        f"draws) is "
        f'fitted on {HISTORY} weeks, and {YEAR} weekly looks follow. Changes begin in week {CHANGE}. "Rings" '
        "is the share of years in which a rule rings at all, after the change where there is one. The test's "
        'alpha is 5%. "A week" rings when a week lies outside its 95% interval, "the sum" when the sum of the '
        "residuals so far does. Delay is the median number of weeks from the change to the alarm, where it "
        "rings; the last column says how often the test then names the right part (demand, or the channel)."
    )
    means = (
        '"Drawn from the model itself" is the case that the promise is about: there the model is right to the '
        'letter, and the share of alarms has to be at most 5%. "As it is" holds a model that had two years to '
        "learn from against the world that it was learned from. A rule that first rang before the change is not "
        "counted where there is one, so that false alarms make the rules beside the test look worse there than "
        "chance. What the table also says: one channel's effect that halves, or spend that is booked elsewhere, is "
        "not seen in a year of a national total. The model is as uncertain of one channel as that change is large; an "
        "experiment is what tells."
    )
    head = "| world | years | **the test rings** | a week rings | the sum rings | delay (weeks) | named rightly |"
    parts = ["# Does the test of surprises keep its promise?", "", textwrap.fill(made, 140), "", head, "|---" * 7 + "|"]
    return "\n".join([*parts, *lines, "", textwrap.fill(means, 140), ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--out", type=Path, default=STUDIES)
    wanted = parser.parse_args()
    file = wanted.out / "monitoring.json"
    known = [Row(**row) for row in json.loads(file.read_text())] if file.exists() else []
    for seed in range(1, wanted.worlds + 1):
        if any(row.seed == seed for row in known):
            continue
        known += rows_of(seed)
        rows = ",\n".join(json.dumps(asdict(row)) for row in known)
        file.write_text(f"[\n{rows}\n]\n")
        (wanted.out / "monitoring.md").write_text(page(known))
        print(f"world {seed} done", flush=True)
    (wanted.out / "monitoring.md").write_text(page(known))


if __name__ == "__main__":
    main()
