"""Chapters of one's own: found by the notebook that makes a report, and shown after those of the decision."""

from collections.abc import Callable

from mmm.records import Records
from mmm.reporting.pages.parts import Chapter
from mmm.reporting.pages.telling import Telling

CHAPTERS: Records[Callable[[Telling], Chapter | None]] = Records(
    "chapter", "mmm.reporting.chapters.further", "mmm.chapters"
)


def register_chapter(name: str, make: Callable[[Telling], Chapter | None]) -> None:
    """Add a chapter of one's own to this process; a report's notebook has a process of its own and finds packages'."""
    CHAPTERS.add(name, make)
