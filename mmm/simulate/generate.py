"""Turning a world into data and truth. One seed gives one result; each part draws from its own stream."""

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from mmm.simulate.flighting import WEEKS_PER_YEAR, autoregressive, by_geo, national_pattern, smooth_path
from mmm.simulate.formulas import Array
from mmm.simulate.mechanism import Mechanism
from mmm.simulate.truth import Truth
from mmm.simulate.world import Channel, EffectPath, World


@dataclass(frozen=True)
class Simulated:
    """``frame`` is wide, one row a date and geo, as a company would hand it over; ``truth`` is for scoring only.

    ``usual_spend`` and ``usual_media``, [date, geo, channel], are what would have been bought without the world's
    tests.
    """

    world: World
    frame: pd.DataFrame
    truth: Truth
    usual_spend: Array
    usual_media: Array


def stream(world: World, part: str) -> Generator:
    """An own stream for each part, so that changing one (say the noise) leaves the others as they were."""
    return np.random.default_rng([world.seed, zlib.crc32(part.encode())])


@dataclass(frozen=True)
class _Calendar:
    """Weeks before the first row included."""

    dates: pd.DatetimeIndex
    years: Array
    """Years since the first row."""
    week_of_year: Array


def _calendar(world: World) -> _Calendar:
    first = pd.Timestamp(world.start) - pd.Timedelta(weeks=world.unseen_weeks)
    dates = pd.date_range(first, periods=world.unseen_weeks + world.weeks, freq="7D", unit="ns", name="date")
    years = (np.arange(len(dates)) - world.unseen_weeks) / WEEKS_PER_YEAR
    day = np.asarray((dates - pd.Timestamp("2000-01-01")).days, dtype=float)
    return _Calendar(dates, years, day / 7.0 % WEEKS_PER_YEAR)


def _population(world: World) -> Array:
    if world.population is not None:
        return np.asarray(world.population, dtype=float)
    if len(world.geos) == 1:
        return np.array([1_000_000.0])
    draws = np.exp(world.population_sd * stream(world, "population").standard_normal(len(world.geos)))
    return np.asarray(np.round(draws / draws.mean() * 1_000_000.0))


def _season(world: World, calendar: _Calendar) -> Array:
    turn = 2.0 * np.pi * calendar.week_of_year / WEEKS_PER_YEAR
    path = np.zeros(len(turn))
    for harmonic, (cosine, sine) in enumerate(world.baseline.season, start=1):
        path += cosine * np.cos(harmonic * turn) + sine * np.sin(harmonic * turn)
    return path


def _standard(path: Array) -> Array:
    sd = path.std()
    return np.asarray((path - path.mean()) / sd) if sd > 0 else np.zeros_like(path)


def _baseline_parts(world: World, calendar: _Calendar) -> dict[str, Array]:
    """Parts [weeks] relative to the base level, controls and the level by geo left out."""
    b, weeks = world.baseline, len(calendar.dates)
    position = np.arange(weeks) - world.unseen_weeks
    shift = np.zeros(weeks)
    for at, size in b.breaks:
        shift += size * (position >= at * world.weeks)
    # A path of sd zero is not drawn: the eigenvectors of a long panel are the slowest part.
    drift = smooth_path(stream(world, "drift"), weeks, b.drift_weeks) if b.drift_sd > 0 else np.zeros(weeks)
    demand = autoregressive(stream(world, "demand"), weeks, b.demand_persistence)[:, 0]
    return {
        "trend": b.trend * calendar.years,
        "season": _season(world, calendar),
        "drift": b.drift_sd * drift,
        "demand": b.demand_sd * demand,
        "breaks": shift,
    }


def _controls(world: World, weeks: int) -> tuple[Array, Array]:
    """Values and effects relative to the base level, both [weeks, geo, control]."""
    geos = len(world.geos)
    values = np.empty((weeks, geos, len(world.controls)))
    effects = np.empty_like(values)
    for k, control in enumerate(world.controls):
        rng = stream(world, f"control {control.name}")
        if control.kind == "promotion":
            on = rng.random((weeks, 1)) < control.frequency
            values[:, :, k] = np.round(np.where(on, control.sd * (0.5 + rng.random((weeks, 1))), 0.0), 3)
            effects[:, :, k] = control.effect * values[:, :, k] / control.sd
        else:
            own_share = control.geo_share if geos > 1 else 0.0
            path = np.sqrt(1.0 - own_share) * autoregressive(rng, weeks, 0.9)
            path = path + np.sqrt(own_share) * autoregressive(rng, weeks, 0.9, geos)
            values[:, :, k] = np.round(control.centre + control.sd * path, 4)
            effects[:, :, k] = control.effect * (values[:, :, k] - control.centre) / control.sd
    return values, effects


