"""Returns by the default analysis in worlds of the study of decisions, against an earlier build's in the same worlds.

``python benchmarks/library_scores.py`` fits the national worlds of the part that is reported, with no shared data, and
compares coverage, width and interval score with those of docs/studies/decisions.json, which the build wrote that made
that page. Fits are kept by world, so that an interrupted run goes on; ``--minutes`` ends it before a new world.
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mmm.analysis.effects import effect, observed
from mmm.assessment.resume import kept
from mmm.inference.mix import fit_mixture
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import Beliefs
from mmm.study.answer import intervals
from mmm.study.score import returns
from mmm.study.worlds import Entry, entries

BEFORE = Path(__file__).parents[1] / "docs" / "studies" / "decisions.json"
RESAMPLES = 10_000


def scored(entry: Entry) -> dict[str, Any]:
    """Hits, widths and interval scores by channel of a world, relative to the truth."""
    world = entry.make()
    training = world.training()
    fit = fit_mixture(training, Beliefs(world.model).mixture(training), SamplerSettings())
    draws, seen = fit.response(1000), observed(fit)
    worth = seen.value if fit.dataset.has_value else seen.ones
    found = returns(intervals(effect(draws, seen, worth).sum(axis=1) / seen.spend.sum(axis=0)), world.roas)
    return {"roas": found, "notes": list(fit.notes)}


def compared(pairs: dict[str, tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """A line a world and one for all: mean interval score, width and coverage, now and before."""
    lines = ["| world | score | before | width | before | hold | before |", "|---|---|---|---|---|---|---|"]
    columns = [[np.mean(side[name]) for name in ("score", "width", "hit") for side in pair] for pair in pairs.values()]
    rows = np.array(columns)
    for name, row in zip(pairs, rows, strict=True):
        lines.append(line(name, row))
    lines.append(line(f"mean of {len(rows)}", rows.mean(axis=0)))
    difference = np.log(rows[:, 0] / rows[:, 1])
    drawn = np.random.default_rng(1).choice(difference, (RESAMPLES, len(difference))).mean(axis=1)
    low, high = np.exp(np.quantile(drawn, [0.05, 0.95]))
    said = f"Score now over before, geometric mean: {np.exp(difference.mean()):.3f} ({low:.3f} to {high:.3f})."
    return "\n".join([*lines, "", said])


def line(name: str, row: Any) -> str:
    score, score_before, width, width_before, hit, hit_before = row
    said = f"{score:.2f} | {score_before:.2f} | {width:.2f} | {width_before:.2f} | {hit:.0%} | {hit_before:.0%}"
    return f"| {name} | {said} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, default=Path(".mmm/library-scores"))
    parser.add_argument("--minutes", type=float, default=1e9)
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + 60 * asked.minutes
    stored = json.loads(BEFORE.read_text(encoding="utf-8"))
    before = {row["world"]: row["roas"] for row in stored if row["method"] == "workbench"}
    pairs = {}
    for entry in entries(None):
        path = asked.work / f"{entry.name}.json"
        if entry.part != "reported" or entry.geos > 1 or entry.name not in before:
            continue
        if time.monotonic() > until and not path.exists():
            break
        found = kept(path, entry.name, partial(scored, entry))
        pairs[entry.name] = (found["roas"], before[entry.name])
        print(entry.name, found["notes"], flush=True)
    print(compared(pairs))


if __name__ == "__main__":
    main()
