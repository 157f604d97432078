"""Draws of priors as PyMC-Marketing's files state them: ``{"dist": "Gamma", "kwargs": {"alpha": 3, "beta": 1}}``."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mmm.data.cells import FloatArray

_SEED = 20240101
_Draw = Callable[[np.random.Generator, Mapping[str, float], int], Any]


def _gamma(rng: np.random.Generator, k: Mapping[str, float], n: int) -> Any:
    if "mu" in k:
        return rng.gamma((k["mu"] / k["sigma"]) ** 2, k["sigma"] ** 2 / k["mu"], n)
    return rng.gamma(k["alpha"], 1 / k["beta"], n)


_KNOWN: dict[str, _Draw] = {
    "Beta": lambda rng, k, n: rng.beta(k["alpha"], k["beta"], n),
    "Exponential": lambda rng, k, n: rng.exponential(1 / k["lam"] if "lam" in k else k.get("scale", 1.0), n),
    "Gamma": _gamma,
    "HalfNormal": lambda rng, k, n: np.abs(rng.normal(0, k.get("sigma", 1.0), n)),
    "InverseGamma": lambda rng, k, n: k["beta"] / rng.gamma(k["alpha"], 1.0, n),
    "LogNormal": lambda rng, k, n: rng.lognormal(k.get("mu", 0.0), k.get("sigma", 1.0), n),
    "Normal": lambda rng, k, n: rng.normal(k.get("mu", 0.0), k.get("sigma", 1.0), n),
    "Uniform": lambda rng, k, n: rng.uniform(k.get("lower", 0.0), k.get("upper", 1.0), n),
}


def draws_of(prior: Any, n: int) -> FloatArray | None:
    """``n`` draws, always the same; None for a prior by channel, with a prior of its own, or of an unknown kind.

    Parameters are those of PyMC: a gamma's ``beta`` is a rate, or ``mu`` and ``sigma``; an exponential's ``lam`` too.
    """
    if isinstance(prior, int | float) and not isinstance(prior, bool):
        return np.full(n, float(prior))
    if not isinstance(prior, Mapping) or prior.get("dist") not in _KNOWN:
        return None
    kwargs = prior.get("kwargs") or {}
    if not all(isinstance(value, int | float) for value in kwargs.values()):
        return None
    try:
        drawn = _KNOWN[prior["dist"]](np.random.default_rng(_SEED), kwargs, n)
    except (KeyError, ValueError, ZeroDivisionError):
        return None
    return np.asarray(drawn, dtype=np.float64)
