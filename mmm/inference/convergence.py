"""Convergence of chains: every scalar parameter of a posterior, its R-hat and its effective sample size."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr

from mmm.arrays import Floats
from mmm.errors import FitError
from mmm.inference.settings import ESS_MIN, R_HAT_MAX

_SAMPLE_DIMS = ("chain", "draw")
# Follows from log_beta and geo_sd, which are looked at: the same chains twice.
_FOLLOWS = ("geo_deviation",)

DIVERGENT_SHARE = 0.001
"""Up to this share of divergent draws the gate warns and does not fail."""

GROUP = "convergence"
"""Group of a fit's tree that holds :func:`by_parameter`."""

MODES = "modes"
"""Group of the tree of a posterior with several modes: ``weight`` (dim explanation), and the ``mode`` of each draw."""

NEAR_R_HAT = 1.03
"""Below this, chains are taken to differ by too few draws alone; more of them show whether that was right."""

INTERVAL = (0.05, 0.95)
"""Ends of the 90% equal-tailed intervals, in whose tails the effective draws are counted."""


@dataclass(frozen=True)
class Scalars:
    """All scalar parameters of a posterior: ``values[chain, draw, scalar]`` and their ``names``."""

    names: tuple[str, ...]
    values: Floats


def scalars(posterior: xr.Dataset) -> Scalars:
    """Flatten every variable with sample dims.

    Constants (fixed by the model, not sampled) are left out, and what says the same again.
    """
    names: list[str] = []
    columns: list[Floats] = []
    for name, variable in posterior.data_vars.items():
        if name in _FOLLOWS or not set(_SAMPLE_DIMS) <= set(variable.dims):
            continue
        rest = [str(d) for d in variable.dims if d not in _SAMPLE_DIMS]
        array = variable.transpose(*_SAMPLE_DIMS, *rest)
        values = np.asarray(array.values, dtype=float).reshape(*array.shape[:2], -1)
        labels = [_labels(array, rest, index) for index in np.ndindex(*array.shape[2:])]
        for k, label in enumerate(labels):
            if not (values[:, :, k] == values[0, 0, k]).all():
                names.append(f"{name}{label}")
                columns.append(values[:, :, k])
    if not columns:
        raise FitError("The posterior holds no sampled parameter, so nothing can be checked.")
    return Scalars(tuple(names), np.stack(columns, axis=2))


def _labels(array: xr.DataArray, dims: list[str], index: tuple[int, ...]) -> str:
    if not dims:
        return ""
    parts = [str(array[d].values[i]) if d in array.coords else str(i) for d, i in zip(dims, index, strict=True)]
    return f"[{', '.join(parts)}]"


def r_hat(found: Scalars) -> Floats:
    """Rank-normalised split R-hat of each scalar (Vehtari et al. 2021); infinite where chains are stuck or broken.

    A single chain is compared with itself: its halves stand for two chains.
    """
    chains, draws = found.values.shape[:2]
    if chains == 1:
        half = draws // 2
        halves = np.concatenate([found.values[:, :half], found.values[:, half : 2 * half]])
        return _per_scalar(Scalars(found.names, halves), "rhat", worst=np.inf)
    return _per_scalar(found, "rhat", worst=np.inf)


def ess(found: Scalars, kind: Literal["bulk", "tail"]) -> Floats:
    """Effective sample size of each scalar (Vehtari et al. 2021), in the bulk or at the ends of the 90% interval."""
    options: dict[str, Any] = {"prob": INTERVAL} if kind == "tail" else {}
    return _per_scalar(found, "ess", worst=0.0, method=kind, **options)


def energy_explored(energy: Floats) -> Floats:
    """E-BFMI of each chain of energies [chain, draw] (Betancourt 2016)."""
    import arviz_stats as az

    return np.asarray(az.bfmi(energy), dtype=float)


def _per_scalar(found: Scalars, statistic: str, worst: float, **options: Any) -> Floats:
    """Apply an ArviZ statistic to each scalar that is finite and moves in every chain; the others are the worst."""
    # ArviZ takes a fifth of a command's imports, and what is stored was diagnosed before.
    import arviz_stats as az

    out = np.full(len(found.names), worst)
    moves = np.isfinite(found.values).all(axis=(0, 1))
    moves[moves] &= (np.ptp(found.values[:, :, moves], axis=1) > 0).all(axis=0)
    if moves.any():
        out[moves] = np.asarray(getattr(az, statistic)(found.values[:, :, moves], **options), dtype=float)
    return np.where(np.isnan(out), worst, out)


@dataclass(frozen=True)
class Convergence:
    """The largest R-hat and the fewest effective draws, bulk or tail, of all scalars; and how many draws diverged."""

    r_hat: float
    ess: float
    divergences: int

    @property
    def short(self) -> str:
        """In words, by what the sample falls short: chains that disagree, too few effective draws, divergences."""
        reasons = []
        if self.r_hat > R_HAT_MAX:
            reasons.append(f"R-hat {self.r_hat:.3f}")
        if self.ess < ESS_MIN:
            reasons.append(f"{self.ess:.0f} effective draws")
        if self.divergences:
            reasons.append(f"{self.divergences} divergent draws")
        return ", ".join(reasons)

    def failed(self, draws: int) -> bool:
        """Whether the sample of ``draws`` is not to be used: more is wrong than a few divergent draws."""
        return self.r_hat > R_HAT_MAX or self.ess < ESS_MIN or self.divergences > DIVERGENT_SHARE * draws

    @property
    def near(self) -> bool:
        """Whether chains differ by no more than too few draws explain, whatever diverged."""
        return self.r_hat < NEAR_R_HAT and self.ess > ESS_MIN / 2


def by_parameter(tree: xr.DataTree) -> xr.Dataset:
    """``r_hat``, ``ess_bulk`` and ``ess_tail`` of every scalar (dim parameter) of a tree with the group ``posterior``.

    Taken from the tree's own group where the sampler left it there: they are asked for several times of every fit.
    """
    if GROUP in tree.children:
        return tree[GROUP].to_dataset()
    found = scalars(tree["posterior"].to_dataset())
    values = {"r_hat": r_hat(found), "ess_bulk": ess(found, "bulk"), "ess_tail": ess(found, "tail")}
    return xr.Dataset(
        {name: ("parameter", value) for name, value in values.items()}, coords={"parameter": list(found.names)}
    )


def convergence(tree: xr.DataTree) -> Convergence:
    """Of a tree with the groups ``posterior`` and ``sample_stats``."""
    found = by_parameter(tree)
    fewest = min(float(found["ess_bulk"].min()), float(found["ess_tail"].min()))
    return Convergence(float(found["r_hat"].max()), fewest, int(tree["sample_stats"]["diverging"].sum()))
