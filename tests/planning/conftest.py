"""Planning problems built by hand: no fit, no sampling, and closed forms where there are any."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.response import ResponseDraws
from mmm.planning.prepare import Prepared
from mmm.planning.problem import PlanProblem


@dataclass(frozen=True)
class Shape:
    """Size and curves of a made-up problem."""

    draws: int = 200
    geos: int = 1
    channels: int = 4
    horizon: int = 6
    lookback: int = 4
    slope: float = 1.0
    seed: int = 0
    has_value: bool = True


def hill_draws(
    beta: np.ndarray, half: np.ndarray, slope: np.ndarray, lookback: int = 0, alpha: np.ndarray | float = 0.0
) -> ResponseDraws:
    """Draws of a national response, Hill curves: ``beta``, ``half`` and ``slope`` are [n, c], media scale 1."""
    n, c = beta.shape
    return ResponseDraws(
        channels=tuple(f"c{i}" for i in range(c)),
        geos=("all",),
        adstock_kind=np.full((n, c), adstock_kind("geometric", normalised=False)),
        adstock_par=np.broadcast_to(alpha, (n, c))[..., None],
        saturation_kind=np.full((n, c), saturation_kind("hill_sloped")),
        saturation_par=np.stack([half, slope], axis=-1),
        log_beta=np.log(beta)[:, None, :],
        media_scale=np.ones((1, c)),
        lookback=lookback,
    )


def one_period(draws: ResponseDraws, reference: np.ndarray, has_value: bool = True) -> PlanProblem:
    """A horizon of one period in one geo, money being the media, nothing before and nothing carried over."""
    c = len(reference)
    return PlanProblem(
        draws=draws,
        dates=pd.date_range("2024-01-01", periods=1, freq="7D"),
        reference=reference[None, None, :].astype(float),
        pattern=np.ones((1, 1, c)),
        unit=np.ones((1, 1, c)),
        history=np.zeros((0, 1, c)),
        weights=np.ones((1, 1)),
        observed_peak=reference[None, :].astype(float),
        observed_peak_total=reference.astype(float),
        has_value=has_value,
    )


def made_up(shape: Shape) -> PlanProblem:
    """A problem with carryover, geos, uneven past spend and correlated draws."""
    rng = np.random.default_rng(shape.seed)
    n, g, c, h, lags = shape.draws, shape.geos, shape.channels, shape.horizon, shape.lookback
    size = rng.uniform(50, 200, (1, c)) * rng.uniform(0.5, 1.5, (g, c))
    half = np.exp(rng.normal(0, 0.3, (n, c)) + rng.normal(0, 0.5, (1, c)))
    slope = np.ones((n, c)) if shape.slope == 1.0 else 1 + (shape.slope - 1) * np.exp(rng.normal(0, 0.2, (n, c)))
    draws = ResponseDraws(
        channels=tuple(f"c{i}" for i in range(c)),
        geos=tuple(f"g{i}" for i in range(g)),
        adstock_kind=np.full((n, c), adstock_kind("geometric", normalised=True)),
        adstock_par=np.stack([rng.beta(3, 3, (n, c)), np.zeros((n, c))], axis=-1),
        saturation_kind=np.full((n, c), saturation_kind("hill" if shape.slope == 1.0 else "hill_sloped")),
        saturation_par=np.stack([half, slope], axis=-1),
        log_beta=rng.normal(0, 0.3, (n, g, c)) + rng.normal(0, 0.5, (1, 1, c)) + np.log(400.0),
        media_scale=size,
        lookback=lags,
    )
    reference = size[None] * rng.uniform(0.5, 1.5, (h, g, c))
    return PlanProblem(
        draws=draws,
        dates=pd.date_range("2024-01-01", periods=h, freq="7D"),
        reference=reference,
        pattern=reference / reference.sum(axis=(0, 1)),
        unit=np.ones((h, g, c)),
        history=size[None] * rng.uniform(0.5, 1.5, (lags, g, c)),
        weights=np.ones((2 * lags + h, g)),
        observed_peak=1.2 * reference.max(axis=0),
        observed_peak_total=1.2 * reference.sum(axis=1).max(axis=0),
        has_value=shape.has_value,
    )


@pytest.fixture
def problem() -> Callable[..., PlanProblem]:
    return lambda **changes: made_up(Shape(**changes))


@pytest.fixture
def prepared() -> Callable[..., Prepared]:
    return lambda **changes: Prepared(made_up(Shape(**changes)), None)


@pytest.fixture
def hill() -> Callable[..., ResponseDraws]:
    return hill_draws


@pytest.fixture
def single() -> Callable[..., PlanProblem]:
    return one_period
