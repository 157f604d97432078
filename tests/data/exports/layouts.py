"""Small invented files in the layouts of platforms' exports: three weeks from Monday, 1 January 2024."""

import datetime as dt
from pathlib import Path

DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(21)]


def lines(path: Path, text: list[str], encoding: str = "utf-8") -> Path:
    path.write_bytes(("\r\n".join(text) + "\r\n").encode(encoding))
    return path


def sales(folder: Path) -> Path:
    return lines(
        folder / "sales.csv", ["day,revenue,price", *(f"{d},{1000 + i},{10 + i % 2}" for i, d in enumerate(DAYS))]
    )


def google_ads(folder: Path, *, excel: bool = False) -> Path:
    """Title, span and header; ' --' for nothing, '< 10%' for small shares; rows of totals. For Excel: UTF-16, tabs."""
    text = ["Campaign report", '"January 1, 2024 - January 21, 2024"']
    text.append("Day,Campaign,Campaign type,Currency code,Cost,Impr.,Clicks,Search impr. share")
    for d in DAYS:
        text.append(f'{d},"Brand, all",Search,EUR,"1,000.50","20,000",40,< 10%')
        text.append(f"{d},PMax | shoes,Performance Max,EUR, --, --, --, --")
    text += [f'Total: {what}, --, --,EUR,"21,010.50","420,000",840, --' for what in ("Account", "Campaigns")]
    if not excel:
        return lines(folder / "google.csv", text)
    tabs = [line.replace('"1,000.50"', "1\v000.50").replace(",", "\t").replace("\v", ",") for line in text]
    tabs = [line.replace('"20\t000"', '"20,000"').replace('"Brand\t all"', '"Brand, all"') for line in tabs]
    tabs = [line.replace('"21\t010.50"', '"21,010.50"').replace('"420\t000"', '"420,000"') for line in tabs]
    return lines(
        folder / "google_excel.csv", ["Campaign report", "January 1, 2024 - January 21, 2024", *tabs[2:]], "utf-16"
    )


def google_ads_german(folder: Path) -> Path:
    text = ["Kampagnenbericht", "Tag;Kampagne;Kampagnentyp;W\u00e4hrungscode;Kosten;Impressionen;Klicks"]
    text += [f"{d:%d.%m.%Y};Marke;Suche;EUR;1.000,50;20.000;40" for d in DAYS]
    return lines(folder / "google_de.csv", [*text, "Gesamt: Konto; --; --;EUR;21.010,50;420.000;840"], "cp1252")


def meta_ads(folder: Path, code: str = "EUR") -> Path:
    """The currency in the header, a row that sums up all others first, a setting of attribution beside."""
    text = [
        (
            "Reporting starts,Reporting ends,Campaign name,Attribution setting,"
            f"Amount spent ({code}),Impressions,Link clicks"
        )
    ]
    text.append(f"{DAYS[0]},{DAYS[-1]},,,420.00,42000,210")
    text += [f"{d},{d},Prospecting,7-day click or 1-day view,20.00,2000,10" for d in DAYS]
    return lines(folder / "meta.csv", text)


def microsoft_ads(folder: Path) -> Path:
    text = ['"Report Name: Campaigns"', '"Report Time: 1/1/2024,1/21/2024"', '"Rows: 21"', ""]
    text.append('"TimePeriod","AccountName","CampaignName","CurrencyCode","Impressions","Clicks","Spend"')
    text += [f'"{d.month}/{d.day}/{d.year}","Shop","Brand","EUR","100","5","7.50"' for d in DAYS]
    return lines(folder / "microsoft.csv", [*text, "", '"\u00a92024 Microsoft Corporation. All rights reserved. "'])


def linkedin_ads(folder: Path) -> Path:
    """Title lines, UTF-16 with tabs, the month first in days that could be read both ways."""
    text = ["Campaign Performance Report (in UTC)", "Report Start: 01/01/2024, Report End: 01/21/2024", ""]
    text.append(
        "Start Date (in UTC)\tAccount Name\tCampaign Group Name\tCampaign Name\t"
        "Currency\tTotal Spent\tImpressions\tClicks"
    )
    text += [f"{d.month}/{d.day}/{d.year}\tShop\tB2B\tLeads\tEUR\t30.00\t300\t3" for d in DAYS]
    return lines(folder / "linkedin.csv", text, "utf-16")


def tiktok_ads(folder: Path) -> Path:
    text = ["By Day,Campaign name,Cost,Impressions,Clicks (destination),Currency"]
    text += [f"{d},Spark,11.00,1100,11,EUR" for d in DAYS]
    return lines(folder / "tiktok.csv", [*text, "Total of 21 results,-,231.00,23100,231,EUR"])