def _patterns(world: World, calendar: _Calendar, demand: Array, controls: Array) -> Array:
    """True spend [weeks, geo, channel], cents, with the stated mean over the rows of the panel."""
    population = _population(world)
    share = population / population.sum()
    spend = np.empty((len(calendar.dates), len(world.geos), len(world.channels)))
    national: dict[str, Array] = {}
    for c, channel in enumerate(world.channels):
        rng = stream(world, f"flighting {channel.name}")
        f = channel.flighting
        pattern = national_pattern(rng, f, calendar.week_of_year, demand)
        if f.copies is not None:
            pattern = national[f.copies] * np.exp(f.variation * autoregressive(rng, len(pattern), 0.5)[:, 0])
        if f.with_control is not None:
            k = [control.name for control in world.controls].index(f.with_control)
            pattern = pattern * np.exp(f.follow * _standard(controls[:, :, k].mean(axis=1)))
        national[channel.name] = pattern
        own = None
        if f.staggered and f.copies is None:
            own = [national_pattern(rng, f, calendar.week_of_year, demand) for _ in world.geos]
        cells = by_geo(rng, f, pattern, own, share)
        cells[:, [world.geos.index(g) for g in channel.absent_geos]] = 0.0
        mean = cells[world.unseen_weeks :].sum(axis=1).mean()
        if mean > 0:
            cells *= channel.weekly_spend / mean
        spend[:, :, c] = np.round(cells, 2)
    return spend


def _unit_prices(world: World, weeks: int) -> Array:
    """Currency per unit of media [weeks, geo, channel]; 1 where money itself is the media. Fees included."""
    prices = np.ones((weeks, len(world.geos), len(world.channels)))
    position = np.arange(weeks) - world.unseen_weeks
    for c, channel in enumerate(world.channels):
        if channel.unit is not None:
            rng = stream(world, f"price {channel.name}")
            by_place = channel.unit.geo_sd * rng.standard_normal(len(world.geos))
            by_week = channel.unit.drift_sd * autoregressive(rng, weeks, 0.95)
            prices[:, :, c] = channel.unit.cost_per_thousand / 1000.0 * np.exp(by_place + by_week)
        if channel.fee is not None:
            fee = np.where(position < channel.fee.at * world.weeks, channel.fee.before, channel.fee.after)
            prices[:, :, c] /= (1.0 - fee)[:, None]
    return prices


def _strength(path: EffectPath | None, weeks: int, unseen: int) -> Array:
    """Multiplier of a channel's effect over time, [unseen + weeks]."""
    if path is None:
        return np.ones(unseen + weeks)
    x = np.clip((np.arange(unseen + weeks) - unseen) / max(weeks - 1, 1), 0.0, 1.0)
    if path.kind == "fade":
        return np.asarray(np.exp(path.size * x))
    if path.kind == "jump":
        return np.asarray(np.exp(path.size * (x >= path.at)))
    return np.asarray(np.exp(path.size * np.sin(3.0 * np.pi * x)))


def _mechanism(world: World, media: Array, spend: Array, strength: Array) -> Mechanism:
    """The true response, with each channel's amplitude scaled to its stated ROAS (synergies left out)."""
    size = _population(world)
    seen = slice(world.unseen_weeks, None)
    per_head = media[seen] / size[:, None]
    active = per_head > 0
    scale = per_head.sum(axis=(0, 1)) / np.maximum(active.sum(axis=(0, 1)), 1)
    scale = np.where(scale > 0, scale, 1.0)
    raw = np.empty((len(world.geos), len(world.channels)))
    for c, channel in enumerate(world.channels):
        spread = channel.geo_sd if len(world.geos) > 1 else 0.0
        deviation = stream(world, f"effect {channel.name}").standard_normal(len(world.geos))
        raw[:, c] = size * np.exp(spread * deviation)
    unit = Mechanism(world.channels, world.synergies, size, scale, raw)
    effect = unit.effect(media[: world.unseen_weeks], media[seen], strength, own_only=True).sum(axis=0)
    factor = [
        _amplitude(channel, effect[c], spend[seen, :, c].sum(), world.value_per_unit)
        for c, channel in enumerate(world.channels)
    ]
    return Mechanism(world.channels, world.synergies, size, scale, raw * np.array(factor))


def _amplitude(channel: Channel, unit_effect: float, spend: float, value: float) -> float:
    if channel.roas is None:
        return float(channel.beta or 0.0)
    return channel.roas * spend / (unit_effect * value) if unit_effect > 0 else 0.0


