"""Posteriors with several modes: all that matter are found, weighed by their mass, and told by the gate."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from seeds import seeded

from mmm.assessment.explanations import explanations_check
from mmm.assessment.gate import gate
from mmm.assessment.settings import GateSettings
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.attempt import joined, thinned
from mmm.inference.convergence import GROUP, MODES, by_parameter
from mmm.inference.engine import explanations as several
from mmm.inference.engine import log_posterior
from mmm.inference.engine.modes import modes
from mmm.inference.engine.problem import Problem
from mmm.inference.fit import Fit
from mmm.inference.sample import sample_once
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import data_settings, library_world, simulate

LATE = ModelSettings.model_validate(
    {
        "mixture": None,
        "lookback": "8 weeks",
        "adstock": {"family": "delayed"},
        "baseline": {"seasonality_order": 0, "trend": False, "drift": None},
    }
)
SAMPLER = seeded(draws=400, tune=300, chains=2)


def world(kind: str) -> Dataset:
    """Three channels that run in nearly the same weeks, or not, with effects that come late."""
    whole = library_world(kind, replicate=2)
    made = simulate(replace(whole, weeks=104, controls=(), channels=whole.channels[:3]))
    return from_frame(made.frame, DataSettings.model_validate(data_settings(made)))


@pytest.fixture(scope="module")
def problem() -> Problem:
    data = world("collinear_flighting")
    return log_posterior(make_spec(data, LATE), data)


@pytest.fixture(scope="module")
def fit(problem: Problem) -> Fit:
    return sample_once(world("collinear_flighting"), problem.spec, SAMPLER)


def test_a_search_finds_every_channel_that_may_be_the_one_and_one_where_channels_run_apart(problem: Problem) -> None:
    found = modes(problem)
    largest = [int(mode.x[problem.layout.of("roas")].argmax()) for mode in found]
    assert sorted(largest) == [0, 1, 2]
    assert sorted((mode.evidence for mode in found), reverse=True) == [mode.evidence for mode in found]
    for mode in found:
        assert np.abs(problem.value_and_gradient(mode.x)[1]).max() < 0.1
    apart = world("delayed_carryover")
    assert len(modes(log_posterior(make_spec(apart, LATE), apart))) == 1


def test_what_differs_between_regions_alone_is_no_other_explanation() -> None:
    made = simulate(library_world("well_specified", geos=4, replicate=600))
    data = from_frame(made.frame, DataSettings.model_validate(data_settings(made)))
    assert len(modes(log_posterior(make_spec(data, ModelSettings(mixture=None)), data))) == 1


def test_explanations_get_draws_by_their_mass(fit: Fit, problem: Problem) -> None:
    tree = fit.main.tree
    weight, labels = tree[MODES]["weight"].values, tree[MODES]["mode"].values
    assert len(weight) > 1
    np.testing.assert_allclose([(labels == k).mean() for k in range(len(weight))], weight, atol=0.002)
    tall = tree["posterior"]["roas"].values.argmax(axis=2)
    # Search and social in turn are the one that did it.
    assert len({int(np.bincount(tall[labels == k], minlength=3).argmax()) for k in range(len(weight))}) == len(weight)
    # Every chain is a sample of the whole.
    assert abs((labels[0] == 0).mean() - (labels[1] == 0).mean()) < 0.15
    assert tree["posterior"].sizes["draw"] == SAMPLER.draws


def test_masses_of_a_density_with_two_modes_are_those_it_was_made_of() -> None:
    """Seven tenths around zero, three tenths in another shape ten away, in six dimensions."""
    rng = np.random.default_rng(7)
    parts = [stats.multivariate_normal(np.zeros(6), np.eye(6)), stats.multivariate_t(np.full(6, 10.0), np.eye(6), 8)]

    def density(y: np.ndarray) -> np.ndarray:
        return 3.0 + np.logaddexp(np.log(0.7) + parts[0].logpdf(y), np.log(0.3) + parts[1].logpdf(y))

    found = [several.mass(density, part.rvs(3000, random_state=rng), 1) for part in parts]
    np.testing.assert_allclose(np.exp(np.array(found) - 3.0), [0.7, 0.3], rtol=0.05)


def test_convergence_is_that_of_the_modes_and_not_of_their_mixture(fit: Fit) -> None:
    """Chains that were put together by chance always agree."""
    stored = fit.main.tree[GROUP].to_dataset()
    anew = by_parameter(xr.DataTree.from_dict({"posterior": fit.main.posterior}))
    assert not np.allclose(stored["r_hat"], anew["r_hat"].sel(parameter=stored["parameter"].values), atol=1e-4)
    assert (stored["ess_bulk"] > 0).all()
    assert "e_bfmi" in fit.main.tree["sample_stats"]


def test_a_further_attempt_keeps_what_is_known_of_modes(fit: Fit) -> None:
    tree = fit.main.tree
    both = joined(tree, tree)
    np.testing.assert_allclose(both[GROUP]["ess_bulk"].values, 2.0 * tree[GROUP]["ess_bulk"].values)
    half = thinned(both, 2)
    assert half[MODES]["mode"].shape == tree[MODES]["mode"].shape
    roas, labels = half["posterior"]["roas"].values, half[MODES]["mode"].values
    means = [roas[labels == k].mean(axis=0) for k in range(2)]
    whole = [tree["posterior"]["roas"].values[tree[MODES]["mode"].values == k].mean(axis=0) for k in range(2)]
    for mean, all_draws in zip(means, whole, strict=True):
        assert mean.argmax() == all_draws.argmax()
        assert mean.max() == pytest.approx(all_draws.max(), rel=0.1)


def test_the_gate_tells_the_explanations_and_what_would_decide(fit: Fit) -> None:
    check = next(c for c in gate(fit, GateSettings(holdout=None)).checks if c.name == "explanations")
    assert check.status == "warn"
    assert len(check.channels) >= 2
    assert check.value == check.summary.count(f"{check.channels[0]} ") >= 2
    assert check.said == "The data have several explanations"
    assert "a test of" in check.advice


def test_a_fit_of_one_explanation_is_not_asked(known) -> None:
    assert explanations_check(known.fit) is None


def test_a_bridge_gives_a_known_integral() -> None:
    """Exp(5) times a t density with 7 degrees of freedom, from draws of it and of a normal distribution."""
    rng = np.random.default_rng(4)
    target, proposal = stats.t(7), stats.norm(0.1, 1.2)
    ratio = lambda x: 5.0 + target.logpdf(x) - proposal.logpdf(x)  # noqa: E731
    found = several.bridge(ratio(target.rvs(4000, random_state=rng)), ratio(proposal.rvs(4000, random_state=rng)))
    assert found == pytest.approx(5.0, abs=0.02)


@pytest.mark.parametrize(
    ("places", "chains"),
    [
        ((0.0, 0.1, 9.0), [4, 2]),
        ((0.0, 9.0, 0.1), [4, 2]),
        ((9.0, 0.0, 0.1, 9.1), [4, 4]),
        # The last lies between two that do not reach each other.
        ((0.0, 6.0, 3.0), [6]),
    ],
)
def test_chains_that_mix_are_one(problem: Problem, places: tuple[float, ...], chains: list[int]) -> None:
    rng = np.random.default_rng(3)
    direction = np.zeros(problem.layout.dim)
    direction[problem.layout.by_channel[0][0]] = 1.0
    runs = [
        several.Run(
            rng.standard_normal((2, 300, problem.layout.dim)) + place * direction,
            xr.Dataset({"energy": (("chain", "draw"), rng.standard_normal((2, 300)))}, coords={"chain": [0, 1]}),
            0.0,
        )
        for place in places
    ]
    kept = several.apart(problem, runs)
    assert sorted((len(run.x) for run in kept), reverse=True) == chains
    for run in kept:
        assert list(run.stats["chain"].values) == list(range(len(run.x)))
