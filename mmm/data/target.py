"""The ``data.target`` section of the settings: what the outcome is, where it stands, and how long its rows are."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from mmm.data.calendar import parse_days
from mmm.errors import SettingsError
from mmm.section import Section

Name = Annotated[str, Field(min_length=1, max_length=200)]
"""A column, geo, channel or control name: any text but the empty one."""
MONTH = "month"
_SHORTEST = 8


def _every(text: str) -> str:
    if text == MONTH:
        return text
    try:
        days = parse_days(text)
    except SettingsError as error:
        raise ValueError(f"{error} Or write 'month'.") from error
    if days < _SHORTEST:
        raise ValueError(
            f"'{text}' is no coarser than media's periods. Leave every out, or write 'month' or '4 weeks'."
        )
    return text


class TargetSettings(Section):
    """The outcome: revenue or profit in the data's currency, or a KPI that may have a value per unit."""

    column: Name
    kind: Literal["revenue", "profit", "kpi"] = "revenue"
    unit: Name | None = Field(
        default=None, description="Unit shown in reports; the currency for revenue and profit by default."
    )
    value_per_unit: float | Name | None = Field(
        default=None, description="KPI only: currency per unit of outcome, a positive number or a column."
    )

    every: Annotated[str, AfterValidator(_every), WithJsonSchema({"type": "string"})] | None = Field(
        default=None,
        description="How long outcome rows are, where longer than media's periods: 'month', or such as '4 weeks'.",
    )
    source: Name | None = Field(
        default=None, description="Table of the outcome alone, beside data.source: with date, outcome, and geo if any."
    )
    date: Name | None = Field(default=None, description="Column of the outcome table's dates; data.date by default.")

    also: dict[Name, "TargetSettings"] = Field(
        default_factory=dict,
        exclude_if=lambda also: not also,
        description="Further outcomes, an equation each; effects add up in money (docs/funnels.md).",
    )

    @model_validator(mode="after")
    def _others_add_up(self) -> "TargetSettings":
        for name, other in self.also.items():
            if (
                other.also
                or other.every is not None
                or other.source is not None
                or isinstance(other.value_per_unit, str)
            ):
                raise ValueError(f"also.{name} takes column, kind, unit and value_per_unit, a number.")
        if not self.also:
            return self
        if self.every is not None or isinstance(self.value_per_unit, str):
            raise ValueError("with further outcomes (also) the target is by period, with one value per unit.")
        worthless = [
            n for n, t in {"target": self, **self.also}.items() if t.kind == "kpi" and t.value_per_unit is None
        ]
        if worthless:
            raise ValueError(f"effects on several outcomes add up in money: {worthless[0]} needs value_per_unit.")
        return self

    @model_validator(mode="after")
    def _table_has_a_step(self) -> "TargetSettings":
        if self.source is not None and self.every is None:
            raise ValueError(
                "source, a table of the outcome alone, needs every: how long its rows are (month, 4 weeks)."
            )
        if self.date is not None and self.source is None:
            raise ValueError("date is the column of a table of the outcome alone. Give source, or remove it.")
        return self

    @model_validator(mode="after")
    def _value_fits_kind(self) -> "TargetSettings":
        if self.kind != "kpi" and self.value_per_unit is not None:
            raise ValueError(
                f"value_per_unit is for kind 'kpi'; a {self.kind} is already money. Remove it or set kind: kpi."
            )
        if isinstance(self.value_per_unit, float) and self.value_per_unit <= 0:
            raise ValueError(f"value_per_unit must be above 0; got {self.value_per_unit}.")
        return self
