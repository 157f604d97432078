"""The pieces of the fast engine's kernels, each against NumPy, SciPy or the formulas of the response."""

import numpy as np
import pytest
from numba import njit
from scipy import special

from mmm.model.kernels import elementary, families, likelihood, linear, posterior, tangents


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


def test_exponential_and_logarithm() -> None:
    x = np.concatenate([np.linspace(-700, 700, 5001), np.random.default_rng(0).uniform(-3, 3, 5000)])
    assert np.allclose(_map(_exp, x), np.exp(x), rtol=2e-14, atol=0)
    y = np.exp(np.concatenate([np.linspace(-300, 300, 5001), np.linspace(-0.01, 0.01, 5001)]))
    assert np.allclose(_map(_log, y), np.log(y), rtol=1e-15, atol=1e-17)
    assert _map(_exp, np.array([0.0]))[0] == 1.0
    assert _map(_log, np.array([1.0]))[0] == 0.0


def test_digamma() -> None:
    x = np.array([0.01, 0.5, 1.0, 3.7, 9.99, 10.0, 250.0])
    assert np.allclose([likelihood.digamma(v) for v in x], special.digamma(x), rtol=1e-13)


ADSTOCKS = [(0, 0.6, 0.0), (1, 0.6, 0.0), (1, 0.999, 0.0), (2, 0.7, 2.3), (3, 0.7, 2.3), (3, 0.9, 40.0)]


@pytest.mark.parametrize(("kind", "alpha", "delay"), ADSTOCKS)
@pytest.mark.parametrize("geos", [1, 3])
def test_adstock_equals_the_response_kernels(kind: int, alpha: float, delay: float, geos: int) -> None:
    lookback, periods = 6, 40
    x = np.random.default_rng(1).gamma(1.0, 1.0, (periods, geos)) * (
        np.random.default_rng(2).random((periods, geos)) < 0.5
    )
    expected = np.empty((periods, geos))
    for g in range(geos):
        column = np.empty(periods)
        families.adstock_series(kind, alpha, delay, lookback, np.ascontiguousarray(x[:, g]), column)
        expected[:, g] = column
    a, b, d = np.empty(x.size), np.empty(x.size), np.empty(x.size)
    weights = np.empty((3, lookback + 1))
    tangents.carryover(kind, alpha, delay, lookback, weights)
    tangents.convolution(weights, True, geos, x.ravel(), a, b, d)
    assert np.allclose(a, expected.ravel(), rtol=1e-12, atol=1e-14)
    if kind <= 1:
        a2, b2 = np.empty(x.size), np.empty(x.size)
        tangents.recursion(kind, alpha, lookback, geos, x.ravel(), a2, b2)
        assert np.allclose(a2, a, rtol=0, atol=1e-13 * a.max())
        assert np.allclose(b2, b, rtol=0, atol=1e-12 * np.abs(b).max())


@pytest.mark.parametrize(("kind", "alpha", "delay"), ADSTOCKS)
def test_adstock_weights_have_the_right_derivatives(kind: int, alpha: float, delay: float) -> None:
    lookback, step = 6, 1e-6
    at = {}
    for key, da, dd in (("0", 0, 0), ("a+", step, 0), ("a-", -step, 0), ("d+", 0, step), ("d-", 0, -step)):
        at[key] = np.empty((3, lookback + 1))
        tangents.carryover(kind, alpha + da, delay + dd, lookback, at[key])
    scale = np.abs(at["0"][1]).max()
    assert np.allclose((at["a+"][0] - at["a-"][0]) / (2 * step), at["0"][1], atol=1e-6 * max(1, scale))
    if kind >= 2:
        assert np.allclose((at["d+"][0] - at["d-"][0]) / (2 * step), at["0"][2], atol=1e-6)


def test_weights_far_from_their_peak_do_not_vanish_together() -> None:
    """A delay far beyond the look-back: every unnormalised weight underflows, the normalised ones must not be NaN."""
    weights = np.empty((3, 5))
    tangents.carryover(3, 0.05, 60.0, 4, weights)
    assert weights[0].sum() == pytest.approx(1.0)
    assert weights[0, 4] > 0.99
    assert np.isfinite(weights).all()


@pytest.mark.parametrize(("kind", "slope"), [(0, 1.0), (0, 0.6), (0, 1.8), (1, 1.0)])
def test_saturation_equals_the_response_kernels(kind: int, slope: float) -> None:
    half = 1.7
    a = np.concatenate([[0.0], np.exp(np.linspace(-8, 4, 60))])
    rate = half if kind == 0 else tangents.LOG3 / half
    expected = np.array([families.saturate(kind, rate, slope, v) for v in a])
    u, s, e = np.empty_like(a), np.empty_like(a), np.zeros_like(a)
    tangents.saturation(kind, half, slope, slope != 1.0, a, u, s, e)
    assert np.allclose(u, expected, rtol=1e-12, atol=1e-15)
    step = 1e-6
    up, down, unused = np.empty_like(a), np.empty_like(a), np.empty_like(a)
    tangents.saturation(kind, half, slope, slope != 1.0, a[1:] + step, up[1:], unused[1:], unused[1:].copy())
    tangents.saturation(kind, half, slope, slope != 1.0, a[1:] - step, down[1:], unused[1:], unused[1:].copy())
    far = slice(20, None)
    assert np.allclose(((up - down) / (2 * step))[far], s[far], rtol=1e-6, atol=1e-9)
    if slope != 1.0:
        tangents.saturation(kind, half, slope * np.exp(step), True, a, up, unused, unused.copy())
        tangents.saturation(kind, half, slope * np.exp(-step), True, a, down, unused, unused.copy())
        assert np.allclose((up - down) / (2 * step), e, rtol=1e-6, atol=1e-9)
        assert e[0] == 0.0


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
