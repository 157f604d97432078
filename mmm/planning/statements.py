"""What a plan says of itself: rules that it keeps, and what it rests on. A kind and values; words are made at the edge.

:data:`WORDS` holds each kind's sentence once, with places for values. Errors and the terminal fill it in English
(``str(statement)``), the report translates it and writes the values in its own notation. Nothing reads a sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from mmm import digits

Kind = Literal[
    "budget_at_most", "budget_exactly", "budget_open", "fixed", "at_least", "at_most", "at_least_relative",
    "at_most_relative", "max_increase", "min_retained", "zero_or_at_least", "period_at_most", "period_at_least",
    "parts_between_geos", "parts_between_periods", "parts_share_geos", "parts_share_periods", "group_at_least",
    "group_at_most", "group_share_at_least", "group_share_at_most", "increases", "decreases", "observed", "further",
    "sold_at_most", "billed",
    "definition",
    "today_last", "today_last_year", "today_given", "idle", "one_period", "cost", "cost_changed", "no_value",
    "no_margin", "controls_recent", "controls_last_year", "controls_given", "media_recent", "media_last_year",
    "media_given", "cost_given", "excluded", "lowering", "weighs", "prior_channel", "certificate_given",
    "certificate_exact", "certificate_gap", "certificate_local",
]  # fmt: skip

TODAY: tuple[Kind, ...] = ("today_last", "today_last_year", "today_given")
"""What the reference plan is: one of these."""

WORDS: Mapping[Kind, str] = {
    "budget_at_most": "the total budget is at most {amount}",
    "budget_exactly": "the total budget is exactly {amount}",
    "budget_open": "the total budget is what is looked for",
    "fixed": "{part} is fixed at {amount}",
    "at_least": "{part} at least {amount}",
    "at_most": "{part} at most {amount}",
    "at_least_relative": "{part} at least {amount} ({factor} x its reference spend)",
    "at_most_relative": "{part} at most {amount} ({factor} x its reference spend)",
    "max_increase": "{part} at most {amount} (max_increase)",
    "min_retained": "{part} at least {amount} (min_retained)",
    "zero_or_at_least": "{part} is zero or at least {amount}",
    "period_at_most": "{part} at most {amount} in a period",
    "period_at_least": "{part} at least {amount} in a period",
    "parts_between_geos": "every geo of a channel between {low} x and {high} x its reference spend",
    "parts_between_periods": "every period of a channel between {low} x and {high} x its reference spend",
    "parts_share_geos": "no geo of a channel above twice its share of the most that the channel may spend",
    "parts_share_periods": "no period of a channel above twice its share of the most that the channel may spend",
    "group_at_least": "group {name} at least {amount}",
    "group_at_most": "group {name} at most {amount}",
    "group_share_at_least": "group {name} at least {share} of the money spent",
    "group_share_at_most": "group {name} at most {share} of the money spent",
    "increases": "increases sum to at most {amount} (max_total_reallocation)",
    "decreases": "decreases sum to at most {amount} (max_total_reallocation)",
    "observed": "{part} at most {amount}, the range that was observed",
    "sold_at_most": "{part} at most {amount} at today’s price, which is all that {name} sells",
    "billed": (
        "money of {part} is what {name} charges for the volume, fees and tiers included; limits of the channel and its "
        "marginal returns are of media at the price per unit of the last 13 weeks"
    ),
    "further": "{name}",
    "definition": "{name}",
    "today_last": "today’s plan: the spend of the last {span}",
    "today_last_year": "today’s plan: the spend of the same {span} one year (364 days) before",
    "today_given": (
        "today’s plan: the totals given in plan.reference, split over periods and geos as in the last {span}"
    ),
    "idle": (
        "without spend in the reference plan: {names}. Relative bounds keep them at zero; give absolute ones to plan "
        "on them. Their money would be split evenly over the periods"
    ),
    "one_period": (
        "the total budget of {amount} is {share} of what today’s plan spends over {span} ({today}), about as much as "
        "it spends in one of its periods. A budget is a total over the whole horizon"
    ),
    "cost": "cost per media unit: that of the last {n} periods, by channel and geo",
    "cost_changed": (
        "cost per media unit: that of the last {n} periods, by channel and geo, with the factors of plan.cost_factor"
    ),
    "no_value": (
        "the outcome ({name}) has no value per unit: whether money is worth spending cannot be judged, so that the "
        "plan spends up to the cap wherever that adds outcome"
    ),
    "no_margin": (
        "no margin is stated (plan.margin): the plan weighs revenue, not profit, and spends up to the cap wherever "
        "that adds revenue"
    ),
    "controls_recent": (
        "controls over the horizon are held at their recent mean; they move the forecast, not the comparison of plans"
    ),
    "controls_last_year": (
        "controls over the horizon are held at their values one year before; they move the forecast, not the "
        "comparison of plans"
    ),
    "controls_given": "over the horizon as data.future has them: {names}",
    "media_given": "media without a price over the horizon as data.future has them: {names}",
    "cost_given": "cost per media unit over the horizon as data.future has it: {names}",
    "media_recent": "media without a price over the horizon are held at their recent mean: {names}",
    "media_last_year": "media without a price over the horizon are held at what ran one year before: {names}",
    "lowering": (
        "lowers the outcome, so that it is not in the plan and its budget and stays as it is; less of it wins: {names}"
    ),
    "excluded": "not in the model and left out of the plan and its budget: {names}",
    "weighs": (
        "the plan weighs the average gain ({mean}) and the average over the worst {tail} of cases ({worst}): a gain "
        "that is likelier to come, at a somewhat lower average"
    ),
    "prior_channel": "{part} was never observed: its response is a prior, its 'observed' range a guess",
    "certificate_given": "this plan was given, not optimised",
    "certificate_exact": "no plan within the constraints does better on these draws (proven)",
    "certificate_gap": "no plan within the constraints does better by more than {gap} (proven)",
    "certificate_local": (
        "the best of several searches, without proof that no better plan exists; the searches ended within {gap} of "
        "each other"
    ),
}


@dataclass(frozen=True)
class Money:
    """An amount in the plan's currency."""

    value: float

    def __str__(self) -> str:
        return digits.written(self.value, digits.decimals(self.value, own=4) if abs(self.value) < 100 else 0)


