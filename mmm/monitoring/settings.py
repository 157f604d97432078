"""The sections ``monitor`` and ``replan``: what counts as off the plan, and when it is corrected."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from mmm.data.csv_settings import CsvSettings
from mmm.data.target import Name
from mmm.monitoring.alerts.settings import AlertSettings
from mmm.section import Section

Share = Annotated[float, Field(gt=0.0, le=10.0)]
Threshold = Annotated[float, Field(gt=0.0, le=1e12)]


class ReportedSettings(Section):
    """A table of what platforms report: a row a day (or period), channel and campaign. Columns by their names in it."""

    source: Path
    """A CSV or Parquet file, relative to the settings file."""
    csv: CsvSettings = CsvSettings()
    date: str = "date"
    date_format: str | None = None
    week_label: Literal["start", "end"] | None = None
    channel: str = "channel"
    """Whose values are channels of the analysis."""
    platform: str | None = None
    campaign: str | None = None
    spend: str | None = None
    conversions: str | None = None
    value: str | None = None
    """Value of the conversions, in the currency of the data."""


class MonitorSettings(Section):
    """What `mmm monitor` calls off the plan."""

    alpha: Annotated[float, Field(ge=1e-6, le=0.5)] = 0.05
    """Chance that a plan whose model is right is ever called a surprise, however often one looks."""
    pace: Share = 0.05
    """Share by which the money spent so far may differ from the plan's until then."""
    channel: Share = 0.15
    """The same for one channel, where it is at least 1% of the plan's money."""
    baseline: Share = 0.1
    """Standard deviation of the changes of the whole market that the test looks for, relative to the outcome."""
    effect: Share = 0.5
    """Standard deviation of the changes of one channel's effect that the test looks for, relative to the effect."""
    least_roas: dict[Name, Threshold] = Field(default_factory=dict)
    """By channel the ROAS, as the plan's model measures it in the periods seen, below which it is off."""
    most_cost: dict[Name, Threshold] = Field(default_factory=dict)
    """By channel the cost per unit of outcome above which it is off."""
    reported: ReportedSettings | None = None
    """What platforms report of their campaigns; shown beside the model, never mixed with it."""
    draws: Annotated[int, Field(ge=200, le=100_000)] = 1000
    """Posterior draws behind what was expected."""
    alerts: AlertSettings = AlertSettings()
    """Whom `mmm monitor` tells what is off."""


class ReplanSettings(Section):
    """When `mmm replan` moves money of a plan that has begun, and how far; without a good reason the answer is "stay".

    Shares are of the money that is left; the plan to beat is the plan itself as it goes on.
    """

    fit: Literal["refresh", "reuse"] = "refresh"
    """Fit anew on the data until today, or keep the model that the plan was made on and let it see the money spent."""
    max_increase: Annotated[float, Field(ge=0.0, le=100.0)] | None = 0.5
    """No channel grows by more than this share of the money that it has left."""
    min_retained: Annotated[float, Field(ge=0.0, le=1.0)] | None = 0.5
    """Every channel keeps at least this share of the money that it has left."""
    max_moved: Annotated[float, Field(gt=0.0, le=1.0)] | None = 0.2
    """Increases, and decreases, each sum to at most this share of all money that is left."""
    pool: Annotated[float, Field(ge=0.0, le=1e15)] = 0.0
    """Money beyond the plan's total that may be used as well, in the currency of the data."""
    contingency: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """Share of the money left that is held back for later."""
    days_between: Annotated[int, Field(ge=0, le=3650)] = 28
    """Least number of days between the first days of two plans of a chain."""
    cost: Annotated[float, Field(ge=0.0, le=1e15)] = 0.0
    """What changing costs whatever moves: work, fees, in the currency of the data."""
    cost_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    """And what it costs for each unit of money that moves: cancelled bookings, learning anew."""
    gain: Annotated[float, Field(ge=0.0, le=1e15)] = 0.0
    """The gain net of these costs has to be above this, ..."""
    probability: Annotated[float, Field(ge=0.5, lt=1.0)] = 0.8
    """... with at least this probability, by the model of today and, where that is another, by the one that the plan
    was made on."""
