"""Kinds of worlds that no default, limit or correction of the workbench was chosen on, made to test what it promises.

The library (:mod:`mmm.simulate.library`) is one company with an assumption broken. Here every world is another
company, with its own channels, patterns of spend, returns and noise, and what is wrong with it is of a kind that the
library does not have: of the effect, of the way money is spent, of the outcome, or of what was recorded of both.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.random import Generator

from mmm.simulate import Adstock, Baseline, Channel, Control, EffectPath, Flighting, Noise, Saturation, Synergy, World

Frames = Callable[[pd.DataFrame, Generator], pd.DataFrame]
"""What is recorded of a world in place of its frame (one row a date and geo, sorted by geo), with draws of its own."""

_NAMES = ("tv", "search", "social", "display", "radio", "audio", "print", "posters")
_GEOS = ("alpha", "beta", "gamma", "delta")


@dataclass(frozen=True)
class Made:
    """A world, and what is recorded of it: ``unrecorded`` controls are left out, the rest goes through ``frames``."""

    world: World
    unrecorded: tuple[str, ...] = ()
    frames: Frames | None = None


def new_kinds() -> dict[str, str]:
    """Names of the kinds, each with what is wrong in it."""
    return {name: note for name, (_, note) in _KINDS.items()}


def new_world(kind: str, *, geos: int = 1, replicate: int = 0) -> Made:
    """One world of a kind; ``replicate`` draws another company."""
    seed = zlib.crc32(f"new {kind} {geos} {replicate}".encode())
    rng = np.random.default_rng(seed)
    change, note = _KINDS[kind]
    made = change(_company(rng, geos))
    found = made if isinstance(made, Made) else Made(made)
    return replace(found, world=replace(found.world, name=f"new_{kind}_{geos}_{replicate}", note=note, seed=seed))


def _company(rng: Generator, geos: int) -> World:
    """Four to six channels that cost 6% to 11% of the outcome together, with returns around 1.2."""
    weekly = 2_000_000.0
    names = [_NAMES[i] for i in sorted(rng.choice(len(_NAMES), size=int(rng.integers(4, 7)), replace=False))]
    money = rng.dirichlet(np.full(len(names), 4.0)) * rng.uniform(0.06, 0.11) * weekly
    patterns = [
        Flighting("bursts", on_weeks=float(rng.uniform(3, 7)), off_weeks=float(rng.uniform(4, 10)), floor=0.02),
        Flighting("always_on", variation=0.35),
        Flighting("pulses", off_weeks=float(rng.uniform(2, 5)), floor=0.3),
        Flighting("heavy_tailed", variation=0.4),
        Flighting("bursts", on_weeks=float(rng.uniform(2, 4)), off_weeks=float(rng.uniform(5, 9))),
        Flighting("seasonal", variation=0.3, amplitude=0.3, peak_week=float(rng.uniform(0, 52))),
    ]
    order = rng.permutation(len(patterns))[: len(names)]
    channels = [
        Channel(
            name,
            weekly_spend=float(money[i]),
            roas=float(np.exp(rng.normal(0.2, 0.6))),
            flighting=replace(patterns[order[i]], staggered=geos > 1 and patterns[order[i]].pattern == "bursts"),
            adstock=Adstock(alpha=float(rng.uniform(0.0, 0.75)), max_lag=13),
            saturation=Saturation(k=float(np.exp(rng.normal(0.3, 0.4)))),
            geo_sd=0.2,
        )
        for i, name in enumerate(names)
    ]
    return World(
        channels=tuple(channels),
        weeks=int(rng.integers(117, 183)),
        geos=("national",) if geos == 1 else _GEOS[:geos],
        baseline=Baseline(weekly_outcome=weekly, trend=float(rng.normal(0.02, 0.03)), drift_sd=0.02),
        controls=(Control("price", effect=-0.02, sd=2.5), Control("promo", "promotion", effect=0.04, sd=0.2)),
        noise=Noise(float(rng.uniform(0.02, 0.035))),
    )


def _each(world: World, change: Callable[[int, Channel], Channel]) -> World:
    """Change the channels, each told its place in the order of money, the largest first."""
    order = sorted(range(len(world.channels)), key=lambda i: -world.channels[i].weekly_spend)
    place = {i: rank for rank, i in enumerate(order)}
    return replace(world, channels=tuple(change(place[i], c) for i, c in enumerate(world.channels)))


def _threshold(world: World) -> World:
    return _each(world, lambda _, c: replace(c, saturation=Saturation(k=0.8, slope=6.0)))


def _growing(world: World) -> World:
    return _each(world, lambda i, c: replace(c, path=EffectPath("fade", 0.9 if i % 2 else -0.5)))


def _worn_out(world: World) -> World:
    return _each(world, lambda i, c: replace(c, path=EffectPath("jump", -1.0, at=0.9)) if i < 2 else c)


def _one_late(world: World) -> World:
    late = Adstock("delayed", alpha=0.8, delay=5.0)
    return _each(world, lambda i, c: replace(c, adstock=late) if i == 0 else c)


def _curve_first(world: World) -> World:
    return _each(world, lambda _, c: replace(c, saturation_first=True))


def _no_ceiling(world: World) -> World:
    return _each(world, lambda _, c: replace(c, saturation=Saturation("power", slope=0.5)))


def _losing(world: World) -> World:
    return _each(world, lambda i, c: replace(c, roas=-0.8) if i == 1 else c)


def _worthless(world: World) -> World:
    return _each(world, lambda i, c: replace(c, roas=0.05) if i % 2 == 0 else c)


def _rivals(world: World) -> World:
    names = [c.name for c in sorted(world.channels, key=lambda c: -c.weekly_spend)]
    return replace(world, synergies=(Synergy(names[1], names[0], -0.6), Synergy(names[2], names[0], -0.6)))


def _held(world: World) -> World:
    budget = Flighting("held", variation=0.4, on_weeks=13)
    return _each(world, lambda _, c: replace(c, flighting=budget))


def _calendar(world: World) -> World:
    season = Flighting("seasonal", variation=0.15, amplitude=0.6, peak_week=48.0)
    baseline = replace(world.baseline, season=((0.12, -0.07), (0.04, -0.02)))
    return _each(replace(world, baseline=baseline), lambda i, c: replace(c, flighting=season) if i < 3 else c)


def _twins(world: World) -> World:
    first, second, *rest = world.channels
    copy = Flighting(variation=0.05, geo_noise=0.05, copies=first.name)
    return replace(world, channels=(first, replace(second, flighting=copy), *rest))


def _promoted(world: World) -> World:
    """Spend is up by half in promotion weeks."""

    def follows(c: Channel) -> Channel:
        return replace(c, flighting=replace(c.flighting, with_control="promo", follow=0.3))

    promo = Control("promo", "promotion", effect=0.05, sd=0.2)
    world = replace(world, controls=(world.controls[0], promo))
    return _each(world, lambda i, c: follows(c) if i < 3 else c)


def _unrecorded_promotions(world: World) -> Made:
    return Made(_promoted(world), unrecorded=("promo",))


def _unrecorded_price(world: World) -> Made:
    price = Control("price", effect=-0.03, sd=2.5)
    return Made(replace(world, controls=(price, world.controls[1])), unrecorded=("price",))


def _chased(world: World, follow: float, persistence: float) -> World:
    chase = Flighting("demand_following", variation=0.2, follow=follow)
    world = replace(world, baseline=replace(world.baseline, demand_sd=0.04, demand_persistence=persistence))
    return _each(world, lambda i, c: replace(c, flighting=chase) if i in (0, 2) else c)


def _fast_demand(world: World) -> World:
    return _chased(world, 0.4, 0.5)


def _against_demand(world: World) -> World:
    return _chased(world, -0.3, 0.9)


def _memory(world: World) -> World:
    return replace(world, baseline=replace(world.baseline, demand_sd=0.03, demand_persistence=0.7))


def _level_shifts(world: World) -> World:
    shifts = ((0.15, 0.08), (0.3, -0.12), (0.5, 0.1), (0.7, -0.07), (0.85, 0.09))
    return replace(world, baseline=replace(world.baseline, breaks=shifts))


def _shut(world: World) -> World:
    return replace(world, baseline=replace(world.baseline, breaks=((0.4, -0.3), (0.47, 0.15), (0.55, 0.13))))


def _restless(world: World) -> World:
    return replace(world, baseline=replace(world.baseline, drift_sd=0.05, drift_weeks=10.0))


def _noisy(world: World) -> World:
    return replace(world, noise=Noise(0.06))


def _young(world: World) -> World:
    return replace(world, weeks=80, baseline=replace(world.baseline, trend=0.25))


def _outliers(world: World) -> Made:
    def frames(frame: pd.DataFrame, draws: Generator) -> pd.DataFrame:
        wrong = draws.random(len(frame)) < 0.04
        factor = np.where(wrong, np.exp(draws.choice([-0.4, 0.3], len(frame))), 1.0)
        return frame.assign(**{world.outcome: np.round(frame[world.outcome] * factor, 2)})

    return Made(world, frames=frames)


def _growing_noise(world: World) -> Made:
    def frames(frame: pd.DataFrame, draws: Generator) -> pd.DataFrame:
        age = frame.groupby("geo", sort=False).cumcount().to_numpy() / (world.weeks - 1.0)
        error = 0.07 * age * draws.standard_normal(len(frame))
        return frame.assign(**{world.outcome: np.round(frame[world.outcome] * (1.0 + error), 2)})

    return Made(world, frames=frames)


def _booked_late(world: World) -> Made:
    """The money of two channels is booked three weeks after it ran; the first three bookings are of the same kind."""
    late = [f"{c.name}_spend" for c in world.channels[:2]]

    def frames(frame: pd.DataFrame, _: Generator) -> pd.DataFrame:
        return frame.assign(**{name: frame.groupby("geo", sort=False)[name].shift(3).bfill() for name in late})

    return Made(world, frames=frames)


_KINDS: dict[str, tuple[Callable[[World], World | Made], str]] = {
    "threshold": (_threshold, "Below a level spend does nothing."),
    "growing": (_growing, "Effects of half the channels grow, of the others fade."),
    "worn_out": (_worn_out, "The two largest channels lose most of their effect shortly before the end."),
    "one_late": (_one_late, "The largest channel works five weeks later, the others at once."),
    "curve_first": (_curve_first, "Media saturate within a week and are then carried over."),
    "no_ceiling": (_no_ceiling, "Effects grow with the root of the spend, without a ceiling."),
    "losing": (_losing, "The second largest channel takes away most of what it costs."),
    "worthless": (_worthless, "Half the channels bring a twentieth of what they cost."),
    "rivals": (_rivals, "Two channels work worse while the largest one runs."),
    "held": (_held, "Budgets are held for a quarter and then set anew."),
    "calendar": (_calendar, "The three largest channels follow the calendar, as the outcome does."),
    "twins": (_twins, "Two channels run together to within 5%."),
    "with_promotions": (_promoted, "Spend rises in weeks of promotions, which are recorded."),
    "unrecorded_promotions": (_unrecorded_promotions, "Spend rises in weeks of promotions that nobody recorded."),
    "unrecorded_price": (_unrecorded_price, "A price that moves the outcome is not recorded."),
    "fast_demand": (_fast_demand, "Two channels follow demand that comes and goes within weeks and is not recorded."),
    "against_demand": (_against_demand, "Two channels are raised when demand, which nobody recorded, is low."),
    "memory": (_memory, "Errors of the outcome remember those of the weeks before."),
    "level_shifts": (_level_shifts, "The base level jumps five times."),
    "shut": (_shut, "The base level falls by a third for some months and comes back in two steps."),
    "restless": (_restless, "The base level wanders by 5% within a quarter."),
    "noisy": (_noisy, "Weekly noise of 6%."),
    "young": (_young, "Eighty weeks of a company that grows by a quarter a year."),
    "outliers": (_outliers, "One week in 25 is recorded a third too low or too high."),
    "growing_noise": (_growing_noise, "Noise grows from nothing to 7%."),
    "booked_late": (_booked_late, "The money of two channels is booked three weeks after it ran."),
}
