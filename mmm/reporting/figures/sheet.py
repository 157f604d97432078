"""The sheet that figures are drawn on: pixel units, the report's fonts and colours, and clean SVG at the end.

A figure is drawn twice, wide for screens and print and narrow for phones, because text that is only scaled down
cannot be read. One matplotlib point is one CSS pixel here (72 dpi). The same painter draws onto the axes of a user's
own figure (:meth:`Drawing.on`).
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from mmm.reporting.design.look import FALLBACK_FONT, TEXT_FONT, Look, register_fonts
from mmm.reporting.notation.formatter import Formatter

WIDE, NARROW = 800, 350
_MARK = "|"
_LEAST_WIDE = 560
_RC: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mmm",
    "font.family": [TEXT_FONT, FALLBACK_FONT],
    "font.size": 12,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.spines.bottom": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "path.simplify_threshold": 0.2,
}


class Drawn(Protocol):
    """A figure: SVG in two widths, what it shows in words, and a picture for slides where asked for."""

    @property
    def name(self) -> str: ...
    @property
    def alt(self) -> str: ...
    @property
    def wide(self) -> str: ...
    @property
    def narrow(self) -> str: ...
    @property
    def png(self) -> bytes | None: ...


@dataclass(frozen=True)
class Finished:
    """A figure that was drawn elsewhere, and came back as text."""

    name: str
    alt: str
    wide: str
    narrow: str
    png: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Pen:
    """What every figure needs to draw: colours, notation, and whether a PNG for slides is wanted."""

    look: Look
    fmt: Formatter
    png: bool = False


@dataclass
class Sheet:
    """One drawing surface. Sizes are in pixels from the top left corner.

    ``box`` is the part of the figure that it covers (left, bottom, width, height as shares of the figure). ``given``
    are axes of the figure's owner, which become the first that a painter asks for.
    """

    pen: Pen
    width: int
    height: int
    fig: Figure | SubFigure
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    given: Axes | None = None
    made: list[Axes] = field(default_factory=list)

    @property
    def look(self) -> Look:
        return self.pen.look

    @property
    def fmt(self) -> Formatter:
        return self.pen.fmt

    @property
    def narrow(self) -> bool:
        return self.width <= NARROW

    def at(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Pixel positions as shares of the figure."""
        left, bottom, width, height = self.box
        return left + width * np.asarray(x) / self.width, bottom + height * (1 - np.asarray(y) / self.height)

    def edges(self, ax: Axes) -> tuple[float, float, float]:
        """Top, height and right edge of axes, in pixels."""
        left, bottom, width, height = self.box
        box = ax.get_position()
        top = (1 - (box.y1 - bottom) / height) * self.height
        return top, box.height / height * self.height, (box.x1 - left) / width * self.width

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes over this rectangle, without frame, with quiet tick labels."""
        (x0, y0), (x1, y1) = self.at(left, top + height), self.at(left + width, top)
        rectangle = float(x0), float(y0), float(x1 - x0), float(y1 - y0)
        if self.given is not None and not self.made:
            ax = self.given
            ax.set_position(rectangle)
            for spine in ax.spines.values():
                spine.set_visible(False)
            ax.set_axisbelow(True)
            ax.tick_params(which="both", length=0)
        else:
            ax = self.fig.add_axes(rectangle)
        self.made.append(ax)
        ax.patch.set_visible(False)
        ax.tick_params(colors=self.look["faint"], labelsize=11, pad=5)
        return ax

    @property
    def clear(self) -> dict[str, Any]:
        """A box of the page's colour behind a text, so that no line of the drawing crosses it."""
        return {"facecolor": self.look["paper"], "edgecolor": "none", "alpha": 0.85, "pad": 1.2}

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Text at a pixel position, vertically centred unless told otherwise."""
        options: dict[str, Any] = {"color": self.look["ink"], "va": "center_baseline", "fontsize": 12, **style}
        self.fig.text(*self.at(x, y), text, **options)

    def line(self, xs: Sequence[float], ys: Sequence[float], role: str, width: float = 1.0) -> None:
        """A line through pixel positions."""
        x, y = self.at(xs, ys)
        self.fig.add_artist(Line2D(x, y, color=self.look[role], linewidth=width))

    def swatch(self, x: float, y: float, colour: str, size: float = 10) -> None:
        """A small square of a colour, its left edge at ``x``, centred on ``y``."""
        (x0, y0), (x1, y1) = self.at(x, y + size / 2), self.at(x + size, y - size / 2)
        box = Rectangle((x0, y0), x1 - x0, y1 - y0, transform=self.fig.transSubfigure, color=colour, lw=0)
        self.fig.add_artist(box)


@contextmanager
def _drawing() -> Iterator[None]:
    """The report's drawing settings. Names may hold any script: what our fonts lack, the reader's browser has."""
    with mpl.rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support", category=UserWarning)
        yield


@dataclass(frozen=True)
class Drawing:
    """A figure that is drawn when it is looked at: :class:`Drawn` for pages, or on axes of one's own."""

    name: str
    alt: str
    pen: Pen = field(repr=False)
    painter: Callable[[Sheet], None] = field(repr=False)
    heights: tuple[int, int]

    @property
    def wide(self) -> str:
        return self._pictures[0]

    @property
    def narrow(self) -> str:
        return self._pictures[1]

    @property
    def png(self) -> bytes | None:
        return self._pictures[2]

    @cached_property
    def _pictures(self) -> tuple[str, str, bytes | None]:
        register_fonts()
        pictures: list[str] = []
        png: bytes | None = None
        for width, height in zip((WIDE, NARROW), self.heights, strict=True):
            with _drawing():
                fig = Figure(figsize=(width / 72, height / 72), dpi=72)
                FigureCanvasAgg(fig)
                fig.patch.set_visible(False)
                self.painter(Sheet(self.pen, width, height, fig))
                target = io.StringIO()
                fig.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
                pictures.append(clean_svg(target.getvalue(), f"{self.name}-{len(pictures)}"))
                if self.pen.png and png is None:
                    png = _png(fig, self.pen.look["paper"])
        return pictures[0], pictures[1], png

    def on(self, fig: Figure | SubFigure, ax: Axes | None = None) -> list[Axes]:
        """Paint onto a figure, over the whole of it or in the place of ``ax``, and return the axes that were used.

        ``ax`` itself becomes the first of them, moved so that names and numbers fit beside it. In a place less than 560
        points wide the narrow form is drawn.
        """
        register_fonts()
        box = (0.0, 0.0, 1.0, 1.0)
        if ax is not None:
            ax.clear()
            where = ax.get_position()
            box = (where.x0, where.y0, where.width, where.height)
        # fig.bbox is in the pixels of the screen.
        points = float(fig.bbox.width) / fig.get_figure(root=True).dpi * 72 * box[2]
        wide = points >= _LEAST_WIDE
        width = round(points) if wide else NARROW
        sheet = Sheet(self.pen, width, self.heights[0 if wide else 1], fig, box, ax)
        with _drawing():
            self.painter(sheet)
        return sheet.made


