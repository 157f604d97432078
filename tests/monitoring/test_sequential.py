"""The sequential test: by hand, and how often it rings in worlds where the model is right, and where it is not."""

import numpy as np
import pytest

from mmm.errors import DataError
from mmm.monitoring.sequential import CLIP, Alternative, evidence, martingale, residuals

PERIODS = 26


def test_the_martingale_by_hand() -> None:
    # One residual of 2, direction 1, sd 1: (1 + 1)^(-1/2) exp(4 / (2 * 2)); then one of -2: S = 0, D = 2.
    found = martingale(np.ones(2), np.array([2.0, -2.0]), 1.0)
    assert found == pytest.approx([np.exp(1.0) / np.sqrt(2.0), 1.0 / np.sqrt(3.0)])


def test_the_martingale_has_mean_one_at_every_period() -> None:
    z = np.random.default_rng(3).standard_normal((200_000, 3)).T
    found = martingale(np.broadcast_to(np.array([0.3, 0.2, 0.4])[:, None], z.shape) * 1.0, np.ones(3), 0.5)
    assert found.shape == (3, 200_000)
    seen = np.stack([martingale(np.array([0.3, 0.2, 0.4]), column, 0.5) for column in z.T[:20_000]])
    assert seen.mean(axis=0) == pytest.approx(np.ones(3), abs=0.02)


def _worlds(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draws of what is expected: level, slow drift and two channels are uncertain; outcomes drawn from the same."""
    rng = np.random.default_rng(seed)
    season = 1000.0 * (1 + 0.1 * np.sin(np.arange(PERIODS) / 4))
    tv = 100.0 * (np.arange(PERIODS) % 6 < 3)
    search = np.full(PERIODS, 80.0)

    def draw(n: int) -> np.ndarray:
        drift = np.cumsum(rng.normal(0, 4.0, (n, PERIODS)), axis=1)
        level, a, b = (rng.normal(1, sd, (n, 1)) for sd in (0.01, 0.3, 0.3))
        return season * level + drift + tv * a + search * b

    return draw(1000), draw(count) + rng.normal(0, 20, (count, PERIODS)), tv, search


def _alternatives(expected: np.ndarray, tv: np.ndarray, search: np.ndarray) -> dict[str, Alternative]:
    whole = Alternative(expected.mean(axis=0), 0.1)
    return {"demand": whole, "tv": Alternative(tv, 0.5), "search": Alternative(search, 0.5)}


def test_it_rings_in_at_most_five_percent_of_worlds_in_which_the_model_is_right() -> None:
    expected, actual, tv, search = _worlds(200)
    noise, ways = np.full(PERIODS, 400.0), _alternatives(expected, tv, search)
    rings = [evidence(y, expected, noise, ways, PERIODS).crossed(0.05) is not None for y in actual]
    # 200 worlds: 5% and two standard errors. A test at every look with a fixed level rings far more often, below.
    assert np.mean(rings) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)
    z = np.stack([residuals(y, expected, noise)[0] for y in actual])
    assert z.mean() == pytest.approx(0.0, abs=0.06)
    assert z.std() == pytest.approx(1.0, abs=0.06)
    daily = np.abs(np.cumsum(z, axis=1) / np.sqrt(np.arange(1, PERIODS + 1))) > 1.96
    assert daily.any(axis=1).mean() > 0.15


@pytest.mark.parametrize(("kind", "likeliest"), [("demand", "demand"), ("tv", "tv"), ("misbooked", "search")])
def test_it_rings_and_says_what_it_looks_like(kind: str, likeliest: str) -> None:
    expected, actual, tv, search = _worlds(40, seed=5)
    after = np.arange(PERIODS) >= 8
    off = {"demand": -0.12 * expected.mean(axis=0), "tv": 2.0 * tv, "misbooked": 3.0 * search}[kind] * after
    ways = _alternatives(expected, tv, search)
    found = [evidence(y + off, expected, np.full(PERIODS, 400.0), ways, PERIODS) for y in actual]
    rung = [one for one in found if one.crossed(0.05) is not None]
    assert len(rung) >= 30
    assert np.mean([(one.crossed(0.05) or 0) < 6 for one in rung]) < 0.2  # not before it happened
    if kind != "misbooked":  # a steady channel is hardly told from the level
        assert np.mean([one.likeliest == likeliest for one in rung]) > 0.6


def test_one_wild_week_is_no_alarm() -> None:
    expected, actual, tv, search = _worlds(1, seed=7)
    y = actual[0].copy()
    y[12] += 100_000.0
    ways = _alternatives(expected, tv, search)
    found = evidence(y, expected, np.full(PERIODS, 400.0), ways, PERIODS)
    assert found.residuals.max() > CLIP
    assert evidence(y[:13], expected[:, :13], np.full(13, 400.0), {
        name: Alternative(way.shift[:13], way.sd) for name, way in ways.items()
    }, PERIODS).crossed(0.05) is None  # fmt: skip


def test_looking_early_is_what_looking_late_saw() -> None:
    """The evidence of the first periods is the same, however many came after."""
    expected, actual, tv, search = _worlds(1, seed=9)
    ways = _alternatives(expected, tv, search)
    whole = evidence(actual[0], expected, np.full(PERIODS, 400.0), ways, PERIODS).total
    cut = {name: Alternative(way.shift[:10], way.sd) for name, way in ways.items()}
    part = evidence(actual[0][:10], expected[:, :10], np.full(10, 400.0), cut, PERIODS).total
    assert part == pytest.approx(whole[:10], rel=0.1)


def test_too_few_draws_are_said() -> None:
    with pytest.raises(DataError, match=r"20 draws are too few for 26 periods: raise monitor.draws to at least 78"):
        residuals(np.ones(26), np.ones((20, 26)), np.ones(26))
