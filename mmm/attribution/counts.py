"""What journeys amount to, by group of persons: the sums from which every credit, interval and table is made."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from mmm.attribution.paths import read_paths
from mmm.attribution.read import Reconciliation, read_touches
from mmm.attribution.settings import GROUPS, MOST_CHANNELS, AttributionSettings, days
from mmm.data.cells import FloatArray
from mmm.data.problems import shown
from mmm.data.text_table import database
from mmm.errors import DataError

RULES = ("first", "last", "linear", "time_decay", "position")
START, CONVERSION, NULL = 0, -1, -2
"""States of a chain that hold no touch."""


@dataclass(frozen=True)
class Transitions:
    """Edges of the chain whose states are the last ``order`` touches.

    ``source`` and ``target`` [edge] number the rows of ``states``, or are START, CONVERSION, NULL; ``weight`` and
    ``value`` [group, edge] are journeys and the money of conversions. ``states`` [state, channel] says which channels a
    state holds; its first row, START, holds none.
    """

    source: np.ndarray
    target: np.ndarray
    weight: FloatArray
    value: FloatArray
    states: np.ndarray


@dataclass(frozen=True)
class Sets:
    """Journeys by their set of channels: ``member`` [set, channel]; conversions, journeys and value [group, set]."""

    member: np.ndarray
    conversions: FloatArray
    journeys: FloatArray
    value: FloatArray


@dataclass(frozen=True)
class Counts:
    """Sums over journeys. Arrays [group, channel] are conversions and money by rule; rules without times are left out.

    ``roles``: index channel, columns alone, opens, assists, closes (conversions in whose journey it did).
    ``lengths``: touches, conversions, journeys. ``lags``: days from first touch to conversion, conversions.
    ``moves``: source, target, share of the journeys that leave the source.
    """

    channels: tuple[str, ...]
    conversions: dict[str, FloatArray]
    value: dict[str, FloatArray] | None
    transitions: Transitions
    sets: Sets
    roles: pd.DataFrame
    lengths: pd.DataFrame
    lags: pd.DataFrame
    moves: pd.DataFrame
    reconciliation: Reconciliation


def count_journeys(settings: AttributionSettings, base: Path, currency: str | None = None) -> Counts:
    """Read the files that the settings name and count. Raises DataError with everything that is wrong with them.

    ``currency`` is what a column of currencies has to say, where there is one.
    """
    with database() as connection:
        if settings.paths is None:
            found = read_touches(connection, settings, base, currency)
        else:
            found = read_paths(connection, settings, base)
        if not found.credited:
            raise DataError(
                "No conversion has a touch before it within the look-back, so nothing can be credited. Compare the "
                "persons' ids and moments of both tables, or lengthen attribution.lookback."
            )
        channels = _channels(connection)
        _by_place(connection, settings)
        conversions = {rule: _credited(connection, rule, "converted", channels) for rule in _rules(settings)}
        value = None
        if found.value is not None:
            value = {rule: _credited(connection, rule, "value", channels) for rule in conversions}
        return Counts(
            channels=channels,
            conversions=conversions,
            value=value,
            transitions=_transitions(connection, settings.order, len(channels)),
            sets=_sets(connection, len(channels)),
            roles=_roles(connection, channels),
            lengths=connection.execute(
                "SELECT length AS touches, sum(converted) AS conversions, sum(converted + nulls) AS journeys "
                "FROM place WHERE place = 1 GROUP BY 1 ORDER BY 1"
            ).df(),
            lags=connection.execute(
                "SELECT CAST(floor(age) AS INTEGER) AS days, sum(converted) AS conversions FROM place "
                "WHERE place = 1 AND age IS NOT NULL GROUP BY 1 ORDER BY 1"
            ).df(),
            moves=_moves(connection),
            reconciliation=found,
        )


def _rules(settings: AttributionSettings) -> tuple[str, ...]:
    return RULES if settings.paths is None else tuple(rule for rule in RULES if rule != "time_decay")


def _channels(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    names = [row[0] for row in connection.execute("SELECT DISTINCT channel FROM step ORDER BY 1").fetchall()]
    if len(names) > MOST_CHANNELS:
        raise DataError(
            f"The journeys hold {len(names)} channels, such as {', '.join(map(shown, names[:5]))}; at most "
            f"{MOST_CHANNELS} can be told apart. Group them before the export."
        )
    return tuple(names)


def _by_place(connection: duckdb.DuckDBPyConnection, settings: AttributionSettings) -> None:
    """``place``: steps with the channel's number and each rule's weight, which add up to 1 in a journey."""
    first, last = settings.position
    middle = 1.0 - first - last
    # Two touches share what the middle lacks in the proportion of the ends; ends of 0 share alike.
    two = 0.5 if first + last == 0 else first / (first + last)
    connection.execute(
        f"""
        CREATE TABLE place AS
        SELECT s.*, n.number AS code,
               CAST(place = 1 AS DOUBLE) AS first,
               CAST(place = length AS DOUBLE) AS last,
               1.0 / length AS linear,
               pow(0.5, age / {days(settings.half_life)}) / sum(pow(0.5, age / {days(settings.half_life)}))
                   OVER (PARTITION BY journey) AS time_decay,
               CASE WHEN length = 1 THEN 1.0
                    WHEN length = 2 THEN CASE place WHEN 1 THEN {two} ELSE 1 - {two} END
                    WHEN place = 1 THEN {first} WHEN place = length THEN {last}
                    ELSE {middle} / (length - 2) END AS position
        FROM step s JOIN (SELECT channel, row_number() OVER (ORDER BY channel) - 1 AS number
                          FROM (SELECT DISTINCT channel FROM step)) n USING (channel)
        """
    )


def _credited(connection: duckdb.DuckDBPyConnection, rule: str, what: str, channels: tuple[str, ...]) -> FloatArray:
    rows = connection.execute(
        f"SELECT bucket, code, sum({what} * {rule}) AS amount FROM place WHERE converted > 0 GROUP BY ALL"
    ).df()
    places = (rows["bucket"].to_numpy(), rows["code"].to_numpy())
    return _dense(places, rows["amount"].to_numpy(), (GROUPS, len(channels)))


def _dense(places: tuple[np.ndarray, np.ndarray], amounts: np.ndarray, shape: tuple[int, int]) -> FloatArray:
    found = np.zeros(shape)
    np.add.at(found, places, np.asarray(amounts, dtype=np.float64))
    return found


def _sets(connection: duckdb.DuckDBPyConnection, channels: int) -> Sets:
    frame = connection.execute(
        """
        SELECT bucket, bits, sum(converted) AS conversions, sum(converted + nulls) AS journeys, sum(value) AS value
        FROM (SELECT journey, any_value(bucket) AS bucket, bit_or(1::BIGINT << code) AS bits,
                     any_value(converted) AS converted, any_value(nulls) AS nulls, any_value(value) AS value
              FROM place GROUP BY journey)
        GROUP BY ALL
        """
    ).df()
    bits, number = np.unique(frame["bits"].to_numpy(dtype=np.int64), return_inverse=True)
    shape, places = (GROUPS, len(bits)), (frame["bucket"].to_numpy(), number)
    return Sets(
        member=(bits[:, None] >> np.arange(channels)) & 1 == 1,
        conversions=_dense(places, frame["conversions"].to_numpy(), shape),
        journeys=_dense(places, frame["journeys"].to_numpy(), shape),
        value=_dense(places, frame["value"].fillna(0.0).to_numpy(), shape),
    )


def _transitions(connection: duckdb.DuckDBPyConnection, order: int, channels: int) -> Transitions:
    """Edges between the last ``order`` touches; a journey shorter than that is one state of all its touches."""
    base = channels + 1
    state = " + ".join(
        f"{base**back} * coalesce(lag(code, {back}) OVER journeys + 1, 0)" if back else "code + 1"
        for back in range(order)
    )
    frame = connection.execute(
        f"""
        WITH coded AS (
            SELECT journey, bucket, place, length, converted, nulls, value, CAST({state} AS BIGINT) AS state
            FROM place WINDOW journeys AS (PARTITION BY journey ORDER BY place)
        ), full_states AS (
            SELECT *, lead(state) OVER (PARTITION BY journey ORDER BY place) AS after
            FROM coded WHERE place >= least({order}, length)
        ), edges AS (
            SELECT bucket, {START} AS source, state AS target, converted + nulls AS weight, 0.0 AS value
            FROM full_states WHERE place = least({order}, length)
            UNION ALL
            SELECT bucket, state, after, converted + nulls, 0.0 FROM full_states WHERE after IS NOT NULL
            UNION ALL
            SELECT bucket, state, {CONVERSION}, converted, value FROM full_states WHERE after IS NULL AND converted > 0
            UNION ALL
            SELECT bucket, state, {NULL}, nulls, 0.0 FROM full_states WHERE after IS NULL AND nulls > 0
        )
        SELECT source, target, bucket, sum(weight) AS weight, sum(value) AS value FROM edges GROUP BY ALL
        """
    ).df()
    source, target = (frame[name].to_numpy(dtype=np.int64) for name in ("source", "target"))
    codes = np.unique(np.concatenate([[START], source, target[target > 0]]))
    pairs, edge = np.unique(np.stack([source, target]), axis=1, return_inverse=True)
    shape, places = (GROUPS, pairs.shape[1]), (frame["bucket"].to_numpy(), edge.ravel())
    digits = codes[:, None] // base ** np.arange(order) % base
    return Transitions(
        source=np.searchsorted(codes, pairs[0]),
        target=np.where(pairs[1] > 0, np.searchsorted(codes, pairs[1]), pairs[1]),
        weight=_dense(places, frame["weight"].to_numpy(), shape),
        value=_dense(places, frame["value"].fillna(0.0).to_numpy(), shape),
        states=(digits[:, :, None] == np.arange(1, base)).any(axis=1),
    )


def _roles(connection: duckdb.DuckDBPyConnection, channels: tuple[str, ...]) -> pd.DataFrame:
    frame = connection.execute(
        """
        SELECT channel, sum(converted) FILTER (length = 1) AS alone,
               sum(converted) FILTER (length > 1 AND place = 1) AS opens,
               sum(converted) FILTER (place > 1 AND place < length) AS assists,
               sum(converted) FILTER (length > 1 AND place = length) AS closes
        FROM place GROUP BY channel
        """
    ).df()
    return frame.set_index("channel").reindex(list(channels)).fillna(0.0)


def _moves(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    frame = connection.execute(
        """
        WITH after AS (SELECT channel, lead(channel) OVER (PARTITION BY journey ORDER BY place) AS next, place, length,
                              converted, nulls FROM place),
        moves AS (
            SELECT '(start)' AS source, channel AS target, converted + nulls AS weight FROM after WHERE place = 1
            UNION ALL SELECT channel, next, converted + nulls FROM after WHERE next IS NOT NULL
            UNION ALL SELECT channel, '(conversion)', converted FROM after WHERE place = length
            UNION ALL SELECT channel, '(no conversion)', nulls FROM after WHERE place = length)
        SELECT source, target, sum(weight) AS journeys FROM moves GROUP BY ALL HAVING sum(weight) > 0 ORDER BY ALL
        """
    ).df()
    frame["share"] = frame["journeys"] / frame.groupby("source")["journeys"].transform("sum")
    return frame
