"""data.sources: platforms' files recognised by their content, summed to one calendar, every cent accounted for."""

import datetime as dt
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import layouts
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mmm.cli import app
from mmm.data.exports.assemble import Assembled
from mmm.data.exports.header import recognised
from mmm.data.exports.record import READERS
from mmm.data.exports.rows import rows_of
from mmm.data.exports.settings import SourceSettings
from mmm.data.load import joined, load
from mmm.errors import DataError
from mmm.settings import settings_from

SALES: dict[str, Any] = {"file": "sales.csv", "kind": "table", "date": "day", "columns": {"revenue": "revenue"}}


def document(*sources: dict[str, Any], **more: Any) -> dict[str, Any]:
    channels = more.pop("channels", {"ads": "ads_spend"})
    data = {"sources": [SALES, *sources], "currency": "EUR", "target": {"column": "revenue"}, "channels": channels}
    return {"name": "a", "data": data | more}


def assembled(folder: Path, *sources: dict[str, Any], **more: Any) -> Assembled:
    layouts.sales(folder)
    return joined(settings_from(document(*sources, **more)).data, folder)


def refused(folder: Path, *sources: dict[str, Any], **more: Any) -> str:
    with pytest.raises(DataError) as error:
        assembled(folder, *sources, **more)
    return str(error.value)


SPENT: dict[str, tuple[Callable[[Path], Path], float, str]] = {
    "google_ads": (layouts.google_ads, 21 * 1000.5, "google_ads"),
    "google_ads, for Excel": (lambda folder: layouts.google_ads(folder, excel=True), 21 * 1000.5, "google_ads"),
    "google_ads, German": (layouts.google_ads_german, 21 * 1000.5, "google_ads"),
    "google_ads_api": (layouts.google_ads_api, 21 * 12.5, "google_ads_api"),
    "meta_ads": (layouts.meta_ads, 21 * 20.0, "meta_ads"),
    "microsoft_ads": (layouts.microsoft_ads, 21 * 7.5, "microsoft_ads"),
    "linkedin_ads": (layouts.linkedin_ads, 21 * 30.0, "linkedin_ads"),
    "tiktok_ads": (layouts.tiktok_ads, 21 * 11.0, "tiktok_ads"),
    "amazon_ads": (layouts.amazon_ads, 21 * 4.25, "amazon_ads"),
    "snapchat_ads": (layouts.snapchat_ads, 21 * 9.0, "snapchat_ads"),
}


@pytest.mark.parametrize("name", SPENT)
def test_platforms_are_recognised_and_their_totals_are_not_counted_again(name: str, tmp_path: Path) -> None:
    made, spent, kind = SPENT[name]
    path = made(tmp_path)
    rows = rows_of(path, SourceSettings(file=path.name))
    assert rows.kind == kind
    found = assembled(tmp_path, {"file": path.name})
    channel = READERS[kind].channel
    weekly = found.table.frame[f"{channel}_spend"].to_numpy()
    assert weekly == pytest.approx([spent / 3] * 3)
    assert found.lines[1].taken == {channel: pytest.approx(spent)}


def test_every_reader_has_a_file_here_that_no_other_takes(tmp_path: Path) -> None:
    seen = set()
    for name in READERS:
        path = getattr(layouts, name)(tmp_path)
        rows = rows_of(path, SourceSettings(file=path.name))
        assert rows.kind == name
        seen.add(name)
    assert len(seen) >= 13


