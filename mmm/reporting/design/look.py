"""The design system: colour roles, one fixed colour per channel, type, and the style sheet that carries them.

Figures are drawn in the light colours. :meth:`Look.themed` then swaps each colour of a figure for the custom property
of its role, so that one drawing serves light and dark pages.
"""

import base64
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTFont
from matplotlib import font_manager

from mmm.reporting.design.colour import channel_colour, dark_twin
from mmm.scratch import process_folder
from mmm.settings.report import ReportSettings

FONTS = Path(__file__).parent / "fonts"
TEXT_FONT = "Inter"
HEADING_FONT = "Source Serif 4"
FALLBACK_FONT = "DejaVu Sans"
_FACES = (
    (TEXT_FONT, 400, "inter-latin-400-normal.woff2"),
    (TEXT_FONT, 600, "inter-latin-600-normal.woff2"),
    (HEADING_FONT, 600, "source-serif-4-latin-600-normal.woff2"),
)

_ROLES: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#10161d"),
    "wash": ("#f4f6f8", "#19222b"),
    "ink": ("#17212b", "#e9eef2"),
    "soft": ("#475462", "#b6c1cb"),
    "faint": ("#66737f", "#919eaa"),
    "rule": ("#d5dbe1", "#303c47"),
    "grid": ("#e9edf0", "#222c36"),
    "today": ("#8793a0", "#8d99a5"),
    "base": ("#c6d0d8", "#47545f"),
    "control": ("#a3b0bb", "#66737e"),
    "good": ("#1b7346", "#6ccf95"),
    "warn": ("#96590a", "#efb35e"),
    "bad": ("#a82b24", "#ff8f85"),
    "good-wash": ("#e8f3ec", "#152c20"),
    "warn-wash": ("#fbf1e1", "#33260f"),
    "bad-wash": ("#fbeae8", "#3a1a18"),
}


@dataclass(frozen=True)
class Look:
    """Colours of one report. ``light`` and ``dark`` map roles to hex codes; ``channels`` maps names to roles."""

    light: dict[str, str]
    dark: dict[str, str]
    channels: dict[str, str]

    def __getitem__(self, role: str) -> str:
        return self.light[role]

    def channel(self, name: str) -> str:
        """The channel's colour on a light page."""
        return self.light[self.channels[name]]

    def channel_variable(self, name: str) -> str:
        """The channel's colour as a custom property, for style attributes in HTML; empty where it has none."""
        return f"var(--{self.channels[name]})" if name in self.channels else ""

    def variables(self, *, dark: bool = False) -> str:
        """The colours as CSS declarations."""
        return "".join(f"--{role}:{value};" for role, value in (self.dark if dark else self.light).items())

    def themed(self, svg: str) -> str:
        """The figure with every colour replaced by the custom property of its role."""
        for role, value in self.light.items():
            svg = svg.replace(value, f"var(--{role})")
        return svg


def make_look(settings: ReportSettings, channels: Sequence[str]) -> Look:
    """Colours of a report over these channels, in the order of the dataset."""
    light = {role: pair[0] for role, pair in _ROLES.items()}
    dark = {role: pair[1] for role, pair in _ROLES.items()}
    light["accent"], dark["accent"] = settings.accent, dark_twin(settings.accent, 0.76)
    light["accent-wash"], dark["accent-wash"] = "#e9f0f6", "#182a3b"
    roles = {}
    for index, name in enumerate(channels):
        role = f"c{index}"
        roles[name] = role
        light[role] = settings.channel_colours.get(name, channel_colour(index))
        dark[role] = dark_twin(light[role])
    return Look(light, dark, roles)


@functools.cache
def font_faces() -> str:
    """The embedded fonts as CSS @font-face rules; the files are Latin subsets under the SIL Open Font Licence."""
    rules = []
    for family, weight, name in _FACES:
        data = base64.b64encode((FONTS / name).read_bytes()).decode("ascii")
        rules.append(
            f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:normal;font-display:swap;'
            f'src:url(data:font/woff2;base64,{data}) format("woff2")}}'
        )
    return "\n".join(rules)


@functools.cache
def register_fonts() -> None:
    """Makes the embedded fonts known to matplotlib, which measures text with them but reads no WOFF2."""
    # It lives as long as the process: matplotlib opens a font when it first measures text.
    folder = process_folder("mmm-fonts")
    for family, weight, name in _FACES:
        font = TTFont(FONTS / name)
        font.flavor = None
        target = folder / f"{Path(name).stem}.ttf"
        font.save(target)
        font_manager.fontManager.ttflist.append(
            # One family for all weights, as in the style sheet.
            font_manager.FontEntry(fname=str(target), name=family, weight=weight, size="scalable")
        )
    _fallback()


def _fallback() -> None:
    """The weight 600 of matplotlib's own font, for scripts that ours do not have."""
    bold = font_manager.findfont(font_manager.FontProperties(family=FALLBACK_FONT, weight=700))
    font_manager.fontManager.ttflist.append(
        font_manager.FontEntry(fname=bold, name=FALLBACK_FONT, weight=600, size="scalable")
    )
