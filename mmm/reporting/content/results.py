"""``results.json``: every number of a report for programs, with a version and a published schema.

A later report reads it to say what changed. Amounts are in full, totals over the horizon unless said otherwise; what is
not known is null. ``mmm schema --results`` prints the schema.
"""

import datetime as dt
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mmm.errors import ReportError
from mmm.files import Wanted, read_json
from mmm.model.evidence import Experiment

VERSION = 2
FILE = "results.json"
_FILE = Wanted("The report's results", 100_000_000, ReportError, "Name the folder of a report.")


class Part(BaseModel):
    """A part of the results. Unknown keys are let pass: a later minor version may add some."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Interval(Part):
    """A mean with the ends of its equal-tailed 90% interval."""

    mean: float | None
    lower: float | None
    upper: float | None


class Made(Part):
    """When and from what the report was made."""

    started: dt.datetime
    workbench: str
    """Version of the workbench."""
    inputs: str
    """Hash of everything that the report was made from; equal inputs give an equal report."""


class Data(Part):
    """The panel that the model saw."""

    fingerprint: str
    first: dt.date
    last: dt.date
    """Starts of the first and the last period with an outcome."""
    periods: int
    period: Literal["day", "week"]
    geos: tuple[str, ...]
    channels: tuple[str, ...]
    controls: tuple[str, ...]
    experiments: tuple[Experiment, ...] = ()
    """Lift tests that the model was told of, as it was told of them."""

    @property
    def tested(self) -> tuple[str, ...]:
        """Names of the lift tests."""
        return tuple(experiment.name for experiment in self.experiments)


class Units(Part):
    """What amounts are in."""

    currency: str
    outcome: str
    gain: str
    """The currency where the outcome has a value per unit, else the outcome's unit."""
    gain_is_money: bool
    return_base: float
    """Money that returns are stated per."""
    returns_are_money: bool


class Headline(Part):
    """The recommendation in words."""

    lead: str
    sentence: str


class BreakEvenMargin(Part):
    """Money and the margin from which on it pays for itself; null where it does at none."""

    of: Literal["more", "less", "last"]
    """Whether it is what the plan spends more, or less, than today's, or the last that it spends."""
    money: float
    margin: Interval


class Decision(Part):
    """The plan against today's plan."""

    horizon: str
    """In words of the report's language."""
    periods: int
    """Length of the horizon."""
    first_day: dt.date
    """Start of the horizon."""
    verdict: Literal["unchanged", "equal", "better", "worse", "open"]
    spend_today: float
    spend_plan: float
    unspent: float
    gain: Interval
    """Outcome won over today's plan."""
    model_gain: Interval | None = None
    """The gain by the model's posterior alone, where plan and gain count how wrong such models are beyond it."""
    net_gain: Interval | None
    """The gain (times the margin) less the money spent more, where the totals differ and a margin is known."""
    margin: float | None = None
    """Profit per unit of the outcome's value; null where it is not known, and the plan weighs the outcome."""
    break_even_margins: tuple[BreakEvenMargin, ...] = ()
    """Where no margin is known: from which one on which money pays for itself."""
    probability: float | None
    """That the plan does better than today's."""
    worst_5_percent: float | None
    won_today: Interval
    won_plan: Interval
    outcome_today: Interval | None
    outcome_plan: Interval | None


class Allocation(Part):
    """One channel in the plan."""

    channel: str
    spend_today: float
    spend_plan: float
    change: float
    allowed_from: float | None
    allowed_to: float | None
    held: Literal["", "pause", "fixed", "limits"] = ""
    """What keeps it out of the decision: no spend today with limits relative to that, the settings, other limits."""
    won_today: Interval
    won_plan: Interval
    next_today: Interval
    """What the next :attr:`Units.return_base` of money wins at today's spend, and at the plan's."""
    next_plan: Interval
    first_step: float | None = None
    """Where less than this is spent, the two are what this much wins on average, per :attr:`Units.return_base`."""
    probability_above_average: float | None
    """That its next money wins more than the average adjustable channel's."""
    highest_period_relative_to_observed: float | None


class Channel(Part):
    """What a channel did in the data."""

    channel: str
    spend: float
    today: float
    """Spend a period, lately."""
    observed_max: float
    won: Interval
    share: Interval
    average_return: Interval
    next_return: Interval
    half_life: Interval
    saturation: Interval


class Curve(Part):
    """A channel's expected outcome by its spend over the horizon."""

    channel: str
    spend: tuple[float, ...]
    won: tuple[float, ...]
    won_lower: tuple[float, ...]
    won_upper: tuple[float, ...]


