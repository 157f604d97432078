"""The ``desk`` section of the settings: regional tests that are to be read, and how."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mmm.data.calendar import Duration
from mmm.data.csv_settings import CsvSettings
from mmm.data.target import Name
from mmm.model.calendar.holidays import Place
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


class AvoidSettings(Section):
    """Days on which no spend is to be changed: a sale, a launch, a move of the warehouse. Both days inclusive."""

    name: Name
    start: dt.date
    end: dt.date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) comes before start ({self.start})")
        return self


class RunningSettings(AvoidSettings):
    """Another test that runs. Its regions are left out of tests at the same time; its channel is not tested again
    before its carryover is over."""

    channel: Name
    geos: tuple[Name, ...] | None = Field(default=None, description="Regions that it touches; everywhere by default.")


class AvoidedHolidays(Section):
    """Public holidays on which no spend is to be changed."""

    country: Place = Field(description="ISO code such as DE, or DE-BY for a part of it.")
    only: tuple[Name, ...] = Field(default=(), description="Names of those that count; all by default.")


class AudienceSettings(Section):
    """Persons who can be assigned at random to see a channel or not: a test of an audience in a platform."""

    channel: Name
    persons: int = Field(ge=100, le=10_000_000_000, description="Persons who are assigned.")
    per_person: float = Field(gt=0, description="Mean outcome of a person over the periods that are counted.")
    spread: float = Field(
        gt=0,
        description="Standard deviation of it between persons; of a share p who buy for v each: v times the root of "
        "p (1 - p).",
    )
    held_out: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1)] = Field(
        default=(0.1, 0.5), description="Shares of the persons who do not see the channel."
    )


class DesignSettings(Section):
    """Tests that could be run, and what they have to keep."""

    channels: tuple[Name, ...] | None = Field(default=None, description="Channels to test; all by default.")
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = Field(
        default=("go_dark",),
        description="go_dark: no spend in the treated regions. heavy_up: more than usual there. hold_out: spend in the "
        "treated regions alone.",
    )
    heavy_up: float = Field(default=1.0, gt=0, le=20, description="What a heavy-up adds, as a share of usual spend.")
    lengths: Annotated[tuple[Duration, ...], Field(min_length=1)] = Field(
        default=("4 weeks", "6 weeks"), description="How long the spend is changed."
    )
    cool_down: Duration | None = Field(
        default=None,
        description="Time after it in which outcome is still counted. By default so long, by channel, that at most 5% "
        "of the effect is still to come, as the model has it.",
    )
    shares: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1)] = Field(
        default=(0.2, 0.4), description="Shares of the regions that are treated, in each cell."
    )
    cells: Annotated[tuple[Annotated[int, Field(ge=1, le=3)], ...], Field(min_length=1)] = Field(
        default=(1,), description="Changes that are tested at once against the same controls."
    )
    must: tuple[Name, ...] = Field(default=(), description="Regions that are treated in every design.")
    never: tuple[Name, ...] = Field(default=(), description="Regions that are treated in none.")
    largest_share: float = Field(default=0.5, gt=0, le=1, description="Largest share of the outcome that is treated.")
    most_at_risk: float | None = Field(
        default=None,
        gt=0,
        description="Most outcome, in money, that a test may put at risk: the upper end of what is expected to move.",
    )
    national: tuple[Name, ...] = Field(
        default=(), description="Channels that cannot be steered by region; all of them where the data are national."
    )
    over_time: tuple[Literal["switchback", "before_after"], ...] = Field(
        default=("switchback", "before_after"),
        description="How national channels are tested. switchback: off and on in turns. before_after: off once.",
    )
    blocks: Annotated[tuple[Duration, ...], Field(min_length=1)] = Field(
        default=("2 weeks",), description="How long a switchback stays off, or on."
    )
    pairs: Annotated[tuple[Annotated[int, Field(ge=2, le=26)], ...], Field(min_length=1)] = Field(
        default=(3,), description="How often a switchback goes off and on."
    )
    audiences: tuple[AudienceSettings, ...] = ()
    earliest: dt.date | None = Field(default=None, description="First day on which spend may be changed.")
    latest: dt.date | None = Field(default=None, description="Last day on which outcome may be counted.")
    avoid: tuple[AvoidSettings, ...] = ()
    holidays: AvoidedHolidays | None = None
    running: tuple[RunningSettings, ...] = ()
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
    def _consistent(self) -> Self:
        both = sorted(set(self.must) & set(self.never))
        if both:
            raise ValueError(f"'{both[0]}' stands in must and in never; it is in one of them")
        if self.earliest is not None and self.latest is not None and self.latest < self.earliest:
            raise ValueError(f"latest ({self.latest}) comes before earliest ({self.earliest})")
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
        design = self.design
        named += [(f"desk.design.running.{i}.channel", (test.channel,)) for i, test in enumerate(design.running)]
        named += [(f"desk.design.audiences.{i}.channel", (one.channel,)) for i, one in enumerate(design.audiences)]
        return [*named, ("desk.design.channels", design.channels or ()), ("desk.design.national", design.national)]
