"""Effects that vary in time: a channel's contribution at date t is multiplied by exp(f(t)), f a smooth random walk.

f(t) = sd sum_j z_j S(t / spacing - j) sqrt(spacing / year), with S a smooth step (the cumulative cubic B-spline), knots
j on an absolute calendar and independent standard normal z_j: a first-order random walk of a spline's coefficients
(Lang and Brezger 2004, Bayesian P-splines). ``sd`` is the standard deviation of f's change in a year; it is sampled,
half-normal, so that effects are constant unless the data say otherwise. The path is counted from the last date of the
window, where f is 0: a channel's scale is that of its last state, and no constant is left that the scale could be
exchanged with. A channel's prior is on its effect over the panel with the multiplier in it, so that it stays exact.
After the window the walk goes on: expected to stay, with a spread that grows with the root of time.
"""

from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from mmm.arrays import Floats
from mmm.data.calendar import Duration, parse_periods
from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.model import splines
from mmm.section import Section

_YEAR = 365.25
SHARED = "shared"
SD, STEPS = "varying_sd", "varying"
"""The variables of a posterior: standard deviation of a path's change in a year, and the path's steps."""


class VaryingSettings(Section):
    """Effects that vary in time: each channel's by a path of its own, or all of them by one."""

    paths: Literal["each", "shared"] = Field(default="each", description="A path for each channel, or one for all.")
    spacing: Duration = Field(default="26 weeks", description="Distance of the path's knots: how fast it can turn.")
    sd: float = Field(
        default=0.5,
        gt=0,
        le=10.0,
        description="Prior scale of the standard deviation of a log effect's change in a year; 0 is the likeliest.",
    )


class VariesSettings(Section):
    """That a channel's effect varies in time, by a path whose prior is its own."""

    sd: float = Field(gt=0, le=10.0, description="As model.varying.sd, of this channel.")


class VaryingSpec(Section):
    """Pinned: which channels vary, by which path; ``sd[path]`` are prior scales; ``last`` is where paths are 0."""

    spacing_days: int = Field(gt=0)
    first: int
    last: str
    channels: tuple[str, ...] = Field(min_length=1)
    shared: bool = Field(default=False, exclude_if=lambda shared: not shared)
    sd: tuple[float, ...]

    @model_validator(mode="after")
    def _one_sd_a_path(self) -> Self:
        if len(self.sd) != (1 if self.shared else len(self.channels)):
            raise ValueError("sd needs one entry a path")
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the paths."""
        return (SHARED,) if self.shared else self.channels

    def dim(self, channels: tuple[str, ...]) -> str:
        """The dim of the paths in a model of these channels."""
        if self.shared:
            return "varying_path"
        return "channel" if self.channels == channels else "varying_channel"

    def path_of(self, channel: str) -> int:
        """The number of a channel's path, -1 where its effect is constant."""
        if channel not in self.channels:
            return -1
        return 0 if self.shared else self.channels.index(channel)

    def knots(self, until: pd.Timestamp) -> tuple[int, ...]:
        """The knots of the steps that count up to a date: more dates add knots at the end."""
        position = splines.positions(pd.DatetimeIndex([until]), self.spacing_days)[0]
        # The first knot's step is in every date: a constant.
        return tuple(int(k) for k in splines.knots(self.first, position)[1:])

    @property
    def own_knots(self) -> tuple[int, ...]:
        """The knots up to the last date of the window, whose steps are sampled."""
        return self.knots(pd.Timestamp(self.last))

    def design(self, dates: pd.DatetimeIndex, knots: tuple[int, ...] | None = None) -> Floats:
        """What each step adds to f, [t, knot], in units of the yearly standard deviation; 0 at the last date.

        Dates before the first knots are taken as if they lay there.
        """
        at = np.array(self.own_knots if knots is None else knots, dtype=float)
        here, last = (
            splines.step(splines.positions(days, self.spacing_days)[:, None] - at)
            for days in (dates, pd.DatetimeIndex([self.last]))
        )
        return np.asarray((here - last) * np.sqrt(self.spacing_days / _YEAR))

    def rows(self, dates: pd.DatetimeIndex, after: int) -> Floats:
        """The design of a window that ends at the last date, and of ``after`` periods more, in which f stays 0."""
        return np.concatenate([self.design(dates), np.zeros((after, len(self.own_knots)))])


def varying_spec(
    dataset: Dataset, settings: VaryingSettings | None, own: Mapping[str, bool | VariesSettings | None]
) -> VaryingSpec | None:
    """What is pinned of effects that vary; None where none does. ``own`` is what channels state.

    Raises SettingsError for a channel's own prior where all share a path, and beside mediators.
    """
    default = VaryingSettings() if settings is None else settings
    if dataset.mediators and (settings is not None or any(own.values())):
        raise SettingsError(
            "model.varying: effects that vary in time are not known beside mediators. Remove model.varying and "
            f"varies, or the role of {', '.join(dataset.mediators)}."
        )
    varies = {c: own.get(c) if own.get(c) is not None else settings is not None for c in dataset.channels}
    chosen = tuple(c for c, stated in varies.items() if stated)
    if not chosen:
        return None
    apart = [c for c in chosen if isinstance(own.get(c), VariesSettings)]
    shared = default.paths == "shared"
    if shared and apart:
        raise SettingsError(
            f"model.channels.{apart[0]}.varies.sd: all channels share one path (model.varying.paths), so its prior is "
            "model.varying.sd. State varies: true, or paths: each."
        )
    spacing = parse_periods(default.spacing, dataset.frequency) * dataset.frequency.days
    window, dates = dataset.window, dataset.dates
    scales = [own[c].sd if c in apart else default.sd for c in chosen]  # type: ignore[union-attr]
    return VaryingSpec(
        spacing_days=spacing,
        first=splines.first_knot(dates[window.start], spacing),
        last=str(dates[window.stop - 1].date()),
        channels=chosen,
        shared=shared,
        sd=(default.sd,) if shared else tuple(scales),
    )


def prior_sds(varying: VaryingSpec | None) -> Floats:
    """Prior scales of the standard deviations of paths; none where no effect varies."""
    return np.array([] if varying is None else varying.sd, dtype=np.float64)
