"""What platforms report of their campaigns, beside the model: spend, conversions and value, as they count them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.data.columns import NumberColumns
from mmm.data.csv_settings import CsvSettings
from mmm.data.dates import DateOptions, parse_dates
from mmm.data.problems import Problems
from mmm.data.read import Table, check_columns, read_file
from mmm.monitoring.settings import ReportedSettings
from mmm.monitoring.state import Campaign
from mmm.register.record import Content
from mmm.suggest import suggestion

_KEY = "monitor.reported"
_MOST_CAMPAIGNS = 200


@dataclass(frozen=True)
class _Written:
    csv: CsvSettings
    currency: str


def read_reported(settings: ReportedSettings, base: Path, channels: tuple[str, ...], currency: str) -> pd.DataFrame:
    """The table as date, channel, platform, campaign, spend, conversions, value; what it does not have is NaN or "".

    Raises DataError for columns that are not there, days and numbers that cannot be read, and unknown channels.
    """
    named = {name: getattr(settings, name) for name in ("date", "channel", "platform", "campaign")}
    numbers = {name: getattr(settings, name) for name in ("spend", "conversions", "value")}
    wanted = {name: column for name, column in (named | numbers).items() if column is not None}
    table = read_file(base / settings.source, settings.csv, f"{_KEY}.source", list(wanted.values()))
    problems = Problems(table.source)
    check_columns(table, list(wanted.items()), problems)
    problems.stop_if_any()
    out = pd.DataFrame(index=range(len(table.frame)))
    written = DateOptions(settings.date_format, settings.week_label)
    out["date"], _ = parse_dates(table.frame[settings.date], written, table.where, settings.date, problems)
    for name in ("channel", "platform", "campaign"):
        column = named[name]
        out[name] = "" if column is None else table.frame[column].astype(str).str.strip().to_numpy()
    found = [column for column in numbers.values() if column is not None]
    reader = NumberColumns.of(table.frame, found, _Written(settings.csv, currency), table.where, problems)
    for name, column in numbers.items():
        out[name] = np.nan if column is None else reader.read(column, money=name != "conversions").values
    _check(out, table, channels, problems)
    problems.stop_if_any()
    return out


def _check(out: pd.DataFrame, table: Table, channels: tuple[str, ...], problems: Problems) -> None:
    for name in out["channel"][~out["channel"].isin(channels)].unique()[:5]:
        rows = _rows(out["channel"] == name)
        problems.add(
            f"'{name}' is no channel of this analysis.", suggestion(name, channels), map(table.where, rows), len(rows)
        )
    for name in ("spend", "conversions", "value"):
        rows = _rows(out[name] < 0)
        if rows:
            problems.add(f"Negative {name}.", "Correct them.", map(table.where, rows), len(rows))


def _rows(where: "pd.Series[bool]") -> list[int]:
    return [int(row) for row in np.flatnonzero(where)]


def campaigns(content: Content, reported: pd.DataFrame, seen: int) -> list[Campaign]:
    """Campaigns in the periods of the plan that are over, the largest spend first, at most 200 of them."""
    first = pd.Timestamp(content.dates[0])
    last = first + pd.Timedelta(days=seen * content.days)
    part = reported[(reported["date"] >= first) & (reported["date"] < last)]
    rows = []
    for (channel, platform, campaign), group in part.groupby(["channel", "platform", "campaign"], sort=True):
        months = group.groupby(group["date"].dt.strftime("%Y-%m"))["spend"].sum(min_count=1).dropna()
        rows.append(
            Campaign(
                channel=str(channel),
                platform=str(platform),
                campaign=str(campaign),
                spent=_sum(group["spend"]),
                conversions=_sum(group["conversions"]),
                value=_sum(group["value"]),
                months={str(month): float(money) for month, money in months.items()},
            )
        )
    rows.sort(key=lambda row: -(row.spent or 0.0))
    return rows[:_MOST_CAMPAIGNS]


def _sum(column: "pd.Series[float]") -> float | None:
    known = column.dropna()
    return float(known.sum()) if len(known) else None
