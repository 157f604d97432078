"""Tables of a plan by platform: a row a campaign and day or period, under the names that the platform's booking takes.

Money is in whole hundredths, and the rows of a channel in a period add up to what the plan has for it, to the
hundredth: shares of campaigns and days are rounded by the largest remainder.
"""

import datetime as dt
import io
from collections.abc import Iterator

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.errors import RegisterError
from mmm.register.queries import Entry
from mmm.register.record import Content
from mmm.register.settings import TEMPLATES, PlatformSettings
from mmm.suggest import suggestion
from mmm.tables import csv_text, safe_text

_CENTS = 100


def platform_table(entry: Entry, wish: PlatformSettings, mark: str = "") -> pd.DataFrame:
    """The table in the columns of its template, or its own; ``mark`` says that it is a draft, in every row.

    Raises RegisterError for a channel that the plan lacks.
    """
    content = entry.content
    missing = [name for name in wish.channels if name not in content.channels]
    if missing:
        raise RegisterError(
            f"handover.platforms names the channel '{missing[0]}', which plan {entry.id} does not have. "
            f"{suggestion(missing[0], content.channels)}"
        )
    fixed = {"currency": content.currency, "plan": entry.id, "status": mark or entry.state}
    rows = pd.DataFrame([{**row, **fixed} for row in _rows(content, wish)])
    columns = dict(wish.columns) if wish.columns else TEMPLATES[wish.template]
    if not len(rows):
        return pd.DataFrame(columns=list(columns))
    table = pd.DataFrame({name: rows[what] for name, what in columns.items()})
    # No template may hide that a plan is not to be carried out.
    return table.assign(DRAFT=mark) if mark and "status" not in columns.values() else table


def _rows(content: Content, wish: PlatformSettings) -> Iterator[dict[str, object]]:
    length = content.days
    days = 1 if wish.by == "day" else length
    for name in wish.channels:
        money = content.money[..., content.channels.index(name)]  # [h, g]
        geos = list(content.geos) if wish.by_geo else ["all"]
        money = money if wish.by_geo else money.sum(axis=1, keepdims=True)
        campaigns = wish.campaigns.get(name, {name: 1.0})
        shares = np.array(list(campaigns.values()))
        for h, first in enumerate(content.dates):
            for g, geo in enumerate(geos):
                parts = split(float(money[h, g]), np.repeat(shares / shares.sum() * days / length, length // days))
                for k, campaign in enumerate(campaigns):
                    for d in range(length // days):
                        budget = parts[k * (length // days) + d]
                        day = first + dt.timedelta(days=d * days)
                        if budget > 0:
                            yield {
                                "campaign": campaign, "channel": name, "geo": geo, "first_day": day.isoformat(),
                                "last_day": (day + dt.timedelta(days=days - 1)).isoformat(), "days": days,
                                "budget": budget, "daily_budget": round(budget / days, 2),
                            }  # fmt: skip


def split(amount: float, shares: Floats) -> list[float]:
    """An amount in hundredths by shares that add up to one: the parts add up to it, rounded, exactly."""
    total = round(amount * _CENTS)
    exact = shares * total
    whole = np.floor(exact).astype(int)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return [float(part) / _CENTS for part in whole]


def platform_file(table: pd.DataFrame, wish: PlatformSettings) -> str | bytes:
    """The table as CSV or XLSX; texts that a spreadsheet would compute stay texts."""
    if wish.format == "csv":
        return csv_text(table)
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet, money = book.add_worksheet("Budget"), book.add_format({"num_format": "#,##0.00"})
    bold = book.add_format({"bold": True})
    for c, name in enumerate(table.columns):
        sheet.write_string(0, c, safe_text(str(name)), bold)
        for r, value in enumerate(table[name], start=1):
            if isinstance(value, str):
                sheet.write_string(r, c, safe_text(value))
            else:
                sheet.write_number(r, c, float(value), money)
        sheet.set_column(c, c, max(12, min(40, len(str(name)) + 2)))
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()
