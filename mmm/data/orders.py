"""Orders of persons, rows with a person, a moment and perhaps money: read and checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
from pydantic import Field

from mmm.data.csv_settings import PlainCsv
from mmm.data.problems import Problems
from mmm.data.settings import Source
from mmm.data.target import Name
from mmm.data.text_table import Checker, Column, count, demand_plain, load_text, number_sql, told
from mmm.section import Section

_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


class OrderSettings(Section):
    """A table with a row an order."""

    source: Source = Field(description="CSV or Parquet file, relative to the settings file, or a query.")
    person: Name = Field(description="Column that identifies the person or customer.")
    time: Name = Field(description="Column of the day or moment, as 2024-03-01 or 2024-03-01 14:05:00.")
    value: Name | None = Field(None, description="Column of the money.")
    id: Name | None = Field(None, description="Column of the order; the same order twice is an error.")
    currency: Name | None = Field(None, description="Column of the currency; several currencies are an error.")
    refunds: Literal["refuse", "drop", "net"] = Field(
        "refuse", description="Negative values: an error, left out, or taken from the order of the same id."
    )
    repeated: Literal["refuse", "keep"] = Field(
        "refuse", description="Rows of the same person, moment and value, where no column is named that tells orders."
    )
    csv: PlainCsv = PlainCsv()


@dataclass(frozen=True)
class Named:
    """What messages call the table: its key in the settings, and one row of it."""

    key: str
    row: str
    currency: str | None = None
    """What amounts must be in, where the table has a column that says."""

    @property
    def one(self) -> str:
        """One row, with its article."""
        return f"{'an' if self.row[0] in 'aeiou' else 'a'} {self.row}"


def columns_of(section: Section, key: str) -> dict[str, Column]:
    """The columns that a table's section names, by role."""
    names = [name for name in type(section).model_fields if name not in ("source", "csv", "refunds", "repeated")]
    return {n: Column(getattr(section, n), f"{key}.{n}") for n in names if getattr(section, n) is not None}


def order_amount(orders: OrderSettings) -> str:
    """SQL of an order's money as a number."""
    return "NULL" if orders.value is None else number_sql("value", orders.csv)


def read_orders(connection: duckdb.DuckDBPyConnection, orders: OrderSettings, base: Path, named: Named) -> int:
    """Make ``order_text`` (row and the columns named, as text), checked, refunds dealt with; their number.

    Raises DataError with everything that is wrong with the file.
    """
    key = f"{named.key}.source"
    load_text(connection, "order_text", (orders.source, base, key), columns_of(orders, named.key), orders.csv)
    problems = Problems(told(orders.source, base, key))
    check = Checker(connection, "order_text", problems)
    check.demand(
        "person IS NULL",
        f"Column '{orders.person}' is empty in {{n}} rows: {named.one} without a person belongs to nobody.",
        "Give the person's id, or leave these rows out of the export.",
        "time",
    )
    check_times(check, orders.time)
    amount = order_amount(orders)
    if orders.value is not None:
        check.demand(
            f"{amount} IS NULL OR NOT isfinite({amount}) OR abs({amount}) > 1e15",
            f"Column '{orders.value}' holds {{n}} cells that are no amounts of money.",
            f"Correct them, or set {named.key}.csv (decimal, thousands).",
            "value",
        )
        demand_plain(check, "value", orders.value, orders.csv, f"{named.key}.csv")
    if orders.currency is not None:
        _check_currencies(check, orders, named)
    problems.stop_if_any()
    refunds = _refunds(check, orders, named)
    _check_repeats(check, orders, named)
    problems.stop_if_any()
    return refunds


def check_times(check: Checker, column: str) -> None:
    """Record cells of ``time`` that are no moments, and a mixture of those with and without a time zone."""
    check.demand(
        "time IS NULL OR TRY_CAST(time AS TIMESTAMP) IS NULL",
        f"Column '{column}' holds {{n}} cells that are no moments.",
        "Write them as 2024-03-01 14:05:00 or 2024-03-01.",
        "time",
    )
    check.demand(
        f"year(TRY_CAST(time AS TIMESTAMP)) NOT BETWEEN {_FIRST_YEAR} AND {_LAST_YEAR}",
        f"Column '{column}' holds {{n}} moments before {_FIRST_YEAR} or after {_LAST_YEAR}, which no clock of theirs "
        "has shown: 1970 is a clock that was not set.",
        "Correct them, or leave these rows out of the export.",
        "time",
    )
    zoned = count(check.connection, check.table, f"regexp_matches(time, '{_ZONE}')")
    if 0 < zoned < count(check.connection, check.table):
        rarer = "true" if 2 * zoned <= count(check.connection, check.table) else "false"
        check.demand(
            f"regexp_matches(time, '{_ZONE}') = {rarer}",
            f"Column '{column}' mixes moments with and without a time zone; {{n}} rows differ from the others.",
            "Write all of them with a zone, or none.",
            "time",
        )


