"""Tables of a plan by platform: names of columns, campaigns, days, and money to the hundredth."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from register_cases import content

from mmm.errors import RegisterError
from mmm.register.export import export_plan
from mmm.register.platforms import platform_file, platform_table, split
from mmm.register.queries import Entry
from mmm.register.settings import HandoverSettings, PlatformSettings

CAMPAIGNS = {"search": {"Brand": 1.0, "Generic": 2.0}}


def entry(state: str = "approved", **changes: Any) -> Entry:
    return Entry("demo-1", state, "Anna", content(**changes), "0" * 64, ())


def wish(**changes: Any) -> PlatformSettings:
    return PlatformSettings.model_validate({"channels": ["search", "tv"], "campaigns": CAMPAIGNS, **changes})


@given(st.floats(0, 1e9), st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=30))
def test_parts_add_up_to_the_hundredth(amount: float, weights: list[float]) -> None:
    shares = np.array(weights) / sum(weights)
    parts = split(amount, shares)
    assert sum(round(100 * part) for part in parts) == round(100 * amount)
    assert all(abs(part - amount * share) < 0.011 for part, share in zip(parts, shares, strict=True))


def test_campaigns_share_the_money_of_their_channel() -> None:
    table = platform_table(entry(), wish())
    assert list(table.columns)[:3] == ["Campaign", "Channel", "Region"]
    assert table["Budget"].sum() == pytest.approx(13 * 150.0)
    by = table.groupby("Campaign")["Budget"].sum()
    assert by["Generic"] == pytest.approx(13 * 33.33, abs=0.2)
    assert by["tv"] == 13 * 100.0
    days = platform_table(entry(), wish(by="day", template="daily"))
    assert len(days) == 13 * 7 * 3
    assert days["budget"].sum() == pytest.approx(13 * 150.0)
    assert (days["date"].min(), days["date"].max()) == ("2025-01-06", "2025-04-06")
    ads = platform_table(entry(), wish(channels=["search"], template="google_ads_editor"))
    assert list(ads.columns) == ["Campaign", "Campaign daily budget", "Start date", "End date"]
    assert ads["Campaign daily budget"][0] == pytest.approx(16.67 / 7, abs=0.01)


def test_names_of_ones_own_and_formulas_stay_text(tmp_path: Path) -> None:
    evil = '=cmd|"/c calc"!A1'
    asked = wish(campaigns={"search": {evil: 1.0}}, columns={"+Kampagne": "campaign", "Betrag": "budget"})
    table = platform_table(entry(), asked)
    assert list(table.columns) == ["+Kampagne", "Betrag"]
    text = platform_file(table, asked)
    assert isinstance(text, str)
    read = pd.read_csv(io.StringIO(text))
    assert list(read.columns) == ["'+Kampagne", "Betrag"]
    assert read.iloc[0, 0] == f"'{evil}"
    sheet = platform_file(table, asked.model_copy(update={"format": "xlsx"}))
    assert isinstance(sheet, bytes)
    with zipfile.ZipFile(io.BytesIO(sheet)) as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
        assert "'=cmd" in book.read("xl/sharedStrings.xml").decode()


def test_drafts_say_so_in_every_row_of_every_table(tmp_path: Path) -> None:
    handover = HandoverSettings.model_validate(
        {
            "platforms": {
                "google": {"channels": ["search"], "template": "google_ads_editor", "format": "xlsx"},
                "agency": {"channels": ["tv", "brand"]},
            }
        }
    )
    names = [path.name for path in export_plan(entry("draft"), tmp_path, draft=True, handover=handover)]
    assert {"DRAFT-budget-google.xlsx", "DRAFT-budget-agency.csv"} <= set(names)
    agency = pd.read_csv(tmp_path / "DRAFT-budget-agency.csv")
    assert agency["Status"].str.startswith("DRAFT, not approved").all()
    asked = handover.platforms["google"]
    assert (platform_table(entry("draft"), asked, "DRAFT")["DRAFT"] == "DRAFT").all()
    assert "DRAFT" not in platform_table(entry(), asked)
    approved = export_plan(entry(), tmp_path / "ok", handover=handover)
    assert (tmp_path / "ok/budget-agency.csv") in approved


def test_what_the_plan_lacks_is_said() -> None:
    with pytest.raises(RegisterError, match=r"names the channel 'searhc'.*search"):
        platform_table(entry(), wish(channels=["searhc"], campaigns={}))
    with pytest.raises(ValueError, match="none of media_plan, google_ads_editor, daily"):
        HandoverSettings.model_validate({"platforms": {"x": {"channels": ["tv"], "template": "nope"}}})
    with pytest.raises(ValueError, match="none of its channels"):
        wish(channels=["tv"])
