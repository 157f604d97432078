"""What stands around the numbers of a column: currency signs and percent signs."""

from collections.abc import Mapping
from dataclasses import dataclass

_CURRENCIES: Mapping[str, frozenset[str]] = {
    "$": frozenset(
        [
            "USD",
            "AUD",
            "CAD",
            "NZD",
            "SGD",
            "HKD",
            "TWD",
            "MXN",
            "ARS",
            "CLP",
            "COP",
            "UYU",
            "BRL",
            "BBD",
            "BMD",
            "BSD",
            "BZD",
            "DOP",
            "FJD",
            "GYD",
            "JMD",
            "LRD",
            "NAD",
            "TTD",
            "XCD",
        ]
    ),
    "\u20ac": frozenset({"EUR"}),
    "\u00a3": frozenset({"GBP", "EGP", "FKP", "GIP", "LBP", "SHP", "SYP"}),
    "\u00a5": frozenset({"JPY", "CNY"}),
    "\uffe5": frozenset({"JPY", "CNY"}),
    "\u20b9": frozenset({"INR"}),
    "\u20a9": frozenset({"KRW"}),
    "\u20ba": frozenset({"TRY"}),
    "\u20bd": frozenset({"RUB"}),
    "\u20b4": frozenset({"UAH"}),
    "\u20aa": frozenset({"ILS"}),
    "\u20ab": frozenset({"VND"}),
    "\u20b1": frozenset({"PHP"}),
    "\u0e3f": frozenset({"THB"}),
    "\u20a6": frozenset({"NGN"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "z\u0142": frozenset({"PLN"}),
    "K\u010d": frozenset({"CZK"}),
    "Ft": frozenset({"HUF"}),
    "lei": frozenset({"RON", "MDL"}),
    "Fr": frozenset({"CHF"}),
    "Fr.": frozenset({"CHF"}),
}
_KNOWN = frozenset().union(*_CURRENCIES.values())


@dataclass(frozen=True)
class AffixProblem:
    """What is wrong with the signs of a column, after its name; ``rows`` are the affixes of the rows to show."""

    rule: str
    fix: str
    rows: frozenset[str]


def affix_problem(affixes: Mapping[str, int], currency: str, *, money: bool) -> AffixProblem | None:
    """``affixes`` counts what stands around the numbers of a column other than 0; '' is nothing."""
    signs = {affix for affix in affixes if affix}
    if "%" in signs and len(affixes) > 1:
        rare = min((a for a in affixes), key=lambda a: affixes[a])
        fix = "Write all of them in the same way, with the sign or without."
        return AffixProblem("holds percentages beside other numbers.", fix, frozenset({rare}))
    if "%" in signs and money:
        return AffixProblem(
            "is money, but its cells are percentages.", "Name the column of the amounts.", frozenset("%")
        )
    if len(signs) > 1:
        listed = ", ".join(f"'{sign}'" for sign in sorted(signs))
        rare = min(signs, key=lambda a: affixes[a])
        return AffixProblem(
            f"holds amounts in several currencies: {listed}.", "Convert them to one.", frozenset({rare})
        )
    (sign,) = signs
    if money and currency in _KNOWN and sign != "%" and currency not in _meant(sign):
        fix = "Correct data.currency, or convert the amounts."
        return AffixProblem(f"is in '{sign}', but data.currency is {currency}.", fix, frozenset({sign}))
    return None


def _meant(sign: str) -> frozenset[str]:
    """Currencies that a sign may stand for: '$' with letters before it (US$) is one of the dollars."""
    if sign in _CURRENCIES:
        return _CURRENCIES[sign]
    return _CURRENCIES.get(sign[-1], frozenset({sign}))
