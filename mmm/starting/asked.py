"""What only the owner of the data knows: questions, and a proposal that takes answers or guesses."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mmm.data.marks import undressed
from mmm.errors import DataError, SettingsError
from mmm.starting import words
from mmm.starting.sight import Sight
from mmm.suggest import suggestion

_KINDS = ("revenue", "profit", "kpi")
_SIGNS = {"\u20ac": "EUR", "$": "USD", "\u00a3": "GBP", "\u00a5": "JPY", "\u20b9": "INR", "z\u0142": "PLN", "kr": "SEK"}
_CODES = frozenset(
    [
        "USD",
        "EUR",
        "GBP",
        "CHF",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "JPY",
        "CNY",
        "INR",
        "AUD",
        "CAD",
        "BRL",
        "MXN",
        "TRY",
        "ZAR",
        "SGD",
        "HKD",
        "NZD",
    ]
)


@dataclass(frozen=True)
class Question:
    """What only the owner of the data knows. ``guess`` is taken where nobody is asked; '' is none."""

    key: str
    text: str
    guess: str
    guessed: str = ""
    """What is said where the guess was taken."""
    choices: tuple[str, ...] = ()


@dataclass
class Proposal:
    """A settings document, comments by dotted key, questions, and columns that are left out with the reason."""

    document: dict[str, Any]
    comments: dict[str, str] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    unused: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def ask(self, question: Question, answers: Mapping[str, str]) -> str:
        """The answer, or the guess, which is then noted as one. Raises SettingsError for what is no choice."""
        self.questions.append(question)
        given = answers.get(question.key)
        if given is None:
            if question.guessed:
                self.notes.append(question.guessed)
            return question.guess
        if question.choices and given not in question.choices:
            raise SettingsError(
                f"{question.key}: '{given}' is none of the answers. {suggestion(given, question.choices)}"
            )
        return given


def ask_target(
    found: Proposal, column: str, answers: Mapping[str, str], value: str | None, columns: Sequence[str] = ()
) -> None:
    """What the outcome is, and what a unit of a kpi is worth; ``value`` is a column that may say it."""
    guess, why = _kind(column)
    kind = found.ask(
        Question(
            "kind",
            f"What is '{column}': revenue, profit, or kpi (a number of something)?",
            guess,
            f"'{column}' is taken for {'a number of something (kpi)' if guess == 'kpi' else guess}{why}.",
            _KINDS,
        ),
        answers,
    )
    target: dict[str, Any] = {"column": column, "kind": kind}
    if kind == "kpi":
        unknown = f"What a unit of '{column}' is worth is not known: effects are told by unit, not as ROAS."
        question = f"What is one unit of '{column}' worth in money: a number or a column (empty: not known)?"
        given = found.ask(Question("value_per_unit", question, value or "", "" if value else unknown), answers)
        if given:
            target["value_per_unit"] = _number(given, columns)
    found.document["data"]["target"] = target
    found.comments["data.target"] = "kind: revenue or profit (money), or kpi (with value_per_unit, if it is known)."


def ask_currency(found: Proposal, guess: str, said: str, answers: Mapping[str, str]) -> str:
    """The currency of the panel; ``said`` is what is told where the guess was taken."""
    return found.ask(Question("currency", "In which currency are spend and revenue?", guess, said), answers)


def ask_margin(found: Proposal, answers: Mapping[str, str]) -> None:
    """The share of revenue that is left as profit, which no table says."""
    margin = found.ask(
        Question(
            "margin",
            "Which share of revenue is left as profit before media (0.35 for 35%; empty: not known)?",
            "",
            "The margin is not known: the plan weighs revenue, and says nothing of profit. Set plan.margin.",
        ),
        answers,
    )
    if margin:
        found.document["plan"] = {"margin": _share(margin)}


def _share(text: str) -> float:
    try:
        value = float(text.rstrip("% ")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 1:
        raise SettingsError(f"margin: '{text}' is no share above 0 and at most 1. Write 0.35 or 35%.")
    return value


def _number(text: str, columns: Sequence[str]) -> float | str:
    if text in columns:
        return text
    try:
        return float(text)
    except ValueError:
        raise SettingsError(
            f"value_per_unit: '{text}' is no number and no column. {suggestion(text, columns)}"
        ) from None


def _kind(column: str) -> tuple[str, str]:
    found = set(words.parts(column))
    if found & words.PROFIT:
        return "profit", ""
    if found & words.REVENUE:
        return "revenue", ""
    if found & words.COUNT or "kpi" in found:
        return "kpi", ""
    return "revenue", ", which its name does not say"


def stated_currency(sight: Sight) -> str | None:
    """The currency that a column of codes says all rows are in; None where there is no such column.

    Raises DataError where it names several: rows of a plain table are not converted.
    """
    for column in dict.fromkeys(sight.columns):
        if not {part.lower() for part in words.raw_parts(column)} & words.CURRENCY:
            continue
        cells = [str(cell).strip().upper() for cell in sight.cells(column).dropna()]
        counts = Counter(cell for cell in cells if cell in _CODES)
        if not counts or counts.total() < len(cells):
            continue
        if len(counts) > 1:
            said = ", ".join(f"{count:,} rows in {code}" for code, count in counts.most_common(5))
            raise DataError(
                f"{sight.name}, column '{column}': money is in several currencies ({said}), and rows of a plain table "
                "are added as they are. Convert its money to one currency first."
            )
        return next(iter(counts))
    return None


def currency_of(sight: Sight) -> tuple[str, bool]:
    """The currency that cells, columns' names or the lines above the header speak of, and whether one of them does."""
    stated = stated_currency(sight)
    if stated is not None:
        return stated, True
    for column in dict.fromkeys(sight.columns):
        codes = [code for code in words.raw_parts(column) if code in _CODES]
        if codes:
            return codes[0], True
        for cell in sight.cells(column).iloc[:3]:
            affix = undressed(cell).affix if isinstance(cell, str) else ""
            sign = affix if affix in _CODES else _SIGNS.get(affix, _SIGNS.get(affix[-1:], ""))
            if sign and any(c.isdigit() for c in cell):
                return sign, True
    return ("EUR" if sight.signs.stated.get("decimal") == "," else "USD"), False


def quoted(names: Sequence[str]) -> str:
    """Up to five names in quotes."""
    quoted = [f"'{name}'" for name in names[:5]]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(quoted) + more
