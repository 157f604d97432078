"""What is true in a simulated world, and what any other spend would have brought."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from mmm.errors import SettingsError
from mmm.simulate.formulas import Array
from mmm.simulate.mechanism import Mechanism

PRICE_WINDOW = 13
"""Periods at the end whose cost per unit holds for the future."""


@dataclass(frozen=True)
class Truth:
    """The truth of one simulated panel, in outcome units unless said; money is in the currency of the world.

    Shapes: ``history[unseen, geo, channel]`` and ``media[date, geo, channel]`` drive the response, ``spend`` is the
    money truly paid, ``strength[unseen + date, channel]`` the path of each effect, ``contributions[date, geo,
    channel]`` zero-out contributions, ``baseline[date, geo]`` the expected outcome without media, ``control_effects
    [date, geo, control]`` the part of the baseline due to controls, ``expected[date, geo]`` the expected outcome,
    ``noise_sd[geo]`` the scale of its errors.

    Effect, ROAS and marginal ROAS cover the whole panel: all spend in its rows, nothing afterwards, counted to the
    last row plus the look-back. They need the tail, so ROAS x spend is a little above the sum of ``contributions``.
    """

    dates: pd.DatetimeIndex
    geos: tuple[str, ...]
    mechanism: Mechanism
    history: Array
    media: Array
    spend: Array
    strength: Array
    value_per_unit: float
    contributions: Array
    baseline: Array
    control_effects: Array
    controls: tuple[str, ...]
    expected: Array
    noise_sd: Array

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(channel.name for channel in self.mechanism.channels)

    @cached_property
    def geo_effect(self) -> Array:
        """Effect of the panel's spend, [geo, channel], in outcome units."""
        return self.mechanism.effect(self.history, self.media, self.strength)

    @cached_property
    def effect(self) -> Array:
        """Effect of the panel's spend, [channel], in outcome units."""
        return np.asarray(self.geo_effect.sum(axis=0))

    @cached_property
    def geo_roas(self) -> Array:
        """Value of the effect per unit of money, [geo, channel]; NaN where nothing was spent."""
        return _ratio(self.geo_effect * self.value_per_unit, self.spend.sum(axis=0))

    @cached_property
    def roas(self) -> Array:
        """Value of the effect per unit of money, [channel]."""
        return _ratio(self.effect * self.value_per_unit, self.spend.sum(axis=(0, 1)))

    @cached_property
    def marginal_roas(self) -> Array:
        """Derivative of the effect's value under proportional scaling of a channel's spend, per unit of money."""
        step = 1e-4
        slopes = np.empty(len(self.channels))
        for c in range(len(self.channels)):
            ends = []
            for sign in (1.0, -1.0):
                scaled = np.array(self.media)
                scaled[:, :, c] *= 1.0 + sign * step
                ends.append(self.mechanism.joint_effect(self.history, scaled, self.strength).sum())
            slopes[c] = (ends[0] - ends[1]) / (2.0 * step)
        return _ratio(slopes * self.value_per_unit, self.spend.sum(axis=(0, 1)))

    @cached_property
    def future_price(self) -> Array:
        """Cost of a unit of media after the panel, [geo, channel]: money over media in the last 13 periods.

        Where a geo bought none in that time, the whole panel's; where never, the channel's over all geos.
        """
        last = slice(-PRICE_WINDOW, None)
        recent = _ratio(self.spend[last].sum(axis=0), self.media[last].sum(axis=0))
        ever = _ratio(self.spend.sum(axis=0), self.media.sum(axis=0))
        overall = _ratio(self.spend.sum(axis=(0, 1)), self.media.sum(axis=(0, 1)))
        price = np.where(np.isfinite(recent), recent, ever)
        return np.where(np.isfinite(price), price, overall)

    def reference_plan(self, horizon: int) -> Array:
        """Spend of the last ``horizon`` periods, [horizon, geo, channel]."""
        if not 0 < horizon <= len(self.dates):
            raise SettingsError(f"horizon is {horizon}; the rule is 1 to {len(self.dates)} periods.")
        return np.array(self.spend[-horizon:])

    def response(self, plan: Array) -> float:
        """Expected incremental outcome of a future spend plan [period, geo, channel] that starts after the panel.

        outcome(actual history, plan, nothing after) minus outcome(actual history, nothing), summed to the end of the
        plan plus the look-back: carry-in from the panel shapes the saturation but is not counted, carry-over is.
        """
        history, media, strength = self.future(plan)
        return float(self.mechanism.joint_effect(history, media, strength).sum())

    def response_by_channel(self, plan: Array) -> Array:
        """The same for each channel's spend in the plan alone taken away, [geo, channel]."""
        return self.mechanism.effect(*self.future(plan))

    def future(self, plan: Array) -> tuple[Array, Array, Array]:
        """History, media of the plan and effect path, as :meth:`Mechanism.effect` takes them."""
        plan = np.asarray(plan, dtype=float)
        if plan.ndim != 3 or plan.shape[1:] != self.media.shape[1:]:
            raise SettingsError(
                f"plan has the shape {plan.shape}; the rule is [period, geo, channel] with "
                f"{self.media.shape[1]} geos and {self.media.shape[2]} channels."
            )
        if not np.isfinite(plan).all() or plan.min(initial=0.0) < 0.0:
            raise SettingsError("plan holds negative or missing spend; give amounts of zero or more.")
        known = np.concatenate([self.history, self.media])[-max(self.mechanism.lookback, 1) :]
        strength = np.repeat(self.strength[-1:], len(known) + len(plan), axis=0)
        return known, plan / self.future_price, strength

    def summary(self) -> dict[str, Any]:
        """Plain numbers for a JSON file: parameters, and effect, ROAS and contribution by channel and geo."""
        by_channel = {}
        for c, channel in enumerate(self.mechanism.channels):
            by_channel[channel.name] = {
                "spend": float(self.spend[:, :, c].sum()),
                "effect": float(self.effect[c]),
                "roas": _number(self.roas[c]),
                "marginal_roas": _number(self.marginal_roas[c]),
                "contribution": float(self.contributions[:, :, c].sum()),
                "geo_effect": dict(zip(self.geos, self.geo_effect[:, c].tolist(), strict=True)),
                "beta": dict(zip(self.geos, self.mechanism.beta[:, c].tolist(), strict=True)),
                "mean_active_media_per_head": float(self.mechanism.scale[c]),
            }
        return {
            "channels": by_channel,
            "outcome": {
                "expected": float(self.expected.sum()),
                "baseline": float(self.baseline.sum()),
                "controls": dict(zip(self.controls, self.control_effects.sum(axis=(0, 1)).tolist(), strict=True)),
                "noise_sd": dict(zip(self.geos, self.noise_sd.tolist(), strict=True)),
            },
        }


def _ratio(top: Array, bottom: Array) -> Array:
    out = np.full(np.shape(top), np.nan)
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out


def _number(value: float) -> float | None:
    """None for NaN, which JSON does not know."""
    return float(value) if np.isfinite(value) else None
