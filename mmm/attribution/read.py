"""From files to checked touches and conversions, and from those to journeys; nothing is left out without being counted.

Tables made in the database: ``touch`` (row, person, time, channel as text), ``conversion`` (person, time, number,
value: conversions of one person at one moment are one), and ``step``, the touches of all journeys (journey, person,
place, length, channel, age in days until the conversion, converted, value), from which everything is counted.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from mmm.attribution.settings import GROUPS, AttributionSettings, ConversionSettings, TouchSettings, days
from mmm.attribution.table import Checker, Column, count, demand_plain, load_text, number_sql, one
from mmm.data.problems import Problems
from mmm.errors import DataError

_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True)
class Reconciliation:
    """Where every row of the files went; the parts add up."""

    touches: int
    expired: int
    """Touches with a later conversion, but further before it than the look-back; they count as not converting."""
    repeated: int
    """Touches of one person on one channel at one moment, beyond the first; they are kept."""
    conversions: int
    credited: int
    without_touch: int
    """Conversions with no touch before them within the look-back: nothing can be credited."""
    value: float | None
    value_without_touch: float | None
    refunds: int
    """Rows of refunds that were left out or netted."""
    persons: int
    journeys: int


def read_touches(connection: duckdb.DuckDBPyConnection, settings: AttributionSettings, base: Path) -> Reconciliation:
    """Fill ``step`` from touches and conversions. Raises DataError with everything that is wrong with either file."""
    touches = settings.touches
    if touches is None:
        raise DataError("attribution.touches is not set.")
    refunds = 0
    _read_touches(connection, touches, base)
    if settings.conversions is not None:
        refunds = _read_conversions(connection, settings.conversions, base)
    else:
        _marked_conversions(connection, touches, base)
    _link(connection, days(settings.lookback))
    return _reconciled(connection, refunds)


def _read_touches(connection: duckdb.DuckDBPyConnection, touches: TouchSettings, base: Path) -> None:
    columns = {name: Column(getattr(touches, name), f"attribution.touches.{name}") for name in _given(touches)}
    path = base / touches.source
    load_text(connection, "touch_text", path, columns, touches.csv)
    problems = Problems(str(path))
    check = Checker(connection, "touch_text", problems)
    check.demand(
        "person IS NULL",
        f"Column '{touches.person}' is empty in {{n}} rows: a touch without a person belongs to no journey.",
        "Give the person's id, or leave these rows out of the export.",
        "time, channel",
    )
    check.demand(
        "channel IS NULL",
        f"Column '{touches.channel}' is empty in {{n}} rows.",
        "Name the channel; write 'direct' where that is what it was.",
        "person, time",
    )
    _check_times(check, touches.time)
    problems.stop_if_any()
    if touches.position is not None:
        _check_positions(check, touches)
        problems.stop_if_any()
    connection.execute(
        "CREATE TABLE touch AS SELECT row, person, CAST(time AS TIMESTAMP) AS time, channel FROM touch_text"
    )


def _given(section: TouchSettings | ConversionSettings) -> list[str]:
    names = [name for name in type(section).model_fields if name not in ("source", "csv", "refunds")]
    return [name for name in names if getattr(section, name) is not None]


def _check_times(check: Checker, column: str) -> None:
    check.demand(
        "time IS NULL OR TRY_CAST(time AS TIMESTAMP) IS NULL",
        f"Column '{column}' holds {{n}} cells that are no moments.",
        "Write them as 2024-03-01 14:05:00 or 2024-03-01.",
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


def _check_positions(check: Checker, touches: TouchSettings) -> None:
    """A person's later position must not have an earlier moment."""
    number = number_sql("position", touches.csv)
    check.demand(
        f"{number} IS NULL",
        f"Column '{touches.position}' holds {{n}} cells that are no numbers.",
        "Number a person's touches 1, 2, 3.",
        "position",
    )
    if check.problems.found:
        return
    check.connection.execute(
        f"""
        CREATE TABLE backwards AS
        SELECT row, person, time, position
        FROM (SELECT *, lag(CAST(time AS TIMESTAMP)) OVER (PARTITION BY person ORDER BY {number}, row) AS before
              FROM touch_text)
        WHERE CAST(time AS TIMESTAMP) < before
        """
    )
    Checker(check.connection, "backwards", check.problems).demand(
        "true",
        "{n} touches come before the touch whose position precedes theirs: a clock runs backwards.",
        "Correct the moments, or leave out attribution.touches.position to go by the time alone.",
        "person, time, position",
    )


