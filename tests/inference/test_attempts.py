"""A model whose chains do not agree is sampled again; one whose chains agree is not."""

import arviz as az
import engine_cases as cases
import numpy as np
import pytest
import xarray as xr
from seeds import seeded
from threadpoolctl import threadpool_limits

from mmm.assessment.checks import _energy_check
from mmm.assessment.settings import GateSettings
from mmm.inference.attempt import FIRST, Attempt, joined, thinned
from mmm.inference.convergence import Convergence, convergence
from mmm.inference.engine import log_posterior
from mmm.inference.engine.compiled import c_functions
from mmm.inference.engine.whitening import whiten
from mmm.inference.fit import Fit, Member
from mmm.inference.mix import fit_members
from mmm.inference.sample import fit_model, sample_once
from mmm.inference.settings import SamplerSettings
from mmm.model.kernels.sampler import on_disk
from mmm.model.mixture import Mixture, NamedSpec
from mmm.model.spec import make_spec

# A warm-up too short to find a step size: most samples fall short, and some do not.
HASTY = seeded(draws=500, tune=10, chains=4, target_accept=0.51, seed=1)


def lines_of(sampler: SamplerSettings) -> tuple[Fit, list[str]]:
    """The fit, and what was said of sampling it again."""
    data = cases.dataset("national", channels=2)
    said: list[str] = []
    fit = fit_model(
        data, make_spec(data, cases.settings().model_copy(update={"channels": {}})), sampler, report=said.append
    )
    return fit, [line for line in said if "again" in line]


def test_a_sample_is_taken_again_while_it_falls_short_and_may_be() -> None:
    once, silent = lines_of(HASTY.model_copy(update={"attempts": 1}))
    last, said = lines_of(HASTY)
    assert silent == []
    assert bool(said) == once.main.failed
    assert said[:1] == ([Attempt().after(once).words] if once.main.failed else [])
    assert not last.main.failed or len(said) == HASTY.attempts - 1


def test_a_sample_that_is_never_enough_is_taken_as_often_as_was_said_and_keeps_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mmm.inference.convergence.R_HAT_MAX", 0.5)
    few = seeded(draws=500, tune=200, chains=4, seed=1)
    once, _ = lines_of(few.model_copy(update={"attempts": 1}))
    last, said = lines_of(few)
    assert len(said) == 2
    assert said[0] == Attempt().after(once).words
    assert last.main.short
    for group in ("posterior", "sample_stats"):
        assert dict(last.main.tree[group].sizes) == dict(once.main.tree[group].sizes)
        assert last.main.tree[group]["draw"].values.tolist() == list(range(500))


def test_a_sample_that_agrees_is_taken_once() -> None:
    """The first of some that does: whether a certain one does hangs on the processor."""
    for seed in range(1, 6):
        good = seeded(draws=1500, tune=500, target_accept=0.97, seed=seed)
        once, _ = lines_of(good.model_copy(update={"attempts": 1}))
        if not once.main.failed:
            break
    fit, said = lines_of(good)
    assert not fit.main.failed
    assert said == []
    np.testing.assert_array_equal(fit.main.posterior["roas"], once.main.posterior["roas"])


def test_a_quick_look_is_taken_once() -> None:
    fit, said = lines_of(HASTY.model_copy(update={"draws": 100, "chains": 2}))
    assert fit.main.short
    assert said == []


def test_thinning_hides_no_divergence() -> None:
    count = 12
    values = np.arange(2 * count, dtype=float).reshape(2, count)
    diverging = np.zeros((2, count), dtype=bool)
    diverging[0, 4] = True
    dims = ("chain", "draw")
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"x": (dims, values)}),
            "sample_stats": xr.Dataset({"diverging": (dims, diverging), "energy": (dims, values)}),
        }
    )
    found = thinned(tree, 3)
    assert found["posterior"]["x"].values[0].tolist() == [2.0, 5.0, 8.0, 11.0]
    assert found["sample_stats"]["energy"].values[0].tolist() == [2.0, 5.0, 8.0, 11.0]
    assert found["sample_stats"]["diverging"].values.tolist() == [[False, True, False, False], [False] * 4]


