"""The JAX engine: same posterior and same variables as the others; a clear error where the extra is not installed."""

import importlib.util

import arviz
import engine_cases as cases
import numpy as np
import pytest
import xarray as xr
from seeds import seeded

from mmm.errors import SettingsError
from mmm.inference import jax_sampler
from mmm.inference.engine import log_posterior, sample
from mmm.inference.keys import fit_key
from mmm.inference.sample import choose_engine, fit_model
from mmm.model.build import build
from mmm.model.spec import make_spec

needs_extra = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in jax_sampler.PACKAGES),
    reason="the optional extra 'jax' is not installed: uv pip install -e '.[jax]' runs this test",
)


SETTINGS = seeded(draws=1000, tune=500, chains=2, target_accept=0.9, seed=3, engine="jax")


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = cases.dataset("national")
    spec = make_spec(data, cases.settings())
    monkeypatch.setattr(jax_sampler, "PACKAGES", ("jax", "no_such_package"))
    with pytest.raises(SettingsError, match=r"no_such_package.*-e '\.\[jax\]'"):
        choose_engine(SETTINGS)
    # A stored fit is looked up before anything is sampled.
    assert fit_key(data, spec, SETTINGS) != fit_key(data, spec, SETTINGS.model_copy(update={"engine": "plain"}))


@needs_extra
@pytest.mark.parametrize("shape", ["national_history", "geo", "geo_ragged"])
def test_density_and_gradient_are_those_of_the_fast_engine(shape: str) -> None:
    """Every family is in every case; without the integral both densities are the same function."""
    import jax
    from pymc.sampling.jax import get_jaxified_logp

    data, evidence = cases.dataset(shape), cases.evidence(shape)
    spec = make_spec(data, cases.settings("student_t" if shape == "geo" else "normal"))
    model = build(spec, data, evidence, fused=False)
    problem = log_posterior(spec, data, evidence, integrated=False)
    # PyMC's name for the log density; NumPyro takes its negative.
    density = jax.jit(jax.value_and_grad(get_jaxified_logp(model)))
    for x in 0.7 * np.random.default_rng(4).standard_normal((10, problem.layout.dim)):
        point = problem.layout.pymc_point(x)
        value, by_part = density([point[v.name] for v in model.value_vars])
        parts = {v.name: np.ravel(part) for v, part in zip(model.value_vars, by_part, strict=True)}
        parts["drift_raw__"] = parts["drift_raw__"] @ problem.layout["drift_raw"].rotation
        gradient = np.concatenate([parts[name] for name in point])
        expected, grad = problem.value_and_gradient(x)
        tolerance = 1e-9 * max(1.0, np.abs(grad).max())
        assert abs(float(value) - expected) < tolerance
        assert np.abs(gradient - grad).max() < tolerance


@needs_extra
@pytest.mark.parametrize("shape", ["national", "geo_ragged"])
def test_posterior_is_that_of_the_fast_engine(shape: str) -> None:
    data = cases.dataset(shape, channels=3)
    spec = make_spec(data, cases.settings().model_copy(update={"channels": {}}))
    fit = fit_model(data, spec, SETTINGS)
    assert fit.engine == "jax"
    assert set(fit.versions) >= {"jax", "numpyro"}
    one = fit.main.posterior
    two = sample(spec, data, SETTINGS.model_copy(update={"chains": 4}))["posterior"].to_dataset()
    assert set(one) == set(two)
    for name in one.data_vars:
        assert one[name].dims == two[name].dims
        xr.testing.assert_equal(one[name].drop_vars(["chain", "draw"]).coords.to_dataset(),
                                two[name].drop_vars(["chain", "draw"]).coords.to_dataset())  # fmt: skip
        for method in ("mean", "sd"):
            found = [getattr(p[name], method.replace("sd", "std"))(("chain", "draw")) for p in (one, two)]
            errors = [arviz.mcse(p[[name]], method=method)[name] for p in (one, two)]
            # Of a heavy tail, as half-saturation's, the sd is known to a fifth at best.
            assert (np.abs(found[0] - found[1]) < 5 * np.hypot(*errors)).all(), (name, method)
    statistics = fit.main.tree["sample_stats"].to_dataset()
    # Where draws were added, E-BFMI is kept with them.
    assert set(statistics) - {"e_bfmi"} == {"diverging", "energy", "n_steps", "step_size", "logp", "mean_tree_accept"}
    assert statistics["diverging"].mean() < 0.02
