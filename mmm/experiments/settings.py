"""The ``desk`` section of the settings: regional tests that are to be read, and how."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mmm.data.calendar import Duration
from mmm.data.csv_settings import CsvSettings
from mmm.data.target import Name
from mmm.model.evidence import Kind
from mmm.section import SEED_MAX, Section

EstimatorName = Literal["did", "sc", "asc", "sdid", "tbr"]


class PanelSettings(Section):
    """A file with the outcome by date and region that a test is read from, where it is not the analysis' own data."""

    source: Name = Field(description="Path of a .csv, .csv.gz or .parquet file, relative to this file.")
    date: Name = "date"
    date_format: Name | None = Field(default=None, description="Needed where dates are ambiguous: '%d/%m/%Y'.")
    region: Name = "region"
    outcome: Name = Field(description="Column of the outcome, in the unit of data.target.")
    spend: Name | None = Field(
        default=None, description="Column of the tested channel's spend; without it what was delivered is not checked."
    )
    csv: CsvSettings = CsvSettings()


class ReadoutSettings(Section):
    """One regional test that was run. Dates are days, both inclusive."""

    name: Name
    channel: Name
    kind: Kind = Field(
        description="go_dark: spend was withheld in the treated regions. heavy_up: spend was added there. hold_out: "
        "the "
        "channel ran in the treated regions and nowhere else."
    )
    treated: tuple[Name, ...] | None = Field(default=None, description="Regions in which the spend was changed.")
    excluded: tuple[Name, ...] = Field(
        default=(), description="Regions that are no control: other tests, spill-over, odd events."
    )
    assignment: Name | None = Field(
        default=None,
        description="CSV file instead of treated and excluded: columns region and group (treated, control, excluded).",
    )
    near: tuple[Name, ...] = Field(
        default=(), description="Controls that the test may have spilled over to; the result is shown without them too."
    )
    start: dt.date = Field(description="First day on which the spend was changed.")
    end: dt.date = Field(description="Last day on which it was.")
    counted_until: dt.date | None = Field(
        default=None, description="Last day on which outcome is counted, so that carryover is; the last day by default."
    )
    planned_spend: float | None = Field(
        default=None, gt=0, description="Money that was to be withheld, added or at stake."
    )
    geos: tuple[Name, ...] | None = Field(
        default=None,
        description="The analysis' geos in which the treated regions are; those of the same names by default.",
    )
    panel: PanelSettings | None = Field(default=None, description="Where to read from; the analysis' data by default.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.treated is None) == (self.assignment is None):
            given = "neither" if self.treated is None else "both"
            raise ValueError(f"give treated or assignment; {given} given")
        if self.assignment is not None and self.excluded:
            raise ValueError("excluded regions stand in the assignment file; leave excluded out here")
        if self.treated is not None and len(set(self.treated)) < max(len(self.treated), 1):
            raise ValueError("treated lists each region once, and at least one")
        both = sorted(set(self.treated or ()) & set(self.excluded))
        if both:
            raise ValueError(f"'{both[0]}' is treated and excluded; it is one of them")
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) comes before start ({self.start})")
        if self.counted_until is not None and self.counted_until < self.end:
            raise ValueError(f"counted_until ({self.counted_until}) comes before end ({self.end})")
        return self


class MethodSettings(Section):
    """How tests are read and designs are judged."""

    estimator: Literal["auto", "average", "did", "sc", "asc", "sdid", "tbr"] = Field(
        default="auto",
        description="auto: the one with the least error in placebo tests among those whose interval held; average: the "
        "mean of all those.",
    )
    scale: Literal["index", "level"] = Field(
        default="index", description="index: each region relative to its mean before the test; level: as it is."
    )
    placebos: Annotated[int, Field(ge=5, le=500)] = Field(default=20, description="Groups like the treated a window.")
    windows: Annotated[int, Field(ge=6, le=200)] = Field(
        default=24, description="Windows before the test in which placebo tests are made, at most."
    )
    seed: int = Field(default=1, ge=0, le=SEED_MAX)


class DesignSettings(Section):
    """Tests that could be run, and what a group of regions has to keep."""

    channels: tuple[Name, ...] | None = Field(default=None, description="Channels to test; all by default.")
    kinds: Annotated[tuple[Literal["go_dark", "heavy_up"], ...], Field(min_length=1)] = Field(
        default=("go_dark",), description="go_dark: no spend in the treated regions. heavy_up: more than usual."
    )
    heavy_up: float = Field(default=1.0, gt=0, le=20, description="What a heavy-up adds, as a share of usual spend.")
    lengths: Annotated[tuple[Duration, ...], Field(min_length=1)] = Field(
        default=("4 weeks", "6 weeks"), description="How long the spend is changed."
    )
    cool_down: Duration = Field(default="2 weeks", description="Time after it in which outcome is still counted.")
    shares: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1)] = Field(
        default=(0.2, 0.4), description="Shares of the regions that are treated."
    )
    must: tuple[Name, ...] = Field(default=(), description="Regions that are treated in every design.")
    never: tuple[Name, ...] = Field(default=(), description="Regions that are treated in none.")
    largest_share: float = Field(default=0.5, gt=0, le=1, description="Largest share of the outcome that is treated.")
    estimator: EstimatorName = Field(default="sc", description="The estimator that the test will be read with.")
    draws: Annotated[int, Field(ge=10, le=100_000)] = Field(default=2000, description="Groups drawn for each size.")
    kept: Annotated[int, Field(ge=1, le=50)] = Field(
        default=3, description="Groups of each size that are judged fully."
    )
    test_budget: float | None = Field(
        default=None, gt=0, description="Most that all tests together may cost, in the unit of the plan's gain."
    )
    seed: int = Field(default=1, ge=0, le=SEED_MAX)

    @model_validator(mode="after")
    def _regions_differ(self) -> Self:
        both = sorted(set(self.must) & set(self.never))
        if both:
            raise ValueError(f"'{both[0]}' stands in must and in never; it is in one of them")
        return self


class DeskSettings(Section):
    """Regional tests: those that were run, how they are read, and those that could be run."""

    readouts: tuple[ReadoutSettings, ...] = ()
    method: MethodSettings = MethodSettings()
    design: DesignSettings = DesignSettings()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [test.name for test in self.readouts]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"two readouts are named '{twice[0]}'. Give each its own name.")
        return self

    def named_channels(self) -> list[tuple[str, tuple[str, ...]]]:
        """Keys and the channels that stand there."""
        named = [(f"desk.readouts.{i}.channel", (test.channel,)) for i, test in enumerate(self.readouts)]
        return [*named, ("desk.design.channels", self.design.channels or ())]
