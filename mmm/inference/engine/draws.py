"""From unconstrained draws to the posterior's variables, with the names and dims of the plain PyMC model."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import xarray as xr

from mmm.arrays import Floats
from mmm.inference.engine.problem import Problem
from mmm.model.kernels import draws as kernel
from mmm.model.parameters import variables
from mmm.model.varying import SD, STEPS

# Below this many draws a thread costs more than it saves.
_DRAWS_PER_THREAD = 200


def posterior(problem: Problem, x: Floats, seed: int) -> xr.Dataset:
    """Posterior variables at unconstrained ``x[chain, draw, dim]``, coefficients included.

    Coefficients that were integrated out are drawn from their exact conditional distribution; ``seed`` fixes the draws.
    """
    chains, draws, dim = x.shape
    flat = np.ascontiguousarray(x.reshape(-1, dim))
    variables = {p.name: (p.dims, p.constrain(flat)) for p in problem.layout.parts}
    log_beta, dense, lone = _coefficients(problem, flat, seed)
    scale = np.log(problem.spec.outcome_scale)[:, None]
    known = {name: values for name, (_, values) in variables.items()}
    variables |= {name: ((), values) for name, values in problem.spec.noise.follows(known).items()}
    variables["log_beta"] = (("geo", "channel"), log_beta + scale)
    if problem.spec.varying is not None:
        dims, raw = variables.pop(f"{STEPS}_raw")
        variables[STEPS] = (dims, variables[SD][1][..., None] * raw)
    if problem.linear.integrated:
        variables |= terms_of(problem, dense, lone)
    for term in problem.linear.terms:
        if term.scale is not None and not problem.linear.integrated:
            whole = None if term.scale.within is None else variables[term.scale.within.name][1][:, None]
            size = term.scale.sizes(variables[term.scale.name][1].reshape(len(flat), -1), whole)
            variables[term.name] = ((term.dim,), size * variables.pop(f"{term.name}_raw")[1])
    return xr.Dataset(
        {
            name: (("chain", "draw", *dims), values.reshape(chains, draws, *values.shape[1:]))
            for name, (dims, values) in variables.items()
        },
        coords=_coords(problem, chains, draws, {d for dims, _ in variables.values() for d in dims}),
    )


def _coefficients(problem: Problem, x: Floats, seed: int) -> tuple[Floats, Floats, Floats]:
    """Scaled log_beta [n, g, c], dense coefficients [n, p] and lone ones [n, l], all less their prior means."""
    n, geos, channels = len(x), len(problem.spec.geos), len(problem.spec.channels)
    log_beta = np.empty((n, geos, channels))
    p, by = problem.array("precision").shape[0], problem.array("lone_square").shape[0]
    dense, lone = np.empty((n, p)), np.empty((n, by))
    noise = np.random.default_rng(seed).standard_normal((n, p + by))
    whole = problem.block.view(np.int64)

    def part(where: slice) -> None:
        kernel.coefficients(problem.block, whole, x[where], noise[where], log_beta[where], dense[where], lone[where])

    threads = max(1, min(os.cpu_count() or 1, n // _DRAWS_PER_THREAD))
    edges = np.linspace(0, n, threads + 1).astype(int)
    # Compiled on one draw first: two threads would compile the same code twice.
    part(slice(0, 1))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, [slice(a, b) for a, b in itertools.pairwise(edges)]))
    return log_beta, dense, lone


def terms_of(problem: Problem, dense: Floats, lone: Floats) -> dict[str, tuple[tuple[str, ...], Floats]]:
    """Dims and coefficients [n, .] of every term of the baseline, from those of the dense and the lone columns."""
    out: dict[str, tuple[tuple[str, ...], Floats]] = {}
    at = 0
    for term in problem.linear.dense:
        width = len(term.labels)
        out[term.name] = ((term.dim,), dense[:, at : at + width] + term.mean)
        at += width
    own, at = problem.linear.of_lone(lone), 0
    for term in problem.linear.lone:
        width = len(term.labels)
        out[term.name] = ((term.dim,), own[:, at : at + width] + term.mean)
        at += width
    return out


def _coords(problem: Problem, chains: int, draws: int, used: set[str]) -> dict[str, object]:
    spec = problem.spec
    every: dict[str, object] = {
        "chain": np.arange(chains),
        "draw": np.arange(draws),
        "geo": list(spec.geos),
        "channel": list(spec.channel_names),
    }
    every |= {v.dim: [spec.channels[i].name for i in v.owners] for v in variables(spec)}
    if spec.varying is not None:
        every[spec.varying.dim(spec.channel_names)] = list(spec.varying.labels)
        every[f"{STEPS}_step"] = [str(knot) for knot in spec.varying.own_knots]
    every |= {t.dim: pd.Index(t.labels) for t in problem.linear.terms}
    return {name: values for name, values in every.items() if name in used | {"chain", "draw"}}
