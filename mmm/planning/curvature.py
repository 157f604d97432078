"""Second derivatives by their structure: a diagonal, blocks of numbers that interact, or a full matrix.

Steps need products, solutions of linear systems, and a positive definite version; the structure decides what that
costs. Blocks are many small matrices at once: a threaded factorisation of one large matrix crawls on a busy machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from mmm.arrays import Floats

Solve = Callable[[Floats], Floats]


class Curvature(Protocol):
    """A symmetric matrix over the decided numbers."""

    def times(self, x: Floats) -> Floats:
        """The product with a vector."""
        ...

    def solver(self, extra: Floats) -> Solve:
        """A function that solves (matrix + diag(extra)) z = b for one or several b."""
        ...

    def scaled(self, factor: float) -> "Curvature":
        """The matrix times a number."""
        ...

    def concave(self, floor: float) -> "Curvature":
        """Minus the matrix, made positive definite: eigenvalues below ``floor`` are raised to it."""
        ...

    def padded(self, count: int, value: float) -> "Curvature":
        """The matrix with ``count`` more numbers that interact with nothing and have ``value`` on the diagonal."""
        ...

    def restricted(self, keep: npt.NDArray[np.bool_]) -> "Curvature":
        """Rows and columns of the numbers to keep."""
        ...


@dataclass(frozen=True)
class Diagonal:
    """Numbers that do not interact."""

    values: Floats

    def times(self, x: Floats) -> Floats:
        return self.values * x

    def solver(self, extra: Floats) -> Solve:
        inverse = 1.0 / (self.values + extra)
        return lambda b: inverse * b if b.ndim == 1 else inverse[:, None] * b

    def scaled(self, factor: float) -> "Diagonal":
        return Diagonal(factor * self.values)

    def concave(self, floor: float) -> "Diagonal":
        return Diagonal(np.maximum(-self.values, floor))

    def padded(self, count: int, value: float) -> "Diagonal":
        return Diagonal(np.concatenate([self.values, np.full(count, value)]))

    def restricted(self, keep: npt.NDArray[np.bool_]) -> "Diagonal":
        return Diagonal(self.values[keep])


@dataclass(frozen=True)
class Dense:
    """A full matrix."""

    matrix: Floats

    def times(self, x: Floats) -> Floats:
        return np.asarray(self.matrix @ x)

    def solver(self, extra: Floats) -> Solve:
        factor = cho_factor(self.matrix + np.diag(extra), check_finite=False)
        return lambda b: np.asarray(cho_solve(factor, b, check_finite=False))

    def scaled(self, factor: float) -> "Dense":
        return Dense(factor * self.matrix)

    def concave(self, floor: float) -> "Dense":
        return Dense(_positive(-self.matrix[None], floor)[0])

    def padded(self, count: int, value: float) -> "Dense":
        n = len(self.matrix)
        wide = np.zeros((n + count, n + count))
        wide[:n, :n] = self.matrix
        wide[range(n, n + count), range(n, n + count)] = value
        return Dense(wide)

    def restricted(self, keep: npt.NDArray[np.bool_]) -> "Dense":
        return Dense(self.matrix[np.ix_(keep, keep)])


@dataclass(frozen=True)
class Blocks:
    """Groups of numbers that interact among themselves: ``values[b, k, k]`` for the numbers ``index[b, k]``.

    An index of ``size`` is a place that is not used; its rows and columns are those of the identity. Numbers outside
    all blocks have ``rest`` on the diagonal.
    """

    index: npt.NDArray[np.intp]
    values: Floats
    rest: Floats

    @property
    def size(self) -> int:
        return len(self.rest)

    def _with_spare(self, x: Floats) -> Floats:
        return np.concatenate([x, np.zeros((1, *x.shape[1:]))])

    def times(self, x: Floats) -> Floats:
        out = self._with_spare(self.rest * x)
        out[self.index] += np.einsum("bij,bj->bi", self.values, self._with_spare(x)[self.index])
        return out[:-1]

    def solver(self, extra: Floats) -> Solve:
        k = self.index.shape[1]
        matrices = self.values.copy()
        matrices[:, range(k), range(k)] += self._with_spare(extra)[self.index]
        inverses = np.linalg.inv(matrices)
        inside = np.zeros(self.size + 1, dtype=bool)
        inside[self.index] = True
        outside = np.where(inside[:-1], 0.0, 1.0 / np.where(inside[:-1], 1.0, self.rest + extra))

        def solve(b: Floats) -> Floats:
            flat = b if b.ndim == 2 else b[:, None]
            out = self._with_spare(outside[:, None] * flat)
            out[self.index] += np.einsum("bij,bjm->bim", inverses, self._with_spare(flat)[self.index])
            return out[:-1] if b.ndim == 2 else out[:-1, 0]

        return solve

    def scaled(self, factor: float) -> "Blocks":
        return Blocks(self.index, factor * self.values, factor * self.rest)

    def concave(self, floor: float) -> "Blocks":
        return Blocks(self.index, _positive(-self.values, floor), np.maximum(-self.rest, 0.0))

    def padded(self, count: int, value: float) -> "Blocks":
        index = np.where(self.index == self.size, self.size + count, self.index)
        return Blocks(index, self.values, np.concatenate([self.rest, np.full(count, value)]))

    def restricted(self, keep: npt.NDArray[np.bool_]) -> "Blocks":
        place = np.append(np.where(keep, np.cumsum(keep) - 1, keep.sum()), keep.sum())
        index = place[self.index]
        used = (index < keep.sum()).astype(float)
        values = self.values * used[:, :, None] * used[:, None, :]
        k = index.shape[1]
        values[:, range(k), range(k)] += 1.0 - used
        return Blocks(index, values, self.rest[keep])

    def dense(self) -> Floats:
        """The full matrix."""
        matrix = np.zeros((self.size + 1, self.size + 1))
        matrix[range(self.size), range(self.size)] = self.rest
        matrix[self.index[:, :, None], self.index[:, None, :]] += self.values
        return matrix[:-1, :-1]


def _positive(matrices: Floats, floor: float) -> Floats:
    """Symmetric matrices [b, k, k] with eigenvalues of at least ``floor``; positive definite ones are raised by it."""
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh((matrices + matrices.transpose(0, 2, 1)) / 2)
        return np.asarray(np.einsum("bik,bk,bjk->bij", vectors, np.maximum(values, floor), vectors))
    return matrices + floor * np.eye(matrices.shape[1])
