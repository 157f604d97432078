"""LinkedIn Campaign Manager: performance reports, with lines above the header; UTF-16 with tabs, or CSV."""

from mmm.data.exports.record import Amount, Reader

RECORD = Reader(
    title="LinkedIn Campaign Manager",
    source="files of public repositories; linkedin.com/help/lms: export reports",
    needs=(
        ("start date (in utc)", "start date"),
        ("total spent",),
        ("campaign name", "campaign group name", "account name"),
    ),
    date=("start date (in utc)", "start date"),
    end=("end date (in utc)", "end date"),
    labels={
        "campaign": ("campaign name",),
        "campaign_group": ("campaign group name",),
        "objective": ("campaign objective",),
        "account": ("account name",),
    },
    amounts={
        "spend": Amount(("total spent",), money=True),
        "impressions": Amount(("impressions",)),
        "clicks": Amount(("clicks",)),
    },
    currency=("currency",),
    month_first=True,
    channel="linkedin",
    splits="campaign_group",
)
