"""Microsoft Advertising: reports of its service or its web page, with lines above the header and a copyright below."""

from mmm.data.exports.record import Amount, Reader

RECORD = Reader(
    title="Microsoft Advertising",
    source="learn.microsoft.com/advertising: ReportRequest, ReportAggregation, column names of reports",
    needs=(
        ("timeperiod", "time period", "gregorian date", "gregoriandate", "day", "week", "date"),
        ("campaignname", "campaign name", "campaign"),
        ("spend",),
        ("impressions", "clicks", "currencycode", "currency code"),
        ("accountname", "account name", "accountnumber", "account number", "currencycode", "currency code",
         "campaignid", "campaign id", "timeperiod", "gregorian date", "gregoriandate"),
    ),
    date=("gregorian date", "gregoriandate", "timeperiod", "time period", "day", "date", "week"),
    labels={
        "campaign": ("campaignname", "campaign name", "campaign"),
        "campaign_type": ("campaigntype", "campaign type"),
        "account": ("accountname", "account name"),
        "network": ("network", "ad distribution", "addistribution"),
    },
    amounts={
        "spend": Amount(("spend",), money=True),
        "impressions": Amount(("impressions",)),
        "clicks": Amount(("clicks",)),
    },
    currency=("currencycode", "currency code"),
    month_first=True,
    channel="microsoft_ads",
    splits="campaign_type",
)  # fmt: skip
