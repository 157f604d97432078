"""Simulation-based calibration of the fast engine (Talts et al. 2018).

A draw from the prior makes an outcome, the model is fitted to it, and the draw's rank among the posterior draws must be
uniform, over many replications, for every parameter. Outcomes are made by :mod:`mmm.model.draws` and the response's
kernels, which the engine does not use.

    python benchmarks/sbc.py --replications 200        # writes docs/studies/sbc.json and sbc.svg
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


def band(replications: int, *, probability: float = 0.95, simulations: int = 2000) -> np.ndarray:
    """Simultaneous band of the ECDF of uniform ranks less its mean, [2, KEPT + 1] (Sailynoja et al. 2022, simulated).

    The pointwise quantiles are widened until a share ``probability`` of simulated curves lies inside throughout.
    """
    rng = np.random.default_rng(0)
    curves = np.stack([ecdf(rng.integers(0, KEPT + 1, replications)) for _ in range(simulations)])
    order = np.sort(curves, axis=0)
    for cut in range(simulations // 2 - 1, -1, -1):
        low, high = order[cut], order[simulations - 1 - cut]
        if ((curves >= low) & (curves <= high)).all(axis=1).mean() >= probability:
            return np.stack([low, high])
    return np.stack([order[0], order[-1]])


def ecdf(ranks: np.ndarray) -> np.ndarray:
    """Share of ranks at or below each possible one, less what it is for uniform ranks."""
    possible = np.arange(KEPT + 1)
    return np.asarray((ranks[:, None] <= possible).mean(axis=0) - (possible + 1) / (KEPT + 1))


def figure(ranks_of: dict[str, np.ndarray], out: Path) -> None:
    """By variable, the ECDF of all entries' ranks less the uniform's, and the band that a correct sampler stays in."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "sbc"
    import matplotlib.pyplot as plt

    names = list(ranks_of)
    columns = 4
    rows = -(-len(names) // columns)
    drawn, axes = plt.subplots(
        rows, columns, figsize=(11, 2.1 * rows), sharex=True, sharey=True, constrained_layout=True, squeeze=False
    )
    low, high = band(len(next(iter(ranks_of.values()))))
    for axis, name in zip(axes.flat, names, strict=False):
        axis.fill_between(np.arange(KEPT + 1), low, high, color="#c9d8e8", linewidth=0)
        for column in ranks_of[name].T:
            axis.plot(ecdf(column), color="#1f4e79", linewidth=0.6)
        axis.set_title(name, fontsize=9)
    for axis in list(axes.flat)[len(names) :]:
        axis.set_axis_off()
    drawn.savefig(out, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=200)
    parser.add_argument("--geos", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/studies"), help="Folder of sbc.json and sbc.svg.")
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
    low, high = band(arguments.replications)
    curves = {name: [ecdf(column) for column in values.T] for name, values in ranks_of.items()}
    result["curves"] = sum(len(c) for c in curves.values())
    result["curves_outside_the_95%_band"] = sum(
        bool(((c < low) | (c > high)).any()) for found in curves.values() for c in found
    )
    print(json.dumps(result, indent=1))
    result["largest_rank"] = KEPT
    result["ranks"] = {name: values.tolist() for name, values in ranks_of.items()}
    (arguments.out / "sbc.json").write_text(json.dumps(result) + "\n", encoding="utf-8")
    figure(ranks_of, arguments.out / "sbc.svg")


if __name__ == "__main__":
    main()
