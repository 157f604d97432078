"""The coordinates that the fast engine samples in: maps, Jacobians, and whether they do what they are for."""

from dataclasses import replace

import engine_cases as cases
import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from mmm.inference.engine import log_posterior, preview
from mmm.inference.engine.coordinates import Coordinates, half_normal_score, normal_score
from mmm.inference.engine.mode import hessian
from mmm.inference.engine.problem import Problem
from mmm.inference.engine.whitening import whiten
from mmm.model.kernels import sampler
from mmm.model.spec import make_spec

KINDS = [
    ("national", "normal"),
    ("geo", "normal"),
    ("national", "student_t"),
    ("geo", "student_t"),
    ("national", "no drift"),
]


def problem(shape: str, likelihood: str = "normal") -> Problem:
    """``no drift``: Student-t noise around a baseline without one."""
    data = cases.dataset(shape)
    if likelihood == "no drift":
        settings = cases.settings("student_t", baseline={"drift": None})
        return log_posterior(make_spec(data, settings), data)
    return log_posterior(make_spec(data, cases.settings(likelihood)), data)


def some_coordinates(p: Problem, seed: int = 2) -> Coordinates:
    """Every step of the map in use, with a dense linear part."""
    rng = np.random.default_rng(seed)
    dim, channels = p.layout.dim, len(p.spec.channels)
    bent = [p.layout["drift_sd"].start] if "drift_sd" in p.layout else []
    if "geo_sd" in p.layout:
        bent += range(p.layout["geo_sd"].start, p.layout["geo_sd"].stop)
    half = dim // 2
    order = rng.permutation(dim)
    factors = tuple(
        (part, np.eye(len(part)) + 0.1 * rng.standard_normal((len(part), len(part))))
        for part in (order[:half], order[half:])
    )
    others = drift = 0
    if not p.linear.integrated:
        drift = p.layout["drift_raw"].shape[0] if "drift_raw" in p.layout else 0
        others = len(p.array("precision")) + len(p.array("lone_precision")) - drift
    return Coordinates(
        centre=0.2 * rng.standard_normal(dim),
        factors=factors,
        given=1e-3 * rng.standard_normal((others, others)),
        onto=0.1 * rng.standard_normal((others, drift)),
        known=np.append(rng.uniform(0.0, 20.0, drift), 0.3) if others else np.zeros(0),
        bent=np.array(bent, dtype=np.intp),
        bent_scale=rng.uniform(0.2, 0.5, len(bent)),
        centring=np.stack([rng.random(channels), -1.0 + 0.3 * rng.standard_normal(channels)]),
    )


def test_half_normal_score_is_the_quantile_map() -> None:
    w = np.linspace(-9, 9, 401)
    q = np.array([sampler.half_normal_score(v) for v in w])
    assert np.allclose(q, half_normal_score(w), rtol=2e-14)
    assert np.allclose(stats.halfnorm.sf(q[w > 0]), stats.norm.sf(w[w > 0]), rtol=1e-11)
    assert np.allclose(stats.halfnorm.cdf(q[w < 0]), stats.norm.cdf(w[w < 0]), rtol=1e-11)
    assert np.allclose(normal_score(q), w, atol=1e-12)


