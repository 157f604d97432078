"""One case: its commands run in a copy of its folder, and what they gave kept for the version of the code."""

import csv
import hashlib
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 130})


def given(*parameters: str) -> list[str]:
    """The words ``-p a=1 -p b=2`` of a command line."""
    return [word for parameter in parameters for word in ("-p", parameter)]


_ONE_MODEL = ("model.mixture=null", "sampler.draws=300", "sampler.tune=300", "sampler.chains=2", "sampler.attempts=1")
_ANYHOW = ("gate.override=true", "gate.holdout=null", "plan.draws=300", "plan.curve_points=3")
QUICK = given(*_ONE_MODEL, *_ANYHOW)
"""A fit and a plan in seconds: enough for what the cases ask, nothing to decide on."""

Judge = Callable[..., list[str]]


@dataclass(frozen=True)
class Case:
    """Commands (lists of words; ``{mmm}`` and ``{python}`` are replaced) and what must hold of what they gave."""

    name: str
    steps: tuple[tuple[str, ...], ...]
    holds: str
    judge: Judge = field(compare=False)
    limit: float = 120.0
    heavy: bool = False
    inherits: str = "yes"
    """'no' for a case that needs a folder of its own; others share the folder, and with it the stored fits."""

    @property
    def folder(self) -> str:
        return self.name.partition(":")[0]

    @property
    def command(self) -> str:
        quick = " ".join(QUICK)
        return "; ".join(
            " ".join(step).replace("{mmm}", "mmm").replace("{python}", "python").replace(quick, "QUICK")
            for step in self.steps
        )


@dataclass(frozen=True)
class Ran:
    """What one command gave, and the folder in which it ran."""

    argv: list[str]
    code: int
    out: str
    err: str
    seconds: float
    limit: float
    folder: str

    @property
    def text(self) -> str:
        return f"{self.out}\n{self.err}"

    @property
    def flat(self) -> str:
        """All text on one line: sentences may be broken anywhere in a table."""
        return re.sub(r"\s+", " ", self.text)

    def always_wrong(self) -> list[str]:
        """What must not happen in any command: a traceback, a warning of a library, an undocumented code, a wait."""
        found = []
        if "Traceback (most recent call last)" in self.text:
            last = [
                line for line in self.text.splitlines() if re.match(r"[\w.]+(Error|Exception|Warning|Interrupt)", line)
            ]
            found.append(f"a traceback: {last[-1][:150] if last else '?'}")
        found += [
            f"a warning of a library: {line.strip()[:150]}" for line in self.text.splitlines() if _WARNING.search(line)
        ][:2]
        if self.seconds >= self.limit:
            found.append(f"not done within {self.limit:.0f} s")
        elif self.code not in DOCUMENTED:
            found.append(f"exit code {self.code} is not documented")
        return found


_WARNING = re.compile(r"\b(Runtime|User|Deprecation|Future|Performance|Convergence)Warning\b")


def code_version() -> str:
    """A hash of the package's source: what was run on other code does not count."""
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / "mmm").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass
class Runner:
    cases: Path
    work: Path
    version: str
    again: bool = False

    def run(self, case: Case) -> list[Ran]:
        """The outcome of every step, from the results that are kept or by running them all."""
        if not (self.cases / case.folder).is_dir():
            raise SystemExit(f"'{self.cases}' has no folder '{case.folder}': are these the cases?")
        key = hashlib.sha256(json.dumps([self.version, case.name, case.steps]).encode()).hexdigest()[:16]
        kept = self.work / "results" / f"{key}.json"
        if kept.exists() and not self.again:
            return [Ran(**step) for step in json.loads(kept.read_text(encoding="utf-8"))]
        own = case.name.replace(":", "-") if case.inherits == "no" else case.folder
        folder = self.work / "scratch" / own
        if case.inherits == "no":
            shutil.rmtree(folder, ignore_errors=True)
        copied(self.cases / case.folder, folder)
        ran = [run(step, folder, case.limit) for step in case.steps]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([asdict(step) for step in ran]), encoding="utf-8")
        return ran


