"""axe-core on the page, and hostile or extreme input through the real renderer in a real browser."""

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from mmm.reporting.pages.render import Cover, web_page
from mmm.reporting.runs.run import Report
from mmm.reporting.runs.story import Story
from mmm.settings.report import Language

pytestmark = pytest.mark.browser

CHAPTERS = (
    "summary", "drivers", "returns", "saturation", "plan_by_channel", "what_if", "belief", "data", "appendix",
)  # fmt: skip
WIDTHS = (1440, 390)
QUICK = {"curve_points": 2, "draws": 100}


def html_of(story: Story, language: Language = "en") -> str:
    chapters = [getattr(story, name)().chapter for name in CHAPTERS]
    return web_page(chapters, Cover("A title", "A subtitle", "Today", story.look, language=language))


def serious(page: Any) -> list[str]:
    """What axe-core finds serious or critical, with the element."""
    page.add_script_tag(content=files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 20
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def opened(browser: Any, width: int, scheme: str = "light") -> Any:
    # The report's own security policy would refuse axe as a foreign script.
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    return context.new_page()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious(browser: Any, report: Report, width: int, scheme: str) -> None:
    page = opened(browser, width, scheme)
    page.goto(report.files["report.html"].as_uri())
    assert serious(page) == []
    page.context.close()


def test_axe_would_find_something(browser: Any, report: Report) -> None:
    page = opened(browser, WIDTHS[0])
    page.goto(report.files["report.html"].as_uri())
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert any(line.startswith("html-has-lang") for line in serious(page))
    page.context.close()


LONG = "Programmatic display prospecting in the north and the west X"
CASES: dict[str, dict[str, Any]] = {
    "names in German": {
        "channels": (LONG, "قناة التلفزيون", "検索 🔎", "a\u202eb", "<b>Übergröße</b> & Söhne"),
        "settings": {"plan": QUICK, "report": {"language": "de"}},
    },
    "one channel in French": {"channels": ("search",), "settings": {"plan": QUICK, "report": {"language": "fr"}}},
    "very many channels": {"channels": tuple(f"{LONG[:40]} {i}" for i in range(24)), "settings": {"plan": QUICK}},
    "failed gate, in yen and Spanish": {
        "diverging": True,
        "currency": "JPY",
        "spend": 6e6,
        "settings": {"gate": {"override": True}, "plan": QUICK, "report": {"language": "es"}},
    },
    "a channel that paused and a young one": {
        "channels": ("tv", "search", "cinema", "radio"),
        "paused": ("cinema",),
        "young": ("radio",),
        "settings": {"plan": QUICK},
    },
    "plan like today's, in an unknown currency": {
        "currency": "XQX",
        "settings": {"plan": {**QUICK, "bounds": [1.0, 1.0]}},
    },
}


@pytest.mark.parametrize("name", CASES)
def test_extreme_input_is_shown_whole(browser: Any, make_story: Callable[..., Story], name: str) -> None:
    case = {"geos": 1, **CASES[name]}
    story = make_story(**case)
    html = html_of(story, story.settings.report.language)
    assert len(html) < 1_500_000
    assert re.search(rf'<html lang="{story.settings.report.language}">', html)
    for width in WIDTHS:
        page = opened(browser, width)
        complaints: list[str] = []
        page.on("console", lambda message, to=complaints: to.append(message.text))
        page.on("pageerror", lambda error, to=complaints: to.append(str(error)))
        page.set_content(html)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert complaints == []
        assert "NaN" not in page.inner_text("body")
        if width == WIDTHS[1]:
            assert serious(page) == []
        page.context.close()
