"""The fast engine's density and gradient against the plain PyMC model, and its integrals against the density itself."""

import functools

import engine_cases as cases
import numpy as np
import pymc as pm
import pytest
from plain_model import AS_WRITTEN, in_engine_order

from mmm.inference.engine import log_posterior
from mmm.inference.engine.draws import posterior, terms_of
from mmm.inference.engine.layout import Linear
from mmm.inference.engine.problem import Problem
from mmm.model.build import build
from mmm.model.evidence import NO_EVIDENCE, Evidence
from mmm.model.kernels import draws as draw_kernel
from mmm.model.spec import make_spec

POINTS = 50
LIKELIHOODS = ("normal", "student_t")
# Every shape once, each likelihood with one geo and with several: a plain model takes seconds to differentiate.
PAIRS = (
    ("national", "normal"),
    ("national_history", "student_t"),
    ("geo", "student_t"),
    ("geo_ragged", "normal"),
    ("geo_history", "normal"),
)


def problem(
    shape: str, likelihood: str = "normal", *, integrated: bool | None = None, evidence: Evidence = NO_EVIDENCE
) -> Problem:
    data = cases.dataset(shape)
    return log_posterior(make_spec(data, cases.settings(likelihood)), data, evidence, integrated=integrated)


def evidence_of(shape: str, likelihood: str) -> Evidence:
    """Experiments in two of the shapes, with normal errors in one likelihood and Student-t errors in the other."""
    if shape not in ("national_history", "geo_ragged"):
        return NO_EVIDENCE
    return cases.evidence(shape, 4.0 if likelihood == "student_t" else None)


@functools.cache
def plain_model(shape: str, likelihood: str) -> pm.Model:
    return build(problem(shape, likelihood).spec, cases.dataset(shape), evidence_of(shape, likelihood), fused=False)


def points(p: Problem, n: int, seed: int = 3) -> np.ndarray:
    return 0.7 * np.random.default_rng(seed).standard_normal((n, p.layout.dim))


@pytest.mark.parametrize(("shape", "likelihood"), PAIRS)
def test_density_and_gradient_equal_the_plain_model(shape: str, likelihood: str) -> None:
    """Every family is in every case; without the integral all three densities are the same function.

    The three: the readable graph, the same model with the media response as one operation, and the engine.
    """
    p = problem(shape, likelihood, integrated=False, evidence=evidence_of(shape, likelihood))
    model = plain_model(shape, likelihood)
    curve_scale = model.replace_rvs_by_values([model["log_beta"]])[0]
    plain = model.compile_fn([model.logp(), model.dlogp(), curve_scale], mode=AS_WRITTEN)
    fused = build(p.spec, cases.dataset(shape), evidence_of(shape, likelihood))
    assert [v.name for v in fused.value_vars] == [v.name for v in model.value_vars]
    with_operation = fused.compile_fn([fused.logp(), fused.dlogp()], mode=AS_WRITTEN)
    at = points(p, 20)
    log_beta = posterior(p, at[None], seed=1)["log_beta"].values[0]
    for i, x in enumerate(at):
        point = p.layout.pymc_point(x)
        expected, joined, curve = plain(point)
        assert np.allclose(log_beta[i], curve, rtol=0, atol=1e-11)
        gradient = in_engine_order(model, p, point, joined)
        value, grad = p.value_and_gradient(x)
        tolerance = 1e-9 * max(1.0, np.abs(gradient).max())
        assert abs(value - expected) < tolerance
        assert np.abs(grad - gradient).max() < tolerance
        value, grad = with_operation(point)
        assert abs(value - expected) < tolerance
        assert np.abs(grad - joined).max() < tolerance


@pytest.mark.parametrize("integrated", [True, False])
@pytest.mark.parametrize("shape", cases.SHAPES)
def test_gradient_equals_finite_differences(shape: str, integrated: bool) -> None:
    p = problem(shape, integrated=integrated, evidence=cases.evidence(shape))
    step = 1e-5
    for x in points(p, 3):
        _, grad = p.value_and_gradient(x)
        up, _ = p.many(x + step * np.eye(p.layout.dim))
        down, _ = p.many(x - step * np.eye(p.layout.dim))
        assert np.abs((up - down) / (2 * step) - grad).max() < 1e-7 * max(1.0, np.abs(grad).max())


