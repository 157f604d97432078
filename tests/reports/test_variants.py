"""Reports of unusual analyses: one channel, many, other outcomes and currencies, a failed gate, a plan like today's."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pypdf import PdfReader

from mmm.assessment.backtest import Backtest
from mmm.errors import DataError
from mmm.reporting.design import glyphs
from mmm.reporting.files.to_results import results_of
from mmm.reporting.pages.parts import Chapter
from mmm.reporting.pages.render import Cover, pdf_bytes, print_page, web_page
from mmm.reporting.runs.story import Story, tell, told
from mmm.settings import Settings

CHAPTERS = (
    "summary", "drivers", "returns", "saturation", "plan_by_channel", "what_if", "belief", "data", "appendix",
)  # fmt: skip
QUICK = {"curve_points": 2, "draws": 100}


def chapters(story: Story, *names: str) -> list[Chapter]:
    return [getattr(story, name)().chapter for name in names or CHAPTERS]


def cover(story: Story) -> Cover:
    return Cover("Title", "Subtitle", "Today", story.look)


def page(story: Story, *names: str) -> str:
    """The page of these chapters, or of all."""
    return web_page(chapters(story, *names), cover(story))


def words(html: str) -> str:
    """The page's text outside scripts and styles."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare)).replace("\u00a0", " ")


@pytest.fixture(scope="module")
def many(make_story: Callable[..., Story]) -> tuple[list[Chapter], Cover]:
    """Twenty channels."""
    story = make_story(channels=tuple(f"channel number {i}" for i in range(20)), geos=1, settings={"plan": QUICK})
    return chapters(story), cover(story)


def test_one_channel(make_story: Callable[..., Story]) -> None:
    text = words(page(make_story(channels=("search",), geos=1, settings={"plan": QUICK})))
    assert "1 paid channel" in text
    assert "1 paid channels" not in text
    assert "By region" not in text


def test_twenty_channels(many: tuple[list[Chapter], Cover]) -> None:
    html = web_page(*many)
    assert len(html) < 1_500_000
    text = words(html)
    assert "smaller changes in the table of the plan." in text
    assert all(f"channel number {i} " in text for i in range(20))


@pytest.mark.pdf
@pytest.mark.usefixtures("needs_pdf")
def test_twenty_channels_in_print(many: tuple[list[Chapter], Cover]) -> None:
    whole, cover_of = many
    # Page one and what may follow it, and the chapter whose figure has a panel for every channel.
    some = [chapter for chapter in whole if chapter.id in ("summary", "drivers", "saturation")]
    assert len(some) == 3
    content = pdf_bytes(print_page(some, cover_of))
    assert len(content) < 1_000_000
    reader = PdfReader(io.BytesIO(content))
    pages = [reader.pages[i].extract_text().replace("\n", " ") for i in range(3)]
    # Twenty rows and the notice of a failed gate fill page one; its notes may then stand on the next.
    assert "What would change our mind?" in pages[0] + pages[1]
    assert "What drove" in pages[1] + pages[2]


@pytest.mark.browser
def test_twenty_channels_on_a_phone(browser: Any, many: tuple[list[Chapter], Cover]) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    opened = context.new_page()
    opened.set_content(web_page(*many))
    assert opened.evaluate("document.documentElement.scrollWidth") == 390
    context.close()


def test_a_stored_backtest_is_a_chapter(story: Story) -> None:
    assert story.backtest() is None
    dates = pd.date_range("2023-01-02", periods=8, freq="7D")
    forecasts = pd.DataFrame(
        {"origin": dates[0] - pd.Timedelta(days=7), "date": dates, "step": range(1, 9), "actual": 1e6, "mean": 1e6,
         "lower": 9e5, "upper": [1.1e6] * 6 + [9.5e5] * 2, "crps": 2e4, "crps_without": 4e4, "crps_naive": 8e4}
    )  # fmt: skip
    rows = [
        {"origin": dates[i], "channel": c, "mean": 1.0 + 0.2 * i * k, "lower": 0.8, "upper": 1.5 + 0.2 * i, "shift": s}
        for k, c in enumerate(story.found.judged.fit.spec.channel_names)
        for i, s in ((0, None), (4, 0.5 + 2.0 * k))
    ]
    found = Backtest(forecasts, pd.DataFrame(rows).astype({"shift": float}))
    shown = told(story.settings, replace(story.found, judged=replace(story.found.judged, backtest=found))).backtest()
    assert shown is not None
    text = words(shown.chapter.html)
    assert "75% of what came after lay in its 90% intervals" in shown.chapter.answer
    assert "50% better than those of a model without media" in shown.chapter.answer
    assert "Display: from one refresh to the next" in text
    assert "5 to 8" in text
    assert [f.name for f in shown.chapter.figures] == ["refreshes"]


