"""What another frequency does to channels known by reach and frequency, at the same money.

Money buys contacts at a given cost, so that a higher frequency reaches fewer persons: the effect of the same money is
proportional to f(frequency) / frequency, f being the curve of a person's effect. What maximises it depends on the curve
alone, neither on the money nor on geo or period (as Meridian's optimal frequency); below 1 nobody is reached.
"""

from dataclasses import dataclass, replace

import numpy as np

from mmm.arrays import Floats
from mmm.model.response import ResponseDraws

_STEP = 0.05
_MOST = 15.0
"""Frequencies that are looked at end at this, or at twice the usual one."""


@dataclass(frozen=True)
class Frequencies:
    """Effect of a channel's money by its frequency, relative to the usual one: ``gain[n, f]`` at ``frequency[f]``.

    ``best`` has the largest mean effect, ``best_draws[n]`` are the best ones by draw; ``usual`` is that of all geos.
    """

    channel: str
    frequency: Floats
    gain: Floats
    best: float
    best_draws: Floats
    usual: float


def frequencies(draws: ResponseDraws, reach: Floats) -> tuple[Frequencies, ...]:
    """By channel known by reach and frequency; ``reach[g, c]`` is what its money buys in a geo at the usual ones."""
    if draws.reach is None:
        return ()
    found = []
    for k, place in enumerate(draws.reach.places):
        usual, persons = draws.reach.usual[:, k], reach[:, place]
        contacts = persons * usual
        mean = float(contacts.sum() / persons.sum()) if persons.sum() > 0 else float(usual.mean())
        grid = np.arange(1.0, max(_MOST, 2.0 * mean) + _STEP, _STEP)
        effect, now = _of_money(draws, place, (persons, contacts), grid)
        gain = effect / np.where(now > 0, now, 1.0)[:, None]
        best = float(grid[int(np.argmax(effect.mean(axis=0)))])
        found.append(Frequencies(draws.channels[place], grid, gain, best, grid[np.argmax(effect, axis=1)], mean))
    return tuple(found)


def _of_money(draws: ResponseDraws, place: int, media: tuple[Floats, Floats], grid: Floats) -> tuple[Floats, Floats]:
    """Effect of a channel's ``media``, persons and contacts [g], at every frequency of the grid, and at the usual."""
    if draws.reach is None:
        return np.zeros((draws.n, len(grid))), np.zeros(draws.n)
    k, (persons, contacts) = draws.reach.places.index(place), media
    beta = np.exp(draws.log_beta[:, :, place]) / draws.media_scale[:, place]
    size = (beta * contacts / draws.reach.at(k, draws.reach.usual[:, k])).sum(axis=1)
    effect, now = size[:, None] * draws.reach.at(k, grid) / grid, (beta * persons).sum(axis=1)
    for path in draws.paths:
        if draws.channels[place] in path.channels:
            more, today = _of_money(path, path.channels.index(draws.channels[place]), media, grid)
            effect, now = effect + more, now + today
    return effect, now


def at_frequency(draws: ResponseDraws, channel: str, frequency: float) -> ResponseDraws:
    """The draws with this channel's money buying contacts at ``frequency`` in all geos, for the same cost a contact."""
    if draws.reach is None or channel not in draws.channels:
        raise ValueError(f"'{channel}' is not known by reach and frequency.")
    place = draws.channels.index(channel)
    k = draws.reach.places.index(place)
    usual = draws.reach.usual[:, k]
    factor = draws.reach.at(k, np.array([frequency])) / frequency * usual / draws.reach.at(k, usual)
    log_beta = draws.log_beta.copy()
    log_beta[:, :, place] += np.log(np.maximum(factor, 1e-300))
    paths = tuple(at_frequency(p, channel, frequency) if channel in p.channels else p for p in draws.paths)
    return replace(draws, log_beta=log_beta, paths=paths)
