"""The ``data`` section of the settings: where the panel is, and what its columns mean."""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from mmm.data.control_settings import ControlSettings
from mmm.data.csv_settings import CsvSettings
from mmm.data.exports.settings import CalendarSettings, Rates, SourceSettings
from mmm.data.followed import follow_problems
from mmm.data.labels import format_problem
from mmm.data.names import name_problems
from mmm.data.nested import WithinPath, nesting_problems
from mmm.data.role import PAID, ROLES, Role
from mmm.data.target import Name, TargetSettings
from mmm.databases import Variable
from mmm.errors import SettingsError
from mmm.section import Section

_ROLE_KEYS = ("spend", "media", "media_unit", "frequency")


def _known_role(name: str) -> str:
    try:
        return ROLES[name].name
    except SettingsError as error:
        raise ValueError(str(error)) from error


RoleName = Annotated[str, AfterValidator(_known_role), WithJsonSchema({"type": "string", "enum": list(ROLES)})]


class ChannelSettings(Section):
    """One channel, by default of paid media: its spend sets the cost; its media units, where given, drive the response.

    ``role`` says which keys it needs (docs/model.md has a table).
    """

    role: RoleName = Field(default=PAID, description="What the media are; docs/model.md lists the roles.")
    spend: Name | None = Field(default=None, description="Column of the spend. Long layout: data.long.spend instead.")
    media: Name | None = Field(default=None, description="Column of the media units, such as impressions.")
    media_unit: Name | None = Field(default=None, description="Name of the unit; the column's name by default.")
    frequency: Name | None = Field(default=None, description="Column of the contacts of a person reached, on average.")
    follows: Name | None = Field(
        default=None,
        description="The control or mediator that its spend follows: demand that it harvests (docs/funnels.md).",
    )
    within: WithinPath | None = Field(
        default=None, description="The channel that it is a part of, or channel/group: campaigns, platforms, tactics."
    )
    label: Name | None = Field(default=None, description="Long layout only: how the channel column names the channel.")

    @property
    def path(self) -> tuple[str, ...]:
        """The channel that it is a part of, and the group in between; empty where it stands alone."""
        return tuple(self.within.split("/")) if self.within else ()

    @model_validator(mode="after")
    def _unit_needs_media(self) -> "ChannelSettings":
        if self.media is None and self.media_unit is not None:
            raise ValueError(f"media_unit is '{self.media_unit}' but no media column is given. Add media or remove it.")
        if self.media is not None and self.media == self.spend:
            raise ValueError(f"spend and media are both column '{self.media}'. Leave media out where spend drives it.")
        role = ROLES[self.role]
        beside = [key for key in _ROLE_KEYS if getattr(self, key) is not None and key not in (*role.needs, *role.takes)]
        if beside:
            raise ValueError(f"role '{role.name}' takes no {beside[0]}. Remove it, or give the channel another role.")
        return self


def _instead(role: Role, channel: ChannelSettings) -> str:
    """Which role the keys that were given would suit."""
    given = {key for key in _ROLE_KEYS if getattr(channel, key) is not None}
    fitting = [r.name for r in ROLES.values() if r is not role and set(r.needs) <= given <= {*r.needs, *r.takes}]
    return f" Without it the role may be one of: {', '.join(fitting)}." if given and fitting else ""


class PartialGeo(Section):
    """A geo that is observed for part of the period only: first and last period with an outcome, both inclusive."""

    start: dt.date | None = None
    end: dt.date | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "PartialGeo":
        if self.start is None and self.end is None:
            raise ValueError("give start, end or both: the geo's first and last period with an outcome.")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"end ({self.end}) must be after start ({self.start}).")
        return self


class LongSettings(Section):
    """Columns of a long file: one row per date, geo and channel; target and controls repeat on those rows."""

    channel: Name = "channel"
    spend: Name = "spend"
    absent_rows: Literal["error", "zero"] = Field(
        default="error", description="'zero' states that a channel without a row spent nothing in that period."
    )


