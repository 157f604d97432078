"""The sections ``plan_register`` (where plans are, who may approve which) and ``handover`` (tables by platform)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mmm.data.target import Name
from mmm.databases import Variable
from mmm.section import Section

Money = Annotated[float, Field(ge=0.0, le=1e15)]
Per = Literal["week", "month", "quarter", "year", "horizon"]


class ApproverSettings(Section):
    """What one person may approve; without limits any plan."""

    up_to: Money | None = None
    """Largest total of a plan, in the currency of the data."""
    change: Annotated[float, Field(ge=0.0, le=1e4)] | None = None
    """Largest share of today's money that moves: the larger of all increases and all decreases, over today's total."""


class LimitSettings(Section):
    """Money that channels together must, or may not, spend in every period of the calendar that the plan touches."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    channels: Annotated[tuple[Name, ...], Field(min_length=1)]
    per: Per = "horizon"
    at_least: Money | None = None
    """Where data and plan cover only part of the period, the same share of it, by days."""
    at_most: Money | None = None
    """What was spent in the period before the plan counts."""

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a limit needs at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least {self.at_least:,.0f} is above at_most {self.at_most:,.0f}")
        return self


class RegisterSettings(Section):
    """Where plans are kept, and the rules that a plan keeps to before it can be approved.

    The rules are saved with each plan: who changes them changes those of later plans only.
    """

    address: Variable | None = None
    """Environment variable that holds the database's address, such as postgresql://USER:PASSWORD@HOST/DATABASE; by
    default the register is the SQLite file ``plans.db`` in the folder of the reports."""
    approvers: dict[Name, ApproverSettings] = Field(default_factory=dict)
    """Who may approve; where nobody is named, everybody may."""
    four_eyes: bool = True
    """Nobody approves a plan that they saved or submitted themselves."""
    limits: tuple[LimitSettings, ...] = ()
    """Spend limits and rules of compliance."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [limit.name for limit in self.limits]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two limits are called '{twice[0]}'. Give each a name of its own")
        return self


Cell = Literal[
    "campaign",
    "channel",
    "geo",
    "first_day",
    "last_day",
    "days",
    "budget",
    "daily_budget",
    "currency",
    "plan",
    "status",
]


TEMPLATES: dict[str, dict[str, str]] = {
    "media_plan": {
        "Campaign": "campaign", "Channel": "channel", "Region": "geo", "From": "first_day", "To": "last_day",
        "Budget": "budget", "Currency": "currency", "Plan": "plan", "Status": "status",
    },
    # support.google.com/google-ads/editor/answer/57747: headers in English, the budget is a day's and above zero.
    "google_ads_editor": {
        "Campaign": "campaign", "Campaign daily budget": "daily_budget", "Start date": "first_day",
        "End date": "last_day",
    },
    "daily": {"date": "first_day", "campaign": "campaign", "budget": "budget", "currency": "currency", "plan": "plan"},
}  # fmt: skip
"""Columns by template: the name in the table, and what stands in it."""


class PlatformSettings(Section):
    """One table of an approved plan for whoever books a platform: a row a campaign and day or period."""

    channels: Annotated[tuple[Name, ...], Field(min_length=1)]
    template: Annotated[str, Field(min_length=1, max_length=60)] = "media_plan"
    """Columns that are shipped: media_plan, google_ads_editor, daily."""
    columns: dict[Annotated[str, Field(min_length=1, max_length=120)], Cell] = Field(default_factory=dict)
    """Columns of one's own instead: the name in the table, and what stands in it."""
    format: Literal["csv", "xlsx"] = "csv"
    by: Literal["day", "period"] = "period"
    by_geo: bool = False
    """A row a geo too; else geos are added up."""
    campaigns: dict[
        Name, dict[Annotated[str, Field(min_length=1, max_length=200)], Annotated[float, Field(gt=0.0)]]
    ] = Field(default_factory=dict)
    """By channel, its campaigns and their shares of its money, scaled to add up to one. Other channels are one campaign
    each."""

    @model_validator(mode="after")
    def _campaigns_are_of_its_channels(self) -> Self:
        other = [name for name in self.campaigns if name not in self.channels]
        if other:
            raise ValueError(f"campaigns of '{other[0]}', which is none of its channels ({', '.join(self.channels)})")
        return self


class HandoverSettings(Section):
    """Tables of an approved plan by platform, written by `mmm plans export --config`."""

    platforms: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$")], PlatformSettings] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _templates_are_known(self) -> Self:
        for name, platform in self.platforms.items():
            if not platform.columns and platform.template not in TEMPLATES:
                known = ", ".join(TEMPLATES)
                raise ValueError(f"platforms.{name}.template '{platform.template}' is none of {known}")
        return self
