"""What a method says of a world: estimates, forecast, plan and warnings, as plain data that can be kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mmm.arrays import Floats
from mmm.assessment.scores import crps, interval

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
"""Levels of the quantiles of a gain that are kept."""

Interval = tuple[float, float | None, float | None]
"""Median and the ends of the 90% equal-tailed interval, None where the method gives none."""


@dataclass(frozen=True)
class Forecast:
    """Of the total outcome of the hidden weeks: mean CRPS in outcome units, and share of weeks inside 90% intervals."""

    crps: float
    coverage: float


@dataclass(frozen=True)
class Decision:
    """A plan: money of the horizon by channel relative to the reference plan's, and the gain that it promises.

    ``factors`` [channel] are 1 for a channel that the reference plan does not use. ``promised`` is the mean of the
    gain over the reference plan, in money, ``lower`` and ``upper`` its 90% interval, ``chance`` the probability that it
    is above zero (None where none is given). ``quantiles`` of the gain are those of :data:`LEVELS`.
    """

    factors: tuple[float, ...]
    promised: float
    lower: float | None = None
    upper: float | None = None
    chance: float | None = None
    quantiles: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Answer:
    """A method's answer, channels in the order of the data.

    ``roas`` and ``marginal`` hold an interval a channel. ``contributions`` [date, geo, channel] are
    means; ``totals`` are intervals of their sums over the dates, by geo and then channel. What a method does not say is
    None. ``warnings`` are its own words; ``about`` are the channels that they concern, None where they concern all.
    ``signals`` are what was measured of each channel to warn by, and of the model as a whole
    (:class:`mmm.assessment.signals.Signals`).
    """

    roas: tuple[Interval, ...] | None = None
    marginal: tuple[Interval, ...] | None = None
    contributions: list[list[list[float]]] | None = None
    totals: tuple[Interval, ...] | None = None
    forecast: Forecast | None = None
    decision: Decision | None = None
    warnings: tuple[str, ...] = ()
    about: tuple[str, ...] | None = None
    signals: tuple[dict[str, float | None], ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def answer_of(data: Mapping[str, Any]) -> Answer:
    """An answer from plain data, as :meth:`Answer.to_dict` gives it."""

    def intervals(name: str) -> tuple[Interval, ...] | None:
        return None if data[name] is None else tuple((m, lower, upper) for m, lower, upper in data[name])

    forecast, decision = data["forecast"], data["decision"]
    if decision is not None:
        lists = {name: tuple(decision[name]) for name in ("factors", "quantiles") if decision[name] is not None}
        decision = {**decision, **lists}
    return Answer(
        roas=intervals("roas"),
        marginal=intervals("marginal"),
        contributions=data["contributions"],
        totals=intervals("totals"),
        forecast=None if forecast is None else Forecast(**forecast),
        decision=None if decision is None else Decision(**decision),
        warnings=tuple(data["warnings"]),
        about=None if data["about"] is None else tuple(data["about"]),
        signals=None if data["signals"] is None else tuple(data["signals"]),
    )


def intervals(draws: Floats) -> tuple[Interval, ...]:
    """Medians and 90% intervals of draws [sample, channel]."""
    lower, upper = interval(draws)
    return tuple(zip(np.median(draws, axis=0).tolist(), lower.tolist(), upper.tolist(), strict=True))


def rounded(contributions: Floats) -> list[list[list[float]]]:
    """Contributions with seven digits, which is more than any score needs and a third of the space."""
    found: list[list[list[float]]] = np.vectorize(lambda x: float(f"{x:.7g}"))(contributions).tolist()
    return found


def forecast_of(draws: Floats, actual: Floats) -> Forecast:
    """Score predictive draws [sample, period] of the total against what happened [period]."""
    lower, upper = interval(draws)
    return Forecast(float(crps(draws, actual).mean()), float(((lower <= actual) & (actual <= upper)).mean()))


def decision_of(money: Floats, reference: Floats, gain: Floats) -> Decision:
    """A decision from money and reference by channel and draws of the gain."""
    factors = np.where(reference > 0, money / np.where(reference > 0, reference, 1.0), 1.0)
    lower, upper = interval(gain)
    quantiles = tuple(np.quantile(gain, LEVELS).tolist())
    promised, chance = float(gain.mean()), float((gain > 0).mean())
    return Decision(tuple(factors.tolist()), promised, float(lower), float(upper), chance, quantiles)