def test_channels_by_rules_the_first_that_matches_and_nothing_without_a_rule(tmp_path: Path) -> None:
    layouts.google_ads(tmp_path)
    rules = {"brand": "Brand*", "pmax": {"campaign_type": ["Performance*", "Smart"]}}
    found = assembled(tmp_path, {"file": "google.csv", "channels": rules})
    assert found.table.frame["brand_spend"].sum() == pytest.approx(21 * 1000.5)
    assert found.table.frame["pmax_impressions"].sum() == 0
    message = refused(tmp_path, {"file": "google.csv", "channels": {"pmax": {"campaign_type": "Performance*"}}})
    assert "21 rows (21,010.50 of spend) match no rule" in message
    assert "Brand, all: 21,010.50" in message
    left = {"file": "google.csv", "channels": {"pmax": "PMax*"}, "leave_out": ["Brand*"]}
    assert assembled(tmp_path, left).lines[1].left_out == pytest.approx(21 * 1000.5)
    message = refused(tmp_path, {"file": "google.csv", "channels": {"a": {"campagin_type": "x"}}})
    assert "no 'campagin_type'" in message
    assert "Did you mean 'campaign_type'" in message


def test_money_of_another_currency_by_dated_rates(tmp_path: Path) -> None:
    layouts.meta_ads(tmp_path, "USD")
    message = refused(tmp_path, {"file": "meta.csv"})
    assert "21 rows are in USD, and data.currency is EUR" in message
    rates = {"USD": {"2024-01-01": 0.5, "2024-01-08": 0.25}}
    found = assembled(tmp_path, {"file": "meta.csv"}, rates=rates)
    assert found.table.frame["meta_spend"].tolist() == [70.0, 35.0, 35.0]
    assert found.lines[1].money == {"USD": 420.0}
    message = refused(tmp_path, {"file": "meta.csv"}, rates={"USD": {"2024-01-03": 0.5}})
    assert "2 rows in USD lie before the first rate" in message


def test_an_outcome_of_another_currency_by_dated_rates(tmp_path: Path) -> None:
    orders = layouts.shopify_orders(tmp_path)
    orders.write_text(orders.read_text(encoding="utf-8").replace("EUR", "USD"), encoding="utf-8")
    layouts.meta_ads(tmp_path)
    made = document(
        {"file": "meta.csv"}, {"file": "orders.csv"}, rates={"USD": {"2024-01-01": 0.5, "2024-01-08": 0.25}}
    )
    made["data"]["sources"] = made["data"]["sources"][1:]
    found = joined(settings_from(made).data, tmp_path)
    # 50 a day and another 50 on the first one; counts have no currency.
    assert found.table.frame["revenue"].tolist() == [0.5 * 400, 0.25 * 350, 0.25 * 350]
    assert found.table.frame["orders"].tolist() == [8.0, 7.0, 7.0]


def test_weeks_of_another_weekday_are_refused_with_both_or_split_by_days(tmp_path: Path) -> None:
    layouts.google_trends(tmp_path)
    message = refused(tmp_path, {"file": "trends.csv"}, calendar={"starts": "monday"})
    assert "weeks that begin on a Sunday, and the panel's weeks begin on a Monday" in message
    found = assembled(tmp_path, {"file": "trends.csv", "split": "days"})
    # Six days of one week and the Sunday of the next.
    assert found.table.frame["trends_my_brand"].tolist() == pytest.approx([41.0, 48.0, 55.0])
    assert found.table.frame["trends_shoes"].tolist() == [0.5, 0.5, 0.5]
    layouts.lines(tmp_path / "w.csv", ["week,tv", *(f"2024-01-{d:02d},70" for d in (3, 10, 17))])
    weeks = {"file": "w.csv", "kind": "table", "date": "week", "columns": {"tv": "tv"}}
    message = refused(tmp_path, weeks, {"file": "trends.csv"})
    assert "w.csv on Wednesdays, trends.csv on Sundays" in message


def test_a_panel_by_day(tmp_path: Path) -> None:
    layouts.linkedin_ads(tmp_path)
    found = assembled(tmp_path, {"file": "linkedin.csv"}, calendar={"period": "day"})
    assert found.table.frame["linkedin_spend"].tolist() == [30.0] * 21


def test_an_orders_export_is_an_outcome_of_sales_less_refunds(tmp_path: Path) -> None:
    layouts.shopify_orders(tmp_path)
    rows = rows_of(tmp_path / "orders.csv", SourceSettings(file="orders.csv"))
    assert rows.amounts["revenue"].sum() == 21 * 50 + 50
    assert rows.amounts["orders"].sum() == 22
    assert rows.dropped == {"further line items": 21, "cancelled, voided or refunded orders": 2}
    assert str(rows.start[0])[:10] == "2024-01-01"


