"""The page in a real browser: nothing fetched, nothing broken, readable at both widths, sliders that work."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmm.reporting.content.what_if import outcome_draws
from mmm.reporting.figures.sheet import text_width
from mmm.reporting.notation.identity import in_page
from mmm.reporting.runs.run import Report
from mmm.reporting.runs.story import Story

pytestmark = pytest.mark.browser

SIZES = [(1440, 900), (390, 844)]


class Page:
    """A page of the report with all that it complained about and asked for."""

    def __init__(self, browser: Any, address: str, size: tuple[int, int], scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, accept_downloads=True
        )
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def number(self, name: str) -> float:
        return float(self.page.get_attribute("#what-if-widget", f"data-{name}"))

    def amounts(self) -> list[float]:
        """Money by channel as the address has it."""
        code = self.page.evaluate("location.hash").removeprefix("#what-if=").partition("~")[0]
        return [float(int(part, 36)) for part in code.split(".")]


@pytest.fixture
def opened(browser: Any, report: Report) -> Iterator[Page]:
    page = Page(browser, report.files["report.html"].as_uri(), SIZES[0])
    yield page
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_fetched_and_nothing_complains(
    browser: Any, report: Report, size: tuple[int, int], scheme: str
) -> None:
    page = Page(browser, report.files["report.html"].as_uri(), size, scheme)
    assert page.complaints == []
    assert [r for r in page.requests if not r.startswith("data:")] == [report.files["report.html"].as_uri()]
    assert page.page.evaluate("document.documentElement.scrollWidth") == size[0]
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off(browser: Any, report: Report, size: tuple[int, int]) -> None:
    page = Page(browser, report.files["report.html"].as_uri(), size)
    outside = page.page.evaluate(
        """() => [...document.querySelectorAll('main h2, main h3, main p, main li, main td, main th, main figcaption')]
            .filter(e => !e.closest('.scroll, thead') && e.getClientRects().length && e.scrollWidth > e.clientWidth + 1
                         && getComputedStyle(e).display !== 'inline')
            .map(e => e.textContent.trim().slice(0, 60))"""
    )
    assert outside == []
    page.context.close()


def test_text_of_figures_stays_in_its_drawing(opened: Page) -> None:
    outside = opened.page.evaluate(
        """() => [...document.querySelectorAll('.chart .wide text')].filter(t => {
              const box = t.getBoundingClientRect(), svg = t.ownerSVGElement.getBoundingClientRect();
              return box.width && (box.left < svg.left - 2 || box.right > svg.right + 2 || box.bottom > svg.bottom + 2);
           }).map(t => t.textContent)"""
    )
    assert outside == []


def test_widths_are_those_that_a_browser_sets(opened: Page) -> None:
    seen = opened.page.evaluate(
        """() => [...document.querySelectorAll('.chart .wide text')].filter(t => t.getBoundingClientRect().width).map(
              t => [t.textContent, parseFloat(getComputedStyle(t).fontSize), +getComputedStyle(t).fontWeight,
                    t.getComputedTextLength()])"""
    )
    assert len(seen) > 20
    for text, size, weight, width in seen:
        assert text_width(text.strip(), size, weight) == pytest.approx(width, abs=0.5), text


def test_the_embedded_fonts_are_used(opened: Page) -> None:
    assert opened.page.evaluate("document.fonts.check('600 16px Inter')")
    used = opened.page.evaluate("getComputedStyle(document.body).fontFamily")
    assert used.startswith("Inter")


def test_dark_pages_are_dark(browser: Any, report: Report) -> None:
    page = Page(browser, report.files["report.html"].as_uri(), SIZES[0], "dark")
    assert page.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 22, 29)"
    page.context.close()


def test_contents_lead_to_the_chapters(opened: Page) -> None:
    opened.page.emulate_media(reduced_motion="reduce")
    opened.page.click("nav.beside a[href='#belief']")
    assert opened.page.evaluate("document.getElementById('belief').getBoundingClientRect().top") < 200


# The sliders


def payload(opened: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(opened.page.text_content("#what-if-data"))
    return found


def in_python(opened: Page, amounts: list[float]) -> np.ndarray:
    data = payload(opened)
    return outcome_draws(data, dict(zip([c["name"] for c in data["channels"]], amounts, strict=True)))


def test_it_starts_at_the_recommended_plan(opened: Page, report: Report) -> None:
    found = json.loads(report.files["results.json"].read_text(encoding="utf-8"))["decision"]
    assert opened.number("mean") == pytest.approx(found["won_plan"]["mean"], rel=0.02)
    assert opened.number("gain") == pytest.approx(found["gain"]["mean"], rel=0.02)


def test_keys_move_a_slider_and_numbers_agree_with_python(opened: Page) -> None:
    slider = opened.page.locator("#what-if-slider-0")
    slider.focus()
    before = opened.number("mean")
    for _ in range(40):
        opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press("PageUp")
    assert opened.number("mean") > before
    expected = in_python(opened, opened.amounts())
    assert opened.number("mean") == pytest.approx(expected.mean(), rel=1e-3)


def test_the_mouse_moves_a_slider(opened: Page) -> None:
    slider = opened.page.locator("#what-if-slider-1")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    before = opened.number("mean")
    opened.page.mouse.click(box["x"] + box["width"] * 0.1, box["y"] + box["height"] / 2)
    assert opened.number("mean") != before
    top = payload(opened)["channels"][1]["top"]
    assert opened.amounts()[1] == pytest.approx(0.1 * top, abs=0.06 * top)


def test_everything_at_random_agrees_with_python(opened: Page) -> None:
    data = payload(opened)
    rng = np.random.default_rng(5)
    for _ in range(10):
        amounts = [float(int(c["top"] * rng.random())) for c in data["channels"]]
        code = ".".join(np.base_repr(int(a), 36).lower() for a in amounts)
        opened.page.evaluate(f"location.hash = '#what-if={code}~{'0' * len(amounts)}'")
        opened.page.wait_for_function(f"location.hash.includes('{code}')")
        opened.page.wait_for_timeout(30)
        draws = in_python(opened, amounts)
        assert opened.number("mean") == pytest.approx(draws.mean(), rel=1e-3)
    today = [c["today"] for c in data["channels"]]
    gain = draws - in_python(opened, today)
    more = sum(amounts) - sum(today)
    margin = data["margin"]
    better = gain > 0 if margin is None else margin * gain - more > 0
    assert opened.number("chance") == pytest.approx(better.mean(), abs=0.011)


def test_a_locked_channel_stays(opened: Page) -> None:
    opened.page.click(".slider .lock >> nth=0")
    assert opened.page.get_attribute(".slider .lock >> nth=0", "aria-pressed") == "true"
    assert opened.page.is_disabled("#what-if-slider-0")
    kept = opened.amounts()[0]
    opened.page.click("#what-if-today")
    assert opened.amounts()[0] == kept
    opened.page.click("#what-if-reset")
    assert opened.page.get_attribute(".slider .lock >> nth=0", "aria-pressed") == "false"


def test_buttons_load_todays_and_the_recommended_plan(opened: Page) -> None:
    opened.page.click("#what-if-today")
    today = [c["today"] for c in payload(opened)["channels"]]
    assert opened.amounts() == pytest.approx(today, abs=1)
    assert opened.number("gain") == 0.0
    assert opened.page.text_content("#what-if-chance") == "same plan"
    opened.page.click("#what-if-recommended")
    assert opened.amounts() == pytest.approx([c["planned"] for c in payload(opened)["channels"]], abs=1)
    # The sliders rest on fewer draws, and yet one plan has one value.
    assert opened.page.text_content("#what-if-won") == opened.page.text_content('[data-q="plan/won_planned"]')


def test_the_total_can_be_held(opened: Page) -> None:
    opened.page.check("#what-if-hold")
    total = sum(c["planned"] for c in payload(opened)["channels"])
    opened.page.locator("#what-if-slider-0").focus()
    for _ in range(30):
        opened.page.keyboard.press("ArrowRight")
    assert sum(opened.amounts()) == pytest.approx(total, rel=1e-3)


def test_the_total_moves_all_channels_alike(opened: Page) -> None:
    opened.page.click("#what-if-today")
    before = opened.amounts()
    opened.page.locator("#what-if-slider-total").focus()
    for _ in range(50):
        opened.page.keyboard.press("ArrowLeft")
    after = opened.amounts()
    assert sum(after) < sum(before)
    assert np.array(after) / np.array(before) == pytest.approx(sum(after) / sum(before), rel=1e-2)


def test_a_link_restores_plan_and_locks(browser: Any, opened: Page, report: Report) -> None:
    opened.page.click("#what-if-today")
    opened.page.click(".slider .lock >> nth=1")
    code, mean = opened.page.evaluate("location.hash"), opened.number("mean")
    again = Page(browser, report.files["report.html"].as_uri() + code, SIZES[0])
    assert again.number("mean") == pytest.approx(mean, rel=1e-6)
    assert again.page.get_attribute(".slider .lock >> nth=1", "aria-pressed") == "true"
    again.context.close()


@pytest.mark.parametrize("code", ["#what-if=zz", "#what-if=1.2~00", "#what-if=~", "#what-if=1.2.3~001<script>"])
def test_a_broken_link_is_ignored(browser: Any, opened: Page, report: Report, code: str) -> None:
    again = Page(browser, report.files["report.html"].as_uri() + code, SIZES[0])
    assert again.complaints == []
    assert again.number("mean") == pytest.approx(opened.number("mean"))
    again.context.close()


def test_the_plan_is_saved_as_csv(opened: Page, tmp_path: Path) -> None:
    opened.page.click("#what-if-today")
    with opened.page.expect_download() as waiting:
        opened.page.click("#what-if-csv")
    target = tmp_path / "plan.csv"
    waiting.value.save_as(target)
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [c["name"] for c in payload(opened)["channels"]]
    assert [r["channel"] for r in rows] == [f"'{n}" if n.startswith("=") else n for n in names]
    assert [float(r["spend_chosen"]) for r in rows] == pytest.approx(opened.amounts(), abs=1)
    assert opened.complaints == []


def test_sliders_speak(opened: Page) -> None:
    text = opened.page.get_attribute("#what-if-slider-0", "aria-valuetext")
    assert "against today" in text or "as today" in text
    label = opened.page.evaluate("document.querySelector('label[for=what-if-slider-0]').textContent")
    assert label == "<script>alert(1)</script>"


def test_a_story_without_sliders_has_no_script(make_story: Any) -> None:
    from mmm.reporting.pages.render import Cover, web_page

    story: Story = make_story(settings={"report": {"what_if": False}})
    html = web_page([story.what_if().chapter], Cover("t", "s", "d", story.look))
    assert "<script" not in html
    assert "script-src 'none'" in html


def test_no_line_ends_between_a_sign_and_its_amount(browser: Any) -> None:
    """Signed amounts of running text that carry no identity, in every currency's notation and at every width."""
    text = "They bring +€2.15 million, −CHF\u00a01.2 to +US$3 or (−£4), and x+y2 stays a formula"
    page = browser.new_page()
    page.set_content(f"<p style='font:16px sans-serif;margin:0'>{in_page(text)}</p>")
    parted = page.evaluate("""() => {
        const p = document.querySelector('p'), text = p.firstChild, found = []
        const top = i => { const r = document.createRange(); r.setStart(text, i); r.setEnd(text, i + 1)
                           return r.getBoundingClientRect().top }
        for (let width = 30; width < 400; width += 2) {
            p.style.width = width + 'px'
            for (let i = 0; i + 2 < text.data.length; i++)
                if ('+−'.includes(text.data[i]) && text.data[i + 1] != 'y') {
                    const next = text.data[i + 1] == '\u2060' ? i + 2 : i + 1
                    if (top(i) != top(next)) found.push([width, text.data.slice(i, i + 8)])
                }
        }
        return found
    }""")
    page.close()
    assert parted == []
    assert "x+y2" in in_page(text)
