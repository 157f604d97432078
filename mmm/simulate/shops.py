"""Two shops that the general worlds do not have: one by day, and one whose video is known by reach and frequency.

Their response is that of :mod:`mmm.simulate.formulas`; all draws come from the seed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.random import Generator

from mmm.simulate.formulas import Array, adstock_weights, carry_over, saturate
from mmm.simulate.world import Adstock, Saturation

DAY_LEVEL, WEEK_LEVEL = 100_000.0, 700_000.0
PATTERN = (-0.10, -0.20, -0.05, 0.0, 0.15, 0.35, -0.15)
"""Change of a day's outcome from Monday to Sunday, relative to the usual level."""
_FIRST = pd.Timestamp("2023-01-02")


@dataclass(frozen=True)
class Shop:
    """``frame`` as the company would hand it over, and what is true of it.

    ``roas`` of the whole time, carryover after its end included. ``effects``: by name, changes of the outcome relative
    to ``level``, the outcome of a usual period without media.
    """

    frame: pd.DataFrame
    level: float
    roas: Mapping[str, float]
    effects: Mapping[str, float] = field(default_factory=dict)
    best_frequency: float = float("nan")


def brought(media: Array, adstock: Adstock, curve: Saturation, worth: float) -> Array:
    """Contribution [t] of media [t], which brings ``worth`` over the time and after it.

    The curve is of media relative to their mean over active periods.
    """
    relative = media / media[media > 0].mean()
    return scaled(relative, lambda x: saturate(carry_over(x, adstock_weights(adstock)), curve), adstock.max_lag, worth)


def scaled(series: Array, respond: Callable[[Array], Array], after: int, worth: float) -> Array:
    """The response [t] to a series [t], times what makes it ``worth`` with the ``after`` periods that follow."""
    whole = respond(np.concatenate([series, np.zeros(after)]))
    return np.asarray(worth * whole[: len(series)] / whole.sum())


def daily_shop(
    seed: int = 0,
    days: int = 730,
    *,
    off: Mapping[str, Sequence[date]] | None = None,
    sales: Sequence[date] = (),
    weekdays: Sequence[float] = PATTERN,
) -> Shop:
    """A shop by day with a pattern of the week, months, days off, days of sale and a trend that bends half-way.

    ``off``: days by the name of their holiday, each with an effect of its own around -30%; ``sales``: days with one
    effect. Television comes in bursts, search follows the days of the week.
    """
    rng = np.random.default_rng([seed, 1])
    dates = pd.date_range(_FIRST, periods=days, name="date")
    months = rng.normal(0.0, 0.05, 12)
    effects = {f"weekday {i}": v for i, v in enumerate(np.array(weekdays) - np.mean(weekdays))}
    effects |= {f"month {i + 1}": v for i, v in enumerate(months - months.mean())}
    years = np.arange(days) / 365.25
    bend = rng.normal(0.0, 0.1)
    level = 1.0 + np.array(weekdays)[dates.day_of_week] + months[dates.month - 1]
    level += rng.normal(0.03, 0.03) * years + bend * np.maximum(years - years[-1] / 2, 0.0)
    for name, of in (off or {}).items():
        effects[name] = rng.normal(-0.3, 0.1)
        level += effects[name] * dates.isin(pd.DatetimeIndex(list(of)))
    if sales:
        effects["sale"] = rng.normal(0.6, 0.2)
        level += effects["sale"] * dates.isin(pd.DatetimeIndex(list(sales)))
    bursts = np.repeat(rng.random(days // 21 + 1) < 0.55, 21)[:days]
    spend = {
        "tv": bursts * 9_000.0 * rng.lognormal(0.0, 0.25, days),
        "search": 4_000.0 * (1.0 + 0.6 * np.array(weekdays)[dates.day_of_week]) * rng.lognormal(0.0, 0.3, days),
    }
    alphas, returns = {"tv": 0.8, "search": 0.3}, _returns(rng, ("tv", "search"))
    total = DAY_LEVEL * level
    for name, money in spend.items():
        curve, adstock = Saturation(k=float(np.exp(rng.normal(0.3, 0.5)))), Adstock(alpha=alphas[name], max_lag=28)
        total += brought(money, adstock, curve, returns[name] * money.sum())
    total += 0.02 * DAY_LEVEL * rng.standard_normal(days)
    return Shop(_frame(dates, total, spend), DAY_LEVEL, returns, effects)


def reached_shop(seed: int = 0, weeks: int = 156) -> Shop:
    """A shop by week with television and search by spend, and video by persons reached and contacts of each.

    A person who saw the video f times is moved by f^slope / (half^slope + f^slope), and a contact costs the same.
    """
    rng = np.random.default_rng([seed, 2])
    dates = pd.date_range(_FIRST, periods=weeks, freq="7D", name="date")
    turn = 2 * np.pi * np.arange(weeks) / 52.18
    level = WEEK_LEVEL * (1.0 + 0.06 * np.cos(turn + rng.uniform(0, 6)) + 0.03 * np.arange(weeks) / 52)
    returns = _returns(rng, ("tv", "search", "video"))
    spend = {
        "tv": 40_000.0 * np.repeat(rng.random(weeks // 4 + 1) < 0.6, 4)[:weeks] * rng.lognormal(0.0, 0.3, weeks),
        "search": 25_000.0 * rng.lognormal(0.0, 0.35, weeks),
    }
    total = level.copy()
    for name, money in spend.items():
        adstock = Adstock(alpha=float(rng.uniform(0.2, 0.7)), max_lag=13)
        curve = Saturation(k=float(np.exp(rng.normal(0.3, 0.5))))
        total += brought(money, adstock, curve, returns[name] * money.sum())
    reach = np.round(
        1_200_000.0 * np.repeat(rng.random(weeks // 3 + 1) < 0.7, 3)[:weeks] * rng.lognormal(0, 0.4, weeks)
    )
    often = np.round(1.0 + rng.gamma(4.0, 0.45, weeks), 2)
    spend["video"] = 0.012 * reach * often
    half, slope = float(np.exp(rng.normal(np.log(5) / 2, np.log(5) / 3.29))), float(rng.uniform(1.2, 3.0))
    moved = reach / reach[reach > 0].mean() * often**slope / (half**slope + often**slope)
    weights = adstock_weights(Adstock(alpha=float(rng.uniform(0.2, 0.6)), max_lag=13))
    worth = returns["video"] * spend["video"].sum()
    total += scaled(moved, lambda x: carry_over(x, weights), 13, worth)
    total += 0.02 * WEEK_LEVEL * rng.standard_normal(weeks)
    frame = _frame(dates, total, spend).assign(video_reach=reach, video_frequency=np.where(reach > 0, often, 0.0))
    best = max(1.0, half * (slope - 1.0) ** (1.0 / slope))
    return Shop(frame, WEEK_LEVEL, returns, {"half_frequency": half, "slope": slope}, best)


def _frame(dates: pd.DatetimeIndex, outcome: Array, spend: Mapping[str, Array]) -> pd.DataFrame:
    """Outcome and money to the cent."""
    columns = {"revenue": outcome} | {f"{name}_spend": money for name, money in spend.items()}
    return pd.DataFrame({"date": dates} | {name: np.round(values, 2) for name, values in columns.items()})


def _returns(rng: Generator, names: Sequence[str]) -> dict[str, float]:
    """Returns from the model's default prior: 90% between 0.2 and 5."""
    return {name: float(np.exp(rng.normal(0.0, 0.978))) for name in names}