def test_analytics_by_the_number_of_the_day_and_purchases_once(tmp_path: Path) -> None:
    layouts.ga4_report(tmp_path)
    rows = rows_of(tmp_path / "ga4.csv", SourceSettings(file="ga4.csv"))
    assert (str(rows.start.min())[:10], str(rows.start.max())[:10]) == ("2024-01-01", "2024-01-21")
    assert rows.amounts["sessions"].sum() == 630
    layouts.ga4_bigquery(tmp_path)
    rows = rows_of(tmp_path / "ga4_events.csv", SourceSettings(file="ga4_events.csv"))
    assert rows.amounts["revenue"].sum() == 21 * 25
    assert rows.dropped == {"events that are no purchase": 21, "purchases sent twice": 21}


def test_query_volume_takes_the_country_alone(tmp_path: Path) -> None:
    layouts.google_query_volume(tmp_path)
    found = assembled(tmp_path, {"file": "gqv.csv", "split": "days"})
    assert found.table.frame["query_volume_brand"].tolist() == pytest.approx([0.7] * 3)
    assert found.table.frame["query_volume_generic"].tolist() == pytest.approx([1.4] * 3)


def test_what_is_not_told_of_is_refused_or_stated(tmp_path: Path) -> None:
    path = layouts.tiktok_ads(tmp_path)
    short = path.read_text().splitlines()
    layouts.lines(path, [short[0], *short[8:-1]])
    message = refused(tmp_path, {"file": "tiktok.csv"})
    assert "It tells of 2024-01-08 to 2024-01-21, and the panel is of 2024-01-01 to 2024-01-21" in message
    found = assembled(tmp_path, {"file": "tiktok.csv", "outside": "zero"})
    assert found.table.frame["tiktok_spend"].tolist() == [0.0, 77.0, 77.0]
    layouts.sales(tmp_path)
    text = (tmp_path / "sales.csv").read_text().splitlines()
    layouts.lines(tmp_path / "sales.csv", text[:5] + text[6:])
    with pytest.raises(DataError, match=r"2024-01-01: 6 of 7 days"):
        joined(settings_from(document({"file": "tiktok.csv", "outside": "zero"})).data, tmp_path)


def test_rows_of_a_month_and_files_that_overlap_are_refused(tmp_path: Path) -> None:
    layouts.lines(
        tmp_path / "m.csv",
        ["Reporting starts,Reporting ends,Campaign name,Amount spent (EUR)", "2024-01-01,2024-01-31,A,100"],
    )
    assert "1 rows span more than a week" in refused(tmp_path, {"file": "m.csv"})
    layouts.tiktok_ads(tmp_path).rename(tmp_path / "t1.csv")
    layouts.tiktok_ads(tmp_path).rename(tmp_path / "t2.csv")
    assert "they would count twice" in refused(tmp_path, {"file": "t?.csv"})


def test_days_before_the_first_whole_week_are_told_and_not_lost(tmp_path: Path) -> None:
    layouts.tiktok_ads(tmp_path)
    found = assembled(tmp_path, {"file": "tiktok.csv"}, calendar={"starts": "thursday"})
    line = found.lines[1]
    assert (line.taken["tiktok"], line.outside) == (pytest.approx(14 * 11.0), pytest.approx(7 * 11.0))
    assert "spend 77.00 outside the panel's days" in line.sentence("EUR")


