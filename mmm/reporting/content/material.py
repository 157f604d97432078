"""Everything that a report says, as plain tables and numbers."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mmm.assessment.agreement import Agreement
from mmm.assessment.backtest import Backtest
from mmm.assessment.gate import GateReport
from mmm.assessment.holdout import HoldoutResult
from mmm.assessment.lights import Light
from mmm.data.quality.report import QualityReport
from mmm.model.evidence import Experiment
from mmm.planning.lesson import Lesson
from mmm.planning.models import PlanByModel
from mmm.planning.statements import Statement
from mmm.register.ledger import Record
from mmm.reporting.content.alternatives import Foresight
from mmm.reporting.content.decision import Decision
from mmm.reporting.content.results import Results
from mmm.reporting.content.shapes import Told
from mmm.reporting.notation.estimate import Estimate
from mmm.settings import Settings
from mmm.workflow.lenses import SeenThrough


@dataclass(frozen=True)
class Basis:
    """What the advice rests on: the observed panel in a few facts."""

    first: dt.date
    last: dt.date
    periods: int
    geos: tuple[str, ...]
    channels: tuple[str, ...]
    controls: tuple[str, ...]
    outcome: str
    """The outcome in words: revenue, orders."""
    spend: float
    fingerprint: str
    excluded: tuple[str, ...] = ()
    """Channels left out of the model because nothing could be learned of them."""
    unpaid: Mapping[str, str] = field(default_factory=dict)
    """Channels without a cost, with what their role calls them."""
    experiments: tuple[Experiment, ...] = ()
    """Lift tests that the model was told of."""


@dataclass(frozen=True)
class Origin:
    """What the report was made from, and when."""

    started: dt.datetime
    fit_key: str
    engine: str
    seed: int
    first_day: dt.date
    """Start of the plan's horizon."""
    inputs: str = ""
    """Hash of all inputs; empty where the report is not made by a run."""


@dataclass(frozen=True)
class PriorPosterior:
    """What was believed of a channel's return (or share) before and after the data: 90% intervals and centres."""

    name: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]


@dataclass(frozen=True)
class Meaning:
    """What the model says of the past.

    ``channels``: index channel, columns spend, effect, share, roas, marginal_roas, half_life, saturation (each with
    ``_lower`` and ``_upper``), observed_max, today. ``parts``: index component, columns kind, mean, lower, upper over
    the whole period. ``without``: the same of what there is without media (kinds part and control), with its lowest
    period ``least`` and its highest ``most`` (with ``_lower``, ``_upper`` and ``_date``). ``weeks``: long, columns
    date, component, kind, mean. ``curves`` and ``fitted`` as in Analysis.
    """

    channels: pd.DataFrame
    parts: pd.DataFrame
    media: Estimate
    overall_return: Estimate
    without: pd.DataFrame
    weeks: pd.DataFrame
    curves: pd.DataFrame
    fitted: pd.DataFrame
    geos: pd.DataFrame
    r2: float
    error: float
    mape: float
    beliefs: tuple[PriorPosterior, ...]
    belief_title: str
    unpaid: pd.DataFrame = field(default_factory=pd.DataFrame)
    """As in Analysis: what channels without a cost brought or took."""
    frequency: pd.DataFrame = field(default_factory=pd.DataFrame)
    """As in Analysis: the usual and the best frequency of channels known by reach and frequency."""
    ways: pd.DataFrame = field(default_factory=pd.DataFrame)
    """As in Analysis: channels that reach the outcome through stages too, by way."""
    levels: pd.DataFrame = field(default_factory=pd.DataFrame)
    """As in Analysis: channels that have parts, and groups within them."""
    controls: pd.DataFrame = field(default_factory=pd.DataFrame)
    """As in Analysis: what a control brings by unit, and its elasticity."""
    quarters: pd.DataFrame = field(default_factory=pd.DataFrame)
    """As in Analysis: returns by quarter, of the channels whose effect varies in time."""


