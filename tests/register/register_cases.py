"""Plans in the form of the register, made by hand."""

import datetime as dt
from typing import Any

import numpy as np

from mmm.register.ledger import Settlement, Spread
from mmm.register.record import Content, Past, Promise
from mmm.register.settings import RegisterSettings

CHANNELS = ("tv", "search", "brand")


def promise(mean: float = 50.0) -> Promise:
    draws = mean + np.random.default_rng(1).normal(0, 20, 200)
    lower, upper = np.quantile(draws, [0.05, 0.95])
    return Promise(
        what="outcome", unit="EUR", mean=float(draws.mean()), lower=float(lower), upper=float(upper),
        probability=float((draws > 0).mean()), draws=tuple(map(float, draws)),
    )  # fmt: skip


def content(rules: dict[str, Any] | None = None, **changes: Any) -> Content:
    """Thirteen weeks from the first Monday of 2025: 100 a week for tv, 50 for search, 10 for brand; one geo."""
    first, weeks = changes.pop("first", dt.date(2025, 1, 6)), changes.pop("weeks", 13)
    week = changes.pop("week", (100.0, 50.0, 10.0))
    channels = changes.pop("channels", CHANNELS)
    dates = tuple(first + dt.timedelta(weeks=i) for i in range(weeks))
    before = tuple(first - dt.timedelta(weeks=i) for i in range(53, 0, -1))
    values: dict[str, Any] = {
        "analysis": "demo",
        "title": "Demo",
        "currency": "EUR",
        "outcome_unit": "EUR",
        "period": "week",
        "dates": dates,
        "geos": ("all",),
        "channels": channels,
        "spend": tuple((tuple(week),) for _ in dates),
        "reference": tuple(((80.0, 60.0, 20.0),) for _ in dates),
        "past": Past(dates=before, spend=tuple((80.0, 60.0, 20.0) for _ in before)),
        "total_budget": 2080.0,
        "verdict": "open",
        "promise": promise(),
        "effect": promise(),
        "settings": {"name": "demo"},
        "rules": RegisterSettings.model_validate(rules or {}),
        "fit": "f" * 64,
        "data": "d" * 64,
    }
    return Content.model_validate({**values, **changes})


NOTHING = Spread(mean=0.0, lower=0.0, upper=0.0)


def gain(mean: float, sd: float = 10.0) -> Promise:
    draws = np.linspace(-2, 2, 200) * sd + mean
    lower, upper = np.quantile(draws, [0.05, 0.95])
    return Promise(
        what="outcome", unit="EUR", mean=mean, lower=float(lower), upper=float(upper),
        probability=float((draws > 0).mean()), draws=tuple(map(float, draws)),
    )  # fmt: skip


def settled(plan: str, promised: float = 50.0, brought: float = 40.0, **changes: Any) -> Settlement:
    values: dict[str, Any] = {
        "plan": plan, "analysis": "demo", "title": "Demo", "first": dt.date(2025, 1, 6), "last": dt.date(2025, 4, 6),
        "currency": "EUR", "outcome_unit": "EUR", "promise": gain(promised), "unscaled": promised,
        "settled": gain(brought), "spending": NOTHING, "prices": NOTHING, "learned": NOTHING, "planned": 2080.0,
        "spent": 2080.0, "reference": 2080.0, "expected": NOTHING, "deviation": NOTHING, "surprise": NOTHING,
        "outcome": 1.0, "fit": "f" * 64, "data": "d" * 64,
    }  # fmt: skip
    return Settlement.model_validate({**values, **changes})
