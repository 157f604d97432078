"""mmm init on several files: sources, channels, calendar, currencies; and the command itself."""

from pathlib import Path
from typing import Any

import layouts
import pytest
from typer.testing import CliRunner

from mmm.cli import app
from mmm.data.load import load
from mmm.errors import DataError
from mmm.settings import settings_from
from mmm.starting.asked import Proposal
from mmm.starting.start import start
from mmm.starting.written import settings_text


def proposed(folder: Path, **answers: str) -> Proposal:
    return start([str(folder)], folder, "analysis", answers)


def panel(found: Proposal, folder: Path) -> Any:
    settings_text(found.document, found.comments, found.notes, found.unused)
    return load(settings_from(found.document).data, folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    layouts.sales(tmp_path)
    layouts.google_ads(tmp_path)
    layouts.linkedin_ads(tmp_path)
    return tmp_path


def test_a_folder_becomes_sources_that_need_no_hand(folder: Path) -> None:
    found = proposed(folder)
    data = found.document["data"]
    assert [(s["kind"], s["file"]) for s in data["sources"]] == [
        ("table", "sales.csv"),
        ("google_ads", "google.csv"),
        ("linkedin_ads", "linkedin.csv"),
    ]
    assert data["sources"][0]["columns"] == {
        "revenue": "revenue",
        "price": {"column": "price", "over_time": "mean"},
    }
    assert data["currency"] == "EUR"
    dataset = panel(found, folder)
    assert dataset.channels == ("google_ads", "linkedin")
    assert dataset.data["spend"].sum("date").values.ravel() == pytest.approx([21 * 1000.5, 21 * 30.0])
    assert dataset.controls == ("price",)


def test_a_note_beside_the_tables_of_a_folder_is_left_out_and_told(folder: Path) -> None:
    layouts.lines(folder / "readme.txt", ["Exports of the agency, ask Anna", "Not before Monday"])
    found = proposed(folder)
    assert [s["file"] for s in found.document["data"]["sources"]] == ["sales.csv", "google.csv", "linkedin.csv"]
    assert "'readme.txt' is no table, and is left out." in found.notes
    assert not any("readme" in note for note in start([str(folder / "*.csv")], folder, "a", {}).notes)
    with pytest.raises(DataError, match=r"readme\.txt"):
        start([str(folder), str(folder / "readme.txt")], folder, "a", {})
    layouts.lines(folder / "empty.csv", [""])
    with pytest.raises(DataError, match=r"empty\.csv is empty"):
        proposed(folder)


def test_a_table_and_a_note_are_one_table(tmp_path: Path) -> None:
    rows = [f"2024-{1 + d // 28:02d}-{1 + d % 28:02d},{100 + d},{d % 9}" for d in range(0, 168, 7)]
    layouts.lines(tmp_path / "shop.csv", ["week,revenue,tv_spend", *rows])
    layouts.lines(tmp_path / "notes.txt", ["Ask Anna"])
    found = proposed(tmp_path)
    assert found.document["data"]["source"] == "shop.csv"
    assert "'notes.txt' is no table, and is left out." in found.notes


def test_files_of_platforms_without_a_reader_are_channels_called_as_the_files(folder: Path) -> None:
    """Both have columns of the same names, which come from two sources where they keep them."""
    for name, spend, more in (("Pinterest 2024", "Spend in account currency", "Pin clicks"), ("reddit", "Cost", "CTR")):
        rows = [f"{day},Promo,{3 + place},{900 + place},{place % 5}" for place, day in enumerate(layouts.DAYS)]
        layouts.lines(folder / f"{name}.csv", [f"Date,Campaign name,{spend},Impressions,{more}", *rows])
    found = proposed(folder)
    channels = found.document["data"]["channels"]
    assert channels["pinterest_2024"] == {
        "spend": "pinterest_2024_spend", "media": "pinterest_2024_impressions", "media_unit": "impressions",
    }  # fmt: skip
    assert channels["reddit"]["spend"] == "reddit_spend"
    dataset = panel(found, folder)
    assert set(dataset.channels) == {"google_ads", "linkedin", "pinterest_2024", "reddit"}
    assert dataset.data["spend"].sel(channel="reddit").sum().item() == sum(3 + place for place in range(21))
    layouts.lines(folder / "tv.csv", ["Date,radio_spend", *(f"{day},{day.day}" for day in layouts.DAYS)])
    assert proposed(folder).document["data"]["channels"]["radio"] == "radio_spend"


def test_campaign_types_with_spend_become_channels(folder: Path) -> None:
    text = (
        (folder / "google.csv")
        .read_text(encoding="utf-8")
        .replace("Performance Max,EUR, --", "Performance Max,EUR,9.5")
    )
    (folder / "google.csv").write_text(text, encoding="utf-8")
    found = proposed(folder)
    assert found.document["data"]["sources"][1]["channels"] == {
        "google_search": {"campaign_type": "Search"},
        "google_performance_max": {"campaign_type": "Performance Max"},
    }
    assert panel(found, folder).channels == ("google_search", "google_performance_max", "linkedin")


def test_weeks_of_one_file_set_the_calendar_and_those_of_another_are_split(folder: Path) -> None:
    layouts.google_trends(folder)
    found = proposed(folder)
    assert found.document["data"]["calendar"] == {"period": "week", "starts": "sunday"}
    assert len(panel(found, folder).dates) == 2
    layouts.lines(folder / "sales.csv", ["week,revenue", *(f"2024-01-{day:02d},{day + 90}" for day in (1, 8, 15))])
    found = proposed(folder)
    assert found.document["data"]["calendar"]["starts"] == "monday"
    assert found.document["data"]["sources"][-1] == {"file": "trends.csv", "kind": "google_trends", "split": "days"}
    assert any("spread evenly over their days" in note for note in found.notes)
    assert panel(found, folder).controls == ("trends_my_brand",)


def test_rates_are_asked_and_never_guessed(folder: Path) -> None:
    layouts.meta_ads(folder, "USD")
    found = proposed(folder)
    assert [q.key for q in found.questions if q.key.startswith("rate")] == ["rate_USD"]
    assert "rates" not in found.document["data"]
    with pytest.raises(DataError, match="21 rows are in USD"):
        panel(found, folder)
    found = proposed(folder, rate_USD="0.5")
    assert float(panel(found, folder).data["spend"].sel(channel="meta").sum()) == 210.0


def test_orders_of_a_shop_are_an_outcome(tmp_path: Path) -> None:
    layouts.shopify_orders(tmp_path)
    layouts.tiktok_ads(tmp_path)
    found = proposed(tmp_path)
    assert found.document["data"]["target"] == {"column": "revenue", "kind": "revenue"}
    assert float(panel(found, tmp_path).data["outcome"].sum()) == 21 * 50 + 50


def test_folders_without_sales_or_with_regions_say_what_is_missing(tmp_path: Path) -> None:
    layouts.tiktok_ads(tmp_path)
    with pytest.raises(DataError, match="No file holds an outcome"):
        proposed(tmp_path)
    rows = [f"{day},{geo},5" for day in layouts.DAYS for geo in ("north", "south")]
    layouts.lines(tmp_path / "sales.csv", ["day,region,revenue", *rows])
    with pytest.raises(DataError, match="a row a region and period"):
        proposed(tmp_path)


def called(*words: str) -> Any:
    return CliRunner().invoke(app, ["init", *words])


def test_the_command_writes_once_and_says_what_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    result = called("sales.csv", "google.csv", "--out", "made.yaml")
    assert result.exit_code == 2
    assert "no terminal to ask in" in result.stderr
    result = called("sales.csv", "google.csv", "--out", "made.yaml", "--yes", "--margin", "0.4")
    assert result.exit_code == 2
    assert "is written, and this is left to do" in result.stderr
    assert "plan.horizon" in result.stderr
    text = Path("made.yaml").read_text(encoding="utf-8")
    assert "margin: 0.4" in text
    assert "# Guessed, so please look:" in text
    result = called("sales.csv", "google.csv", "--out", "made.yaml", "--yes")
    assert result.exit_code == 2
    assert "is there already" in result.stderr


def test_money_of_a_plain_table_in_another_currency_is_never_added_as_it_is(folder: Path) -> None:
    """Found in a folder with a spend table of another country: its dollars were summed with euros."""

    def written(codes: tuple[str, ...]) -> None:
        rows = [f"{day},{3 + i},{codes[i % len(codes)]}" for i, day in enumerate(layouts.DAYS)]
        layouts.lines(folder / "radio.csv", ["Date,radio_spend,Currency", *rows])

    written(("EUR",))
    assert proposed(folder).document["data"]["currency"] == "EUR"
    written(("USD",))
    with pytest.raises(DataError, match=r"radio\.csv says that its money is in USD, and the panel is in EUR"):
        start([str(folder)], folder, "a", {"currency": "EUR"})
    written(("USD", "EUR"))
    with pytest.raises(DataError, match=r"radio\.csv, column 'Currency'.*11 rows in USD, 10 rows in EUR"):
        proposed(folder)


def test_one_table_says_its_currency_or_is_refused_where_it_has_several(tmp_path: Path) -> None:
    def written(second: str) -> None:
        rows = [f"{day},{100 + i},{i % 9},{second if i % 2 else 'CHF'}" for i, day in enumerate(layouts.DAYS)]
        layouts.lines(tmp_path / "shop.csv", ["date,revenue,tv_spend,currency_code", *rows])

    written("CHF")
    assert proposed(tmp_path).document["data"]["currency"] == "CHF"
    written("EUR")
    with pytest.raises(DataError, match=r"several currencies \(11 rows in CHF, 10 rows in EUR\)"):
        proposed(tmp_path)