@dataclass(frozen=True)
class ScenarioLine:
    """One row of the scenario table; amounts over the horizon.

    ``gain`` is what media win more than with today's plan; ``net`` that gain (times the margin) less the money spent
    more, where the outcome is worth money. ``probability`` is that of a net gain, of a gain where there is no value.
    """

    name: str
    budget: float
    won: Estimate
    gain: Estimate
    probability: float
    spend: Mapping[str, float]
    net: Estimate | None = None

    @property
    def decisive(self) -> Estimate:
        """What the scenario is judged by."""
        return self.gain if self.net is None else self.net


def spend_by_channel(lines: Sequence[ScenarioLine]) -> pd.DataFrame:
    """Money by plan (rows) and channel (columns) of all these plans; zero where a plan lacks a channel."""
    return pd.DataFrame([dict(line.spend) for line in lines]).fillna(0.0)


@dataclass(frozen=True)
class PlanTables:
    """The plan and its neighbours.

    ``allocation``: as in Plan, with ``change_share`` (relative change, NaN for a new channel), ``next_today`` and
    ``next_planned`` (return of the next money, with bounds). ``curve``: budget, outcome, profit (NaN without a value
    per unit) and marginal (outcome of one more unit of money), with bounds.
    """

    allocation: pd.DataFrame
    gain_draws: np.ndarray
    curve: pd.DataFrame
    scenarios: tuple[ScenarioLine, ...]
    constraints: tuple[Statement, ...]
    certificate: Statement
    moves: pd.DataFrame
    """From today's plan to this one, step by step, most important first: source, destination, amount, share."""
    partial: pd.DataFrame
    """Going part of the way (index): gain with bounds, probability, worst5."""
    response: pd.DataFrame
    """Each channel's curve along the plan's pattern: channel, spend, won (with bounds); today and the plan included."""
    foresight: Foresight
    bills: pd.DataFrame | None = None
    """What vendors charge, a row a bill (:attr:`mmm.planning.Plan.bills`)."""
    notes: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Workings:
    """For statisticians: diagnostics by parameter, priors in words, settings, versions, times.

    ``models``: index name of the model, columns weight, adstock, saturation (labels of families), drift (its length
    in days, 0 without one) and drift_scale; empty where there is one model only.
    """

    diagnostics: pd.DataFrame
    priors: tuple[tuple[str, str], ...]
    carryovers: Told
    """How long media work on, by the families that were fitted."""
    curves: Told
    """What more money does, by the families that were fitted; whether a curve may be an S, as its draws are."""
    models: pd.DataFrame
    settings_yaml: str
    changed_yaml: str
    """The settings that are not the defaults."""
    versions: Mapping[str, str]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ModelViews:
    """What each model of a mixture says by itself: ``returns`` as :func:`mmm.analysis.models.by_model`, stated per
    ``Formatter.return_base``; ``between`` the share of a channel's variance between models; ``plan`` by model."""

    returns: pd.DataFrame
    between: "pd.Series[float]"
    plan: PlanByModel
    fitted: int = 0
    """Models that were fitted, those included that count for nothing."""


@dataclass(frozen=True)
class Material:
    """The whole content of one report."""

    settings: Settings
    origin: Origin
    basis: Basis
    quality: QualityReport
    gate: GateReport
    lights: tuple[Light, ...]
    holdout: HoldoutResult | None
    agreed: tuple[Agreement, ...]
    meaning: Meaning
    decision: Decision
    plan: PlanTables
    workings: Workings
    what_if: Mapping[str, object] | None = field(default=None, repr=False)
    backtest: Backtest | None = field(default=None, repr=False)
    """Earlier refreshes of this analysis, where they were made."""
    earlier: Results | None = field(default=None, repr=False)
    """Results of the report that this one is compared with."""
    records: tuple[Record, ...] = ()
    """What became of earlier promises of the analysis; empty where none was settled."""
    lenses: SeenThrough | None = field(default=None, repr=False)
    """The same money through other lenses; None where the settings have none."""
    lessons: tuple[Lesson, ...] = ()
    """What each experiment changed in the plan; empty where that is not known."""
    promised: Mapping[str, float] = field(default_factory=dict)
    """What experiments were expected to be worth before they were run, by name."""
    models: ModelViews | None = None
    """None where there is only one model."""

    @property
    def title(self) -> str:
        return self.settings.title or self.settings.name