class Budget(Part):
    """The best plan at a total budget."""

    budget: float
    won: Interval


class ScenarioResult(Part):
    """A named plan, compared on the same draws."""

    name: str
    budget: float
    won: Interval
    gain: Interval
    net_gain: Interval | None
    """The gain (times the margin) less the money spent more, where a margin is known."""
    probability: float | None
    spend: dict[str, float | None]


class Check(Part):
    """One check of the gate."""

    name: str
    title: str
    status: Literal["pass", "warn", "fail"]
    summary: str
    threshold: str
    advice: str


class Light(Part):
    """How far the interval of a channel's return can be relied on."""

    channel: str
    colour: Literal["green", "amber", "red"]
    """Red: do not rely on it. Amber: with reservation."""
    reasons: tuple[str, ...]
    """Names of the checks that warn of the channel; none where the light is green."""


class Gate(Part):
    """Whether the model may be believed."""

    status: Literal["pass", "warn", "fail"]
    summary: str
    checks: tuple[Check, ...]
    channels: tuple[Light, ...] = ()


class FitFacts(Part):
    """The fit that the decision rests on, and how well it does."""

    key: str
    engine: str
    seed: int
    r_squared: float | None
    mape: float | None
    """Null where the outcome is zero in a period."""
    error: float | None = None
    """Mean absolute error of the model's account of the past, relative to the mean outcome."""
    held_out_periods: int
    held_out_error: float | None
    """Mean absolute error of the forecast of the held-out periods, relative to their mean."""


class Diagnostic(Part):
    """Posterior and sampler diagnostics of one parameter."""

    parameter: str
    mean: float | None
    sd: float | None
    lower: float | None
    upper: float | None
    r_hat: float | None
    ess_bulk: float | None
    ess_tail: float | None


class Finding(Part):
    """A point to know about the data."""

    severity: str
    code: str
    channel: str
    where: str
    message: str
    suggestion: str


class Unpaid(Part):
    """What a channel without a cost brought, or took where it is negative."""

    channel: str
    role: str
    won: Interval
    share: Interval
    half_life: Interval


class Control(Part):
    """What something other than media does: a price, a promotion, the weather."""

    control: str
    usual: float
    """Its mean."""
    reference: float
    """The value against which its total counts."""
    per_unit: Interval
    """Outcome a period, over all geos, for one more unit of it."""
    elasticity: Interval
    """Change of the outcome in per cent for 1% more of it, at the means of both."""
    total: Interval


class Way(Part):
    """What a channel brought by one way to the outcome; ``way`` is direct, total, or a stage's name.

    ``correlation`` is that of what the equations of two outcomes leave unexplained.
    """

    channel: str
    way: str
    won: Interval
    average_return: Interval
    correlation: float | None = None


class Quarter(Part):
    """What the money of a quarter returned, of a channel whose effect varies in time."""

    channel: str
    quarter: str
    spend: float
    average_return: Interval
    above_before: float | None = Field(description="Probability that it is above that of the quarter before.")
    above_least: float | None = Field(description="Probability that it is above that of the channel's lowest quarter.")


class Results(Part):
    """All results of one report."""

    schema_version: Literal[2] = Field(description="Version of this format; another number is another format.")
    name: str
    title: str
    made: Made
    data: Data
    units: Units
    settings: dict[str, Any] = Field(description="The full settings of the analysis, defaults included.")
    headline: Headline
    decision: Decision
    allocation: tuple[Allocation, ...]
    budget_curve: tuple[Budget, ...]
    scenarios: tuple[ScenarioResult, ...]
    channels: tuple[Channel, ...]
    unpaid: tuple[Unpaid, ...] = ()
    ways: tuple[Way, ...] = ()
    controls: tuple[Control, ...] = ()
    quarters: tuple[Quarter, ...] = ()
    curves: tuple[Curve, ...]
    gate: Gate
    fit: FitFacts
    quality: tuple[Finding, ...]
    diagnostics: tuple[Diagnostic, ...]


def results_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of results.json."""
    schema = Results.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Results of a media mix report",
    }


def read_results(path: Path) -> Results:
    """The results in a file or in a report's folder. Raises ReportError where there are none of this version."""
    file = path / FILE if path.is_dir() else path
    document = read_json(file, _FILE)
    found = document.get("schema_version", document.get("schema")) if isinstance(document, dict) else None
    if found != VERSION:
        raise ReportError(
            f"'{file}' has version {found} of the results; this workbench reads {VERSION}. Make that report again."
        )
    try:
        return Results.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ReportError(f"'{file}' is damaged: {where}: {first['msg']}. Make that report again.") from error
