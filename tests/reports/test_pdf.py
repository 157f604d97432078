"""The PDF read back: text, fonts, tags, bookmarks, pages."""

import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from mmm.reporting.pages.render import Cover, pdf_bytes, print_page
from mmm.reporting.runs.run import Report
from mmm.reporting.runs.story import Story

pytestmark = [pytest.mark.pdf, pytest.mark.usefixtures("needs_pdf")]


@pytest.fixture(scope="module")
def path(report: Report) -> Path:
    return report.files["report.pdf"]


@pytest.fixture(scope="module")
def pdf(path: Path) -> PdfReader:
    return PdfReader(path)


def read(path: Path, *options: str) -> str:
    command = shutil.which("pdftotext") or "pdftotext"
    return subprocess.run([command, *options, str(path), "-"], capture_output=True, text=True, check=True).stdout


def flat(text: str) -> str:
    """Words of a text with soft line ends and special spaces made plain."""
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ").replace("\u202f", " "))


@pytest.mark.usefixtures("needs_poppler")
def test_page_one_gives_the_recommendation(path: Path, report: Report) -> None:
    first = flat(read(path, "-l", "1"))
    lead = report.files["results.json"].read_text(encoding="utf-8")
    assert "over the next 13 weeks" in first
    assert "90% interval" in first
    for heading in ("If you do nothing", "How sure is this?", "What would change our mind?", "What does it rest on?"):
        assert heading in first
    assert "The chance that" in first
    assert lead


@pytest.mark.usefixtures("needs_poppler")
def test_the_first_two_pages_hold_no_code_and_no_jargon(path: Path) -> None:
    first_two = flat(read(path, "-l", "2")).lower()
    for word in (
        "r-hat",
        "posterior",
        "prior",
        "mcmc",
        "adstock",
        "hill",
        "bayesian",
        "divergences",
        "import",
        "roas",
        "ess",
    ):
        assert not re.search(rf"\b{word}\b", first_two), word


@pytest.mark.usefixtures("needs_poppler")
def test_pages_are_numbered_with_the_title(path: Path, pdf: PdfReader) -> None:
    text = flat(read(path))
    count = len(pdf.pages)
    assert f"Page 1 of {count}" in text
    assert f"Page {count} of {count}" in text
    assert text.count("Synthetic shop") >= count


@pytest.mark.usefixtures("needs_poppler")
def test_no_text_of_the_page_is_lost_in_print(path: Path, report: Report) -> None:
    class Words(HTMLParser):
        """Words of paragraphs and table cells of the HTML report, outside scripts and figures."""

        def __init__(self) -> None:
            super().__init__()
            self.words: list[str] = []
            self._off = 0

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self._off += tag in ("script", "style", "svg", "noscript", "nav", "pre", "details")

        def handle_endtag(self, tag: str) -> None:
            self._off -= tag in ("script", "style", "svg", "noscript", "nav", "pre", "details")

        def handle_data(self, data: str) -> None:
            if not self._off:
                self.words += re.findall(r"[A-Za-z]{5,}", data)

    parser = Words()
    parser.feed(report.files["report.html"].read_text(encoding="utf-8"))
    printed = set(re.findall(r"[A-Za-z]{5,}", read(path).replace("-\n", "")))
    only_screen = {"Contents", "report"}
    lost = {w for w in parser.words if w not in printed} - only_screen
    assert not lost


def cut_off(path: Path) -> list[str]:
    """Words that leave the printed area of their page."""
    text = read(path, "-bbox")
    found = []
    for page in re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', text, flags=re.DOTALL):
        width, height = float(page[0]), float(page[1])
        for word in re.findall(
            r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)<', page[2]
        ):
            left, top, right, bottom = (float(v) for v in word[:4])
            if left < 30 or right > width - 30 or top < 20 or bottom > height - 15:
                found.append(word[4])
    return found


@pytest.mark.usefixtures("needs_poppler")
def test_no_word_leaves_the_printed_area(path: Path) -> None:
    assert cut_off(path) == []


