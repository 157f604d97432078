"""Sampling with the fast engine, and its preview."""

import time
from typing import Any

import numpy as np
import xarray as xr

from mmm.data.dataset import Dataset
from mmm.inference.engine import draws
from mmm.inference.engine.explanations import Run, apart, together, weights
from mmm.inference.engine.modes import modes
from mmm.inference.engine.nutpie_adapter import compiled_model
from mmm.inference.engine.problem import Problem, log_posterior
from mmm.inference.engine.whitening import whiten
from mmm.inference.nuts import nuts, require_complete
from mmm.inference.settings import SamplerSettings
from mmm.model.evidence import NO_EVIDENCE, Evidence
from mmm.model.spec import ModelSpec

_STATS = ("diverging", "energy", "n_steps", "step_size", "logp", "mean_tree_accept")
# Chains start at this many posterior standard deviations around the mode.
_SPREAD = 0.7
# Up to this many parameters the sampler also learns directions (a low-rank metric) on top of the whitening: it costs
# little there, and it mends whitening where the posterior is far from its Laplace approximation, as with channels that
# ran together or coefficients that are sampled. With many more it costs more than the gradient (docs/engine.md).
_LOW_RANK = 100


def sample(
    spec: ModelSpec,
    dataset: Dataset,
    sampler: SamplerSettings,
    evidence: Evidence = NO_EVIDENCE,
    *,
    progress: bool = False,
) -> xr.DataTree:
    """Posterior of ``spec`` on ``dataset`` and ``evidence``: ``posterior`` and ``sample_stats``, as the plain model's.

    ``posterior`` has the attributes ``engine`` and ``whitening``; ``sample_stats`` has ``seconds`` by step. Raises
    FitError where the sampler cannot start.
    """
    return sample_problem(log_posterior(spec, dataset, evidence), sampler, progress=progress)


def sample_problem(problem: Problem, sampler: SamplerSettings, *, progress: bool = False) -> xr.DataTree:
    """:func:`sample` for a problem that is laid out already."""
    clock = [time.perf_counter()]
    found = modes(problem)
    clock.append(time.perf_counter())
    runs, note = [], ""
    for number, mode in enumerate(found):
        whitening = whiten(problem, mode.x)
        within = problem.within(whitening.coordinates)
        trace = _nuts(within, _share(sampler, number, len(found)), progress)
        require_complete(trace, len(trace["posterior"]["chain"]), sampler.draws)
        x = within.settled(whitening.coordinates.to_x(problem.layout, trace["posterior"]["x"].values))
        stats = trace["sample_stats"].to_dataset()
        runs.append(Run(x, stats[[name for name in _STATS if name in stats]].drop_attrs(), mode.evidence))
        note = note or whitening.note
    clock.append(time.perf_counter())
    if len(runs) > 1:
        runs = apart(problem, runs)
        share = weights(problem, runs, sampler.seed)
        tree = together(problem, runs, share, (sampler.chains, sampler.draws), sampler.seed)
    else:
        posterior = draws.posterior(problem, runs[0].x, sampler.seed)
        tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": runs[0].stats})
    clock.append(time.perf_counter())
    seconds = np.diff(clock).round(4).tolist()
    tree["sample_stats"].attrs["seconds"] = dict(zip(("prepare", "sample", "expand"), seconds, strict=True))
    tree["posterior"].attrs |= {"engine": "fast", "whitening": note}
    return tree


def _share(sampler: SamplerSettings, number: int, modes: int) -> SamplerSettings:
    """How one of several modes is sampled: with half of the chains, two at least, unless one alone is asked for."""
    if modes == 1:
        return sampler
    chains = min(sampler.chains, max(2, sampler.chains // 2))
    return sampler.model_copy(update={"chains": chains, "seed": sampler.seed + number})


def _nuts(problem: Problem, sampler: SamplerSettings, progress: bool) -> Any:
    """nutpie's trace of a problem in the coordinates that it is sampled in."""
    model = compiled_model(problem.block, problem.layout.dim, _SPREAD)
    return nuts(model, sampler, progress=progress, adaptation="low_rank" if problem.layout.dim <= _LOW_RANK else "diag")


def preview(
    spec: ModelSpec, dataset: Dataset, evidence: Evidence = NO_EVIDENCE, *, count: int = 1000, seed: int = 0
) -> xr.DataTree:
    """Draws from the Laplace approximation: a look at the posterior in well under a second, not the posterior.

    One group ``posterior`` with one chain of ``count`` draws and the attribute ``approximation``, which whatever shows
    the draws must show too. There are no sampler statistics, so that no gate can take them for a fit.
    """
    problem = log_posterior(spec, dataset, evidence)
    found = whiten(problem)
    z = np.random.default_rng(seed).standard_normal((1, count, problem.layout.dim))
    x = problem.within(found.coordinates).settled(found.coordinates.to_x(problem.layout, z))
    posterior = draws.posterior(problem, x, seed)
    posterior.attrs = {
        "engine": "preview",
        "whitening": found.note,
        "approximation": "Laplace: a normal distribution around the mode, not a fit",
    }
    return require_complete(xr.DataTree.from_dict({"posterior": posterior}), 1, count)