def test_the_panel_is_read_and_its_notes_tell_of_each_file(tmp_path: Path) -> None:
    layouts.sales(tmp_path)
    layouts.google_ads(tmp_path)
    columns = {"revenue": "revenue", "price": {"column": "price", "over_time": "mean"}}
    sources = [SALES | {"columns": columns}, {"file": "google.csv"}]
    given = document(channels={"google": {"spend": "google_ads_spend", "media": "google_ads_impressions"}})
    given["data"] |= {"sources": sources, "controls": ["price"]}
    dataset = load(settings_from(given).data, tmp_path)
    assert dataset.data["spend"].values.ravel() == pytest.approx([7003.5] * 3)
    assert np.isclose(dataset.data["control"].values.ravel(), [10 + 3 / 7, 10 + 4 / 7, 10 + 3 / 7]).all()
    assert any(
        "google.csv (Google Ads): 42 rows" in note and "left out: rows of totals (2)" in note for note in dataset.notes
    )


def test_a_campaign_called_total_is_a_campaign(tmp_path: Path) -> None:
    text = ["By Day,Campaign name,Cost,Impressions,Clicks (destination)"]
    text += [f"{d},{name},5.00,1,1" for d in layouts.DAYS for name in ("Total Wine", "Spark")]
    layouts.lines(tmp_path / "t.csv", text)
    assert assembled(tmp_path, {"file": "t.csv"}).table.frame["tiktok_spend"].sum() == 210.0


def test_a_file_of_nobody_needs_its_columns_named(tmp_path: Path) -> None:
    layouts.lines(tmp_path / "x.csv", ["when,money", *(f"{d},1" for d in layouts.DAYS)])
    assert "It is of no platform that is known" in refused(tmp_path, {"file": "x.csv"})
    assert recognised(["when", "money"], []) is None
    assert "no header of Google Ads" in refused(tmp_path, {"file": "x.csv", "kind": "google_ads"})


def test_a_file_without_rows_says_what_it_has_instead(tmp_path: Path) -> None:
    header = "By Day,Campaign name,Cost,Impressions,Clicks (destination),Currency"
    layouts.lines(tmp_path / "none.csv", [header])
    message = refused(tmp_path, {"file": "none.csv"})
    assert "It has the header of TikTok Ads Manager, and no rows below it." in message
    assert "or leave it out" in message
    layouts.lines(tmp_path / "total.csv", [header, "Total of 0 results,-,0.00,0,0,EUR"])
    message = refused(tmp_path, {"file": "total.csv"})
    assert "It has the header of TikTok Ads Manager, and only 1 " in message
    assert "a filter left everything out" in message
    layouts.lines(tmp_path / "nobody.csv", ["Report", "", "when,money,shop"])
    assert "nobody.csv has a header in line 3 (when, money, shop), and no rows below it" in refused(
        tmp_path, {"file": "nobody.csv"}
    )
    (tmp_path / "empty.csv").write_text("\n")
    assert "is empty. Export it again" in refused(tmp_path, {"file": "empty.csv"})


def test_settings_take_one_origin_alone(tmp_path: Path) -> None:
    given = document()
    given["data"]["source"] = "sales.csv"
    with pytest.raises(Exception, match="give source, one table, or sources"):
        settings_from(given)
    assert dt.date(2024, 1, 1) == layouts.DAYS[0]


@pytest.mark.parametrize(("last", "told"), [(14, True), (0, False)], ids=["still running", "had ended"])
def test_an_export_that_ends_while_money_runs_is_told(tmp_path: Path, last: int, told: bool) -> None:
    """Seven of 21 days are missing at the end; where the days before them hold no money, the campaign had ended."""
    path = layouts.tiktok_ads(tmp_path)
    rows = path.read_text().splitlines()
    kept = rows[: 1 + 14]
    if not last:
        kept = [*kept[:8], *(row.replace(",11.00,", ",0.00,") for row in kept[8:])]
    layouts.lines(path, kept)
    notes = assembled(tmp_path, {"file": "tiktok.csv", "outside": "zero"}).notes
    assert [note.startswith("tiktok.csv ends on 2024-01-14 at ") for note in notes] == [True] * told


