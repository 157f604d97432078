"""Least squares over the simplex: what the weights of a synthetic control are."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from mmm.arrays import Floats

Bools = npt.NDArray[np.bool_]

_FIRM = 1e3
"""Weight of the row that makes weights add up to one, in units of the largest row of the problem."""
_STEPS = 100


def simplex_weights(x: Floats, y: Floats, allowed: Bools, ridge: Floats | None = None) -> Floats:
    """Weights [b, n] for targets ``y[b, t]`` from series ``x[t, n]``: least |y - x w|^2 + ridge |w|^2.

    They are not negative, add up to one, and are zero outside ``allowed[b, n]``, every row of which has a True;
    ``ridge[b]`` is none by default. Exact, by active sets (Lawson and Hanson 1974).
    """
    out = np.zeros(allowed.shape)
    for i, (target, donors) in enumerate(zip(y, allowed, strict=True)):
        out[i, donors] = _one(x[:, donors], target, 0.0 if ridge is None else float(ridge[i]))
    return out


def _one(a: Floats, b: Floats, ridge: float) -> Floats:
    n = a.shape[1]
    rows, values = [a], [b]
    if ridge > 0:
        rows.append(np.sqrt(ridge) * np.eye(n))
        values.append(np.zeros(n))
    size = max(float(np.sqrt((a**2).sum(axis=0).max() + ridge)), float(np.linalg.norm(b)), 1e-300)
    rows.append(np.full((1, n), _FIRM * size))
    values.append(np.array([_FIRM * size]))
    # Scaled, so that series in millions and in thousandths are the same problem.
    weights, _ = nnls(np.concatenate(rows) / size, np.concatenate(values) / size, maxiter=_STEPS * n)
    return np.asarray(weights / weights.sum())
