"""What is kept of a plan: money by period, geo and channel, its promise with draws, its settings and its rules."""

import datetime as dt
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from mmm.arrays import Floats
from mmm.register.settings import RegisterSettings


class Part(BaseModel):
    """Something that is kept: frozen, as plain data in JSON."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, ser_json_inf_nan="null")


class Promise(Part):
    """What a plan was said to win over its reference plan."""

    what: Literal["outcome", "profit"]
    unit: str
    mean: float
    lower: float
    upper: float
    probability: float
    """Share of draws above zero."""
    draws: tuple[float, ...]
    """At most 400 of the draws of the gain, evenly thinned; all of them come from the same posterior draws."""


class Past(Part):
    """Spend before the plan, by date and channel: limits of a quarter that began before it count it."""

    dates: tuple[dt.date, ...]
    spend: tuple[tuple[float, ...], ...]


class Content(Part):
    """A plan as it is kept. ``spend[h][g][c]`` and ``reference[h][g][c]`` are money by period, geo and channel."""

    version: Literal[1] = 1
    analysis: str
    title: str
    currency: str
    outcome_unit: str
    period: Literal["day", "week"]
    dates: tuple[dt.date, ...]
    geos: tuple[str, ...]
    channels: tuple[str, ...]
    spend: tuple[tuple[tuple[float, ...], ...], ...]
    reference: tuple[tuple[tuple[float, ...], ...], ...]
    past: Past
    total_budget: float
    verdict: str
    promise: Promise
    """The gain that the decision rests on: profit where a margin is known and the totals differ, else outcome."""
    effect: Promise
    """The gain in outcome, whatever it costs."""
    settings: dict[str, Any]
    rules: RegisterSettings
    fit: str
    """Key of the fit."""
    data: str
    """Fingerprint of the data."""
    manifest: str | None = None
    """SHA-256 of the manifest of the report that told the plan; null where there was none."""
    replaces: str | None = None
    """Plan that this one corrects; null for a plan of its own."""
    since: int = 0
    """Periods of a corrected plan that were spent when it was made; its money there is what was spent."""
    kept: float = 1.0
    """What the promise was multiplied by: the share that earlier promises of the analysis kept (ledger)."""
    correction: Promise | None = None
    """What a corrected plan wins over going on with the plan that it corrects, net of what changing costs."""

    @property
    def money(self) -> Floats:
        """``spend`` as an array [h, g, c]."""
        return np.array(self.spend, dtype=float).reshape(len(self.dates), len(self.geos), len(self.channels))

    @property
    def today(self) -> Floats:
        """``reference`` as an array [h, g, c]."""
        return np.array(self.reference, dtype=float).reshape(self.money.shape)

    @property
    def total(self) -> float:
        return float(self.money.sum())

    @property
    def days(self) -> int:
        """Days of a period."""
        return 7 if self.period == "week" else 1

    @property
    def last_day(self) -> dt.date:
        """Last day of the horizon."""
        return self.dates[-1] + dt.timedelta(days=self.days - 1)

    @property
    def change(self) -> float:
        """Share of the reference plan's money that moves: the larger of all increases and all decreases by channel."""
        moved = (self.money - self.today).sum(axis=(0, 1))
        more, less = float(np.maximum(moved, 0.0).sum()), float(np.maximum(-moved, 0.0).sum())
        return max(more, less) / max(float(self.today.sum()), 1e-300)

    @property
    def by_channel(self) -> pd.DataFrame:
        """Totals over the horizon, one row a channel: spend, reference, change."""
        table = pd.DataFrame(
            {"spend": self.money.sum(axis=(0, 1)), "reference": self.today.sum(axis=(0, 1))},
            index=pd.Index(self.channels, name="channel"),
        )
        return table.assign(change=table["spend"] - table["reference"])
