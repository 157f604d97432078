"""Scripts beyond Latin in print: fallback letters, right-to-left text in figures, and characters that no font has.

The embedded fonts are Latin. Other letters come from DejaVu Sans, which matplotlib brings along (Greek, Cyrillic,
Hebrew, Arabic, symbols), then from the machine's fonts. A character that none of them has is printed as its code, such
as [691C]: an empty box would make two such names look alike.
"""

import base64
import functools
import re
import unicodedata
from collections.abc import Callable
from html import escape, unescape
from pathlib import Path

import matplotlib as mpl
from fontTools.ttLib import TTFont
from matplotlib.font_manager import FontProperties, findSystemFonts
from matplotlib.ft2font import FT2Font
from matplotlib.textpath import TextPath

from mmm.reporting.design.look import FALLBACK_FONT, FONTS, TEXT_FONT, register_fonts

_TITLE_OR_TEXT = re.compile(r"(<title>.*?</title>)|([^\x00-\u00ff]+)", re.DOTALL)
_SVG_TEXT = re.compile(r"<text ([^>]*)>([^<]*)</text>")
_STYLE = re.compile(r"([\w-]+): ([^;]+)")
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me", "Cs")
"""Kinds of characters that need no glyph of their own."""
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


def in_print(html: str) -> str:
    """The printed page with fallback letters embedded, figures' texts shaped, and codes for what no font has.

    Titles keep their characters: they are read aloud or searched, not drawn.
    """
    beyond = _beyond_latin(html)
    if not beyond:
        return html
    lacking = set(unprintable(html))
    html = _TITLE_OR_TEXT.sub(lambda found: found.group(1) or _coded(found.group(2), lacking), html)
    html = _SVG_TEXT.sub(_shaped, html)
    return html.replace("<style>", f"<style>\n{_fallback_faces()}", 1)


def unprintable(text: str) -> str:
    """The characters that neither the embedded fonts, nor DejaVu Sans, nor any font of the machine has."""
    rest = [c for c in _beyond_latin(text) if ord(c) not in _fallback_letters()]
    return "".join(c for c in rest if not any(font.get_char_index(ord(c)) for font in _machine_fonts()))


def _beyond_latin(text: str) -> list[str]:
    """Characters that the embedded fonts lack, in order."""
    others = sorted({c for c in set(text) if c > "\u00ff" and unicodedata.category(c) not in _UNSEEN})
    return [c for c in others if ord(c) not in _latin_letters()]


@functools.cache
def _latin_letters() -> frozenset[int]:
    return frozenset(TTFont(FONTS / "inter-latin-400-normal.woff2").getBestCmap())


def _fallback_files() -> dict[int, Path]:
    """DejaVu Sans by weight."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    return {400: folder / "DejaVuSans.ttf", 600: folder / "DejaVuSans-Bold.ttf"}


@functools.cache
def _fallback_letters() -> frozenset[int]:
    return frozenset(TTFont(_fallback_files()[400]).getBestCmap())


@functools.cache
def _machine_fonts() -> tuple[FT2Font, ...]:
    """The fonts of the machine; files that are no fonts are left out."""
    found = []
    for path in sorted(findSystemFonts()):
        try:
            found.append(FT2Font(path))
        except (OSError, RuntimeError):
            continue
    return tuple(found)


@functools.cache
def _fallback_faces() -> str:
    rules = []
    for weight, path in _fallback_files().items():
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        source = f'src:url(data:font/ttf;base64,{data}) format("truetype")'
        rules.append(f'@font-face{{font-family:"{FALLBACK_FONT}";font-weight:{weight};font-style:normal;{source}}}')
    return "\n".join(rules)


def _coded(text: str, lacking: set[str]) -> str:
    """The text with every run of characters that no font has as their codes in brackets."""
    if lacking.isdisjoint(text):
        return text
    pattern = f"[{re.escape(''.join(sorted(lacking)))}]+"
    return re.sub(pattern, lambda found: f"[{' '.join(f'{ord(c):X}' for c in found.group())}]", text)


def _shaped(match: re.Match[str]) -> str:
    """A figure's text as outlines where it leaves Latin: the PDF library neither joins nor turns letters in figures."""
    text = unescape(match.group(2))
    if not _beyond_latin(text) or not all(_has_outline(c) for c in text):
        return match.group(0)
    register_fonts()
    attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', match.group(1)))
    style = dict(_STYLE.findall(attributes.get("style", "")))
    size = float(style.get("font-size", "12px").removesuffix("px"))
    font = FontProperties(family=[TEXT_FONT, FALLBACK_FONT], weight=int(style.get("font-weight", "400")))
    path = TextPath((0, 0), text, size=size, prop=font)
    x = float(attributes.get("x", 0)) - _ANCHORS[style.get("text-anchor", "start")] * float(path.get_extents().x1)
    place = f"translate({x:.2f} {float(attributes.get('y', 0)):.2f})"
    turned = f"{attributes['transform']} {place}" if "transform" in attributes else place
    fill = escape(style.get("fill", "#000000"))
    return f'<path transform="{turned}" style="fill: {fill}; stroke: none" d="{_outline(path)}"/>'


def _has_outline(character: str) -> bool:
    code = ord(character)
    seen = unicodedata.category(character) not in _UNSEEN
    return not seen or code in _latin_letters() or code in _fallback_letters()


_COMMANDS: dict[int, Callable[[list[str]], str]] = {
    1: lambda numbers: f"M{' '.join(numbers)}",
    2: lambda numbers: f"L{' '.join(numbers)}",
    3: lambda numbers: f"Q{' '.join(numbers)}",
    4: lambda numbers: f"C{' '.join(numbers)}",
    79: lambda _: "Z",
}
"""Drawing commands of SVG by matplotlib's codes of a path."""


def _outline(path: TextPath) -> str:
    """The path as SVG draws it, the y axis down."""
    parts = []
    for points, code in path.iter_segments(simplify=False):
        numbers = [f"{value if i % 2 == 0 else -value:.2f}" for i, value in enumerate(points)]
        parts.append(_COMMANDS[int(code)](numbers))
    return "".join(parts)
