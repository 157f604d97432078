"""The ``campaigns`` section of the settings: money inside channels, and the rule by which their effect is shared."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mmm.data.csv_settings import CsvSettings
from mmm.data.settings import Source
from mmm.data.target import Name
from mmm.section import Section

Purpose = Literal["acquisition", "retention", "content"]
SPEND: Literal["spend"] = "spend"
Factor = Annotated[float, Field(ge=0, le=100)]


class CampaignCsv(CsvSettings):
    """How a CSV file of campaigns writes its cells."""

    KEY: ClassVar[str] = "campaigns.csv"


class TemplateSettings(Section):
    """Bounds of a named scenario, as factors on today's money: in all, and of categories by their purpose."""

    total: tuple[Factor, Factor] = (1.0, 1.0)
    acquisition: tuple[Factor, Factor] = (0.9, 1.1)
    retention: tuple[Factor, Factor] = (0.9, 1.1)
    content: tuple[Factor, Factor] = (0.9, 1.1)
    other: tuple[Factor, Factor] = Field((0.9, 1.1), description="Categories without a purpose.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in type(self).model_fields:
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} must be [lower, upper]; got [{low}, {high}]")
        return self


class CampaignSettings(Section):
    """A table with a row a campaign and period: what was spent on it, and what may say how much it brought."""

    source: Source = Field(description="CSV or Parquet file, relative to the settings file, or a query.")
    date: Name = Field("date", description="Column of the period's start, or of any day.")
    channel: Name = Field("channel", description="Column of the channel of the model.")
    campaign: Name = Field("campaign", description="Column of the campaign.")
    category: Name | None = Field(None, description="Column of its type, such as newsletter or welcome series.")
    platform: Name | None = Field(None, description="Column of the platform inside the channel.")
    spend: Name = Field("spend", description="Column of the media money.")
    costs: dict[Name, Name] = Field(
        {}, description="Further costs of a campaign: names of your own (content, people) to columns."
    )
    keys: dict[Name, Name] = Field(
        {}, description="What may say who brought how much: names of your own (clicks, orders) to columns."
    )
    rule: Name = Field(
        SPEND, description="The key by which a channel's effect is shared among its campaigns: 'spend', or one of keys."
    )
    purposes: dict[Name, Purpose] = Field({}, description="What categories are for; templates bound them by it.")
    templates: dict[Name, TemplateSettings] = Field(
        {}, description="Scenarios of your own, or other bounds of conservative, growth, acquisition and content."
    )
    date_format: Name | None = Field(None, description="As data.date_format.")
    csv: CampaignCsv = CampaignCsv()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.rule != SPEND and self.rule not in self.keys:
            known = ", ".join([SPEND, *self.keys])
            raise ValueError(f"rule '{self.rule}' is no key: give one of {known}, or name its column in keys")
        if SPEND in self.keys:
            raise ValueError("keys: 'spend' is taken; it is what the campaigns cost in media")
        if self.purposes and self.category is None:
            raise ValueError("purposes are of categories: name the column of the category")
        return self