def tree_of(x: xr.DataArray, diverging: xr.DataArray) -> xr.DataTree:
    stats = xr.Dataset({"diverging": diverging, "energy": x.astype(float)})
    return xr.DataTree.from_dict({"posterior": xr.Dataset({"x": x}), "sample_stats": stats})


def fit_of(tree: xr.DataTree, converged: Convergence) -> Fit:
    data = cases.dataset("national", channels=2)
    spec = make_spec(data, cases.settings().model_copy(update={"channels": {}}))
    return Fit(data, (Member(spec, tree, "key", "fast", converged=converged),), seed=1, key="key")


def test_convergence_names_what_is_wrong() -> None:
    rng = np.random.default_rng(1)
    good = xr.DataArray(rng.standard_normal((4, 500)), dims=("chain", "draw"))
    none = xr.zeros_like(good, dtype=bool)
    assert convergence(tree_of(good, none)).short == ""
    apart = convergence(tree_of(good + xr.DataArray([0.0, 0.0, 0.0, 1.0], dims="chain"), none))
    assert apart.short.startswith("R-hat 1.")
    assert not apart.near
    assert convergence(tree_of(good.isel(draw=slice(90)), none.isel(draw=slice(90)))).short.endswith("effective draws")
    some = none.copy()
    some[1, 3] = True
    assert convergence(tree_of(good, some)).short == "1 divergent draws"


def test_a_few_divergent_draws_do_not_make_a_sample_useless() -> None:
    assert not Convergence(1.0, 1000.0, 4).failed(4000)
    assert Convergence(1.0, 1000.0, 5).failed(4000)
    assert Convergence(1.02, 1000.0, 0).failed(4000)
    assert Convergence(1.0, 300.0, 0).failed(4000)


@pytest.mark.parametrize(("divergences", "made"), [(4, 1), (5, 3)])
def test_a_few_divergent_draws_are_left_to_the_gate(divergences: int, made: int) -> None:
    values = xr.DataArray(np.zeros((4, 1000)), dims=("chain", "draw"))
    fit = fit_of(tree_of(values, xr.zeros_like(values, dtype=bool)), Convergence(1.0, 1000.0, divergences))
    attempts: list[int] = []

    def make(_: NamedSpec, attempt: Attempt) -> Fit:
        attempts.append(attempt.number)
        return fit

    fit_members(Mixture(members=(NamedSpec(name="one", spec=fit.main.spec),)), SamplerSettings(), make)
    assert attempts == list(range(made))


def test_chains_that_lack_draws_alone_are_added_to() -> None:
    sampler = SamplerSettings(draws=10, tune=10, chains=2, seed=7)
    few = Convergence(r_hat=1.012, ess=300.0, divergences=0)
    first, second = (xr.DataArray(k + np.arange(12.0).reshape(2, 6), dims=("chain", "draw")) for k in (0.0, 100.0))
    none = xr.zeros_like(first, dtype=bool)
    attempt = Attempt().after(fit_of(tree_of(first, none), few))
    assert attempt.words == "As many draws again: R-hat 1.012, 300 effective draws."
    asked = attempt.settings(sampler)
    assert (asked.draws, asked.tune, asked.seed) == (10, 20, 8)
    assert asked.target_accept == pytest.approx(1 - 0.1 / 3)
    both = joined(tree_of(first, none), tree_of(second, none))["posterior"]["x"].values
    assert both[1].tolist() == [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 106.0, 107.0, 108.0, 109.0, 110.0, 111.0]
    kept = attempt.kept(tree_of(second, none))["posterior"]["x"]
    assert kept.values[1].tolist() == [7.0, 9.0, 11.0, 107.0, 109.0, 111.0]
    third = attempt.after(fit_of(tree_of(kept, none), few)).settings(sampler)
    assert (third.draws, third.tune, third.seed) == (20, 40, 9)


def test_an_addition_is_as_long_as_what_it_is_added_to() -> None:
    sampler = SamplerSettings(draws=10, tune=10, chains=2, seed=7)
    tree = tree_of(*(xr.DataArray(np.zeros((2, 10)), dims=("chain", "draw")).astype(t) for t in (float, bool)))
    longer = Attempt().after(fit_of(tree, Convergence(1.05, 900.0, 2)))
    asked = longer.after(fit_of(tree, Convergence(1.012, 300.0, 0))).settings(sampler)
    assert (asked.draws, asked.tune, asked.seed) == (30, 40, 9)
    assert asked.target_accept == pytest.approx(1 - 0.1 / 9)


