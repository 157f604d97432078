"""Shopify: the export of orders, a row a line item, of which the first of each order carries its totals."""

from dataclasses import replace

import numpy as np

from mmm.data.cells import texts
from mmm.data.exports.record import Amount, Raw, Reader

_NO_SALE = ("voided", "refunded", "expired")


def _orders(raw: Raw) -> Raw:
    """One row an order, on the shop's day of its creation; cancelled, voided and refunded orders are none."""
    frame, dropped = raw.frame, dict(raw.dropped)
    _, further = texts(frame["total"])
    dropped["further line items"] = int(further.sum())
    frame = frame[~further]
    gone = np.isin([cell.casefold() for cell in texts(frame["financial status"])[0]], _NO_SALE)
    if "cancelled at" in frame.columns:
        gone |= ~texts(frame["cancelled at"])[1]
    dropped["cancelled, voided or refunded orders"] = int(gone.sum())
    frame = frame[~gone]
    day = [str(cell).strip()[:10] for cell in frame["created at"]]
    frame = frame.assign(**{"created at": day, "orders": "1"})
    if "refunded amount" in frame.columns:
        _, blank = texts(frame["refunded amount"])
        frame = frame.assign(**{"refunded amount": np.where(blank, "0", frame["refunded amount"])})
    return replace(raw, frame=frame.reset_index(drop=True), dropped={k: n for k, n in dropped.items() if n})


RECORD = Reader(
    title="Shopify, orders",
    source="help.shopify.com: exporting orders; files of public repositories",
    needs=(
        ("created at",),
        ("financial status",),
        ("total",),
        ("lineitem name", "lineitem quantity", "lineitem price"),
    ),
    date=("created at",),
    amounts={
        "revenue": Amount(("total",), money=True, less="refunds"),
        "refunds": Amount(("refunded amount",), money=True),
        "orders": Amount(("orders",)),
    },
    currency=("currency",),
    gives="panel",
    prepare=_orders,
)
