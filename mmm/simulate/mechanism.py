"""From media to outcome in a simulated world: the true response, without noise."""

from dataclasses import dataclass

import numpy as np

from mmm.simulate.formulas import Array, adstock_weights, carry_over, saturate
from mmm.simulate.world import Channel, Synergy


@dataclass(frozen=True)
class Mechanism:
    """The true response to media.

    ``size[geo]`` are head counts, ``scale[channel]`` the mean media per head over active cells,
    ``beta[geo, channel]`` the contribution at full saturation in outcome units a period.
    """

    channels: tuple[Channel, ...]
    synergies: tuple[Synergy, ...]
    size: Array
    scale: Array
    beta: Array

    @property
    def lookback(self) -> int:
        """Periods after which nothing of an exposure is left."""
        return max(channel.adstock.max_lag for channel in self.channels)

    def saturation(self, media: Array) -> Array:
        """Share of the full effect reached, [t, geo, channel], for media [t, geo, channel] with nothing before."""
        out = np.empty(media.shape)
        for c, channel in enumerate(self.channels):
            relative, weights = media[:, :, c] / (self.size * self.scale[c]), adstock_weights(channel.adstock)
            if channel.saturation_first:
                out[:, :, c] = carry_over(saturate(relative, channel.saturation), weights)
            else:
                out[:, :, c] = saturate(carry_over(relative, weights), channel.saturation)
        return out

    def terms(self, media: Array, strength: Array) -> tuple[Array, Array]:
        """Own terms [t, geo, channel] and synergy terms [t, geo, synergy] at the effects ``strength[t, channel]``."""
        level = self.saturation(media)
        own = self.beta * strength[:, None, :] * level
        names = [channel.name for channel in self.channels]
        joint = np.zeros((*media.shape[:2], len(self.synergies)))
        for s, synergy in enumerate(self.synergies):
            first, second = names.index(synergy.first), names.index(synergy.second)
            joint[:, :, s] = synergy.strength * own[:, :, first] * level[:, :, second]
        return own, joint

    def total(self, media: Array, strength: Array) -> Array:
        """Outcome due to all media together, [t, geo]."""
        own, joint = self.terms(media, strength)
        return np.asarray(own.sum(axis=2) + joint.sum(axis=2))

    def zero_out(self, media: Array, strength: Array) -> Array:
        """Contribution [t, geo, channel]: outcome with all media minus outcome without the channel.

        A synergy is lost when either of its channels goes, so it counts in both.
        """
        own, joint = self.terms(media, strength)
        names = [channel.name for channel in self.channels]
        for s, synergy in enumerate(self.synergies):
            own[:, :, names.index(synergy.first)] += joint[:, :, s]
            own[:, :, names.index(synergy.second)] += joint[:, :, s]
        return own

    def effect(self, history: Array, window: Array, strength: Array, *, own_only: bool = False) -> Array:
        """Effect [geo, channel] of each channel's media in a window, in outcome units.

        outcome(history, window, nothing after) minus outcome(history, the channel absent in the window, nothing
        after), summed to the end of the window plus the look-back. ``strength[t, channel]`` covers history and
        window; its last row holds afterwards. ``own_only`` leaves synergies out.
        """
        with_all, path = self._followed(history, window, strength)
        without = np.array(with_all)
        without[len(history) : len(history) + len(window)] = 0.0
        if own_only or not self.synergies:
            # Without synergies a channel's term depends on its own media alone, so one pass serves all.
            return np.asarray((self.terms(with_all, path)[0] - self.terms(without, path)[0]).sum(axis=0))
        base = self.total(with_all, path).sum(axis=0)
        out = np.empty(self.beta.shape)
        for c in range(len(self.channels)):
            absent = np.array(with_all)
            absent[:, :, c] = without[:, :, c]
            out[:, c] = base - self.total(absent, path).sum(axis=0)
        return out

    def joint_effect(self, history: Array, window: Array, strength: Array) -> Array:
        """Effect [geo] of all media in the window together; less than the sum over channels where synergies help."""
        with_all, path = self._followed(history, window, strength)
        without = np.array(with_all)
        without[len(history) : len(history) + len(window)] = 0.0
        return np.asarray((self.total(with_all, path) - self.total(without, path)).sum(axis=0))

    def _followed(self, history: Array, window: Array, strength: Array) -> tuple[Array, Array]:
        tail = np.zeros((self.lookback, *window.shape[1:]))
        path = np.concatenate([strength, np.repeat(strength[-1:], self.lookback, axis=0)])
        return np.concatenate([history, window, tail]), path