def test_energy_is_judged_on_all_draws() -> None:
    walk = xr.DataArray(np.random.default_rng(1).standard_normal((2, 600)).cumsum(axis=1) * 0.9, dims=("chain", "draw"))
    tree = tree_of(walk, xr.zeros_like(walk, dtype=bool))
    exact = float(np.min(az.bfmi(walk.values)))
    for kept in (thinned(tree, 3), thinned(joined(tree, tree), 2)):
        assert _energy_check(kept["sample_stats"].to_dataset(), GateSettings()).value == pytest.approx(exact)


def test_chains_that_diverged_alone_get_smaller_steps() -> None:
    sampler = SamplerSettings(draws=10, tune=10, chains=2, seed=7)
    values = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("chain", "draw"))
    tree = tree_of(values, xr.zeros_like(values, dtype=bool))
    attempt = Attempt().after(fit_of(tree, Convergence(1.005, 900.0, 2)))
    assert attempt.words == "Sampled again, with smaller steps: 2 divergent draws."
    asked = attempt.settings(sampler)
    assert (asked.draws, asked.tune, asked.seed) == (10, 20, 7)
    assert asked.target_accept == pytest.approx(1 - 0.1 / 3)
    assert attempt.kept(tree)["posterior"]["x"].values.tolist() == values.values.tolist()


@pytest.mark.parametrize(
    "seen", [Convergence(1.05, 300.0, 1), Convergence(1.2, 300.0, 0), Convergence(1.012, 150.0, 0)]
)
def test_chains_that_need_other_steps_are_sampled_anew(seen: Convergence) -> None:
    sampler = SamplerSettings(draws=10, tune=10, chains=2, seed=7)
    values = xr.DataArray(np.arange(36.0).reshape(2, 18), dims=("chain", "draw"))
    tree = tree_of(values, xr.zeros_like(values, dtype=bool))
    attempt = Attempt().after(fit_of(tree, seen))
    asked = attempt.settings(sampler)
    assert (asked.draws, asked.tune, asked.seed) == (30, 20, 7)
    assert asked.target_accept == pytest.approx(1 - 0.1 / 3)
    assert attempt.kept(tree)["posterior"]["x"].values[0].tolist() == [2.0, 5.0, 8.0, 11.0, 14.0, 17.0]
    assert FIRST.settings(sampler) == sampler


def test_a_sample_that_nearly_agrees_gets_as_many_draws_again() -> None:
    data = cases.dataset("national", channels=2)
    spec = make_spec(data, cases.settings().model_copy(update={"channels": {}}))
    sampler = seeded(draws=500, tune=500, chains=4, seed=1)
    first = fit_model(data, spec, sampler.model_copy(update={"attempts": 1}))
    few = Convergence(1.02, 300.0, 0)
    again = sample_once(data, spec, sampler, attempt=Attempt().after(fit_of(first.main.tree, few)))
    assert dict(again.main.posterior.sizes) == dict(first.main.posterior.sizes)
    old, new = (fit.main.posterior["roas"].values for fit in (first, again))
    np.testing.assert_array_equal(new[:, :250], old[:, 1::2])
    assert not np.isin(new[:, 250:], old).any()
    assert again.key != first.key


@pytest.mark.parametrize("shape", ["national", "geo"])
def test_coordinates_do_not_depend_on_threads(shape: str) -> None:
    data = cases.dataset(shape)
    problem = log_posterior(make_spec(data, cases.settings()), data)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(problem.within(whiten(problem).coordinates).block)
    # By bytes: the block's padding may be NaN.
    assert found[0].tobytes() == found[1].tobytes()


def test_code_is_found_where_it_was_put() -> None:
    c_functions()
    assert on_disk()


def test_a_fit_gives_its_plain_model() -> None:
    data = cases.dataset("national", channels=2)
    spec = make_spec(data, cases.settings().model_copy(update={"channels": {}}))
    fit = fit_model(data, spec, seeded(draws=20, tune=50, chains=2))
    model = fit.to_pymc()
    assert {variable.name for variable in model.free_RVs} <= set(fit.main.posterior)
    assert {"outcome"} == {variable.name for variable in model.observed_RVs}
