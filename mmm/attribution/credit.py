"""Credit by channel and rule, with intervals from drawing groups of persons again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from mmm.attribution.counts import Counts, count_journeys
from mmm.attribution.markov import removal_effects, shares
from mmm.attribution.read import Reconciliation
from mmm.attribution.settings import GROUPS, AttributionSettings
from mmm.attribution.shapley import by_conversions, game
from mmm.data.cells import FloatArray

Measure = Literal["conversions", "value"]
_ENDS = (0.05, 0.95)


@dataclass(frozen=True)
class Attribution:
    """What each rule credits to each channel.

    ``credit``: index (rule, channel); columns share, lower, upper (of what is credited, 90% bootstrap over persons),
    conversions, value (NaN without money). A Shapley value by rate may be negative: journeys through the channel then
    convert less often. ``drawing_error``: standard error of a Shapley value's share from drawing permutations, by
    channel; zero where all coalitions were taken. ``measure``: what shares are shares of.
    """

    credit: pd.DataFrame
    measure: Measure
    removal: pd.Series
    drawing_error: pd.Series
    counts: Counts
    settings: AttributionSettings

    @property
    def channels(self) -> tuple[str, ...]:
        return self.counts.channels

    @property
    def reconciliation(self) -> Reconciliation:
        return self.counts.reconciliation

    def shares(self, rule: str) -> pd.DataFrame:
        """Share, lower and upper by channel of one rule."""
        return pd.DataFrame(self.credit.xs(rule))[["share", "lower", "upper"]]


def attribute(settings: AttributionSettings, base: Path, currency: str | None = None) -> Attribution:
    """Read journeys and credit their conversions. Raises DataError with everything that is wrong with the files.

    ``currency`` is that of the analysis: conversions whose column of currencies says another are an error.

    Persons are independent; their journeys are not, so whole groups of persons are drawn again (random-groups
    bootstrap: Wolter 2007, Introduction to Variance Estimation, chapter 2).
    """
    counts = count_journeys(settings, base, currency)
    measure: Measure = "conversions" if counts.value is None else "value"
    rng = np.random.default_rng(settings.seed)
    again = rng.multinomial(GROUPS, np.full(GROUPS, 1.0 / GROUPS), size=settings.replicates).astype(np.float64)
    weights = np.vstack([np.ones(GROUPS), again])
    shared = {rule: _normalised(weights @ amount) for rule, amount in _additive(counts, measure).items()}
    shared["markov"] = _normalised(np.array([shares(_effects(counts, weight, measure)) for weight in weights]))
    played = game(counts.sets.member, settings.seed)
    rated = played.values(weights @ counts.sets.conversions, weights @ counts.sets.journeys)
    shared["shapley_rate"] = _normalised(rated)
    everyone = weights[0]
    error = played.error(everyone @ counts.sets.conversions, everyone @ counts.sets.journeys)
    names = pd.Index(counts.channels, name="channel")
    return Attribution(
        credit=_table(shared, counts),
        measure=measure,
        removal=pd.Series(_effects(counts, everyone, measure), names, name="removal_effect"),
        drawing_error=pd.Series(error / max(abs(rated[0].sum()), 1e-300), names, name="drawing_error"),
        counts=counts,
        settings=settings,
    )


def _additive(counts: Counts, measure: Measure) -> Mapping[str, FloatArray]:
    """Credit [group, channel] of the rules that add up over journeys."""
    rules = counts.conversions if measure == "conversions" or counts.value is None else counts.value
    amount = counts.sets.conversions if measure == "conversions" else counts.sets.value
    return {**rules, "shapley": by_conversions(counts.sets.member, amount)}


def _effects(counts: Counts, weight: FloatArray, measure: Measure) -> FloatArray:
    chain = counts.transitions
    return removal_effects(chain, weight @ chain.weight, weight @ chain.value if measure == "value" else None)


def _normalised(amounts: FloatArray) -> FloatArray:
    """Rows that add up to 1; a draw in which nothing converted is left out of the intervals as NaN."""
    total = amounts.sum(axis=1, keepdims=True)
    return np.divide(amounts, total, out=np.full_like(amounts, np.nan), where=np.abs(total) > 0)


def _table(shared: Mapping[str, FloatArray], counts: Counts) -> pd.DataFrame:
    found = counts.reconciliation
    value = float("nan") if found.value is None else found.value - (found.value_without_touch or 0.0)
    parts = {}
    for rule, draws in shared.items():
        lower, upper = np.nanquantile(draws[1:], _ENDS, axis=0)
        frame = pd.DataFrame(
            {"share": draws[0], "lower": lower, "upper": upper}, pd.Index(counts.channels, name="channel")
        )
        frame["conversions"] = frame["share"] * found.credited
        frame["value"] = frame["share"] * value
        parts[rule] = frame
    return pd.concat(parts, names=["rule"])