def _read_conversions(connection: duckdb.DuckDBPyConnection, conversions: ConversionSettings, base: Path) -> int:
    """Fill ``conversion``; returns how many rows of refunds were left out or netted."""
    columns = {
        name: Column(getattr(conversions, name), f"attribution.conversions.{name}") for name in _given(conversions)
    }
    path = base / conversions.source
    load_text(connection, "conversion_text", path, columns, conversions.csv)
    problems = Problems(str(path))
    check = Checker(connection, "conversion_text", problems)
    check.demand(
        "person IS NULL",
        f"Column '{conversions.person}' is empty in {{n}} rows: a conversion without a person belongs to no journey.",
        "Give the person's id, or leave these rows out of the export.",
        "time",
    )
    _check_times(check, conversions.time)
    amount = "NULL" if conversions.value is None else number_sql("value", conversions.csv)
    if conversions.value is not None:
        check.demand(
            f"{amount} IS NULL OR NOT isfinite({amount}) OR abs({amount}) > 1e15",
            f"Column '{conversions.value}' holds {{n}} cells that are no amounts of money.",
            "Correct them, or set attribution.conversions.csv (decimal, thousands).",
            "value",
        )
        demand_plain(check, "value", conversions.value, conversions.csv, "attribution.conversions.csv")
    if conversions.currency is not None:
        _check_currencies(connection, conversions, problems)
    problems.stop_if_any()
    refunds = _refunds(check, conversions, amount)
    _check_repeats(check, conversions, amount)
    problems.stop_if_any()
    connection.execute(
        "CREATE TABLE conversion AS SELECT person, CAST(time AS TIMESTAMP) AS time, count(*) AS number, "
        f"sum({amount}) AS value FROM conversion_text GROUP BY ALL"
    )
    return refunds


def _check_currencies(
    connection: duckdb.DuckDBPyConnection, conversions: ConversionSettings, problems: Problems
) -> None:
    found = connection.execute("SELECT currency, count(*) FROM conversion_text GROUP BY 1 ORDER BY 2 DESC").fetchall()
    if len(found) > 1:
        listed = (f"{currency or 'none given'}: {rows:,} rows" for currency, rows in found)
        problems.add(
            f"Column '{conversions.currency}' names {len(found)} currencies, whose amounts do not add up.",
            "Convert them to one, or keep the rows of one.",
            listed,
            len(found),
        )


