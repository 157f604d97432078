"""From files of orders to a row a customer: how often, how lately, how long seen, what an order is worth.

Definitions, those of Fader and Hardie: orders of one day are one purchase. ``x`` counts the purchases after the first
(frequency), ``last`` is the time from the first to the last (recency), ``weeks`` that from the first to the end of the
observation (T), ``mean`` the mean value of the purchases after the first (monetary value; NaN where there are none).
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from mmm.data.orders import Named, columns_of, order_amount, read_orders
from mmm.data.problems import Problems, shown
from mmm.data.text_table import Checker, count, database, load_text, one, told
from mmm.errors import DataError
from mmm.ltv.model import Cells
from mmm.ltv.settings import MOST_LEVELS, CustomerSettings, LtvSettings

_KEY = "ltv.transactions"
_FEWEST = 50
"""Customers without whom nothing is learned."""


@dataclass(frozen=True)
class Reconciliation:
    """Where every row of the orders went; rows and money add up."""

    orders: int
    refunds: int
    """Rows of refunds that were left out or netted."""
    after_end: int
    merged: int
    """Orders beyond the first of a customer's day: one purchase with them."""
    purchases: int
    customers: int
    value: float
    """Money of the purchases."""
    value_after_end: float
    free: int
    """Customers with repeat purchases worth nothing: they count for how often, not for how much."""
    start: pd.Timestamp
    end: pd.Timestamp


@dataclass(frozen=True)
class Customers:
    """``days``: a row a purchase (person as a number, day, value). ``person``: names, cell, first day, by number."""

    days: pd.DataFrame
    person: pd.DataFrame
    cells: Cells
    found: Reconciliation

    def seen_until(self, end: pd.Timestamp) -> pd.DataFrame:
        """A row a customer who had come by ``end``: person, cell, x, last, weeks, mean, first (value of the first)."""
        days = self.days[self.days["day"] <= end]
        begun = days.groupby("person")
        first, final = begun["day"].first(), begun["day"].last()
        table = pd.DataFrame({"x": begun.size() - 1, "first": begun["value"].first(), "total": begun["value"].sum()})
        table["last"] = (final - first).dt.days / 7
        table["weeks"] = (end - first).dt.days / 7
        with np.errstate(invalid="ignore"):
            table["mean"] = np.where(table["x"] > 0, (table["total"] - table["first"]) / table["x"], np.nan)
        table["cell"] = self.person["cell"].reindex(table.index)
        return table.drop(columns="total").reset_index()


def read_customers(settings: LtvSettings, base: Path, currency: str | None = None) -> Customers:
    """Read orders and customers. Raises DataError with everything that is wrong with either file."""
    with database() as connection:
        refunds = read_orders(connection, settings.transactions, base, Named(_KEY, "order", currency))
        orders = told(settings.transactions.source, base, f"{_KEY}.source")
        if settings.customers is not None:
            _read_persons(connection, settings.customers, base, orders)
        else:
            _require_groups(connection, settings, orders)
        # An order later than `end` is no mistake: a table goes on while an analysis looks back.
        last = one(connection, "SELECT max(CAST(time AS TIMESTAMP)) FROM order_text")
        end = pd.Timestamp(last).normalize() if settings.end is None else pd.Timestamp(settings.end)
        if settings.end is not None and pd.Timestamp(last) < end - pd.Timedelta(days=90):
            raise DataError(
                f"{orders}: the last order is of {last:%Y-%m-%d}, more than 90 days before ltv.end ({end:%Y-%m-%d}); "
                "nobody would have bought since. Correct ltv.end, or add the missing orders."
            )
        return _collected(connection, settings, end, refunds)


def _require_groups(connection: duckdb.DuckDBPyConnection, settings: LtvSettings, orders: str) -> None:
    problems = Problems(orders)
    for factor in settings.factors:
        column = getattr(settings.transactions, factor)
        Checker(connection, "order_text", problems).demand(
            f"{factor} IS NULL",
            f"Column '{column}' ({_KEY}.{factor}) is empty in {{n}} rows.",
            "Name it; write 'unknown' where it is not known.",
            "person, time",
        )
    problems.stop_if_any()


