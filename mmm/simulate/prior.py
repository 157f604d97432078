"""Worlds whose parameters are drawn at random from stated distributions."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.random import Generator

from mmm.simulate.world import (
    Adstock,
    Baseline,
    Channel,
    Control,
    Flighting,
    MediaUnit,
    Noise,
    Pattern,
    Saturation,
    World,
)

_NAMES = ("tv", "search", "social", "display", "email", "out_of_home", "radio", "video", "print", "affiliate")


@dataclass(frozen=True)
class WorldPriors:
    """Where the parameters of a random world come from; the defaults are the default priors of the model.

    Pairs are (mu, sigma) of a log-normal or (a, b) of a Beta distribution, single numbers the scale of a half-normal.
    ``half`` is the media level, relative to the channel's mean active media, at which half of the full effect is
    reached; ``slope`` that of the Hill curve (None: 1). Baseline and noise are relative to the base level.
    ``spend_share`` is the range of a channel's share of the base outcome's value (log-uniform).
    """

    roas: tuple[float, float] = (0.0, 0.978)
    alpha: tuple[float, float] = (2.0, 2.5)
    half: tuple[float, float] = (0.091, 1.034)
    slope: tuple[float, float] | None = None
    geo_sd: float = 0.3
    max_lag: int = 13
    normalised: bool = True
    spend_share: tuple[float, float] = (0.004, 0.04)
    level_sd: float = 0.15
    trend_sd: float = 0.03
    season_sd: float = 0.04
    drift_scale: float = 0.03
    drift_weeks: float = 26.0
    controls: int = 2
    control_sd: float = 0.025
    noise_sd: tuple[float, float] = (0.02, 0.05)
    """Range of the noise's sd (uniform)."""
    noise_df: float | None = None
    patterns: tuple[Pattern, ...] = tuple(p for p in get_args(Pattern) if p not in ("demand_following", "held"))
    unit_share: float = 0.4
    """Probability that a channel has impressions."""


def random_world(
    rng: Generator,
    priors: WorldPriors | None = None,
    *,
    weeks: int = 156,
    geos: int = 1,
    channels: int = 5,
    name: str = "random",
) -> World:
    """A world with parameters drawn from ``priors``; the same state of ``rng`` gives the same world."""
    p = WorldPriors() if priors is None else priors
    names = [_NAMES[i] if i < len(_NAMES) else f"channel_{i + 1}" for i in range(channels)]
    weekly_outcome = float(np.exp(rng.normal(np.log(2e6), 0.7)))
    season = rng.normal(0.0, p.season_sd, (2, 2))
    return World(
        name=name,
        weeks=weeks,
        geos=("national",) if geos == 1 else tuple(f"geo_{i + 1:02d}" for i in range(geos)),
        channels=tuple(_channel(rng, p, channel, weekly_outcome) for channel in names),
        baseline=Baseline(
            weekly_outcome=weekly_outcome,
            level_sd=p.level_sd,
            trend=rng.normal(0.0, p.trend_sd),
            season=tuple((float(a), float(b)) for a, b in season),
            drift_sd=abs(rng.normal(0.0, p.drift_scale)),
            drift_weeks=p.drift_weeks,
        ),
        controls=tuple(_control(rng, p, k) for k in range(p.controls)),
        noise=Noise(rng.uniform(*p.noise_sd), p.noise_df),
        seed=int(rng.integers(2**31)),
    )


def _channel(rng: Generator, p: WorldPriors, name: str, weekly_outcome: float) -> Channel:
    share = np.exp(rng.uniform(*np.log(p.spend_share)))
    half = float(np.exp(rng.normal(*p.half)))
    slope = 1.0 if p.slope is None else float(np.exp(rng.normal(*p.slope)))
    return Channel(
        name,
        weekly_spend=float(share * weekly_outcome),
        roas=float(np.exp(rng.normal(*p.roas))),
        flighting=_flighting(rng, p),
        adstock=Adstock(alpha=float(rng.beta(*p.alpha)), max_lag=p.max_lag, normalised=p.normalised),
        saturation=Saturation(k=half, slope=slope),
        geo_sd=abs(rng.normal(0.0, p.geo_sd)),
        unit=MediaUnit(cost_per_thousand=float(rng.uniform(3.0, 15.0))) if rng.random() < p.unit_share else None,
    )


def _flighting(rng: Generator, p: WorldPriors) -> Flighting:
    return Flighting(
        pattern=p.patterns[int(rng.integers(len(p.patterns)))],
        variation=rng.uniform(0.2, 0.5),
        on_weeks=rng.uniform(3.0, 7.0),
        off_weeks=rng.uniform(2.0, 8.0),
        floor=float(rng.choice([0.0, 0.3])),
        amplitude=rng.uniform(0.3, 0.8),
        peak_week=rng.uniform(0.0, 52.0),
        geo_noise=rng.uniform(0.1, 0.3),
        staggered=bool(rng.random() < 0.5),
    )


def _control(rng: Generator, p: WorldPriors, k: int) -> Control:
    effect = float(rng.normal(0.0, p.control_sd))
    if k % 2:
        return Control(f"promotion_{k}", kind="promotion", effect=effect, sd=0.2, frequency=rng.uniform(0.1, 0.3))
    return Control(f"index_{k}", kind="index", effect=effect, centre=100.0, sd=3.0)
