"""TikTok Ads Manager: reports by day."""

from mmm.data.exports.record import Amount, Reader

RECORD = Reader(
    title="TikTok Ads Manager",
    source="files of public repositories; ads.tiktok.com/help: export reports",
    needs=(
        ("by day", "date", "stat_time_day", "by week"),
        ("campaign name", "campaign_name"),
        ("cost", "total cost", "spend"),
        ("clicks (destination)", "stat_time_day", "by day", "by week", "cpc (destination)"),
    ),
    date=("by day", "date", "stat_time_day", "by week"),
    labels={
        "campaign": ("campaign name", "campaign_name"),
        "ad_group": ("ad group name", "adgroup_name"),
        "objective": ("objective", "advertising objective", "objective_type"),
    },
    amounts={
        "spend": Amount(("cost", "total cost", "spend"), money=True),
        "impressions": Amount(("impressions", "impression")),
        "clicks": Amount(("clicks (destination)", "clicks", "clicks (all)")),
    },
    currency=("currency",),
    channel="tiktok",
    splits="objective",
)