@pytest.mark.usefixtures("needs_poppler")
def test_twelve_channels_fit_the_page_in_german(make_story: Callable[..., Story], tmp_path: Path) -> None:
    story = make_story(
        channels=tuple(f"channel number {i}" for i in range(12)),
        settings={"plan": {"curve_points": 2, "draws": 100}, "report": {"language": "de", "figures": False}},
    )
    names = ("plan_by_channel", "what_if", "appendix")
    chapters = [getattr(story, name)().chapter for name in names]
    target = tmp_path / "report.pdf"
    target.write_bytes(pdf_bytes(print_page(chapters, Cover("T", "S", "D", story.look, language="de"))))
    assert cut_off(target) == []
    root: Any = PdfReader(target).trailer["/Root"]
    assert root["/Lang"] == "de"


@pytest.mark.usefixtures("needs_poppler")
def test_no_page_ends_with_what_introduces_the_next(path: Path, report: Report) -> None:
    html = report.files["report.html"].read_text(encoding="utf-8")
    found = re.findall(r'<h[23][^>]*>(.*?)</h[23]>|<p class="(?:keep|answer)">(.*?)</p>|<figcaption>(.*?)<', html)
    plain = (re.sub(r"<[^>]+>", "", "".join(parts)) for parts in found)
    introductions = [re.sub(r"\s+", " ", unescape(text)).strip() for text in plain]
    assert len(introductions) > 30
    pages = [[line.strip() for line in page.splitlines() if line.strip()] for page in read(path).split("\f")]
    # The last lines of a page are its foot: title and number.
    last = [[line for line in page if not line.startswith(("Page ", "Synthetic shop"))][-1:] for page in pages]
    ends = [flat(line) for lines in last for line in lines]
    assert len(ends) > 8
    assert [end for end in ends if any(intro.endswith(end) for intro in introductions)] == []


@pytest.mark.usefixtures("needs_poppler")
def test_the_appendix_prints_what_was_set_and_no_default(path: Path, report: Report) -> None:
    printed, html = read(path), report.files["report.html"].read_text(encoding="utf-8")
    assert "ess_bulk_min: 300" in printed
    assert "target_accept" not in printed
    folded = re.search(r'<details class="screen">.*?</details>', html, flags=re.DOTALL)
    assert folded is not None
    assert "target_accept" in folded.group(0)
    settings = report.files["settings.yaml"].read_text(encoding="utf-8")
    assert "target_accept" in settings


def test_the_length_is_that_of_a_report(pdf: PdfReader) -> None:
    assert 9 <= len(pdf.pages) <= 15


@pytest.mark.usefixtures("needs_poppler")
def test_every_font_is_embedded(path: Path) -> None:
    command = shutil.which("pdffonts") or "pdffonts"
    lines = subprocess.run([command, str(path)], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    names = " ".join(lines)
    assert "Inter" in names
    assert "Source-Serif" in names or "SourceSerif" in names
    assert all(re.search(r"\syes (yes|no)\s+yes\s", line) for line in lines), lines


def test_it_is_tagged_and_says_its_language_and_title(pdf: PdfReader) -> None:
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert "/StructTreeRoot" in root
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Synthetic shop"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]


def test_figures_have_alternative_text(pdf: PdfReader) -> None:
    found: list[str] = []

    def walk(node: object) -> None:
        if isinstance(node, list):
            for child in node:
                walk(child.get_object() if hasattr(child, "get_object") else child)
        elif isinstance(node, DictionaryObject):
            if node.get("/S") == "/Figure":
                found.append(str(node.get("/Alt", "")))
            kids = node.get("/K")
            if kids is not None:
                kids = kids.get_object() if hasattr(kids, "get_object") else kids
                walk(kids if isinstance(kids, list) else [kids])

    root: Any = pdf.trailer["/Root"]
    walk(root["/StructTreeRoot"].get_object())
    assert len(found) >= 8
    assert all(len(alt) > 20 for alt in found), found


def test_bookmarks_are_the_chapters(pdf: PdfReader) -> None:
    titles: list[str] = [str(item["/Title"]) for item in pdf.outline if not isinstance(item, list)]
    assert "What to do" in titles
    assert "Can we believe it?" in titles
    assert "Appendix for statisticians" in titles
    assert titles == list(dict.fromkeys(titles))


def test_page_one_is_one_page(pdf: PdfReader) -> None:
    second = pdf.pages[1].extract_text()
    assert "What drove" in second.replace("\n", " ")