def draw(name: str, alt: str, pen: Pen, painter: Callable[[Sheet], None], heights: tuple[int, int]) -> Drawing:
    """A figure whose ``painter`` runs on sheets of these ``heights`` (wide, narrow) in pixels."""
    return Drawing(name, alt, pen, painter, heights)


def _png(fig: Figure, paper: str) -> bytes:
    target = io.BytesIO()
    fig.patch.set_visible(True)
    # Little of the size is left to win beyond the first levels of compression, and half of the time.
    fig.savefig(
        target, format="png", dpi=180, facecolor=paper, metadata={"Software": None}, pil_kwargs={"compress_level": 3}
    )
    return target.getvalue()


_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_TAG = re.compile(r"<[^>]*>")
_ID = re.compile(r'\s*id="([^"]+)"')


def clean_svg(svg: str, prefix: str) -> str:
    """The SVG without prologue, metadata and unused ids, numbers to a tenth of a pixel, ids prefixed.

    Inline in one page, ids of several figures must not meet.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    svg = re.sub(
        r'<svg[^>]*viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" xmlns="http://www.w3.org/2000/svg">', svg, count=1
    )
    svg = svg.replace("xlink:href", "href")
    used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
    svg = _ID.sub(lambda m: f' id="{prefix}-{m.group(1)}"' if m.group(1) in used else "", svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)
    svg = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", svg)
    svg = _TAG.sub(lambda tag: _NUMBER.sub(_tenth, tag.group()), svg)
    svg = re.sub(r"<g>\s*</g>", "", svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    return re.sub(r"\n(?=[LCQMz])", "", svg).replace('\n"', '"').strip()


def _tenth(match: re.Match[str]) -> str:
    return f"{float(match.group()):.1f}".removesuffix(".0")


def text_width(text: str, size: float = 12, weight: int = 400) -> float:
    """Width of a text in pixels, in the report's font: what a browser sets, its edges' white included."""
    return size * (_end(text + _MARK, weight) - _end(_MARK, weight)) if text else 0.0


@lru_cache(maxsize=4096)
def _end(text: str, weight: int) -> float:
    """Where the mark at the end of a text ends, at size 1: a text's own ink ends before the text does."""
    register_fonts()
    with _drawing():
        prop = FontProperties(family=_RC["font.family"], weight=weight)
        # The mark's lines are straight, so that its corners are its extent; reckoning that of all curves takes long.
        return float(TextPath((0, 0), text, size=1, prop=prop).vertices[:, 0].max())