def test_experiments_stand_beside_the_model(make_story: Callable[..., Story]) -> None:
    tests = [
        {"name": "=1+1 <b>off</b>", "channel": "tv", "start": "2022-06-06", "end": "2022-07-03", "kind": "hold_out",
         "geos": ["region_0"], "roas": 2.2, "error": 0.4},
        {"name": "search off", "channel": "search", "start": "2022-09-05", "end": "2022-10-02", "kind": "hold_out",
         "roas": 0.3, "error": 0.1},
    ]  # fmt: skip
    tests[0]["promised"] = 40_000.0
    story = make_story(settings={"experiments": tests, "plan": QUICK})
    shown = story.experiments()
    assert shown is not None
    chapter = shown.chapter
    text = words(chapter.html)
    assert chapter.question == "What did the tests teach?"
    assert "the model would have expected 1 of 2 results. Furthest off: search off measured €0.30" in text
    assert "=1+1 <b>off</b>" not in chapter.html
    assert "region 0" in text.lower()
    check = next(c for c in story.found.judged.gate.checks if c.name == "experiments")
    assert check.status == "warn"
    assert "cannot reproduce 'search off'" in check.advice
    assert "experiments" in {f.name for f in chapter.figures}
    # What the tests changed in the plan: the money moved and its worth, beside what was expected.
    lessons = {one.test: one for one in story.found.lessons}
    assert set(lessons) == {"=1+1 <b>off</b>", "search off"}
    assert lessons["search off"].gain > 0
    name, money = lessons["search off"].largest
    verb = "more to" if money > 0 else "from"
    assert f"{verb} {story.material.fmt.label(name)}" in text
    assert "€40 thousand" in text.replace("\xa0", " ")
    assert "not stated" in text
    assert "In 20 simulated companies recommended tests brought 51% of their expected worth" in text
    assert "experiments" not in {f.name for f in story.belief().chapter.figures}
    # On a phone too, every bar has its name.
    narrow = next(f for f in chapter.figures if f.name == "experiments").narrow
    for label in ("the test", "without it", "with it"):
        assert narrow.count(label) == 2
    # A sentence never begins with the name of a test; a plan that moves money without moving the result says so.
    for ends, answer, said in (
        ((1e4, 9e5), "The test search off changed the plan most", "that is worth"),
        ((-2e5, 9e5), "With and without the tests, the plans cannot be told apart in money.", "this hardly matters"),
    ):
        moved = lessons["search off"].moved.copy()
        moved.iloc[0] += 1e6
        lesson = replace(lessons["search off"], gain=3e5, lower=ends[0], upper=ends[1], moved=moved)
        again = told(story.settings, replace(story.found, lessons=(lesson,))).experiments()
        assert again is not None
        assert again.chapter.answer.startswith(answer)
        assert "Because of the test search off the plan" in words(again.chapter.html)
        assert said in words(again.chapter.html)


def test_a_report_without_experiments_has_no_chapter_on_them(story: Story) -> None:
    assert story.experiments() is None


def test_a_kpi_without_value_speaks_of_its_unit(make_story: Callable[..., Story]) -> None:
    story = make_story(value_per_unit=None, settings={"plan": QUICK})
    text = words(page(story))
    assert re.search(r"We expect [\d.,]+( thousand| million)? more orders than with today’s plan", text)
    assert "break-even" not in text
    assert "revenue" not in text
    assert re.search(r"each €1 of media won [\d.]+ orders", text)


def test_a_kpi_with_value_gains_money(make_story: Callable[..., Story]) -> None:
    text = words(page(make_story(value_per_unit=40.0, settings={"plan": QUICK}), "summary", "drivers"))
    assert "more value from orders" in text
    assert re.search(r"Media added [\d.]+ thousand orders", text)


def test_a_failed_gate_is_the_first_thing_on_page_one(make_story: Callable[..., Story]) -> None:
    story = make_story(geos=1, diverging=True, settings={"gate": {"override": True}, "plan": QUICK})
    html = page(story, "summary", "plan_by_channel", "belief")
    notice, lead = html.index("Do not decide on these numbers"), html.index('class="lead')
    assert notice < lead
    text = words(html)
    assert "The calculation missed a part of the possible answers." in text
    assert "Model checks passed" not in text


