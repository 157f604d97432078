"""Chapters of other lenses: there only with their section, their numbers those of the lens, in every language."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lens_cases import CAMPAIGNS, COSTS, INSIDE, JOURNEYS, LEDGER, PATHS
from reading import LANGUAGES, leaked, text_of

from mmm.attribution import AttributionSettings
from mmm.campaigns import CampaignSettings
from mmm.costs import CostsSettings
from mmm.errors import DataError
from mmm.reporting.pages.render import Cover, web_page
from mmm.reporting.runs.story import Story, told
from mmm.settings.request import lenses_of
from mmm.workflow.lenses import LENSES, OtherLenses, SeenThrough, require_readable, seen_through


def value_frame() -> pd.DataFrame:
    """What ``mmm ltv`` has a row a level of."""
    rows = []
    for factor, level, value in (("", "all customers", 60.0), ("channel", "search", 50.0), ("channel", "tv", 90.0)):
        row: dict[str, Any] = {"factor": factor, "level": level, "customers": 400.0}
        for name, mean in (
            ("orders", 2.5),
            ("value_52", 0.6 * value),
            ("value_104", 0.8 * value),
            ("value_156", value),
            ("ratio", value / 30),
        ):
            row |= {name: mean, f"{name}_lower": 0.9 * mean, f"{name}_upper": 1.1 * mean}
        row |= {"cost": 30.0, "payback": 12.0, "payback_lower": 4.0, "payback_upper": np.inf, "paid_back": 0.8}
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def seen(story: Story) -> tuple[OtherLenses, SeenThrough]:
    base = story.settings.base
    (base / "ledger.csv").write_text(LEDGER, encoding="utf-8")
    (base / "paths.csv").write_text(PATHS, encoding="utf-8")
    (base / "campaigns.csv").write_text(CAMPAIGNS, encoding="utf-8")
    asked = replace(
        lenses_of(story.settings),
        costs=CostsSettings.model_validate(COSTS),
        attribution=AttributionSettings.model_validate(JOURNEYS),
        campaigns=CampaignSettings.model_validate(INSIDE),
    )
    found = seen_through(story.found.fit, story.found.analysis, asked)
    facts = {"weeks": 156.0, "profit": False, "discount": 0.1, "related": 0.4, "doubtful": True}
    value = value_frame()
    return asked, replace(found, frames={**found.frames, "value": value}, facts={**found.facts, "value": facts})


def test_chapters_are_there_only_with_their_section(story: Story, seen: tuple[OtherLenses, SeenThrough]) -> None:
    assert story.lenses() == []
    shown = told(story.settings, story.found, other=seen[1]).lenses()
    assert [one.chapter.id for one in shown] == ["lenses", "costs", "campaigns", "customers", "journeys"]
    journeys = {name: table for name, table in seen[1].frames.items() if name in ("beside", "credit", "roles")}
    alone = told(story.settings, story.found, other=replace(seen[1], frames=journeys)).lenses()
    assert [one.chapter.id for one in alone] == ["lenses", "journeys"]


@pytest.mark.browser
def test_every_table_of_a_lens_fits_its_page(browser: Any, story: Story, seen: tuple[OtherLenses, SeenThrough]) -> None:
    """Also with journeys that have times, and so a rule more, and a customer's value at three horizons."""
    frames = dict(seen[1].frames)
    timed = frames["credit"][frames["credit"]["rule"] == "linear"].assign(rule="time_decay")
    frames["credit"] = pd.concat([frames["credit"], timed])
    frames["value"] = frames["value"].assign(ratio_lower=17.4, ratio_upper=23.9)
    chapters = [
        one.chapter for one in told(story.settings, story.found, other=replace(seen[1], frames=frames)).lenses()
    ]
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_content(web_page(chapters, Cover("A title", "A subtitle", "Today", story.look)))
    wide = page.evaluate(
        """() => [...document.querySelectorAll('table')].filter(t => t.scrollWidth > t.parentElement.clientWidth + 1)
            .map(t => t.querySelector('caption').textContent)"""
    )
    assert page.locator("table").count() > 8
    assert wide == []
    context.close()


