"""Simulation-based calibration of the fast engine (Talts et al. 2018).

A draw from the prior makes an outcome, the model is fitted to it, and the draw's rank among the posterior draws must be
uniform, over many replications, for every parameter. Outcomes are made by :mod:`mmm.model.draws` and the response's
kernels, which the engine does not use.

    python benchmarks/sbc.py --replications 200
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import stats

from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.engine import log_posterior, prior
from mmm.inference.engine.run import sample_problem
from mmm.inference.settings import SamplerSettings
from mmm.model.draws import expected_outcome, predictive_outcome, stacked
from mmm.model.settings import ModelSettings
from mmm.model.spec import ModelSpec, make_spec
from mmm.simulate import data_settings, random_world, simulate

# Draws kept of each fit, thinned to be near independent; ranks are 0 to this number.
KEPT = 99
SAMPLER = SamplerSettings(draws=330, tune=250, chains=3, target_accept=0.8)


def base(weeks: int = 104, geos: int = 1, channels: int = 3, seed: int = 1) -> tuple[Dataset, ModelSpec]:
    """A panel whose spend and controls are kept, and its model."""
    simulated = simulate(random_world(np.random.default_rng(seed), weeks=weeks, geos=geos, channels=channels))
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    return dataset, make_spec(dataset, ModelSettings())


def with_outcome(dataset: Dataset, outcome: np.ndarray) -> Dataset:
    return replace(dataset, data=dataset.data.assign(outcome=(("date", "geo"), outcome)))


def ranks(dataset: Dataset, spec: ModelSpec, truth: xr.Dataset, seed: int) -> tuple[dict[str, np.ndarray], float]:
    """Rank of ``truth`` (stacked, one sample) among posterior draws of an outcome that it makes; largest R-hat."""
    import arviz

    rows = slice(0, len(dataset.dates))
    mean = expected_outcome(spec, truth, dataset, rows, seed)
    outcome = predictive_outcome(spec, truth, mean, seed)[0]
    fitted = sample_problem(
        log_posterior(spec, with_outcome(dataset, outcome)), SAMPLER.model_copy(update={"seed": seed})
    )
    posterior = fitted["posterior"].to_dataset()
    rhat = float(arviz.rhat(posterior).to_array().max())
    kept = stacked(posterior, KEPT)
    out = {}
    for name in truth.data_vars:
        value, draws = truth[name].values[0], kept[name].transpose("sample", ...).values
        out[str(name)] = np.atleast_1d((draws < value).sum(axis=0)).ravel()
    return out, rhat


def run(replications: int, *, geos: int = 1, seed: int = 1) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Ranks by parameter, [replication, entry], and the largest R-hat of each fit."""
    dataset, spec = base(geos=geos)
    truths = stacked(prior(spec, dataset, count=replications, seed=seed)["prior"].to_dataset())
    found = [ranks(dataset, spec, truths.isel(sample=[i]), seed + i) for i in range(replications)]
    return {name: np.stack([r[name] for r, _ in found]) for name in found[0][0]}, np.array([h for _, h in found])


def uniformity(ranks_of: dict[str, np.ndarray], bins: int = 10) -> dict[str, float]:
    """Smallest p-value of the chi-square test over a parameter's entries, times their number (Bonferroni)."""
    out = {}
    for name, values in ranks_of.items():
        counts = [np.histogram(v, bins=bins, range=(-0.5, KEPT + 0.5))[0] for v in values.T]
        out[name] = min(1.0, len(counts) * min(float(stats.chisquare(c).pvalue) for c in counts))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=200)
    parser.add_argument("--geos", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results") / "sbc.json")
    arguments = parser.parse_args()
    started = time.perf_counter()
    ranks_of, rhat = run(arguments.replications, geos=arguments.geos, seed=arguments.seed)
    p_values = uniformity(ranks_of)
    result = {
        "replications": arguments.replications,
        "geos": arguments.geos,
        "seconds": round(time.perf_counter() - started, 1),
        "p_values": {k: round(v, 4) for k, v in p_values.items()},
        "smallest_p_times_parameters": round(min(p_values.values()) * len(p_values), 4),
        "fits_with_rhat_above_1.02": int((rhat > 1.02).sum()),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
