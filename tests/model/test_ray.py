"""Effects along a direction: differences of totals, whatever is kept of what was carried over."""

import numpy as np
import pytest

from mmm.errors import FitError
from mmm.model import ray, response
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.ray import Ray
from mmm.model.response import ResponseDraws

N, T, G, C = 6, 24, 2, 3


def _draws(*, first: bool = False, after: bool = False, sign: bool = False) -> ResponseDraws:
    rng = np.random.default_rng(3)
    kinds = np.tile([adstock_kind(name, normalised=True) for name in ("geometric", "delayed", "geometric")], (N, 1))
    return ResponseDraws(
        channels=("a", "b", "c"),
        geos=("x", "y"),
        adstock_kind=kinds + (2 if first else 0),
        adstock_par=np.stack([rng.uniform(0.1, 0.9, (N, C)), rng.uniform(0, 4, (N, C))], axis=2),
        saturation_kind=rng.choice([saturation_kind(name) for name in ("hill", "hill_sloped", "logistic")], (N, C)),
        saturation_par=np.stack([rng.uniform(0.3, 3, (N, C)), rng.choice([0.8, 2.5], (N, C))], axis=2),
        log_beta=rng.normal(1, 1, (N, G, C)),
        media_scale=rng.uniform(0.5, 5, (G, C)),
        lookback=5,
        own_lookback=(5, 2, 0),
        sign=np.array([1.0, -1.0, 1.0]) if sign else None,
        after=rng.dirichlet(np.ones(4), (N, C)) if after else None,
    )


def _media() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Media of the past and of a window that begins in period 9, where one geo spends nothing on one channel."""
    rng = np.random.default_rng(4)
    base, direction = rng.uniform(0, 4, (T, G, C)), np.zeros((T, G, C))
    direction[9:16] = rng.uniform(0.5, 3, (7, G, C))
    base[9:], direction[:, 1, 2] = 0.0, 0.0
    return base, direction, rng.uniform(0.5, 2, (T, G))


@pytest.mark.parametrize("kind", [{}, {"first": True}, {"after": True}, {"sign": True}])
@pytest.mark.parametrize("kept", [8_000_000, 1])
def test_effects_are_differences_of_totals(monkeypatch: pytest.MonkeyPatch, kind: dict[str, bool], kept: int) -> None:
    """Also where no more than one cell's media are carried over at a time."""
    monkeypatch.setattr(ray, "KEPT", kept)
    draws, (base, direction, weights) = _draws(**kind), _media()
    levels = np.random.default_rng(5).uniform(0, 2, (G, C, 2))
    found = Ray(draws, base, direction, weights).at(levels)
    before = response.totals(draws, base, weights)
    for k in range(2):
        want = response.totals(draws, base + levels[..., k] * direction, weights) - before
        np.testing.assert_allclose(found.value[..., k], want, rtol=1e-9, atol=1e-12)
    assert not found.value[:, 1, 2].any()
    np.testing.assert_array_equal(Ray(draws, base, direction, weights).summed(levels[0]).value.shape, (N, C, 2))


def test_sums_over_geos_and_draws_are_of_the_same_effects() -> None:
    draws, (base, direction, weights) = _draws(sign=True), _media()
    levels, share = np.random.default_rng(6).uniform(0, 2, (C, 3)), np.array([0.5, 0.0, 0.2, 0.1, 0.2, 0.0])
    asked = Ray(draws, base, direction, weights)
    each = asked.at(np.broadcast_to(levels, (G, C, 3)))
    summed, mean = asked.summed(levels), asked.mean(np.broadcast_to(levels, (G, C, 3)), share)
    for name in ("value", "slope", "curvature"):
        np.testing.assert_allclose(getattr(summed, name), getattr(each, name).sum(axis=1), rtol=1e-12)
        np.testing.assert_allclose(
            getattr(mean, name), np.einsum("n,ngck->gck", share, getattr(each, name)), rtol=1e-10
        )


def test_effects_that_vary_in_time_count_as_they_are_in_their_periods() -> None:
    draws, (base, direction, weights) = _draws(), _media()
    course = np.random.default_rng(7).normal(0, 0.3, (N, T, C))
    found = Ray(draws, base, direction, weights, course).at(np.ones((G, C, 1))).value[..., 0]
    want = response.totals(draws, base + direction, weights, course=course)
    np.testing.assert_allclose(
        found, want - response.totals(draws, base, weights, course=course), rtol=1e-9, atol=1e-12
    )


def test_media_are_carried_over_once_for_all_levels_that_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search asks one level after the other: carrying over at each made a report's plans five times as dear."""
    calls: list[int] = []
    carry = ray.kernels.carry
    monkeypatch.setattr(ray.kernels, "carry", lambda *given: (calls.append(1), carry(*given))[1])
    asked = Ray(_draws(), *_media())
    for level in (0.5, 1.0, 1.5):
        asked.summed(np.full((C, 1), level))
        asked.mean(np.full((G, C, 1), level), np.full(N, 1 / N))
    assert len(calls) == 1


def test_a_direction_that_leads_nowhere_has_no_effect() -> None:
    draws, (base, _, weights) = _draws(), _media()
    assert not Ray(draws, base, np.zeros_like(base), weights).at(np.ones((G, C, 1))).value.any()


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(FitError, match=r"direction has shape \(24, 2\)"):
        Ray(_draws(), _media()[0], np.zeros((T, G)), np.ones((T, G))).at(np.ones((G, C, 1)))
