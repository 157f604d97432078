"""Sampling with the fast engine, and its preview."""

import time
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mmm.data.dataset import Dataset
from mmm.errors import FitError
from mmm.inference.engine import draws
from mmm.inference.engine.mode import laplace
from mmm.inference.engine.nutpie_adapter import compiled_model
from mmm.inference.engine.problem import log_posterior
from mmm.inference.settings import SamplerSettings
from mmm.model.spec import ModelSpec

_STATS = ("diverging", "energy", "n_steps", "step_size", "logp", "mean_tree_accept")
# Chains start at this many posterior standard deviations around the mode.
_SPREAD = 0.7


def supports(spec: ModelSpec) -> str | None:  # noqa: ARG001
    """Why the engine cannot sample this spec, or None where it can."""
    return None


def sample(spec: ModelSpec, dataset: Dataset, sampler: SamplerSettings, *, progress: bool = False) -> xr.DataTree:
    """Posterior of ``spec`` on ``dataset``: groups ``posterior`` and ``sample_stats``, as from the plain model.

    ``posterior`` has the attributes ``engine`` and ``whitening``; ``sample_stats`` has ``seconds`` by step, as JSON-safe
    numbers. Raises FitError where the sampler cannot start.
    """
    import nutpie

    clock = [time.perf_counter()]
    problem = log_posterior(spec, dataset)
    found = laplace(problem, seed=sampler.seed)
    whitened = problem.whitened(found.mode, found.factors)
    model = compiled_model(whitened.block, problem.layout.dim, _SPREAD)
    clock.append(time.perf_counter())
    try:
        trace = nutpie.sample(
            model,
            draws=sampler.draws,
            tune=sampler.tune,
            chains=sampler.chains,
            seed=sampler.seed,
            target_accept=sampler.target_accept,
            save_warmup=False,
            progress_bar=progress,
        )
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise FitError(
            f"The sampler could not start or stopped ({reason}). Run 'mmm check' on the data, and look for priors "
            "that contradict them."
        ) from error
    clock.append(time.perf_counter())
    posterior = draws.posterior(problem, trace["posterior"]["x"].values, sampler.seed)
    clock.append(time.perf_counter())
    stats = trace["sample_stats"].to_dataset()
    stats = stats[[name for name in _STATS if name in stats]].drop_attrs()
    names = ("prepare", "sample", "expand")
    stats.attrs["seconds"] = dict(zip(names, np.diff(clock).round(4).tolist(), strict=True))
    posterior.attrs = {"engine": "fast", "whitening": found.note}
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
