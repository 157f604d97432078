"""Adstock and saturation against values that a reader can check by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmm.errors import SettingsError
from mmm.simulate import Adstock, Saturation
from mmm.simulate.formulas import adstock_weights, carry_over, saturate


def test_geometric_weights_are_powers_of_alpha() -> None:
    weights = adstock_weights(Adstock(alpha=0.5, max_lag=2, normalised=False))
    np.testing.assert_allclose(weights, [1.0, 0.5, 0.25])


def test_normalised_weights_are_divided_by_their_sum() -> None:
    weights = adstock_weights(Adstock(alpha=0.5, max_lag=2))
    np.testing.assert_allclose(weights, [4 / 7, 2 / 7, 1 / 7])


def test_no_retention_keeps_everything_in_its_week() -> None:
    np.testing.assert_allclose(adstock_weights(Adstock(alpha=0.0, max_lag=3)), [1, 0, 0, 0])


def test_delayed_weights_peak_at_the_delay() -> None:
    weights = adstock_weights(Adstock("delayed", alpha=0.5, delay=1.0, max_lag=3, normalised=False))
    np.testing.assert_allclose(weights, [0.5, 1.0, 0.5, 0.0625])


def test_weibull_weights_follow_the_density() -> None:
    # Shape 1 is the exponential density, exp(-t / 2) / 2 at t = 0.5, 1.5.
    weights = adstock_weights(Adstock("weibull", shape=1.0, scale=2.0, max_lag=1, normalised=False))
    np.testing.assert_allclose(weights, [np.exp(-0.25) / 2, np.exp(-0.75) / 2])


def test_carry_over_adds_weighted_lags() -> None:
    media = np.array([[8.0], [0.0], [4.0], [0.0]])
    np.testing.assert_allclose(carry_over(media, np.array([1.0, 0.5, 0.25]))[:, 0], [8.0, 4.0, 6.0, 2.0])


def test_carry_over_may_look_further_back_than_the_data() -> None:
    np.testing.assert_allclose(carry_over(np.array([[1.0], [0.0]]), np.ones(5))[:, 0], [1.0, 1.0])


@pytest.mark.parametrize(
    ("curve", "at", "expected"),
    [
        (Saturation("hill", k=2.0, slope=1.0), 2.0, 0.5),
        (Saturation("hill", k=1.0, slope=2.0), 2.0, 0.8),
        (Saturation("logistic", rate=np.log(3.0)), 1.0, 0.5),
        (Saturation("exponential", rate=np.log(2.0)), 1.0, 0.5),
        # At its turn a sigmoid is 1 / 2; from 1 / 5 without media it has risen 3 / 10 of the 4 / 5 that there are.
        (Saturation("sigmoid", k=2.0, rate=np.log(2.0)), 2.0, 0.375),
    ],
)
def test_saturation_by_hand(curve: Saturation, at: float, expected: float) -> None:
    np.testing.assert_allclose(saturate(np.array([0.0, at]), curve), [0.0, expected])


@given(
    alpha=st.floats(0.0, 0.95),
    max_lag=st.integers(0, 40),
    family=st.sampled_from(["geometric", "delayed", "weibull"]),
    delay=st.floats(0.0, 6.0),
)
def test_normalised_adstock_keeps_mass(alpha: float, max_lag: int, family: str, delay: float) -> None:
    if alpha < 1e-3 and delay > 0:
        return  # every weight underflows: there is no such curve
    weights = adstock_weights(Adstock(family, alpha=alpha, delay=min(delay, max_lag), max_lag=max_lag))  # type: ignore[arg-type]
    media = np.zeros((max_lag + 3, 1))
    media[1] = 7.0
    assert weights.min() >= 0
    np.testing.assert_allclose(carry_over(media, weights).sum(), 7.0)


@given(
    family=st.sampled_from(["hill", "logistic", "exponential", "sigmoid"]),
    k=st.floats(0.05, 20.0),
    slope=st.floats(0.3, 4.0),
    rate=st.floats(0.05, 5.0),
)
def test_saturation_rises_from_zero_and_stays_below_one(family: str, k: float, slope: float, rate: float) -> None:
    values = saturate(np.linspace(0.0, 4.0, 50), Saturation(family, k=k, slope=slope, rate=rate))  # type: ignore[arg-type]
    assert values[0] == 0.0
    assert (np.diff(values) > 0).all()
    assert values[-1] < 1.0


@pytest.mark.parametrize(
    "make",
    [lambda: Adstock(alpha=1.0), lambda: Adstock(max_lag=-1), lambda: Saturation(k=0.0), lambda: Saturation(rate=-1.0)],
)
def test_parameters_out_of_range_are_refused(make: object) -> None:
    with pytest.raises(SettingsError, match="breaks a rule"):
        make()  # type: ignore[operator]
