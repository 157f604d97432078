"""Scales of the baseline stated as intervals: 90% of what the prior draws lies between the ends that were stated."""

import re
from typing import Any

import engine_cases as cases
import numpy as np
import pytest

from mmm.analysis.prior import prior_fit
from mmm.inference.fit import Fit
from mmm.model.mixture import make_mixture
from mmm.model.settings import BaselineSettings, ModelSettings
from mmm.model.spec import make_spec

ENDS = {"lower": -0.2, "upper": 0.2}


@pytest.fixture(scope="module")
def drawn() -> Fit:
    """The prior of a national panel all of whose scales are stated."""
    calendar = {
        "holidays": {"country": "DE", "scale": ENDS},
        "months": {"scale": ENDS},
        "changepoints": {"every": 90, "scale": ENDS},
        "events": [{"name": "fair", "start": "2022-05-02", "end": "2022-05-08", "scale": ENDS}],
    }
    baseline = {
        "intercept_scale": {"lower": 0.5, "upper": 0.9}, "trend_scale": ENDS, "seasonality_scale": ENDS,
        "drift": {"scale": ENDS}, "calendar": calendar,
    }  # fmt: skip
    settings = ModelSettings.model_validate({"mixture": None, "baseline": baseline, "noise_scale": ENDS})
    data = cases.dataset("national")
    return prior_fit(data, make_mixture(data, settings), draws=6000, seed=4)


def _coefficients(fit: Fit, name: str) -> np.ndarray:
    values = fit.members[0].posterior[name].values
    return np.asarray(values.reshape(-1, values.shape[-1]))


@pytest.mark.parametrize("name", ["trend", "events", "public_holidays", "months_of_year", "changes_of_slope"])
def test_an_effect_lies_where_it_was_stated(drawn: Fit, name: str) -> None:
    """A coefficient is what the term adds where it fills a period (a year, for trends), in shares of the usual level,
    which is one in scaled outcome."""
    effect = _coefficients(drawn, name)
    np.testing.assert_allclose(np.quantile(effect, [0.05, 0.95]), [-0.2, 0.2], rtol=0.08)


@pytest.mark.parametrize("name", ["seasonality", "drift"])
def test_a_period_lies_where_it_was_stated(drawn: Fit, name: str) -> None:
    data = drawn.dataset
    terms = drawn.draws().baseline(data.dates, data.data["control"].values, 0)
    added = terms[name] / drawn.spec.outcome_scale[0]
    low, high = np.quantile(added, [0.05, 0.95])
    np.testing.assert_allclose([low, high], [-0.2, 0.2], rtol=0.1)


def test_level_and_noise(drawn: Fit) -> None:
    level = _coefficients(drawn, "intercept")[:, 0]
    np.testing.assert_allclose(np.quantile(level, [0.05, 0.95]), [0.5, 0.9], rtol=0.03)
    sigma = drawn.members[0].posterior["sigma"].values.ravel()
    noise = sigma * np.random.default_rng(1).standard_normal(len(sigma))
    np.testing.assert_allclose(np.quantile(noise, [0.05, 0.95]), [-0.2, 0.2], rtol=0.08)


def test_numbers_mean_what_they_did() -> None:
    data = cases.dataset("geo")
    base = make_spec(data, ModelSettings(mixture=None)).baseline
    assert base.trend_sd == 0.5 * base.outcome_sd == base.seasonality_sd


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"trend_scale": {"lower": -0.1, "upper": 0.2}}, "lies evenly around 0, so {lower: -0.2, upper: 0.2}"),
        ({"seasonality_scale": {"lower": 0.1, "upper": 0.2}}, "less than 0"),
        ({"intercept_scale": {"lower": 0.9, "upper": 0.5}}, "lower (0.9) must be below upper (0.5)"),
    ],
)
def test_what_cannot_be_meant_is_refused(stated: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        BaselineSettings.model_validate(stated)
