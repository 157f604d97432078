"""A model whose chains do not agree is sampled again, longer; one whose chains agree is not."""

import engine_cases as cases
import numpy as np
import pytest
import xarray as xr
from threadpoolctl import threadpool_limits

from mmm.inference.convergence import shortfall
from mmm.inference.engine import log_posterior
from mmm.inference.engine.compiled import c_functions
from mmm.inference.engine.whitening import whiten
from mmm.inference.sample import _thinned, fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.kernels.sampler import on_disk
from mmm.model.spec import make_spec

# A warm-up too short to find a step size.
HASTY = SamplerSettings(draws=500, tune=10, chains=4, target_accept=0.55, seed=1)


def lines_of(sampler: SamplerSettings) -> tuple[xr.DataTree, list[str]]:
    data = cases.dataset("national", channels=2)
    said: list[str] = []
    fit = fit_model(
        data, make_spec(data, cases.settings().model_copy(update={"channels": {}})), sampler, report=said.append
    )
    return fit.main.tree, said


def short(tree: xr.DataTree) -> str:
    return shortfall(tree["posterior"].to_dataset(), tree["sample_stats"]["diverging"])


def test_a_sample_that_falls_short_is_taken_again_and_keeps_its_size() -> None:
    once, silent = lines_of(HASTY.model_copy(update={"attempts": 1}))
    again, said = lines_of(HASTY.model_copy(update={"attempts": 3}))
    assert short(once)
    assert [line for line in silent if "again" in line] == []
    assert any(line == f"Sampled again, 3 times as long: {short(once)}." for line in said)
    assert short(again) == ""
    for group in ("posterior", "sample_stats"):
        assert dict(again[group].sizes) == dict(once[group].sizes)
        assert again[group]["draw"].values.tolist() == list(range(500))


def test_a_sample_that_agrees_is_taken_once() -> None:
    tree, said = lines_of(SamplerSettings(draws=1000, tune=500, seed=1))
    assert short(tree) == ""
    assert not [line for line in said if "again" in line]


def test_a_quick_look_is_taken_once() -> None:
    tree, said = lines_of(HASTY.model_copy(update={"draws": 100, "chains": 2}))
    assert short(tree)
    assert not [line for line in said if "again" in line]


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
    found = _thinned(tree, 3)
    assert found["posterior"]["x"].values[0].tolist() == [2.0, 5.0, 8.0, 11.0]
    assert found["sample_stats"]["energy"].values[0].tolist() == [2.0, 5.0, 8.0, 11.0]
    assert found["sample_stats"]["diverging"].values.tolist() == [[False, True, False, False], [False] * 4]


def test_shortfall_names_what_is_wrong() -> None:
    rng = np.random.default_rng(1)
    good = xr.Dataset({"x": (("chain", "draw"), rng.standard_normal((4, 500)))})
    none = xr.DataArray(np.zeros((4, 500), dtype=bool), dims=("chain", "draw"))
    assert shortfall(good, none) == ""
    apart = good + xr.DataArray([0.0, 0.0, 0.0, 1.0], dims="chain")
    assert shortfall(apart, none).startswith("R-hat 1.")
    assert shortfall(good.isel(draw=slice(90)), none).endswith("effective draws")
    some = none.copy()
    some[1, 3] = True
    assert shortfall(good, some) == "1 divergent draws"


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
    fit = fit_model(data, spec, SamplerSettings(draws=20, tune=50, chains=2))
    model = fit.to_pymc()
    assert {variable.name for variable in model.deterministics} - {"drift_raw"} >= {"drift"}
    assert {"outcome"} == {variable.name for variable in model.observed_RVs}
