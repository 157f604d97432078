"""The report's short forms: folded tables and chapters, the brief of two pages, slides with native charts."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pandas as pd
import pytest
from pptx import Presentation
from pypdf import PdfReader

from mmm.reporting.chapters import summary
from mmm.reporting.content.swings import swings_of
from mmm.reporting.figures.swings import swings
from mmm.reporting.files.deck import _format, deck
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.identity import bare
from mmm.reporting.notation.labels import calm
from mmm.reporting.pages.parts import Chapter
from mmm.reporting.pages.render import Cover, brief_page, pdf_bytes, print_page, web_page
from mmm.reporting.runs.story import Story

CHAPTERS = (
    "summary", "drivers", "returns", "saturation", "plan_by_channel", "what_if", "belief", "data", "appendix",
)  # fmt: skip
MANY = (
    "tv",
    "search",
    "social",
    "display",
    "out of home",
    "radio",
    "cinema",
    "affiliates",
    "podcasts",
    "print",
    "mail",
)


def chapters_of(story: Story) -> list[Chapter]:
    return [getattr(story, name)().chapter for name in CHAPTERS]


def cover(story: Story) -> Cover:
    return Cover("A title", "A subtitle", "Today", story.look)


def test_page_one_and_five_chapters_are_open_and_the_rest_is_folded(story: Story) -> None:
    html = web_page(chapters_of(story), cover(story))
    assert re.findall(r'<section class="chapter" id="([\w-]+)"', html) == [
        "summary", "drivers", "returns", "plan", "what-if", "belief",
    ]  # fmt: skip
    folded = re.findall(r'<section class="chapter folded".*?<div id="([\w-]+)"', html, re.DOTALL)
    assert folded == ["saturation", "data", "appendix"]


def test_print_has_every_folded_table_once_after_the_appendix(story: Story) -> None:
    chapters = chapters_of(story)
    screen = web_page(chapters, cover(story))
    captions = re.findall(r'<details class="fold"><summary>(.*?)</summary>', screen)
    assert len(captions) >= 5
    page = print_page(chapters, cover(story))
    assert '<details class="fold">' not in page
    before, _, tables = page.partition('<section class="chapter" id="tables">')
    for caption in captions:
        assert tables.count(f"<caption>{caption}</caption>") == 1
        assert f"<caption>{caption}</caption>" not in before
    assert before.index('id="belief"') < before.index('id="saturation"') < before.index('id="appendix"')


def test_swings_by_hand() -> None:
    def part(name: str, kind: str, means: list[float]) -> pd.DataFrame:
        dates = pd.date_range("2024-01-01", periods=3, freq="7D")
        low, high = ([value + shift for value in means] for shift in (-1.0, 2.0))
        return pd.DataFrame(
            {"date": dates, "component": name, "kind": kind, "mean": means, "lower": low, "upper": high}
        )

    found = swings_of(
        pd.concat(
            [
                part("intercept", "baseline", [100.0] * 3),
                part("seasonality", "baseline", [-20.0, 5.0, 15.0]),
                part("tv", "media", [10.0, 12.0, 14.0]),
            ]
        ).reset_index(drop=True)
    )
    assert list(found.index) == ["seasonality", "tv"]
    season = found.loc["seasonality"]
    assert (season["least"], season["most"], season["width"]) == (-20.0, 15.0, 35.0)
    assert (found.loc["tv", "least_lower"], found.loc["tv", "most_upper"]) == (-3.0, 4.0)
    assert season["most_date"] == pd.Timestamp("2024-01-15")


def test_what_drove_the_outcome_names_what_is_no_channel(story: Story) -> None:
    figure = next(f for f in story.drivers().chapter.figures if f.name == "swings")
    assert "Season of the year" in figure.alt
    assert "Price" in figure.alt


def test_a_driver_at_rest_is_told_without_false_digits(story: Story) -> None:
    """A rival that is silent is away from its average by that, in all draws by nearly the same."""
    at = {"least": -95e3, "least_lower": -109e3, "least_upper": -82e3}
    at |= {"most": 41461.7, "most_lower": 41461.5, "most_upper": 41461.9, "width": 136e3}
    table = pd.DataFrame([{"kind": "competitor", **at}], index=["rival"])
    said = swings(table, {"rival": "Rival"}, story.identified.pen).alt
    assert re.search(r"\+\D?41k", said), said


@pytest.mark.parametrize(("worth", "told"), [(0.6, True), (0.2, False)])
def test_timing_is_on_page_one_where_it_is_worth_as_much_as_the_plan(story: Story, worth: float, told: bool) -> None:
    m = story.identified
    kept = m.plan.foresight.timing
    assert kept is not None
    even = kept.assign(even=1e7, as_reference=1e7)
    gain = replace(m.decision.gain, mean=1e6, lower=5e5, upper=2e6)
    pulsing = replace(m.plan.foresight.pulsing, mean=worth * 1e6, lower=0.0, upper=2e6)
    foresight = replace(m.plan.foresight, timing=even, pulsing=pulsing)
    changed = replace(m, decision=replace(m.decision, gain=gain), plan=replace(m.plan, foresight=foresight))
    assert ("When, not only where?" in summary.summary(changed).html) is told


# The brief


@pytest.mark.pdf
@pytest.mark.parametrize("channels", [("tv", "search"), MANY], ids=["two channels", "eleven channels"])
def test_the_brief_has_two_pages(make_story: Callable[..., Story], needs_pdf: None, channels: tuple[str, ...]) -> None:
    story = make_story(channels=channels, settings={"plan": {"curve_points": 2, "draws": 100}})
    pages = PdfReader(io.BytesIO(pdf_bytes(brief_page(chapters_of(story), cover(story))))).pages
    assert len(pages) == 2
    assert "CAN WE BELIEVE IT?" in pages[1].extract_text()  # Set in capitals above its conclusion.
    whole = PdfReader(io.BytesIO(pdf_bytes(print_page(chapters_of(story), cover(story))))).pages
    assert "What drove" in whole[1].extract_text()


def test_cards_of_the_brief_are_headed_by_conclusions(story: Story) -> None:
    chapters = chapters_of(story)
    html = brief_page(chapters, cover(story))
    heads = [bare(unescape(re.sub("<[^>]+>", "", head))) for head in re.findall(r"<h2>(.*?)</h2>", html, re.DOTALL)]
    told = {chapter.id: bare(chapter.answer).partition("\n") for chapter in chapters}
    shown = ("drivers", "returns", "what-if", "belief")
    assert heads == [told[name][0] for name in shown]
    assert all(told[name][2] for name in shown)


# Slides


@pytest.fixture(scope="module")
def slides(make_story: Callable[..., Story]) -> tuple[Story, Any, bytes]:
    story = make_story(channels=("=1+1", "search", "https://example.com"), settings={"plan": {"curve_points": 4}})
    content = deck(story.material)
    return story, Presentation(io.BytesIO(content)), content


def charts(made: Any) -> list[Any]:
    return [shape for slide in made.slides for shape in slide.shapes if shape.has_chart]


def test_slides_have_native_charts_with_the_reports_numbers(slides: tuple[Story, Any, bytes]) -> None:
    story, made, _ = slides
    frames = charts(made)
    assert len(made.slides) == 6
    assert len(frames) == 5
    assert all(frame._element.nvGraphicFramePr.cNvPr.get("descr") for frame in frames)
    plan = frames[0].chart.plots[0]
    table = story.material.plan.allocation
    assert list(plan.series[0].values) == pytest.approx(table["reference"].to_list())
    assert list(plan.series[1].values) == pytest.approx(table["spend"].to_list())
    headline = story.material.teller.headline()
    assert made.slides[0].shapes.title.text_frame.text == headline.lead


def test_titles_of_slides_are_conclusions_under_their_questions(slides: tuple[Story, Any, bytes]) -> None:
    story, made, _ = slides
    texts = [[shape.text_frame.text for shape in slide.shapes if shape.has_text_frame] for slide in made.slides]
    chapters = [story.drivers(), story.returns(), story.what_if(), story.belief()]
    for place, chapter in zip((3, 2, 4, 5), (made_of.chapter for made_of in chapters), strict=True):
        conclusion, _, support = calm(bare(chapter.answer)).partition("\n")
        assert made.slides[place].shapes.title.text_frame.text == conclusion
        assert support in texts[place]
        assert chapter.question in texts[place]


def test_intervals_are_error_bars(slides: tuple[Story, Any, bytes]) -> None:
    story, made, _ = slides
    series = charts(made)[1].chart.plots[0].series[0]._element
    plus = [float(v.text) for v in series.iterfind(".//{*}errBars/{*}plus//{*}v")]
    channels = story.material.meaning.channels
    assert plus == pytest.approx((channels["roas_upper"] - channels["roas"]).to_list())
    assert [child.tag.rpartition("}")[2] for child in series].index("errBars") == [
        child.tag.rpartition("}")[2] for child in series
    ].index("cat") - 1


def test_the_first_line_of_a_chart_is_the_strong_one(slides: tuple[Story, Any, bytes]) -> None:
    _, made, _ = slides
    for frame in charts(made)[3:]:
        first, *others = (series.format.line.width for series in frame.chart.plots[0].series)
        assert others
        assert all(first > other for other in others)


def test_names_of_the_data_are_text_behind_the_charts(slides: tuple[Story, Any, bytes]) -> None:
    """python-pptx 1.0.2 alone writes '=1+1' as a formula into the chart's workbook, and an address as a link."""
    _, _, content = slides
    books = [n for n in zipfile.ZipFile(io.BytesIO(content)).namelist() if n.endswith(".xlsx")]
    assert books
    for name in books:
        inner = zipfile.ZipFile(io.BytesIO(zipfile.ZipFile(io.BytesIO(content)).read(name)))
        sheet = inner.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet


