"""A simulated world beyond what was planned on: what any money in its last periods would have brought, in truth."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.simulate import Simulated


@dataclass
class Ahead:
    """``made`` is the world with all its periods, ``dataset`` its panel; ``price[t, g, c]`` is money per unit of media,
    ``strength[t, c]`` factors on effects and ``demand[t]`` on the outcome without media, which may be changed.
    """

    made: Simulated
    dataset: Dataset
    price: Floats = field(init=False)
    strength: Floats = field(init=False)
    demand: Floats = field(init=False)

    def __post_init__(self) -> None:
        geos, known = self.made.truth.geos, self.dataset.geos
        if len(geos) != len(known) or (len(geos) > 1 and geos != known):
            raise ValueError("the panel has other geos than the world, or in another order")
        truth = self.made.truth
        bought = truth.media > 0
        price = np.where(bought, truth.spend / np.where(bought, truth.media, 1.0), np.nan)
        usual = truth.spend.sum(axis=(0, 1)) / truth.media.sum(axis=(0, 1))
        self.price = np.where(np.isfinite(price), price, usual)
        self.strength, self.demand = truth.strength.copy(), np.ones(len(truth.dates))

    @cached_property
    def largest(self) -> list[int]:
        """Channels by what they bring, the largest first."""
        return [int(c) for c in np.argsort(-self.made.truth.contributions.sum(axis=(0, 1)))]

    def media(self, money: Floats, start: int) -> Floats:
        """Media [t, g, c] of all periods with ``money`` from ``start`` on, the world's own before and after."""
        media = self.made.truth.media.copy()
        rows = slice(start, start + len(money))
        media[rows] = money / self.price[rows]
        return media

    def outcome(self, media: Floats) -> Floats:
        """Outcome [t, g] of all periods, with the world's own errors."""
        truth = self.made.truth
        errors = self.dataset.data["outcome"].values - truth.expected
        return truth.baseline * self.demand[:, None] + truth.mechanism.total(media, self.strength) + errors

    def won(self, past: Floats, money: Floats) -> float:
        """What ``money[h, g, c]`` brings after ``past`` media [t, g, c], to the end of its carryover."""
        mechanism, rows = self.made.truth.mechanism, slice(len(past), len(past) + len(money))
        strength = self.strength[: rows.stop]
        return float(mechanism.joint_effect(past, money / self.price[rows], strength).sum())

    def panel(self, money: Floats, start: int) -> Dataset:
        """The panel until the last period of ``money``, which was spent from period ``start`` on, and what followed."""
        data, media = self.dataset.data.copy(deep=True), self.media(money, start)
        rows = slice(start, start + len(money))
        data["spend"].values[rows] = money
        data["media"].values[rows] = media[rows]
        data["outcome"].values[rows] = self.outcome(media)[rows]
        return replace(self.dataset, data=data).between(None, str(self.dataset.dates[rows.stop - 1].date()))
