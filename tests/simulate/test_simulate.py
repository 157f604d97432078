"""Data and truth of simulated worlds: they fit together, and a seed gives one result."""

import dataclasses
import time
from datetime import date

import numpy as np
import pandas as pd
import pytest

from mmm.errors import SettingsError
from mmm.simulate import (
    Adstock,
    Baseline,
    Channel,
    Control,
    EffectPath,
    Fee,
    Flighting,
    MediaUnit,
    Noise,
    Saturation,
    Simulated,
    World,
    demo_frame,
    demo_world,
    simulate,
)


def small(**changes: object) -> World:
    """Two geos, three channels, 40 weeks."""
    world = World(
        channels=(
            Channel("tv", 4000.0, roas=1.5, geo_sd=0.3, unit=MediaUnit(), flighting=Flighting("bursts")),
            Channel("search", 3000.0, roas=2.5, saturation=Saturation("logistic"), adstock=Adstock(alpha=0.2)),
            Channel("radio", 2000.0, roas=None, beta=0.01, adstock=Adstock("delayed", alpha=0.6, delay=2.0)),
        ),
        weeks=40,
        geos=("a", "b"),
        controls=(Control("price", effect=-0.02), Control("promo", "promotion", effect=0.05, sd=0.2)),
        baseline=Baseline(weekly_outcome=200_000.0, drift_sd=0.02),
        seed=3,
    )
    return dataclasses.replace(world, **changes)  # type: ignore[arg-type]


def _column(simulated: Simulated, name: str) -> np.ndarray:
    wide = simulated.frame.pivot_table(index="date", columns="geo", values=name, sort=True)
    return wide.to_numpy()


def test_the_same_world_gives_the_same_data() -> None:
    pd.testing.assert_frame_equal(simulate(small()).frame, simulate(small()).frame)
    assert not simulate(small()).frame.equals(simulate(small(seed=4)).frame)


def test_frame_is_wide_with_the_documented_columns() -> None:
    frame = simulate(small()).frame
    assert list(frame.columns) == [
        "date", "geo", "revenue", "tv_spend", "tv_impressions", "search_spend", "radio_spend", "price", "promo",
        "population",
    ]  # fmt: skip
    assert len(frame) == 80
    assert set(frame["date"].dt.day_of_week) == {0}
    assert not frame.isna().to_numpy().any()


def test_without_noise_the_data_are_baseline_plus_contributions() -> None:
    simulated = simulate(small(noise=Noise(0.0)))
    truth = simulated.truth
    np.testing.assert_allclose(truth.baseline + truth.contributions.sum(axis=2), truth.expected)
    np.testing.assert_allclose(_column(simulated, "revenue"), truth.expected, atol=0.006)


def test_contributions_equal_a_loop_over_cells() -> None:
    truth = simulate(small()).truth
    mechanism = truth.mechanism
    for g in range(2):
        for c, channel in enumerate(mechanism.channels):
            alpha, delay, lags = channel.adstock.alpha, channel.adstock.delay, range(27)
            family = channel.adstock.family
            raw = [alpha**lag if family == "geometric" else alpha ** ((lag - delay) ** 2) for lag in lags]
            for t in (0, 7, 39):
                x = sum(raw[lag] / sum(raw) * truth.media[t - lag, g, c] for lag in lags if lag <= t)
                x /= mechanism.size[g] * mechanism.scale[c]
                level = x / (1.5 + x) if channel.saturation.family == "hill" else np.tanh(x / 2)
                np.testing.assert_allclose(truth.contributions[t, g, c], mechanism.beta[g, c] * level)


def test_changing_the_noise_changes_nothing_else() -> None:
    calm, wild = simulate(small()), simulate(small(noise=Noise(0.2, df=3.0)))
    pd.testing.assert_frame_equal(calm.frame.drop(columns="revenue"), wild.frame.drop(columns="revenue"))
    np.testing.assert_array_equal(calm.truth.expected, wild.truth.expected)


def test_stated_roas_beta_and_mean_spend_hold_exactly() -> None:
    truth = simulate(small()).truth
    np.testing.assert_allclose(truth.roas[:2], [1.5, 2.5])
    np.testing.assert_allclose(truth.mechanism.beta[:, 2] / truth.mechanism.size, 0.01)
    np.testing.assert_allclose(truth.spend.sum(axis=(0, 1)) / 40, [4000.0, 3000.0, 2000.0], rtol=1e-4)


def test_roas_counts_the_tail_and_the_value_of_a_unit() -> None:
    truth = simulate(small(value_per_unit=20.0, outcome="orders")).truth
    paid = truth.spend.sum(axis=(0, 1))
    np.testing.assert_allclose(truth.roas[:2], [1.5, 2.5])
    np.testing.assert_allclose(truth.effect * 20.0 / paid, truth.roas)
    assert (truth.effect > truth.contributions.sum(axis=(0, 1))).all()
    np.testing.assert_allclose(truth.geo_effect.sum(axis=0), truth.effect)


