"""What users wait for: this build against fa49506, each in its own environment, in turn, on the same machine.

    python benchmarks/users.py [ROW ...] [--rounds N] [--fresh] [--list] [--page] [--shared DIR]

A row is one thing that somebody waits for. Of every round both builds run it one after the other, each time in a
process of its own; every run leaves one JSON in ``.bench/users/ROW``, which a second call skips. The first build's tree
and environment are made in ``.bench/users`` where they are not there (a minute or two). Costs are CPU seconds of the
process with all that it started, and wall-clock seconds; of rows of sampling, effective draws per CPU second. The
largest resident memory is of one process. Where the machine has other work only CPU can be compared, and that roughly:
the load is kept with every run.

--page, and a run without rows, writes docs/studies/users.json and the table of docs/studies/speed.md.
"""

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from sampling import diagnostics
from sampling_data import problem

from mmm.assessment.resume import kept

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
WORK = ROOT / ".bench" / "users"
BASE = "fa49506"
_BEGIN, _END = "<!-- table -->", "<!-- end of table -->"


@dataclass(frozen=True)
class Build:
    """A tree of the workbench with the environment that its own ``make setup`` made."""

    name: str
    tree: Path

    @property
    def python(self) -> Path:
        return self.tree / ".venv" / "bin" / "python"

    @property
    def store(self) -> Path:
        return WORK / f"store-{self.name}"

    def commit(self) -> str:
        command = ["git", "-C", str(self.tree), "describe", "--always", "--dirty"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


@dataclass(frozen=True)
class Row:
    """``run`` measures one round of one build; ``first``, not measured, makes what has to be there before."""

    title: str
    target: str
    run: Callable[[Build, int], dict[str, Any]]
    rounds: int = 5
    first: Callable[[Build], None] = lambda _: None
    per: str = "cost"
    """``cost``: less is better, CPU and wall; ``yield``: effective draws per CPU second, more is better."""


def measured(build: Build, command: list[str]) -> dict[str, Any]:
    """Run a command of a build; its seconds, those of all that it started, and the largest process's memory."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"OMP_NUM_THREADS": "1"}
    load, begun = os.getloadavg()[0], time.perf_counter()
    with (WORK / "log.txt").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=build.tree, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{build.name}: {' '.join(command)} ended with {process.returncode}; see {WORK / 'log.txt'}.")
    return {
        "wall": time.perf_counter() - begun,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * 1024,
        "load": load,
        "code": build.commit(),
        "when": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


def mmm(build: Build, *arguments: str, store: Path | None = None) -> dict[str, Any]:
    command = [str(build.python), "-c", "from mmm.cli import main; main()", *arguments]
    return measured(build, [*command, "-p", f"sampler.store={store or build.store}"])


def budget(round_: int) -> str:
    """Another one each round: a plan that was made is found beside its fit."""
    return f"plan.total_budget={4_000_000 + 50_000 * round_}"


def demo_fits(build: Build) -> None:
    mmm(build, "report", "configs/demo.yaml", "--out", str(WORK / f"reports-{build.name}"))


def rerun(build: Build, round_: int) -> dict[str, Any]:
    out = str(WORK / f"reports-{build.name}")
    return mmm(build, "report", "configs/demo.yaml", "--out", out, "-p", budget(round_))


def planned(build: Build, round_: int) -> dict[str, Any]:
    out = str(WORK / f"plan-{build.name}")
    return mmm(build, "plan", "configs/demo.yaml", "--out", out, "-p", budget(100 + round_))


PYTHON = {
    BASE: """
import sys
from mmm.inference.store import obtain
from mmm.planning import plan
from mmm.reporting.lab import open_lab
lab = open_lab("configs/demo.yaml", {"sampler.store": sys.argv[1]})
fit = obtain(lab.dataset, lab.mixture(), lab.settings.sampler)
print(plan(fit, lab.settings.plan, total_budget=float(sys.argv[2])).allocation)
""",
    "here": """
import sys
import mmm
settings = mmm.load_settings("configs/demo.yaml", {"sampler.store": sys.argv[1]})
fit = mmm.fit(mmm.load_dataset(settings), settings)
print(mmm.plan(fit, total_budget=float(sys.argv[2])).allocation)
""",
}
"""The documented way of each build from an import to a plan; that of today asks the gate as well."""


def from_python(build: Build, round_: int) -> dict[str, Any]:
    money = str(4_000_000 + 50_000 * (200 + round_))
    return measured(build, [str(build.python), "-c", PYTHON[build.name], str(build.store), money])


def report_of(config: Callable[[], Path]) -> Callable[[Build, int], dict[str, Any]]:
    """The default report with nothing stored; the sampler's kernels are compiled."""

    def run(build: Build, _: int) -> dict[str, Any]:
        store = WORK / f"empty-{build.name}"
        shutil.rmtree(store, ignore_errors=True)
        return mmm(build, "report", str(config()), "--out", str(WORK / f"reports-{build.name}"), store=store)

    return run


def sampled(data: str) -> Callable[[Build, int], dict[str, Any]]:
    """One model of a simulated size: smallest bulk ESS of what is judged, over the CPU seconds of sampling."""

    def run(build: Build, round_: int) -> dict[str, Any]:
        folder = WORK / data
        folder.mkdir(parents=True, exist_ok=True)
        given = problem(data, round_ + 1, SHARED[0])
        np.savez(folder / "problem.npz", **given)
        settings = {"task": "fit", "draws": 1000, "tune": 500, "chains": 4, "target_accept": 0.9, "seed": round_ + 1}
        script = build.tree / "benchmarks" / "peers" / "workbench_sampling.py"
        result = folder / build.name
        command = [str(build.python), str(script), str(folder / "problem.npz"), json.dumps(settings), str(result)]
        found = measured(build, command)
        found |= diagnostics(Path(f"{result}.npz"), given["truth"])
        phases = json.loads(Path(f"{result}.json").read_text(encoding="utf-8"))
        return found | {"phases": phases, "yield": found["ess"] / phases["cpu"]["sample"]}

    return run


SHARED = [ROOT.parent / "shared" / "data"]
_WIDE = ("dm", "inst", "nsp", "auddig", "audtr", "vidtr", "viddig", "so", "on", "sem")
_NOT_CONTROLS = ("yr_nbr", "qtr_nbr", "prd", "wk_nbr", "wk_in_yr_nbr", "wk_strt_dt", "sales")


def wide() -> Path:
    """Settings of the public wide national panel: ten media with their own units, all else as controls."""
    source = SHARED[0] / "wide_national" / "data.csv"
    with source.open(encoding="utf-8") as file:
        columns = file.readline().strip().split(",")
    controls = [c for c in columns if not c.startswith(("mdip_", "mdsp_")) and c not in _NOT_CONTROLS]
    channels = {name: {"spend": f"mdsp_{name}", "media": f"mdip_{name}", "media_unit": "impressions"} for name in _WIDE}
    data = {"source": str(source), "date": "wk_strt_dt", "target": {"column": "sales", "kind": "revenue"}}
    settings = {"name": "wide", "data": data | {"currency": "USD", "channels": channels, "controls": controls}}
    # JSON is YAML.
    path = WORK / "wide.yaml"
    path.write_text(json.dumps(settings | {"gate": {"override": True}}), encoding="utf-8")
    return path


def retail() -> Path:
    text = (ROOT / "configs" / "examples" / "retail_national.yaml").read_text(encoding="utf-8")
    path = WORK / "retail.yaml"
    path.write_text(text.replace("../../../shared/data", str(SHARED[0])), encoding="utf-8")
    return path


ROWS = {
    "rerun": Row(
        "`mmm report` with another budget, demo, stored fits", "wall 4 times less, CPU 3", rerun, first=demo_fits
    ),
    "plan": Row("`mmm plan` with another budget, demo, stored fits", "wall 5 times less", planned, first=demo_fits),
    "python": Row("the same from Python, import to plan", "5 times less", from_python, first=demo_fits),
    "demo": Row(
        "default report of the demo, nothing stored",
        "CPU 2 times less",
        report_of(lambda: Path("configs/demo.yaml")),
        3,
    ),
    "retail": Row("default report on `retail_national`, nothing stored", "CPU 2 times less", report_of(retail), 3),
    "wide": Row("default report on `wide_national`, nothing stored", "CPU 5 times less", report_of(wide), 3),
    "S": Row(
        "S (156 weeks, 6 channels): effective draws per CPU second", "2.5 times more\\*", sampled("S"), per="yield"
    ),
    "L": Row("L (50 geos, 156 weeks, 12 channels): the same", "4 times more", sampled("L"), 3, per="yield"),
}


def builds() -> dict[str, Build]:
    """Both, the first one made where it is not there."""
    tree = WORK / BASE
    WORK.mkdir(parents=True, exist_ok=True)
    if not tree.exists():
        subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "--detach", str(tree), BASE], check=True)  # noqa: S603, S607
    subprocess.run(["make", "setup"], cwd=tree, check=True, stdout=subprocess.DEVNULL)  # noqa: S607
    return {BASE: Build(BASE, tree), "here": Build("here", ROOT)}