@dataclass(frozen=True)
class Factor:
    """A multiple."""

    value: float

    def __str__(self) -> str:
        return f"{self.value:.3g}"


@dataclass(frozen=True)
class Share:
    """A share of one, said in per cent with ``decimals``."""

    value: float
    decimals: int = 0

    def __str__(self) -> str:
        return f"{self.value:.{self.decimals}%}"


@dataclass(frozen=True)
class Span:
    """A number of periods of the panel."""

    periods: int
    unit: str

    def __str__(self) -> str:
        return f"{self.periods} {self.unit}{'' if self.periods == 1 else 's'}"


@dataclass(frozen=True)
class Part:
    """A channel, or its money in one geo or one period."""

    channel: str
    geo: str | None = None
    date: pd.Timestamp | None = None

    def __str__(self) -> str:
        if self.date is not None:
            return f"{self.channel} in the period from {self.date:%Y-%m-%d}"
        return self.channel if self.geo is None else f"{self.channel} in {self.geo}"


Value = str | int | tuple[str, ...] | Money | Factor | Share | Span | Part


@dataclass(frozen=True)
class Statement:
    """One thing that a plan says; ``values`` fill the places of its kind's sentence."""

    kind: Kind
    values: Mapping[str, Value] = field(default_factory=dict)

    def said(self, translate: Callable[[str], str], written: Callable[[Value], str]) -> str:
        """The words in a language and a notation: ``translate`` the sentence, ``written`` a value."""
        return translate(WORDS[self.kind]).format(**{name: written(value) for name, value in self.values.items()})

    def __str__(self) -> str:
        return self.said(lambda text: text, _english)

    def __hash__(self) -> int:
        return hash((self.kind, tuple(self.values.items())))

    @property
    def sentence(self) -> str:
        """The statement as an English sentence."""
        return sentence(str(self))


def sentence(text: str) -> str:
    """Words with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def _english(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
