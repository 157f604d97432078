"""``monitor.json``: where a plan is, what is off and what to do, for programs; its schema is published."""

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FILE = "monitor.json"
Severity = Literal["act", "look", "note"]
Kind = Literal[
    "surprise", "pace", "channel_pace", "limit", "data", "revised", "no_data", "over", "returns", "cost", "unfollowed"
]


class Part(BaseModel):
    """A part of the state."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Interval(Part):
    """A mean with the ends of its 90% interval."""

    mean: float
    lower: float
    upper: float


class Point(Part):
    """One thing that is off, or worth knowing."""

    kind: Kind
    severity: Severity
    channel: str = ""
    sentence: str
    advice: str
    size: float = 0.0
    """How far it is off, in its own measure: an alert is repeated only when this grows."""


class Money(Part):
    """Money of a channel, or of the plan as a whole (``channel`` is empty)."""

    channel: str
    plan: float
    due: float
    """Planned until now."""
    spent: float
    burn: float
    """Mean of the last four periods."""
    end: Interval | None
    """At the end of the horizon, if it goes on like this."""
    off: float | None
    """Share by which spent differs from due; null where nothing was due."""
    promised_end: float
    """What the plan has for the whole horizon; equal to ``plan``."""


class Period(Part):
    """Outcome and money of one period."""

    date: dt.date
    planned: float
    spent: float
    outcome: float
    expected: Interval
    """Given the money that was really spent."""
    evidence: float
    """Evidence against the model after this period (an e-value)."""


class Geo(Part):
    """A geo over the periods seen: money planned and spent, outcome against what was expected."""

    geo: str
    planned: float
    spent: float
    outcome: float
    expected: float
    inside: float
    """Share of its periods whose outcome lies in its 90% interval."""


class Efficiency(Part):
    """A channel in the periods seen, as the plan's model measures it."""

    channel: str
    spent: float
    contribution: Interval
    """In units of the outcome."""
    roas: Interval | None
    """Contribution x value / money; null without a value or money."""
    cost_per_unit: Interval | None
    """Money / contribution."""
    reported: float | None = None
    """Conversions that platforms report of it, as they count them; null where they report none."""
    reported_roas: float | None = None
    """Value that platforms report / the spend that they report."""


class Campaign(Part):
    """A campaign in the periods seen, as its platform reports it."""

    channel: str
    platform: str
    campaign: str
    spent: float | None
    conversions: float | None
    value: float | None
    months: dict[str, float]
    """Spend by month."""


class Fiscal(Part):
    """A quarter or year of the calendar, as far as the plan reaches into it."""

    label: str
    before: float
    """Spent in it before the plan."""
    plan: float
    due: float
    spent: float
    end: Interval | None
    """Forecast at completion: spent, and the rest of the plan at the rate so far."""


class Month(Part):
    """Money by channel in a month of the calendar, as far as the plan reaches into it."""

    month: str
    plan: dict[str, float]
    spent: dict[str, float]
    over: bool
    """Whether all of the plan's periods in it are in the data."""


class LimitState(Part):
    """A limit in one period of the calendar, with what was spent and what is still planned."""

    name: str
    period: str
    spent_and_planned: float
    at_least: float | None
    at_most: float | None
    broken: bool


class Surprise(Part):
    """The sequential test."""

    evidence: float
    """Now; the test rings at 1 / alpha."""
    largest: float
    p_value: float
    """Always valid: at most ``alpha`` of plans whose model is right ever have one below ``alpha``."""
    alpha: float
    since: dt.date | None
    """Period after which it first rang."""
    likeliest: str
    """What the data look most like: "demand", or the channel whose effect is another."""
    ratio: Interval
    """Outcome of all periods seen over what was expected of them."""


class State(Part):
    """Where the active plan of an analysis is."""

    schema_version: Literal[1] = Field(1, description="Version of this format; another number is another format.")
    analysis: str
    title: str
    plan: str
    made: dt.datetime
    currency: str
    outcome_unit: str
    first: dt.date
    last: dt.date
    """Last day of the horizon."""
    period: Literal["day", "week"]
    periods: int
    seen: int
    verdict: Severity | Literal["good"]
    """The worst severity among the points."""
    total: Money
    channels: tuple[Money, ...]
    weeks: tuple[Period, ...]
    geos: tuple[Geo, ...]
    efficiency: tuple[Efficiency, ...]
    limits: tuple[LimitState, ...]
    campaigns: tuple[Campaign, ...]
    quarters: tuple[Fiscal, ...]
    years: tuple[Fiscal, ...]
    months: tuple[Month, ...]
    surprise: Surprise | None
    unfollowed: str = ""
    """Why the outcome is not held against what was expected; empty where it is."""
    points: tuple[Point, ...]
    data: str
    """Fingerprint of the data looked at."""
    fit: str


def state_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of monitor.json."""
    schema = State.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "State of a plan"}
