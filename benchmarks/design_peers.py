"""Which regions to treat: the workbench's search against meridian-geox's, on the same panels in one run.

``make peers-experiments`` installs meridian-geox under .peers/. Every panel has 200 regions and 156 days (meridian-geox
refuses weeks) and is searched for a test of 14 days: by meridian-geox as it comes, and by ours for 40, 50, 60 or 70
regions, both with at most 30% of the outcome. Both groups are then read by time-based regression in the next 20 windows
of 14 days, which neither search saw and in which nothing happens. What is found there is error, and the least effect
that is detected with 90% intervals and a chance of 80% is 2.49 times its root mean square. Results are kept by panel
under .mmm; the table is printed.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from experiments_study import _ar

from mmm.experiments import GeoPanel
from mmm.experiments.design import Rules, Search, search
from mmm.experiments.estimators import ESTIMATORS
from mmm.experiments.panel import Span, pose

ROOT = Path(__file__).parents[1]
REGIONS, DAYS, TEST, WINDOWS = 200, 156, 14, 20
SIZES, LARGEST_SHARE = (40, 50, 60, 70), 0.3
"""Numbers of regions that ours tries; the share is meridian-geox's default."""
DETECTED = 1.645 + 0.842
Row = dict[str, Any]


def simulated(seed: int) -> GeoPanel:
    """A panel with common shocks that regions take differently, weekdays, a season and lasting noise of its own."""
    rng = np.random.default_rng([156, seed])
    periods = DAYS + WINDOWS * TEST
    t = np.arange(periods)
    size = np.exp(rng.normal(0.0, 0.8, REGIONS)) * 1e4
    shock = _ar(rng, periods, 1, 0.8, 0.05)[:, 0] + 0.15 * np.sin(2 * np.pi * (t / 365.25 + rng.random()))
    shock = shock + 0.1 * np.isin(t % 7, (5, 6))
    own = _ar(rng, periods, REGIONS, 0.5, 0.04) * (np.median(size) / size) ** 0.15
    outcome = size * np.exp(np.outer(shock, 1.0 + 0.2 * rng.standard_normal(REGIONS)) + own)
    names = tuple(f"region {i:03d}" for i in range(REGIONS))
    return GeoPanel(pd.date_range("2024-01-01", periods=periods), names, outcome, None, 1)


def peer(panel: GeoPanel) -> Row:
    """What meridian-geox finds, and its seconds, in its own environment."""
    given = {
        "dates": [f"{d:%Y-%m-%d}" for d in panel.dates],
        "regions": panel.regions,
        "outcome": panel.outcome.tolist(),
        "periods": TEST,
    }
    done = subprocess.run(  # noqa: S603
        [str(ROOT / ".peers/geox/bin/python"), str(ROOT / "benchmarks/peers/geo_design.py")],
        input=json.dumps(given), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"meridian-geox: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def later(panel: GeoPanel, group: np.ndarray) -> float:
    """Root mean square of what time-based regression finds after the search's days, as a share of the outcome."""
    found = []
    for k in range(WINDOWS):
        start = DAYS + k * TEST
        question = pose(panel.outcome, Span(start - DAYS, start, start + TEST), group[None], ~group[None], index=False)
        answer = ESTIMATORS["tbr"].answer(question.question)
        effect, path = answer.effect(question.question)[0, DAYS:], answer.path[0, DAYS:]
        found.append(effect.mean() / path.mean())
    return float(np.sqrt(np.mean(np.square(found))))


def ours(seen: GeoPanel) -> tuple[float, np.ndarray]:
    """The least detectable effect over all sizes as the search says it, and the group [g]."""
    none = np.zeros(REGIONS, dtype=bool)
    found = []
    for count in SIZES:
        made = search(seen, Rules(count, none, none, LARGEST_SHARE), TEST, Search(draws=5000, estimator="tbr"))
        best = made.detectable.argmin()
        found.append((float(made.detectable[best]), made.groups[best]))
    return min(found, key=lambda one: one[0])


def one(seed: int) -> Row:
    """Both searches on one panel."""
    whole = simulated(seed)
    seen = GeoPanel(whole.dates[:DAYS], whole.regions, whole.outcome[:DAYS], None, 1)
    theirs = peer(seen)
    treated = seen.mask(theirs["treated"])
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        said, group = ours(seen)
        seconds.append(time.perf_counter() - began)
    return {
        "peer_regions": int(treated.sum()),
        "regions": int(group.sum()),
        "peer_seconds": theirs["seconds"],
        "seconds": seconds,
        "said": said,
        "peer_detectable": DETECTED * later(whole, treated),
        "detectable": DETECTED * later(whole, group),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=6)
    parser.add_argument("--work", type=Path, default=ROOT / ".mmm/studies/design_peers")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in range(20, 20 + options.panels):
        path = options.work / f"{seed}.json"
        if not path.exists():
            path.write_text(json.dumps(one(seed)) + "\n", encoding="utf-8")
        rows.append(json.loads(path.read_text(encoding="utf-8")))
    frame = pd.DataFrame(rows)
    for name in ("peer_seconds", "seconds"):
        frame[[f"{name}_first", f"{name}_again"]] = pd.DataFrame(frame.pop(name).tolist())
    for part in ("first", "again"):
        frame[f"times_{part}"] = frame[f"peer_seconds_{part}"] / frame[f"seconds_{part}"]
    print(frame.T.to_string(float_format="{:.4f}".format))
    print(frame.drop(columns=["regions", "peer_regions"]).mean().to_string(float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
