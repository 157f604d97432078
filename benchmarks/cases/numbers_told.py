"""Cases of numbers: nothing prints as zero that is not, in whatever unit the outcome is."""

import json
import re
from pathlib import Path

from plans import plan
from running import QUICK, Case, Ran, allocation, ends, page, silent

_NOTHING = (r"[^\d.,]0 \(0 to 0\)", r"[+-]0 \w* ?\([+-]?0 to [+-]?0\)", r"90% interval -?0 to -?0")
"""What a number that is not zero must not look like."""


def _planned(ran: Ran) -> list[str]:
    """Effects are there, and shown as something."""
    wrong = ends(ran, 0)
    if wrong:
        return wrong
    rows = allocation(ran, ran.argv[2].removesuffix(".yaml"))
    wrong += [
        f"{n}: effect {row['effect']} in allocation.csv"
        for n, row in rows.items()
        if row["spend"] > 0 and not row["effect"] > 0
    ]
    # A paused channel has a true zero.
    text = "\n".join(line for line in ran.text.splitlines() if not re.search(r"[€\s]0\s+€?0\s+\+?€?0\b", line))
    return wrong + [f"prints '{m[0].strip()}'" for p in _NOTHING if (m := re.search(p, text))]


def _reported(ran: Ran) -> list[str]:
    wrong = ends(ran, 0)
    if wrong:
        return wrong
    text = page(ran, "scale_rate")
    return [
        f"the report says '{m[0]}'"
        for p in (r"(?<![\d.,])0 kpi", r"interval 0 to 0", r"between 0\.00 and 0\.01\b")
        if (m := re.search(p, text))
    ]


def _same_moves(*runs: Ran) -> list[str]:
    """Scale does not change the answer: shares of the plan's money agree within what few draws allow."""
    wrong = [problem for ran in runs for problem in ends(ran, 0)]
    if wrong:
        return wrong
    shares = []
    for ran in runs:
        spend = {n: row["spend"] for n, row in allocation(ran, ran.argv[2].removesuffix(".yaml")).items()}
        shares.append({n: value / sum(spend.values()) for n, value in spend.items()})
    spread = {n: max(s[n] for s in shares) - min(s[n] for s in shares) for n in shares[0]}
    return [f"{n}: the share of the plan differs by {d:.0%} between scales" for n, d in spread.items() if d > 0.2]


def _counts(ran: Ran) -> list[str]:
    return [*_planned(ran), *silent(ran, "divide by zero", r"-0 leads", r"n/a in a typical week")]


def _counts_reported(ran: Ran) -> list[str]:
    wrong = ends(ran, 0)
    if wrong:
        return wrong
    wrong = [
        f"the report says '{m[0]}'"
        for p in (r"off by n/a", r"\bnan\b", r"-0 leads")
        if (m := re.search(p, page(ran, "count_zeros")))
    ]
    newest = max((Path(ran.folder) / "reports" / "count_zeros").glob("*/results.json"), key=lambda p: p.stat().st_mtime)
    json.loads(newest.read_text(encoding="utf-8"), parse_constant=lambda c: wrong.append(f"results.json holds {c}"))
    return wrong


_SCALE = "08-target-scale"
_REPORT = [*QUICK, "-p", "report.formats=[html]"]

CASES = (
    Case(
        "07-count-kpi-zeros:plan", (plan("config.yaml"),), "no warning, small counts are no zeros", _counts, 900, True
    ),
    Case(
        "07-count-kpi-zeros:value",
        (plan("config_value.yaml"),),
        "no warning, small counts are no zeros",
        _counts,
        900,
        True,
    ),
    Case(
        "07-count-kpi-zeros:report",
        (("{mmm}", "report", "config.yaml", *_REPORT),),
        "no 'n/a in a typical week'",
        _counts_reported,
        1500,
        True,
    ),
    *(
        Case(f"{_SCALE}:{name}", (plan(f"{name}.yaml"),), "effects print as what they are", _planned, 900, True)
        for name in ("rate", "tiny", "one", "huge", "millions")
    ),
    Case(
        f"{_SCALE}:same",
        tuple(plan(f"{name}.yaml") for name in ("one", "rate", "tiny", "huge", "millions")),
        "the same moves at every scale",
        _same_moves,
        900,
        True,
    ),
    Case(
        f"{_SCALE}:rate-report", (("{mmm}", "report", "rate.yaml", *_REPORT),), "no 'won 0 kpi'", _reported, 1500, True
    ),
)
