"""Signals of weak identification against closed forms, and the warnings that are made of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mmm.assessment import signals as sig
from mmm.assessment.checks import PROBLEMS
from mmm.assessment.identification import concerned, identification_checks
from mmm.assessment.settings import GateSettings
from mmm.assessment.signals import Signals

SETTINGS = GateSettings()


def test_overlap_is_one_where_nothing_was_learned() -> None:
    rng = np.random.default_rng(1)
    assert sig._overlap(rng.random(20_000)) > 0.95
    # A posterior with a tenth of the prior's sd, at its middle: the area below both densities.
    prior, posterior = stats.norm(0, 1), stats.norm(0, 0.1)
    x = np.linspace(-5, 5, 20_001)
    exact = np.minimum(prior.pdf(x), posterior.pdf(x)).sum() * (x[1] - x[0])
    found = sig._overlap(prior.cdf(posterior.rvs(20_000, random_state=rng)))
    assert found == pytest.approx(exact, abs=0.04)


def test_a_scaled_prior_moves_the_mean_as_two_normals_say() -> None:
    """Prior N(0, 1) and likelihood N(2, s): the prior to a power a has precision a."""
    rng = np.random.default_rng(2)
    for s in (0.5, 1.0):
        precision = 1.0 + s**-2
        draws = rng.normal(2.0 * s**-2 / precision, precision**-0.5, 20_000)
        means = [2.0 * s**-2 / (a + s**-2) for a in (0.5, 2.0)]
        exact = max(abs(m - draws.mean()) for m in means) / precision**-0.5
        assert sig._prior_shift(draws, draws) == pytest.approx(exact, rel=0.05)


def test_robustness_is_the_published_value() -> None:
    """The Darfur example of Cinelli and Hazlett (2020), table 1: t = 4.18 on 783 degrees of freedom gives 13.9%."""
    logs = np.random.default_rng(3).standard_normal((100_000, 1))
    logs = (logs - logs.mean()) / logs.std() / 4.18
    found = sig._robustness(logs, np.ones((10, 1)), np.zeros(10), 783.0)
    assert found[0] == pytest.approx(0.139, abs=0.0005)


def regression(rng: np.random.Generator, omitted: float) -> tuple[sig._Left, np.ndarray]:
    """A Bayesian regression with known answer, its posterior draws, and a direction that it leaves out."""
    periods, noise = 120, 0.5
    columns = rng.standard_normal((periods, 6))
    direction = 0.6 * columns[:, 0] + rng.standard_normal(periods)
    truth = rng.standard_normal(6)
    outcome = columns @ truth + omitted * direction + noise * rng.standard_normal(periods)
    covariance = np.linalg.inv(np.eye(6) + columns.T @ columns / noise**2)
    mean = covariance @ columns.T @ outcome / noise**2
    draws = rng.multivariate_normal(mean, covariance, 500) @ columns.T
    fitted = draws - draws.mean(axis=0)
    residual = outcome - draws.mean(axis=0)
    variance = float((residual**2).sum() + fitted.var(axis=0).sum()) / periods
    left = sig._Left(residual[:, None], np.ones((periods, 1)), variance, fitted[:, :, None])
    return left, direction[:, None]


def test_scores_are_standard_normal_where_the_model_is_right() -> None:
    rng = np.random.default_rng(4)
    scores = []
    for _ in range(300):
        left, direction = regression(rng, 0.0)
        scores.append(left.score(direction))
    assert np.mean(scores) == pytest.approx(0.0, abs=0.2)
    assert np.std(scores) == pytest.approx(1.0, abs=0.12)


def test_scores_see_what_is_left_out_and_not_what_is_in() -> None:
    rng = np.random.default_rng(5)
    left, direction = regression(rng, 0.3)
    assert left.score(direction) > 4.0
    assert left.score(-direction) < -4.0
    assert left.score(np.ones((120, 1))) == 0.0
    calm, _ = regression(rng, 0.0)
    assert calm.free == pytest.approx(114.0, abs=1.0)


def table(**changes: dict[str, float]) -> pd.DataFrame:
    """Three channels without any weakness, and what is changed by channel."""
    calm = {
        "overlap": 0.3, "surprise": 0.5, "together": -0.1, "partner": "tv", "prior": 0.1, "family": 0.05,
        "quarter": 0.4, "direction": 0.97, "robustness": 0.2, **dict.fromkeys(sig.SCORES, 0.5),
        "opposite": 0.0, "opposite_error": 0.0, "against": 0.0,
    }  # fmt: skip
    frame = pd.DataFrame(dict.fromkeys(("tv", "search", "radio"), calm)).T
    for channel, values in changes.items():
        for name, value in values.items():
            frame.loc[channel, name] = value
    return frame.astype({n: float for n in frame.columns if n != "partner"})


def checks(whole: dict[str, float] | None = None, **changes: dict[str, float]):
    return identification_checks(Signals(table(**changes), {"step": 1.0, "tails": 0.1, **(whole or {})}), SETTINGS)


def test_a_calm_analysis_is_warned_of_nothing() -> None:
    found = checks()
    assert {c.status for c in found} == {"pass"}
    assert concerned(found) == {}
    assert all(c.advice == "" for c in found)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("prior", {"overlap": 0.95}, "Test search: without a test the return rests on the prior."),
        ("sensitive", {"prior": 2.0}, "Test search: a prior half or twice as sure gives another return."),
        ("sensitive", {"prior": np.inf}, "Test search: a prior half or twice as sure"),
        ("surprise", {"surprise": 3.0}, "search: far from what was assumed"),
        ("surprise", {"surprise": -3.0}, "search: far from what was assumed"),
        ("together", {"together": -0.9}, "search: of these only sums are known well"),
        ("family", {"family": 0.7}, "search: the return depends on the assumed carryover"),
        ("quarter", {"quarter": -5.0}, "search: the estimate moved more"),
        ("hidden_demand", {"robustness": 0.001}, "search: weak hidden demand would undo"),
        ("unexplained", {"future": 5.0}, "search: the outcome moves before the spend"),
        ("unexplained", {"later": -5.0}, "search: an effect shows after the look-back"),
        ("unexplained", {"fading": 5.0}, "search: the effect changes over time"),
        ("unexplained", {"bent": 5.0}, "search: the curve may be of another shape"),
        ("unexplained", {"joint": 5.0}, "search: the effect depends on which other channels run"),
    ],
)
def test_a_warning_names_the_channel_and_the_next_step(name: str, values: dict[str, float], words: str) -> None:
    (warned,) = [c for c in checks(search=values) if c.status == "warn"]
    assert warned.name == name
    assert warned.channels == ("search",)
    assert warned.advice.startswith(words)
    assert "search" in warned.summary
    assert "inf" not in warned.summary
    assert warned.said == PROBLEMS[name] != warned.title


def test_an_undecided_direction_has_nothing_to_undo() -> None:
    assert {c.status for c in checks(search={"robustness": 0.001, "direction": 0.5})} == {"pass"}


def test_the_whole_may_look_unlike_noise() -> None:
    for whole, words in (({"step": 9.0}, "shifts for good"), ({"tails": 9.0}, "Single periods")):
        (warned,) = [c for c in checks(whole) if c.status == "warn"]
        assert warned.channels == ()
        assert words in warned.advice


def test_what_cannot_be_known_is_not_checked() -> None:
    one = table().loc[["tv"]].assign(quarter=np.nan, family=0.0)
    names = {c.name for c in identification_checks(Signals(one, {"step": 0.0, "tails": 0.0}), SETTINGS)}
    assert names == {"sign", "prior", "sensitive", "surprise", "unexplained", "noise"}
