"""``mmm costs``: where the ledger's money goes, and what vendors would charge."""

from pathlib import Path

import numpy as np
import pandas as pd
import typer

from mmm.cli.output import counted, plain, table, write_table
from mmm.costs import CostsSettings, Loaded, compare, load_costs, schedule_of
from mmm.costs.settings import CATEGORIES
from mmm.costs.vendors import Comparison
from mmm.digits import interval
from mmm.errors import SettingsError
from mmm.settings import load_settings, read_parameters

_ROWS = 10


def show_costs(config: Path, parameters: list[str], out: Path) -> None:
    """Print the ledger's reconciliation, costs by channel and category and vendors compared; write them as CSV.

    Raises SettingsError where there is no such section, DataError with all that is wrong with the ledger.
    """
    settings = load_settings(config, read_parameters(parameters))
    costs = settings.costs
    if costs is None:
        raise SettingsError(f"{config} has no section 'costs'. Add one; docs/costs.md shows it.")
    currency = settings.data.currency
    frames: dict[str, pd.DataFrame] = {}
    if costs.ledger is not None:
        loaded = load_costs(costs, settings.data, settings.base)
        _print_ledger(loaded)
        frames |= _ledger_frames(loaded)
    compared = {name: compare(usage, costs.vendors) for name, usage in costs.usage.items()}
    for name, found in compared.items():
        _print_vendors(f"{name}: {costs.usage[name].unit}", found, currency)
    if compared:
        _print_bargains(costs)
        frames["vendors"] = pd.concat({name: made.table for name, made in compared.items()}, names=["usage", "vendor"])
        frames["vendors"] = frames["vendors"].reset_index()
        frames["tiers"] = pd.concat([made.tiers.assign(usage=name) for name, made in compared.items()])
    folder = out / settings.name / "costs"
    for name, frame in frames.items():
        typer.echo(plain(str(write_table(folder / f"{name}.csv", frame))))


def _print_ledger(loaded: Loaded) -> None:
    ledger = loaded.ledger
    rows = [(what, f"{lines:,}", f"{money:,}") for what, lines, money in loaded.reconciliation()]
    columns = ["of the ledger", "lines", f"amount ({ledger.currency})"]
    table("Ledger", columns, rows, right=columns[1:])
    if len(loaded.unmapped):
        typer.echo("No rule of costs.rules takes these lines, so that no channel bears them:")
        for _, line in loaded.unmapped.head(_ROWS).iterrows():
            said = ", ".join(text for text in (line["category"], line["vendor"], line["channel"]) if text)
            typer.echo(plain(f"    {line['where']}, {line['date']:%Y-%m-%d}: {said}, {ledger.money(line['cents']):,}"))
        if len(loaded.unmapped) > _ROWS:
            typer.echo(f"    and {len(loaded.unmapped) - _ROWS} more; all are in unmapped.csv")
    if ledger.repeated:
        typer.echo(f"{counted(ledger.repeated, 'line')} of the ledger repeat an earlier one in every column; kept.")
    for name in loaded.unused:
        typer.echo(plain(f"Rule '{name}' takes no line."))
    cents = loaded.cents
    named = [(str(name), [int(row[c]) for c in CATEGORIES]) for name, row in cents.iterrows()]
    named.append(("all channels", [int(cents[c].sum()) for c in CATEGORIES]))
    shown = [(name, *(f"{ledger.money(c):,}" for c in (*row, sum(row)))) for name, row in named]
    columns = ["channel", *(name.replace("_", " ") for name in CATEGORIES), "fully loaded"]
    table(f"Costs by channel and category ({ledger.currency})", columns, shown, right=columns[1:])


def _ledger_frames(loaded: Loaded) -> dict[str, pd.DataFrame]:
    unit = 10.0**loaded.ledger.decimals
    by_channel = loaded.cents.assign(fully_loaded=loaded.cents.sum(axis=1)) / unit
    named = {"parts": loaded.parts, "unmapped": loaded.unmapped}
    frames = {name: frame.drop(columns="cents").assign(amount=frame["cents"] / unit) for name, frame in named.items()}
    return {"by_channel": by_channel.reset_index(), **frames}


def _print_vendors(title: str, made: Comparison, currency: str) -> None:
    rows = []
    for name, row in made.table.iterrows():
        use = "" if np.isnan(row["utilisation"]) else f"{row['utilisation']:.0%}"
        chance = "" if np.isnan(row["chance"]) else f"{row['chance']:.0%}"
        said = ", today's" if name == made.current else ""
        money = [_interval(row, column) for column in ("cost_per_year", "saving", "first_year")]
        rows.append((f"{name}{said}", *money, chance, use, row["obstacles"]))
    columns = [
        "vendor",
        "cost a year",
        "saving a year",
        "in the first year",
        "chance of a gain",
        "used",
        "obstacle",
    ]
    heading = f"Vendors for {title} ({currency}; 90% intervals over draws of volume)"
    table(heading, columns, rows, right=columns[1:6])
    typer.echo("In the first year: the saving less what switching costs; the chance is of that being above 0.")
    for name in made.tiers["vendor"].unique():
        tiers = made.tiers[made.tiers["vendor"] == name]
        unused = [str(tier) for tier, periods in zip(tiers["tier"], tiers["units"], strict=True) if not periods]
        if unused and len(tiers) > 1:
            typer.echo(plain(f"{name}: no unit falls into tier {', '.join(unused)} of {len(tiers)}."))


def _interval(row: "pd.Series[float]", column: str) -> str:
    values = [float(row[name]) for name in (column, f"{column}_lower", f"{column}_upper")]
    return "-" if any(np.isnan(v) for v in values) else interval(*values)


def _print_bargains(costs: CostsSettings) -> None:
    """Where more units cost less than fewer."""
    wanted = {usage.unit for usage in costs.usage.values()}
    for name, vendor in costs.vendors.items():
        for first, last, units in schedule_of(vendor).bargains() if vendor.unit in wanted else ():
            way = "and are bought so" if vendor.prepaid else "ask whether they may be bought (prepaid: true)"
            typer.echo(plain(f"{name}: {units:,} {vendor.unit} cost less than {first:,} to {last:,} do; {way}."))
