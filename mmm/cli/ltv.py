"""``mmm ltv``: orders, and what the customers who made them are worth."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from mmm.cli.output import counted, plain, say, table, write_table
from mmm.digits import interval, written
from mmm.errors import SettingsError
from mmm.ltv import CustomerValue, value_customers
from mmm.ltv.holdout import Holdout
from mmm.ltv.settings import weeks_of
from mmm.ltv.value import ENDS
from mmm.settings import load_settings, read_parameters


def show_ltv(config: Path, parameters: list[str], out: Path) -> None:
    """Print where the orders went, what a new customer is worth by channel and segment, how well the model forecast
    the last weeks, and what the customers there are will still bring; write all of it as CSV.

    Raises SettingsError where there is no such section, DataError with all that is wrong with the files.
    """
    settings = load_settings(config, read_parameters(parameters))
    if settings.ltv is None:
        raise SettingsError(f"{config} has no section 'ltv'. Add one that names the orders; docs/ltv.md shows it.")
    say("Fitting purchases and orders: half a minute or so, of which compiling is most.")
    made = value_customers(settings.ltv, settings.base, settings.data.currency)
    currency = settings.data.currency
    _print_orders(made, currency)
    _print_value(made, currency)
    _print_parameters(made)
    if made.holdout is not None:
        _print_holdout(made.holdout, currency)
    _print_remaining(made, currency)
    _print_notes(made)
    folder = out / settings.name / "ltv"
    for name, frame in _frames(made).items():
        typer.echo(plain(str(write_table(folder / f"{name}.csv", frame))))


def _print_orders(made: CustomerValue, currency: str) -> None:
    found = made.customers.found
    rows = [
        ("orders", f"{found.orders:,}"),
        (f"of them, after {found.end:%Y-%m-%d}", f"{found.after_end:,}"),
        ("of them, further ones of a customer's day: one purchase with them", f"{found.merged:,}"),
        ("purchases", f"{found.purchases:,}"),
        ("customers", f"{found.customers:,}"),
        ("of them, who bought again", f"{int((made.customers.seen_until(found.end)['x'] > 0).sum()):,}"),
        ("money of the purchases", f"{found.value:,.2f} {currency}"),
        ("money of the orders after that day", f"{found.value_after_end:,.2f} {currency}"),
        ("days", f"{found.start:%Y-%m-%d} to {found.end:%Y-%m-%d}"),
    ]
    if found.refunds:
        rows.insert(1, ("refunds left out or netted", f"{found.refunds:,}"))
    if found.free:
        rows.append(("customers whose further purchases were worth nothing", f"{found.free:,}"))
    table("Orders", ["of the file", "number"], rows, right=["number"])


def _print_value(made: CustomerValue, currency: str) -> None:
    horizons = sorted({weeks_of(horizon) for horizon in made.settings.horizons})
    columns = ["customers by", "", "number", "orders", *(f"value in {weeks:g} weeks" for weeks in horizons)]
    if made.costs:
        columns += ["cost of one", "value to cost", "paid back after"]
    rows = []
    for index, row in made.table.iterrows():
        factor, level = levels_of(index)
        cells = [factor, level, f"{row['customers']:,.0f}", _interval(row, "orders")]
        cells += [_interval(row, f"value_{weeks:g}") for weeks in horizons]
        if made.costs:
            known = factor == "channel" and level in made.costs
            cells += [f"{row['cost']:,.2f}", _interval(row, "ratio"), _payback(row)] if known else ["", "", ""]
        rows.append(cells)
    what = "margin" if made.is_profit else "revenue"
    said = f"{currency}, discounted at {made.settings.discount:.0%} a year; 90% intervals"
    title = f"A new customer: expected {what} ({said})"
    table(title, columns, rows, right=columns[2:])
    typer.echo(f"Orders and value to cost are of the first {made.weeks:g} weeks, the first order included.")


def levels_of(index: object) -> tuple[str, str]:
    """The factor and level that name a row."""
    factor, level = index if isinstance(index, tuple) else ("", index)
    return str(factor), str(level)


def _payback(row: "pd.Series[float]") -> str:
    ends = [float(row[name]) for name in ("payback", "payback_lower", "payback_upper")]
    if math.isinf(ends[0]):
        return f"not in the horizon ({row['paid_back']:.0%} likely)"
    first, low, high = (f"{weeks:,.0f}" if math.isfinite(weeks) else "never" for weeks in ends)
    return f"{first} weeks ({low} to {high})"


def _print_parameters(made: CustomerValue) -> None:
    bought, spent = made.learned.purchasing, made.learned.spending
    draws = {"r": bought.r, "alpha": bought.alpha, "a": bought.a, "b": bought.b}
    draws |= {"p": spent.p, "q": spent.q, "gamma": spent.gamma}
    rows = [
        [_cell(made, cell), *(_median(array[:, cell]) for array in draws.values())] for cell in range(bought.r.shape[1])
    ]
    columns = ["customers", *draws]
    table("Parameters, time in weeks (medians and 90% intervals)", columns, rows, right=columns[1:])


def _median(draws: np.ndarray) -> str:
    return interval(*(float(value) for value in np.quantile(draws, (0.5, *ENDS))))


def _cell(made: CustomerValue, cell: int) -> str:
    cells = made.customers.cells
    names = [cells.names[factor][cells.levels[factor][cell]] for factor in cells.names]
    return ", ".join(names) or "all"


def _print_holdout(found: Holdout, currency: str) -> None:
    rows = [
        (
            *levels_of(index),
            f"{row['customers']:,.0f}",
            _interval(row, "purchases"),
            f"{row['purchases_actual']:,.0f}{_outside(row, 'purchases')}",
            _interval(row, "money"),
            f"{row['money_actual']:,.0f}{_outside(row, 'money')}",
        )
        for index, row in found.totals.iterrows()
    ]
    columns = ["customers by", "", "number", "purchases forecast", "made", f"{currency} forecast", "spent"]
    title = f"Fitted until {found.cut:%Y-%m-%d}: the {found.weeks:,.0f} weeks after it (90% intervals; * outside)"
    table(title, columns, rows, right=columns[2:])
    classes = [
        (repeats, f"{number:,}", written(expected, 2), written(actual, 2))
        for repeats, number, expected, actual in found.classes.itertuples(index=False, name=None)
    ]
    columns = ["repeat purchases before", "customers", "a customer expected", "made"]
    table("The same by how often they had bought again", columns, classes, right=columns[1:])


def _outside(row: "pd.Series[float]", name: str) -> str:
    return "" if row[f"{name}_lower"] <= row[f"{name}_actual"] <= row[f"{name}_upper"] else " *"


def _print_remaining(made: CustomerValue, currency: str) -> None:
    cells, left = made.customers.cells, made.remaining.by_cell
    parts = [("all customers", left.sum(axis=1))]
    for factor, names in cells.names.items():
        parts += [(name, left[:, cells.levels[factor] == i].sum(axis=1)) for i, name in enumerate(names)]
    rows = [(name, interval(float(draws.mean()), *map(float, np.quantile(draws, ENDS)))) for name, draws in parts]
    what = "margin" if made.is_profit else "revenue"
    heading = f"expected {what} ({currency})"
    title = f"Customers there are, in the next {made.weeks:g} weeks (discounted; 90% intervals)"
    table(title, ["customers", heading], rows, right=[heading])


def _print_notes(made: CustomerValue) -> None:
    if not made.is_profit:
        typer.echo("Value is revenue: add ltv.margin for what is left of it, the cost of a customer and payback.")
    if made.doubtful:
        typer.echo(
            f"How often a customer buys and what an order is worth are related (correlation {made.related:.2f}), which "
            "the model of orders denies: values of the best customers are off. Tell segments apart (segment)."
        )
    if made.holdout is None:
        typer.echo("Nothing was held out, so that the forecast is not judged; set ltv.holdout.")
        return
    totals = made.holdout.totals.iloc[0]
    if _outside(totals, "purchases"):
        way = "more" if totals["purchases_actual"] > totals["purchases"] else "fewer"
        share = totals["purchases_actual"] / max(float(totals["purchases"]), 1e-12) - 1
        typer.echo(
            f"In the weeks held out {way} purchases were made than the interval holds ({share:+.0%} against its mean): "
            "a season or a change of customers that the model does not know. Widen what you decide on by as much."
        )
    most = made.settings.customers_fitted
    if made.customers.found.customers > most:
        said = counted(made.customers.found.customers, "customer")
        typer.echo(f"Parameters were learned from {most:,} of {said}, drawn at random.")


def _interval(row: "pd.Series[float]", name: str) -> str:
    return interval(*(float(row[column]) for column in (name, f"{name}_lower", f"{name}_upper")))


def _frames(made: CustomerValue) -> dict[str, pd.DataFrame]:
    """The tables as they are written."""
    persons = made.customers.person
    remaining = made.remaining.by_customer.assign(
        person=persons["person"].reindex(made.remaining.by_customer["person"]).to_numpy()
    )
    frames = {"value": made.table.reset_index(), "customers": remaining}
    channels = made.customers.cells.names.get("channel", ())
    if channels:
        frames["draws"] = pd.DataFrame(made.draws(channels), columns=list(channels))
    if made.holdout is not None:
        frames |= {"holdout": made.holdout.totals.reset_index(), "holdout_classes": made.holdout.classes}
    return frames
