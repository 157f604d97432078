"""Sampling a spec on a dataset: with the fast engine, or the plain PyMC model where the settings say so.

``sampler.engine: jax`` samples the plain model with NumPyro instead (:mod:`mmm.inference.jax_sampler`).
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import xarray as xr

from mmm.data.dataset import Dataset
from mmm.inference import jax_sampler
from mmm.inference.attempt import FIRST, Attempt
from mmm.inference.convergence import GROUP, MODES, by_parameter, convergence
from mmm.inference.fit import Fit, Member
from mmm.inference.keys import fit_key, made_of, versions
from mmm.inference.nuts import nuts, require_complete
from mmm.inference.settings import SamplerSettings
from mmm.model.evidence import NO_EVIDENCE, Evidence
from mmm.model.spec import ModelSpec, without_inactive_channels

# Fits of fewer draws in all are a quick look: their chains cannot agree to the limits, however often they run.
_WORTH_IT = 2000


def choose_engine(sampler: SamplerSettings) -> tuple[Literal["fast", "plain", "jax"], str]:
    """The engine that samples, and why. Raises SettingsError where the one that was set is not installed."""
    if sampler.engine == "auto":
        return "fast", "it represents every part of the model"
    if sampler.engine == "jax":
        jax_sampler.require()
    return sampler.engine, "set by sampler.engine"


def fit_model(
    dataset: Dataset,
    spec: ModelSpec,
    sampler: SamplerSettings,
    evidence: Evidence = NO_EVIDENCE,
    *,
    progress: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Fit:
    """Sample the posterior of ``spec`` on ``dataset`` and the experiments of ``evidence``: a fit of one member.

    Channels that the spec leaves out are left out of the fit's dataset as well. ``report`` receives one line on the
    engine and one on each further attempt. Raises FitError where the sampler cannot start.
    """
    engine, reason = choose_engine(sampler)
    report(f"Engine: {engine} ({reason}).")
    attempt = FIRST
    fit = sample_once(dataset, spec, sampler, evidence, progress=progress)
    while fit.main.failed and attempt.number + 1 < attempts(sampler):
        attempt = attempt.after(fit)
        report(attempt.words)
        fit = sample_once(dataset, spec, sampler, evidence, attempt=attempt, progress=progress)
    return fit


def attempts(sampler: SamplerSettings) -> int:
    """How often at most a model is sampled: once where there are too few draws for chains to agree to the limits."""
    return sampler.attempts if sampler.draws * sampler.chains >= _WORTH_IT else 1


def sample_once(
    dataset: Dataset,
    spec: ModelSpec,
    sampler: SamplerSettings,
    evidence: Evidence = NO_EVIDENCE,
    *,
    attempt: Attempt = FIRST,
    progress: bool = False,
) -> Fit:
    """One attempt at :func:`fit_model`, whatever its chains say."""
    used = dataset
    excluded: tuple[str, ...] = ()
    if dataset.channels != spec.channel_names:
        used, excluded = without_inactive_channels(dataset)
    started = time.perf_counter()
    engine, _ = choose_engine(sampler)
    sampling = {"fast": _fast, "plain": _plain, "jax": _jax}[engine]
    wanted = attempt.settings(sampler)
    tree, seconds = sampling(used, spec, wanted, evidence, progress)
    tree = attempt.kept(require_complete(tree, wanted.chains, wanted.draws))
    require_complete(tree, sampler.chains, sampler.draws)
    tree[GROUP] = xr.DataTree(by_parameter(tree))
    converged = convergence(tree)
    key = fit_key(used, spec, sampler, evidence, attempt.number)
    taken = attempt.seconds({**seconds, "total": time.perf_counter() - started})
    member = Member(spec, tree, key, engine, seconds=taken, converged=converged)
    return Fit(
        dataset=used,
        members=(replace(member, made_of=made_of(spec, sampler, attempt.number)),),
        seed=sampler.seed,
        key=key,
        evidence=evidence,
        excluded=excluded,
        versions=versions(sampler.engine),
    )


def _fast(
    dataset: Dataset, spec: ModelSpec, sampler: SamplerSettings, evidence: Evidence, progress: bool
) -> tuple[xr.DataTree, dict[str, float]]:
    from mmm.inference import engine

    tree = engine.sample(spec, dataset, sampler, evidence, progress=progress)
    return _kept(tree), dict(tree["sample_stats"].attrs["seconds"])


def _jax(
    dataset: Dataset, spec: ModelSpec, sampler: SamplerSettings, evidence: Evidence, progress: bool
) -> tuple[xr.DataTree, dict[str, float]]:
    tree = jax_sampler.sample(spec, dataset, sampler, evidence, progress=progress)
    return _kept(tree), dict(tree["sample_stats"].attrs["seconds"])


def _plain(
    dataset: Dataset, spec: ModelSpec, sampler: SamplerSettings, evidence: Evidence, progress: bool
) -> tuple[xr.DataTree, dict[str, float]]:
    # Imported here: both take seconds, and a stored fit needs neither.
    from nutpie import compile_pymc_model

    from mmm.model.build import build

    started = time.perf_counter()
    compiled = compile_pymc_model(build(spec, dataset, evidence), freeze_model=False)
    compiled_at = time.perf_counter()
    tree = nuts(compiled, sampler, progress=progress)
    seconds = {"compile": compiled_at - started, "sample": time.perf_counter() - compiled_at}
    return _kept(tree), seconds


# Groups that the engine leaves where a posterior has several modes.
_OF_MODES = (GROUP, MODES)


def _kept(tree: xr.DataTree) -> xr.DataTree:
    """Of the sampler's statistics those that are looked at, and all other groups."""
    stats = tree["sample_stats"].to_dataset()
    known = ("diverging", "energy", "n_steps", "step_size", "logp", "mean_tree_accept", "e_bfmi")
    groups = {name: part.to_dataset() for name, part in tree.children.items()}
    groups["sample_stats"] = stats[[n for n in known if n in stats]]
    return xr.DataTree.from_dict({n: g for n, g in groups.items() if n in ("posterior", "sample_stats", *_OF_MODES)})
