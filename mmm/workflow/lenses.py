"""The same money through other lenses than the model: costs, customers' value and journeys, kept beside the fit."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mmm import hashes
from mmm.analysis import Analysis
from mmm.arrays import Floats
from mmm.attribution import Attribution, AttributionSettings, attribute
from mmm.attribution.counts import count_journeys
from mmm.campaigns import CampaignSettings, efficiency, moves, read_campaigns
from mmm.campaigns.templates import templates_of
from mmm.costs import CostsSettings, Loaded, compare, load_costs
from mmm.data.settings import DataSettings, QuerySettings
from mmm.errors import DataError, SettingsError
from mmm.inference.fit import Fit
from mmm.lenses import Lenses, beside, side_by_side
from mmm.lenses.table import named
from mmm.ltv import CustomerValue, LtvSettings, value_customers
from mmm.ltv.read import read_customers
from mmm.planning.worth import UnitWorth
from mmm.suggest import suggestion
from mmm.tables import csv_text
from mmm.workflow.kept import Kind, Place, Say
from mmm.workflow.plain import frame, frame_data

RULE = "markov"
"""The rule whose shares stand in the one table."""


@dataclass(frozen=True)
class OtherLenses:
    """What is looked at beside the model; paths are relative to ``base``."""

    data: DataSettings
    base: Path = field(default_factory=Path)
    costs: CostsSettings | None = None
    ltv: LtvSettings | None = None
    attribution: AttributionSettings | None = None
    campaigns: CampaignSettings | None = None
    worth: UnitWorth | None = None
    margin: float | None = None
    seed: int = 0
    rule: str = RULE

    @property
    def any(self) -> bool:
        """Whether there is any other lens."""
        return any(part is not None for part in (self.costs, self.ltv, self.attribution, self.campaigns, self.worth))

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What is asked, and the contents of the files it is asked of. Raises DataError where one cannot be read."""
        parts = {"costs": self.costs, "ltv": self.ltv, "attribution": self.attribution, "campaigns": self.campaigns}
        asked = {name: None if part is None else part.model_dump(mode="json") for name, part in parts.items()}
        worth = None if self.worth is None else self.worth.fingerprint
        files = {str(hashes.of_data(source)): _hash(source, self.base) for source in _sources(asked)}
        return {**asked, "worth": worth, "margin": self.margin, "seed": self.seed, "rule": self.rule, "files": files}


def _sources(asked: Any) -> list[Any]:
    """Names of files, and queries, wherever a section has a source."""
    if not isinstance(asked, dict):
        return []
    here = [asked["source"]] if "source" in asked else []
    return here + [source for part in asked.values() for source in _sources(part)]


