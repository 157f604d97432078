"""``data.sources``: files as platforms export them, and how they become columns of one panel."""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from mmm.data.csv_settings import CsvSettings
from mmm.section import Section

Text = Annotated[str, Field(min_length=1, max_length=300)]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _rule(value: Any) -> Any:
    """A text is a pattern of the campaign; one pattern is a list of one."""
    if isinstance(value, str):
        value = {"campaign": value}
    if isinstance(value, dict):
        return {key: (item,) if isinstance(item, str) else item for key, item in value.items()}
    return value


Rule = Annotated[
    dict[Text, tuple[Text, ...]],
    Field(min_length=1),
    BeforeValidator(_rule, json_schema_input_type=Text | dict[Text, Text | tuple[Text, ...]]),
]
"""By label of the rows (campaign, campaign_type) patterns with ``*``, of which one has to match; all labels must."""


class TakenSettings(Section):
    """A column of a plain table."""

    column: Text
    over_time: Literal["sum", "mean"] = Field("sum", description="How days become a week: prices and scores are means.")


def _taken(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: {"column": item} if isinstance(item, str) else item for name, item in value.items()}


Taken = Annotated[
    dict[Text, TakenSettings],
    BeforeValidator(_taken, json_schema_input_type=dict[Text, Text | TakenSettings]),
]


class SourceSettings(Section):
    """One file, or several of one layout."""

    file: Text = Field(description="Path relative to this file; 'google*.csv' takes all that match.")
    kind: Text = Field("auto", description="Reader, such as google_ads or table; recognised by the content by default.")
    channels: dict[Text, Rule] = Field(
        {}, description="Channel by rules, the first that matches: a pattern of the campaign, or label: pattern."
    )
    leave_out: tuple[Rule, ...] = Field((), description="Rows that belong to no channel on purpose.")
    columns: Taken = Field({}, description="Plain tables: name in the panel, and the file's column.")
    date: Text | None = Field(None, description="Plain tables: the column of the date.")
    date_format: Text | None = None
    currency: Text | None = Field(None, description="Where the file does not say it and it is not data.currency.")
    outside: Literal["error", "zero"] = Field(
        "error", description="'zero' states that before the file's first day and after its last there was nothing."
    )
    split: Literal["refuse", "days"] = Field(
        "refuse", description="'days' spreads weeks that begin on another weekday evenly over their days."
    )
    csv: CsvSettings | None = Field(None, description="How the file writes its cells, where that cannot be recognised.")
    sheet: Text | None = None


class CalendarSettings(Section):
    """The periods of the panel that sources are summed to."""

    period: Literal["week", "day"] = "week"
    starts: Weekday | None = Field(None, description="By default as the weekly sources do, else on Mondays.")

    @model_validator(mode="after")
    def _days_have_no_first_day(self) -> "CalendarSettings":
        if self.period == "day" and self.starts is not None:
            raise ValueError("starts is for weeks. Remove it.")
        return self


def _by_date(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {code: {"1900-01-01": item} if isinstance(item, int | float) else item for code, item in value.items()}


Rates = Annotated[
    dict[Text, Annotated[dict[dt.date, Annotated[float, Field(gt=0)]], Field(min_length=1)]],
    BeforeValidator(_by_date, json_schema_input_type=dict[Text, float | dict[str, float]]),
]
"""Money of ``data.currency`` for one unit of another currency: one rate, or rates by the day from which they hold."""