def test_the_account_is_printed_once(tmp_path: Path) -> None:
    layouts.tiktok_ads(tmp_path)
    layouts.sales(tmp_path)
    settings = document({"file": "tiktok.csv"}, channels={"tiktok": "tiktok_spend"})
    settings |= {"plan": {"horizon": "1 week"}, "model": {"lookback": "1 week"}, "gate": {"holdout": None}}
    (tmp_path / "shop.yaml").write_text(json.dumps(settings), encoding="utf-8")
    shown = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["check", str(tmp_path / "shop.yaml")]).stdout
    assert "Files and what the panel took of them" in shown
    assert shown.count("tiktok.csv") == 1


@pytest.mark.parametrize("first", ["Mese", "\u0422\u0438\u0436\u0434\u0435\u043d\u044c", "\u5468"])
def test_trends_are_known_in_every_language(tmp_path: Path, first: str) -> None:
    text = ["Categoria: Tutte", "", f'{first},"""A"": (Italia)",C: (Italia),C++: (Italia)']
    weekly = [*text, "2024-01-07,1,2,3", "2024-01-14,<1,2,3"]
    layouts.lines(tmp_path / "trends.csv", weekly)
    rows = rows_of(tmp_path / "trends.csv", SourceSettings(file="trends.csv"))
    assert (rows.kind, rows.days.tolist()) == ("google_trends", [7, 7])
    assert {name: values.sum() for name, values in rows.amounts.items()} == {
        "trends_a": 1.5,
        "trends_c": 4,
        "trends_c_2": 6,
    }
    layouts.lines(tmp_path / "trends.csv", [*text, "2024-01,1,2,3", "2024-02,1,2,3"])
    with pytest.raises(DataError, match="Its rows are months"):
        rows_of(tmp_path / "trends.csv", SourceSettings(file="trends.csv"))


def test_a_report_of_the_whole_span_is_named(tmp_path: Path) -> None:
    text = ["Campaign report", "All time", "Campaign,Campaign type,Currency code,Cost,Impr.,Clicks"]
    layouts.lines(tmp_path / "google.csv", [*text, "Brand,Search,EUR,10.00,100,5", "Shoes,Smart,EUR,20.00,100,5"])
    with pytest.raises(DataError, match=r"looks like Google Ads without a column of days.*broken down by day"):
        rows_of(tmp_path / "google.csv", SourceSettings(file="google.csv"))


def test_a_workbook_that_says_its_cells_are_one_is_read_whole(tmp_path: Path) -> None:
    """As Amazon's reports do; a reader that believes it sees the first column of the first row."""
    frame = pd.DataFrame({"Date": pd.date_range("2024-01-01", periods=9), "Campaign Name": "A", "Portfolio name": "P"})
    frame.assign(Spend=2.5).to_excel(tmp_path / "right.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "right.xlsx") as old, zipfile.ZipFile(tmp_path / "amazon.xlsx", "w") as new:
        for part in old.namelist():
            content = old.read(part)
            if part.startswith("xl/worksheets/"):
                content, count = re.subn(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', content)
                assert count == 1
            new.writestr(part, content)
    rows = rows_of(tmp_path / "amazon.xlsx", SourceSettings(file="amazon.xlsx"))
    assert (rows.kind, rows.start.size, rows.amounts["spend"].sum()) == ("amazon_ads", 9, 22.5)


def test_every_fact_of_the_table_names_its_source_and_most_a_real_file() -> None:
    page = (Path(__file__).parents[3] / "docs/sources.md").read_text(encoding="utf-8")
    legend = dict(re.findall(r"^\| ([A-Z]) \| .*?([0-9a-f]{7})\b", page, re.MULTILINE))
    facts = re.findall(r"^\| ([a-z0-9_]+) \| .* \| ([^|]+) \|$", page.split("## What the file says")[1], re.MULTILINE)
    facts = [(reader, source) for reader, source in facts if reader != "reader"]
    assert {reader for reader, _ in facts} == {*READERS, "table"}
    real = [source for _, source in facts if set(source.removesuffix(", parsers").split(", ")) <= set(legend)]
    assert f"{len(real)} of {len(facts)} rows rest on real exports" in page
    assert len(real) >= 40
