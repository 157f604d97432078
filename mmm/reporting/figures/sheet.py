"""The sheet that figures are drawn on: pixel units, the report's fonts and colours, and clean SVG at the end.

A figure is drawn twice, wide for screens and print and narrow for phones, because text that is only scaled down
cannot be read. One matplotlib point is one CSS pixel here (72 dpi).
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from mmm.reporting.design.look import FALLBACK_FONT, TEXT_FONT, Look, register_fonts
from mmm.reporting.notation.formatter import Formatter

WIDE, NARROW = 800, 350
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


@dataclass(frozen=True)
class Drawn:
    """A finished figure: SVG in two widths, what it shows in words, and a picture for slides where asked for."""

    name: str
    alt: str
    wide: str
    narrow: str
    png: bytes | None = field(default=None, repr=False)

    def _repr_html_(self) -> str:
        return f'<div style="max-width:{WIDE}px;background:#fff">{self.wide}</div>'


@dataclass(frozen=True)
class Pen:
    """What every figure needs to draw: colours, notation, and whether a PNG for slides is wanted."""

    look: Look
    fmt: Formatter
    png: bool = False


@dataclass
class Sheet:
    """One drawing surface. Sizes are in pixels from the top left corner."""

    pen: Pen
    width: int
    height: int
    fig: Figure

    @property
    def look(self) -> Look:
        return self.pen.look

    @property
    def fmt(self) -> Formatter:
        return self.pen.fmt

    @property
    def narrow(self) -> bool:
        return self.width <= NARROW

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes over this rectangle, without frame, with quiet tick labels."""
        ax = self.fig.add_axes(
            (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        )
        ax.patch.set_visible(False)
        ax.tick_params(colors=self.look["faint"], labelsize=11, pad=5)
        return ax

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Text at a pixel position, vertically centred unless told otherwise."""
        options: dict[str, Any] = {"color": self.look["ink"], "va": "center_baseline", "fontsize": 12, **style}
        self.fig.text(x / self.width, 1 - y / self.height, text, **options)

    def line(self, xs: Sequence[float], ys: Sequence[float], role: str, width: float = 1.0) -> None:
        """A line through pixel positions."""
        x, y = np.asarray(xs) / self.width, 1 - np.asarray(ys) / self.height
        self.fig.add_artist(Line2D(x, y, color=self.look[role], linewidth=width))

    def swatch(self, x: float, y: float, colour: str, size: float = 10) -> None:
        """A small square of a colour, its left edge at ``x``, centred on ``y``."""
        corner = (x / self.width, 1 - (y + size / 2) / self.height)
        box = Rectangle(
            corner, size / self.width, size / self.height, transform=self.fig.transFigure, color=colour, lw=0
        )
        self.fig.add_artist(box)


@contextmanager
def _drawing() -> Iterator[None]:
    """The report's drawing settings. Names may hold any script: what our fonts lack, the reader's browser has."""
    with mpl.rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support", category=UserWarning)
        yield


def draw(
    name: str,
    alt: str,
    pen: Pen,
    painter: Callable[[Sheet], None],
    heights: tuple[int, int],
) -> Drawn:
    """Runs ``painter`` on a wide and on a narrow sheet of these ``heights`` (wide, narrow) in pixels."""
    register_fonts()
    pictures: list[str] = []
    png: bytes | None = None
    for width, height in zip((WIDE, NARROW), heights, strict=True):
        with _drawing():
            fig = Figure(figsize=(width / 72, height / 72), dpi=72)
            FigureCanvasAgg(fig)
            fig.patch.set_visible(False)
            painter(Sheet(pen, width, height, fig))
            target = io.StringIO()
            fig.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
            pictures.append(clean_svg(target.getvalue(), f"{name}-{len(pictures)}"))
            if pen.png and png is None:
                png = _png(fig, pen.look["paper"])
    return Drawn(name, alt, pictures[0], pictures[1], png)


def _png(fig: Figure, paper: str) -> bytes:
    target = io.BytesIO()
    fig.patch.set_visible(True)
    fig.savefig(target, format="png", dpi=180, facecolor=paper, metadata={"Software": None})
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
    """Width of a text in pixels, in the report's font."""
    if not text:
        return 0.0
    register_fonts()
    with _drawing():
        path = TextPath((0, 0), text, size=size, prop=FontProperties(family=_RC["font.family"], weight=weight))
    return float(path.get_extents().width) if len(path.vertices) else size * 0.3 * len(text)


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