def _hash(source: Any, base: Path) -> str:
    """Of a file's content, or of what a query gives."""
    if not isinstance(source, str):
        from mmm.data.query import read_query  # databases and their drivers are needed by nobody else

        frame = read_query(QuerySettings.model_validate(source), base, "a lens").frame
        return hashes.of_text(csv_text(frame))
    path = base / source
    try:
        return hashes.of_file(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Correct its path.") from error


@dataclass(frozen=True)
class SeenThrough:
    """What the other lenses say. ``table``: a row a channel, as :func:`mmm.lenses.side_by_side`.

    ``frames`` by name, each only where its section is there: beside (of :func:`mmm.lenses.beside`), credit (rule,
    channel, share with ends, conversions, value), roles, journeys (what, number), costs (channel by category, money),
    ledger (what, lines, amount), campaigns (of :func:`mmm.campaigns.efficiency`), moves (template, and of
    :func:`mmm.campaigns.moves`), vendors (usage, vendor, ... of :func:`mmm.costs.compare`), value (factor, level, ...),
    holdout. ``facts``: numbers and words that the tables need beside them.
    """

    table: pd.DataFrame
    frames: Mapping[str, pd.DataFrame]
    facts: Mapping[str, Any]


def require_readable(asked: OtherLenses) -> None:
    """Read every file of the lenses once, before anything slow. Raises SettingsError or DataError for what is wrong."""
    if asked.costs is not None and asked.costs.ledger is not None:
        load_costs(asked.costs, asked.data, asked.base)
    if asked.ltv is not None:
        read_customers(asked.ltv, asked.base, asked.data.currency)
    if asked.attribution is not None:
        count_journeys(asked.attribution, asked.base, asked.data.currency)
    if asked.campaigns is not None:
        read_campaigns(asked.campaigns, list(asked.data.channels), asked.data.currency, asked.base)


def seen_through(
    fit: Fit, analysis: Analysis, asked: OtherLenses, store: str | None = None, *, say: Say = lambda _: None
) -> SeenThrough:
    """Every lens that is asked for, found beside the fit in ``store`` or made and kept there.

    Raises SettingsError for a rule of attribution that is none, DataError with what is wrong with the files of a lens.
    """
    return Place(store, say).obtain(LENSES, fit, asked.fingerprint, lambda: _made(fit, analysis, asked, say))


def _made(fit: Fit, analysis: Analysis, asked: OtherLenses, say: Say) -> SeenThrough:
    frames: dict[str, pd.DataFrame] = {}
    facts: dict[str, Any] = {"rule": asked.rule}
    channels = tuple(str(name) for name in analysis.effect_draws["channel"].values)
    costs = _costs(asked, frames, facts)
    _campaigns(fit, analysis, asked, (frames, facts))
    value = None
    if asked.ltv is not None:
        say("Fitting purchases and orders of customers: half a minute or so, of which compiling is most.")
        value = value_customers(asked.ltv, asked.base, asked.data.currency)
        _value(value, frames, facts)
    credit = None
    if asked.attribution is not None:
        credit = attribute(asked.attribution, asked.base, asked.data.currency)
    effects = analysis.effect_draws.values
    shares = None
    if credit is not None:
        shares = _credit(credit, asked.rule, frames, facts)
        _beside((effects, channels), shares, credit.settings, frames)
    table = side_by_side(
        Lenses(
            channels,
            effects,
            analysis.roas_draws.values,
            analysis.channels.loc[list(channels), "spend"].to_numpy(dtype=float),
            None if costs is None else costs.costs(channels),
            _worth(fit, asked, value, (channels, len(effects))),
            shares,
        )
    )
    return SeenThrough(table, frames, facts)


def _costs(asked: OtherLenses, frames: dict[str, pd.DataFrame], facts: dict[str, Any]) -> Loaded | None:
    costs = asked.costs
    if costs is None:
        return None
    if costs.usage:
        tables = {name: compare(usage, costs.vendors).table for name, usage in costs.usage.items()}
        frames["vendors"] = pd.concat(tables, names=["usage", "vendor"]).reset_index()
        facts["today"] = {name: usage.current for name, usage in costs.usage.items()}
        facts["units"] = {name: usage.unit for name, usage in costs.usage.items()}
    if costs.ledger is None:
        return None
    found = load_costs(costs, asked.data, asked.base)
    frames["costs"] = (found.cents / 10.0**found.ledger.decimals).rename_axis(columns=None)
    rows = [(what, lines, float(money)) for what, lines, money in found.reconciliation()]
    frames["ledger"] = pd.DataFrame(rows, columns=["what", "lines", "amount"])
    dates = found.ledger.lines["date"]
    facts["ledger"] = {"first": f"{dates.min():%Y-%m-%d}", "last": f"{dates.max():%Y-%m-%d}"}
    return found


def _campaigns(
    fit: Fit, analysis: Analysis, asked: OtherLenses, into: tuple[dict[str, pd.DataFrame], dict[str, Any]]
) -> None:
    settings = asked.campaigns
    if settings is None:
        return
    frames, facts = into
    read = read_campaigns(settings, list(fit.dataset.channels), asked.data.currency, asked.base)
    channels = [str(name) for name in analysis.effect_draws["channel"].values]
    spend = analysis.channels.loc[channels, "spend"].to_numpy(dtype=float)
    # Units of the outcome for money, where an outcome has no value.
    roas = analysis.roas_draws.values if fit.dataset.has_value else analysis.effect_draws.values / spend
    found = efficiency(read, roas, channels, settings.rule)
    frames["campaigns"] = found.table
    own = {str(name): float(money) for name, money in read.rows.groupby("channel")["spend"].sum().items()}
    facts["campaigns"] = {
        "rule": settings.rule,
        "keys": len(settings.keys) + 1,
        "first": f"{read.first:%Y-%m-%d}",
        "last": f"{read.last:%Y-%m-%d}",
        "spend": own,
        "panel": {name: float(spend[channels.index(name)]) for name in own},
    }
    if settings.category is not None:
        parts = {
            name: moves(found, template, settings.purposes, asked.margin)
            for name, template in templates_of(settings).items()
        }
        frames["moves"] = pd.concat(parts, names=["template"]).reset_index(level="template").reset_index(drop=True)


def _value(value: CustomerValue, frames: dict[str, pd.DataFrame], facts: dict[str, Any]) -> None:
    frames["value"] = value.table.reset_index()
    facts["value"] = {
        "weeks": value.weeks,
        "profit": value.is_profit,
        "discount": value.settings.discount,
        "related": value.related,
        "doubtful": value.doubtful,
    }
    if value.holdout is not None:
        frames["holdout"] = value.holdout.totals.reset_index()
        facts["value"] |= {"cut": f"{value.holdout.cut:%Y-%m-%d}", "hidden": value.holdout.weeks}


def _credit(credit: Attribution, rule: str, frames: dict[str, pd.DataFrame], facts: dict[str, Any]) -> pd.DataFrame:
    rules = list(credit.credit.index.unique("rule"))
    if rule not in rules:
        raise SettingsError(f"There is no rule '{rule}'. {suggestion(rule, rules)}")
    names = [(name, credit.settings.channels.get(name, name)) for name in credit.channels]
    model = dict(names)
    frames["credit"] = credit.credit.reset_index().assign(channel=lambda table: table["channel"].map(model))
    frames["roles"] = credit.counts.roles.rename(index=model)
    facts["measure"] = credit.measure
    facts["journeys"] = asdict(credit.reconciliation)
    return named(credit.shares(rule), names)


def _beside(
    model: tuple[Floats, tuple[str, ...]],
    shares: pd.DataFrame,
    settings: AttributionSettings,
    frames: dict[str, pd.DataFrame],
) -> None:
    effects, channels = model
    frames["beside"] = beside(effects, channels, shares, settings.kinds)


def _worth(
    fit: Fit, asked: OtherLenses, value: CustomerValue | None, shape: tuple[tuple[str, ...], int]
) -> Floats | None:
    """Draws of what a unit of the outcome is worth: those of the plan, else of the orders where they know all channels
    and the outcome counts customers."""
    channels, n = shape
    if asked.worth is not None:
        return asked.worth.paired(channels, n, asked.seed)
    if value is None or not value.is_profit or fit.dataset.outcome_kind != "kpi":
        return None
    known = value.customers.cells.names.get("channel", ())
    if not set(channels) <= set(known):
        return None
    return UnitWorth(channels, value.draws(channels)).paired(channels, n, asked.seed)


def _data(found: SeenThrough) -> dict[str, Any]:
    return {
        "table": frame_data(found.table),
        "frames": {name: frame_data(table) for name, table in found.frames.items()},
        "facts": dict(found.facts),
    }


def _from(data: dict[str, Any]) -> SeenThrough:
    return SeenThrough(frame(data["table"]), {name: frame(t) for name, t in data["frames"].items()}, data["facts"])


LENSES: Kind[SeenThrough] = Kind(
    "lenses",
    ("data", "model", "inference", "analysis", "costs", "ltv", "attribution", "campaigns", "lenses"),
    _data,
    _from,
)