def _check_currencies(check: Checker, orders: OrderSettings, named: Named) -> None:
    found = check.connection.execute("SELECT currency, count(*) FROM order_text GROUP BY 1 ORDER BY 2 DESC").fetchall()
    if len(found) > 1:
        listed = (f"{currency or 'none given'}: {rows:,} rows" for currency, rows in found)
        check.problems.add(
            f"Column '{orders.currency}' names {len(found)} currencies, whose amounts do not add up.",
            "Convert them to one, or keep the rows of one.",
            listed,
            len(found),
        )
    elif named.currency is not None and found and found[0][0] != named.currency:
        check.problems.add(
            f"Column '{orders.currency}' says {found[0][0] or 'nothing'}, but data.currency is {named.currency}.",
            "Convert the amounts, or correct data.currency.",
        )


def _refunds(check: Checker, orders: OrderSettings, named: Named) -> int:
    """Deal with negative values as the settings say; they are recorded as problems where these say nothing."""
    connection, amount = check.connection, order_amount(orders)
    refunds = 0 if orders.value is None else count(connection, "order_text", f"{amount} < 0")
    if not refunds:
        return 0
    if orders.refunds == "refuse":
        check.demand(
            f"{amount} < 0",
            f"{{n}} {named.row}s have a negative value: they look like refunds.",
            f"Set {named.key}.refunds to drop, or to net (taken from the order of the same id).",
            "person, time, value",
        )
        return refunds
    if orders.refunds == "drop":
        connection.execute(f"DELETE FROM order_text WHERE {amount} < 0")
        return refunds
    connection.execute(
        f"CREATE TABLE netted AS SELECT any_value(row) FILTER ({amount} >= 0) AS row, id, sum({amount}) AS net, "
        f"count(*) FILTER ({amount} >= 0) AS orders, min(row) AS first, "
        f"min(CAST(time AS TIMESTAMP)) FILTER ({amount} < 0) AS refunded, "
        f"any_value(CAST(time AS TIMESTAMP)) FILTER ({amount} >= 0) AS ordered FROM order_text WHERE id IN "
        f"(SELECT id FROM order_text WHERE {amount} < 0) GROUP BY id"
    )
    connection.execute(
        "CREATE TABLE lost AS SELECT first AS row, id, net FROM netted WHERE orders <> 1 OR net < -0.005"
    )
    Checker(connection, "lost", check.problems).demand(
        "true",
        "{n} orders are refunded without being there once, or by more than their value.",
        "Correct them, or leave these refunds out.",
        "id, net",
    )
    Checker(connection, "netted", check.problems).demand(
        "refunded < ordered",
        f"{{n}} {named.row}s are refunded before they are made: a clock runs backwards.",
        "Correct the moments or the ids.",
        "id, ordered, refunded",
    )
    connection.execute(f"DELETE FROM order_text WHERE {amount} < 0")
    # An order refunded in full is none.
    connection.execute("DELETE FROM order_text WHERE row IN (SELECT row FROM netted WHERE net < 0.005)")
    plain = "printf('%.17g', netted.net)"
    if orders.csv.sign == ",":
        plain = f"replace({plain}, '.', ',')"
    connection.execute(f"UPDATE order_text SET value = {plain} FROM netted WHERE order_text.row = netted.row")
    return refunds


def _check_repeats(check: Checker, orders: OrderSettings, named: Named) -> None:
    """The same order twice would count twice."""
    if orders.id is None and orders.repeated == "keep":
        return
    amount = order_amount(orders)
    key, name = ("id", f"the id of an earlier row ('{orders.id}')")
    if orders.id is None:
        key, name = f"person, time, {amount}", "person, moment and value of an earlier row"
    else:
        check.demand(
            "id IS NULL",
            f"Column '{orders.id}' is empty in {{n}} rows.",
            f"Give the order's id, or leave out {named.key}.id.",
            "person, time",
        )
    check.connection.execute(
        f"""
        CREATE TABLE repeats AS
        SELECT row, person, time
        FROM (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY row) AS place FROM order_text
              WHERE {"true" if orders.id is None else "id IS NOT NULL"})
        WHERE place > 1
        """
    )
    fix = "Remove the duplicates."
    if orders.id is None:
        fix = f"Remove the duplicates, or name the order's column ({named.key}.id), or set {named.key}.repeated: keep."
    Checker(check.connection, "repeats", check.problems).demand(
        "true", f"{{n}} {named.row}s have {name}: the same order would count twice.", fix, "person, time"
    )