def amazon_ads(folder: Path) -> Path:
    """The campaign's own start and empty end beside the day; rupees as the console of India writes them."""
    text = [
        "Date,Start Date,End Date,Portfolio name,Campaign Name,Currency,Impressions,Clicks,Spend,14 Day Total Sales"
    ]
    text += [f'"{d:%b %d, %Y}","Nov 24, 2023",,Shoes,SP auto,EUR,500,5,Rs.4.25,"Rs.1,040.00"' for d in DAYS]
    return lines(folder / "amazon.csv", text)


def google_trends(folder: Path) -> Path:
    """Weeks from Sunday, '<1' for little."""
    sundays = [dt.date(2023, 12, 31) + dt.timedelta(days=7 * i) for i in range(4)]
    text = ["Category: All categories", "", "Week,my brand: (Germany),shoes: (Germany)"]
    return lines(folder / "trends.csv", [*text, *(f"{d},{40 + 7 * i},<1" for i, d in enumerate(sundays))])


def shopify_orders(folder: Path) -> Path:
    text = [
        (
            "Name,Email,Financial Status,Paid at,Currency,Total,Refunded Amount,Cancelled at,Created at,"
            "Lineitem quantity,Lineitem name"
        )
    ]
    for i, d in enumerate(DAYS):
        text.append(f"#{i}a,x@example.com,paid,{d} 09:00:00 +0100,EUR,50.00,0.00,,{d} 00:30:00 +0100,1,Shoe")
        text.append(f"#{i}a,x@example.com,,,,,,,{d} 00:30:00 +0100,2,Lace")
    text.append(f"#90,x@example.com,partially_refunded,,EUR,80.00,30.00,,{DAYS[0]} 10:00:00 +0100,1,Boot")
    text.append(f"#91,x@example.com,refunded,,EUR,70.00,70.00,,{DAYS[0]} 10:00:00 +0100,1,Boot")
    text.append(f"#92,x@example.com,paid,,EUR,60.00,,{DAYS[1]} 10:00:00 +0100,{DAYS[0]} 10:00:00 +0100,1,Boot")
    return lines(folder / "orders.csv", text)


def ga4_report(folder: Path) -> Path:
    text = [
        "# ----------------------------------------",
        "# Traffic acquisition",
        "# Start date: 20240101",
        "# End date: 20240121",
    ]
    text += ["#", "Nth day,Session default channel group,Sessions,Total revenue"]
    text += [f"{i:04d},{group},{n},{n}.5" for i in range(21) for group, n in (("Direct", 10), ("Paid Search", 20))]
    return lines(folder / "ga4.csv", [*text, "Grand total,,630,640.5"])


def ga4_bigquery(folder: Path) -> Path:
    text = ["event_date,event_name,ecommerce.transaction_id,ecommerce.purchase_revenue"]
    for d in DAYS:
        text += [
            f"{d:%Y%m%d},session_start,,",
            f"{d:%Y%m%d},purchase,t{d.day},25.0",
            f"{d:%Y%m%d},purchase,t{d.day},25.0",
        ]
    return lines(folder / "ga4_events.csv", text)


def google_query_volume(folder: Path) -> Path:
    text = ["QueryLabel,ReportDate,TimeGranularity,GeoCriteriaId,GeoName,GeoType,IndexedQueryVolume"]
    for i in range(4):
        day = dt.date(2023, 12, 31) + dt.timedelta(days=7 * i)
        for label, volume in (("BRAND", 0.7), ("GENERIC", 1.4)):
            text.append(f"{label},{day},WEEKLY_SUNDAY,2276,Germany,COUNTRY,{volume}")
            text.append(f"{label},{day},WEEKLY_SUNDAY,20226,Bavaria,STATE,{volume / 7}")
    return lines(folder / "gqv.csv", text)


def snapchat_ads(folder: Path) -> Path:
    text = [
        "date_start,date_end,ad_account_name,campaign_name,ad_squad_name,impressions_total,impressions_paid,clicks,spend,currency"
    ]
    return lines(folder / "snap.csv", text + [f"{d},{d},Shop,Snap,Squad,900,800,8,9.00,EUR" for d in DAYS])


def google_ads_api(folder: Path) -> Path:
    text = ["segments.date,campaign.name,campaign.advertising_channel_type,metrics.cost_micros,metrics.impressions"]
    return lines(folder / "api.csv", text + [f"{d},Brand,SEARCH,12500000,100" for d in DAYS])
