"""Worlds in which media also work through something that is measured: branded queries, visits, awareness.

The outcome is the world's own, plus what every unit of each mediator brings; a mediator is its own course, plus what
the channels that reach it bring of it. Effects are total where nothing else is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from mmm.simulate.flighting import WEEKS_PER_YEAR, autoregressive
from mmm.simulate.formulas import Array, adstock_weights, carry_over
from mmm.simulate.generate import simulate, stream
from mmm.simulate.mechanism import Mechanism
from mmm.simulate.truth import Truth
from mmm.simulate.world import Adstock, Channel, Control, Flighting, Noise, Saturation, World, _require
from mmm.simulate.write import data_settings


@dataclass(frozen=True)
class Reaches:
    """How a channel moves a mediator: ``share`` is its effect over the panel, relative to the mediator's base level."""

    channel: str
    share: float
    adstock: Adstock = field(default_factory=Adstock)
    saturation: Saturation = field(default_factory=Saturation)

    def __post_init__(self) -> None:
        _require(self.share >= 0.0, f"what '{self.channel}' brings of a mediator is not negative.")


@dataclass(frozen=True)
class Mediator:
    """What media move on the way to the outcome; all but ``weekly`` is relative to its base level.

    ``weekly`` is the base level a week, ``outcome_share`` the part of the outcome's base level that it brings, carried
    over by ``carry``. Its own course has a season of ``season`` (peak in ``peak_week``) and demand of sd ``demand_sd``
    and weekly autocorrelation ``persistence``; ``noise_sd`` are its errors, whose correlation with those of the outcome
    is ``correlation``. A share ``missing`` of the weeks was not measured, in runs of about four.
    """

    name: str
    reached_by: tuple[Reaches, ...]
    weekly: float = 50_000.0
    outcome_share: float = 0.3
    carry: Adstock = field(default_factory=lambda: Adstock(family="none", max_lag=0))
    season: float = 0.08
    peak_week: float = 48.0
    demand_sd: float = 0.05
    persistence: float = 0.8
    noise_sd: float = 0.03
    correlation: float = 0.0
    missing: float = 0.0

    def __post_init__(self) -> None:
        _require(
            self.weekly > 0.0 and self.outcome_share >= 0.0, f"mediator '{self.name}' has a level and brings some."
        )
        _require(-1.0 < self.correlation < 1.0, "a correlation lies between -1 and 1.")
        _require(0.0 <= self.missing < 0.9, "some weeks of a mediator are measured.")
        _require(self.carry.normalised, "what a mediator brings is carried over with weights that add up to one.")


