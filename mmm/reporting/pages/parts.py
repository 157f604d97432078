"""The parts of a page: chapters, tables and tiles as plain data, which the templates turn into HTML."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from markupsafe import Markup

from mmm.reporting.figures.sheet import Drawn, Finished
from mmm.reporting.notation.identity import in_page

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
    """A table whose first cells head their rows. ``last`` is a row of totals.

    ``folded``: it repeats a figure, so that a page shows it on demand and print in the appendix.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    last: tuple[Cell, ...] = ()
    compact: bool = False
    folded: bool = False


@dataclass(frozen=True)
class Tile:
    """A figure that stands alone: what it is, how much, and its interval or note."""

    label: str
    value: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Chapter:
    """One chapter: a question, its answer, and the HTML below it with places for its figures.

    The answer's first line is its conclusion, which heads the brief's card; a page sets its lines as one paragraph.
    ``folded``: for those who ask further; a page shows its question and answer, and print has it at the end.
    """

    id: str
    question: str
    answer: str
    html: str
    figures: tuple[Drawn, ...] = ()
    data: str = field(default="", repr=False)
    """JSON for the chapter's script, on screen only."""
    folded: bool = False

    @property
    def answer_html(self) -> Markup:
        """The answer as it stands on the page."""
        return in_page(self.answer)

    def to_data(self) -> dict[str, Any]:
        """As JSON that travels through the executed notebook."""
        return {
            "id": self.id,
            "question": self.question,
            "answer": self.answer,
            "html": self.html,
            "data": self.data,
            "folded": self.folded,
            "figures": [{"name": f.name, "alt": f.alt, "wide": f.wide, "narrow": f.narrow} for f in self.figures],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Chapter":
        """The inverse of :meth:`to_data`."""
        figures = tuple(Finished(f["name"], f["alt"], f["wide"], f["narrow"]) for f in data["figures"])
        folded = bool(data.get("folded", False))
        return cls(data["id"], data["question"], data["answer"], data["html"], figures, data["data"], folded)


def cells(*texts: str) -> tuple[Cell, ...]:
    """A row of plain cells."""
    return tuple(Cell(t) for t in texts)


def columns(first: str, *labels: str) -> tuple[Column, ...]:
    """A heading for the rows, then headings of numbers."""
    return (Column(first, number=False), *(Column(label) for label in labels))


def table_of(caption: str, head: Sequence[Column], rows: Iterable[Sequence[Cell]], **options: Any) -> Table:
    """A table from any iterables."""
    return Table(caption, tuple(head), tuple(tuple(r) for r in rows), **options)
