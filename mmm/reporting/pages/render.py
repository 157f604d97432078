"""From chapters to files: one self-contained HTML page, and a tagged PDF of the same chapters."""

import base64
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from types import ModuleType

from markupsafe import Markup

from mmm.errors import ReportError
from mmm.files import Wanted, read_bytes
from mmm.reporting.design.glyphs import in_print
from mmm.reporting.design.look import Look, font_faces
from mmm.reporting.figures.sheet import Drawn
from mmm.reporting.languages.words import Words, words
from mmm.reporting.notation.identity import in_page
from mmm.reporting.pages.parts import Chapter
from mmm.reporting.pages.templating import render, source
from mmm.settings.report import Language

_FOLD = re.compile(r'<details class="fold"><summary>.*?</summary>(.*?)</details>', re.DOTALL)
_PLACE = re.compile(r'<figure class="chart" data-figure="([^"]+)">(.*?)</figure>', re.DOTALL)
_SCRIPT = "whatif.js"
_LOGO = Wanted("report.logo:", 300_000, ReportError, "Name a picture of at most 300,000 bytes, or remove the key.")
_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}
_PDF_HELP = (
    "The PDF needs Pango from the system, which is missing. On Debian and Ubuntu: "
    "apt-get install libpangoft2-1.0-0 libharfbuzz-subset0; on macOS: brew install pango; "
    "or set report.formats: [html]."
)


@dataclass(frozen=True)
class Cover:
    """What stands around the chapters."""

    title: str
    subtitle: str
    date: str
    look: Look
    language: Language = "en"
    organisation: str = ""
    author: str = ""
    logo: str = ""
    colophon: str = ""
    templates: Path | None = None


def web_page(chapters: Sequence[Chapter], cover: Cover) -> str:
    """The HTML report: fonts, styles, figures and scripts inside, nothing fetched from anywhere.

    The content security policy allows exactly the scripts that are written here, by their hashes.
    """
    scripts = [source(_SCRIPT, cover.templates)] if any(c.data for c in chapters) else []
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts) or "'none'"
    return render(
        "page.html.j2",
        cover.templates,
        **_common(cover),
        dark=_own(cover.look.variables(dark=True)),
        css=_own(source("report.css", cover.templates)),
        chapters=[_placed(c, cover.look, screen=True) for c in chapters],
        scripts=[_own(s) for s in scripts],
        script_source=_own(hashes),
    )


def print_page(chapters: Sequence[Chapter], cover: Cover) -> str:
    """The HTML that becomes the PDF: wide figures in light colours, no scripts, and letters that the PDF can show."""
    html = render(
        "print.html.j2",
        cover.templates,
        **_common(cover),
        css=_own(source("print.css", cover.templates)),
        page_number=_own(_page_number(cover)),
        chapters=[_placed(c, cover.look, screen=False) for c in _in_order(chapters, words(cover.language))],
    )
    return in_print(html)


_SECOND = (("drivers", "swings"), ("returns", "returns"), ("what-if", "budget-curve"), ("belief", "held-out"))
"""Chapters of the second page of the brief, each with its figure."""


def brief_page(chapters: Sequence[Chapter], cover: Cover) -> str:
    """The HTML that becomes the brief: page one, then four chapters by their answer and one figure each."""
    by_id = {chapter.id: chapter for chapter in chapters}
    cards = []
    for name, figure in ((n, f) for n, f in _SECOND if n in by_id):
        chapter = by_id[name]
        drawn = next((f for f in chapter.figures if f.name == figure), chapter.figures[0] if chapter.figures else None)
        picture = _own(_titled(drawn.narrow, drawn.alt)) if drawn is not None else ""
        conclusion, _, support = chapter.answer.partition("\n")
        cards.append({"question": chapter.question, "title": conclusion, "support": support, "figure": picture})
    html = render(
        "brief.html.j2",
        cover.templates,
        **_common(cover),
        css=_own(source("print.css", cover.templates)),
        page_number=_own(_page_number(cover)),
        first=_placed(chapters[0], cover.look, screen=False),
        cards=cards,
    )
    return in_print(html)