@pytest.mark.parametrize(("shape", "likelihood"), KINDS)
def test_density_in_coordinates_is_the_density_with_the_jacobian(shape: str, likelihood: str) -> None:
    """log p(z) - log p(x(z)) must be the log determinant of dx/dz, which finite differences give."""
    p = problem(shape, likelihood)
    map_ = some_coordinates(p)
    within = p.within(map_)
    log_det_linear = sum(np.linalg.slogdet(f)[1] for _, f in map_.factors)
    z = 0.5 * np.random.default_rng(4).standard_normal(p.layout.dim)
    step = 1e-6

    def to_x(z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return within.settled(map_.to_x(p.layout, z))

    columns = [(to_x(z + step * e) - to_x(z - step * e)) / (2 * step) for e in np.eye(len(z))]
    log_det = np.linalg.slogdet(np.stack(columns, axis=1))[1]
    value, grad = within.value_and_gradient(z)
    at_x, _ = p.value_and_gradient(to_x(z))
    assert value + log_det_linear == pytest.approx(at_x + log_det, abs=1e-6)
    up, _ = within.many(z + step * np.eye(len(z)))
    down, _ = within.many(z - step * np.eye(len(z)))
    assert np.abs((up - down) / (2 * step) - grad).max() < 1e-6 * np.abs(grad).max()


@pytest.mark.parametrize(("shape", "likelihood"), KINDS)
def test_map_can_be_turned_round(shape: str, likelihood: str) -> None:
    p = problem(shape, likelihood)
    map_ = some_coordinates(p)
    x = map_.to_x(p.layout, np.random.default_rng(1).standard_normal(p.layout.dim))
    settled = p.within(map_).settled(x)
    assert np.allclose(p.within(map_).settled(settled, back=True), x, atol=1e-10)
    assert np.array_equal(settled, x) == (likelihood == "normal")
    y = map_.before_linear(p.layout, x)
    back = replace(
        Coordinates.identity(p.layout.dim, 5), bent=map_.bent, bent_scale=map_.bent_scale, centring=map_.centring
    )
    assert np.allclose(back.to_x(p.layout, y), x, atol=1e-10)


@pytest.mark.parametrize("shape", cases.SHAPES)
def test_whitened_density_is_close_to_a_standard_normal_at_its_centre(shape: str) -> None:
    p = problem(shape)
    within = p.within(whiten(p).coordinates)
    dim = p.layout.dim
    _, up = within.many(1e-4 * np.eye(dim))
    _, down = within.many(-1e-4 * np.eye(dim))
    curvature = (down - up) / 2e-4
    diagonal = np.diag(curvature)
    assert (diagonal > 0.2).all()
    assert (diagonal < 5.0).all()
    if shape.startswith("national"):
        _, grad = within.value_and_gradient(np.zeros(dim))
        assert np.abs(grad).max() < 0.05
        assert np.allclose(curvature, np.eye(dim), atol=0.02)


@pytest.mark.parametrize("shape", ["national", "geo"])
def test_sampled_coefficients_hardly_depend_on_the_media(shape: str) -> None:
    """In the sampler's coordinates an effect may grow without the baseline having to follow."""
    p = problem(shape, "student_t")
    found = whiten(p)
    plain = Coordinates.identity(p.layout.dim, len(p.spec.channels))
    parts = {name: getattr(found.coordinates, name) for name in ("given", "onto", "known")}
    within = p.within(replace(plain, **parts))
    first = p.layout.dim - len(p.array("precision")) - len(p.array("lone_precision"))

    def strongest(of: Problem, x: npt.NDArray[np.float64]) -> float:
        curvature = hessian(of, x)
        scale = np.sqrt(np.abs(np.diag(curvature)))
        return float(np.abs(curvature / scale / scale[:, None])[:first, first:].max())

    assert strongest(within, within.settled(found.x, back=True)) < 0.3
    assert strongest(p, found.x) > 0.5


def test_not_positive_definite_curvature_is_repaired_and_said() -> None:
    from mmm.inference.engine.whitening import _factors

    bad = np.array([[1.0, 2.0], [2.0, 1.0]])
    factors, repaired = _factors(bad, [np.arange(2)])
    assert repaired == 1
    assert np.isfinite(factors[0][1]).all()
    assert np.linalg.matrix_rank(factors[0][1]) == 2


def test_preview_is_labelled_and_cannot_pass_for_a_fit() -> None:
    data = cases.dataset("geo")
    spec = make_spec(data, cases.settings())
    tree = preview(spec, data, count=50, seed=1)
    assert "not a fit" in tree["posterior"].attrs["approximation"]
    assert "sample_stats" not in tree.children
    assert tree["posterior"]["roas"].shape == (1, 50, 5)
    assert np.isfinite(tree["posterior"]["log_beta"]).all()