def test_the_one_table_has_the_lenses_numbers(story: Story, seen: tuple[OtherLenses, SeenThrough]) -> None:
    table = seen[1].table
    assert table.loc["search", "media_roas"] == pytest.approx(
        story.found.analysis.channels.loc["search", "roas"], rel=1e-6
    )
    assert table.loc["search", "loaded_roas"] == pytest.approx(table.loc["search", "media_roas"] / 3.00000333, rel=1e-6)
    chapters = {one.chapter.id: one.chapter for one in told(story.settings, story.found, other=seen[1]).lenses()}
    text = text_of(chapters["lenses"].html)
    for name in ("Media ROAS", "Fully loaded ROAS", "Attributed share"):
        assert name in text
    assert "Value-based ROAS" not in text
    assert "for steering inside a channel only" in text
    fmt = story.material.fmt
    assert fmt.ratio(float(table.loc["search", "loaded_roas"]))[:3] in text
    costs = text_of(chapters["costs"].html)
    assert "€6,000" in costs
    assert "€18,500" in costs  # the whole ledger, rent included
    assert "mapped by no rule" in costs
    assert "sendwell, today’s" in costs
    assert costs.count("cannot do what is needed") == 1  # of bulk alone
    inside = text_of(chapters["campaigns"].html)
    assert "shared among its campaigns by “orders”" in inside
    for said in (
        "Conservative: more for names, less for goods",
        "Growth: more for names",
        "Acquisition: nothing moves",
    ):
        assert said in inside
    journeys = text_of(chapters["journeys"].html)
    assert "it meets those who would have bought anyway" in journeys
    assert "a customer of TV is worth €90" in chapters["customers"].answer
    assert "never" in text_of(chapters["customers"].html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left_in_other_languages(
    language: str, story: Story, seen: tuple[OtherLenses, SeenThrough]
) -> None:
    report = story.settings.report.model_copy(update={"language": language})
    settings = story.settings.model_copy(update={"report": report}).with_base(story.settings.base)
    for shown in told(settings, story.found, other=seen[1]).lenses():
        chapter = shown.chapter
        text = " ".join([chapter.question, chapter.answer, text_of(chapter.html)])
        assert not leaked(text), (chapter.id, leaked(text))


def test_what_was_seen_is_kept_and_comes_back_equal(seen: tuple[OtherLenses, SeenThrough]) -> None:
    again = LENSES.read(json.loads(json.dumps(LENSES.write(seen[1]))))
    pd.testing.assert_frame_equal(again.table, seen[1].table, check_dtype=False)
    assert again.frames.keys() == seen[1].frames.keys()
    for name, table in seen[1].frames.items():
        pd.testing.assert_frame_equal(again.frames[name], table, check_dtype=False, check_column_type=False)
    assert again.facts == json.loads(json.dumps(dict(seen[1].facts)))


def test_another_file_is_another_question(seen: tuple[OtherLenses, SeenThrough]) -> None:
    asked, before = seen[0], seen[0].fingerprint
    path = asked.base / "ledger.csv"
    path.write_text(LEDGER.replace("9000.00", "9000.01"), encoding="utf-8")
    assert asked.fingerprint != before
    path.write_text(LEDGER, encoding="utf-8")
    assert asked.fingerprint == before
    gone = replace(asked, attribution=None, base=asked.base / "elsewhere")
    with pytest.raises(DataError, match="cannot be read"):
        _ = gone.fingerprint


def test_files_are_read_before_anything_slow(seen: tuple[OtherLenses, SeenThrough]) -> None:
    asked = seen[0]
    require_readable(asked)
    path = asked.base / "ledger.csv"
    path.write_text(LEDGER.replace("9000.00", "nine"), encoding="utf-8")
    with pytest.raises(DataError, match="nine"):
        require_readable(asked)
    path.write_text(LEDGER, encoding="utf-8")
