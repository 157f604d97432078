"""Snapchat's MMM report: a fixed set of columns, spend in the account's currency and not in millionths."""

from mmm.data.exports.record import Amount, Reader

RECORD = Reader(
    title="Snapchat MMM report",
    source="developers.snap.com/marketing-api/Ads-API/MMM-API/report-schema; no real file was found",
    needs=(("date_start",), ("ad_squad_name", "ad_squad_id"), ("spend",)),
    date=("date_start",),
    end=("date_end",),
    labels={
        "campaign": ("campaign_name",),
        "objective": ("campaign_objective",),
        "ad_squad": ("ad_squad_name",),
        "account": ("ad_account_name",),
    },
    amounts={
        "spend": Amount(("spend",), money=True),
        "impressions": Amount(("impressions_paid", "impressions_total")),
        "clicks": Amount(("clicks",)),
    },
    currency=("currency",),
    channel="snapchat",
    splits="objective",
)
