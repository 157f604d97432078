"""What chapters and files read: the content, with the notation, colours and templates that tell it."""

from dataclasses import dataclass, replace
from typing import Any, Self

from mmm.reporting.content.material import Material
from mmm.reporting.design.look import Look
from mmm.reporting.figures.sheet import Pen
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.templating import render
from mmm.reporting.sentences.page_one import Teller


@dataclass(frozen=True, kw_only=True)
class Telling(Material):
    """The content of one report, and how it is told."""

    fmt: Formatter
    """Notation of the outcome in its own unit; returns are per :attr:`Formatter.next_amount`."""
    gain_fmt: Formatter
    """Notation of the plan's gains: money where the outcome has a value, else units."""
    gain_outcome: str
    look: Look

    def render(self, template: str, **context: Any) -> str:
        """A chapter's HTML from the report's templates, or those that the settings put in their place."""
        own = self.settings.report.templates
        return render(template, None if own is None else self.settings.base / own, t=self.fmt.t, **context)

    def for_chapters(self) -> Self:
        """The same content with numbers that carry their identity, which only pages can show."""
        return replace(self, fmt=replace(self.fmt, marks=True), gain_fmt=replace(self.gain_fmt, marks=True))

    @property
    def pen(self) -> Pen:
        return Pen(self.look, replace(self.fmt, marks=False), self.settings.report.figures)

    @property
    def gain_pen(self) -> Pen:
        return Pen(self.look, replace(self.gain_fmt, marks=False), self.settings.report.figures)

    @property
    def teller(self) -> Teller:
        return Teller(self.decision, self.gain_fmt, self.gain_outcome)