def _in_order(chapters: Sequence[Chapter], t: Words) -> list[Chapter]:
    """As print has them: folded chapters last, and folded tables of all chapters after them, each under its chapter."""
    told: list[Chapter] = []
    tables: list[str] = []
    for chapter in sorted(chapters, key=lambda c: c.folded):
        found = _FOLD.findall(chapter.html)
        told.append(replace(chapter, html=_FOLD.sub("", chapter.html)))
        if found:
            tables.append(f'<h3 class="no-bookmark">{escape(chapter.question)}</h3>{"".join(found)}')
    if tables:
        told.append(Chapter("tables", t("Tables"), "", "".join(tables)))
    return told


def _page_number(cover: Cover) -> str:
    """'Page 3 of 12' as the value of a style sheet's ``content``."""
    text = words(cover.language)("Page {page} of {pages}", page="\0", pages="\1").replace('"', "")
    return f'"{text}"'.replace("\0", '" counter(page) "').replace("\1", '" counter(pages) "')


def pdf_bytes(html: str) -> bytes:
    """A tagged PDF (PDF/UA-1) of a printed page.

    Raises ReportError that names the missing system package where Pango is not installed.
    """
    weasyprint = require_pdf()
    # Nothing outside the page may be read, neither from the network nor from the disk.
    inside_only = weasyprint.URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    target = io.BytesIO()
    page = weasyprint.HTML(string=html, url_fetcher=inside_only)
    page.write_pdf(target, pdf_variant="pdf/ua-1", pdf_identifier=hashlib.sha256(html.encode()).digest()[:16])
    return target.getvalue()


def require_pdf() -> ModuleType:
    """The PDF library. Raises ReportError with what to install where the system's part of it is missing."""
    try:
        import weasyprint
    except OSError as error:
        raise ReportError(_PDF_HELP) from error
    module: ModuleType = weasyprint
    return module


def _own(text: str) -> Markup:
    """HTML, CSS or script of the report's own making; texts from the data were escaped before they went in."""
    return Markup(text)  # noqa: S704


def _common(cover: Cover) -> dict[str, object]:
    return {
        "language": cover.language,
        "t": words(cover.language),
        "title": cover.title,
        "subtitle": cover.subtitle,
        "date": cover.date,
        "organisation": cover.organisation,
        "author": cover.author,
        "logo": cover.logo,
        "colophon": cover.colophon,
        "fonts": _own(font_faces()),
        "light": _own(cover.look.variables()),
    }


def _placed(chapter: Chapter, look: Look, *, screen: bool) -> dict[str, object]:
    """The chapter with its figures drawn in; a place without a figure is dropped."""
    figures = {f.name: f for f in chapter.figures}

    def fill(match: re.Match[str]) -> str:
        figure = figures.get(match.group(1))
        if figure is None:
            return ""
        body = _screen_figure(figure, look) if screen else _titled(figure.wide, figure.alt)
        return f'<figure class="chart" data-figure="{figure.name}">{match.group(2)}{body}</figure>'

    html = _PLACE.sub(fill, chapter.html)
    return {
        "id": chapter.id,
        "question": chapter.question,
        "answer": chapter.answer,
        "html": _own(html),
        "folded": chapter.folded,
        "data": _own(chapter.data.replace("<", "\\u003c")),
    }


def jupyter_html(chapter: Chapter, look: Look) -> str:
    """The chapter as it shows in a notebook: light colours, figures drawn in."""
    placed = _placed(chapter, look, screen=False)
    head = f"<h2>{escape(chapter.question)}</h2><p><em>{in_page(chapter.answer)}</em></p>"
    return f'<div style="{look.variables()}max-width:860px">{head}{placed["html"]}</div>'


def _screen_figure(figure: Drawn, look: Look) -> str:
    label = f'<svg role="img" aria-label="{escape(figure.alt)}" '
    wide, narrow = (look.themed(svg).replace("<svg ", label, 1) for svg in (figure.wide, figure.narrow))
    return f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>'


def _titled(svg: str, alt: str) -> str:
    """The drawing with its description as title, which becomes the alternative text in the PDF's tags."""
    start = svg.index(">") + 1
    return f"{svg[:start]}<title>{escape(alt)}</title>{svg[start:]}"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def logo_data(path: Path) -> str:
    """A picture as a data URI. Raises ReportError for a missing, large or unknown file."""
    kind = _IMAGES.get(path.suffix.lower())
    if kind is None:
        raise ReportError(f"report.logo: '{path.name}' is no PNG, JPEG or SVG file. Convert it, or leave the logo out.")
    content = read_bytes(path, _LOGO)
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
