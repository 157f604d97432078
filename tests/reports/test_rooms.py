"""The control room and the ledger in a real browser: axe-core, phones, both schemes, and print."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from following_cases import SEEN, entry_of, plan_of, wide
from test_access import WIDTHS, opened, serious

from mmm.data.dataset import Dataset
from mmm.monitoring.look import Seen, look
from mmm.monitoring.settings import MonitorSettings
from mmm.monitoring.settling import settlement
from mmm.monitoring.window import Fits
from mmm.register.record import Content
from mmm.reporting.runs.control_room import room
from mmm.reporting.runs.ledger_page import page
from mmm.settings.report import ReportSettings

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("known", [3], indirect=True, scope="module")]


def _off(dataset: Dataset) -> Dataset:
    """Four fifths of the outcome, and a third more money for one channel, in the weeks of the plan."""
    data = dataset.data.copy(deep=True)
    data["outcome"].values[-SEEN:] *= 0.8
    data["spend"].values[-SEEN:, :, 0] *= 1.3
    return replace(dataset, data=data)


def _reported(dataset: Dataset) -> pd.DataFrame:
    days = np.repeat(dataset.dates[-SEEN:], 2)
    return pd.DataFrame(
        {"date": days, "channel": dataset.channels[1], "platform": "Ads", "campaign": ["Brand", "A <b>long</b>"] * SEEN,
         "spend": 100.0, "conversions": 7.0, "value": 300.0}
    )  # fmt: skip


@pytest.fixture(scope="module")
def rooms(known: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    fit, dataset = wide(known.fit), known.dataset
    before = dataset.between(None, str(dataset.dates[-SEEN - 1].date()))
    whole = plan_of(dataset)
    seen = Seen(entry_of(whole), _off(dataset), replace(fit, dataset=before), (), _reported(dataset))
    limits = MonitorSettings(draws=200, least_roas=dict.fromkeys(dataset.channels[:2], 50.0))
    over = {"dates": whole.dates[:SEEN], "spend": whole.money[:SEEN].tolist(), "reference": whole.today[:SEEN].tolist()}
    made = settlement(entry_of(Content.model_validate(whole.model_dump() | over)), Fits(fit, fit), dataset, ("demo-0",))
    later = [made.model_copy(update={"plan": f"demo-{i}"}) for i in (1, 2, 3)]
    folder = tmp_path_factory.mktemp("rooms")
    pages = {"control_room": room(look(seen, limits), ReportSettings()), "ledger": page(later, ReportSettings())}
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["control_room", "ledger"])
def test_rooms_are_accessible_and_fit_the_screen(
    browser: Any, rooms: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    shown = opened(browser, width, scheme)
    shown.goto(rooms[name].as_uri())
    assert serious(shown) == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.locator("b", has_text="long").count() == 0  # names from data are text
    shown.context.close()


def test_a_phone_shows_where_we_are_and_what_is_off_first(browser: Any, rooms: dict[str, Path]) -> None:
    shown = opened(browser, 390)
    shown.goto(rooms["control_room"].as_uri())
    bottom = shown.locator(".badge").first.bounding_box()
    first = shown.locator("#now .note").first.bounding_box()
    assert bottom["y"] < 500
    assert first["y"] < 900
    shown.context.close()


def test_rooms_print_whole(browser: Any, rooms: dict[str, Path]) -> None:
    for path in rooms.values():
        shown = opened(browser, 1440)
        shown.goto(path.as_uri())
        assert shown.pdf(format="A4")[:5] == b"%PDF-"
        shown.emulate_media(media="print")
        assert shown.evaluate("document.documentElement.scrollWidth") <= 1440
        assert all(shown.locator("table").nth(i).is_visible() for i in range(shown.locator("table").count()))
        shown.context.close()
