"""Campaigns read and checked: every row's money and keys, nothing filled in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.campaigns.settings import SPEND, CampaignCsv, CampaignSettings
from mmm.data.cells import record_blank, record_negative, texts
from mmm.data.columns import NumberColumns
from mmm.data.dates import DateOptions, parse_dates
from mmm.data.problems import Problems, nearest
from mmm.data.read import Table
from mmm.data.source import read_source

LEVELS = ("campaign", "category", "platform")


@dataclass(frozen=True)
class Campaigns:
    """Checked rows: ``date``, ``channel``, campaign, category, platform (those that are named), ``spend``, and a column
    a further cost and a key, by the settings' names for them."""

    source: str
    rows: pd.DataFrame
    levels: tuple[str, ...]
    costs: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def first(self) -> pd.Timestamp:
        return pd.Timestamp(self.rows["date"].min())

    @property
    def last(self) -> pd.Timestamp:
        return pd.Timestamp(self.rows["date"].max())


@dataclass(frozen=True)
class _Written:
    csv: CampaignCsv
    currency: str


def read_campaigns(settings: CampaignSettings, channels: Sequence[str], currency: str, base: Path) -> Campaigns:
    """Read the table. Raises DataError with everything that is wrong with it, each with its rows."""
    roles = {name: getattr(settings, name) for name in ("date", "channel", *LEVELS)}
    named = {role: column for role, column in roles.items() if column is not None}
    numbers = {SPEND: settings.spend, **settings.costs, **settings.keys}
    columns = list(dict.fromkeys([*named.values(), *numbers.values()]))
    table = read_source(settings.source, base, settings.csv, "campaigns.source", columns)
    problems = Problems(table.source)
    for column in columns:
        if column not in table.columns:
            problems.add(f"Column '{column}' (campaigns) is not there.", nearest(column, table.columns))
    problems.stop_if_any()
    found: dict[str, object] = {}
    for role, column in named.items():
        if role == "date":
            found[role], _ = parse_dates(
                table.frame[column], DateOptions(settings.date_format), table.where, column, problems
            )
            continue
        found[role], blank = texts(table.frame[column])
        record_blank(blank, table.where, column, problems, f"Name the {role} of every row.")
    read = NumberColumns.of(
        table.frame, list(numbers.values()), _Written(settings.csv, currency), table.where, problems
    )
    for name, column in numbers.items():
        money = name not in settings.keys
        cells = read.read(column, money=money)
        record_blank(cells.blank, table.where, column, problems)
        record_negative(cells, table.where, column, problems)
        found[name] = cells.values
    problems.stop_if_any()
    rows = pd.DataFrame(found)
    _check(rows, table, settings, channels, problems)
    problems.stop_if_any()
    levels = tuple(name for name in LEVELS if name in named)
    return Campaigns(table.source, rows, levels, tuple(settings.costs), tuple(settings.keys))


def _check(
    rows: pd.DataFrame, table: Table, settings: CampaignSettings, channels: Sequence[str], problems: Problems
) -> None:
    """Rows there twice, unknown channels and purposes, campaigns of two categories, keys that are all zero."""
    strange = np.flatnonzero(~rows["channel"].isin(list(channels)).to_numpy())
    if strange.size:
        name = str(rows["channel"].iloc[strange[0]])
        problems.add(
            f"Column '{settings.channel}' names channels in {strange.size} rows that this analysis does not have.",
            nearest(name, list(channels)),
            (f"{table.where(int(i))}: {rows['channel'].iloc[i]}" for i in strange),
            int(strange.size),
        )
    key = [name for name in ("date", "channel", *LEVELS) if name in rows]
    twice = np.flatnonzero(rows.duplicated(key).to_numpy())
    if twice.size:
        problems.add(
            f"{twice.size} rows have the {', '.join(key)} of an earlier row and would count twice.",
            "Delete the copies, or sum them.",
            (f"{table.where(int(i))}: {rows['campaign'].iloc[i]}" for i in twice),
            int(twice.size),
        )
    if "category" in rows:
        several = rows.groupby(["channel", "campaign"])["category"].nunique()
        several = several[several > 1]
        if len(several):
            problems.add(
                f"{len(several)} campaigns are of more than one category, so that their money has no one place.",
                "Give a campaign one category, or name its parts apart.",
                (f"{campaign} ({channel})" for channel, campaign in several.index),
                len(several),
            )
        known = sorted(set(rows["category"]))
        for name in settings.purposes:
            if name not in known:
                problems.add(f"campaigns.purposes names the category '{name}', which no row has.", nearest(name, known))
    empty = [name for name in (SPEND, *settings.keys) if not rows[name].any()]
    for name in empty:
        problems.add(
            f"'{name}' is zero in every row, so that nothing can be shared by it.", "Leave it out, or mend it."
        )
