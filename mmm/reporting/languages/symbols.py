"""How each language writes numbers, dates and large amounts: tables, and nothing else.

Symbols and places of currencies, the percent sign and month names come from Babel (CLDR).
"""

from dataclasses import dataclass

from mmm.settings.report import DateFormat, Language, NumberFormat

MINUS = "\u2212"
THIN_SPACE = "\u202f"
NO_BREAK = "\u00a0"

SEPARATORS: dict[NumberFormat, tuple[str, str]] = {
    "1,234.5": (",", "."),
    "1.234,5": (".", ","),
    "1 234,5": (THIN_SPACE, ","),
    "1'234.5": ("’", "."),
}
NUMBERS: dict[Language, NumberFormat] = {"en": "1,234.5", "de": "1.234,5", "fr": "1 234,5", "es": "1.234,5"}
DATES: dict[DateFormat, str] = {
    "5 May 2025": "d MMMM y",
    "May 5, 2025": "MMMM d, y",
    "2025-05-05": "y-MM-dd",
    "05.05.2025": "dd.MM.y",
    "05/05/2025": "dd/MM/y",
}
LONG_DATES: dict[Language, str] = {
    "en": "d MMMM y",
    "de": "d. MMMM y",
    "fr": "d MMMM y",
    "es": "d 'de' MMMM 'de' y",
}


@dataclass(frozen=True)
class Scale:
    """The unit that a group of amounts shares: what to divide by, its word and its letter, as they follow a number."""

    divisor: float = 1.0
    word: str = ""
    letter: str = ""


# By language, for money and for counted things; spaces included. Spanish has no word for 1e9 that fits a short figure.
_ENGLISH = (
    Scale(1e12, NO_BREAK + "trillion", "tn"),
    Scale(1e9, NO_BREAK + "billion", "bn"),
    Scale(1e6, NO_BREAK + "million", "m"),
    Scale(1e3, NO_BREAK + "thousand", "k"),
)
_GERMAN = tuple(
    Scale(10.0**power, NO_BREAK + word, NO_BREAK + word)
    for power, word in ((12, "Bio."), (9, "Mrd."), (6, "Mio."), (3, "Tsd."))
)
_FRENCH = tuple(Scale(10.0**power, NO_BREAK + word, NO_BREAK + word) for power, word in ((9, "Md"), (6, "M"), (3, "k")))
_SPANISH = tuple(Scale(10.0**power, NO_BREAK + word, NO_BREAK + word) for power, word in ((6, "M"), (3, "mil")))
MONEY_SCALES: dict[Language, tuple[Scale, ...]] = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}
COUNT_SCALES: dict[Language, tuple[Scale, ...]] = {
    "en": _ENGLISH,
    "de": _GERMAN,
    "fr": (Scale(1e6, NO_BREAK + "millions", NO_BREAK + "M"), Scale(1e3, NO_BREAK + "milliers", NO_BREAK + "k")),
    "es": (Scale(1e6, NO_BREAK + "millones", NO_BREAK + "M"), Scale(1e3, NO_BREAK + "mil", NO_BREAK + "mil")),
}
OF_AFTER = ("million", "millions", "milliers", "millones")
"""Words of a scale that stand before a noun with 'of': 12 milliers de commandes."""
