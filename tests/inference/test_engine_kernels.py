"""The pieces of the fast engine's kernels, each against NumPy, SciPy or the formulas of the response."""

import numpy as np
import pytest
from numba import njit
from scipy import special

from mmm.model.kernels import elementary, likelihood, linear, posterior


@njit
def _map(function, x):  # type: ignore[no-untyped-def]
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = function(x[i])
    return out


@njit
def _exp(x):  # type: ignore[no-untyped-def]
    return elementary.exp(x)


@njit
def _log(x):  # type: ignore[no-untyped-def]
    return elementary.log(x)


@njit
def _log1p(x):  # type: ignore[no-untyped-def]
    return elementary.log1p(x)


def test_exponential_and_logarithm() -> None:
    x = np.concatenate([np.linspace(-700, 700, 5001), np.random.default_rng(0).uniform(-3, 3, 5000)])
    assert np.allclose(_map(_exp, x), np.exp(x), rtol=2e-14, atol=0)
    y = np.exp(np.concatenate([np.linspace(-300, 300, 5001), np.linspace(-0.01, 0.01, 5001)]))
    assert np.allclose(_map(_log, y), np.log(y), rtol=1e-15, atol=1e-17)
    assert _map(_exp, np.array([0.0]))[0] == 1.0
    assert _map(_log, np.array([1.0]))[0] == 0.0
    small = np.concatenate([[0.0], np.geomspace(1e-300, 1e6, 20001), np.linspace(0.29, 0.31, 101)])
    assert np.allclose(_map(_log1p, small), np.log1p(small), rtol=2e-15, atol=0)


def test_digamma() -> None:
    x = np.array([0.01, 0.5, 1.0, 3.7, 9.99, 10.0, 250.0])
    assert np.allclose([likelihood.digamma(v) for v in x], special.digamma(x), rtol=1e-13)


@pytest.mark.parametrize("p", [1, 3, 8, 41])
def test_small_linear_algebra(p: int) -> None:
    x = np.random.default_rng(p).standard_normal((p, 3 * p))
    a = x @ x.T + np.eye(p)
    u = a.copy()
    assert linear.cholesky(u)
    assert np.allclose(np.triu(u), np.linalg.cholesky(a).T, rtol=1e-10)
    diagonal, v = np.empty(p), np.random.default_rng(1).standard_normal(p)
    linear.inverse_diagonal(u, diagonal, np.empty((p, p)))
    assert np.allclose(diagonal, np.diag(np.linalg.inv(a)), rtol=1e-10)
    solved = v.copy()
    linear.solve_transposed(u, solved)
    linear.solve(u, solved)
    assert np.allclose(solved, np.linalg.solve(a, v), rtol=1e-9, atol=1e-12)


def test_cholesky_says_that_a_matrix_is_not_positive_definite() -> None:
    assert not linear.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert not linear.cholesky(np.array([[np.nan]]))


def test_zero_sum_keeps_lengths_and_its_adjoint_is_its_transpose() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal(6), rng.standard_normal(7)
    out, back = np.empty(7), np.zeros(6)
    posterior.zero_sum(x, out)
    posterior.zero_sum_adjoint(y, back)
    assert out.sum() == pytest.approx(0.0, abs=1e-14)
    assert out @ out == pytest.approx(x @ x)
    assert y @ out == pytest.approx(back @ x)
