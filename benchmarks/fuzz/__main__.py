"""Mutated settings, tables and ``-p`` values, and interrupts: does anything go wrong without a word?

    PYTHONPATH=benchmarks python -m fuzz                           # everything (make fuzz)
    PYTHONPATH=benchmarks python -m fuzz --settings 100 --tables 0 --parameters 0 --interrupts 0
    PYTHONPATH=benchmarks python -m fuzz --only tables:17 --seed 3 # one case again

What must never be: a bare traceback, an exit code that is not documented, a wait beyond a limit, a warning or words of
a library, settings that one command accepts and another refuses, an accepted table whose totals are not those of an
independent reader, a part of a sample stored as the whole, a store that a later run cannot use, leftovers. Every case
is made of (kind, seed, index) alone. Inputs that fail are kept below ``.bench/fuzz/failed``.
"""

import argparse
import json
import shutil
import signal
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from fuzz import interrupts
from fuzz.pool import Found, Job, cases, keep, runner

KINDS = ("settings", "tables", "parameters")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for kind, count in (("settings", 2000), ("tables", 2000), ("parameters", 500), ("interrupts", 200)):
        parser.add_argument(f"--{kind}", type=int, default=count, metavar="N", help=f"{count} by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="index of the first case")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", metavar="KIND:INDEX", help="one case, its faults printed")
    parser.add_argument("--out", type=Path, default=Path(".bench/fuzz"), help="scratch, and inputs that failed")
    return parser.parse_args()


def one(asked: argparse.Namespace, out: Path) -> int:
    what, _, index = asked.only.partition(":")
    if what == "interrupts":
        found = interrupts.scenario(int(index), asked.seed, out / "interrupts-only")[0]
    else:
        found, about = runner(what, out / f"{what}-only")(int(index), asked.seed)
        print({k: v for k, v in about.items() if k != "content"})
        print(about["content"][:3000].decode("utf-8", "backslashreplace"))
    for fault in found:
        print(f"\n{fault.kind}\n{fault.seen}")
    return 1 if found else 0


def main() -> int:
    asked = arguments()
    for number in (signal.SIGINT, signal.SIGHUP):
        # A shell starts what runs in the background deaf to these, and its children inherit that.
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    out = asked.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if asked.only:
        return one(asked, out)
    shutil.rmtree(out / "failed", ignore_errors=True)
    failed: list[Found] = []
    table: list[dict[str, Any]] = []
    for what in KINDS:
        count = getattr(asked, what)
        if not count:
            continue
        since, codes, wrong = time.monotonic(), Counter[str](), 0
        for index, found, about in cases(Job(what, asked.first, asked.first + count, asked.seed), out, asked.workers):
            codes[str(about.get("code", "lost"))] += 1
            if found:
                wrong += 1
                failed += found
                keep(found, about, out / "failed")
                print(f"{what}:{index} seed {asked.seed}: {found[0].kind}", flush=True)
        seconds = round(time.monotonic() - since)
        table.append(
            {
                "kind": what,
                "cases": count,
                "wrong": wrong,
                "exit codes": dict(sorted(codes.items())),
                "seconds": seconds,
            }
        )
        print(json.dumps(table[-1]), flush=True)
    if asked.interrupts:
        row, found = interrupts.many(asked.interrupts, asked.seed, out, asked.workers)
        table.append(row)
        failed += found
        print(json.dumps(row), flush=True)
    summary(failed, table, asked.seed, out)
    return 1 if failed else 0


def summary(failed: list[Found], table: list[dict[str, Any]], seed: int, out: Path) -> None:
    kinds: dict[str, list[Found]] = defaultdict(list)
    for fault in failed:
        kinds[f"{fault.what}: {fault.kind}"].append(fault)
    print(f"\n{len(failed)} faults of {len(kinds)} kinds, seed {seed}.")
    for kind, faults in sorted(kinds.items(), key=lambda item: -len(item[1])):
        print(f"{len(faults):5} {kind}  (such as {faults[0].what}:{faults[0].index})")
    (out / "summary.json").write_text(
        json.dumps(
            {"seed": seed, "table": table, "kinds": {k: [f.index for f in v] for k, v in kinds.items()}}, indent=1
        )
    )


if __name__ == "__main__":
    sys.exit(main())
