"""The parts of a page: chapters, tables and tiles as plain data, and the templates that turn them into HTML."""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from mmm.reporting.figures.sheet import Drawn
from mmm.reporting.labels import calm

TEMPLATES = Path(__file__).parent / "templates"
Tone = Literal["", "good", "warn", "bad", "soft"]


@dataclass(frozen=True)
class Cell:
    """One cell of a table: text, a quieter second text (usually the interval), a colour swatch, a tone."""

    text: str
    note: str = ""
    swatch: str = ""
    tone: Tone = ""
    strong: bool = False


@dataclass(frozen=True)
class Column:
    """A column's heading; numbers stand right-aligned."""

    label: str
    number: bool = True


@dataclass(frozen=True)
class Table:
    """A table whose first cells head their rows. ``last`` is a row of totals."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    last: tuple[Cell, ...] = ()
    compact: bool = False


@dataclass(frozen=True)
class Tile:
    """A figure that stands alone: what it is, how much, and its interval or note."""

    label: str
    value: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Chapter:
    """One chapter: a question, its answer in a sentence, and the HTML below it with places for its figures."""

    id: str
    question: str
    answer: str
    html: str
    figures: tuple[Drawn, ...] = ()
    data: str = field(default="", repr=False)
    """JSON for the chapter's script, on screen only."""

    def to_data(self) -> dict[str, Any]:
        """As JSON that travels through the executed notebook."""
        return {
            "id": self.id,
            "question": self.question,
            "answer": self.answer,
            "html": self.html,
            "data": self.data,
            "figures": [{"name": f.name, "alt": f.alt, "wide": f.wide, "narrow": f.narrow} for f in self.figures],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Chapter":
        """The inverse of :meth:`to_data`."""
        figures = tuple(Drawn(f["name"], f["alt"], f["wide"], f["narrow"]) for f in data["figures"])
        return cls(data["id"], data["question"], data["answer"], data["html"], figures, data["data"])


@functools.lru_cache(maxsize=4)
def environment(override: Path | None = None) -> Environment:
    """Templates with escaping on for everything; files in ``override`` replace those of the same name."""
    loaders: list[BaseLoader] = [FileSystemLoader(TEMPLATES)]
    if override is not None:
        loaders.insert(0, FileSystemLoader(override))
    found = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_calmed,
    )
    found.filters["strong"] = _strong
    return found


def _calmed(value: Any) -> Any:
    """What a template prints; HTML of the report's own was calmed when it was made."""
    return calm(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _strong(text: str) -> Markup:
    """The text escaped, and what stands between two asterisks each side made bold."""
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(escape(text))))  # noqa: S704


def render(template: str, override: Path | None, **context: Any) -> str:
    """A template's text; everything in ``context`` is escaped unless a template marks it as its own HTML."""
    return environment(override).get_template(template).render(**context)


def cells(*texts: str) -> tuple[Cell, ...]:
    """A row of plain cells."""
    return tuple(Cell(t) for t in texts)


def columns(first: str, *labels: str) -> tuple[Column, ...]:
    """A heading for the rows, then headings of numbers."""
    return (Column(first, number=False), *(Column(label) for label in labels))


def table_of(caption: str, head: Sequence[Column], rows: Iterable[Sequence[Cell]], **options: Any) -> Table:
    """A table from any iterables."""
    return Table(caption, tuple(head), tuple(tuple(r) for r in rows), **options)
