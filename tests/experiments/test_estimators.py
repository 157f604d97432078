"""Estimators: values by hand, exact optima, what each must be blind to, and the libraries where they are installed."""

import numpy as np
import pytest
from scipy.optimize import minimize

from mmm.experiments.estimators import ESTIMATORS, Question, _ridge
from mmm.experiments.simplex import simplex_weights

RNG = np.random.default_rng(5)


def question(n: int = 8, before: int = 30, after: int = 5, groups: int = 3) -> Question:
    common = np.sin(np.arange(before + after) / 3.0)[:, None]
    x = 5.0 + common * (1 + 0.2 * RNG.standard_normal(n)) + 0.3 * RNG.standard_normal((before + after, n))
    donors = np.ones((groups, n), dtype=bool)
    donors[np.arange(groups), np.arange(groups)] = False
    return Question(x[:, :groups].T.copy(), x, donors, before, x[:before].mean(axis=0), np.ones(groups))


@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_weights_are_those_of_a_general_optimiser(ridge: float) -> None:
    x, y = RNG.standard_normal((25, 6)), RNG.standard_normal((2, 25))
    allowed = np.array([[True] * 6, [True, True, True, False, True, True]])
    found = simplex_weights(x, y, allowed, np.full(2, ridge))
    for i in range(2):
        best = minimize(
            lambda w, i=i: ((y[i] - x @ w) ** 2).sum() + ridge * (w**2).sum(),
            allowed[i] / allowed[i].sum(),
            bounds=[(0, 1 if open_ else 0) for open_ in allowed[i]],
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14},
        )
        np.testing.assert_allclose(found[i], best.x, atol=2e-5)


def test_difference_in_differences_by_hand() -> None:
    x = np.array([[1.0, 2.0, 6.0], [1.0, 4.0, 8.0], [2.0, 7.0, 9.0]])
    asked = Question(x[:, 0][None], x, np.array([[False, True, True]]), 2, x.mean(axis=0), np.ones(1))
    # The others' mean: 4, 6, then 8: up by 3 on their 5; the first was 1 before and would be 4; it is 2.
    assert ESTIMATORS["did"].answer(asked).effect(asked)[0, 2] == pytest.approx(-2.0)


def test_time_based_regression_is_least_squares_on_the_controls_total() -> None:
    asked = question()
    control = asked.x[:, asked.donors[0]] @ asked.size[asked.donors[0]]
    slope, level = np.polyfit(control[:30], asked.y[0, :30], 1)
    np.testing.assert_allclose(ESTIMATORS["tbr"].answer(asked).path[0], level + slope * control, rtol=1e-9)


def test_the_ridge_leaves_each_period_out_as_refitting_would() -> None:
    asked = question(n=12, before=15)
    x = asked.x[:15] - asked.x[:15].mean(axis=0)
    misfit = asked.y[:, :15] - asked.y[:, :15].mean(axis=1, keepdims=True)
    more, error = _ridge(x, misfit, asked.donors)
    np.testing.assert_allclose(more.sum(axis=1), 0.0, atol=1e-10)
    donors = asked.donors[0]
    own = x[:, donors] - x[:, donors].mean(axis=1, keepdims=True)
    top = np.linalg.eigvalsh(own @ own.T)[-1]
    errors = []
    for share in np.logspace(0, -6, 13):
        left = []
        for t in range(15):
            keep = np.arange(15) != t
            gram = own[keep].T @ own[keep] + share * top * np.eye(own.shape[1])
            left.append(misfit[0, t] - own[t] @ np.linalg.solve(gram, own[keep].T @ misfit[0, keep]))
        errors.append(np.sqrt(np.mean(np.square(left))))
    assert error[0] == pytest.approx(min(errors), rel=1e-6)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_an_effect_after_the_start_is_found_to_the_last_digit(name: str) -> None:
    """All estimators are linear in the target's periods of the test, on which power and planted effects rest."""
    asked = question()
    shifted = asked.y.copy()
    shifted[:, 30:] += 0.7
    other = Question(shifted, asked.x, asked.donors, asked.before, asked.size, asked.treated)
    found = ESTIMATORS[name].answer(other).effect(other) - ESTIMATORS[name].answer(asked).effect(asked)
    np.testing.assert_allclose(found[:, 30:], 0.7, atol=1e-9)
    np.testing.assert_allclose(found[:, :30], 0.0, atol=1e-9)


@pytest.mark.parametrize("name", ["did", "sc", "asc"])
def test_what_all_regions_share_is_no_effect(name: str) -> None:
    """Not of sdid, whose penalty grows with shocks, nor of tbr, whose slope is not one."""
    asked = question()
    shock = 3.0 * RNG.standard_normal(len(asked.x))
    other = Question(asked.y + shock, asked.x + shock[:, None], asked.donors, asked.before, asked.size, asked.treated)
    before, after = (ESTIMATORS[name].answer(q).effect(q)[:, 30:].mean(axis=1) for q in (asked, other))
    np.testing.assert_allclose(before, after, atol=1e-6)


def test_weights_stay_with_the_donors() -> None:
    asked = question()
    for estimator in ESTIMATORS.values():
        assert not estimator.answer(asked).weights[~asked.donors].any()


def test_panelkit_finds_the_same() -> None:
    panelkit = pytest.importorskip(
        "panelkit", reason="panelkit (0.3) is installed for comparisons alone: docs/experiments.md"
    )
    asked = question(n=10, before=40, after=8, groups=1)
    for own, theirs in (("sc", panelkit.DemeanedSC), ("sdid", panelkit.SyntheticDiD)):
        found = ESTIMATORS[own].answer(asked).effect(asked)[0, 40:].mean()
        assert found == pytest.approx(theirs().fit(asked.x.T.copy(), treated=[0], treat_time=40).att, abs=2e-3)
