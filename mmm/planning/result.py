"""The plan: what to spend where, what it is expected to win over the reference plan, and how sure that is."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.cards import lines
from mmm.digits import amount
from mmm.errors import PlanError
from mmm.planning.bills import bill_table
from mmm.planning.card import Card, card
from mmm.planning.held import Held, held_channels
from mmm.planning.optimise import Certificate
from mmm.planning.problem import PlanProblem, Space
from mmm.planning.program import Program
from mmm.planning.settings import PlanSettings
from mmm.planning.statements import TODAY, Statement
from mmm.planning.worth import margin_of

Verdict = Literal["unchanged", "better", "worse", "equal", "open"]
_WORST = 0.05
# Effects of two plans that differ by less than this share of them differ by rounding.
_ROUNDING = 1e-11
# Changes of the total below this share of it are rounding.
_SAME_TOTAL = 1e-4


class Interval(NamedTuple):
    """A mean with its equal-tailed 90% interval."""

    mean: float
    lower: float
    upper: float


def interval(draws: Floats) -> Interval:
    """Mean and 90% interval of draws."""
    lower, upper = np.quantile(draws, [0.05, 0.95])
    return Interval(float(np.mean(draws)), float(lower), float(upper))


def chance(probability: float) -> str:
    """A probability that never claims certainty, as draws cannot show it: 97%, >99%, <1%."""
    return ">99%" if probability > 0.99 else "<1%" if probability < 0.01 else f"{probability:.0%}"


@dataclass(frozen=True)
class Gain:
    """Draws of a difference between two plans, summed up.

    ``probability`` is the share of draws above zero, ``worst5`` the mean of the worst 5% of draws.
    """

    draws: Floats = field(repr=False)

    @property
    def mean(self) -> float:
        return float(self.draws.mean())

    @property
    def lower(self) -> float:
        return interval(self.draws).lower

    @property
    def upper(self) -> float:
        return interval(self.draws).upper

    @property
    def probability(self) -> float:
        return float((self.draws > 0).mean())

    @property
    def worst5(self) -> float:
        count = max(1, round(_WORST * len(self.draws)))
        return float(np.sort(self.draws)[:count].mean())


def less(draws: Floats, other: Floats) -> Floats:
    """``draws`` less ``other``; nothing where they differ by rounding alone, which would be told as a number."""
    difference = draws - other
    return np.where(np.abs(difference) <= _ROUNDING * np.maximum(np.abs(draws), np.abs(other)), 0.0, difference)


@dataclass(frozen=True, repr=False)
class Plan:
    """An allocation with its draws. Amounts are totals over the horizon.

    - ``allocation``: one row a channel (see :func:`mmm.planning.tables.allocation`);
    - ``money[h, g, c]``: the plan by period, geo and channel, in media at the price of the last 13 weeks; ``spend``,
      ``allocation`` and ``schedule`` have bills in its place where vendors' prices are given;
    - ``outcome_draws``, ``reference_draws``: effect of the plan and of the reference plan on the same draws, in
      ``unit`` (the currency where the outcome has a value per unit, else units of the outcome);
    - ``mix_draws``: effect of the reference mix scaled to the plan's total;
    - ``without_spend``: draws of the outcome without any spend in the horizon (baseline and carry-in of the past);
      None where it was not forecast;
    - ``model_gain_draws``: draws of the gain by the model's posterior alone, without the discrepancy that all others
      count (:mod:`mmm.planning.discrepancy`); None where the settings ask for none.
    """

    name: str
    allocation: pd.DataFrame
    money: Floats = field(repr=False)
    total_budget: float
    settings: PlanSettings = field(repr=False)
    problem: PlanProblem = field(repr=False)
    program: Program = field(repr=False)
    outcome_draws: Floats = field(repr=False)
    reference_draws: Floats = field(repr=False)
    mix_draws: Floats = field(repr=False)
    without_spend: Floats | None = field(repr=False)
    model_gain_draws: Floats | None = field(repr=False)
    certificate: Certificate
    constraints: tuple[Statement, ...]
    fit_key: str = ""

    @property
    def horizon(self) -> int:
        """Number of periods."""
        return self.problem.horizon

    @property
    def dates(self) -> pd.DatetimeIndex:
        return self.problem.dates

    @property
    def space(self) -> Space:
        return Space(self.settings.detail, self.problem)

    @property
    def unit(self) -> str:
        return self.problem.currency if self.problem.has_value else self.problem.outcome_unit

    @property
    def objective(self) -> str:
        return self.settings.objective.kind

    @property
    def spend(self) -> float:
        return self.problem.spent(self.money)

    @property
    def reference_spend(self) -> float:
        return self.problem.spent(self.problem.reference)

    @property
    def bills(self) -> pd.DataFrame:
        """What vendors charge, a row a bill (:func:`mmm.planning.bills.bill_table`); empty where nothing is billed."""
        problem = self.problem
        return bill_table(problem.bills, self.money, problem.reference, problem.unit, problem.channels)

    @property
    def unspent(self) -> float:
        """Part of the total budget that is not worth spending, or may not be spent."""
        left = self.total_budget - self.spend
        return left if left > 1e-6 * self.total_budget else 0.0

    @property
    def same_total(self) -> bool:
        """Whether the plan spends what the reference plan spends."""
        return abs(self.spend - self.reference_spend) <= _SAME_TOTAL * max(self.reference_spend, 1e-300)

    @property
    def gain_draws(self) -> Floats:
        return less(self.outcome_draws, self.reference_draws)

    @cached_property
    def gain(self) -> Gain:
        """Outcome won over the reference plan."""
        return Gain(self.gain_draws)

    @cached_property
    def model_gain(self) -> Gain:
        """Outcome won over the reference plan, by the model's posterior alone."""
        return self.gain if self.model_gain_draws is None else Gain(self.model_gain_draws)

    @cached_property
    def mix_gain(self) -> Gain | None:
        """Outcome won over the reference mix scaled to the same total; None where the totals are equal."""
        return None if self.same_total else Gain(less(self.outcome_draws, self.mix_draws))

    @property
    def margin(self) -> float | None:
        """Profit per unit of the outcome's value; None where it is not known, and nothing is said of profit."""
        problem = self.problem
        return margin_of(self.settings, has_value=problem.has_value, is_profit=problem.is_profit)

    @cached_property
    def profit_gain(self) -> Gain | None:
        """Margin x outcome won - money spent more; None where no margin is known."""
        if self.margin is None:
            return None
        return Gain(self.margin * self.gain_draws - (self.spend - self.reference_spend))

    @property
    def decisive_gain(self) -> Gain:
        """What the verdict rests on: profit where a margin is known and the totals differ, else outcome."""
        if self.profit_gain is None or (self.same_total and self.settings.objective.kind != "profit"):
            return self.gain
        return self.profit_gain

    @property
    def expected_outcome(self) -> Interval | None:
        """Whole outcome under the plan: baseline, and its spend's later effect, included. None if not forecast."""
        return None if self.without_spend is None else interval(self.without_spend + self.outcome_draws)

    @property
    def reference_outcome(self) -> Interval | None:
        """Whole outcome under the reference plan; None if not forecast."""
        return None if self.without_spend is None else interval(self.without_spend + self.reference_draws)

    @cached_property
    def held(self) -> tuple[Held, ...]:
        """Channels that were out of the decision, in the order of the allocation."""
        return held_channels(self.allocation, self.settings)

    @property
    def notes(self) -> tuple[Statement, ...]:
        """What the plan rests on; ``str`` of one says it in English."""
        return self.problem.notes

    @property
    def reference_note(self) -> str:
        """What the reference plan is, in English."""
        return next((note.sentence for note in self.notes if note.kind in TODAY), "")

    @property
    def verdict(self) -> Verdict:
        """What the evidence says of the plan against the reference plan.

        "better" or "worse" where the interval of the decisive gain excludes zero, however small the gain; "equal" where
        the interval holds zero and all of it lies within ``equal_margin`` of what the reference plan's media win;
        "open" where the evidence does not separate the plans; "unchanged" where hardly any money moves.
        """
        moved = float(np.abs(self.money - self.problem.reference).sum())
        if moved <= 0.005 * max(self.reference_spend, 1e-300) and self.same_total:
            return "unchanged"
        gain = self.decisive_gain
        if gain.lower > 0:
            return "better"
        if gain.upper < 0:
            return "worse"
        margin = self.settings.equal_margin * abs(float(self.reference_draws.mean()))
        return "equal" if max(-gain.lower, gain.upper) <= margin else "open"

    @property
    def schedule(self) -> pd.DataFrame:
        """The plan by date, geo and channel in long form, with the reference plan beside it."""
        index = pd.MultiIndex.from_product(
            [self.dates, self.problem.draws.geos, self.problem.channels], names=["date", "geo", "channel"]
        )
        plans = {"spend": self.money, "reference": self.problem.reference}
        columns = {name: self.problem.paid(money).ravel() for name, money in plans.items()}
        return pd.DataFrame(columns, index=index).reset_index()

    def by_geo(self) -> pd.DataFrame:
        """Totals by geo and channel: spend, reference, change."""
        table = self.schedule.groupby(["geo", "channel"], sort=False)[["spend", "reference"]].sum()
        return table.assign(change=table["spend"] - table["reference"])

    def by_period(self) -> pd.DataFrame:
        """Totals by period and channel: spend, reference, change."""
        table = self.schedule.groupby(["date", "channel"], sort=False)[["spend", "reference"]].sum()
        return table.assign(change=table["spend"] - table["reference"])

    def summary(self) -> pd.Series:
        """The plan in one column of figures."""
        rows: dict[str, object] = {
            "horizon": f"{self.horizon} periods from {self.dates[0]:%Y-%m-%d}",
            "total_budget": self.total_budget,
            "spend": self.spend,
            "unspent": self.unspent,
            "reference_spend": self.reference_spend,
            "unit": self.unit,
            "effect": float(self.outcome_draws.mean()),
            "reference_effect": float(self.reference_draws.mean()),
        }
        for name, gain in (("gain", self.gain), ("mix_gain", self.mix_gain), ("profit_gain", self.profit_gain)):
            if gain is not None:
                rows |= {name: gain.mean, f"{name}_lower": gain.lower, f"{name}_upper": gain.upper}
                rows |= {f"{name}_probability": gain.probability, f"{name}_worst5": gain.worst5}
        for name, whole in (("outcome", self.expected_outcome), ("reference_outcome", self.reference_outcome)):
            if whole is not None:
                rows |= {name: whole.mean, f"{name}_lower": whole.lower, f"{name}_upper": whole.upper}
        rows |= {"verdict": self.verdict, "certificate": self.certificate.words()}
        return pd.Series(rows, name=self.name)

    def compare(self, *others: "Plan") -> pd.DataFrame:
        """This plan, others and the reference plan on the same draws, one row each.

        ``gain`` and its interval are over this plan's reference plan; ``beats_first`` is the probability of a larger
        profit (of a larger outcome where no margin is known) than this plan's. Raises PlanError where the plans do not
        share their draws.
        """
        for other in others:
            if other.fit_key != self.fit_key or other.outcome_draws.shape != self.outcome_draws.shape:
                raise PlanError(
                    f"The plans '{self.name}' and '{other.name}' rest on different draws, so that they cannot be "
                    "compared. Make both from the same fit, with the same number of draws and kind of objective."
                )
        rows = [("reference", self.reference_spend, self.reference_draws)]
        rows += [(plan.name, plan.spend, plan.outcome_draws) for plan in (self, *others)]
        margin = self.margin

        def worth(money: float, draws: Floats) -> Floats:
            return draws if margin is None else margin * draws - money

        table = {}
        for name, money, draws in rows:
            effect, gain = interval(draws), Gain(less(draws, self.reference_draws))
            net = Gain(less(worth(money, draws), worth(self.reference_spend, self.reference_draws)))
            table[name] = {
                "spend": money,
                "effect": effect.mean,
                "effect_lower": effect.lower,
                "effect_upper": effect.upper,
                "gain": gain.mean,
                "gain_lower": gain.lower,
                "gain_upper": gain.upper,
                "profit_gain": float("nan") if margin is None else net.mean,
                "probability": net.probability,
                "worst5": net.worst5,
                "beats_first": float((worth(money, draws) > worth(self.spend, self.outcome_draws)).mean()),
            }
        return pd.DataFrame.from_dict(table, orient="index").rename_axis("plan")

    @cached_property
    def beyond(self) -> pd.DataFrame:
        """Channels whose largest period exceeds the settings' limit on the range ever observed.

        ``ratio`` is the plan's largest period over the largest observed, ``beyond`` the money of the horizon above it.
        """
        limit = self.settings.extrapolation.limit * self.problem.observed_peak_total
        more = np.maximum(self.money.sum(axis=1) - limit, 0.0).sum(axis=0)
        table = pd.DataFrame({"ratio": self.allocation["observed_max_ratio"], "beyond": more})
        return table[table["beyond"] > 1e-9 * max(1.0, self.spend)]

    @property
    def sentence(self) -> str:
        """Gain over the reference plan, its interval, probability and worst 5%, by what the evidence supports."""
        gain = self.decisive_gain
        what = "profit" if gain is self.profit_gain else "outcome"
        ends = (gain.mean, gain.lower, gain.upper)
        figures = (
            f"expected gain in {what} over the reference plan {amount(gain.mean, *ends)} {self.unit} (90% interval "
            f"{amount(gain.lower, *ends)} to {amount(gain.upper, *ends)}), probability of a gain "
            f"{chance(gain.probability)}, on average {amount(gain.worst5)} {self.unit} in the worst 5% of cases"
        )
        return {
            "unchanged": "Within these constraints the reference plan is already the best: keep it.",
            "better": f"Change to this plan: {figures}.",
            "worse": f"This plan wins less than the reference plan: {figures}.",
            "equal": (
                f"This plan is as good as the reference plan, within {self.settings.equal_margin:.1%} of what media "
                f"win: {figures}."
            ),
            "open": f"The evidence does not separate this plan from the reference plan: {figures}.",
        }[self.verdict]

    def __repr__(self) -> str:
        rows = [
            (str(name), f"{amount(line['reference'])} -> {amount(line['spend'])} {self.problem.currency}")
            for name, line in self.allocation.iterrows()
        ]
        return lines(f"Plan: {self.horizon} periods from {self.dates[0]:%Y-%m-%d}. {self.sentence}", rows)

    def _repr_html_(self) -> str:
        gain = self.decisive_gain
        ends = (gain.mean, gain.lower, gain.upper)
        first, low, high = (amount(value, *ends, sign=True) for value in ends)
        unspent = f"{amount(self.unspent)} unspent" if self.unspent else ""
        beyond = (f"{name} ({row['ratio']:.1f} x its largest period)" for name, row in self.beyond.iterrows())
        return card(
            Card(
                title=f"{self.name}: {self.horizon} periods from {self.dates[0]:%Y-%m-%d}",
                sentence=self.sentence,
                tiles=(
                    ("Spend", f"{amount(self.spend)} {self.problem.currency}", unspent),
                    ("Expected gain", f"{first} {self.unit}", f"90% interval {low} to {high}"),
                    ("Chance of a gain", chance(gain.probability), f"worst 5%: {amount(gain.worst5, sign=True)}"),
                    ("Certificate", self.certificate.kind, self.certificate.words()),
                ),
                unit=self.unit,
                allocation=self.allocation,
                directions=tuple(_direction(line) for _, line in self.allocation.iterrows()),
                beyond=", ".join(beyond),
            )
        )


def _direction(line: "pd.Series[float]") -> str:
    share = float(line["probability_direction"])
    if np.isnan(share):
        return ""
    return f"more: {chance(share)}" if line["change"] >= 0 else f"less: {chance(1 - share)}"