def test_axes_of_slides_have_room_for_whole_intervals(slides: tuple[Story, Any, bytes]) -> None:
    story, made, _ = slides
    returns = charts(made)[1].chart.value_axis
    assert returns.maximum_scale >= story.material.meaning.channels[["roas_upper", "marginal_roas_upper"]].max().max()
    assert returns.minimum_scale <= 0 < returns.major_unit
    for frame in charts(made):
        axis = frame.chart.value_axis
        assert (axis.maximum_scale - axis.minimum_scale) / axis.major_unit == pytest.approx(6, abs=3.1)


def test_amounts_of_slides_are_short_in_every_language() -> None:
    def of(language: str, largest: float) -> str:
        fmt = Formatter("EUR", "EUR", money_outcome=True, language=language)  # type: ignore[arg-type]
        return _format(fmt, money=True, largest=largest)

    assert of("en", 8e6) == '"€"#,##0.0#,,"m"'
    assert of("en", 5e9) == '"€"#,##0.0#,,,"bn"'
    assert of("en", 900.0) == '#,##0" EUR"'
    assert of("de", 8e6) == '#,##0.0#,,"\xa0Mio.\xa0€"'
    # A thousand millions have no short word: two groups of three digits are cut, not three.
    assert of("es", 5e9) == of("es", 8e6) == '#,##0.0#,,"\xa0M€"'


def test_a_long_note_moves_the_next_and_runs_into_nothing(slides: tuple[Story, Any, bytes]) -> None:
    story, made, _ = slides
    teller = story.material.teller
    boxes = [shape.text_frame.text for shape in made.slides[0].shapes if shape.has_text_frame]
    assert sum(teller.do_nothing() in text and teller.how_sure() in text for text in boxes) == 1