def simulate(world: World) -> Simulated:
    """Data and truth of a world; the same for the same world on every machine."""
    calendar = _calendar(world)
    weeks, seen = len(calendar.dates), slice(world.unseen_weeks, None)
    parts = _baseline_parts(world, calendar)
    control_values, control_effects = _controls(world, weeks)
    demand = _standard(parts["season"] + parts["drift"] + parts["demand"] + parts["breaks"])
    usual = _patterns(world, calendar, demand, control_values)
    spend = _tested(world, usual)
    prices = _unit_prices(world, weeks)
    media, usual_media = _bought(world, spend / prices), _bought(world, usual / prices)
    strength = np.column_stack([_strength(c.path, world.weeks, world.unseen_weeks) for c in world.channels])
    mechanism = _mechanism(world, media, spend, strength)

    size = mechanism.size
    per_head = world.baseline.weekly_outcome / size.sum()
    level = np.exp(world.baseline.level_sd * stream(world, "level").standard_normal(len(world.geos)))
    level = np.ones(1) if len(level) == 1 else level / (level * size).sum() * size.sum()
    common = np.sum(list(parts.values()), axis=0)
    baseline = per_head * size * (level + common[:, None] + control_effects.sum(axis=2))
    contributions = mechanism.zero_out(media, strength)
    expected = baseline + mechanism.total(media, strength)
    rng = stream(world, "noise")
    errors = rng.standard_normal((weeks, len(size)))
    if world.noise.df is not None:
        errors = errors / np.sqrt(rng.chisquare(world.noise.df, errors.shape) / world.noise.df)
    outcome = np.round(expected + world.noise.sd * per_head * size * errors, 2)

    truth = Truth(
        dates=calendar.dates[seen],
        geos=world.geos,
        mechanism=mechanism,
        history=media[: world.unseen_weeks],
        media=media[seen],
        spend=spend[seen],
        strength=strength,
        value_per_unit=world.value_per_unit,
        contributions=contributions[seen],
        baseline=baseline[seen],
        control_effects=(per_head * size[:, None] * control_effects)[seen],
        controls=tuple(control.name for control in world.controls),
        expected=expected[seen],
        noise_sd=world.noise.sd * per_head * size,
    )
    frame = _frame(world, truth, outcome[seen], control_values[seen])
    return Simulated(world, frame, truth, usual[seen], usual_media[seen])


def _tested(world: World, usual: Array) -> Array:
    """Spend with what the world's tests withheld or added."""
    spend = usual.copy()
    for test in world.tests:
        rows = slice(world.unseen_weeks + test.first, world.unseen_weeks + test.first + test.weeks)
        geos = [g for g, name in enumerate(world.geos) if test.geos is None or name in test.geos]
        c = [channel.name for channel in world.channels].index(test.channel)
        factor = {"hold_out": 1.0, "go_dark": 0.0, "heavy_up": 1.0 + test.size}[test.kind]
        spend[rows, geos, c] = np.round(factor * spend[rows, geos, c], 2)
    return spend


def _bought(world: World, media: Array) -> Array:
    """Whole units where the channel is bought by the unit."""
    for c, channel in enumerate(world.channels):
        if channel.unit is not None:
            media[:, :, c] = np.round(media[:, :, c])
    return media


def _frame(world: World, truth: Truth, outcome: Array, controls: Array) -> pd.DataFrame:
    """One row a date and geo, sorted by geo then date."""
    weeks, geos = outcome.shape

    def column(values: Array) -> Array:
        return values.T.reshape(-1)

    columns: dict[str, object] = {
        "date": np.tile(truth.dates.to_numpy(), geos),
        "geo": np.repeat(np.asarray(world.geos, dtype=object), weeks),
        world.outcome: column(outcome),
    }
    if world.value_per_unit != 1.0:
        columns["value_per_unit"] = np.full(weeks * geos, world.value_per_unit)
    for c, channel in enumerate(world.channels):
        spend = truth.spend[:, :, c]
        if channel.spend_error > 0:
            rng = stream(world, f"error {channel.name}")
            error = rng.standard_normal(spend.shape)
            spend = np.round(spend * np.exp(channel.spend_error * error - channel.spend_error**2 / 2.0), 2)
        columns[f"{channel.name}_spend" if channel.costs else f"{channel.name}_contacts"] = column(spend)
        if channel.unit is not None:
            columns[f"{channel.name}_{channel.unit.name}"] = column(truth.media[:, :, c])
    for k, control in enumerate(world.controls):
        columns[control.name] = column(controls[:, :, k])
    columns["population"] = np.repeat(truth.mechanism.size, weeks)
    return pd.DataFrame(columns)
