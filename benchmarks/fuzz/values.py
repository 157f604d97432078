"""Values that are hard on whoever reads them."""

import random
from typing import Any

NUMBERS: tuple[Any, ...] = (
    0, -0.0, 1, -1, 2, 7, 13, 0.5, 0.999, 1.0000001, 99, 1000, 10**6, 10**9, -(10**9), 2**31, 2**63, 2**64, 10**30,
    1e-300, 1e-12, 1e15, 1e16, 1e300, -1e300, float("inf"), float("-inf"), float("nan"), 5e-324, 1.7976931348623157e308,
)  # fmt: skip
TEXTS: tuple[str, ...] = (
    "", " ", "0", "-1", "1e3", "1_000", "01", "0x10", "true", "yes", "null", "~", "nan", "NaN", ".inf", "13 weeks",
    "0 weeks",
    "-4 weeks", "99999 weeks", "1.5 weeks", "13 week", "13weeks", "90 days", "1 day", "13 months", "a fortnight",
    "13", "weeks",
    "half", "auto", "last", "last_year", "recent_mean", "optimised", "revenue", "kpi", "hill", "geometric", "profit",
    "mean_cvar", "2024-02-30", "2023-02-06", "0000-01-01", "9999-12-31", "10000-01-01", "2023-02-06T10:00:00+02:00",
    "%Y-%m-%d", "%d/%m/%Y", "%", "%Q", "%GW%V", "%Y%", "/etc/passwd", "/dev/zero", "/dev/stdin", "/dev/null",
    "/proc/self/mem",
    "../../../tmp", "~", "~root", ".", "..", "a/b", "a\\b", "a\0b", "\0", "con", "nul.txt", "a**b", "/etc/*", "[a-",
    "a" * 300,
    "a" * 5000, "é", "ÅÄÖ", "价格", "e\u0301", "🙂", "\u202edne", "\ufeff", "\u200b", "\u2028", "\x1b[31mred",
    "[red]x[/red]",
    "{{ 7 * 7 }}", "{% raw %}", "${HOME}", "$(id)", "`id`", "=1+1", "@SUM(A1)", "<script>alert(1)</script>", "&amp;",
    "%s%n",
    "a;b", "a,b", "tv", "TV", "search", "total", "all channels", "the total budget", "reference", "plan", "date",
    "geo", "channel",
    "baseline", "national", "nan", "None", "north", "NO", "\t", "\n", "a\nb", "\r",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, [], {}, [None], [1], [0, 0], [1, 0], [0.5, 2], [2, 0.5], [-1, 1], [float("nan"), 1], [0, 1e300],
    [1] * 4, ["tv"], ["tv", "tv"], [["tv"]], {"tv": 1}, {"tv": None}, {"tv": {}}, {"tv": [1, 2]}, {"tv": 1e300},
    {"": 1},
    {"a": {"b": {"c": {}}}}, {"kind": "profit"}, {"kind": "nothing"}, {"lower": 5, "upper": 1}, {"lower": 0,
    "upper": 0},
    {"lower": 1, "upper": 1.0000001}, {"lower": 1e-300, "upper": 1e300}, {"minimum": 5, "maximum": 1},
    {"minimum": 50000},
    {"fixed": 0}, {"fixed": "no"}, {"maximum": 0}, {"minimum": 1e300},
)  # fmt: skip


def hostile(rng: random.Random) -> Any:
    """Any value; numbers, texts and structures alike."""
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(NUMBERS)
    if kind < 0.7:
        return rng.choice(TEXTS)
    if kind < 0.95:
        return rng.choice(OTHERS)
    return _large(rng)


def _large(rng: random.Random) -> Any:
    kind = rng.randrange(4)
    if kind == 0:
        return [rng.choice(NUMBERS[:10])] * 2000
    if kind == 1:
        return {f"key {i}": i for i in range(2000)}
    if kind == 2:
        return "x" * 200_000
    nested: Any = 1
    for _ in range(rng.choice((10, 50, 200))):
        nested = [nested] if rng.random() < 0.5 else {"a": nested}
    return nested


def near(value: Any, rng: random.Random) -> Any:
    """A value of the same kind that may still be valid: these reach further than nonsense does."""
    if isinstance(value, bool):
        return rng.choice((not value, int(value), str(value), "yes"))
    if isinstance(value, int | float):
        factor = rng.choice((0, 0.1, 0.5, 0.9, 1.1, 2, 10, 1000, 1e6, 1e-6, -1))
        made = value * factor
        return rng.choice((made, int(made) if abs(made) < 1e18 else made, str(made), made + 1, [made], round(made, 3)))
    if isinstance(value, str):
        texts = (
            value.upper(),
            value.title(),
            f" {value}",
            f"{value} ",
            value[:-1],
            f"{value}s",
            value[::-1],
            value * 50,
        )
        alike = (value.replace("e", "\u0435"), value.replace(" ", "\u00a0"), f"{value}\0", [value], {value: value})
        return rng.choice((*texts, *alike))
    if isinstance(value, list):
        return rng.choice((value[:-1], value + value, value[::-1], dict.fromkeys(map(str, value)), str(value)))
    if isinstance(value, dict):
        return rng.choice(
            (list(value), dict.fromkeys(value), {k.upper(): v for k, v in value.items()}, [value], str(value))
        )
    return hostile(rng)