def test_a_passed_gate_shows_no_notice(story: Story) -> None:
    assert "Do not decide" not in words(page(story, "summary", "plan_by_channel", "belief"))


def test_a_plan_like_todays(make_story: Callable[..., Story]) -> None:
    story = make_story(settings={"plan": {"bounds": [1.0, 1.0]}})
    text = words(page(story, "summary", "drivers", "plan_by_channel"))
    assert "Keep today’s plan for the next 13 weeks." in text
    assert "Chance to beat today" not in text.partition("What drove")[0]


def test_wide_draws_do_not_separate_the_plans(make_story: Callable[..., Story]) -> None:
    text = words(page(make_story(spread=0.9, geos=1, settings={"plan": QUICK}), "summary", "plan_by_channel"))
    assert "The evidence does not separate the two plans" in text


def test_a_channel_without_spend_today_is_told_and_can_be_planned(make_story: Callable[..., Story]) -> None:
    story = make_story(channels=("tv", "search", "cinema"), geos=1, paused=("cinema",), settings={"plan": QUICK})
    text = words(page(story))
    assert "Without spend in the reference plan: Cinema." in text
    assert "nan" not in text.lower().replace("finance", "")
    assert "inf" not in re.findall(r"[a-z]+", text)
    assert story.plan.allocation.loc["cinema", "spend"] == 0.0
    assert [(h.channel, h.by, h.amount) for h in story.plan.held] == [("cinema", "pause", 0.0)]
    first = words(story.summary().chapter.html)
    assert "Cinema takes no part in this decision: today’s plan spends nothing on it" in first


def test_channels_that_only_a_scenario_has_are_shown(make_story: Callable[..., Story]) -> None:
    scenarios = [
        {"name": f"With {name}", "new_channel": {"name": name, "spend": 50_000.0, "roas": [5.0, 20.0]}}
        for name in ("pod", "<b>ooh")
    ]
    story = make_story(channels=("tv", "search"), geos=1, settings={"plan": QUICK | {"scenarios": scenarios}})
    html = story.what_if().chapter.html
    table = html[html.index("Money by channel in each of these plans.") :].partition("</table>")[0]
    rows = [re.findall(r"<t[hd]\b.*?</t[hd]>", row, re.DOTALL) for row in table.split("<tr ")[2:]]
    names = [words(row[0]).strip() for row in rows]
    assert names == ["TV", "Search", "pod", "&lt;b&gt;ooh"]
    # The colours are those of the channels in the data.
    assert ['class="swatch"' in row[0] for row in rows] == [True, True, False, False]
    assert {len(row) for row in rows} == {5}
    nothing = story.material.gain_fmt.money(0.0, short=True).replace("\u00a0", " ")
    assert [words(cell).strip() == nothing for cell in rows[2][1:]] == [True, True, False, True]


def test_a_channel_that_never_ran_is_refused_by_name(make_settings: Callable[..., Settings]) -> None:
    with pytest.raises(DataError, match=r"Channel 'tv' has neither spend nor media .* remove it"):
        tell(make_settings(channels=("tv", "search"), geos=1, young=("tv",), paused=("tv",)))


NAMES = ("قناة التلفزيون", "検索 🔎", "x" * 60, "a\u202eb", "Übergröße & Söhne", "Łódź Ж")


@pytest.fixture(scope="module")
def named(make_story: Callable[..., Story]) -> Story:
    """Channels with names of any kind."""
    return make_story(channels=NAMES, geos=1, settings={"plan": QUICK})


def test_names_of_any_kind(named: Story) -> None:
    html = page(named)
    for name in NAMES:
        assert name.replace("&", "&amp;").replace("\u202e", "\ufffd") in html, name
    # A character that turns the direction of all text after it never leaves its name.
    assert "\u202e" not in re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL)


