"""Sections of the model's settings that stand by themselves: parts of channels, tables of priors, the drift."""

from pydantic import Field

from mmm.data.calendar import Duration
from mmm.data.csv_settings import CsvSettings
from mmm.model.spreads import Spread
from mmm.section import Section


class NestingSettings(Section):
    """How alike the parts of a channel are (``data.channels.NAME.within``): factors within which 90% of them lie."""

    spread: float = Field(
        default=2.0,
        gt=1.0,
        le=100.0,
        description="Of a part's return around its group's, and a group's around its channel's.",
    )
    carryover: float = Field(default=1.5, gt=1.0, le=100.0, description="The same of half-lives and other carryover.")


class PriorFile(Section):
    """A table of priors: 90% intervals by name and parameter, and how much wider they are taken (docs/priors.md)."""

    source: str = Field(description="CSV file with the columns name, parameter, lower, upper and perhaps unit.")
    widen: float = Field(
        default=1.0, ge=1.0, le=20.0, description="How many times as wide as stated the intervals are taken."
    )
    csv: CsvSettings = CsvSettings()


class DriftSettings(Section):
    """A smooth, slow drift of the baseline: cubic splines whose coefficients follow a Matern-3/2 process."""

    length_scale: Duration = Field(default="26 weeks", description="How fast the drift forgets.")
    knot_spacing: Duration = Field(default="6 weeks", description="Distance of the spline's knots.")
    scale: Spread = Field(default=0.5, description="Prior scale of the drift's standard deviation.")
