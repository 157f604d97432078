"""Draws from the prior of a model, in the same variables as its posterior."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import xarray as xr
from scipy import special

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.inference.engine import draws
from mmm.inference.engine.pack import read
from mmm.inference.engine.problem import Problem, log_posterior
from mmm.model.kernels import block as b
from mmm.model.kernels.likelihood import NU_RATE, NU_SHAPE
from mmm.model.nesting import couplings
from mmm.model.parameters import variables
from mmm.model.priors import Prior, numbers, transform
from mmm.model.spec import ModelSpec
from mmm.model.varying import SD, prior_sds

# What a panel without an observation leaves at zero.
_OF_DATA = ("outcome", "observed", "varying", "gram", "lone_square", "lone_cross", "lone_outer")


def prior(spec: ModelSpec, dataset: Dataset, *, count: int = 1000, seed: int = 0) -> xr.DataTree:
    """One chain of ``count`` draws from the prior, as group ``prior``; the outcome plays no part."""
    problem = without_data(log_posterior(spec, dataset))
    x = unconstrained_draws(problem, count, seed)
    return xr.DataTree.from_dict({"prior": draws.posterior(problem, x[None], seed + 1)})


def without_data(problem: Problem) -> Problem:
    """The problem as if no outcome had been observed: its posterior is the prior."""
    block = problem.block.copy()
    for name in _OF_DATA:
        read(block)[name][...] = 0.0
    block.view(np.int64)[b.OBSERVED] = 0
    return replace(problem, block=block)


def unconstrained_draws(problem: Problem, count: int, seed: int) -> Floats:
    """``x[count, dim]`` from the prior."""
    rng = np.random.default_rng(seed)
    layout, scales = problem.layout, problem.array("scales")
    x = rng.standard_normal((count, layout.dim))

    def stated(name: str, priors: Iterable[Prior]) -> None:
        for i, prior in enumerate(priors, layout[name].start):
            first, second = numbers(prior)
            if transform(prior) == "logit":
                x[:, i] = special.logit(rng.beta(first, second, count))
            else:
                x[:, i] = first + second * x[:, i]

    stated(problem.spec.effect_kind, [channel.effect for channel in problem.spec.channels])
    for variable in variables(problem.spec):
        stated(variable.name, variable.priors)
    for coupling in couplings(problem.spec):
        entries = layout[coupling.variable].start + coupling.entries
        x[:, entries] = coupling.drawn(x[:, entries])
    half_normal: dict[str, float | Floats] = {"geo_sd": scales[0], "sigma": scales[1]}
    half_normal[SD] = prior_sds(problem.spec.varying)
    half_normal |= {scale.name: scale.prior for scale in problem.linear.scales if not scale.heavy}
    half_normal |= {term.name: term.sd for term in problem.linear.signed}
    for name, size in ((name, size) for name, size in half_normal.items() if name in layout):
        x[:, layout.of(name)] = np.log(size * np.abs(x[:, layout.of(name)]))
    for scale in (s for s in problem.linear.scales if s.heavy):
        # The ratio of two normal numbers is Cauchy.
        ratio = x[:, layout.of(scale.name)] / rng.standard_normal((count, scale.count))
        x[:, layout.of(scale.name)] = np.log(scale.prior * np.abs(ratio))
    if "nu_excess" in layout:
        x[:, layout.of("nu_excess")] = np.log(rng.gamma(NU_SHAPE, 1.0 / NU_RATE, (count, 1)))
    if not problem.linear.integrated:
        # Coefficients come last, in the order of the columns.
        precision = np.concatenate([problem.array("precision"), problem.array("lone_precision")])
        x[:, layout.dim - len(precision) :] /= np.sqrt(precision)
    return x
