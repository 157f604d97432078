"""Does every input that once failed behave as it should? Runs them where their folder is there, and prints a table.

The folder (``--folder``, or the environment variable MMM_CASES; ../shared/cases by default) holds a folder a case. It
is never written to: commands run in a copy below ``.bench/cases``. What must hold is stated in the modules beside this
one, for what is right and not for what was seen. What a command gave is kept for the version of the code that gave it,
so a run that was broken off goes on.

    python benchmarks/cases                       # all
    python benchmarks/cases 05 10-channel:tvmin   # some, by the beginning of their name
    python benchmarks/cases --light               # those alone that neither fit nor plan
"""

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path

import faults
import numbers_told
import plans
import reading
from running import Case, Ran, Runner, code_version

CASES: tuple[Case, ...] = (*reading.CASES, *plans.CASES, *numbers_told.CASES, *faults.CASES)
DEFAULT = "../shared/cases"


def wanted(case: Case, asked: list[str], *, light: bool) -> bool:
    """Whether the command line asks for this case."""
    return not (light and case.heavy) and (not asked or any(case.name.startswith(start) for start in asked))


def verdict(case: Case, ran: list[Ran]) -> list[str]:
    """What is wrong; empty where all holds."""
    wrong = [problem for step in ran for problem in step.always_wrong()]
    try:
        wrong += case.judge(*ran)
    except Exception as error:  # noqa: BLE001  # An output that a judge cannot read is a failure of that case alone.
        wrong.append(f"the output could not be judged: {type(error).__name__}: {error}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="beginnings of names; all by default")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("MMM_CASES", DEFAULT)))
    parser.add_argument("--work", type=Path, default=Path(".bench/cases"), help="where copies and results are kept")
    parser.add_argument("--light", action="store_true", help="only what neither fits nor plans")
    parser.add_argument("--again", action="store_true", help="run again what has a result for this code")
    asked = parser.parse_args()
    # A shell starts what runs in the background deaf to it, and the commands of a case would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not asked.folder.is_dir():
        print(f"There is no folder '{asked.folder}' with cases: nothing was run. Name it with --folder or MMM_CASES.")
        return 0
    asked.work.mkdir(parents=True, exist_ok=True)
    runner = Runner(asked.folder.resolve(), asked.work.resolve(), code_version(), again=asked.again)
    rows: list[tuple[Case, list[str]]] = []
    for case in CASES:
        if not wanted(case, asked.cases, light=asked.light):
            continue
        wrong = verdict(case, runner.run(case))
        rows.append((case, wrong))
        shown(case, wrong)
    failed = sum(bool(wrong) for _, wrong in rows)
    print(f"\n{len(rows)} cases: {len(rows) - failed} right, {failed} wrong.")
    (asked.work / "table.md").write_text(table(rows), encoding="utf-8")
    return 1 if failed else 0


def shown(case: Case, wrong: list[str]) -> None:
    width = max(60, shutil.get_terminal_size((160, 20)).columns)
    print(f"{'WRONG' if wrong else 'right'}  {case.name}: {case.command}  [{case.holds}]"[:width])
    for problem in wrong:
        print(f"         - {problem}"[: 2 * width], flush=True)


def table(rows: list[tuple[Case, list[str]]]) -> str:
    lines = ["| case | command | must hold | verdict |", "| --- | --- | --- | --- |"]
    for case, wrong in rows:
        cells = (case.name, f"`{case.command}`", case.holds, "; ".join(wrong) or "right")
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
