"""Each prior on the user's scale, with the Jacobian of its transform, against SciPy; planted errors are seen."""

import engine_cases as cases
import numpy as np
import pytest
from scipy import stats

from mmm.inference.engine import log_posterior
from mmm.inference.engine.prior_draws import without_data
from mmm.inference.engine.problem import Problem
from mmm.model.spec import make_spec

LOW, HIGH = -0.4, 0.7


def problem(shape: str, likelihood: str) -> Problem:
    data = cases.dataset(shape)
    return without_data(log_posterior(make_spec(data, cases.settings(likelihood)), data))


def stated(p: Problem, name: str, entry: int) -> object:
    """The prior of a parameter's entry on the scale that it is stated on."""
    spec = p.spec
    priors = {
        "roas": [c.effect for c in spec.channels],
        "half_saturation": [c.saturation.priors["half"] for c in spec.channels],
        "adstock_alpha": [c.adstock.priors["alpha"] for c in spec.channels],
        "adstock_delay": [c.adstock.priors["delay"] for c in spec.channels if c.adstock.family == "delayed"],
        "hill_slope": [c.saturation.priors["slope"] for c in spec.channels if c.saturation.family == "hill_sloped"],
    }
    if name in priors:
        prior = priors[name][entry]
        if name == "adstock_alpha":
            return stats.beta(prior.alpha, prior.beta)
        return stats.lognorm(prior.sigma, scale=np.exp(prior.mu))
    if name == "nu_excess":
        return stats.gamma(2.0, scale=10.0)
    assert spec.baseline.drift is not None
    scale = {"geo_sd": spec.geo_sd_scale, "sigma": spec.noise_scale, "drift_sd": spec.baseline.drift.scale}[name]
    return stats.halfnorm(scale=scale)


@pytest.mark.parametrize(("shape", "likelihood"), [("geo", "normal"), ("national", "student_t")])
def test_every_parameter_has_its_prior_and_its_jacobian(shape: str, likelihood: str) -> None:
    p = problem(shape, likelihood)
    middle = 0.1 * np.random.default_rng(1).standard_normal(p.layout.dim)
    seen = set()
    for part in p.layout.parts:
        if part.transform not in ("log", "logit"):
            continue
        seen.add(part.name)
        for entry in range(part.stop - part.start):
            at = np.tile(middle, (2, 1))
            at[:, part.start + entry] = LOW, HIGH
            rise = np.diff(p.many(at)[0])[0]
            x = np.array([LOW, HIGH])
            if part.transform == "log":
                theta, jacobian = np.exp(x), x
            else:
                theta = 1 / (1 + np.exp(-x))
                jacobian = np.log(theta * (1 - theta))
            density = np.diff(stated(p, part.name, entry).logpdf(theta))[0]  # type: ignore[attr-defined]
            assert rise == pytest.approx(density + np.diff(jacobian)[0], abs=1e-9), (part.name, entry)
            # Without its Jacobian it would not pass: the logit's is near even between these points, but not to 1e-9.
            assert abs(rise - density) > 1e-3, (part.name, entry)
    wanted = {"roas", "adstock_alpha", "half_saturation", "adstock_delay", "hill_slope", "sigma", "drift_sd"}
    assert seen == wanted | ({"geo_sd"} if shape == "geo" else set()) | (
        {"nu_excess"} if likelihood == "student_t" else set()
    )


def test_a_planted_error_in_any_derivative_is_seen() -> None:
    """The check of gradients, on a gradient in which one entry is off by a thousandth of the largest."""
    data = cases.dataset("geo")
    p = log_posterior(make_spec(data, cases.settings()), data)
    x = 0.5 * np.random.default_rng(2).standard_normal(p.layout.dim)
    _, gradient = p.value_and_gradient(x)
    step = 1e-5
    up, down = (p.many(x + sign * step * np.eye(len(x)))[0] for sign in (1, -1))
    limit = 1e-7 * max(1.0, np.abs(gradient).max())

    def caught(of: np.ndarray) -> bool:
        return bool(np.abs((up - down) / (2 * step) - of).max() > limit)

    assert not caught(gradient)
    for entry in range(len(x)):
        planted = gradient.copy()
        planted[entry] += 1e-3 * np.abs(gradient).max()
        assert caught(planted)
