"""A fixed library of worlds that each break an assumption of the usual media mix model."""

import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from mmm.errors import SettingsError
from mmm.simulate.world import (
    Adstock,
    Baseline,
    Channel,
    Control,
    EffectPath,
    Fee,
    Flighting,
    Noise,
    Saturation,
    Synergy,
    World,
)

_REGIONS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")


def _base(rng: Generator, geos: int) -> World:
    """A well-behaved world with five channels; what it spends and earns differs with ``rng``."""
    weekly = 2_000_000.0
    plans = (
        ("tv", 0.022, 1.3, 0.6, 0.9, Flighting("bursts", on_weeks=5, off_weeks=6, floor=0.03)),
        ("search", 0.015, 2.6, 0.15, 1.8, Flighting("always_on", variation=0.35)),
        ("social", 0.014, 2.0, 0.35, 1.8, Flighting("pulses", off_weeks=3, floor=0.3)),
        ("display", 0.010, 0.9, 0.3, 0.8, Flighting("heavy_tailed", variation=0.4)),
        ("radio", 0.009, 1.4, 0.45, 1.3, Flighting("bursts", on_weeks=4, off_weeks=8)),
    )
    channels = []
    for name, share, roas, alpha, half, flighting in plans:
        jitter = np.exp(rng.normal(0.0, [0.2, 0.35, 0.25]))
        channels.append(
            Channel(
                name,
                weekly_spend=share * weekly * jitter[0],
                roas=roas * jitter[1],
                flighting=replace(flighting, staggered=geos > 1 and flighting.pattern in ("bursts", "pulses")),
                adstock=Adstock(alpha=float(np.clip(alpha + rng.normal(0.0, 0.08), 0.02, 0.85)), max_lag=13),
                saturation=Saturation(k=half * jitter[2]),
                geo_sd=0.2,
            )
        )
    return World(
        channels=tuple(channels),
        geos=("national",) if geos == 1 else _REGIONS[:geos],
        baseline=Baseline(weekly_outcome=weekly, trend=float(rng.normal(0.02, 0.02)), drift_sd=0.02),
        controls=(Control("price", effect=-0.02, sd=2.5), Control("promo", "promotion", effect=0.04, sd=0.2)),
        noise=Noise(0.03),
    )


def _each(world: World, change: Callable[[Channel], Channel]) -> World:
    return replace(world, channels=tuple(change(channel) for channel in world.channels))


def _some(world: World, **changes: Callable[[Channel], Channel]) -> World:
    """Change the channels named."""
    return _each(world, lambda channel: changes[channel.name](channel) if channel.name in changes else channel)


def _delayed(world: World) -> World:
    return _each(
        world,
        lambda c: replace(c, adstock=Adstock("delayed", alpha=0.75, delay=3.0 if c.name != "search" else 1.0)),
    )


def _long(world: World) -> World:
    return _each(world, lambda c: replace(c, adstock=Adstock("weibull", shape=1.8, scale=11.0, max_lag=39)))


def _s_shaped(world: World) -> World:
    return _each(world, lambda c: replace(c, saturation=Saturation("hill", k=1.2, slope=2.5)))


def _exponential(world: World) -> World:
    return _each(world, lambda c: replace(c, saturation=Saturation("exponential", rate=1.2)))


def _collinear(world: World) -> World:
    follow = Flighting("bursts", variation=0.12, copies="tv")
    return _each(world, lambda c: c if c.name == "tv" else replace(c, flighting=follow))


def _hidden_demand(world: World) -> World:
    chase = Flighting("demand_following", variation=0.15, follow=0.35)
    world = replace(world, baseline=replace(world.baseline, demand_sd=0.05, demand_persistence=0.9))
    return _some(
        world,
        search=lambda c: replace(c, flighting=chase),
        social=lambda c: replace(c, flighting=replace(chase, follow=0.2)),
    )


def _time_varying(world: World) -> World:
    return _some(
        world,
        tv=lambda c: replace(c, path=EffectPath("fade", -1.0)),
        search=lambda c: replace(c, path=EffectPath("jump", 0.6, at=0.6)),
        social=lambda c: replace(c, path=EffectPath("wave", 0.4)),
    )


def _synergy(world: World) -> World:
    return replace(world, synergies=(Synergy("search", "tv", 0.7), Synergy("social", "tv", 0.5)))


