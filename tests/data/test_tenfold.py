"""The score of a tenfold slip: what it sees, and what it cannot see."""

import numpy as np
import pytest

from mmm.data.quality.tenfold import tenfold_scores

RNG = np.random.default_rng(8)
STEADY = RNG.lognormal(4, 0.2, (104, 1))
BURSTS = np.where((np.arange(104) // 5) % 2 == 0, 1.0, 0.05)[:, None] * RNG.lognormal(4, 0.25, (104, 1))


@pytest.mark.parametrize("series", [STEADY, BURSTS], ids=["steady", "bursts"])
def test_a_slip_in_an_active_week_stands_out(series: np.ndarray) -> None:
    week = 42
    slipped = series.copy()
    slipped[week] *= 10
    scores = tenfold_scores(slipped)
    assert scores.high[week, 0] > 10
    assert np.delete(scores.high[:, 0], week).max() < 4
    assert scores.expected_if_high[week, 0] == pytest.approx(series[week, 0], rel=0.6)


def test_low_weeks_of_a_flighting_plan_are_no_slips() -> None:
    assert tenfold_scores(BURSTS).low.max() < 4


def test_a_slip_inside_the_own_range_cannot_be_seen() -> None:
    slipped = BURSTS.copy()
    slipped[7] *= 10
    assert slipped[7] < BURSTS.max()
    assert tenfold_scores(slipped).high[7, 0] < 5.5


def test_the_score_does_not_depend_on_the_unit() -> None:
    np.testing.assert_allclose(tenfold_scores(BURSTS * 1e6).high, tenfold_scores(BURSTS).high, rtol=1e-6)


def test_zeros_and_short_series_have_no_score() -> None:
    values = np.array([[0.0], [1.0], [1.0], [0.0], [9.0]])
    assert (tenfold_scores(values).high == -np.inf).all()
    assert tenfold_scores(STEADY * (np.arange(104) % 2)[:, None]).high[0, 0] == -np.inf


def test_other_geos_tell_a_slip_from_a_campaign() -> None:
    """The same tenfold jump in all geos is a campaign; in one of them it is a slip."""
    shared = np.exp(RNG.normal(0, 0.9, (80, 1)))
    panel = shared * RNG.lognormal(3, 0.15, (80, 6))
    week = int(np.argsort(shared[:, 0])[40])
    one, everywhere = panel.copy(), panel.copy()
    one[week, 2] *= 10
    everywhere[week] *= 10
    assert tenfold_scores(one).high[week, 2] > 10
    assert tenfold_scores(everywhere).high[week].max() < 5
    alone = tenfold_scores(one[:, [2]]).high[week, 0]
    assert tenfold_scores(one).high[week, 2] > alone
