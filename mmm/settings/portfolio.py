"""A portfolio: several analyses, one budget, and the exchange rates that make them comparable."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.files import Wanted, matching_files, read_bytes
from mmm.planning.settings import Amount, Money, Return
from mmm.planning.worth import is_profit, margin_of
from mmm.section import SEED_MAX, Section
from mmm.settings.document import FolderName, Settings
from mmm.settings.explain import settings_error
from mmm.settings.read import load_dataset, load_evidence, load_settings
from mmm.settings.report import ReportSettings
from mmm.settings.text import read_yaml

_EXAMPLE = "docs/many_reports.md has an example"
_FILE = Wanted("The portfolio", 300_000, advice="docs/many_reports.md has an example.")
_MARKETS = Wanted("markets:", 300_000)
_APART = dt.timedelta(days=7)
"""Plans whose first days lie this far apart are for different times."""


class Rates(Section):
    """Exchange rates of one day."""

    date: dt.date = Field(description="The day of the rates; shown with every amount that they convert.")
    source: str = Field("", max_length=120, description="Where they come from, in words.")
    per_unit: dict[str, Return] = Field(
        description="What one unit of each other currency is worth in the portfolio's, such as {GBP: 1.17}."
    )


class MarketLimits(Section):
    """Least and most money of one market over the horizon, in the portfolio's currency."""

    minimum: Money = 0.0
    maximum: Amount | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:,.0f} is above maximum {self.maximum:,.0f}")
        return self

    @property
    def allowed(self) -> tuple[float, float]:
        """Least and most money; infinite where no maximum is given."""
        return self.minimum, math.inf if self.maximum is None else self.maximum


class PortfolioSettings(Section):
    """One budget over several markets. Paths are relative to the file."""

    name: FolderName
    title: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    markets: tuple[str, ...] = Field(
        min_length=1, description="Settings files of the markets; patterns as markets/*.yaml."
    )
    total_budget: Amount | None = Field(None, description="Over all markets; by default what they spend today.")
    currency: str | None = Field(None, description="Currency of the portfolio; needed where the markets' differ.")
    rates: Rates | None = None
    limits: dict[str, MarketLimits] = Field(default_factory=dict, description="By name of the market.")
    points: int = Field(25, ge=5, le=200, description="Budgets at which each market is planned.")
    seed: int = Field(20240101, ge=0, le=SEED_MAX, description="Pairs the draws of markets, which are fitted apart.")
    report: ReportSettings = ReportSettings()

    _base: Path = PrivateAttr(default_factory=Path)

    @property
    def base(self) -> Path:
        """Folder that relative paths start from."""
        return self._base


@dataclass(frozen=True)
class MarketInputs:
    """A market's settings with its panel, the rate that converts its money, and the share of value that counts."""

    settings: Settings
    dataset: Dataset
    rate: float
    margin: float | None
    """None where it is not known: then markets are compared by what they win, not by what is left of it."""


@dataclass(frozen=True)
class Portfolio:
    """A checked portfolio: its markets fit together."""

    settings: PortfolioSettings
    currency: str
    markets: tuple[MarketInputs, ...]


def load_portfolio(path: Path) -> Portfolio:
    """The portfolio in a YAML file with all its markets, checked as a whole; nothing is fitted.

    Raises SettingsError or DataError that lists what is wrong.
    """
    settings = _validated(read_yaml(read_bytes(path, _FILE), str(path)), path)
    settings._base = path.parent
    files = list(_files(settings))
    markets = [load_settings(file) for file in files]
    datasets = [load_dataset(market) for market in markets]
    for market, dataset in zip(markets, datasets, strict=True):
        load_evidence(market, dataset)
    problems = list(_problems(settings, markets, datasets))
    if problems:
        raise SettingsError(f"{path}: the markets do not fit together.\n" + "\n".join(f"  - {p}" for p in problems))
    currency = settings.currency or markets[0].data.currency
    rates = {currency: 1.0} | (settings.rates.per_unit if settings.rates is not None else {})
    inputs = tuple(
        MarketInputs(m, d, rates[m.data.currency], _margin(m, d)) for m, d in zip(markets, datasets, strict=True)
    )
    return Portfolio(settings, currency, inputs)


def _margin(settings: Settings, dataset: Dataset) -> float | None:
    return margin_of(settings.plan, has_value=dataset.has_value, is_profit=is_profit(dataset))