def copied(source: Path, folder: Path) -> None:
    """The files of the case, writable."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        target = folder / path.name
        if path.is_file() and not target.exists():
            target.write_bytes(path.read_bytes())


def run(step: Sequence[str], folder: Path, limit: float) -> Ran:
    """Run one command; one that is not done in time is ended with all that it started."""
    places = {"{mmm}": str(Path(sys.executable).parent / "mmm"), "{python}": sys.executable}
    argv = [re.sub(r"\{mmm\}|\{python\}", lambda match: places[match[0]], word) for word in step]
    started = time.monotonic()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "400"}
    process = subprocess.Popen(  # noqa: S603  # the commands are this file's neighbours'
        argv,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    seconds = time.monotonic() - started
    decoded = (part.decode("utf-8", "replace") for part in (out, err))
    return Ran(list(step), process.returncode, *decoded, round(seconds, 1), limit, str(folder))


# What judges ask


def says(ran: Ran, *patterns: str) -> list[str]:
    """Every pattern is somewhere in what the command printed."""
    missing = [p for p in patterns if not re.search(p, ran.flat, re.IGNORECASE)]
    told = next((line for line in ran.err.splitlines() if line.strip()), "")[:140]
    return [f"does not say /{p}/ (exit {ran.code}: {told})" for p in missing]


def silent(ran: Ran, *patterns: str) -> list[str]:
    """No pattern is anywhere in what the command printed."""
    found = [m for p in patterns if (m := re.search(p, ran.flat, re.IGNORECASE))]
    return [f"says '{m[0][:100]}'" for m in found]


def ends(ran: Ran, *codes: int) -> list[str]:
    """The exit code is one of these."""
    told = next((line for line in reversed(ran.err.splitlines()) if line.strip()), "")[:140]
    return [] if ran.code in codes else [f"exit {ran.code}, not {' or '.join(map(str, codes))}: {told}"]


def panel(ran: Ran, config: str, **overrides: Any) -> Any:
    """The dataset that the workbench reads of the settings in the folder of the run."""
    from mmm.settings import load_dataset, load_settings

    return load_dataset(load_settings(Path(ran.folder) / config, overrides))


def reads(ran: Ran, config: str, totals: dict[str, float], first: str = "", periods: int = 0) -> list[str]:
    """The panel's totals by channel, its first period and its number of periods are these, advice being followed."""
    dataset = panel(ran, config, **advised(ran, config))
    found = []
    for name, right in totals.items():
        got = float(dataset.data["spend"].sel(channel=name).sum())
        if abs(got - right) > 1e-6 * abs(right) + 0.51:
            found.append(f"{name} is read as {got:,.2f} in all, not {right:,.2f}")
    if first and f"{dataset.dates[0]:%Y-%m-%d}" != first:
        found.append(f"the first period is {dataset.dates[0]:%Y-%m-%d}, not {first}")
    if periods and len(dataset.dates) != periods:
        found.append(f"{len(dataset.dates)} periods, not {periods}")
    return found


def advised(ran: Ran, config: str) -> dict[str, Any]:
    """Settings of data.csv that the error names as the line to paste; empty where it names none."""
    from mmm.settings.text import read_yaml

    found = re.search(r"data\.csv: (\{.*?\})", ran.flat)
    return {"data.csv": read_yaml(found[1], config)} if found else {}


_COLUMNS = {"spend_plan": "spend", "allowed_from": "lower_bound", "allowed_to": "upper_bound", "won_plan": "effect"}


def allocation(ran: Ran, name: str) -> dict[str, dict[str, float]]:
    """Planned spend, its limits and its effect, by channel, from the allocation.csv of a plan."""
    return plan_table(Path(ran.folder) / "out" / name / "allocation.csv")


def plan_table(path: Path) -> dict[str, dict[str, float]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["channel"]: {ours: _number(row[theirs]) for theirs, ours in _COLUMNS.items()} for row in rows}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def page(ran: Ran, name: str) -> str:
    """The text of the newest report.html below reports/<name>."""
    found = sorted((Path(ran.folder) / "reports" / name).glob("*/report.html"), key=lambda p: p.stat().st_mtime)
    text = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", found[-1].read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


_INTERVAL = re.compile(r"(?<![\w.,])([-+−]?[\d.,]*\d)\s?%?\s*\(([-+−]?[\d.,]*\d)\s?%? to ([-+−]?[\d.,]*\d)\s?%?")


def outside_their_interval(text: str) -> list[str]:
    """Numbers that are followed by an interval that does not hold them."""
    found = []
    for match in _INTERVAL.finditer(text):
        value, low, high = (float(part.replace(",", "").replace("−", "-")) for part in match.groups())
        if not low <= value <= high:
            found.append(f"'{match[0]})' lies outside its own interval")
    return found
