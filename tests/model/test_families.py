"""What every family of carryover and saturation has to keep, whoever wrote it: its record against its own formulas."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from mmm.model.families import ADSTOCKS, SATURATIONS, Adstock, Family, Parameter, Saturation
from mmm.model.kernels import call, evaluate, series
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.priors import BetaPrior, prior_words
from mmm.simulate import formulas as oracle

ROOT = Path(__file__).parents[2]
LAGS = 6
carryover = pytest.mark.parametrize("family", list(ADSTOCKS), ids=lambda f: f.name)
curve = pytest.mark.parametrize("family", list(SATURATIONS), ids=lambda f: f.name)


def quantile(parameter: Parameter, z: float) -> float:
    """The default prior's quantile at ``z`` normal standard deviations."""
    prior = parameter.prior
    if isinstance(prior, BetaPrior):
        # Quantiles of a beta prior by its distribution function on a grid.
        x = np.linspace(1e-4, 1 - 1e-4, 20001)
        below = np.cumsum(x ** (prior.alpha - 1) * (1 - x) ** (prior.beta - 1))
        return float(np.interp({-2.6: 0.005, 0.0: 0.5, 2.6: 0.995}[z], below / below[-1], x))
    return float(np.exp(prior.mu + z * prior.sigma))


def corners(family: Family) -> list[np.ndarray]:
    """Parameters at the middle and in all corners of 99% of the default priors."""
    ends = [[quantile(p, z) for z in (-2.6, 0.0, 2.6)] for p in family.parameters]
    return [np.array(point, dtype=float) for point in itertools.product(*ends)]


def weights(family: Adstock, p: np.ndarray, *, normalised: bool = True) -> tuple[np.ndarray, np.ndarray]:
    number = ADSTOCKS.number(family.name)
    ADSTOCKS.load([number], "weights", "recursion")
    w, by = np.empty(LAGS + 1), np.empty((len(p), LAGS + 1))
    call.weights(number, p, normalised, w, by)
    return w, by