class QualitySettings(Section):
    """Thresholds of the quality report; tests on simulated data hold the rates of true and false findings."""

    tenfold_factor: float = Field(default=5.0, gt=1.5, description="Least ratio of a value to what its weeks suggest.")
    tenfold_evidence: float = Field(
        default=6.0, gt=0, description="Least log-likelihood ratio of a tenfold slip against the value as it stands."
    )
    always_on_share: float = Field(
        default=0.9, gt=0, le=1, description="Share of active periods of an always-on channel."
    )
    shock_deviations: float = Field(default=6.0, gt=2, description="Robust deviations that make an outcome a shock.")
    least_active_periods: int = Field(default=8, ge=1)
    least_variation: float = Field(default=0.1, ge=0, description="Least coefficient of variation of a channel.")
    high_correlation: float = Field(default=0.9, gt=0, le=1)
    high_vif: float = Field(default=10.0, gt=1)
    least_periods_per_parameter: float = Field(default=5.0, gt=0)
    follows_correlation: float = Field(default=0.35, gt=0, le=1)


def _short_channels(value: Any) -> Any:
    """A list of columns, or a mapping in which a text is the spend column, as the full mapping."""
    if isinstance(value, list | tuple):
        value = _unique(value, "channel")
    if not isinstance(value, dict):
        return value
    return {name: {"spend": item} if isinstance(item, str) else item for name, item in value.items()}


def _short_controls(value: Any) -> Any:
    """A list of columns, or a mapping in which a text is the column, as the full mapping."""
    if isinstance(value, list | tuple):
        value = _unique(value, "control")
    if not isinstance(value, dict):
        return value
    return {name: {"column": item} if isinstance(item, str) else item for name, item in value.items()}


def _unique(names: list[Any] | tuple[Any, ...], what: str) -> dict[Any, Any]:
    texts = [name for name in names if isinstance(name, str)]
    if len(texts) != len(names):
        raise ValueError(f"a list of {what}s holds column names only. Use a mapping to say more about one.")
    twice = sorted({name for name in texts if texts.count(name) > 1})
    if twice:
        raise ValueError(f"{what} '{twice[0]}' is listed twice. Name it once.")
    return {name: name for name in texts}


Channels = Annotated[
    dict[Name, ChannelSettings],
    Field(min_length=1),
    BeforeValidator(_short_channels, json_schema_input_type=list[Name] | dict[Name, Name | ChannelSettings]),
]
Controls = Annotated[
    dict[Name, ControlSettings],
    BeforeValidator(_short_controls, json_schema_input_type=list[Name] | dict[Name, Name | ControlSettings]),
]


class QuerySettings(Section):
    """A query whose rows are the table. Without ``address`` DuckDB runs it, over files relative to this one."""

    query: Annotated[str, Field(min_length=1, max_length=100_000)] = Field(
        description="One SELECT, such as: select * from 'sales/*.parquet'."
    )
    address: Variable | None = Field(
        default=None,
        description="Environment variable that holds the address of a database (PostgreSQL, SQLite, MySQL).",
    )


Source = Annotated[str, Field(min_length=1)] | QuerySettings
"""Where a table beside the panel is: a file, or a query."""


class FutureSettings(Section):
    """A table of what is known of the periods after the data; in YAML the file alone will do.

    Controls, and media without a cost, stand in columns of the names that they have in the data. What is not there is
    held at what ``plan.future_controls`` says.
    """

    source: Name = Field(description="Path of a .csv, .csv.gz or .parquet file, relative to this file.")
    costs: dict[Name, Name] = Field(
        default_factory=dict, description="Column of the cost per media unit, by channel (per thousand is no unit)."
    )


def _file_alone(value: Any) -> Any:
    return {"source": value} if isinstance(value, str) else value


