"""What the fast engine samples: the prior without data, the same with and without the integral, calibrated ranks."""

import importlib.util
from pathlib import Path
from types import ModuleType

import arviz
import engine_cases as cases
import numpy as np
import pytest
import xarray as xr
from scipy import stats
from seeds import seeded

from mmm.errors import FitError
from mmm.inference.engine import log_posterior, prior, sample
from mmm.inference.engine.coordinates import Coordinates
from mmm.inference.engine.prior_draws import without_data
from mmm.inference.engine.run import _nuts, sample_problem
from mmm.model.spec import make_spec


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sbc = load(Path(__file__).parents[2] / "benchmarks" / "sbc.py")
QUICK = seeded(draws=400, tune=250, chains=2, target_accept=0.8, seed=5)


def test_sample_has_the_groups_and_variables_of_a_fit() -> None:
    data = cases.dataset("geo_ragged")
    spec = make_spec(data, cases.settings())
    tree = sample(spec, data, QUICK)
    posterior, statistics = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    assert posterior.sizes["chain"] == 2
    assert posterior.sizes["draw"] == 400
    assert {"diverging", "energy", "n_steps"} <= set(statistics)
    assert all(np.isfinite(posterior[name]).all() for name in posterior)
    assert statistics.attrs["seconds"]["sample"] > 0
    assert np.allclose(posterior["geo_deviation"].sum("geo"), 0.0, atol=1e-12)
    assert statistics["diverging"].mean() < 0.02


def test_same_seed_same_draws() -> None:
    data = cases.dataset("national")
    spec = make_spec(data, cases.settings())
    settings = QUICK.model_copy(update={"draws": 30, "tune": 50})
    first, second = (sample(spec, data, settings)["posterior"].to_dataset() for _ in range(2))
    xr.testing.assert_identical(first, second)
    third = sample(spec, data, settings.model_copy(update={"seed": settings.seed + 1}))["posterior"].to_dataset()
    assert not np.allclose(first["sigma"], third["sigma"])


@pytest.mark.parametrize(("shape", "likelihood"), [("national_history", "normal"), ("geo", "student_t")])
def test_without_data_the_prior_is_sampled(shape: str, likelihood: str) -> None:
    """Every transform with its Jacobian, every coordinate: what comes out must be what was stated."""
    data = cases.dataset(shape)
    spec = make_spec(data, cases.settings(likelihood))
    sampled = sample_problem(without_data(log_posterior(spec, data)), QUICK.model_copy(update={"draws": 1000}))
    stated = prior(spec, data, count=4000, seed=3)["prior"].to_dataset()
    drawn = sampled["posterior"].to_dataset()
    for name, values in stated.data_vars.items():
        got, want = drawn[name].values.reshape(2000, -1), values.values.reshape(4000, -1)
        worst = max(stats.ks_2samp(g, w).statistic for g, w in zip(got.T, want.T, strict=True))
        # Largest of up to 40 distances, draws not quite independent; a lost Jacobian gives 0.3.
        assert worst < 0.09, name
    effect = drawn[spec.effect_kind].values.reshape(-1, len(spec.channels))
    for c, channel in enumerate(spec.channels):
        share_below = (effect[:, c] < channel.effect.lower).mean(), (effect[:, c] < channel.effect.upper).mean()
        assert share_below == pytest.approx((0.05, 0.95), abs=0.025)


@pytest.mark.parametrize("shape", ["national", "geo"])
def test_posterior_is_the_same_with_and_without_the_integral(shape: str) -> None:
    """Without it the density is the plain model's, to rounding."""
    data = cases.dataset(shape, channels=3)
    spec = make_spec(data, cases.settings().model_copy(update={"channels": {}}))
    settings = QUICK.model_copy(update={"draws": 1000, "target_accept": 0.9})
    one, two = (
        sample_problem(log_posterior(spec, data, integrated=how), settings)["posterior"].to_dataset()
        for how in (True, False)
    )
    for name in one.data_vars:
        error = np.sqrt(arviz.mcse(one[[name]])[name] ** 2 + arviz.mcse(two[[name]])[name] ** 2)
        difference = np.abs(one[name].mean(("chain", "draw")) - two[name].mean(("chain", "draw")))
        assert (difference < 5 * error).all(), name
        # Where the draws lie, not only their mean: both ends of the central 68%, within their own Monte Carlo error.
        for prob in (0.16, 0.84):
            ends = [d[name].quantile(prob, ("chain", "draw")).drop_vars("quantile") for d in (one, two)]
            errors = [arviz.mcse(d[[name]], method="quantile", prob=prob)[name] for d in (one, two)]
            assert (np.abs(ends[0] - ends[1]) < 5 * np.sqrt(errors[0] ** 2 + errors[1] ** 2)).all(), name


def test_ranks_are_calibrated() -> None:
    """Too few to be sharp (make study-sbc has 500), enough to see a gross error: ranks at the ends or in the middle."""
    replications = 16
    dataset, spec = sbc.base(sbc.Case(), weeks=60)
    truths = sbc.stacked(prior(spec, dataset, count=replications, seed=2)["prior"].to_dataset())
    found = [sbc.ranks(dataset, spec, truths.isel(sample=[i]), i)[0] for i in range(replications)]
    for name in found[0]:
        values = (np.concatenate([f[name] for f in found]) + 0.5) / (sbc.KEPT + 1)
        assert 0.2 < values.mean() < 0.8, name
        assert 0.12 < values.std() < 0.42, name


def test_a_density_that_is_never_finite_is_a_fit_error() -> None:
    data = cases.dataset("national")
    problem = log_posterior(make_spec(data, cases.settings()), data)
    broken = problem.within(Coordinates.identity(problem.layout.dim, 5))
    broken.array("centre")[:] = np.nan
    with pytest.raises(FitError, match="could not start"):
        _nuts(broken, QUICK, progress=False)