def _heavy_tails(world: World) -> World:
    return replace(world, noise=Noise(0.025, df=2.5))


def _break(world: World) -> World:
    return replace(world, baseline=replace(world.baseline, breaks=((0.35, -0.18), (0.55, 0.12))))


def _spend_error(world: World) -> World:
    return _each(world, lambda c: replace(c, spend_error=0.35))


def _fees(world: World) -> World:
    return _each(world, lambda c: replace(c, fee=Fee(0.08, 0.25, at=0.5)))


def _few_weeks(world: World) -> World:
    return replace(world, weeks=60)


def _sparse(world: World) -> World:
    rare = Flighting("bursts", on_weeks=2, off_weeks=30)
    return _some(
        world,
        radio=lambda c: replace(c, flighting=rare),
        display=lambda c: replace(c, flighting=replace(rare, on_weeks=3, off_weeks=24)),
    )


def _negative(world: World) -> World:
    return _some(world, display=lambda c: replace(c, roas=-1.0))


def _pure_noise(world: World) -> World:
    return _some(world, display=lambda c: replace(c, roas=0.0))


def _unseen_history(world: World) -> World:
    return replace(_some(world, tv=lambda c: replace(c, adstock=Adstock(alpha=0.85, max_lag=26))), unseen_weeks=39)


def _mixed(world: World) -> World:
    return _heavy_tails(_hidden_demand(_delayed(world)))


_WORLDS: dict[str, tuple[Callable[[World], World], str]] = {
    "well_specified": (lambda world: world, "Nothing broken: geometric carryover, Hill curves, smooth baseline."),
    "delayed_carryover": (_delayed, "The effect peaks weeks after the spend."),
    "long_carryover": (_long, "The effect is spread over nine months."),
    "s_shaped_saturation": (_s_shaped, "Small amounts do almost nothing: S-shaped curves."),
    "exponential_saturation": (_exponential, "Curves that flatten earlier than a Hill curve can."),
    "collinear_flighting": (_collinear, "All channels run in the same weeks."),
    "hidden_demand": (_hidden_demand, "Search and social follow demand that nobody recorded."),
    "time_varying_effect": (_time_varying, "Effects fade, jump and swing."),
    "synergy": (_synergy, "Search and social work better while television runs."),
    "heavy_tails": (_heavy_tails, "Errors with rare, large shocks."),
    "structural_break": (_break, "The base level falls at once and recovers in part."),
    "spend_error": (_spend_error, "Recorded spend differs from paid spend by a third."),
    "agency_fees": (_fees, "A share of the booked spend, which jumps once, buys no media."),
    "few_weeks": (_few_weeks, "Sixty weeks of data."),
    "sparse_channels": (_sparse, "Two channels run for a few weeks only."),
    "negative_channel": (_negative, "Display lowers the outcome."),
    "noise_channel": (_pure_noise, "Display does nothing."),
    "unseen_history": (_unseen_history, "Long carryover from spend before the first row."),
    "mixed": (_mixed, "Delayed carryover, hidden demand and heavy tails together."),
}


def library_names() -> tuple[str, ...]:
    """Names of the worlds of the library, the well-specified one first."""
    return tuple(_WORLDS)


def library_world(name: str, *, geos: int = 1, replicate: int = 0) -> World:
    """One world of the library. ``replicate`` redraws spend, returns and errors; ``geos`` is 1 to 6.

    Raises SettingsError for a name that is not in the library.
    """
    if name not in _WORLDS:
        raise SettingsError(f"'{name}' is no world of the library; it holds {', '.join(_WORLDS)}.")
    if not 1 <= geos <= len(_REGIONS):
        raise SettingsError(f"geos is {geos}; the rule is 1 to {len(_REGIONS)}.")
    seed = zlib.crc32(f"{name} {geos} {replicate}".encode())
    change, note = _WORLDS[name]
    label = f"{name}_{geos}_{replicate}"
    return replace(change(_base(np.random.default_rng(seed), geos)), name=label, note=note, seed=seed)


def library(*, geos: int = 1, replicate: int = 0) -> tuple[World, ...]:
    """All worlds of the library."""
    return tuple(library_world(name, geos=geos, replicate=replicate) for name in _WORLDS)
