"""The shop by day and the one with reach and frequency: what they state is true of their data."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from mmm.simulate import daily_shop, reached_shop
from mmm.simulate.shops import DAY_LEVEL, PATTERN, brought
from mmm.simulate.world import Adstock, Saturation


def test_contributions_and_what_follows_add_up_to_the_return() -> None:
    rng = np.random.default_rng(1)
    money = rng.lognormal(0.0, 0.5, 60)
    adstock, curve = Adstock(alpha=0.5, max_lag=5), Saturation(k=1.0)
    silent = brought(np.concatenate([money, np.zeros(5)]), adstock, curve, 2.0 * money.sum())
    assert silent.sum() == pytest.approx(2.0 * money.sum())
    np.testing.assert_allclose(brought(money, adstock, curve, 2.0 * money.sum()), silent[:60])


def test_a_day_off_and_the_days_of_the_week_are_what_they_are_said_to_be() -> None:
    off = {"fair": [dt.date(2023, 3, 1), dt.date(2024, 3, 6)]}
    with_it, without = (daily_shop(5, 730, off=days) for days in (off, {"fair": []}))
    assert with_it.effects["fair"] < 0
    changed = with_it.frame["revenue"] - without.frame["revenue"]
    at = with_it.frame["date"].dt.date.isin(off["fair"])
    np.testing.assert_allclose(changed[at], with_it.effects["fair"] * DAY_LEVEL, atol=0.02)
    assert not changed[~at].any()
    flat = daily_shop(5, 730, off={"fair": []}, weekdays=(0.0,) * 7)
    days = pd.DatetimeIndex(without.frame["date"]).day_of_week
    moved = (without.frame["revenue"] - flat.frame["revenue"]) / DAY_LEVEL
    by_day = moved.groupby(days).mean()
    assert np.abs(by_day - np.array(PATTERN)).max() < 0.05


def test_the_best_frequency_wins_most_by_contact() -> None:
    shop = reached_shop(2, 104)
    assert shop.frame.equals(reached_shop(2, 104).frame)
    often = np.linspace(1.0, 12.0, 2201)
    half, slope = shop.effects["half_frequency"], shop.effects["slope"]
    gain = often**slope / (half**slope + often**slope) / often
    assert often[gain.argmax()] == pytest.approx(shop.best_frequency, abs=0.01)
    seen = shop.frame["video_reach"] > 0
    assert (shop.frame.loc[seen, "video_frequency"] >= 1.0).all()
    assert (shop.frame.loc[~seen, ["video_spend", "video_frequency"]] == 0).all(axis=None)