def response(family: Saturation, p: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    number = SATURATIONS.number(family.name)
    SATURATIONS.load([number], "response", "curve")
    value, slope, by = np.empty_like(a), np.empty_like(a), np.empty((len(p), len(a)))
    call.response(number, p, a, value, slope, by)
    return value, slope, by


def bent(family: Saturation, p: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Value, slope and second derivative, [3, a]."""
    SATURATIONS.load([SATURATIONS.number(family.name)], "curve")
    out = np.empty((3, len(a)))
    spread = np.ascontiguousarray(p[:, None] * np.ones(len(a)))
    call.curve(SATURATIONS.number(family.name), spread, a, out[0], out[1], out[2])
    return out


def differences(f: Callable[[np.ndarray], np.ndarray], p: np.ndarray) -> np.ndarray:
    """Derivatives of ``f`` by every parameter, central, relative steps."""
    out = []
    for k in range(len(p)):
        step = 1e-6 * p[k]
        up, down = p.copy(), p.copy()
        up[k], down[k] = p[k] + step, p[k] - step
        out.append((f(up) - f(down)) / (2 * step))
    return np.array(out)


# From nearly nothing to far beyond the half-saturation of the largest prior draw.
MEDIA = np.concatenate([[0.0], np.geomspace(1e-6, 60.0, 80)])


@carryover
def test_weights_are_those_of_the_graph_and_keep_the_mass(family: Adstock) -> None:
    points = np.array(corners(family))
    vectors = [pt.as_tensor(column)[None, :] for column in points.T]
    found = pt.as_tensor(family.graph(np.arange(LAGS + 1)[:, None], *vectors))
    graph = pytensor.function([], found, mode="FAST_COMPILE")()
    for i, p in enumerate(points):
        plain, _ = weights(family, p, normalised=False)
        np.testing.assert_allclose(plain, graph[:, i], rtol=1e-10, atol=1e-300)
        w, by = weights(family, p)
        assert w.sum() == pytest.approx(1.0, abs=1e-12)
        assert (w >= 0).all()
        # What one lag gains another loses.
        np.testing.assert_allclose(by.sum(axis=1), 0.0, atol=1e-9 * max(1.0, np.abs(by).max(initial=0.0)))


@carryover
@pytest.mark.parametrize("normalised", [True, False])
def test_weights_have_the_right_derivatives(family: Adstock, normalised: bool) -> None:
    for p in corners(family):
        _, by = weights(family, p, normalised=normalised)
        expected = differences(lambda q: weights(family, q, normalised=normalised)[0], p).reshape(by.shape)
        np.testing.assert_allclose(by, expected, rtol=1e-4, atol=1e-6 * max(1.0, np.abs(by).max(initial=0.0)))


@carryover
@pytest.mark.parametrize("geos", [1, 3])
@pytest.mark.parametrize("normalised", [True, False])
def test_a_recursion_is_the_sum_over_lags(family: Adstock, geos: int, normalised: bool) -> None:
    if family.recursion is None:
        assert not call.has_recursion(ADSTOCKS.number(family.name))
        return
    rng = np.random.default_rng(1)
    x = rng.gamma(1.0, 1.0, 40 * geos) * (rng.random(40 * geos) < 0.5)
    for p in corners(family):
        w, by_w = weights(family, p, normalised=normalised)
        a, by = np.empty_like(x), np.empty((len(p), len(x)))
        series.convolution(w, by_w, geos, x, a, by)
        a2, by2 = np.empty_like(a), np.empty_like(by)
        call.recursion(ADSTOCKS.number(family.name), p, normalised, LAGS, geos, x, a2, by2)
        np.testing.assert_allclose(a2, a, atol=1e-12 * a.max())
        np.testing.assert_allclose(by2, by, atol=1e-11 * np.abs(by).max(initial=0.0))


@carryover
@pytest.mark.parametrize("normalised", [True, False])
def test_the_evaluator_carries_over_as_the_oracles_convolution(family: Adstock, normalised: bool) -> None:
    """Whatever the look-back; nothing is left after it, and nothing comes from nothing."""
    rng = np.random.default_rng(2)
    x = rng.gamma(1.0, 1.0, 120) * (rng.random(120) < 0.5)
    for lags in (0, LAGS, 52):
        for p in corners(family):
            w, out = np.empty(lags + 1), np.empty_like(x)
            kind = adstock_kind(family.name, normalised=normalised)
            weights(family, p)
            evaluate.adstock_weights(kind, p, w)
            evaluate.adstock_series(kind, p, lags, x, out)
            np.testing.assert_allclose(out, oracle.carry_over(x, w), rtol=1e-9, atol=1e-11)
            evaluate.adstock_series(kind, p, lags, np.zeros_like(x), out)
            assert not out.any()


@curve
def test_a_curve_rises_from_nothing_and_stays_below_one_where_it_has_a_largest_effect(family: Saturation) -> None:
    for p in corners(family):
        value, slope, _ = response(family, p, MEDIA)
        assert value[0] == 0.0
        assert (np.diff(value) >= 0).all()
        assert value[-1] <= 1.0 or not family.bounded
        assert (slope >= 0).all()
        assert np.isfinite(slope).all()


@curve
def test_half_of_the_largest_effect_is_reached_at_half(family: Saturation) -> None:
    """`half` means the same in every family that has it."""
    names = [p.name for p in family.parameters]
    if "half" not in names:
        return
    for p in corners(family):
        value, _, _ = response(family, p, p[[names.index("half")]])
        assert value[0] == pytest.approx(0.5, abs=1e-12)


@curve
def test_kernels_equal_the_graph_in_value_and_gradient(family: Saturation) -> None:
    a, vectors = pt.dvector("a"), [pt.dvector(x.name) for x in family.parameters]
    value = family.graph(a[None, :], *vectors)[0]
    graph = pytensor.function([a, *vectors], [value, *pt.grad(value.sum(), [a, *vectors])], mode="FAST_COMPILE")
    at = MEDIA[1:]
    for p in corners(family):
        found = response(family, p, at)
        expected = graph(at, *(np.full(len(at), v) for v in p))
        for one, other in zip((found[0], found[1], *found[2]), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-12)


@curve
def test_derivatives_by_parameters_equal_differences(family: Saturation) -> None:
    for p in corners(family):
        by = response(family, p, MEDIA)[2]
        expected = differences(lambda q: response(family, q, MEDIA)[0], p).reshape(by.shape)
        np.testing.assert_allclose(by, expected, rtol=1e-5, atol=1e-7 * max(1e-3, np.abs(by).max(initial=0.0)))
        assert not by[:, 0].any()


@curve
def test_the_planners_curve_is_that_of_the_fit_and_has_two_derivatives(family: Saturation) -> None:
    for p in corners(family):
        value, slope, bend = bent(family, p, MEDIA)
        fitted = response(family, p, MEDIA)
        seen = 1e-5 * max(1.0, *p, 0.0) < MEDIA
        np.testing.assert_allclose(value[seen], fitted[0][seen], rtol=1e-11)
        np.testing.assert_allclose(slope[seen], fitted[1][seen], rtol=1e-10, atol=1e-12 * slope.max())
        at = MEDIA[seen]
        up, down = bent(family, p, at * (1 + 1e-5)), bent(family, p, at * (1 - 1e-5))
        expected = (up[1] - down[1]) / (2e-5 * at)
        slack = 1e-4 * np.abs(bend[seen]) + 1e-5 * slope[seen] / at + 1e-9 * np.abs(bend[seen]).max()
        assert (np.abs(bend[seen] - expected) <= slack).all()


@curve
def test_the_stated_shape_bounds_the_second_derivative_everywhere(family: Saturation) -> None:
    """Convex before the turn, concave after it; between two places no more than at them, zero and the bends."""
    rng = np.random.default_rng(3)
    for p in corners(family):
        shape = family.shape(*p)
        turn, bends, at_zero = float(shape.turn), np.array([float(b) for b in shape.bends]), float(shape.at_zero)
        size = p[0] if len(p) else 1.0
        a = np.geomspace(1e-7 * size, 1e3 * size, 4001)
        bend = bent(family, p, a)[2]
        slack = 1e-9 * np.abs(bend).max()
        assert (bend[a < turn] >= -slack).all()
        assert (bend[a > turn] <= slack).all()
        inner = bends[np.isfinite(bends)]
        own = bent(family, p, inner)[2] if len(inner) else inner
        for _ in range(50):
            i, j = np.sort(rng.integers(0, len(a), 2))
            known = np.concatenate([[bend[i], bend[j]], own[(a[i] < inner) & (inner < a[j])]])
            part = bend[i : j + 1]
            assert part.max() <= known.max() + 1e-9 * np.abs(part).max()
            assert part.min() >= known.min() - 1e-9 * np.abs(part).max()
        if np.isfinite(at_zero):
            near = bent(family, p, np.array([1e-7 * size]))[2][0]
            assert near == pytest.approx(at_zero, rel=1e-2, abs=1e-3 * np.abs(bend).max())
        else:
            assert np.sign(bend[0]) == np.sign(at_zero)


@pytest.mark.parametrize("turn", [-0.5, 0.4, 2.0])
def test_the_s_shaped_logistic_is_the_sigmoid_through_nothing(turn: float) -> None:
    """As peers state it: by where it turns and how fast; a turn before nothing is a concave curve."""
    rate = 1.3
    c = np.exp(rate * turn)
    expected = oracle.saturate(MEDIA, oracle.Saturation("sigmoid", k=turn, rate=rate))
    value, _, _ = response(SATURATIONS["logistic_s"], np.array([np.log(2.0 + c) / rate, c]), MEDIA)
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-12)
    shape = SATURATIONS["logistic_s"].shape(np.array([np.log(2.0 + c) / rate]), np.array([c]))
    assert shape.turn[0] == pytest.approx(max(turn, 0.0))


def test_without_a_flat_start_it_is_the_logistic_curve() -> None:
    value, slope, _ = response(SATURATIONS["logistic_s"], np.array([1.7, 1.0]), MEDIA)
    plain = response(SATURATIONS["logistic"], np.array([1.7]), MEDIA)
    np.testing.assert_allclose(value, plain[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(slope, plain[1], rtol=1e-9, atol=1e-12)


def test_a_delay_far_beyond_the_lookback_arrives_last() -> None:
    """All plain weights underflow; relative to each other they leave the last lag alone."""
    for delay in (60.0, 66.3):
        w, by = weights(ADSTOCKS["delayed"], np.array([0.6, delay]))
        assert w[-1] == pytest.approx(1.0)
        assert np.isfinite(by).all()


@pytest.mark.parametrize("registry", [ADSTOCKS, SATURATIONS], ids=lambda r: r.word)
def test_every_family_says_what_readers_and_tables_need(registry) -> None:
    for family in registry:
        for text in (family.label, family.sentence, family.formula, family.source):
            assert text.strip(), family.name
        for parameter in family.parameters:
            assert parameter.meaning, (family.name, parameter.name)
        assert not family.extends or not {p.name for p in family.parameters} <= {
            p.name for p in registry[family.extends].parameters
        }


def test_kinds_are_those_of_the_registry() -> None:
    assert len({saturation_kind(f.name) for f in SATURATIONS}) == len(list(SATURATIONS))
    assert len({adstock_kind(f.name, normalised=n) for f in ADSTOCKS for n in (True, False)}) == 2 * len(list(ADSTOCKS))


def row(family: Family) -> str:
    """A family's line in docs/model.md."""
    cells = (
        f"`{family.name}`",
        f"`{family.formula}`",
        "; ".join(f"`{p.name}`: {p.meaning}, {prior_words(p.prior)}" for p in family.parameters),
        family.sentence,
        family.source,
    )
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("family", [*ADSTOCKS, *SATURATIONS], ids=lambda f: f.name)
def test_the_docs_have_the_family_as_it_is(family: Family) -> None:
    assert row(family) in (ROOT / "docs" / "model.md").read_text(encoding="utf-8").splitlines(), row(family)


@pytest.mark.parametrize("family", [*ADSTOCKS, *SATURATIONS], ids=lambda f: f.name)
def test_the_schema_has_the_family_and_its_parameters(family: Family) -> None:
    schema = json.loads((ROOT / "configs" / "schema.json").read_text(encoding="utf-8"))
    section = schema["$defs"][f"{type(family).__name__}Settings"]["properties"]
    assert family.name in section["family"]["enum"]
    assert all(p.meaning in section[p.name]["description"] for p in family.parameters)
