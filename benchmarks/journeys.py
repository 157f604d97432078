"""One million journeys: seconds and memory of `mmm attribution`, from files to intervals; the target: 20 s and 2 GB.

Journeys are over twelve channels, with two million touches or so, and a tenth of them converts; both tables are CSV.
The process that attributes is one of its own, so that its memory is its own: the largest that was resident.

    python benchmarks/journeys.py --journeys 1000000
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

CHANNELS = 12
SETTINGS = {
    "touches": {"source": "touches.csv", "person": "person", "time": "time", "channel": "channel"},
    "conversions": {"source": "orders.csv", "person": "person", "time": "time", "value": "value", "id": "id"},
}


def write(journeys: int, folder: Path, seed: int = 1) -> dict[str, int]:
    """Touches and orders of as many persons, of a journey each; numbers of rows."""
    rng = np.random.default_rng(seed)
    length = rng.geometric(0.5, journeys)
    person = np.repeat(np.arange(journeys), length)
    place = np.arange(len(person)) - np.repeat(np.cumsum(length) - length, length)
    weights = rng.dirichlet(np.full(CHANNELS, 2.0))
    channel = rng.choice(CHANNELS, len(person), p=weights)
    start = rng.integers(0, 300 * 86400, journeys)
    moment = np.repeat(start, length) + place * 3600 * 6
    base = np.datetime64("2023-01-01T00:00:00")
    touches = pd.DataFrame(
        {
            "person": person,
            "time": np.datetime_as_string(base + moment.astype("timedelta64[s]"), unit="s"),
            "channel": np.char.add("channel_", channel.astype(str)),
        }
    )
    bought = np.flatnonzero(rng.random(journeys) < 0.1)
    end = start[bought] + length[bought] * 3600 * 6
    orders = pd.DataFrame(
        {
            "person": bought,
            "time": np.datetime_as_string(base + end.astype("timedelta64[s]"), unit="s"),
            "value": rng.gamma(2.0, 30.0, len(bought)).round(2),
            "id": np.arange(len(bought)),
        }
    )
    touches.to_csv(folder / "touches.csv", index=False)
    orders.to_csv(folder / "orders.csv", index=False)
    return {"touches": len(touches), "orders": len(orders)}


def attribute_here(folder: Path, order: int) -> dict[str, float]:
    """Attribute the files of a folder in this process: seconds, and the most memory in megabytes."""
    from mmm.attribution import AttributionSettings, attribute

    settings = AttributionSettings.model_validate({**SETTINGS, "order": order})
    started, used = time.perf_counter(), time.process_time()
    found = attribute(settings, folder)
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shares = found.shares("markov")["share"].sum()
    return {"seconds": round(seconds, 2), "cpu_seconds": round(processor, 2), "megabytes": round(most), "sum": shares}


def main() -> None:
    """Write the journeys, attribute them in a process of their own, print and keep what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journeys", type=int, default=1_000_000)
    parser.add_argument("--order", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/studies/journeys.json"))
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.folder is not None:
        sys.stdout.write(json.dumps(attribute_here(chosen.folder, chosen.order)) + "\n")
        return
    with TemporaryDirectory() as folder:
        rows = write(chosen.journeys, Path(folder))
        here = [sys.executable, __file__, "--folder", folder, "--order", str(chosen.order)]
        done = subprocess.run(here, check=True, capture_output=True, text=True)  # noqa: S603  (this very script)
    found = {"journeys": chosen.journeys, **rows, "cores": os.cpu_count(), "order": chosen.order}
    found |= json.loads(done.stdout)
    chosen.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
