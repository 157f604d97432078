"""What a test is worth before it is run, against nested Monte Carlo with fresh draws."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from mmm.planning.information import perfect_information
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.sample_information import Readout, draws_of, sample_information, schedule, worths
from mmm.planning.settings import PlanSettings

BUDGET = 200.0
SETTINGS = PlanSettings(objective="expected_outcome", spend_all=True, bounds=(0.0, 2.0))


@pytest.fixture
def two(hill, single):
    """Two channels, the effect of the second known badly; its curve at 100 is what a test measures."""
    rng = np.random.default_rng(5)
    beta = np.exp(rng.normal(6.0, 0.1, (600, 2)))
    # Evenly spread, so that what these draws say is what their distribution says.
    beta[:, 1] = np.exp(6.0 + 0.7 * rng.permutation(norm.ppf((np.arange(600) + 0.5) / 600)))
    problem = single(hill(beta, np.full((600, 2), 80.0), np.ones((600, 2))), np.array([100.0, 100.0]))
    return decide(Prepared(problem, None), SETTINGS), beta


def probe(plan, beta, error: float, price: float = 0.0) -> Readout:
    assert draws_of(plan).n == 600
    return Readout("test", ("c1",), beta[:, 1:2] * 100 / 180, np.array([[error**2]]), price)


def nested(error: float, size: int = 2500) -> float:
    """Readouts from fresh truths, posteriors from fresh draws, plans on a fine grid."""
    rng = np.random.default_rng(11)
    beta = np.exp(rng.normal(6.0, 0.7, size))
    grid = np.linspace(0, BUDGET, 401)
    first = np.exp(6.0 + 0.005) * (BUDGET - grid) / (80 + BUDGET - grid)
    second = grid / (80 + grid)
    readout = np.exp(rng.normal(6.0, 0.7, size)) * 100 / 180 + error * rng.standard_normal(size)
    log = -0.5 * ((readout[:, None] - beta * 100 / 180) / error) ** 2
    weights = np.exp(log - log.max(axis=1, keepdims=True))
    means = (weights @ beta) / weights.sum(axis=1)
    return float((first + means[:, None] * second).max(axis=1).mean() - (first + means.mean() * second).max())


@pytest.mark.parametrize("error", [40.0, 150.0])
def test_it_agrees_with_nested_monte_carlo(two, error: float) -> None:
    plan, beta = two
    found = sample_information(worths(plan), [probe(plan, beta, error)])["value"][0]
    assert found == pytest.approx(nested(error), rel=0.15)


def test_a_sharper_test_is_worth_more_and_none_more_than_knowing(two) -> None:
    plan, beta = two
    made = worths(plan)
    values = [sample_information(made, [probe(plan, beta, e)])["value"][0] for e in (5.0, 50.0, 200.0, 5000.0)]
    assert values == sorted(values, reverse=True)
    assert values[0] <= perfect_information(plan)["value"]["c1"] * 1.05
    assert values[-1] < 0.02 * values[0]


def test_price_counts_and_a_test_that_costs_more_is_not_taken(two) -> None:
    plan, beta = two
    made = worths(plan)
    cheap, dear = probe(plan, beta, 20.0, 1.0), replace(probe(plan, beta, 15.0, 1e6), name="dear")
    frame = sample_information(made, [dear, cheap])
    assert list(frame["test"]) == ["test", "dear"]
    assert frame["net"][1] < 0 < frame["net"][0]
    chosen = schedule(made, [dear, cheap], np.inf)
    assert chosen.tests == ("test",)
    assert chosen.value == pytest.approx(frame["value"][0])
    assert chosen.value <= chosen.bound
    assert schedule(made, [dear, cheap], 0.5).tests == ()


def test_a_second_channel_adds_what_the_first_left_open(two) -> None:
    plan, beta = two
    made = worths(plan)
    other = Readout("first", ("c0",), beta[:, :1] * 100 / 180, np.ones((1, 1)), 0.0)
    chosen = schedule(made, [other, probe(plan, beta, 20.0)], np.inf)
    assert chosen.tests[0] == "test"
    assert chosen.value <= chosen.bound
