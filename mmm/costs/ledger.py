"""The ledger: cost lines read and checked. Money is whole numbers of the currency's smallest unit from here on."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.costs.settings import LedgerCsv, LedgerSettings
from mmm.data.cells import record_blank, texts
from mmm.data.columns import NumberColumns
from mmm.data.dates import DateOptions, parse_dates
from mmm.data.problems import Problems, nearest
from mmm.data.read import Table
from mmm.data.source import read_source

_MOST = 10**12
"""Largest amount of a line; a double holds its cents exactly."""
_RESIDUE = Decimal("1e-3")
"""Of a cent: what binary sums leave in Parquet files (0.1 + 0.2), and no ledger writes."""


@dataclass(frozen=True)
class Ledger:
    """Checked cost lines: ``where`` (line of the file), ``date``, ``cents``, ``category``, ``vendor``, ``channel``.

    ``cents`` are whole numbers of 10^-``decimals`` of the currency (int64). ``outside`` are the lines before ``start``
    or after ``end``; both frames have the same columns.
    """

    source: str
    currency: str
    decimals: int
    lines: pd.DataFrame
    outside: pd.DataFrame
    repeated: int
    """Lines that say in every column what an earlier one says; they are kept."""

    def money(self, cents: int) -> Decimal:
        """An amount in the currency, exactly."""
        return Decimal(int(cents)).scaleb(-self.decimals)


@dataclass(frozen=True)
class _Written:
    csv: LedgerCsv
    currency: str


def read_ledger(settings: LedgerSettings, currency: str, base: Path) -> Ledger:
    """Read the cost lines. Raises DataError with everything that is wrong with them, each with its rows."""
    columns = _columns(settings)
    table = read_source(settings.source, base, settings.csv, "costs.ledger.source", list(columns.values()))
    problems = Problems(table.source)
    _check_columns(table, columns, problems)
    problems.stop_if_any()
    words = {role: texts(table.frame[columns[role]]) for role in ("category", "vendor", "channel") if role in columns}
    where = table.where
    dates, _ = parse_dates(
        table.frame[settings.date], DateOptions(settings.date_format), where, settings.date, problems
    )
    cents = _cents(table, settings, currency, problems)
    record_blank(
        words["category"][1], where, settings.category, problems, "Name the category or account of every line."
    )
    _check_currency(table, settings, currency, problems)
    _check_ids(table, settings, problems)
    problems.stop_if_any()
    frame = pd.DataFrame(
        {"where": [where(row) for row in range(len(table.frame))], "date": dates, "cents": cents}
        | {role: words[role][0] if role in words else "" for role in ("category", "vendor", "channel")}
    )
    inside = np.ones(len(frame), dtype=bool)
    if settings.start is not None:
        inside &= (frame["date"] >= pd.Timestamp(settings.start)).to_numpy()
    if settings.end is not None:
        inside &= (frame["date"] <= pd.Timestamp(settings.end)).to_numpy()
    repeated = 0 if settings.id is not None else int(frame.drop(columns="where").duplicated().sum())
    return Ledger(table.source, currency, settings.decimals, frame[inside], frame[~inside], repeated)


def _columns(settings: LedgerSettings) -> dict[str, str]:
    roles = ("date", "amount", "category", "currency", "vendor", "channel", "id")
    return {role: getattr(settings, role) for role in roles if getattr(settings, role) is not None}


def _check_columns(table: Table, columns: dict[str, str], problems: Problems) -> None:
    have = table.columns
    for role, column in columns.items():
        if column not in have:
            problems.add(f"Column '{column}' (costs.ledger.{role}) is not there.", nearest(column, have))
        elif have.count(column) > 1:
            problems.add(f"Column '{column}' (costs.ledger.{role}) stands twice in the header.", "Rename the copies.")


def _cents(table: Table, settings: LedgerSettings, currency: str, problems: Problems) -> list[int]:
    """Amounts in the smallest unit; what is empty, too fine, too large or refused is recorded."""
    where = table.where
    numbers = NumberColumns.of(table.frame, [settings.amount], _Written(settings.csv, currency), where, problems)
    before = len(problems.found)
    cells = numbers.read(settings.amount, money=True)
    record_blank(cells.blank, where, settings.amount, problems, "Write the amount; a true zero is written 0.")
    if len(problems.found) > before:
        return [0] * len(table.frame)
    exact = [Decimal(repr(value)).scaleb(settings.decimals) for value in cells.values.tolist()]
    found = [int(amount.to_integral_value()) for amount in exact]
    fine = [row for row, amount in enumerate(exact) if abs(amount - found[row]) > _RESIDUE]
    large = [row for row, cents in enumerate(found) if abs(cents) > _MOST * 10**settings.decimals]
    below = [row for row, cents in enumerate(found) if cents < 0 and settings.credit_notes == "refuse"]
    unit = Decimal(1).scaleb(-settings.decimals)
    for rows, rule, fix in (
        (fine, f"amounts finer than {unit} {currency}", "Round them as they were paid, or set costs.ledger.decimals."),
        (large, f"amounts above {_MOST:,}", "Correct them."),
        (below, "negative amounts", "Correct them, or set costs.ledger.credit_notes to net."),
    ):
        if rows:
            lines = (f"{where(row)}: {cells.values[row]:.10g}" for row in rows)
            problems.add(f"Column '{settings.amount}' holds {len(rows)} {rule}.", fix, lines, len(rows))
    return found


def _check_currency(table: Table, settings: LedgerSettings, currency: str, problems: Problems) -> None:
    if settings.currency is None:
        return
    found, blank = texts(table.frame[settings.currency])
    record_blank(blank, table.where, settings.currency, problems, "Name the currency of every line.")
    others = [row for row, text in enumerate(found) if text not in (currency, "")]
    if others:
        names = sorted({str(found[row]) for row in others})
        problems.add(
            f"Column '{settings.currency}' names {', '.join(names)} in {len(others)} lines, but data.currency is "
            f"{currency}; amounts of several currencies do not add up.",
            "Convert them, or leave these lines out.",
            (f"{table.where(row)}: {found[row]}" for row in others),
            len(others),
        )


def _check_ids(table: Table, settings: LedgerSettings, problems: Problems) -> None:
    if settings.id is None:
        return
    found, blank = texts(table.frame[settings.id])
    record_blank(blank, table.where, settings.id, problems, "Give every line its id.")
    twice = np.flatnonzero(pd.Series(found).duplicated().to_numpy() & ~blank)
    if twice.size:
        problems.add(
            f"Column '{settings.id}': {twice.size} lines have the id of an earlier one and would be paid twice.",
            "Delete the copies.",
            (f"{table.where(int(row))}: {found[row]}" for row in twice),
            int(twice.size),
        )
