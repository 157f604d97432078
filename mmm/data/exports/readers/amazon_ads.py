"""Amazon Ads: reports of sponsored products, brands and display from the console, by day."""

import re
from dataclasses import replace

from mmm.data.exports.record import Amount, Raw, Reader

_RUPEES = re.compile(r"^Rs\.\s*")


def _without_rupees(raw: Raw) -> Raw:
    """'Rs.201.68' as the console of India writes it."""
    frame = raw.frame
    for column in frame.columns.intersection(["spend", "cost"]):
        frame[column] = [_RUPEES.sub("", cell.strip()) if isinstance(cell, str) else cell for cell in frame[column]]
    return replace(raw, frame=frame)


RECORD = Reader(
    title="Amazon Ads",
    source="umairnsr87/amazon_product_optimiztion on GitHub; advertising.amazon.com/help: reports",
    needs=(
        ("date",),
        ("campaign name",),
        ("spend", "cost"),
        ("7 day total sales", "14 day total sales", "total advertising cost of sales (acos)", "7 day total orders (#)",
         "14 day total orders (#)", "portfolio name", "advertised asin",
         "7 day total sales ($)", "14 day total sales ($)"),
    ),
    date=("date",),  # "Start Date" and "End Date" beside it are those of the campaign.
    labels={
        "campaign": ("campaign name",),
        "portfolio": ("portfolio name",),
        "targeting": ("targeting type",),
        "account": ("retailer", "country"),
    },
    amounts={
        "spend": Amount(("spend", "cost"), money=True),
        "impressions": Amount(("impressions",)),
        "clicks": Amount(("clicks",)),
    },
    currency=("currency",),
    channel="amazon_ads",
    splits="portfolio",
    prepare=_without_rupees,
)  # fmt: skip
