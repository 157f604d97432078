"""Google Analytics 4 in BigQuery: rows of events, of which purchases are counted and summed."""

from dataclasses import replace

import numpy as np

from mmm.data.cells import texts
from mmm.data.exports.record import Amount, Raw, Reader


def _purchases(raw: Raw) -> Raw:
    """Purchases alone, each counted once: other events carry no revenue, and the same transaction may be sent twice."""
    frame = raw.frame
    dropped = dict(raw.dropped)
    if "event_name" in frame.columns:
        kept = texts(frame["event_name"])[0] == "purchase"
        dropped["events that are no purchase"] = int((~kept).sum())
        frame = frame[kept]
    key = next(
        (c for c in ("ecommerce.transaction_id", "ecommerce_transaction_id", "transaction_id") if c in frame), None
    )
    if key is not None:
        cells, blank = texts(frame[key])
        known = ~(blank | np.isin(cells, ["(not set)"]))
        again = frame[key].astype(str).duplicated().to_numpy() & known
        dropped["purchases sent twice"] = int(again.sum())
        frame = frame[~again]
    frame = frame.assign(purchases="1").reset_index(drop=True)
    return replace(raw, frame=frame, dropped={reason: n for reason, n in dropped.items() if n})


RECORD = Reader(
    title="Google Analytics 4, BigQuery",
    source="support.google.com/analytics: BigQuery Export schema",
    needs=(
        ("event_date",),
        ("ecommerce.purchase_revenue", "ecommerce_purchase_revenue", "purchase_revenue", "event_value_in_usd",
         "ecommerce.purchase_revenue_in_usd", "ecommerce_purchase_revenue_in_usd"),
    ),
    date=("event_date",),
    amounts={
        "revenue": Amount(
            ("ecommerce.purchase_revenue", "ecommerce_purchase_revenue", "purchase_revenue",
             "ecommerce.purchase_revenue_in_usd", "ecommerce_purchase_revenue_in_usd", "event_value_in_usd"),
            money=True,
        ),
        "purchases": Amount(("purchases",)),
    },
    currency=("currency",),
    gives="panel",
    prepare=_purchases,
)  # fmt: skip
