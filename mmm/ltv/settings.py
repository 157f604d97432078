"""The ``ltv`` section of the settings: orders, whom they are grouped by, and what is asked of their value."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mmm.data.calendar import Duration, Frequency, parse_periods
from mmm.data.csv_settings import PlainCsv
from mmm.data.orders import OrderSettings
from mmm.data.settings import Source
from mmm.data.target import Name
from mmm.section import SEED_MAX, Section

FACTORS = ("channel", "segment")
MOST_LEVELS = 40
"""Channels, or segments, of one analysis."""

Positive = Annotated[float, Field(gt=0, le=1e12)]


class TransactionSettings(OrderSettings):
    """A table with a row an order; orders of one customer on one day are one purchase."""

    value: Name = Field(description="Column of the money.")
    channel: Name | None = Field(None, description="Column of the channel; that of a customer's first order counts.")
    segment: Name | None = Field(None, description="Column of the segment; that of a customer's first order counts.")


class CustomerSettings(Section):
    """A table with a row a customer: who came by which channel, and belongs to which segment."""

    source: Source = Field(description="CSV or Parquet file, relative to the settings file, or a query.")
    person: Name
    channel: Name | None = None
    segment: Name | None = None
    csv: PlainCsv = PlainCsv()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.channel is None and self.segment is None:
            raise ValueError("name channel, segment or both; a table of persons alone says nothing")
        return self


class LtvSettings(Section):
    """Orders of customers, and the value that customers will have; nothing of it enters the model by itself."""

    transactions: TransactionSettings
    customers: CustomerSettings | None = Field(None, description="Instead of channel and segment in transactions.")
    end: dt.date | None = Field(
        None, description="Last day that counts, by default that of the last order. Customers are seen until then."
    )
    holdout: Duration | Literal["third", "none"] = Field(
        "third", description="Days at the end that are hidden from a second fit and forecast by it; or a third of all."
    )
    horizons: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=10)] = Field(
        ("52 weeks", "104 weeks", "156 weeks"), description="From the first order on; the longest is the main one."
    )
    discount: Annotated[float, Field(ge=0, le=1)] = Field(0.1, description="Rate of a year: 0.1 is 10%.")
    margin: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="Share of an order's value that is left before marketing; without it value is revenue."
    )
    acquisition_cost: dict[Name, Positive] = Field({}, description="Of one new customer, by channel.")
    acquisition_spend: dict[Name, Positive] = Field(
        {}, description="Money that brought all customers of the table, by channel; instead of acquisition_cost."
    )
    channels: dict[Name, Name] = Field(
        {}, description="Names of channels in the orders to those of the model; left out where they are the same."
    )
    customers_fitted: Annotated[int, Field(ge=500, le=1_000_000)] = Field(
        20_000, description="Most customers that parameters are learned from, drawn at random; all are valued."
    )
    draws: Annotated[int, Field(ge=100, le=10_000)] = Field(500, description="Kept of each of the chains.")
    tune: Annotated[int, Field(ge=100, le=10_000)] = 1000
    chains: Annotated[int, Field(ge=2, le=16)] = 4
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] = 1

    @model_validator(mode="after")
    def _agree(self) -> Self:
        orders = self.transactions
        if self.customers is not None and (orders.channel is not None or orders.segment is not None):
            raise ValueError("channel and segment are either columns of transactions or of customers")
        if orders.refunds == "net" and orders.id is None:
            raise ValueError("transactions.refunds: net needs id: a refund is taken from the order it names")
        both = sorted(self.acquisition_cost.keys() & self.acquisition_spend.keys())
        if both:
            raise ValueError(f"'{both[0]}' has acquisition_cost and acquisition_spend; give one of them")
        costs = {**self.acquisition_cost, **self.acquisition_spend}
        if costs and "channel" not in self.factors:
            raise ValueError("costs of acquisition are by channel, but no column of the channel is named")
        if costs and self.margin is None:
            raise ValueError("costs of acquisition are set against margins: give margin, a share such as 0.4")
        return self

    @property
    def factors(self) -> tuple[str, ...]:
        """Which of channel and segment customers are grouped by."""
        table = self.customers or self.transactions
        return tuple(name for name in FACTORS if getattr(table, name) is not None)


def weeks_of(duration: str) -> float:
    """A duration of the settings in weeks."""
    return parse_periods(duration, Frequency("day")) / 7