def _read_persons(connection: duckdb.DuckDBPyConnection, persons: CustomerSettings, base: Path, orders: str) -> None:
    """Make ``person_text``. Raises DataError where persons are there twice, or those with orders are not."""
    key = "ltv.customers.source"
    load_text(connection, "person_text", (persons.source, base, key), columns_of(persons, "ltv.customers"), persons.csv)
    table = told(persons.source, base, key)
    problems = Problems(table)
    check = Checker(connection, "person_text", problems)
    for role in ("person", "channel", "segment"):
        column = getattr(persons, role)
        if column is not None:
            check.demand(
                f"{role} IS NULL",
                f"Column '{column}' (ltv.customers.{role}) is empty in {{n}} rows.",
                "Fill it; write 'unknown' where a channel or segment is not known.",
                "person",
            )
    check.demand(
        "person IN (SELECT person FROM person_text GROUP BY 1 HAVING count(*) > 1)",
        f"Column '{persons.person}' names customers more than once ({{n}} rows): which row counts is not known.",
        "Keep one row a customer.",
        "person",
    )
    problems.stop_if_any()
    named = Path(persons.source).name if isinstance(persons.source, str) else table
    missing = Problems(orders)
    Checker(connection, "order_text", missing).demand(
        "person NOT IN (SELECT person FROM person_text)",
        f"{{n}} orders are of customers who are not in {named}.",
        "Add them there; write 'unknown' where a channel or segment is not known.",
        "person, time",
    )
    missing.stop_if_any()


def _collected(
    connection: duckdb.DuckDBPyConnection, settings: LtvSettings, end: pd.Timestamp, refunds: int
) -> Customers:
    amount = order_amount(settings.transactions)
    groups = ", ".join(f"arg_min({factor}, (CAST(time AS TIMESTAMP), row)) AS {factor}" for factor in settings.factors)
    source = "order_text" if settings.customers is None else "order_text JOIN person_text USING (person)"
    order = "order_text.row" if settings.customers is not None else "row"
    groups = groups.replace(", row)", f", {order})")
    connection.execute(
        f"CREATE TABLE bought AS SELECT person, CAST(CAST(time AS TIMESTAMP) AS DATE) AS day, {amount} AS value "
        "FROM order_text"
    )
    connection.execute(
        "CREATE TABLE purchase AS SELECT person, day, sum(value) AS value, count(*) AS orders FROM bought "
        f"WHERE day <= DATE '{end:%Y-%m-%d}' GROUP BY 1, 2"
    )
    persons = connection.execute(
        f"SELECT person{', ' + groups if groups else ''} FROM {source} WHERE person IN (SELECT person FROM purchase) "
        "GROUP BY 1 ORDER BY 1"
    ).df()
    if len(persons) < _FEWEST:
        table = told(settings.transactions.source, Path(), f"{_KEY}.source")
        raise DataError(
            f"{table}: {len(persons)} customers bought until {end:%Y-%m-%d}; at least {_FEWEST} are needed to learn "
            "from. Give more orders, or correct ltv.end."
        )
    days = connection.execute("SELECT person, day, value, orders FROM purchase ORDER BY person, day").df()
    number = pd.Series(np.arange(len(persons)), pd.Index(persons["person"]))
    days["person"] = number.loc[days["person"]].to_numpy()
    days["day"] = pd.to_datetime(days["day"])
    cells, cell = _cells(persons, settings)
    later = f"day > DATE '{end:%Y-%m-%d}'"
    repeats = days[days["person"].duplicated()].groupby("person")["value"].sum()
    found = Reconciliation(
        orders=count(connection, "bought"),
        refunds=refunds,
        after_end=count(connection, "bought", later),
        merged=int((days["orders"] - 1).sum()),
        purchases=len(days),
        customers=len(persons),
        value=float(days["value"].sum()),
        value_after_end=float(one(connection, f"SELECT coalesce(sum(value), 0) FROM bought WHERE {later}")),
        free=int((repeats <= 0).sum()),
        start=pd.Timestamp(days["day"].min()),
        end=end,
    )
    person = pd.DataFrame({"person": persons["person"], "cell": cell})
    return Customers(days.drop(columns="orders"), person, cells, found)


def _cells(persons: pd.DataFrame, settings: LtvSettings) -> tuple[Cells, np.ndarray]:
    """Combinations of channel and segment that occur, and each customer's."""
    if not settings.factors:
        return Cells({}, {}), np.zeros(len(persons), dtype=np.int64)
    table = persons[list(settings.factors)].copy()
    if "channel" in table:
        table["channel"] = table["channel"].map(lambda name: settings.channels.get(name, name))
    names = {}
    for factor in settings.factors:
        names[factor] = tuple(sorted(table[factor].unique()))
        if len(names[factor]) > MOST_LEVELS:
            raise DataError(
                f"The customers have {len(names[factor])} {factor}s, such as "
                f"{', '.join(map(shown, names[factor][:5]))}; at most {MOST_LEVELS} are told apart. Group them."
            )
    combined = table.drop_duplicates().sort_values(list(settings.factors)).reset_index(drop=True)
    places = pd.MultiIndex.from_frame(combined)
    cell = places.get_indexer(pd.MultiIndex.from_frame(table))
    levels = {factor: pd.Index(names[factor]).get_indexer(pd.Index(combined[factor])) for factor in settings.factors}
    return Cells(names, levels), cell
