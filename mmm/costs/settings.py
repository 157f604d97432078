"""The ``costs`` section of the settings: the ledger and how its lines are mapped, vendors' prices, usage to compare."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mmm.data.csv_settings import CsvSettings
from mmm.data.settings import Source
from mmm.data.target import Name
from mmm.section import SEED_MAX, Section

Category = Literal["working_media", "technology", "content", "list", "people", "testing"]
CATEGORIES: tuple[Category, ...] = ("working_media", "technology", "content", "list", "people", "testing")

MOST_VOLUME = 10**12
"""Units of a period; above it doubles would no longer hold every whole number with room to spare."""

Positive = Annotated[float, Field(gt=0)]
Money = Annotated[float, Field(ge=0, le=1e12)]
Volume = Annotated[int, Field(ge=0, le=MOST_VOLUME)]


class LedgerCsv(CsvSettings):
    """How a CSV file of cost lines writes its cells."""

    KEY: ClassVar[str] = "costs.ledger.csv"


class LedgerSettings(Section):
    """A table with a row a cost line."""

    source: Source = Field(description="CSV or Parquet file, relative to the settings file, or a query.")
    date: Name = "date"
    amount: Name = "amount"
    category: Name = Field("category", description="Column of the ledger's own categories or accounts.")
    currency: Name | None = Field(None, description="Column of the currency; all lines must be in data.currency.")
    vendor: Name | None = None
    channel: Name | None = Field(None, description="Column of the channel, for rules with 'channel: own'.")
    id: Name | None = Field(None, description="Column that identifies the line; the same line twice is an error.")
    date_format: Name | None = Field(None, description="As data.date_format.")
    decimals: Annotated[int, Field(ge=0, le=4)] = Field(2, description="Decimals of the currency; finer is refused.")
    start: dt.date | None = Field(None, description="First day that counts; earlier lines are left out and totalled.")
    end: dt.date | None = Field(None, description="Last day that counts.")
    credit_notes: Literal["net", "refuse"] = Field(
        "net",
        description="Negative amounts are mapped as other lines are and lower what they belong to, or are an error.",
    )
    csv: LedgerCsv = LedgerCsv()

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        return self


class Where(Section):
    """Which lines a rule takes: those that have one of the stated texts in every stated column."""

    category: tuple[Name, ...] = ()
    vendor: tuple[Name, ...] = ()
    channel: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.category or self.vendor or self.channel):
            raise ValueError("give category, vendor or channel: which lines the rule takes")
        return self


class Share(Section):
    """How a shared cost is divided: by working media of the ledger, by ``costs.volumes``, or by fixed shares."""

    by: Literal["spend", "volume", "shares"]
    channels: tuple[Name, ...] = Field((), description="Channels that take part; by default all that have the key.")
    shares: dict[Name, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description="By fixed shares: they add up to 1."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.by == "shares") != bool(self.shares):
            raise ValueError("shares belong to 'by: shares', and it needs them")
        if self.by == "shares" and self.channels:
            raise ValueError("with fixed shares the channels are those that have one: leave out channels")
        if self.shares and abs(sum(self.shares.values()) - 1) > 1e-9:
            raise ValueError(f"shares add up to {sum(self.shares.values()):g}, not to 1")
        if len(set(self.channels)) < len(self.channels):
            raise ValueError("channels names one twice")
        return self


class Rule(Section):
    """Lines of the ledger, the category that they are, and the channel that bears them, or how it is shared."""

    name: Name
    where: Where
    category: Category
    channel: Name | None = Field(None, description="A channel; 'own' takes it from the ledger's column channel.")
    share: Share | None = Field(None, description="Instead of channel.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.channel is None) == (self.share is None):
            raise ValueError(f"rule '{self.name}': give channel, or share")
        if self.category == "working_media" and self.share is not None and self.share.by == "spend":
            raise ValueError(f"rule '{self.name}': working media shared by working media would depend on itself")
        return self


class Tier(Section):
    """Whole units from ``start`` to ``to``, both included; what they cost."""

    start: Volume | None = Field(None, description="First unit of the tier; by default the one after the last tier.")
    to: Volume | None = Field(None, description="Last unit; left out in the last tier, there is no end.")
    price: Annotated[float, Field(ge=0, le=1e9)] = Field(0.0, description="Of a unit.")
    fee: Money = Field(0.0, description="Of the tier, once a period.")


class VendorSettings(Section):
    """What a vendor charges for the volume of one period.

    Charge of the tiers, less the discount, but at least ``minimum``; plus ``fixed``.
    """

    unit: Name
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    kind: Literal["marginal", "all_units"] = Field(
        "marginal", description="Each unit at the price of its own tier; or all units at that of the last unit's tier."
    )
    fixed: Money = Field(0.0, description="A period, whatever the volume.")
    discount: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="Share off the charge of the tiers.")
    minimum: Money = Field(0.0, description="Least charge of a period, after the discount and before 'fixed'.")
    least_volume: Volume = Field(0, description="Units that are charged at least.")
    prepaid: bool = Field(False, description="More units than needed may be bought, if that is cheaper.")
    features: tuple[Name, ...] = ()
    switching: Money = Field(0.0, description="Once, for moving to this vendor.")

    @model_validator(mode="after")
    def _tiers_follow(self) -> Self:
        problems = list(_tier_problems(self.tiers))
        most = self.tiers[-1].to
        if not problems and most is not None and self.least_volume > most:
            problems = [f"least_volume: {self.least_volume:,} units are more than the {most:,} of the last tier."]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def bounds(self) -> list[tuple[int, int | None]]:
        """First and last unit of every tier; the first tier holds volume 0."""
        return _bounds(self.tiers)


def _bounds(tiers: tuple[Tier, ...]) -> list[tuple[int, int | None]]:
    found: list[tuple[int, int | None]] = []
    for tier in tiers:
        after = _after(found)
        start = after if tier.start is None else tier.start
        found.append((start if found or start > 1 else 0, tier.to))
    return found


def _after(found: list[tuple[int, int | None]]) -> int:
    """The first unit after the last tier."""
    if not found:
        return 0
    first, last = found[-1]
    return (first if last is None else last) + 1


def _tier_problems(tiers: tuple[Tier, ...]) -> Iterator[str]:
    """Every overlap, gap and disorder."""
    bounds = _bounds(tiers)
    for place, (first, last) in enumerate(bounds):
        after = _after(bounds[:place])
        if place == 0 and first > 0:
            yield f"units 1 to {first - 1:,} are in no tier: the first tier begins after them."
        elif place > 0 and first < after:
            yield (
                f"tiers {place} and {place + 1} overlap at units {first:,} to {after - 1:,}. A tier holds both its "
                f"ends: write to: {max(first - 1, 0)} in tier {place}, or start: {after} in tier {place + 1}."
            )
        elif first > after:
            yield f"units {after:,} to {first - 1:,} are in no tier: they lie between tiers {place} and {place + 1}."
        if last is None and place < len(tiers) - 1:
            yield f"tier {place + 1} has no last unit (to), but is not the last tier."
        if last is not None and last < first:
            yield f"tier {place + 1} ends at {last:,}, before it begins at {first:,}."


class UsageSettings(Section):
    """What is needed, for the vendors of the same unit to be compared on."""

    unit: Name
    current: Name = Field(description="Today's vendor.")
    volumes: Annotated[tuple[Volume, ...], Field(min_length=1, max_length=400)] = Field(
        description="Units of each period, such as twelve months."
    )
    periods_per_year: Annotated[int, Field(ge=1, le=366)] = 12
    spread: Annotated[float, Field(ge=0, le=2)] = Field(
        0.0,
        description="Standard deviation of the logarithm of a factor that all volumes share: 0.1 is about 10% up or "
        "down. The factor's median is 1.",
    )
    features: tuple[Name, ...] = Field((), description="What a vendor must have.")
    draws: Annotated[int, Field(ge=100, le=100_000)] = 1000
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] = 1


class CostsSettings(Section):
    """Costs beyond the media: a ledger mapped to channels, and vendors compared; nothing of it enters the model."""

    ledger: LedgerSettings | None = None
    rules: tuple[Rule, ...] = Field(
        (), description="A line that two rules take is an error, one that none takes is told."
    )
    channels: dict[Name, Name] = Field({}, description="The ledger's own names of channels to those of the analysis.")
    volumes: dict[Name, Positive] = Field({}, description="Key of costs that are shared by volume, by channel.")
    beside: tuple[Name, ...] = Field((), description="Channels with costs that the model does not have, such as email.")
    vendors: dict[Name, VendorSettings] = Field({}, description="What each charges; those of one unit are compared.")
    usage: dict[Name, UsageSettings] = Field({}, description="By a name of your own.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.ledger is None and not self.usage and not self.vendors:
            raise ValueError("give ledger (with rules), usage (with vendors), or vendors (for plan.vendors)")
        if self.ledger is not None and not self.rules:
            raise ValueError("ledger needs rules, which map its lines to channels and categories")
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two rules are named '{twice[0]}'")
        for problem in (*self._rule_problems(), *self._usage_problems()):
            raise ValueError(problem)
        return self

    def _rule_problems(self) -> Iterator[str]:
        ledger = self.ledger
        for rule in self.rules:
            for column in ("vendor", "channel"):
                if getattr(rule.where, column) and ledger is not None and getattr(ledger, column) is None:
                    yield f"rule '{rule.name}' looks at {column}, but ledger.{column} names no column"
            if rule.channel == "own" and ledger is not None and ledger.channel is None:
                yield f"rule '{rule.name}' takes the line's own channel, but ledger.channel names no column"
            if rule.share is not None and rule.share.by == "volume":
                missing = [name for name in rule.share.channels if name not in self.volumes]
                if missing or not self.volumes:
                    yield f"rule '{rule.name}' shares by volume; volumes lacks {', '.join(missing) or 'every channel'}"

    def _usage_problems(self) -> Iterator[str]:
        for name, usage in self.usage.items():
            vendor = self.vendors.get(usage.current)
            if vendor is None:
                yield f"usage.{name}.current: '{usage.current}' is not among vendors"
            elif vendor.unit != usage.unit:
                yield f"usage.{name} counts {usage.unit}, its vendor '{usage.current}' {vendor.unit}"

    def named_channels(self) -> Iterator[tuple[str, list[str]]]:
        """Channels that the section names, each list with its key, without those of ``beside``."""
        for index, rule in enumerate(self.rules):
            named = [] if rule.channel in (None, "own") else [str(rule.channel)]
            if rule.share is not None:
                named += [*rule.share.channels, *rule.share.shares]
            yield f"costs.rules.{index}", [name for name in named if name not in self.beside]
        yield "costs.channels", [name for name in self.channels.values() if name not in self.beside]
        yield "costs.volumes", [name for name in self.volumes if name not in self.beside]
