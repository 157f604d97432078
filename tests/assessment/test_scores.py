"""Scores of forecasts by hand."""

import numpy as np
import pytest

from mmm.assessment.scores import crps, interval, interval_score, seasonal_naive


def test_crps_of_one_draw_is_the_absolute_error() -> None:
    assert crps(np.array([[3.0]]), np.array([5.0]))[0] == pytest.approx(2.0)


def test_crps_of_two_draws_by_hand() -> None:
    # E|X - y| = (1 + 3) / 2, E|X - X'| = 4 / 2, halved.
    assert crps(np.array([[0.0], [4.0]]), np.array([1.0]))[0] == pytest.approx(2.0 - 1.0)


def test_crps_of_a_normal_forecast_has_its_closed_form() -> None:
    draws = np.random.default_rng(1).standard_normal((40_000, 1))
    # Standard normal at its mean: 2 * phi(0) - 1 / sqrt(pi).
    assert crps(draws, np.zeros(1))[0] == pytest.approx(2 / np.sqrt(2 * np.pi) - 1 / np.sqrt(np.pi), abs=0.005)


def test_crps_prefers_the_true_spread() -> None:
    rng = np.random.default_rng(2)
    actual, base = rng.standard_normal(2000), rng.standard_normal((400, 1))
    means = [crps(base * spread + np.zeros(2000), actual).mean() for spread in (0.3, 1.0, 3.0)]
    assert means[1] < min(means[0], means[2])


def test_interval_is_ninety_percent_equal_tailed() -> None:
    lower, upper = interval(np.arange(101.0)[:, None])
    assert (lower[0], upper[0]) == (5.0, 95.0)


def test_interval_score_adds_twenty_times_the_miss() -> None:
    scores = interval_score(np.zeros(3), np.full(3, 2.0), np.array([1.0, 2.5, -0.1]))
    np.testing.assert_allclose(scores, [2.0, 2.0 + 20 * 0.5, 2.0 + 20 * 0.1])


def test_seasonal_naive_repeats_the_last_season_with_its_past_errors() -> None:
    history = np.concatenate([np.arange(12.0), np.arange(12.0) + 10.0])
    naive = seasonal_naive(history, horizon=3, season=12)
    np.testing.assert_allclose(naive, np.tile([20.0, 21.0, 22.0], (12, 1)))


def test_short_histories_carry_the_last_value_forward() -> None:
    np.testing.assert_allclose(seasonal_naive(np.array([1.0, 2.0, 4.0]), horizon=2, season=52), [[4.0, 4.0]])
    assert seasonal_naive(np.arange(20.0), horizon=2, season=52).shape == (19, 2)
