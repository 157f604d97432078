"""A fit of the largest public panel, 208 weeks x 50 geos x 30 channels: does it converge in ten minutes on two cores?

    python benchmarks/large.py [--data ../shared/data/public_benchmark/large_business.csv.gz] [--draws 1000]

Wall time depends on what else the machine does; the processor's time, divided by the two chains, does not. Writes
docs/studies/large.json.
"""

import argparse
import json
import time
from pathlib import Path

import arviz
import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.engine import log_posterior
from mmm.inference.engine.run import sample_problem
from mmm.inference.settings import SamplerSettings
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec

CHAINS = 2
JUDGED = ("share", "adstock_alpha", "half_saturation")


def settings_of(frame: pd.DataFrame) -> DataSettings:
    """Columns of the public benchmark: spend x*, controls c*, outcome y, by week and geo."""
    return DataSettings.model_validate(
        {
            "source": "large.csv",
            "date": "date",
            "geo": "geo",
            "target": {"column": "y", "kind": "kpi"},
            "currency": "EUR",
            "channels": {c: {"spend": c} for c in frame if c.startswith("x")},
            "controls": [c for c in frame if c[0] == "c" and c[1:].isdigit()],
        }
    )


def quality(posterior: xr.Dataset) -> dict[str, dict[str, float]]:
    """Largest R-hat and smallest bulk ESS by variable."""
    rhat, ess = arviz.rhat(posterior), arviz.ess(posterior)
    return {
        str(name): {"rhat": round(float(rhat[name].max()), 4), "ess": round(float(ess[name].min()), 1)}
        for name in posterior.data_vars
    }


def run(frame: pd.DataFrame, sampler: SamplerSettings) -> dict[str, object]:
    """Fit and judge."""
    dataset = from_frame(frame, settings_of(frame))
    spec = make_spec(dataset, ModelSettings())
    problem = log_posterior(spec, dataset)
    problem.value_and_gradient(np.zeros(problem.layout.dim))
    started, used = time.perf_counter(), time.process_time()
    tree = sample_problem(problem, sampler)
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    found = quality(tree["posterior"].to_dataset())
    stats = tree["sample_stats"].to_dataset()
    judged = [found[name] for name in JUDGED if name in found]
    return {
        "weeks": len(dataset.dates),
        "geos": len(spec.geos),
        "channels": len(spec.channels),
        "parameters": problem.layout.dim,
        "sampler": sampler.model_dump(include={"draws", "tune", "chains", "target_accept", "seed"}),
        "seconds": round(seconds, 1),
        "processor_seconds_per_core": round(processor / 2, 1),
        "by_step": stats.attrs["seconds"],
        "gradients_per_draw": round(float(stats["n_steps"].mean()), 1),
        "divergences": int(stats["diverging"].sum()),
        "judged": {"rhat": max(q["rhat"] for q in judged), "ess": min(q["ess"] for q in judged)},
        "all": {"rhat": max(q["rhat"] for q in found.values()), "ess": min(q["ess"] for q in found.values())},
        "by_variable": found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/public_benchmark/large_business.csv.gz"))
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--tune", type=int, default=700)
    parser.add_argument("--target-accept", type=float, default=0.8)
    parser.add_argument("--out", type=Path, default=Path("docs/studies/large.json"))
    arguments = parser.parse_args()
    sampler = SamplerSettings(
        draws=arguments.draws, tune=arguments.tune, chains=CHAINS, target_accept=arguments.target_accept, seed=1
    )
    result = run(pd.read_csv(arguments.data), sampler)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