def test_marginal_roas_is_roas_for_straight_lines_and_less_for_curves() -> None:
    straight = Channel("straight", 1000.0, roas=2.0, saturation=Saturation(k=1e6))
    curved = Channel("curved", 1000.0, roas=2.0, saturation=Saturation(k=0.5))
    truth = simulate(World(channels=(straight, curved), weeks=30)).truth
    np.testing.assert_allclose(truth.marginal_roas[0], 2.0, rtol=1e-4)
    assert truth.marginal_roas[1] < 1.0


def test_media_is_spend_over_price_and_whole_units() -> None:
    simulated = simulate(small())
    truth = simulated.truth
    np.testing.assert_array_equal(truth.media[:, :, 0], np.round(truth.media[:, :, 0]))
    np.testing.assert_array_equal(truth.media[:, :, 1], truth.spend[:, :, 1])
    price = 1000 * truth.spend[:, :, 0].sum() / truth.media[:, :, 0].sum()
    assert 6.0 < price < 10.5
    np.testing.assert_array_equal(_column(simulated, "tv_impressions"), truth.media[:, :, 0])


def test_unseen_weeks_carry_into_the_first_row_only_as_contribution() -> None:
    truth = simulate(small(unseen_weeks=20)).truth
    assert truth.history.shape == (20, 2, 3)
    assert truth.contributions.shape[0] == 40
    np.testing.assert_allclose(truth.roas[:2], [1.5, 2.5])


def test_fee_takes_media_away_and_error_disturbs_the_record_alone() -> None:
    channel = Channel("tv", 1000.0, fee=Fee(0.0, 0.5, at=0.5))
    truth = simulate(World(channels=(channel,), weeks=20)).truth
    np.testing.assert_allclose(truth.media[:10], truth.spend[:10])
    np.testing.assert_allclose(truth.media[10:], truth.spend[10:] / 2)
    noisy = simulate(World(channels=(Channel("tv", 1000.0, spend_error=0.3),), weeks=400))
    ratio = noisy.frame["tv_spend"].to_numpy() / noisy.truth.spend[:, 0, 0]
    assert abs(ratio.mean() - 1.0) < 0.05
    assert 0.25 < np.log(ratio).std() < 0.35


def test_effect_paths() -> None:
    paths = (EffectPath("fade", -1.0), EffectPath("jump", 0.5, at=0.25), EffectPath("wave", 0.4))
    channels = tuple(Channel(f"c{i}", 1000.0, path=path) for i, path in enumerate(paths))
    strength = simulate(World(channels=channels, weeks=101)).truth.strength
    np.testing.assert_allclose(strength[[0, 50, 100], 0], np.exp([0.0, -0.5, -1.0]))
    np.testing.assert_allclose(strength[[24, 25], 1], np.exp([0.0, 0.5]))
    np.testing.assert_allclose(strength[50, 2], np.exp(0.4 * np.sin(1.5 * np.pi)))


def test_absent_geos_and_copied_patterns() -> None:
    channels = (
        Channel("tv", 1000.0, flighting=Flighting("bursts"), absent_geos=("b",)),
        Channel("radio", 1000.0, flighting=Flighting(variation=0.05, copies="tv")),
    )
    truth = simulate(World(channels=channels, geos=("a", "b"), weeks=100)).truth
    assert truth.spend[:, 1, 0].sum() == 0.0
    assert np.corrcoef(truth.spend[:, 0, 0], truth.spend[:, 0, 1])[0, 1] > 0.9
    assert np.isnan(truth.geo_roas[1, 0])


def test_the_demo_is_what_the_documents_say() -> None:
    seconds = []  # of this thread: a busy machine must not fail the test
    for _ in range(3):
        started = time.thread_time()
        frame = demo_frame()
        seconds.append(time.thread_time() - started)
    assert min(seconds) < 0.2
    assert frame["date"].nunique() == 156
    assert frame["geo"].nunique() == 8
    assert frame["date"].min() == pd.Timestamp(date(2022, 1, 3))
    revenue = frame["revenue"].sum() / 3
    spend = frame.filter(like="_spend")
    assert spend.shape[1] == 6
    assert frame.filter(like="_impressions").shape[1] == 2
    assert 3e8 < revenue < 4e8
    assert 0.05 < spend.to_numpy().sum() / 3 / revenue < 0.08
    assert simulate(demo_world()).truth.baseline.min() > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": date(2022, 1, 4)}, "Monday"),
        ({"weeks": 1}, "two weeks"),
        ({"population": (1.0,)}, "one entry for each geo"),
        ({"channels": (Channel("a", 1.0), Channel("a", 1.0))}, "different names"),
        ({"channels": (Channel("baseline", 1.0, roas=1.0),)}, "the sum of the baseline"),
        ({"channels": (Channel("a", 1.0, flighting=Flighting(copies="b")),)}, "earlier channel"),
    ],
)
def test_impossible_worlds_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        small(**changes)


def test_a_channel_has_a_roas_or_a_beta() -> None:
    with pytest.raises(SettingsError, match="either a roas or a beta"):
        Channel("tv", 1.0, roas=1.0, beta=1.0)