def _validated(document: Any, path: Path) -> PortfolioSettings:
    if not isinstance(document, dict):
        kind = "empty" if document is None else f"a {type(document).__name__}"
        raise SettingsError(
            f"{path}: a portfolio is a mapping with 'name' and 'markets'; this is {kind}. {_EXAMPLE[0].upper()}"
            f"{_EXAMPLE[1:]}."
        )
    try:
        return PortfolioSettings.model_validate(document)
    except ValidationError as error:
        raise settings_error(error, str(path), PortfolioSettings, _EXAMPLE) from error


def _files(settings: PortfolioSettings) -> Iterator[Path]:
    """The settings files of the markets. Raises SettingsError for a file that is named twice, or that is none."""
    seen: dict[Path, str] = {}
    for pattern in settings.markets:
        for file in matching_files(pattern, settings.base, _MARKETS):
            if file.resolve() in seen:
                raise SettingsError(
                    f"markets: '{pattern}' names the file '{file}', which '{seen[file.resolve()]}' names as well. List "
                    "each market once."
                )
            seen[file.resolve()] = pattern
            yield file


def _problems(portfolio: PortfolioSettings, markets: Sequence[Settings], datasets: Sequence[Dataset]) -> Iterator[str]:
    names = [m.name for m in markets]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield f"two markets have the name '{name}'. Give each its own."
    for name in portfolio.limits:
        if name not in names:
            yield f"limits: '{name}' is no market of this portfolio. Known: {', '.join(names)}."
    if len(markets) < 2:
        yield "a portfolio has at least two markets. Add one, or use mmm plan."
    yield from _money_problems(portfolio, {m.data.currency for m in markets})
    for market, dataset in zip(markets, datasets, strict=True):
        if not dataset.has_value:
            yield f"{market.name}: its outcome has no value in money to weigh it against others. Give value_per_unit."
    yield from _unlike("plan.horizon, in days,", {m.name: _days(m, d) for m, d in zip(markets, datasets, strict=True)})
    yield from _apart({m.name: _first_day(d) for m, d in zip(markets, datasets, strict=True)})
    margins = {m.name: _margin(m, d) for m, d in zip(markets, datasets, strict=True)}
    if None in margins.values() and any(v is not None for v in margins.values()):
        yield "some markets state plan.margin and some do not: profit against revenue. State it in all or none."


def _days(settings: Settings, dataset: Dataset) -> int:
    return parse_periods(settings.plan.horizon, dataset.frequency) * dataset.frequency.days


def _first_day(dataset: Dataset) -> dt.date:
    """The first day of the market's plan, which follows its own data."""
    return dataset.frequency.following(dataset.dates[-1], 1)[0].date()


def _apart(first: Mapping[str, dt.date]) -> Iterator[str]:
    """Money of one time cannot be moved to another; markets that count other days or weeks may differ by less."""
    if first and max(first.values()) - min(first.values()) >= _APART:
        listed = ", ".join(f"{name} {day}" for name, day in first.items())
        yield (
            f"the plans begin at different times, each after the last period of its market's data: {listed}. Bring the "
            "older data up to date, or leave that market out."
        )


def _money_problems(portfolio: PortfolioSettings, currencies: set[str]) -> Iterator[str]:
    base = portfolio.currency
    if base is None:
        if len(currencies) > 1:
            yield (
                f"the markets count in {', '.join(sorted(currencies))}. Name the portfolio's currency, and dated "
                "exchange rates: rates: {date: 2026-01-05, per_unit: {GBP: 1.17}}."
            )
        return
    known = portfolio.rates.per_unit if portfolio.rates is not None else {}
    missing = sorted(currencies - {base} - set(known))
    if missing:
        example = ", ".join(f"{name}: ..." for name in missing)
        yield (
            f"no exchange rate to {base} is given for {', '.join(missing)}. Add it with its day: rates: {{date: "
            f"2026-01-05, per_unit: {{{example}}}}}."
        )


def _unlike(what: str, values: Mapping[str, object]) -> Iterator[str]:
    if len(set(values.values())) > 1:
        listed = ", ".join(f"{name} {value}" for name, value in values.items())
        yield f"{what} differs between markets: {listed}. Make it the same in all of them."
