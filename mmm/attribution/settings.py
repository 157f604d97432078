"""The ``attribution`` section of the settings: where journeys are, and which rules share out their conversions."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mmm.data.calendar import Duration, Frequency, parse_periods
from mmm.data.csv_settings import PlainCsv
from mmm.data.orders import OrderSettings
from mmm.data.settings import Source
from mmm.data.target import Name
from mmm.errors import SettingsError
from mmm.section import Section

MOST_CHANNELS = 60
"""Channels of one analysis: sets of channels are bits of one 64-bit number."""

GROUPS = 200
"""Groups of persons that the bootstrap draws from; with fewer persons than that, each is a group."""

Kind = Literal["captures_demand", "offline", "view_through"]


class TouchSettings(Section):
    """A table with a row a touch: who saw or clicked what, and when."""

    source: Source = Field(description="CSV or Parquet file, relative to the settings file, or a query.")
    person: Name = Field(description="Column that identifies the person, device or cookie.")
    time: Name = Field(description="Column of the moment, as 2024-03-01 or 2024-03-01 14:05:00.")
    channel: Name = Field(description="Column of the channel.")
    position: Name | None = Field(None, description="Column that numbers a person's touches; checked against the time.")
    conversion: Name | None = Field(
        None, description="Column that is 1 where the touch converted at once; without a table of conversions."
    )
    value: Name | None = Field(None, description="Column of the money of such a conversion.")
    csv: PlainCsv = PlainCsv()


class ConversionSettings(OrderSettings):
    """A table with a row a conversion; without ``value`` conversions are counted, not valued."""


class PathSettings(Section):
    """A table of whole journeys, as other tools export it: a row a path, with how often it converted or did not."""

    source: Source = Field(description="CSV or Parquet file, relative to the settings file, or a query.")
    path: Name = Field(description="Column of the channels in order, such as 'search > email'.")
    conversions: Name
    value: Name | None = Field(None, description="Column of the money of all its conversions.")
    nulls: Name | None = Field(None, description="Column of the journeys on this path that did not convert.")
    separator: Annotated[str, Field(min_length=1, max_length=5)] = ">"
    csv: PlainCsv = PlainCsv()


class AttributionSettings(Section):
    """Journeys, and how their conversions are credited to channels; nothing of it enters the model by itself."""

    touches: TouchSettings | None = None
    conversions: ConversionSettings | None = None
    paths: PathSettings | None = Field(None, description="Instead of touches and conversions.")
    lookback: Duration = Field("30 days", description="A touch counts for a conversion at most this long after it.")
    half_life: Duration = Field("7 days", description="Time decay: age at which a touch weighs half as much.")
    position: tuple[float, float] = Field((0.4, 0.4), description="Position rule: shares of first and last touch.")
    order: Annotated[int, Field(ge=1, le=3)] = Field(1, description="Touches that a state of the Markov chain holds.")
    channels: dict[Name, Name] = Field(
        {}, description="Names in the journeys to names of the model's channels; left out where they are the same."
    )
    kinds: dict[Name, Kind] = Field(
        {}, description="Why journeys may see a channel otherwise than the model does, by channel of the model."
    )
    replicates: Annotated[int, Field(ge=50, le=2000)] = Field(200, description="Bootstrap samples of persons.")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.paths is None) == (self.touches is None):
            raise ValueError("give touches (with conversions), or paths")
        if self.paths is not None and self.conversions is not None:
            raise ValueError("paths hold their conversions: leave out conversions")
        if self.touches is not None and (self.conversions is None) == (self.touches.conversion is None):
            raise ValueError("give the table conversions, or touches.conversion, the column that marks them")
        if self.touches is not None and self.touches.value is not None and self.touches.conversion is None:
            raise ValueError("touches.value needs touches.conversion; a table of conversions has its own value")
        conversions = self.conversions
        if conversions is not None and conversions.refunds == "net" and None in (conversions.id, conversions.value):
            raise ValueError("conversions.refunds: net needs id and value: a refund is taken from the order it names")
        return self

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        first, last = self.position
        if min(first, last) < 0 or first + last > 1:
            raise ValueError("position: two shares of 0 or more that add up to at most 1")
        for name in ("lookback", "half_life"):
            try:
                days(getattr(self, name))
            except SettingsError as error:
                raise ValueError(f"{name}: {error}") from error
        return self


def days(text: str) -> int:
    """A duration of the settings in days. Raises SettingsError where it is none, or longer than ten years."""
    found = parse_periods(text, Frequency("day"))
    if not 1 <= found <= 3660:
        raise SettingsError(f"'{text}' is {found} days; from 1 to 3,660 are sensible.")
    return found