def _refunds(check: Checker, conversions: ConversionSettings, amount: str) -> int:
    """Deal with negative values as the settings say; they are recorded as problems where these say nothing."""
    connection = check.connection
    refunds = 0 if conversions.value is None else count(connection, "conversion_text", f"{amount} < 0")
    if not refunds:
        return 0
    if conversions.refunds == "refuse":
        check.demand(
            f"{amount} < 0",
            "{n} conversions have a negative value: they look like refunds.",
            "Set attribution.conversions.refunds to drop, or to net (taken from the order of the same id).",
            "person, time, value",
        )
        return refunds
    if conversions.refunds == "drop":
        connection.execute(f"DELETE FROM conversion_text WHERE {amount} < 0")
        return refunds
    connection.execute(
        f"CREATE TABLE netted AS SELECT any_value(row) FILTER ({amount} >= 0) AS row, id, sum({amount}) AS net, "
        f"count(*) FILTER ({amount} >= 0) AS orders, min(row) AS first FROM conversion_text WHERE id IN "
        f"(SELECT id FROM conversion_text WHERE {amount} < 0) GROUP BY id"
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
    connection.execute(f"DELETE FROM conversion_text WHERE {amount} < 0")
    # An order refunded in full is no conversion.
    connection.execute("DELETE FROM conversion_text WHERE row IN (SELECT row FROM netted WHERE net < 0.005)")
    plain = "printf('%.17g', netted.net)"
    if conversions.csv.sign == ",":
        plain = f"replace({plain}, '.', ',')"
    connection.execute(f"UPDATE conversion_text SET value = {plain} FROM netted WHERE conversion_text.row = netted.row")
    return refunds


def _check_repeats(check: Checker, conversions: ConversionSettings, amount: str) -> None:
    """The same order twice would be credited twice."""
    key, name = ("id", f"the id of an earlier row ('{conversions.id}')")
    if conversions.id is None:
        key, name = f"person, time, {amount}", "person, moment and value of an earlier row"
    else:
        check.demand(
            "id IS NULL",
            f"Column '{conversions.id}' is empty in {{n}} rows.",
            "Give the order's id, or leave out attribution.conversions.id.",
            "person, time",
        )
    check.connection.execute(
        f"""
        CREATE TABLE repeats AS
        SELECT row, person, time
        FROM (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY row) AS place FROM conversion_text
              WHERE {"true" if conversions.id is None else "id IS NOT NULL"})
        WHERE place > 1
        """
    )
    fix = "Remove the duplicates."
    if conversions.id is None:
        fix = "Remove the duplicates, or name the column of the order with attribution.conversions.id."
    Checker(check.connection, "repeats", check.problems).demand(
        "true", f"{{n}} conversions have {name}: an order counted twice is credited twice.", fix, "person, time"
    )


def _marked_conversions(connection: duckdb.DuckDBPyConnection, touches: TouchSettings, base: Path) -> None:
    """Conversions that the table of touches marks by itself."""
    problems = Problems(str(base / touches.source))
    check = Checker(connection, "touch_text", problems)
    word = "CASE lower(conversion) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
    mark = f"coalesce({number_sql('conversion', touches.csv)}, {word})"
    check.demand(
        f"conversion IS NOT NULL AND coalesce({mark} NOT IN (0, 1), true)",
        f"Column '{touches.conversion}' holds {{n}} cells that are neither 0 nor 1.",
        "Write 1 where the touch converted.",
        "person, conversion",
    )
    amount = "NULL"
    if touches.value is not None:
        amount = number_sql("value", touches.csv)
        check.demand(
            f"{mark} = 1 AND coalesce(NOT ({amount} BETWEEN 0 AND 1e15), true)",
            f"Column '{touches.value}' holds {{n}} conversions whose value is no amount of 0 or more.",
            "Correct them; give refunds in a table of conversions.",
            "person, value",
        )
        demand_plain(check, "value", touches.value, touches.csv, "attribution.touches.csv")
    problems.stop_if_any()
    connection.execute(
        "CREATE TABLE conversion AS SELECT person, CAST(time AS TIMESTAMP) AS time, count(*) AS number, "
        f"sum({amount}) AS value FROM touch_text WHERE {mark} = 1 GROUP BY ALL"
    )


def _link(connection: duckdb.DuckDBPyConnection, lookback: int) -> None:
    """Touches to journeys: up to the next conversion within the look-back, or a chain without one.

    Touches that lead to no conversion are one journey as long as no gap is longer than the look-back. Persons are dealt
    out to the groups of the bootstrap in the order of a hash of their ids.
    """
    connection.execute(
        f"""
        CREATE TABLE linked AS
        SELECT t.row, t.person, t.time, t.channel, c.time AS ended, c.number, c.value,
               coalesce(c.time - t.time <= INTERVAL {lookback} DAY, false) AS converts
        FROM touch t ASOF LEFT JOIN conversion c ON t.person = c.person AND t.time <= c.time
        """
    )
    connection.execute(
        f"""
        CREATE TABLE step AS
        WITH groups AS (
            SELECT person, (row_number() OVER (ORDER BY md5(person)) - 1) % {GROUPS} AS bucket
            FROM (SELECT DISTINCT person FROM touch)
        ), apart AS (
            SELECT *, CAST(coalesce(time - lag(time) OVER one_person > INTERVAL {lookback} DAY, false) AS INT) AS gap
            FROM linked WINDOW one_person AS (PARTITION BY person, converts ORDER BY time, row)
        ), chained AS (
            SELECT *, CASE WHEN converts THEN 0 ELSE sum(gap) OVER one_person END AS chain
            FROM apart WINDOW one_person AS (PARTITION BY person, converts ORDER BY time, row)
        ), named AS (
            SELECT *, dense_rank() OVER (ORDER BY person, converts, CASE WHEN converts THEN ended END, chain) AS journey
            FROM chained JOIN groups USING (person)
        )
        SELECT journey, bucket, channel, row_number() OVER journeys AS place,
               count(*) OVER (PARTITION BY journey) AS length,
               CASE WHEN converts THEN epoch(ended - time) / 86400 END AS age,
               CASE WHEN converts THEN number ELSE 0.0 END AS converted,
               CASE WHEN converts THEN 0.0 ELSE 1.0 END AS nulls,
               CASE WHEN converts THEN value ELSE 0.0 END AS value
        FROM named WINDOW journeys AS (PARTITION BY journey ORDER BY time, row)
        """
    )


def _reconciled(connection: duckdb.DuckDBPyConnection, refunds: int) -> Reconciliation:
    conversions, value = connection.execute("SELECT coalesce(sum(number), 0), sum(value) FROM conversion").fetchall()[0]
    credited, credited_value, journeys = connection.execute(
        "SELECT coalesce(sum(converted), 0), sum(value), count(*) FROM step WHERE place = 1"
    ).fetchall()[0]
    distinct = one(connection, "SELECT count(*) FROM (SELECT DISTINCT person, time, channel FROM touch)")
    touches = count(connection, "touch")
    return Reconciliation(
        touches=touches,
        expired=count(connection, "linked", "ended IS NOT NULL AND NOT converts"),
        repeated=touches - distinct,
        conversions=int(conversions),
        credited=int(credited),
        without_touch=int(conversions) - int(credited),
        value=value,
        value_without_touch=None if value is None else value - (credited_value or 0.0),
        refunds=refunds,
        persons=one(connection, "SELECT count(DISTINCT person) FROM touch"),
        journeys=int(journeys),
    )
