"""Colour arithmetic: a lighter twin of each colour for dark pages, and contrast as WCAG 2 defines it.

Conversions between sRGB and OKLCH follow Ottosson (2020), "A perceptual color space for image processing".
"""

import math

Triple = tuple[float, float, float]

CHANNEL_COLOURS = (
    "#4628a3", "#a55a03", "#106c7d", "#7f9a12", "#5b8ae0", "#b97c8a", "#5f4816", "#9150c4",
    "#6e0250", "#bf2374", "#179578", "#a2021f", "#327903", "#294050", "#2559d6", "#824a5c",
)  # fmt: skip
"""Each at least 3:1 against white. The first eight are told apart under normal sight and the three dichromacies (least
distance 0.09 in OKLab after the matrices of Machado et al., 2009), all sixteen under normal sight (0.116; 0.079 as dark
twins). Further channels take shifted twins; every mark is labelled directly."""


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    a, b = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (a + 0.05) / (b + 0.05)


def dark_twin(colour: str, least: float = 0.62) -> str:
    """The same hue, light enough for a dark page: lightness (0 to 1) is at least ``least``."""
    lightness, chroma, hue = _to_oklch(colour)
    return _from_oklch(min(max(lightness + 0.19, least), 0.88), chroma, hue)


def channel_colour(index: int) -> str:
    """The colour of the channel with this index, from 0; after the first sixteen the hues return, darker or lighter."""
    base = CHANNEL_COLOURS[index % len(CHANNEL_COLOURS)]
    turn = index // len(CHANNEL_COLOURS)
    if turn == 0:
        return base
    lightness, chroma, hue = _to_oklch(base)
    shift = 0.05 * ((turn + 1) // 2) * (1 if turn % 2 else -1)
    shifted = _from_oklch(min(max(lightness + shift, 0.30), 0.66), chroma * 0.85, hue + 0.12 * turn)
    return shifted if contrast(shifted, "#ffffff") >= 3.0 else _from_oklch(0.55, chroma * 0.85, hue + 0.12 * turn)


def _to_linear(colour: str) -> Triple:
    def decode(start: int) -> float:
        v = int(colour[start : start + 2], 16) / 255
        return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4

    return decode(1), decode(3), decode(5)


def _luminance(colour: str) -> float:
    r, g, b = _to_linear(colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _to_oklch(colour: str) -> Triple:
    r, g, b = _to_linear(colour)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b2 = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b2), math.atan2(b2, a)


def _from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """Hex code; chroma is reduced until the colour exists in sRGB."""
    while True:
        a, b = chroma * math.cos(hue), chroma * math.sin(hue)
        long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
        medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
        short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
        rgb = (
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        )
        if chroma < 0.005 or all(-1e-4 <= v <= 1.0001 for v in rgb):
            return "#" + "".join(f"{_encode(v):02x}" for v in rgb)
        chroma *= 0.95


def _encode(linear: float) -> int:
    v = min(max(linear, 0.0), 1.0)
    return round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055))
