"""Density and gradient of the plain PyMC model, in the order and coordinates of the fast engine."""

from collections.abc import Callable

import numpy as np
import pymc as pm
from pytensor.compile.mode import Mode

from mmm.inference.engine.problem import Problem

# Graphs as they are, equal parts once: rewriting them takes longer than a few dozen points do.
AS_WRITTEN = Mode(linker="py", optimizer="merge")


def in_engine_order(model: pm.Model, engine: Problem, point: dict[str, np.ndarray], joined: np.ndarray) -> np.ndarray:
    """The gradient [dim] by the engine's vector, of ``joined`` by the model's own variables one after the other."""
    names = [v.name for v in model.value_vars]
    ends = np.cumsum([np.size(point[name]) for name in names])[:-1]
    parts = dict(zip(names, np.split(joined, ends), strict=True))
    if engine.linear.rotation is not None:
        parts["drift_raw__"] = parts["drift_raw__"] @ engine.layout["drift_raw"].rotation
    return np.concatenate([parts[name] for name in point])


def density_and_gradient(model: pm.Model, engine: Problem) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """The plain model's log density and gradient at the engine's unconstrained vector ``x[dim]``."""
    compiled = model.compile_fn([model.logp(), model.dlogp()], mode=AS_WRITTEN)

    def at(x: np.ndarray) -> tuple[float, np.ndarray]:
        point = engine.layout.pymc_point(x)
        value, joined = compiled(point)
        return float(value), in_engine_order(model, engine, point, joined)

    return at
