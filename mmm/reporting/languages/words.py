"""The report's languages: texts are written in English in the code, and a catalogue a language translates them.

``languages/de.po`` and its neighbours are gettext catalogues, which any translation tool opens. A test holds that
each of them has every message of the code and no other, and that a translation fills in nothing that is not given.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po

from mmm.settings.report import Language

CATALOGUES = Path(__file__).parent
SOURCE: Language = "en"
MADE_BELOW = "made below the report"
"""Context of sentences that checks, data and planner make; their places stand for any text."""
_SENTENCE = "{text} "
"""How a pattern begins that follows any other sentence."""
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Words:
    """One language. ``messages``: translation by context and English message; a pair for messages that count."""

    language: Language
    messages: Mapping[tuple[str, str], str | tuple[str, ...]]

    def __call__(self, message: str, /, **values: object) -> str:
        """The message in this language with ``values`` filled in; in English where the catalogue lacks it."""
        found = self.messages.get(("", message), message)
        return (found if isinstance(found, str) else found[0]).format(**values)

    def pattern(self, message: str) -> str:
        """The message in this language with its places still open."""
        return str(self.messages.get(("", message), message))

    def plural(self, one: str, many: str, count: float, /, **values: object) -> str:
        """The form for ``count`` by the language's own rule: French says zero in the singular."""
        rule = Locale.parse(self.language).plural_form
        found = self.messages.get(("", one), (one, many))
        single = rule(count) == "one"
        return (found[0] if single else found[1]).format(**values)

    def of(self, noun: str) -> str:
        """The noun after 'of', with French elision: 'de commandes', 'd’achats'."""
        if self.language == "fr":
            return f"d’{noun}" if noun[:1].lower() in "aeiouéèêàâîôûh" else f"de {noun}"
        return f"de {noun}" if self.language == "es" else noun

    def made_below(self, text: str, convert: Callable[[str, str], str]) -> str:
        """A sentence of another layer in this language, recognised by its pattern; ``convert`` rewrites what varies.

        It is called with the place's name in the pattern and what stands there.

        Where no pattern fits, the text stays as it is.
        """
        for pattern, translation in _patterns(self.language):
            match = pattern.fullmatch(text)
            if match is not None:
                parts = {name: self.made_below(part, convert) for name, part in match.groupdict("").items()}
                return translation.format(**{n: convert(n, p) if p == match.group(n) else p for n, p in parts.items()})
        return text


@functools.cache
def words(language: Language) -> Words:
    """The texts of a language; English needs no catalogue."""
    messages: dict[tuple[str, str], str | tuple[str, ...]] = {}
    if language != SOURCE:
        with (CATALOGUES / f"{language}.po").open("rb") as file:
            catalogue = read_po(file, locale=language)
        for message in catalogue:
            if message.id and message.string:
                name = message.id if isinstance(message.id, str) else message.id[0]
                said = message.string if isinstance(message.string, str) else tuple(message.string)
                messages[message.context or "", str(name)] = said
    return Words(language, messages)


@functools.cache
def _patterns(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Sentences of other layers as patterns: what follows another sentence first, then the most specific (longest)."""
    translations = words(language).messages
    # Any catalogue knows the English patterns.
    known = [message for context, message in words("de").messages if context == MADE_BELOW]
    found = [(message, translations.get((MADE_BELOW, message), message)) for message in known]
    found.sort(key=lambda pair: (not pair[0].startswith(_SENTENCE), -len(_PLACE.sub("", pair[0]))))
    return tuple((_pattern(message), str(said)) for message, said in found)


def _pattern(message: str) -> re.Pattern[str]:
    """Text as it is; ``{name}`` matches any part, the same one wherever the name stands again."""
    seen: set[str] = set()
    parts = []
    for i, piece in enumerate(_PLACE.split(message)):
        if i % 2 == 0:
            parts.append(re.escape(piece))
        else:
            parts.append(f"(?P={piece})" if piece in seen else f"(?P<{piece}>.+?)")
            seen.add(piece)
    return re.compile("".join(parts), re.DOTALL)


def mark(message: str) -> str:
    """A message that is translated later, where the language is known."""
    return message
