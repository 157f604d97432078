"""Weights of members from what they predict of periods left out."""

import numpy as np
import pytest
import xarray as xr

from mmm.inference import loo


def one(elpd: np.ndarray, k: float | np.ndarray = 0.1) -> xr.Dataset:
    return xr.Dataset({"elpd": ("date", elpd), "k": ("date", np.broadcast_to(k, elpd.shape))})


def test_stacking_finds_the_shares_of_a_known_mixture():
    rng = np.random.default_rng(1)
    x = np.where(rng.random(4000) < 0.3, rng.normal(-2, 1, 4000), rng.normal(2, 1, 4000))
    elpd = np.stack([-0.5 * (x + 2) ** 2, -0.5 * (x - 2) ** 2, -0.5 * (x - 9) ** 2])
    np.testing.assert_allclose(loo.stacking(elpd), [0.3, 0.7, 0.0], atol=0.03)


def test_the_floor_keeps_what_cannot_be_ruled_out_and_only_that():
    rng = np.random.default_rng(3)
    base = rng.normal(0, 1, 156)
    close, far = base - 0.01 + 0.05 * rng.standard_normal(156), base - 1.0
    weights = loo.weigh([one(base), one(close), one(far)], "pseudo_bma", 0.2, 1).values
    assert weights[1] >= 0.2
    assert weights[2] < 0.01
    assert weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(loo.weigh([one(base), one(far)], "equal", 0.2, 1).values, 0.5)
    np.testing.assert_allclose(
        loo.raised(np.array([0.0, 0.06, 0.94]), np.array([0.1, 0.05, 0.05])), [0.1, 0.054, 0.846]
    )


def test_periods_that_cannot_be_judged_are_left_out_or_all_are_equal():
    rng = np.random.default_rng(4)
    good = rng.normal(0, 1, 100)
    bad = good - 0.5
    spoilt = bad.copy()
    spoilt[:5] = 50.0
    found = loo.weigh([one(good), one(spoilt, np.where(np.arange(100) < 5, 0.9, 0.1))], "stacking", 0.0, 1)
    assert found.values[0] > 0.9
    assert "5 periods" in found.notes[0]
    blind = loo.weigh([one(good), one(bad, np.where(np.arange(100) < 20, 0.9, 0.1))], "stacking", 0.0, 1)
    np.testing.assert_array_equal(blind.values, [0.5, 0.5])
    assert "equally" in blind.notes[0]
