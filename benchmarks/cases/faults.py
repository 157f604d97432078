"""Cases of faults/: interrupts, stores, extreme values, and files that never end."""

import csv
import re
from pathlib import Path

from running import Case, Judge, Ran, ends, plan_table, says

_Q = (
    "plan.seed=-1",
    "plan.bounds=[0,0]",
    "plan.reference={tv: 0, search: 0, social: 0}",
    "plan.demand_factor=1e300",
    "plan.margin=1e-300",
    "plan.worth_spending=1e300",
    "plan.channels={tv: {value_factor: 1e300}}",
)
_CLEAR = (0, 2, 3, 6)


def _again(ran: Ran) -> list[str]:
    codes = re.findall(r"exit=(\d+)", ran.out)
    return [] if codes == ["0", "0", "0"] else [f"exit codes {codes}, all should be 0"]


def _swapped(ran: Ran) -> list[str]:
    """Another fit's folder under a fit's name is told and made anew: the plan before and after is the same."""
    code = re.search(r"exit=(\d+)", ran.out)
    wrong = [] if code and code[1] == "0" else [f"the plan on the swapped store ended with {code and code[1]}, not 0"]
    folder = Path(ran.folder)
    plans = []
    for name in ("before", "after"):
        path = folder / name / "allocation.csv"
        if not path.exists():
            return [*wrong, f"no {name}/allocation.csv"]
        plans.append({name: row["spend"] for name, row in plan_table(path).items()})
    before, after = plans
    moved = [n for n in before if abs(before[n] - after.get(n, 0)) > 0.02 * sum(before.values())]
    return [*wrong, *(f"{n}: planned at {after.get(n, 0):,.0f} after, {before[n]:,.0f} before the swap" for n in moved)]


def _interrupted(ran: Ran) -> list[str]:
    """130, and nothing stored; or done before the interrupt came, and all draws stored."""
    code = re.search(r"exit code \(130 is documented\): (-?\d+)", ran.out)
    parts = [int(n) for n in re.findall(r"stored draws \[(?:\d+, )?(\d+)\]", ran.out)]
    wrong = [f"a part of {n:,} draws is stored as the whole" for n in parts if n != 20000]
    if code is None or code[1] not in ("130", "0"):
        wrong.append(f"exit code {code and code[1]}, not 130")
    if code and code[1] == "0" and 20000 not in parts:
        wrong.append("exit code 0 without the fit that was asked for")
    if not re.search(r"again: [05]\b", ran.out):
        wrong.append(f"the run after it: {ran.out.strip().splitlines()[-1:]}")
    return wrong


def _formula(ran: Ran) -> list[str]:
    wrong = ends(ran, 0, 5)
    for path in (Path(ran.folder) / "reports" / "formula").rglob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        wrong += [
            f"{path.name} holds the cell {cell!r}" for cell in cells if re.match(r"[=@]|[+-](?![\d.]|inf|nan)", cell)
        ][:1]
    return wrong


def _clear(ran: Ran) -> list[str]:
    return [*ends(ran, *_CLEAR), *([] if ran.code == 0 else says(ran, "Error: "))]


def _refused(*codes: int) -> Judge:
    return lambda ran: [*ends(ran, *codes), *says(ran, "Error: ")]


def _fifo(ran: Ran) -> list[str]:
    return [*ends(ran, 2, 3, 7), *says(ran, r"l\.png")]


def _waits(name: str, *words: str) -> Case:
    step = ("sh", "-c", f"rm -f l.png; mkfifo l.png; exec {' '.join(words)}")
    return Case(f"faults:fifo-{name}", (step,), "refused at once: it is no file", _fifo, 60)


_EXTREME = tuple(
    Case(f"faults:q {value}", (("{mmm}", "plan", "q.yaml", "-p", value),), "a plan or a sentence", _clear, 900, True)
    for value in _Q
)

CASES = (
    *(
        Case(
            f"faults:sigint-{delay}",
            (("{python}", "sigint.py", "{mmm}", delay),),
            "130, nothing stored as the whole, the next run works",
            _interrupted,
            1500,
            True,
            "no",
        )
        for delay in ("0.2", "1", "3")
    ),
    Case("faults:again", (("sh", "again.sh", "{mmm}"),), "every stored fit can be read again", _again, 900, True, "no"),
    Case("faults:swap", (("sh", "swap.sh", "{mmm}"),), "a swapped folder is noticed", _swapped, 1500, True, "no"),
    Case(
        "faults:formula",
        (("{mmm}", "backtest", "formula_names.yaml"),),
        "no cell of a table is a formula",
        _formula,
        1800,
        True,
    ),
    *_EXTREME,
    Case(
        "faults:q sampler.seed",
        (("{mmm}", "fit", "q.yaml", "-p", "sampler.seed=18446744073709551616"),),
        "a fit or a sentence",
        _clear,
        900,
        True,
    ),
    Case(
        "faults:q sampler.store",
        (("{mmm}", "fit", "q.yaml", "-p", 'sampler.store="a\\0b"'),),
        "refused with a sentence",
        _refused(1, 2),
        120,
    ),
    Case(
        "faults:q report.logo",
        (("{mmm}", "report", "q.yaml", "-p", 'report.logo="a\\0b.png"'),),
        "refused with a sentence",
        _refused(1, 2, 7),
        120,
    ),
    _waits("logo", "{mmm}", "report", "q.yaml", "-p", "report.logo=l.png"),
    _waits("since", "{mmm}", "report", "q.yaml", "--since", "l.png"),
    _waits("portfolio", "{mmm}", "portfolio", "l.png"),
    _waits("settings", "{mmm}", "check", "l.png"),
)
