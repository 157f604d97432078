"""The documented way to PyMC: a fit's posterior and its plain model belong together."""

from dataclasses import replace
from pathlib import Path

import engine_cases as cases
import numpy as np
import pymc as pm
import pytest
import xarray as xr
from seeds import seeded

from mmm.analysis import analyse
from mmm.inference.engine import log_posterior
from mmm.inference.engine.draws import posterior
from mmm.inference.fit import Fit, Member
from mmm.inference.sample import fit_model
from mmm.inference.store import load, save
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec


def a_fit(shape: str, likelihood: str) -> Fit:
    """Of every family at once, with any draws; noise is next to nothing, so that a predictive draw is its mean."""
    data = cases.dataset(shape)
    spec = make_spec(data, cases.settings(likelihood))
    problem = log_posterior(spec, data)
    points = 0.5 * np.random.default_rng(8).standard_normal((2, 5, problem.layout.dim))
    draws = posterior(problem, points, seed=1)
    draws = draws.assign(sigma=1e-12 * draws["sigma"])
    stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((2, 5), dtype=bool))})
    tree = xr.DataTree.from_dict({"posterior": draws, "sample_stats": stats})
    return Fit(data, (Member(spec, tree, "any", "fast"),), seed=1, key="any")


def predicted(fit: Fit) -> xr.DataArray:
    """Mean of PyMC's predictive draws in units of the outcome, as the docs make them."""
    found = pm.sample_posterior_predictive(
        fit.main.tree, model=fit.to_pymc(), random_seed=3, progressbar=False, compile_kwargs={"mode": "FAST_COMPILE"}
    )
    outcome = found["posterior_predictive"]["outcome"].mean(("chain", "draw"))
    scale = xr.DataArray(np.array(fit.spec.outcome_scale), dims="geo", coords={"geo": list(fit.spec.geos)})
    if outcome.dims == ("date", "geo"):
        return outcome * scale
    cells = [str(cell).split(" ", 1) for cell in outcome["cell"].values]
    return outcome * scale.sel(geo=xr.DataArray([geo for _, geo in cells], dims="cell"))


def fitted(fit: Fit) -> np.ndarray:
    """The same cells of the analysis, by date and geo."""
    table = analyse(fit).fitted_geo.dropna(subset="actual").sort_values(["date", "geo"])
    return table["mean"].to_numpy()


@pytest.mark.parametrize("likelihood", ["normal", "student_t"])
@pytest.mark.parametrize("shape", ["national_history", "geo_ragged"])
def test_posterior_predictive_of_the_plain_model_is_that_of_the_analysis(shape: str, likelihood: str) -> None:
    fit = a_fit(shape, likelihood)
    assert predicted(fit).values.ravel() == pytest.approx(fitted(fit), rel=1e-8)


def test_a_fit_stored_without_deviations_gets_them_back(tmp_path: Path) -> None:
    """Fits of earlier versions were stored without: PyMC would draw them from their prior."""
    fit = a_fit("geo_ragged", "normal")
    main = fit.main
    earlier = main.tree.copy()
    earlier["posterior"] = xr.DataTree(main.posterior.drop_vars("geo_deviation"))
    save(replace(fit, members=(replace(main, tree=earlier),)), tmp_path / "any")
    found = load(tmp_path / "any")
    xr.testing.assert_allclose(found.main.posterior["geo_deviation"], main.posterior["geo_deviation"], atol=1e-9)
    free = {v.name: found.to_pymc().named_vars_to_dims.get(v.name, ()) for v in found.to_pymc().free_RVs}
    assert {name: found.main.posterior[name].dims[2:] for name in free} == {k: tuple(v) for k, v in free.items()}


def test_the_plain_engine_samples_what_the_fast_one_samples() -> None:
    """The same variables and groups: whoever reads a fit does not ask how it was made."""
    data = cases.dataset("national", channels=1)
    baseline = {"drift": None, "seasonality_order": 1}
    spec = make_spec(data, ModelSettings.model_validate({"mixture": None, "lookback": "2 weeks", "baseline": baseline}))
    few = seeded(draws=20, tune=20, chains=2, attempts=1)
    plain, fast = (fit_model(data, spec, few.model_copy(update={"engine": engine})) for engine in ("plain", "fast"))
    assert (plain.engine, fast.engine) == ("plain", "fast")
    assert plain.key != fast.key
    for name, values in fast.main.posterior.data_vars.items():
        assert plain.main.posterior[name].dims == values.dims, name
        assert np.isfinite(plain.main.posterior[name]).all(), name
    for group in ("posterior", "sample_stats"):
        assert {"chain": 2, "draw": 20}.items() <= dict(plain.main.tree[group].sizes).items()
    assert {"diverging", "energy"} <= set(plain.main.tree["sample_stats"].to_dataset())
