"""Reweighted posteriors against exact ones, and experiments beside the model."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mmm.assessment.agreement import Agreement, View, agreement, agreement_check, expectation
from mmm.assessment.reweight import even, reweighted
from mmm.assessment.settings import GateSettings
from mmm.model.evidence import Evidence, Experiment, effects

SETTINGS = GateSettings()


def test_reweighted_draws_are_those_of_the_wanted_density() -> None:
    rng = np.random.default_rng(1)
    draws = rng.standard_normal(4000)
    wanted = stats.norm(0.5, 0.8)
    weights = reweighted(wanted.logpdf(draws) - stats.norm.logpdf(draws))
    assert weights.reliable
    assert weights.mean(draws) == pytest.approx(0.5, abs=0.05)
    assert weights.quantiles(draws) == pytest.approx(wanted.ppf([0.05, 0.5, 0.95]), abs=0.08)


def test_a_density_that_the_draws_do_not_reach_is_not_believed() -> None:
    draws = np.random.default_rng(2).standard_normal(2000)
    assert not reweighted(stats.norm.logpdf(draws, 6.0, 1.0) - stats.norm.logpdf(draws)).reliable


def test_equal_weights_give_plain_quantiles() -> None:
    draws = np.random.default_rng(3).standard_normal(500)
    assert even(500).quantiles(draws) == pytest.approx(np.quantile(draws, [0.05, 0.5, 0.95]), abs=0.03)
    assert reweighted(np.zeros(500)).values == pytest.approx(np.full(500, 1 / 500))


def told_of(known, error: float, shift: float = 0.0):
    """The fit of known truth with spread draws, told of a test ``shift`` errors away from what it expects."""
    fit, dates = known.fit, known.dataset.dates
    experiment = Experiment(
        name="off", channel="search", geos=known.dataset.geos, start=f"{dates[20]:%Y-%m-%d}",
        end=f"{dates[25]:%Y-%m-%d}", kind="hold_out", measured=0.0, error=1.0,
    )  # fmt: skip
    evidence = Evidence(experiments=(experiment,))
    rng, member = np.random.default_rng(4), fit.main
    posterior = member.posterior.isel(draw=np.zeros(1000, dtype=int)).assign_coords(draw=np.arange(1000))
    spread = 0.2 * rng.standard_normal((1, 1000, 1, 1))
    posterior["log_beta"] = posterior["log_beta"] + spread
    tree = member.tree.copy()
    tree["posterior"] = posterior
    wide = replace(fit, members=(replace(member, tree=tree),))
    expected = effects(evidence, wide.dataset, wide.response())[:, 0]
    scale = float(expected.std())
    measured = float(expected.mean()) + shift * error * scale
    found = experiment.model_copy(update={"measured": measured, "error": error * scale})
    return replace(wide, evidence=Evidence(experiments=(found,))), expected


def refuse():
    raise AssertionError("asked for a fit")


def test_what_is_expected_of_a_test_to_come_is_the_effect_of_its_money(known) -> None:
    fit, expected = told_of(known, error=2.0, shift=1.0)
    e = fit.evidence.experiments[0]
    view = expectation(replace(fit, evidence=Evidence()), e)
    spend = float(fit.dataset.data["spend"].sel(date=slice(e.start, e.end), channel="search").sum())
    assert view.median == pytest.approx(np.median(expected) / spend, rel=0.01)
    z = (e.measured - expected) / e.error
    below = stats.norm.cdf(z).mean()
    assert view.tail == pytest.approx(2 * min(below, 1 - below), rel=0.02)


def test_without_the_test_is_what_its_likelihood_is_divided_out_of(known) -> None:
    fit, expected = told_of(known, error=2.0, shift=1.0)
    (found,) = agreement(fit, refuse)
    e = fit.evidence.experiments[0]
    weights = 1.0 / stats.norm.pdf(e.measured, expected, e.error)
    order = np.argsort(expected)
    middle = expected[order][np.searchsorted(np.cumsum(weights[order]), 0.5 * weights.sum())]
    assert found.source == "reweighted"
    spend = float(fit.dataset.data["spend"].sel(date=slice(e.start, e.end), channel="search").sum())
    assert found.money == pytest.approx(spend)
    assert found.measured == pytest.approx(e.measured / spend)
    assert found.told.median == pytest.approx(np.median(expected) / spend, rel=0.01)
    assert found.untold.median == pytest.approx(middle / spend, rel=0.02)
    # The result lies above what the draws expect, so without it they expect less.
    assert found.untold.median < 0.98 * found.told.median
    assert found.untold.tail < found.told.tail


def test_where_weights_fail_a_fit_is_asked_for(known) -> None:
    fit, _ = told_of(known, error=0.05)
    asked = []

    def untold():
        asked.append(True)
        return replace(fit, evidence=Evidence())

    (found,) = agreement(fit, untold)
    assert asked
    assert found.source == "fitted"
    assert found.untold == found.told


def test_no_experiments_ask_nothing(known) -> None:
    assert agreement(known.fit, refuse) == ()


def one(told: float, untold: float, name: str = "off") -> Agreement:
    experiment = Experiment(
        name=name, channel="search", geos=("a",), start="2024-01-01", end="2024-01-29", kind="hold_out",
        measured=1.0, error=0.2,
    )  # fmt: skip
    views = [View(2.0, 1.5, 2.5, tail) for tail in (told, untold)]
    return Agreement(experiment, 100.0, 1.0, 0.2, views[0], views[1], "fitted")


def test_the_check_warns_of_disagreement_and_says_what_to_do() -> None:
    assert agreement_check((one(0.6, 0.5),), SETTINGS).status == "pass"
    untold = agreement_check((one(0.6, 0.01),), SETTINGS)
    assert (untold.status, untold.value) == ("warn", 0.01)
    assert "better than the test found" in untold.advice
    assert "cannot reproduce 'off'" in agreement_check((one(0.01, 0.001),), SETTINGS).advice


def test_many_experiments_are_not_judged_one_by_one() -> None:
    """One in five below 3% is what chance gives once in seven times."""
    five = (one(0.6, 0.03), *(one(0.6, 0.5, f"t{i}") for i in range(4)))
    assert agreement_check(five, SETTINGS).status == "pass"
    assert agreement_check(five[:1], SETTINGS).status == "warn"