def runs_of(name: str) -> list[dict[str, dict[str, Any]]]:
    """The rounds of a row that are there for both builds."""
    found: list[dict[str, dict[str, Any]]] = []
    for path in sorted((WORK / name).glob(f"{BASE}-*.json"), key=lambda p: int(p.stem.split("-")[1])):
        other = path.with_name(path.name.replace(BASE, "here"))
        if other.exists():
            files = {BASE: path, "here": other}
            found.append({build: json.loads(file.read_text(encoding="utf-8")) for build, file in files.items()})
    return found


def compared(rounds: list[dict[str, dict[str, Any]]], measure: str) -> dict[str, Any]:
    """Median, least and most of a measure by build, and of how many times better today's is within a round."""
    values = {build: [r[build][measure] for r in rounds] for build in (BASE, "here")}
    ratios = [old / new for old, new in zip(values[BASE], values["here"], strict=True)]
    if measure == "yield":
        ratios = [1 / ratio for ratio in ratios]
    spread = {build: [median(v), min(v), max(v)] for build, v in (values | {"ratio": ratios}).items()}
    return {build: [float(f"{v:.4g}") for v in three] for build, three in spread.items()}


def summary() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, row in ROWS.items():
        rounds = runs_of(name)
        if rounds:
            measures = ("yield",) if row.per == "yield" else ("cpu", "wall")
            found[name] = {m: compared(rounds, m) for m in (*measures, "peak")}
            found[name] |= {
                "rounds": len(rounds),
                "code": rounds[-1]["here"]["code"],
                "when": rounds[-1]["here"]["when"],
            }
            found[name]["load"] = [min(r["here"]["load"] for r in rounds), max(r["here"]["load"] for r in rounds)]
            if row.per == "yield":
                found[name]["r_hat"] = {b: max(r[b]["rhat"] for r in rounds) for b in (BASE, "here")}
    return found


