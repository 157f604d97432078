"""Adstock and saturation: hand-computed values, the simulator as oracle, and the PyTensor graph against the kernel."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmm.model import transforms
from mmm.model.kernels.evaluate import half_lives
from mmm.model.kernels.families import (
    ADSTOCK_KINDS,
    SATURATION_KINDS,
    adstock_series,
    saturate,
    saturate_with_derivatives,
)
from mmm.simulate import Adstock, Saturation
from mmm.simulate import formulas as oracle


def _adstock(kind: str, p1: float, p2: float, lookback: int, x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    adstock_series(ADSTOCK_KINDS[kind], p1, p2, lookback, x, out)
    return out


def test_geometric_adstock_by_hand():
    x = np.array([8.0, 0.0, 0.0, 0.0, 4.0])
    np.testing.assert_allclose(_adstock("geometric", 0.5, 0.0, 2, x), [8.0, 4.0, 2.0, 0.0, 4.0])


def test_normalised_geometric_adstock_by_hand():
    x = np.array([7.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(_adstock("geometric_normalised", 0.5, 0.0, 2, x), [4.0, 2.0, 1.0, 0.0])


def test_delayed_adstock_peaks_at_the_delay_by_hand():
    x = np.array([16.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(_adstock("delayed", 0.5, 1.0, 3, x), [8.0, 16.0, 8.0, 1.0])


def test_hill_and_logistic_by_hand():
    assert saturate(0, 2.0, 1.0, 2.0) == pytest.approx(0.5)
    assert saturate(0, 2.0, 2.0, 4.0) == pytest.approx(0.8)
    # rate times media is 1, and the logistic curve is tanh(1 / 2) there
    assert saturate(1, 0.5, 1.0, 2.0) == pytest.approx(0.46211715726)


media = st.lists(st.floats(0, 50), min_size=1, max_size=30).map(np.array)
rates = st.floats(0.0, 0.98)


@settings(max_examples=60, deadline=None)
@given(media, rates, st.floats(0, 6), st.integers(0, 20), st.sampled_from(list(ADSTOCK_KINDS)))
def test_kernel_is_the_oracles_convolution(x, alpha, delay, lookback, kind):
    family = "geometric" if kind.startswith("geometric") else "delayed"
    alpha = max(alpha, 1e-3)
    weights = oracle.adstock_weights(
        Adstock(family=family, alpha=alpha, delay=delay, normalised=kind.endswith("normalised"), max_lag=lookback)
    )
    if not np.isfinite(weights).all():
        return
    np.testing.assert_allclose(_adstock(kind, alpha, delay, lookback, x), oracle.carry_over(x, weights), atol=1e-9)


@pytest.mark.parametrize("delay", [60.0, 66.3])
def test_a_delay_far_beyond_the_lookback_arrives_last(delay):
    """All plain weights underflow; relative to each other they leave the last lag alone."""
    x = np.array([3.0, 0.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(_adstock("delayed_normalised", 0.6, delay, 3, x), [0.0, 0.0, 0.0, 3.0, 0.0], atol=1e-9)
    found = np.zeros((1, 1))
    half_lives(np.array([[3]]), np.array([[[0.6, delay]]]), 3, found)
    assert found[0, 0] == pytest.approx(3.5)


@settings(max_examples=60, deadline=None)
@given(media, rates, st.integers(0, 12))
def test_normalised_adstock_keeps_the_mass(x, alpha, lookback):
    padded = np.concatenate([x, np.zeros(lookback)])
    assert _adstock("geometric_normalised", alpha, 0.0, lookback, padded).sum() == pytest.approx(x.sum(), abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(SATURATION_KINDS)), st.floats(0.05, 20), st.floats(0.5, 4), st.floats(0, 40), st.floats(0, 5)
)
def test_saturation_is_monotone_bounded_and_zero_at_zero(kind, p1, p2, a, more):
    k = SATURATION_KINDS[kind]
    assert saturate(k, p1, p2, 0.0) == 0.0
    assert 0.0 <= saturate(k, p1, p2, a) <= saturate(k, p1, p2, a + more) <= 1.0


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(SATURATION_KINDS)), st.floats(0.2, 5), st.floats(0.6, 3), st.floats(0.3, 10))
def test_derivatives_of_saturation_agree_with_differences(kind, p1, p2, a):
    k, step = SATURATION_KINDS[kind], 1e-5
    value, slope, curvature = saturate_with_derivatives(k, p1, p2, a)
    ends = [saturate_with_derivatives(k, p1, p2, a + s * step) for s in (-1, 1)]
    assert value == pytest.approx(saturate(k, p1, p2, a))
    assert slope == pytest.approx((ends[1][0] - ends[0][0]) / (2 * step), rel=1e-5, abs=1e-7)
    assert curvature == pytest.approx((ends[1][1] - ends[0][1]) / (2 * step), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("slope", [None, 1.7])
def test_graph_equals_oracle(slope):
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 3, (25, 2, 2)) * (rng.random((25, 2, 2)) > 0.3)
    alpha, half = np.array([0.3, 0.8]), np.array([0.7, 2.0])
    weights = transforms.geometric_weights(pt.as_tensor(alpha), 6)
    lags = transforms.lagged(x, 6)
    adstock = (pt.as_tensor(lags) * weights[:, None, None, :]).sum(axis=0)
    free = None if slope is None else pt.as_tensor(np.full(2, slope))
    graphs = [transforms.hill(adstock, pt.as_tensor(half), free), transforms.logistic(adstock, pt.as_tensor(half))]
    hill, logistic = pytensor.function([], graphs, mode="FAST_COMPILE")()
    for c in range(2):
        own = oracle.carry_over(
            x[:, :, c], oracle.adstock_weights(Adstock(alpha=alpha[c], normalised=False, max_lag=6))
        )
        np.testing.assert_allclose(hill[:, :, c], oracle.saturate(own, Saturation(k=half[c], slope=slope or 1.0)))
        rate = np.log(3.0) / half[c]
        np.testing.assert_allclose(
            logistic[:, :, c], oracle.saturate(own, Saturation(family="logistic", rate=rate)), rtol=1e-10
        )


def test_delayed_graph_equals_oracle():
    alpha, delay = np.array([0.4, 0.7]), np.array([1.3, 4.0])
    graph = transforms.delayed_weights(pt.as_tensor(alpha), pt.as_tensor(delay), 9)
    weights = pytensor.function([], graph, mode="FAST_COMPILE")()
    for c in range(2):
        own = Adstock(family="delayed", alpha=alpha[c], delay=delay[c], normalised=False, max_lag=9)
        np.testing.assert_allclose(weights[:, c], oracle.adstock_weights(own))
