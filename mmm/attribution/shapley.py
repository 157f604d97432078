"""Shapley values of channels, for two worths of a set of channels.

``conversions``: a set is worth the conversions of journeys that hold no other channel (Zhao, Mahboobi and Bagheri 2018,
"Shapley value methods for attribution modeling in online advertising", arXiv:1804.05327). The value is then exactly
each conversion shared alike among the *different* channels of its journey, for any number of channels.

``rate``: a set is worth the share of those journeys that convert, so that journeys without one count too. Exact up to
twelve channels, beyond that by permutations, each with its reverse.
"""

import math
from dataclasses import dataclass

import numpy as np

from mmm.data.cells import FloatArray

EXACT = 12
_PAIRS = 500
"""Permutations drawn beyond :data:`EXACT` channels, each used with its reverse."""


def by_conversions(member: np.ndarray, amount: FloatArray) -> FloatArray:
    """Shapley value [..., channel] of ``amount`` [..., set] (conversions or money), exactly.

    A set's own conversions are a unanimity game of its channels, whose Shapley value shares them alike.
    """
    return np.asarray(amount @ (member / member.sum(axis=1, keepdims=True)), dtype=np.float64)


@dataclass(frozen=True)
class Game:
    """Coalitions whose worths make up the channels' values.

    ``inside`` [coalition, set]: 1 where the journeys of a set use no channel outside the coalition. ``exact``
    [channel, coalition]: weights of worths in each channel's value; None where ``orders`` [pair, 2, channel] are drawn
    instead, whose coalitions are their beginnings.
    """

    inside: FloatArray
    exact: FloatArray | None
    orders: np.ndarray

    def values(self, conversions: FloatArray, journeys: FloatArray) -> FloatArray:
        """Shapley values [draw, channel] of the conversion rate, of conversions and journeys [draw, set]."""
        rate = self._rates(conversions, journeys)
        found = rate @ self.exact.T if self.exact is not None else self._gains(rate).mean(axis=1)
        return np.asarray(found, dtype=np.float64)

    def error(self, conversions: FloatArray, journeys: FloatArray) -> FloatArray:
        """Standard error [channel] of :meth:`values` from drawing orders, for one draw [set]; zero where exact."""
        if self.exact is not None:
            return np.zeros(len(self.exact))
        drawn = self._gains(self._rates(conversions[None], journeys[None]))[0]
        return np.asarray(drawn.std(axis=0, ddof=1) / math.sqrt(len(drawn)), dtype=np.float64)

    def _rates(self, conversions: FloatArray, journeys: FloatArray) -> FloatArray:
        seen, converted = journeys @ self.inside.T, conversions @ self.inside.T
        return np.divide(converted, seen, out=np.zeros_like(seen), where=seen > 0)

    def _gains(self, rate: FloatArray) -> FloatArray:
        """Mean gain of each channel over an order and its reverse [draw, pair, channel]."""
        pairs, both, channels = self.orders.shape
        gains = np.diff(rate.reshape(-1, pairs, both, channels + 1), axis=-1)
        found = np.empty_like(gains)
        np.put_along_axis(found, np.broadcast_to(self.orders, gains.shape), gains, axis=-1)
        return np.asarray(found.mean(axis=2), dtype=np.float64)


def game(member: np.ndarray, seed: int) -> Game:
    """The game of these sets [set, channel]: all coalitions, or those of drawn permutations."""
    channels = member.shape[1]
    if channels <= EXACT:
        coalition = (np.arange(2**channels)[:, None] >> np.arange(channels)) & 1 == 1
        return Game(_inside(coalition, member), _exact(coalition), np.empty((0, 2, channels), dtype=np.int64))
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(channels) for _ in range(_PAIRS)])
    # Each order and its reverse: what comes early in one comes late in the other.
    orders = np.stack([orders, orders[:, ::-1]], axis=1)
    rank = np.argsort(orders, axis=-1)
    # Coalition k of an order holds its first k channels.
    coalition = rank[:, :, None, :] < np.arange(channels + 1)[:, None]
    return Game(_inside(coalition.reshape(-1, channels), member), None, orders)


def _inside(coalition: np.ndarray, member: np.ndarray) -> FloatArray:
    """Whether all channels of a set are in the coalition [coalition, set]."""
    outside = (~coalition).astype(np.float32) @ member.T.astype(np.float32)
    return np.asarray(outside == 0, dtype=np.float64)


def _exact(coalition: np.ndarray) -> FloatArray:
    """Weights [channel, coalition] of worths in each channel's Shapley value."""
    channels = coalition.shape[1]
    size = coalition.sum(axis=1)
    joins = np.array(
        [1.0 / (channels * math.comb(channels - 1, k)) if k < channels else 0.0 for k in range(channels + 1)]
    )
    with_it = np.where(size > 0, joins[np.maximum(size - 1, 0)], 0.0)
    return np.asarray(np.where(coalition.T, with_it, -joins[size]), dtype=np.float64)
