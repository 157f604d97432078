"""From files to checked touches and conversions, and from those to journeys; nothing is left out without being counted.

Tables made in the database: ``touch`` (row, person, time, channel as text), ``conversion`` (person, time, number,
value: conversions of one person at one moment are one), and ``step``, the touches of all journeys (journey, person,
place, length, channel, age in days until the conversion, converted, value), from which everything is counted.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from mmm.attribution.settings import GROUPS, AttributionSettings, TouchSettings, days
from mmm.data.orders import Named, check_times, columns_of, order_amount, read_orders
from mmm.data.problems import Problems
from mmm.data.text_table import Checker, count, demand_plain, load_text, number_sql, one, told
from mmm.errors import DataError


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


def read_touches(
    connection: duckdb.DuckDBPyConnection, settings: AttributionSettings, base: Path, currency: str | None = None
) -> Reconciliation:
    """Fill ``step`` from touches and conversions. Raises DataError with everything that is wrong with either file."""
    touches = settings.touches
    if touches is None:
        raise DataError("attribution.touches is not set.")
    refunds = 0
    _read_touches(connection, touches, base)
    if settings.conversions is not None:
        named = Named("attribution.conversions", "conversion", currency)
        refunds = read_orders(connection, settings.conversions, base, named)
        amount = order_amount(settings.conversions)
        connection.execute(
            "CREATE TABLE conversion AS SELECT person, CAST(time AS TIMESTAMP) AS time, count(*) AS number, "
            f"sum({amount}) AS value FROM order_text GROUP BY ALL"
        )
    else:
        _marked_conversions(connection, touches, base)
    _link(connection, days(settings.lookback))
    return _reconciled(connection, refunds)


def _read_touches(connection: duckdb.DuckDBPyConnection, touches: TouchSettings, base: Path) -> None:
    columns = columns_of(touches, "attribution.touches")
    key = "attribution.touches.source"
    load_text(connection, "touch_text", (touches.source, base, key), columns, touches.csv)
    problems = Problems(told(touches.source, base, key))
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
    check_times(check, touches.time)
    problems.stop_if_any()
    if touches.position is not None:
        _check_positions(check, touches)
        problems.stop_if_any()
    connection.execute(
        "CREATE TABLE touch AS SELECT row, person, CAST(time AS TIMESTAMP) AS time, channel FROM touch_text"
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


def _marked_conversions(connection: duckdb.DuckDBPyConnection, touches: TouchSettings, base: Path) -> None:
    """Conversions that the table of touches marks by itself."""
    problems = Problems(told(touches.source, base, "attribution.touches.source"))
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
        f"CREATE TABLE marked AS SELECT row, person, CAST(time AS TIMESTAMP) AS time, channel, {amount} AS value "
        f"FROM touch_text WHERE {mark} = 1"
    )
    _refuse_repeats(connection, problems)
    connection.execute(
        "CREATE TABLE conversion AS SELECT person, time, count(*) AS number, sum(value) AS value FROM marked "
        "GROUP BY ALL"
    )


def _refuse_repeats(connection: duckdb.DuckDBPyConnection, problems: Problems) -> None:
    """Rows that convert and are alike in person, moment, channel and value are one conversion, exported twice."""
    connection.execute(
        "CREATE TABLE repeats AS SELECT row, person, time, channel FROM (SELECT *, row_number() OVER (PARTITION BY "
        "person, time, channel, value ORDER BY row) AS place FROM marked) WHERE place > 1"
    )
    Checker(connection, "repeats", problems).demand(
        "true",
        "{n} conversions have person, moment, channel and value of an earlier row: the same one would count twice.",
        "Remove the duplicates, or give conversions in a table of their own, with their id (attribution.conversions).",
        "person, time, channel",
    )
    problems.stop_if_any()


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
