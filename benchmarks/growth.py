"""How the time of one gradient grows with weeks, geos, channels and the look-back: slopes on logarithmic axes.

Around 156 weeks x 20 geos x 10 channels, look-back 13 weeks, geometric carryover; the largest panel is 200 geos x 20
channels x 156 weeks. The processor's time, best of several rounds. Writes docs/studies/growth.json and growth.svg.

    python benchmarks/growth.py
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.calendar import Frequency
from mmm.data.dataset import Dataset
from mmm.inference.engine import log_posterior
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec

CENTRE = {"weeks": 156, "geos": 20, "channels": 10, "lag": 13}
GRID = {
    "weeks": (52, 104, 156, 312, 520),
    "geos": (5, 10, 20, 50, 100, 200),
    "channels": (2, 5, 10, 20, 40),
    "lag": (4, 8, 13, 26, 52),
}
LARGEST = {"weeks": 156, "geos": 200, "channels": 20, "lag": 13}
# Rounds of about this many seconds; the best of them counts.
_ROUND, _ROUNDS = 0.15, 5


def dataset(weeks: int, geos: int, channels: int, seed: int = 1) -> Dataset:
    """A panel of random media, two controls and an outcome of the right size."""
    rng = np.random.default_rng(seed)
    spend = rng.gamma(2.0, 50.0, (weeks, geos, channels))
    outcome = 1000 + 100 * rng.standard_normal((weeks, geos)) + spend.sum(axis=2)
    panel = ("date", "geo")
    data = xr.Dataset(
        {
            "outcome": (panel, outcome),
            "value_per_unit": (panel, np.ones((weeks, geos))),
            "spend": ((*panel, "channel"), spend),
            "media": ((*panel, "channel"), spend),
            "control": ((*panel, "control_name"), rng.standard_normal((weeks, geos, 2))),
            "observed": (panel, np.ones((weeks, geos), dtype=bool)),
            "population": (("geo",), np.full(geos, np.nan)),
        },
        coords={
            "date": pd.date_range("2015-01-05", periods=weeks, freq="7D"),
            "geo": [f"g{i}" for i in range(geos)],
            "channel": [f"c{i}" for i in range(channels)],
            "control_name": ["price", "promo"],
        },
    )
    return Dataset(data, "revenue", "EUR", "revenue", "EUR", Frequency("week", 0), ("EUR",) * channels)


def seconds(weeks: int, geos: int, channels: int, lag: int) -> float:
    """Processor seconds of one gradient."""
    panel = dataset(weeks, geos, channels)
    problem = log_posterior(make_spec(panel, ModelSettings(lookback=f"{lag} weeks")), panel)
    x = np.zeros(problem.layout.dim)
    problem.value_and_gradient(x)
    started = time.process_time()
    problem.value_and_gradient(x)
    count = max(1, int(_ROUND / max(time.process_time() - started, 1e-5)))
    best = np.inf
    for _ in range(_ROUNDS):
        started = time.process_time()
        for _ in range(count):
            problem.value_and_gradient(x)
        best = min(best, (time.process_time() - started) / count)
    return float(best)


def slope(values: dict[str, float]) -> float:
    """Slope of log time by log size, least squares."""
    return float(np.polyfit(np.log([float(v) for v in values]), np.log(list(values.values())), 1)[0])


def figure(times: dict[str, dict[str, float]], slopes: dict[str, float], out: Path) -> None:
    """One panel a size, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "growth"
    import matplotlib.pyplot as plt

    drawn, axes = plt.subplots(1, len(times), figsize=(11, 2.9), sharey=True, constrained_layout=True)
    for axis, (name, values) in zip(axes, times.items(), strict=True):
        axis.loglog([int(v) for v in values], [1e6 * t for t in values.values()], "o-", color="#1f4e79")
        axis.set_title(f"{name}: slope {slopes[name]:.2f}", fontsize=10)
        axis.set_xlabel(name)
    axes[0].set_ylabel("microseconds a gradient")
    drawn.savefig(out, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/studies"))
    out = parser.parse_args().out
    times = {name: {str(v): seconds(**(CENTRE | {name: v})) for v in values} for name, values in GRID.items()}
    slopes = {name: slope(found) for name, found in times.items()}
    result = {
        "centre": CENTRE,
        "seconds": times,
        "slopes": {name: round(s, 3) for name, s in slopes.items()},
        "largest": LARGEST | {"seconds": seconds(**LARGEST)},
    }
    (out / "growth.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    figure(times, slopes, out / "growth.svg")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
