"""Linear terms of the baseline: the model's own and registered ones, with fixed and with shared sampled scales."""

from collections.abc import Callable

import engine_cases as cases
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from plain_model import density_and_gradient

from mmm.errors import SettingsError
from mmm.inference.engine import log_posterior
from mmm.inference.engine.draws import posterior
from mmm.inference.engine.prior_draws import unconstrained_draws
from mmm.model.baseline import terms
from mmm.model.build import build
from mmm.model.draws import baseline_draws, expected_outcome, response_draws, stacked
from mmm.model.response import contributions
from mmm.model.settings import BaselineSettings
from mmm.model.spec import ModelSpec, make_spec
from mmm.model.terms import TERMS, Moment, Scale, Term, register_term

SHAPES = ("national", "geo_ragged")


def pulses(name: str, *, by_geo: bool = False) -> Callable[[Moment], Term]:
    """Four events at absolute dates; two such terms share one sampled scale, one differs by geo."""

    def make(here: Moment) -> Term:
        days = pd.date_range("2022-02-07", periods=4, freq="49D" if name == "openings" else "63D")
        design = (here.dates.to_numpy()[:, None] == days.to_numpy()).astype(float)
        if by_geo:
            design = design[:, None, :] * np.linspace(0.5, 1.5, len(here.geos))[:, None]
        labels = tuple(str(day.date()) for day in days)
        scale = Scale("event_sd", 0.7 * here.outcome_sd)
        return Term(name, f"{name}_date", labels, design, np.zeros(4), np.ones(4), scale, told=f"{name}:")

    return make


def step(here: Moment) -> Term:
    """A change for good, of a fixed scale and not around nothing."""
    design = (here.dates >= pd.Timestamp("2022-06-06")).astype(float)[:, None]
    return Term("relaunch", "relaunch_step", ("after",), design, np.full(1, 0.1), np.full(1, here.outcome_sd))


def signed(name: str, sign: int) -> Callable[[Moment], Term]:
    """Two coefficients of one sign, over a control that differs by geo and a step that does not."""

    def make(here: Moment) -> Term:
        late = (here.dates >= pd.Timestamp("2022-08-01")).astype(float)[:, None] * np.ones(len(here.geos))
        design = np.stack([here.control[:, :, 0], late], axis=-1)
        sd = here.outcome_sd * np.array([0.5, 1.0])
        return Term(name, f"{name}_of", ("control", "late"), design, np.zeros(2), sd, sign=sign, told=f"{name}:")

    return make


def sparse(here: Moment) -> Term:
    """Five months of which few matter: a horseshoe with a slab."""
    months = tuple(f"2022-{month:02d}" for month in range(2, 7))
    design = np.stack([(here.dates.strftime("%Y-%m") == month).astype(float) for month in months], axis=1)
    overall = Scale("sparse_overall", 0.2 * here.outcome_sd, heavy=True)
    own = Scale("sparse_factor", 1.0, months, "sparse_of", heavy=True, within=overall, slab=1.5 * here.outcome_sd)
    return Term("sparse", "sparse_of", months, design, np.zeros(5), np.ones(5), own, told="sparse:")


def local(here: Moment) -> Term:
    """One coefficient that differs between geos."""
    design = here.control[:, :, 1:] - 0.2
    sd, own = np.full(1, here.outcome_sd), Scale("local_sd", 0.4 * here.outcome_sd)
    return Term("local", "local_of", ("promo",), design, np.zeros(1), sd, told="local:", by_geo=own)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setattr(TERMS, "_made", {name: TERMS[name] for name in TERMS})
    register_term("openings", pulses("openings"))
    register_term("fairs", pulses("fairs", by_geo=True))
    register_term("relaunch", step)
    register_term("gains", signed("gains", 1))
    register_term("losses", signed("losses", -1))
    register_term("local", local)
    register_term("sparse", sparse)
    return ("openings", "fairs", "relaunch", "gains", "losses", "local", "sparse")


def spec_of(shape: str, names: tuple[str, ...], likelihood: str = "normal") -> ModelSpec:
    settings = cases.settings(likelihood, baseline=BaselineSettings(further=names))
    return make_spec(cases.dataset(shape), settings)


@pytest.mark.parametrize("likelihood", ["normal", "student_t"])
@pytest.mark.parametrize("shape", SHAPES)
def test_density_and_gradient_equal_the_plain_model(shape: str, likelihood: str, registered: tuple[str, ...]) -> None:
    # PyTensor without C takes sums of at most 32 parts (3.3); with geos all of the terms are more.
    names = registered if shape == "national" else tuple(set(registered) - {"openings", "relaunch", "gains"})
    spec, data = spec_of(shape, tuple(n for n in registered if n in names), likelihood), cases.dataset(shape)
    p = log_posterior(spec, data, integrated=False)
    by_geo = ["local_sd"] if shape != "national" else []
    assert [scale.name for scale in p.linear.scales] == [
        "drift_sd",
        "event_sd",
        "sparse_overall",
        "sparse_factor",
        *by_geo,
    ]
    model = build(spec, data, fused=False)
    plain = density_and_gradient(model, p)
    for x in 0.5 * np.random.default_rng(3).standard_normal((4, p.layout.dim)):
        expected, gradient = plain(x)
        value, grad = p.value_and_gradient(x)
        assert value == pytest.approx(expected, abs=1e-8 * max(1.0, abs(expected)))
        np.testing.assert_allclose(grad, gradient, atol=1e-8 * max(1.0, np.abs(gradient).max()))


