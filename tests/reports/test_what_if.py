"""What is embedded for the sliders agrees with the planner."""

import numpy as np
import pytest

from mmm.planning.by_spend import monotone
from mmm.reporting.content.what_if import _pack, outcome_draws, payload
from mmm.reporting.runs.story import Story


@pytest.fixture(scope="module")
def data(story: Story) -> dict[str, object]:
    return payload(story.plan, story.material.gain_fmt, story.look, story.plan.problem.draws.n)


def names(story: Story) -> tuple[str, ...]:
    return story.plan.problem.channels


def by_channel(story: Story, column: str) -> dict[str, float]:
    return {str(name): float(value) for name, value in story.plan.allocation[column].items()}


def test_curves_agree_with_the_planner_at_any_plan(story: Story, data: dict[str, object]) -> None:
    problem, pattern = story.plan.problem, story.plan.problem.pattern
    order = np.argsort(story.plan.decisive_gain.draws, kind="stable")
    rng = np.random.default_rng(3)
    tops = np.array([c["top"] for c in data["channels"]])  # type: ignore[attr-defined]
    for _ in range(20):
        spend = tops * rng.random(len(tops)) ** 2
        exact = problem.effect_draws(pattern * spend).sum(axis=1)[order]
        embedded = outcome_draws(data, dict(zip(names(story), spend, strict=True)))
        np.testing.assert_allclose(embedded, exact, rtol=1e-3)


def test_the_recommended_plan_wins_what_the_report_says(story: Story, data: dict[str, object]) -> None:
    spend = by_channel(story, "spend")
    assert outcome_draws(data, spend).mean() == pytest.approx(story.plan.outcome_draws.mean(), rel=1e-3)


def test_fewer_draws_keep_the_distribution_of_the_gain(story: Story) -> None:
    few = payload(story.plan, story.material.gain_fmt, story.look, 50)
    planned, today = by_channel(story, "spend"), by_channel(story, "reference")
    gain = outcome_draws(few, planned) - outcome_draws(few, today)
    assert len(gain) == 50
    spread = story.plan.gain.upper - story.plan.gain.lower
    assert gain.mean() == pytest.approx(story.plan.gain.mean, abs=0.05 * spread)
    assert np.quantile(gain, 0.05) == pytest.approx(story.plan.gain.lower, abs=0.05 * spread)
    assert np.quantile(gain, 0.95) == pytest.approx(story.plan.gain.upper, abs=0.05 * spread)


def test_a_curve_without_a_slope_at_nothing_does_not_swing_above_itself() -> None:
    levels = np.array([[0.0, 1.0, 4.0, 9.0]])
    value = np.sqrt(levels)[None]
    slope = np.array([[[1e9, 0.5, 0.25, 1 / 6]]])
    found = monotone(levels, value, slope)
    np.testing.assert_allclose(found, [[[3.0, 0.5, 0.25, 1 / 6]]])
    data = {"channels": [{"name": "c", "top": 9.0}], "draws": 1, "points": 4}
    data |= {"values": _pack(value), "slopes": _pack(found)}
    won = [outcome_draws(data, {"c": x})[0] for x in np.linspace(0.0, 9.0, 200)]
    assert np.all(np.diff(won) >= 0)
    np.testing.assert_allclose(won, np.sqrt(np.linspace(0.0, 9.0, 200)), atol=0.2)


def test_nothing_spent_wins_nothing(story: Story, data: dict[str, object]) -> None:
    np.testing.assert_allclose(outcome_draws(data, dict.fromkeys(names(story), 0.0)), 0.0, atol=1e-6)