def fitted(text: str, width: float, size: float = 12, weight: int = 400) -> str:
    """The text, cut with an ellipsis where it is wider than ``width`` pixels."""
    if text_width(text, size, weight) <= width:
        return text
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle].rstrip() + "…", size, weight) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def returns_axis(sheet: Sheet, box: tuple[float, float, float, float], limits: tuple[float, float], count: int) -> Axes:
    """Axes over ``box`` (left, top, width, height) whose pixels run downwards, with about ``count`` returns above."""
    ax = sheet.axes(*box)
    ax.set_xlim(*limits)
    ax.set_ylim(box[3], 0)
    ax.set_yticks([])
    places = ticks(*ax.get_xlim(), count)
    ax.set_xticks(places, [sheet.fmt.ratio(v) for v in places])
    ax.xaxis.tick_top()
    for place in places:
        ax.axvline(place, color=sheet.look["grid"], lw=1, zorder=0)
    return ax


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions moved as little as needed to be ``gap`` apart and within [low, high], keeping their order."""
    if not positions:
        return []
    order = np.argsort(np.asarray(positions, dtype=float), kind="stable")
    gap = min(gap, (high - low) / max(len(order) - 1, 1))
    # Shifting by i * gap turns "at least gap apart" into "in order", which pooling of neighbours then solves.
    shifted = [float(positions[i]) - k * gap for k, i in enumerate(order)]
    pools: list[list[float]] = []
    for value in shifted:
        pools.append([value, 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            last, before = pools.pop(), pools.pop()
            count = last[1] + before[1]
            pools.append([(last[0] * last[1] + before[0] * before[1]) / count, count])
    flat = [value for value, count in pools for _ in range(int(count))]
    top = high - (len(order) - 1) * gap
    placed = [min(max(value, low), top) + k * gap for k, value in enumerate(flat)]
    result = [0.0] * len(order)
    for value, i in zip(placed, order, strict=True):
        result[int(i)] = value
    return result


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """At most about ``count`` round values within [low, high]."""

    values = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = (high - low) * 1e-9
    return [float(v) for v in values if low - slack <= v <= high + slack]
