"""Headings of the workbook: what the columns of its tables are called, and how their numbers are written."""

import math
from collections.abc import Iterable

from mmm import digits
from mmm.planning.moves import NEW_MONEY, UNSPENT
from mmm.reporting.languages.words import Words, mark
from mmm.reporting.notation.formatter import Formatter

MONEY, SIGNED, RATIO, SHARE = "#,##0", "+#,##0;-#,##0;0", "0.00", "0.0%"
_POWERS = {MONEY: "0.000E+00", SIGNED: "+0.000E+00;-0.000E+00;0", RATIO: "0.00E+00", SHARE: "0.0E+00%"}
_MOST_PLACES = 9


def fitting(kind: str, values: Iterable[float]) -> str:
    """The number format for a column of such values: more decimals where the usual ones would hide them."""
    known = [abs(float(v)) for v in values if math.isfinite(v)]
    if kind == SHARE:
        places = max(1, digits.of_column([100 * v for v in known], 2)) if any(known) else 1
    elif kind == RATIO:
        places = max(2, digits.of_column(known, 3))
    else:
        places = digits.of_column(known)
    if places > _MOST_PLACES:
        return _POWERS[kind]
    usual = 1 if kind == SHARE else 2 if kind == RATIO else 0
    if places <= usual:
        return kind
    whole, decimals = ("0." if kind in (SHARE, RATIO) else "#,##0."), "0" * places
    plain = f"{whole}{decimals}{'%' if kind == SHARE else ''}"
    return f"+{plain};-{plain};0" if kind == SIGNED else plain


PLAN = (
    ("reference", mark("Spend today"), MONEY),
    ("spend", mark("Spend recommended"), MONEY),
    ("change", mark("Change"), SIGNED),
    ("change_share", mark("Change, relative"), SHARE),
    ("lower_bound", mark("Allowed from"), MONEY),
    ("upper_bound", mark("Allowed to"), MONEY),
    ("reference_effect", mark("Won today"), MONEY),
    ("reference_effect_lower", mark("Won today"), MONEY),
    ("reference_effect_upper", mark("Won today"), MONEY),
    ("effect", mark("Won with the plan"), MONEY),
    ("effect_lower", mark("Won with the plan"), MONEY),
    ("effect_upper", mark("Won with the plan"), MONEY),
    ("next_today", mark("Next {amount} today"), RATIO),
    ("next_planned", mark("Next {amount} with the plan"), RATIO),
    ("first_step", mark("First step, where less is spent"), MONEY),
    ("probability_direction", mark("Chance it wins more than average"), SHARE),
    ("observed_max_ratio", mark("Highest period, relative to the highest seen"), RATIO),
)
"""Columns of the allocation, for the sheet of plain numbers."""

_COLUMNS = {
    "channel": (mark("Channel"), MONEY),
    "date": (mark("Date"), MONEY),
    "geo": (mark("Region"), MONEY),
    "budget": (mark("Budget"), MONEY),
    "won": (mark("Won by media"), MONEY),
    "outcome": (mark("Won by media"), MONEY),
    "gain": (mark("Against today’s plan"), SIGNED),
    "net_gain": (mark("Net of the money"), SIGNED),
    "profit": (mark("Profit"), MONEY),
    "marginal": (mark("Next {one}"), RATIO),
    "scenario": (mark("Scenario"), MONEY),
    "probability": (mark("Chance of a gain"), SHARE),
    "move": (mark("Step"), MONEY),
    "source": (mark("From"), MONEY),
    "destination": (mark("To"), MONEY),
    "amount": (mark("Amount"), MONEY),
    "share": (mark("Share"), SHARE),
    "value": (mark("Value of knowing the curve"), MONEY),
    "even": (mark("Even spend"), MONEY),
    "as_reference": (mark("Today’s rhythm"), MONEY),
    "best": (mark("Best timing"), MONEY),
    "pulsing": (mark("Best over even"), SIGNED),
    "peak": (mark("Highest period, relative to even spend"), RATIO),
}


def heading(column: str, fmt: Formatter) -> tuple[str, str]:
    """The heading and the number format of a column by its name in a table; names from the data by their labels."""
    plain = column.removesuffix("_lower").removesuffix("_upper")
    if column in fmt.labels or plain not in _COLUMNS:
        return fmt.label(column), MONEY
    message, number_format = _COLUMNS[plain]
    return of_bound(column, fmt.t(message, one=fmt.one), fmt), number_format


def plan_heading(column: str, message: str, fmt: Formatter) -> str:
    """The heading of a column of :data:`PLAN`."""
    return of_bound(column, fmt.t(message, amount=fmt.next_amount), fmt)


def of_bound(column: str, text: str, fmt: Formatter) -> str:
    """The heading of an interval's end says which end it is."""
    for suffix, share in (("_lower", 0.05), ("_upper", 0.95)):
        if column.endswith(suffix):
            return f"{text}, {fmt.percent(share, 0)}"
    return text


def sheet_names(t: Words) -> dict[str, str]:
    """Names of the sheets by what they hold."""
    return {
        "allocation": t("Allocation"),
        "plan": t("Plan in full"),
        "scenarios": t("Scenarios"),
        "budgets": t("Budget curve"),
        "moves": t("Moves"),
        "information": t("Value of knowing"),
        "timing": t("Timing"),
        "periods": t("By period"),
        "geos": t("By region"),
        "curves": t("Curves"),
        "notes": t("Notes"),
    }


def ends_of_moves(t: Words) -> dict[str, str]:
    """What the ends of a move are called that are no channels."""
    return {NEW_MONEY: t("new money"), UNSPENT: t("nothing (unspent)")}
