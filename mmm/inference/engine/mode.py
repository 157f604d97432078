"""The posterior's mode and its curvature there."""

import numpy as np
from scipy.optimize import minimize

from mmm.arrays import Floats
from mmm.inference.engine.problem import Problem
from mmm.model.parameters import variables
from mmm.model.priors import middle
from mmm.model.varying import SD, prior_sds

# Step of the finite differences of the exact gradient; parameters are logarithms and logits, of order one.
_STEP = 1e-5


def prior_point(problem: Problem) -> Floats:
    """A start in the middle of the priors, scales at half of theirs."""
    x = np.zeros(problem.layout.dim)
    scales = problem.array("scales")
    values = {variable.name: [middle(prior) for prior in variable.priors] for variable in variables(problem.spec)} | {
        problem.spec.effect_kind: [middle(channel.effect) for channel in problem.spec.channels],
        "geo_sd": np.log(0.5 * scales[0]),
        SD: np.log(0.5 * prior_sds(problem.spec.varying)),
        "sigma": np.log(0.5 * scales[1]),
        "nu_excess": np.log(15.0),
    }
    values |= {scale.name: [np.log(0.5 * scale.prior)] * scale.count for scale in problem.linear.scales}
    values |= {term.name: np.log(0.5 * term.sd) for term in problem.linear.signed}
    for name, value in values.items():
        if name in problem.layout:
            x[problem.layout.of(name)] = value
    return x


def find_mode(problem: Problem, start: Floats, held: slice | None = None) -> Floats:
    """The maximum of the density found by L-BFGS from ``start``; entries ``held`` keep their values."""
    free = np.setdiff1d(np.arange(len(start)), np.arange(len(start))[held] if held is not None else [])
    x = start.copy()

    def negative(part: Floats) -> tuple[float, Floats]:
        x[free] = part
        value, grad = problem.value_and_gradient(x)
        if not np.isfinite(value) or not np.isfinite(grad).all():
            # Outside of what can be computed: far worse than anything inside, so that the search turns back.
            return 1e30, np.zeros(len(free))
        return -value, -grad[free]

    options = {"maxcor": 30, "maxiter": 2000, "gtol": 1e-3}
    x[free] = minimize(negative, start[free], jac=True, method="L-BFGS-B", options=options).x
    return x


def hessian(problem: Problem, x: Floats) -> Floats:
    """Second derivatives of the negative log density at ``x``, by differences of the exact gradient.

    One-sided: their error, 1e-5 relative, is nothing to a whitening, and half the evaluations are saved.
    """
    _, here = problem.value_and_gradient(x)
    _, grads = problem.many(x + _STEP * np.eye(len(x)))
    curvature = (here - grads) / _STEP
    return np.asarray(0.5 * (curvature + curvature.T))