@pytest.mark.pdf
@pytest.mark.usefixtures("needs_pdf")
def test_names_of_any_kind_leave_no_empty_box_in_print(
    named: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # As on a machine that has nothing but what the report brings along.
    monkeypatch.setattr(glyphs, "_machine_fonts", tuple)
    shown = chapters(named, "summary", "plan_by_channel")
    with caplog.at_level("WARNING", logger="weasyprint"):
        reader = PdfReader(io.BytesIO(pdf_bytes(print_page(shown, cover(named)))))
    # The PDF library says which letters it drew as boxes.
    assert "notdef" not in caplog.text
    first = reader.pages[0].extract_text().replace("\n", " ")
    assert "[691C 7D22] [1F50E]" in first
    assert "a\ufffdb" in first
    assert "Łódź Ж" in first
    assert glyphs.unprintable("検 Ж ق a 🔎\ufe0f") == "検🔎"
    # Right-to-left names in figures are outlines: letter by letter, they would be turned round and unjoined.
    page_one = print_page(shown[:1], cover(named))
    assert "قناة" not in "".join(re.findall(r"<text [^>]*>([^<]*)</text>", page_one))
    assert "قناة" in page_one


def test_latin_pages_are_printed_as_they_are(story: Story) -> None:
    html = print_page([story.summary().chapter], cover(story))
    assert "DejaVu" not in re.sub(r"font-family:[^;]*;|font:[^;}]*", "", html)
    assert '<path transform="translate(' not in html


def test_words_and_notation_of_the_settings_are_used(make_story: Callable[..., Story]) -> None:
    report = {
        "labels": {"tv": "Television"},
        "channel_colours": {"tv": "#00796b"},
        "number_format": "1.234,5",
        "date_format": "05.05.2025",
    }
    html = page(make_story(currency="JPY", spend=6e5, geos=1, settings={"plan": QUICK, "report": report}))
    text = words(html)
    assert "Television" in text
    assert "#00796b" in html
    assert re.search(r"¥\d+,\d\d million", text)
    assert "03.01.2022" in text
    assert "€" not in text


def test_the_guides_example_of_own_templates_works(make_settings: Callable[..., Settings]) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    example = re.search(r"```jinja\n(.*?)```", guide, flags=re.DOTALL)
    assert example is not None
    settings = make_settings(settings={"plan": QUICK, "report": {"templates": "my_templates"}})
    folder = settings.base / "my_templates" / "chapters"
    folder.mkdir(parents=True)
    (folder / "plan.html.j2").write_text(example.group(1), encoding="utf-8")
    text = words(tell(settings).plan_by_channel().chapter.html)
    assert "Contracts with broadcasters bind until March." in text
    assert text.index("Contracts") < text.index("Won with the plan") < text.index("Why each channel moves")


def test_templates_of_the_settings_replace_ours(make_story: Callable[..., Story], tmp_path: Any) -> None:
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "saturation.html.j2").write_text("<p>Our own words, {{ caption }}</p>", encoding="utf-8")
    story = make_story(settings={"plan": QUICK, "report": {"templates": str(tmp_path)}})
    assert story.saturation().chapter.html.startswith("<p>Our own words, ")


@pytest.mark.parametrize(("detail", "caption"), [("week", "The plan by week"), ("geo", "The plan by region")])
def test_a_plan_in_detail_is_shown_in_detail(make_story: Callable[..., Story], detail: str, caption: str) -> None:
    story = make_story(channels=("tv", "search"), geos=2, settings={"plan": {**QUICK, "detail": detail}})
    planned, what_if = story.plan_by_channel().chapter, story.what_if().chapter
    text = words(planned.html)
    assert caption in text
    assert ("region_1" in text or "Region 1" in text) == (detail == "geo")
    assert "Which test would pay" in text
    assert "When to spend" in words(what_if.html)
    assert "more than even spend" in words(what_if.html) or "next to nothing" in words(what_if.html)
    assert {f.name for f in what_if.figures} == {"budget-curve", "scenarios"}
    amounts = story.material.plan.foresight.periods if detail == "week" else story.material.plan.foresight.geos
    assert amounts is not None
    assert amounts.sum().to_dict() == pytest.approx(story.plan.allocation["spend"].to_dict())


def test_revenue_without_a_margin_says_nothing_of_profit(make_story: Callable[..., Story]) -> None:
    """Page one says what was assumed, and from which margin on the advice is another."""
    few = {"curve_points": 2, "draws": 100, "total_budget": 2.0e6, "worth_spending": 0.0}
    story = make_story(settings={"plan": few})
    page = story.summary().chapter.html
    whole = " ".join(getattr(story, c)().chapter.html for c in ("summary", "plan_by_channel", "what_if", "returns"))
    for claim in ("net gain", "net loss", "net of the money", "pays off", "most profitable", "costs more than it wins"):
        assert claim not in whole, claim
    assert "No margin is stated" in page
    assert re.search(r"pay from a margin of", page)
    found = results_of(story.material).decision
    assert found.margin is None
    assert found.net_gain is None
    assert {p.of for p in found.break_even_margins} >= {"more"}
    known = make_story(settings={"plan": {**few, "margin": 0.35}})
    page = known.summary().chapter.html
    assert "No margin is stated" not in page
    assert results_of(known.material).decision.margin == 0.35
