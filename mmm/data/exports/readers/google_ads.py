"""Google Ads: a report or a table of campaigns, downloaded as CSV, as CSV for Excel (UTF-16, tabs) or XLSX."""

from mmm.data.exports.record import Amount, Reader

RECORD = Reader(
    title="Google Ads",
    source="support.google.com/google-ads: download reports; files of public repositories",
    needs=(
        ("campaign", "campagne", "kampagne", "campa\u00f1a"),
        ("cost", "co\u00fbt", "kosten", "coste", "costo"),
        ("day", "week", "month", "jour", "semaine", "tag", "woche", "d\u00eda", "semana", "date"),
        ("impr.", "impressions", "clicks", "clics", "klicks", "currency code", "campaign type", "campaign id",
         "code de devise", "w\u00e4hrungscode", "type de campagne", "kampagnentyp"),
    ),
    date=("day", "date", "jour", "tag", "d\u00eda", "week", "semaine", "woche", "semana", "month", "mois", "monat"),
    labels={
        "campaign": ("campaign", "campagne", "kampagne", "campa\u00f1a"),
        "campaign_type": ("campaign type", "type de campagne", "kampagnentyp", "advertising channel type"),
        "ad_group": ("ad group", "groupe d'annonces", "anzeigengruppe"),
        "network": ("network", "network (with search partners)", "r\u00e9seau", "werbenetzwerk"),
        "account": ("account", "account name", "compte", "konto"),
    },
    amounts={
        "spend": Amount(("cost", "co\u00fbt", "kosten", "coste", "costo"), money=True),
        "impressions": Amount(("impr.", "impressions", "impressionen", "impresiones")),
        "clicks": Amount(("clicks", "clics", "klicks")),
    },
    currency=("currency code", "currency", "code de devise", "code de la devise", "w\u00e4hrungscode",
              "c\u00f3digo de moneda"),
    totals=("total", "totals", "gesamt", "grand total", "total ", "summe"),
    channel="google_ads",
    splits="campaign_type",
)  # fmt: skip
