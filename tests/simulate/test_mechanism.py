"""The definitions of effect and contribution, by hand on one or two channels."""

import numpy as np
import pytest

from mmm.simulate import Adstock, Channel, Saturation, Synergy
from mmm.simulate.mechanism import Mechanism

HALF_CARRY = Adstock(alpha=0.5, max_lag=1, normalised=False)


def _channel(name: str) -> Channel:
    return Channel(name, weekly_spend=1.0, adstock=HALF_CARRY, saturation=Saturation("hill", k=1.0))


def _one() -> Mechanism:
    return Mechanism((_channel("tv"),), (), np.ones(1), np.ones(1), np.full((1, 1), 10.0))


def _two(strength: float) -> Mechanism:
    channels = (_channel("tv"), _channel("search"))
    return Mechanism(channels, (Synergy("search", "tv", strength),), np.ones(1), np.ones(2), np.full((1, 2), 10.0))


def _media(*values: float) -> np.ndarray:
    return np.array(values)[:, None, None]


def test_effect_counts_the_carryover_after_the_window() -> None:
    # Adstocked media are 1 in the window and 0.5 after it: 10 * (1/2 + 1/3).
    effect = _one().effect(_media()[:0], _media(1.0), np.ones((1, 1)))
    np.testing.assert_allclose(effect, [[10 * (1 / 2 + 1 / 3)]])


def test_effect_with_history_leaves_the_carry_in_out() -> None:
    # With the window's spend 1.5 then 0.5, without it 0.5 then 0; the history's own 10 * 1/3 is not counted.
    effect = _one().effect(_media(1.0), _media(1.0), np.ones((2, 1)))
    np.testing.assert_allclose(effect, [[10 * (0.6 + 1 / 3 - 1 / 3)]])


def test_contribution_includes_the_carry_in() -> None:
    contribution = _one().zero_out(_media(1.0, 0.0), np.ones((2, 1)))
    np.testing.assert_allclose(contribution[:, 0, 0], [5.0, 10 / 3])


def test_size_and_scale_make_media_relative() -> None:
    mechanism = Mechanism((_channel("tv"),), (), np.array([4.0]), np.array([0.5]), np.full((1, 1), 10.0))
    # 2 units for 4 heads at a mean of 0.5 a head is 1.
    np.testing.assert_allclose(mechanism.total(_media(2.0), np.ones((1, 1))), [[5.0]])


def test_synergy_counts_in_both_channels_and_once_in_total() -> None:
    mechanism = _two(1.0)
    media = np.ones((1, 1, 2))
    # Own terms are 5 each, the synergy adds 1 * 5 * 1/2.
    np.testing.assert_allclose(mechanism.total(media, np.ones((1, 2))), [[12.5]])
    np.testing.assert_allclose(mechanism.zero_out(media, np.ones((1, 2))), [[[7.5, 7.5]]])


def test_zero_out_equals_two_runs_of_the_total() -> None:
    rng = np.random.default_rng(1)
    mechanism, media, strength = _two(0.7), rng.gamma(1.0, 1.0, (9, 1, 2)), rng.uniform(0.5, 2.0, (9, 2))
    for c in range(2):
        without = media.copy()
        without[:, :, c] = 0.0
        expected = mechanism.total(media, strength) - mechanism.total(without, strength)
        np.testing.assert_allclose(mechanism.zero_out(media, strength)[:, :, c], expected)


@pytest.mark.parametrize("strength", [0.0, 0.8])
def test_effect_by_channel_equals_the_definition_run_twice(strength: float) -> None:
    rng = np.random.default_rng(2)
    mechanism = _two(strength)
    history, window = rng.gamma(1.0, 1.0, (3, 1, 2)), rng.gamma(1.0, 1.0, (4, 1, 2))
    path = rng.uniform(0.5, 2.0, (7, 2))
    after, later = np.zeros((1, 1, 2)), np.vstack([path, path[-1:]])
    full = mechanism.total(np.concatenate([history, window, after]), later).sum()
    for c in range(2):
        absent = window.copy()
        absent[:, :, c] = 0.0
        without = mechanism.total(np.concatenate([history, absent, after]), later).sum()
        np.testing.assert_allclose(mechanism.effect(history, window, path)[0, c], full - without)


def test_joint_effect_is_additive_without_synergy() -> None:
    rng = np.random.default_rng(3)
    mechanism, window = _two(0.0), rng.gamma(1.0, 1.0, (4, 1, 2))
    nothing, path = window[:0], np.ones((4, 2))
    np.testing.assert_allclose(
        mechanism.joint_effect(nothing, window, path), mechanism.effect(nothing, window, path).sum(axis=1)
    )