def _told(three: list[float], scale: float = 1.0) -> str:
    mid, low, high = (f"{v * scale:.3g}" for v in three)
    return f"{mid} ({low} to {high})"


def table(found: dict[str, Any]) -> list[str]:
    lines = [
        f"| what | target | of | {BASE} | today | times better | rounds | load |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in found.items():
        row = ROWS[name]
        for measure in (m for m in ("cpu", "wall", "yield") if m in one):
            words = {"cpu": "CPU s", "wall": "wall s", "yield": "draws per CPU s"}[measure]
            head = f"| {row.title} | {row.target}" if measure in ("cpu", "yield") else "| |"
            three = " | ".join(_told(one[measure][part]) for part in (BASE, "here", "ratio"))
            load = f"{one['load'][0]:.0f} to {one['load'][1]:.0f}"
            lines.append(f"{head} | {words} | {three} | {one['rounds']} | {load} |")
    return lines


def write(found: dict[str, Any]) -> None:
    """The study's JSON, and the table of its page."""
    out = ROOT / "docs" / "studies"
    (out / "users.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    page = out / "speed.md"
    before, rest = page.read_text(encoding="utf-8").split(_BEGIN)
    text = "\n".join(table(found))
    page.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{rest.split(_END)[1]}", encoding="utf-8")


def run(name: str, rounds: int | None, fresh: bool) -> None:
    """The rounds of a row that are missing."""
    row, both = ROWS[name], builds()
    folder = WORK / name
    folder.mkdir(exist_ok=True)
    if fresh:
        for path in folder.glob("*.json"):
            path.unlink()
    ready: set[str] = set()
    for round_ in range(rounds or row.rounds):
        for build in both.values():
            path = folder / f"{build.name}-{round_}.json"
            if path.exists():
                continue
            if build.name not in ready:
                row.first(build)
                ready.add(build.name)
            found = kept(path, name, partial(row.run, build, round_))
            print(f"{name} {build.name} {round_}: {found['cpu']:.1f} CPU s, {found['wall']:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--fresh", action="store_true", help="run again what has a result")
    parser.add_argument("--list", action="store_true", help="name the rows and how many rounds there are of each")
    parser.add_argument("--page", action="store_true", help="write the study from the runs that are there")
    parser.add_argument("--shared", type=Path, default=SHARED[0])
    given = parser.parse_args()
    SHARED[0] = given.shared.resolve()
    if given.list:
        for name, row in ROWS.items():
            print(f"{name:>8} {len(runs_of(name))} {row.title}")
        return
    for name in given.rows or (() if given.page else ROWS):
        run(name, given.rounds, given.fresh)
    print("\n".join(table(summary())))
    if given.page or not given.rows:
        write(summary())


if __name__ == "__main__":
    main()
