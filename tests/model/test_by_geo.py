"""Coefficients of the baseline that differ between geos, partially pooled."""

import engine_cases as cases
import numpy as np
import pytest
from role_cases import posterior_of_prior

from mmm.inference.engine import log_posterior
from mmm.model.baseline import terms
from mmm.model.build import build
from mmm.model.draws import baseline_draws, stacked
from mmm.model.settings import BaselineSettings
from mmm.model.spec import make_spec

SETTINGS = cases.settings(
    baseline=BaselineSettings.model_validate(
        {
            "by_geo": ["trend", "seasonality", "public_holidays"],
            "calendar": {"holidays": {"country": "DE"}},
            "seasonality_order": 1,
        }
    )
)


def test_density_and_gradient_equal_the_plain_model() -> None:
    data = cases.dataset("geo_ragged")
    spec = make_spec(data, SETTINGS)
    engine = log_posterior(spec, data, integrated=False)
    plain = build(spec, data, fused=False)
    logp = plain.compile_fn(plain.logp(), mode="FAST_COMPILE")
    x = 0.5 * np.random.default_rng(3).standard_normal(engine.layout.dim)
    value, gradient = engine.value_and_gradient(x)
    assert value == pytest.approx(float(logp(engine.layout.pymc_point(x))), rel=1e-10)
    places = [engine.layout[name].start for name in ("trend_geo_sd", "seasonality_geo_sd", "public_holidays_geo_sd")]
    step = 1e-5 * np.eye(engine.layout.dim)[places]
    differences = (engine.many(x + step)[0] - engine.many(x - step)[0]) / 2e-5
    np.testing.assert_allclose(gradient[places], differences, rtol=1e-5, atol=1e-7)


def test_they_add_to_their_terms_part() -> None:
    """In the decomposition there is one season, the common one and what a geo's own adds; nothing on national data."""
    data = cases.dataset("geo")
    spec = make_spec(data, SETTINGS)
    samples = stacked(posterior_of_prior(spec, data))
    control = data.data["control"].values
    parts = baseline_draws(spec, samples, data.dates, control, 1)
    assert not any(name.endswith("_by_geo") for name in parts)
    found = {term.name: term for term in terms(spec, data.dates, control)}
    common = found["seasonality"].values(samples["seasonality"].transpose("sample", ...).values)
    own = found["seasonality_by_geo"].values(samples["seasonality_by_geo"].transpose("sample", ...).values)
    np.testing.assert_allclose(parts["seasonality"], (common + own) * np.array(spec.outcome_scale), rtol=1e-9)
    assert np.abs(own - own[:, :, :1]).max() > 0
    national = make_spec(cases.dataset("national"), SETTINGS)
    assert not national.baseline.by_geo
