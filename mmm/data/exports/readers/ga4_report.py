"""Google Analytics 4: reports and explorations downloaded as CSV, with lines that begin with '#' above the header."""

from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from mmm.data.exports.record import Amount, Raw, Reader

_STARTS = "start date:"


def _dated(raw: Raw) -> Raw:
    """Reports number their days from 0 in 'Nth day'; the line '# Start date: 20240101' says when that was."""
    frame = raw.frame
    if "nth day" not in frame.columns or "date" in frame.columns:
        return raw
    said = next((line for line in raw.preamble if _STARTS in line.casefold()), "")
    digits = "".join(c for c in said if c.isdigit())
    if len(digits) != 8:
        return raw
    first = datetime.strptime(digits, "%Y%m%d")  # noqa: DTZ007 - a day of the data has no zone
    days = pd.to_numeric(frame["nth day"], errors="coerce")
    cells = [f"{first + timedelta(days=int(n)):%Y-%m-%d}" if n == n else "" for n in days]
    return replace(raw, frame=frame.drop(columns="nth day").assign(date=cells))


RECORD = Reader(
    title="Google Analytics 4, report",
    source="support.google.com/analytics: export; files of public repositories",
    needs=(
        ("date", "nth day"),
        ("sessions", "total revenue", "active users", "total users", "new users", "purchases", "purchase revenue",
         "ecommerce purchases", "transactions", "key events", "event count"),
    ),
    date=("date", "nth day"),
    labels={
        "channel_group": ("session default channel group", "default channel group",
                          "session primary channel group (default channel group)"),
        "source_medium": ("session source / medium", "source / medium"),
    },
    amounts={
        "revenue": Amount(("total revenue", "purchase revenue"), money=True),
        "purchases": Amount(("ecommerce purchases", "purchases", "transactions")),
        "sessions": Amount(("sessions",)),
        "key_events": Amount(("key events", "conversions")),
    },
    currency=("currency",),
    gives="panel",
    prepare=_dated,
)  # fmt: skip
