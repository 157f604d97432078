"""The posterior's mode, its curvature there, and the whitening that follows from them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from mmm.inference.engine.problem import Problem

Floats = npt.NDArray[np.float64]
Factors = list[tuple[npt.NDArray[np.intp], Floats]]
# Step of the finite differences of the exact gradient; parameters are logarithms and logits, of order one.
_STEP = 1e-4
# Above this many parameters the whitening is by channel: a dense one would cost more than the gradient.
_DENSE = 120


@dataclass(frozen=True)
class Laplace:
    """Normal approximation at the mode: precision ``hessian`` of the negative log posterior; ``note`` says how."""

    mode: Floats
    value: float
    hessian: Floats
    factors: Factors
    note: str


def prior_point(problem: Problem) -> Floats:
    """A start in the middle of the priors, scales at half of theirs."""
    x = np.zeros(problem.layout.dim)
    priors, scales, slot = (problem.array(name) for name in ("priors", "scales", "slot"))
    layout = problem.layout
    values = {
        problem.spec.effect_kind: priors[0, :, 0],
        "adstock_alpha": np.log(priors[1, :, 0] / priors[1, :, 1]),
        "half_saturation": priors[2, :, 0],
        "adstock_delay": priors[3, slot[0] >= 0, 0],
        "hill_slope": priors[4, slot[1] >= 0, 0],
        "geo_sd": np.log(0.5 * scales[0]),
        "sigma": np.log(0.5 * scales[1]),
        "nu": np.log(15.0),
        "drift_sd": np.log(0.5 * scales[2]),
    }
    for name, value in values.items():
        if name in layout:
            x[layout[name].start : layout[name].stop] = value
    return x


def find_mode(problem: Problem, starts: int, seed: int) -> tuple[Floats, float]:
    """The best of ``starts`` searches by L-BFGS with the exact gradient; the first from the priors' middle."""
    rng = np.random.default_rng(seed)
    first = prior_point(problem)

    def negative(x: Floats) -> tuple[float, Floats]:
        value, grad = problem.value_and_gradient(x)
        if not np.isfinite(value) or not np.isfinite(grad).all():
            # Outside of what can be computed: far worse than anything inside, so that the search turns back.
            return 1e30, np.zeros_like(x)
        return -value, -grad

    best: tuple[Floats, float] | None = None
    for i in range(starts):
        start = first if i == 0 else first + 0.5 * rng.standard_normal(len(first))
        found = minimize(
            negative, start, jac=True, method="L-BFGS-B", options={"maxcor": 30, "maxiter": 2000, "gtol": 1e-4}
        )
        if best is None or -found.fun > best[1]:
            best = found.x, float(-found.fun)
    if best is None:
        raise ValueError(f"starts must be positive; it is {starts}.")
    return best


def hessian(problem: Problem, x: Floats) -> Floats:
    """Second derivatives of the negative log posterior at ``x``, by central differences of the exact gradient."""
    steps = _STEP * np.eye(len(x))
    _, plus = problem.many(x + steps)
    _, minus = problem.many(x - steps)
    curvature = (minus - plus) / (2 * _STEP)
    return np.asarray(0.5 * (curvature + curvature.T))


def laplace(problem: Problem, *, starts: int = 1, seed: int = 0) -> Laplace:
    """The Laplace approximation and the factors L of its covariance L L', dense or by channel."""
    mode, value = find_mode(problem, starts, seed)
    curvature = hessian(problem, mode)
    blocks, note = _blocks(problem)
    factors: Factors = []
    repaired = 0
    for entries in blocks:
        factor, ok = _factor(curvature[np.ix_(entries, entries)])
        factors.append((entries, factor))
        repaired += not ok
    if repaired:
        note += f", {repaired} of {len(blocks)} blocks repaired"
    return Laplace(mode, value, curvature, factors, note)


def _blocks(problem: Problem) -> tuple[list[npt.NDArray[np.intp]], str]:
    dim = problem.layout.dim
    if dim <= _DENSE:
        return [np.arange(dim)], "dense"
    blocks = list(problem.layout.by_channel)
    rest = np.setdiff1d(np.arange(dim), np.concatenate(blocks))
    return [*blocks, rest], "by channel"


def _factor(precision: Floats) -> tuple[Floats, bool]:
    """L with L L' = precision^-1; eigenvalues that are not clearly positive are taken by size and bounded.

    Every parameter's prior has a standard deviation of order one, so that a precision below 0.1 is not believed.
    """
    values, vectors = np.linalg.eigh(precision)
    ok = bool(values[0] > 1e-3)
    values = np.maximum(np.abs(values), 0.1) if not ok else values
    # Symmetric root: coordinates keep their meaning, so that what is left to adapt is close to diagonal.
    return np.asarray((vectors / np.sqrt(values)) @ vectors.T), ok
