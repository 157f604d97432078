"""Google Ads as its API, its BigQuery transfer and connectors write it: money in millionths."""

from mmm.data.exports.record import Amount, Reader

RECORD = Reader(
    title="Google Ads (API, BigQuery)",
    source="developers.google.com/google-ads/api/fields: metrics.cost_micros; a unit is 1,000,000 micros",
    needs=(
        ("metrics.cost_micros", "metrics_cost_micros", "cost_micros"),
        ("segments.date", "segments_date", "date", "day"),
    ),
    date=("segments.date", "segments_date", "date", "day", "segments.week", "segments_week"),
    labels={
        "campaign": ("campaign.name", "campaign_name", "campaign"),
        "campaign_type": ("campaign.advertising_channel_type", "campaign_advertising_channel_type"),
    },
    amounts={
        "spend": Amount(("metrics.cost_micros", "metrics_cost_micros", "cost_micros"), money=True, scale=1e-6),
        "impressions": Amount(("metrics.impressions", "metrics_impressions", "impressions")),
        "clicks": Amount(("metrics.clicks", "metrics_clicks", "clicks")),
    },
    currency=("customer.currency_code", "customer_currency_code", "currency_code"),
    channel="google_ads",
    splits="campaign_type",
)