class DataSettings(Section):
    """What was observed: the source, and the column of everything that the panel holds."""

    source: Name | QuerySettings | None = Field(
        default=None,
        description="'demo', the path of a .csv, .csv.gz, .parquet or .xlsx file, relative to this file, or a query.",
    )
    sources: tuple[SourceSettings, ...] = Field(
        default=(), description="In place of source: files as platforms export them, summed to one calendar."
    )
    calendar: CalendarSettings = Field(CalendarSettings(), description="Of sources: the panel's periods.")
    rates: Rates = Field(
        {}, description="Of sources: what one unit of another currency is in this one, by the day from which it holds."
    )
    sheet: Name | None = Field(default=None, description="Sheet of an .xlsx file, where several hold cells.")
    layout: Literal["wide", "long"] = "wide"
    date: Name = "date"
    date_format: Name | None = Field(
        default=None,
        description="Such as '%d/%m/%Y', needed where dates are ambiguous; '%G%V' for ISO weeks such as 202405; "
        "'excel' for serial numbers.",
    )
    week_label: Literal["start", "end"] | None = Field(
        default=None, description="'end' where weekly rows bear the last day of their week; dates are then its first."
    )
    geo: Name | None = Field(default=None, description="Column of the geo; none for national data.")
    target: TargetSettings
    currency: Name
    channels: Channels
    controls: Controls = Field(default_factory=dict, description="'hldy_*' stands for all columns that it matches.")
    population: Name | None = None
    partial_geos: dict[Name, PartialGeo] = Field(
        default_factory=dict, description="Geos that start late or end early, with their first or last period."
    )
    future: Annotated[
        FutureSettings | None, BeforeValidator(_file_alone, json_schema_input_type=Name | FutureSettings | None)
    ] = Field(default=None, description="What is known of the periods after the data, for forecast and plan.")
    media_history: bool = Field(
        default=False, description="True where media begin before the outcome: those rows have an empty target."
    )
    long: LongSettings = Field(default_factory=LongSettings)
    csv: CsvSettings = Field(default_factory=CsvSettings)
    quality: QualitySettings = Field(default_factory=QualitySettings)

    @model_validator(mode="before")
    @classmethod
    def _short_labels(cls, value: Any) -> Any:
        """In the long layout the short form of a channel is its label, not a column."""
        if not isinstance(value, dict) or value.get("layout") != "long":
            return value
        channels = value.get("channels")
        if isinstance(channels, list | tuple):
            channels = _unique(channels, "channel")
        if isinstance(channels, dict):
            full = {k: {"label": item} if isinstance(item, str) else item for k, item in channels.items()}
            return {**value, "channels": full}
        return value

    @model_validator(mode="after")
    def _costs_are_of_media(self) -> "DataSettings":
        for name in () if self.future is None else self.future.costs:
            channel = self.channels.get(name)
            if channel is None or channel.media is None or not ROLES[channel.role].costs:
                raise ValueError(f"future.costs names '{name}', which is no paid channel with a media column.")
        return self

    @field_validator("date_format")
    @classmethod
    def _format_names_a_day(cls, value: str | None) -> str | None:
        problem = None if value is None else format_problem(value)
        if problem is not None:
            raise ValueError(f"date_format '{value}' {problem}.")
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> "DataSettings":
        if (self.source is None) == (not self.sources):
            raise ValueError("give source, one table, or sources, files that are joined: one of the two.")
        of_tables = ("layout", "date_format", "week_label", "geo", "sheet", "csv", "long")
        for key in of_tables if self.sources else ("calendar", "rates"):
            if getattr(self, key) != type(self).model_fields[key].get_default(call_default_factory=True):
                raise ValueError(f"{key} is for {'a table (source)' if self.sources else 'sources'}. Remove it.")
        return self

    @model_validator(mode="after")
    def _layout_fits(self) -> "DataSettings":
        for name, channel in self.channels.items():
            role = ROLES[channel.role]
            # In the long layout one column has the spend of all.
            given = {"spend"} if self.layout == "long" else set[str]()
            missing = [key for key in role.needs if getattr(channel, key) is None and key not in given]
            if missing:
                raise ValueError(
                    f"channels.{name}: {role.label} (role: {role.name}) need {missing[0]}, its column."
                    + _instead(role, channel)
                )
            if self.layout == "wide" and channel.label is not None:
                raise ValueError(f"channels.{name}: label is for the long layout. Remove it or set layout: long.")
            if self.layout == "long" and channel.spend is not None:
                raise ValueError(f"channels.{name}: in the long layout the spend column is long.spend. Remove spend.")
        if self.partial_geos and self.geo is None:
            raise ValueError("partial_geos needs geo, the column of the geo; it is not given.")
        if self.layout == "long":
            labels = [channel.label or name for name, channel in self.channels.items()]
            twice = sorted({label for label in labels if labels.count(label) > 1})
            if twice:
                raise ValueError(f"two channels have the label '{twice[0]}'. Give each its own.")
        return self

    @model_validator(mode="after")
    def _something_is_paid(self) -> "DataSettings":
        if not any(ROLES[channel.role].costs for channel in self.channels.values()):
            raise ValueError("channels: none of them is paid for. Give at least one with its spend.")
        return self

    @model_validator(mode="after")
    def _parts_have_a_whole(self) -> "DataSettings":
        for problem in nesting_problems({name: c.path for name, c in self.channels.items()}):
            raise ValueError(problem)
        mediators = [name for name, c in self.channels.items() if ROLES[c.role].mediates]
        for problem in follow_problems({n: c.follows for n, c in self.channels.items()}, self.controls, mediators):
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _columns_differ(self) -> "DataSettings":
        used: dict[str, str] = {}
        for role, column in self.columns():
            if column in used:
                raise ValueError(
                    f"column '{column}' is used twice: as {used[column]} and as {role}. Each column has one meaning."
                )
            used[column] = role
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> "DataSettings":
        # A categorical control is known by its levels, which are in the data.
        controls = [name for name, control in self.controls.items() if not control.categorical]
        for problem in name_problems(self.channels, controls):
            raise ValueError(problem)
        return self

    def control_of(self, name: str) -> ControlSettings:
        """What is said of the control that a column of the panel is, or is a level of."""
        own = self.controls.get(name)
        if own is not None and not own.categorical:
            return own
        return next(c for whole, c in self.controls.items() if c.categorical and name.startswith(f"{whole}: "))

    def number_columns(self) -> dict[str, Literal["money", "amount", "control"]]:
        """Columns that hold numbers: money, other amounts whose scale matters, and controls, whose scale does not."""
        targets = (self.target, *self.target.also.values())
        money = {target.column for target in targets if target.kind == "revenue"}
        money |= {target.value_per_unit for target in targets if isinstance(target.value_per_unit, str)}
        money |= {self.long.spend} if self.layout == "long" else {c.spend for c in self.channels.values() if c.spend}
        controls = {c.column for c in self.controls.values()}
        keys = {
            "date",
            "geo",
            "long.channel",
            *(f"controls.{n}.column" for n, c in self.controls.items() if c.categorical),
        }
        return {
            column: "money" if column in money else "control" if column in controls else "amount"
            for role, column in self.columns()
            if role not in keys
        }

    def columns(self) -> list[tuple[str, str]]:
        """(role, column) of every column that the data must have, in the order of the settings."""
        found: list[tuple[str, str]] = [("date", self.date)]
        if self.geo is not None:
            found.append(("geo", self.geo))
        found.append(("target.column", self.target.column))
        if isinstance(self.target.value_per_unit, str):
            found.append(("target.value_per_unit", self.target.value_per_unit))
        found += [(f"target.also.{name}.column", other.column) for name, other in self.target.also.items()]
        if self.layout == "long":
            found += [("long.channel", self.long.channel), ("long.spend", self.long.spend)]
            shared = dict.fromkeys(c.media for c in self.channels.values() if c.media is not None)
            found += [("channels media", column) for column in shared]
            often = dict.fromkeys(c.frequency for c in self.channels.values() if c.frequency is not None)
            found += [("channels frequency", column) for column in often]
        else:
            for name, channel in self.channels.items():
                if channel.spend is not None:
                    found.append((f"channels.{name}.spend", channel.spend))
                if channel.media is not None:
                    found.append((f"channels.{name}.media", channel.media))
                if channel.frequency is not None:
                    found.append((f"channels.{name}.frequency", channel.frequency))
        found += [(f"controls.{name}.column", control.column) for name, control in self.controls.items()]
        if self.population is not None:
            found.append(("population", self.population))
        return found
