"""Do 90% bootstrap intervals of attribution hold the truth? Journeys from a known process, drawn again and again.

A world is a Markov chain over five channels with its own conversion rates. Persons are drawn from it, some of whom have
several journeys with the same taste, so that journeys are not independent. The truth of a rule is its credit on so many
persons that it no longer moves (a hundred times a sample). Every sample is a line of the output, so that the study goes
on where it was broken off: python benchmarks/attribution_coverage.py --worlds 10 --samples 40.
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from mmm.attribution import AttributionSettings, attribute

CHANNELS = ("search", "social", "video", "email", "display")
SETTINGS = {
    "touches": {"source": "touches.csv", "person": "person", "time": "time", "channel": "channel"},
    "conversions": {"source": "orders.csv", "person": "person", "time": "time", "id": "id"},
}
RULES = ("first", "last", "linear", "time_decay", "position", "markov", "shapley", "shapley_rate")


def write(world: int, sample: int, persons: int, folder: Path) -> None:
    """Touches and orders of persons of one world."""
    of_world = np.random.default_rng([world, 0])
    start, stay = of_world.dirichlet(np.full(5, 2.0)), of_world.dirichlet(np.full(5, 1.5), 5)
    ends = of_world.uniform(0.02, 0.15, 5)
    rng = np.random.default_rng([world, 1, sample])
    taste = np.exp(0.8 * rng.standard_normal((persons, 5)))
    count = 1 + rng.poisson(0.7, persons)
    touches, orders = [], []
    for person in range(persons):
        for journey in range(count[person]):
            begin, place = 100.0 * journey, 0
            chances = start * taste[person]
            while place < 8:
                channel = rng.choice(5, p=chances / chances.sum())
                touches.append((person, begin + place, CHANNELS[channel]))
                if rng.random() < ends[channel]:
                    orders.append((person, begin + place + 0.2))
                    break
                if rng.random() < 0.4:
                    break
                chances, place = stay[channel] * taste[person], place + 1
    base = pd.Timestamp("2023-01-01")
    table = pd.DataFrame(touches, columns=["person", "time", "channel"])
    bought = pd.DataFrame(orders, columns=["person", "time"]).assign(id=range(len(orders)))
    for frame, name in ((table, "touches"), (bought, "orders")):
        moments = (base + pd.to_timedelta(frame["time"], unit="D")).dt.strftime("%Y-%m-%d %H:%M:%S")
        frame.assign(time=moments).to_csv(folder / f"{name}.csv", index=False)


def credit(world: int, sample: int, persons: int, replicates: int) -> pd.DataFrame:
    """Shares by rule and channel with their intervals."""
    with TemporaryDirectory() as folder:
        write(world, sample, persons, Path(folder))
        settings = AttributionSettings.model_validate({**SETTINGS, "replicates": replicates, "seed": sample})
        return attribute(settings, Path(folder)).credit[["share", "lower", "upper"]]


def summary(lines: list[dict]) -> dict:
    """Coverage by rule, and of all; the mean width beside the spread of the shares between samples."""
    frame = pd.DataFrame([row for line in lines for row in line["rows"]])
    frame["inside"] = (frame["lower"] <= frame["truth"]) & (frame["truth"] <= frame["upper"])
    frame["width"] = frame["upper"] - frame["lower"]
    by_rule = frame.groupby("rule", sort=False)[["inside", "width"]].mean().round(4)
    return {
        "worlds": len({line["world"] for line in lines}),
        "samples": len(lines),
        "intervals": len(frame),
        "coverage": round(float(frame["inside"].mean()), 3),
        "by_rule": {str(name): row.to_dict() for name, row in by_rule.iterrows()},
    }


def main() -> None:
    """Go on with the study, and write its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--persons", type=int, default=1500)
    parser.add_argument("--rows", type=Path, default=Path(".mmm/attribution_coverage.jsonl"))
    parser.add_argument("--out", type=Path, default=Path("docs/studies/attribution.json"))
    chosen = parser.parse_args()
    chosen.rows.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.loads(line) for line in chosen.rows.read_text().splitlines()] if chosen.rows.exists() else []
    done = {(line["world"], line["sample"]) for line in lines}
    for world in range(chosen.worlds):
        missing = [sample for sample in range(1, chosen.samples + 1) if (world, sample) not in done]
        if not missing:
            continue
        truth = credit(world, 0, 100 * chosen.persons, 50)["share"]
        for sample in missing:
            found = credit(world, sample, chosen.persons, 200)
            rows = [
                {"rule": rule, "channel": channel, "truth": float(truth.get((rule, channel), 0.0)), **line.to_dict()}
                for (rule, channel), line in found.iterrows()
            ]
            lines.append({"world": world, "sample": sample, "rows": rows})
            with chosen.rows.open("a") as file:
                file.write(json.dumps(lines[-1]) + "\n")
        print(world, summary(lines), flush=True)
    chosen.out.write_text(json.dumps(summary(lines), indent=1) + "\n")


if __name__ == "__main__":
    main()