def test_what_is_eliminated_first_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where columns of fixed scale are more than the drift's they are, and the drift's directions are dense."""
    found = problem("national_wide", evidence=cases.evidence("national_wide"))
    assert found.array("lone_square").size > cases.WIDE > found.array("precision").size
    monkeypatch.setattr(Linear, "fixed_turned", False)
    other = problem("national_wide", evidence=cases.evidence("national_wide"))
    assert other.array("precision").size == found.array("lone_square").size
    for x in points(found, 20):
        (value, grad), (expected, by) = found.value_and_gradient(x), other.value_and_gradient(x)
        assert abs(value - expected) < 1e-12 * abs(expected)
        assert np.abs(grad - by).max() < 1e-12 * np.abs(by).max()


def conditional(full: Problem, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and precision of the coefficients given ``theta``, from the density in which they are sampled.

    That density is quadratic in them, so its gradients at the unit vectors are all there is to know.
    """
    n = full.layout.dim - len(theta)
    at = np.concatenate([np.tile(theta, (n + 1, 1)), np.vstack([np.zeros(n), np.eye(n)])], axis=1)
    _, grads = full.many(at)
    grads = grads[:, len(theta) :]
    precision = grads[0] - grads[1:]
    return np.linalg.solve(precision, grads[0]), precision


@pytest.mark.parametrize("shape", cases.SHAPES)
def test_integral_over_coefficients_is_exact(shape: str) -> None:
    """log p(theta, y) = log p(theta, b, y) - log p(b | theta, y) at any b."""
    part, full = problem(shape), problem(shape, integrated=False)
    rng = np.random.default_rng(5)
    for theta in points(part, POINTS):
        mean, precision = conditional(full, theta)
        b = mean + rng.standard_normal(len(mean)) * 0.1
        log_conditional = 0.5 * (
            np.linalg.slogdet(precision)[1] - len(b) * np.log(2 * np.pi) - (b - mean) @ precision @ (b - mean)
        )
        joint, joint_grad = full.value_and_gradient(np.concatenate([theta, b]))
        value, _ = part.value_and_gradient(theta)
        scale = max(1.0, np.abs(joint_grad).max())
        assert abs(value - (joint - log_conditional)) < 1e-7 * scale


@pytest.mark.parametrize("shape", cases.SHAPES)
def test_gradient_of_the_integral_is_the_mean_gradient(shape: str) -> None:
    """Fisher's identity, with the mean over p(b | theta, y) by Gaussian quadrature that is exact for a quadratic.

    Holds for all parameters but those the coefficients are scaled by, which the finite differences cover.
    """
    part, full = problem(shape), problem(shape, integrated=False)
    theta = points(part, 1)[0]
    mean, precision = conditional(full, theta)
    root = np.linalg.cholesky(np.linalg.inv(precision)) * np.sqrt(len(mean))
    nodes = np.concatenate([mean + root.T, mean - root.T])
    _, grads = full.many(np.concatenate([np.tile(theta, (len(nodes), 1)), nodes], axis=1))
    expected = grads[:, : len(theta)].mean(axis=0)
    _, grad = part.value_and_gradient(theta)
    assert np.abs(grad - expected).max() < 1e-7 * max(1.0, np.abs(grad).max())


@pytest.mark.parametrize("shape", cases.SHAPES)
def test_coefficients_are_drawn_from_their_conditional(shape: str) -> None:
    """A draw is linear in its noise: unit noise gives the root of the covariance, no noise the mean."""
    part, full = problem(shape), problem(shape, integrated=False)
    theta = points(part, 1)[0]
    mean, precision = conditional(full, theta)
    n, by = part.array("precision").shape[0], part.array("lone_square").shape[0]
    noise = np.vstack([np.zeros(n + by), np.eye(n + by)])
    dense, lone = np.empty((len(noise), n)), np.empty((len(noise), by))
    log_beta = np.empty((len(noise), len(part.spec.geos), len(part.spec.channels)))
    tiled = np.tile(theta, (len(noise), 1))
    draw_kernel.coefficients(part.block, part.block.view(np.int64), tiled, noise, log_beta, dense, lone)
    found = terms_of(part, dense, lone)
    order = full.linear.dense + [t for t in full.linear.terms if t.dim == "geo" and t not in full.linear.dense]
    drawn = np.concatenate([found[t.name][1] - t.mean for t in order], axis=1)
    # The density's own coordinates have the drift before its scale.
    drift = full.layout["drift_raw"]
    own = slice(drift.start - len(theta), drift.stop - len(theta))
    drawn[:, own] = drawn[:, own] @ drift.rotation / np.exp(theta[part.layout["drift_sd"].start])
    root = drawn[1:] - drawn[0]
    assert np.allclose(drawn[0], mean, atol=1e-8)
    assert np.allclose(root.T @ root, np.linalg.inv(precision), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("shape", ["national", "geo_ragged"])
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_posterior_has_the_plain_models_variables(shape: str, likelihood: str) -> None:
    p = problem(shape, likelihood)
    model = plain_model(shape, likelihood)
    made = posterior(p, points(p, 6).reshape(2, 3, -1), seed=1)
    wanted = {v.name: tuple(model.named_vars_to_dims.get(v.name, ())) for v in model.free_RVs + model.deterministics}
    for name in made:
        assert made[name].dims[2:] == wanted.pop(str(name)), name
    assert not wanted
    for dim in set(made.dims) - {"chain", "draw"}:
        assert list(made[dim].values) == list(model.coords[str(dim)])