@pytest.mark.parametrize("shape", SHAPES)
def test_integrated_gradients_equal_differences(shape: str, registered: tuple[str, ...]) -> None:
    p = log_posterior(spec_of(shape, registered), cases.dataset(shape), integrated=True)
    x = 0.5 * np.random.default_rng(4).standard_normal(p.layout.dim)
    _, grad = p.value_and_gradient(x)
    step = 1e-5 * np.eye(p.layout.dim)
    differences = (p.many(x + step)[0] - p.many(x - step)[0]) / 2e-5
    np.testing.assert_allclose(grad, differences, rtol=1e-5, atol=1e-5 * np.abs(grad).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_integral_is_that_of_the_density(shape: str, registered: tuple[str, ...]) -> None:
    """With the coefficients at their conditional mean, both densities differ by what a normal integral says."""
    spec, data = spec_of(shape, registered), cases.dataset(shape)
    whole, part = (log_posterior(spec, data, integrated=i) for i in (False, True))
    free = part.layout.dim
    x = np.zeros(whole.layout.dim)
    x[:free] = 0.3 * np.random.default_rng(5).standard_normal(free)
    width = whole.layout.dim - free
    at = np.zeros(width)
    step = 1e-4

    def gradient(c: np.ndarray) -> np.ndarray:
        return whole.value_and_gradient(np.concatenate([x[:free], c]))[1][free:]

    curvature = np.stack([(gradient(at + step * e) - gradient(at - step * e)) / (2 * step) for e in np.eye(width)])
    top = at - np.linalg.solve(curvature, gradient(at))
    value, _ = whole.value_and_gradient(np.concatenate([x[:free], top]))
    log_det = np.linalg.slogdet(-curvature)[1]
    expected = value + 0.5 * width * np.log(2 * np.pi) - 0.5 * log_det
    assert part.value_and_gradient(x[:free])[0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("integrated", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_parts_add_up_to_the_expected_outcome(shape: str, integrated: bool, registered: tuple[str, ...]) -> None:
    spec, data = spec_of(shape, registered), cases.dataset(shape)
    p = log_posterior(spec, data, integrated=integrated)
    samples = stacked(posterior(p, unconstrained_draws(p, 6, 1)[None], 2))
    control, media = data.data["control"].values, data.data["media"].values
    found = baseline_draws(spec, samples, data.dates, control, 0)
    assert {"intercept", "drift", "control:price", "relaunch", "openings:2022-02-07", "fairs:2022-02-07"} <= set(found)
    assert [name for name in found if name.startswith("local")] == ["local:promo"]
    assert (samples["gains"] > 0).all()
    assert (samples["losses"] < 0).all()
    assert (found["losses:late"] <= 0).all()
    won = contributions(response_draws(spec, samples), media).sum(axis=3)
    mean = expected_outcome(spec, samples, data, slice(0, len(data.dates)), 0)
    np.testing.assert_allclose(sum(found.values()) + won, mean, rtol=1e-9)
    again = expected_scaled(p.linear.terms, samples) * np.array(spec.outcome_scale)
    np.testing.assert_allclose(sum(found.values()), again, rtol=1e-9, atol=1e-9 * np.abs(again).max())


def expected_scaled(parts: tuple[Term, ...], samples: xr.Dataset) -> np.ndarray:
    return sum(t.values(samples[t.name].transpose("sample", t.dim).values) for t in parts)  # type: ignore[return-value]


def test_more_dates_leave_the_old_rows(registered: tuple[str, ...]) -> None:
    spec, data = spec_of("national", registered), cases.dataset("national")
    dates = data.dates.append(pd.date_range(data.dates[-1], periods=20, freq="7D")[1:])
    control = np.zeros((len(dates), 1, 2))
    for short, long in zip(terms(spec, dates[:30], control[:30]), terms(spec, dates, control), strict=True):
        wide = long.design[:30][..., : short.design.shape[-1]]
        np.testing.assert_allclose(wide, short.design, rtol=1e-12, atol=1e-14)
        assert long.labels[: len(short.labels)] == short.labels
        assert not long.design[:30][..., short.design.shape[-1] :].any()


def test_the_unknown_and_the_same_name_twice_are_errors(registered: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="'opening' is no term that was registered"):
        BaselineSettings(further=("opening",))
    with pytest.raises(SettingsError, match="'openings' is registered already"):
        register_term("openings", step)
    register_term("drift again", lambda here: Term("drift", "knots", ("a",), np.ones((45, 1)), np.zeros(1), np.ones(1)))
    with pytest.raises(SettingsError, match="name or dim that another term"):
        log_posterior(spec_of("national", ("drift again",)), cases.dataset("national"))
    with pytest.raises(ValueError, match="mean is 0 and its sd 1"):
        Term("x", "d", ("a",), np.ones((3, 1)), np.ones(1), np.ones(1), Scale("s", 1.0))
    with pytest.raises(ValueError, match="has a sign, so its mean is 0"):
        Term("x", "d", ("a",), np.ones((3, 1)), np.ones(1), np.ones(1), sign=1)
    with pytest.raises(ValueError, match="is the same in every geo"):
        Term("x", "d", ("a",), np.ones((3, 1)), np.ones(1), np.ones(1)).deviations(("a", "b"))