@dataclass(frozen=True)
class Funnel:
    """A world with mediators. ``follows``: channels whose spend follows a mediator's course, with this elasticity."""

    world: World
    mediators: tuple[Mediator, ...]
    follows: Mapping[str, tuple[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        channels, names = [c.name for c in self.world.channels], [m.name for m in self.mediators]
        _require(len(self.world.geos) == 1, "worlds with mediators are national.")
        for mediator in self.mediators:
            reached = {r.channel for r in mediator.reached_by}
            _require(reached <= set(channels), f"'{mediator.name}' is reached by channels of the world.")
            _require(
                not reached & set(self.follows), f"'{mediator.name}' is reached by what does not follow a mediator."
            )
        known = set(self.follows) <= set(channels) and {m for m, _ in self.follows.values()} <= set(names)
        _require(known, "what follows is a channel of the world, and what it follows a mediator.")


@dataclass(frozen=True)
class Mediated:
    """The true way through one mediator: ``mechanism`` of the channels at ``places`` in its units, ``worth`` of one."""

    name: str
    places: tuple[int, ...]
    mechanism: Mechanism
    worth: float

    def effect(self, history: Array, window: Array, *, joint: bool = False) -> Array:
        """Effect [channel] (0 for others), or of all together, on the outcome: weights that add up to one move an
        effect in time alone."""
        past, media = history[:, :, list(self.places)], window[:, :, list(self.places)]
        steady = np.ones((len(past) + len(media), len(self.places)))
        if joint:
            return np.asarray(self.worth * self.mechanism.joint_effect(past, media, steady).sum())
        out = np.zeros(window.shape[2])
        out[list(self.places)] = self.worth * self.mechanism.effect(past, media, steady).sum(axis=0)
        return out


@dataclass(frozen=True)
class FunnelTruth:
    """The truth of a world with mediators: ``direct`` is that of the outcome's own equation.

    ``course[t, mediator]`` are the mediators as they were, measured or not.
    """

    direct: Truth
    ways: tuple[Mediated, ...]
    course: Array

    @property
    def channels(self) -> tuple[str, ...]:
        return self.direct.channels

    def through(self, name: str) -> Array:
        """Effect [channel] of the panel's spend through a mediator, in outcome units."""
        way = next(way for way in self.ways if way.name == name)
        return way.effect(self.direct.history, self.direct.media)

    @property
    def effect(self) -> Array:
        """Total effect [channel] of the panel's spend, in outcome units."""
        return np.asarray(self.direct.effect + sum(self.through(way.name) for way in self.ways))

    @property
    def roas(self) -> Array:
        """Value of the total effect per unit of money, [channel]."""
        return np.asarray(self.effect * self.direct.value_per_unit / self.direct.spend.sum(axis=(0, 1)))

    def response(self, plan: Array) -> float:
        """Expected incremental outcome of a future plan [period, geo, channel], through all ways."""
        history, media, _ = self.direct.future(plan)
        more = sum(float(way.effect(history, media, joint=True)) for way in self.ways)
        return self.direct.response(plan) + more


@dataclass(frozen=True)
class SimulatedFunnel:
    """``frame`` is wide, as :class:`~mmm.simulate.generate.Simulated` has it, with a column a mediator, empty where it
    was not measured."""

    funnel: Funnel
    frame: pd.DataFrame
    truth: FunnelTruth


def simulate_funnel(funnel: Funnel) -> SimulatedFunnel:
    """Data and truth of a world with mediators; the same for the same world on every machine."""
    plain = simulate(replace(funnel.world, noise=replace(funnel.world.noise, sd=0.0)))
    ways, courses, errors = [], [], []
    for mediator in funnel.mediators:
        way, course, error = _mediator(funnel.world, mediator, plain.truth)
        ways.append(way)
        courses.append(course)
        errors.append(error)
    frame, truth = plain.frame.copy(), plain.truth
    if funnel.follows:
        truth = _followed(funnel, truth, dict(zip([m.name for m in funnel.mediators], courses, strict=True)))
        for name in funnel.follows:
            frame[f"{name}_spend"] = truth.spend[:, 0, truth.channels.index(name)]
    expected = truth.expected[:, 0].copy()
    noise = stream(funnel.world, "noise").standard_normal(len(expected))
    for mediator, way, course, error in zip(funnel.mediators, ways, courses, errors, strict=True):
        weights = adstock_weights(mediator.carry)
        before = np.full(len(weights) - 1, course[0])
        expected += way.worth * carry_over(np.concatenate([before, course]), weights)[len(before) :]
        noise = mediator.correlation * error + np.sqrt(1.0 - mediator.correlation**2) * noise
        frame[mediator.name] = np.where(_missing(funnel.world, mediator, len(course)), np.nan, np.round(course))
    level = funnel.world.baseline.weekly_outcome
    frame[funnel.world.outcome] = np.round(expected + funnel.world.noise.sd * level * noise, 2)
    return SimulatedFunnel(funnel, frame, FunnelTruth(truth, tuple(ways), np.column_stack(courses)))


def _mediator(world: World, mediator: Mediator, truth: Truth) -> tuple[Mediated, Array, Array]:
    """The way through a mediator, its course [t] and its standard errors [t]."""
    places = tuple(truth.channels.index(r.channel) for r in mediator.reached_by)
    media, weeks = truth.media[:, :, list(places)], len(truth.dates)
    channels = tuple(Channel(r.channel, 1.0, adstock=r.adstock, saturation=r.saturation) for r in mediator.reached_by)
    scale = truth.mechanism.scale[list(places)]
    unit = Mechanism(channels, (), truth.mechanism.size, scale, np.ones((1, len(places))))
    history, steady = truth.history[:, :, list(places)], np.ones((len(truth.history) + weeks, len(places)))
    reached = unit.effect(history, media, steady).sum(axis=0)
    beta = np.array([r.share for r in mediator.reached_by]) * mediator.weekly * weeks / reached
    mechanism = replace(unit, beta=beta[None])
    week = np.asarray((truth.dates - pd.Timestamp("2000-01-01")).days, dtype=float) / 7.0 % WEEKS_PER_YEAR
    season = mediator.season * np.cos(2.0 * np.pi * (week - mediator.peak_week) / WEEKS_PER_YEAR)
    rng = stream(world, f"mediator {mediator.name}")
    demand = mediator.demand_sd * autoregressive(rng, weeks, mediator.persistence)[:, 0]
    error = rng.standard_normal(weeks)
    brought = mechanism.total(np.concatenate([truth.history[:, :, list(places)], media]), steady)[-weeks:, 0]
    course = mediator.weekly * (1.0 + season + demand + mediator.noise_sd * error) + brought
    worth = mediator.outcome_share * world.baseline.weekly_outcome / mediator.weekly
    return Mediated(mediator.name, places, mechanism, worth), np.maximum(course, 0.0), error


def _missing(world: World, mediator: Mediator, weeks: int) -> Array:
    """Weeks that were not measured, in runs of about four."""
    rng = stream(world, f"missing {mediator.name}")
    out = np.zeros(weeks, dtype=bool)
    while out.mean() < mediator.missing:
        first = int(rng.integers(0, weeks))
        out[first : first + int(rng.integers(2, 7))] = True
    return out


def _followed(funnel: Funnel, truth: Truth, courses: Mapping[str, Array]) -> Truth:
    """The truth with the spend of channels that follow a mediator, whose returns stay those that the world states."""
    media, spend, beta = truth.media.copy(), truth.spend.copy(), truth.mechanism.beta.copy()
    scale = truth.mechanism.scale.copy()
    steady = np.ones(truth.strength.shape)
    for name, (source, elasticity) in funnel.follows.items():
        c = truth.channels.index(name)
        wiggle = np.exp(0.05 * stream(funnel.world, f"follows {name}").standard_normal(len(media)))
        pattern = (courses[source] / courses[source].mean()) ** elasticity * wiggle
        spend[:, 0, c] = np.round(funnel.world.channels[c].weekly_spend * pattern / pattern.mean(), 2)
        media[:, :, c] = spend[:, :, c]
        scale[c] = media[:, 0, c].mean() / truth.mechanism.size[0]
    mechanism = replace(truth.mechanism, scale=scale)
    found = mechanism.effect(truth.history, media, steady).sum(axis=0)
    for name in funnel.follows:
        c = truth.channels.index(name)
        roas = funnel.world.channels[c].roas or 0.0
        beta[:, c] *= roas * spend[:, :, c].sum() / truth.value_per_unit / found[c]
    mechanism = replace(mechanism, beta=beta)
    whole, path = np.concatenate([truth.history, media]), truth.strength
    contributions = mechanism.zero_out(whole, path)[-len(media) :]
    expected = truth.baseline + mechanism.total(whole, path)[-len(media) :]
    return replace(truth, mechanism=mechanism, media=media, spend=spend, contributions=contributions, expected=expected)


def funnel_sections(simulated: SimulatedFunnel, source: str = "data.csv") -> dict[str, Any]:
    """The sections ``data`` and ``model`` of the settings that read this world's frame, as plain data."""
    funnel = simulated.funnel
    data = data_settings(simulate(funnel.world), source)
    for mediator in funnel.mediators:
        data["channels"][mediator.name] = {"role": "mediator", "media": mediator.name}
    model: dict[str, Any] = {"stages": {}}
    for mediator in funnel.mediators:
        stage: dict[str, Any] = {"reached_by": [r.channel for r in mediator.reached_by]}
        if mediator.carry.family != "none":
            stage["carryover"] = {"family": mediator.carry.family}
        model["stages"][mediator.name] = stage
    return {"data": data, "model": model}


def funnel_world(seed: int = 5) -> Funnel:
    """A retailer whose television and video make people look for the brand, and whose search spend follows them."""
    channels = (
        Channel("tv", 60_000, roas=0.5, flighting=Flighting(pattern="bursts"), adstock=Adstock(alpha=0.6)),
        Channel("video", 30_000, roas=0.6, flighting=Flighting(variation=0.5)),
        Channel("social", 25_000, roas=1.6, flighting=Flighting(variation=0.5)),
        Channel("search", 20_000, roas=1.2, flighting=Flighting(variation=0.3)),
    )
    queries = Mediator(
        "branded_queries",
        (Reaches("tv", 0.14, Adstock(alpha=0.5)), Reaches("video", 0.07)),
        outcome_share=0.35,
        missing=0.06,
    )
    world = World(
        channels,
        name="funnel",
        weeks=158,
        controls=(Control("price", effect=-0.02),),
        noise=Noise(sd=0.015),
        seed=seed,
    )
    return Funnel(world, (queries,), {"search": ("branded_queries", 1.0)})
