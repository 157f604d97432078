"""What a reader of the report sees, and whether English is left in it."""

import json
import re
from dataclasses import dataclass
from html import unescape

import messages

from mmm.reporting.languages.words import MADE_BELOW, words
from mmm.settings.report import Language

LANGUAGES: tuple[Language, ...] = ("de", "fr", "es")
PLACES = re.compile(r"\{\w+\}")
_COMMON = ("the", "with", "than", "spend", "weeks", "Channel", "Today", "revenue", "model", "report", "of", "more")


def text_of(html: str) -> str:
    """All that a reader sees or hears: text, labels, and the texts of the sliders."""
    bare = re.sub(r"<style\b.*?</style>|<script>.*?</script>|<pre\b.*?</pre>", " ", html, flags=re.DOTALL)
    heard = " ".join(re.findall(r'(?:aria-label|data-label|alt|content)="([^"]*)"', bare))
    payload = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', bare, flags=re.DOTALL)
    said = " ".join(json.loads(payload.group(1))["texts"].values()) if payload else ""
    bare = re.sub(r"<script\b.*?</script>|<[^>]+>", " ", bare, flags=re.DOTALL)
    return re.sub(r"\s+", " ", f"{bare} {heard} {said}").replace("&#39;", "'").replace("\u00a0", " ")


def english() -> list[str]:
    """The longest literal piece of every English message that says enough to be recognised."""
    found = []
    for message in (*messages.used(), *(m for c, m in words("de").messages if c == MADE_BELOW)):
        piece = max(PLACES.split(message), key=len).replace("**", "").strip(" .,;:")
        same = words("de").messages.get((MADE_BELOW, message), "")
        if len(piece) > 8 and " " in piece and piece not in same:
            found.append(piece)
    return found


def leaked(text: str) -> list[str]:
    """English in a text of another language: pieces of messages, and common words with what stands around them."""
    found = [piece for piece in english() if piece in text]
    for word in _COMMON:
        found += re.findall(rf".{{,30}}(?<![\w.-]){word}(?![\w.-]).{{,30}}", text)
    return found


@dataclass(frozen=True)
class Data:
    """A number of a page: which quantity it is, its value in full, what one of its text stands for, and the text."""

    q: str
    value: float
    unit: float
    text: str

    @property
    def written(self) -> float:
        """The number as a reader takes it, in the unit that its text is written in."""
        found = re.search(r"[\d.,’\u202f\u00a0]*\d(?:e−?\d+)?", self.text)
        assert found is not None, self
        sign = -1.0 if self.text.lstrip("<>≥ ").startswith("−") else 1.0
        return sign * float(found.group().replace(",", "").replace("−", "-"))

    @property
    def step(self) -> float:
        """One unit of the last place that is written, in full."""
        found = re.search(r"\d[\d,]*(?:\.(\d+))?(?:e(−?\d+))?", self.text)
        assert found is not None, self
        power = int((found.group(2) or "0").replace("−", "-")) - len(found.group(1) or "")
        return float(10.0**power) * self.unit


_DATA = re.compile(r'<data data-q="([^"]*)" value="([^"]*)" data-unit="([^"]*)">([^<]*)</data>')


def data_of(html: str) -> list[Data]:
    """The numbers of a page that say which quantity they are, in English notation."""
    return [Data(unescape(q), float(v), float(u), unescape(text)) for q, v, u, text in _DATA.findall(html)]
