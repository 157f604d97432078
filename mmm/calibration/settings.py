"""The ``experiments`` section of the settings: lift tests and how far they are trusted."""

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mmm.data.csv_settings import CsvSettings
from mmm.data.target import Name
from mmm.model.evidence import Kind
from mmm.section import Section


class ExperimentSettings(Section):
    """One lift test: what some money brought. Dates are days, both inclusive; weekly tests cover whole weeks."""

    name: Name
    channel: Name
    geos: tuple[Name, ...] | None = Field(default=None, description="Where the test ran; everywhere by default.")
    start: dt.date = Field(description="First day of the first period.")
    end: dt.date = Field(description="Last day of the last period, or that period's first day.")
    kind: Kind = Field(
        description="hold_out: all the spend that the data have, against a group that saw none of it. go_dark: spend "
        "that was withheld. heavy_up: spend that was added and is in the data."
    )
    spend: float | None = Field(
        default=None, gt=0, description="Money withheld or added; of a hold-out outside the data, its spend in all."
    )
    outcome: float | None = Field(default=None, description="Incremental outcome, positive where the money raised it.")
    roas: float | None = Field(default=None, description="Incremental return on the money, instead of outcome.")
    error: float = Field(gt=0, description="Standard error of the result, in the result's own unit.")
    counted_until: dt.date | None = Field(
        default=None,
        description="Last day on which outcome was counted; by default until nothing is left of the carryover.",
    )
    promised: float | None = Field(
        default=None,
        ge=0,
        description="What the test was expected to be worth to the plan before it was run (worth in designs.csv); the "
        "report sets it beside what it was worth.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.outcome is None) == (self.roas is None):
            given = "neither" if self.outcome is None else "both"
            raise ValueError(f"a test has a result: give outcome or roas; {given} given")
        if self.kind != "hold_out" and self.spend is None:
            what = "withheld" if self.kind == "go_dark" else "added"
            raise ValueError(f"kind {self.kind} needs spend: the money that was {what} in the geos and periods")
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) comes before start ({self.start})")
        if self.counted_until is not None and self.counted_until < self.end:
            raise ValueError(f"counted_until ({self.counted_until}) comes before end ({self.end})")
        if self.geos is not None and len(set(self.geos)) < max(len(self.geos), 1):
            raise ValueError("geos lists each geo once, and at least one; leave it out where the test ran everywhere")
        return self


def _short_list(value: Any) -> Any:
    """A list of tests as the full mapping."""
    return {"tests": value} if isinstance(value, list | tuple) else value


class ExperimentsSettings(Section):
    """Lift tests, here or in a table, and how far they are trusted."""

    tests: tuple[ExperimentSettings, ...] = ()
    source: str | None = Field(
        default=None, description="CSV file with one test a row and these keys as columns; geos separated by ';'."
    )
    csv: CsvSettings = CsvSettings()
    errors: Literal["normal", "student_t"] = Field(
        default="normal", description="student_t (4 degrees of freedom): a test may be off by more than its error says."
    )
    widen_per_year: float = Field(
        default=0.0, ge=0, description="Share by which a year of age widens a test's error, from its end to the data's."
    )


Experiments = Annotated[ExperimentsSettings, BeforeValidator(_short_list)]
"""The section, which may be given as the list of tests alone."""
