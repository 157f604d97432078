"""Settings: values of other types and ranges, keys deleted, renamed, nested; text cut, doubled, of other encodings."""

import copy
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz.command import LIMIT, Fault, Outcome, faults, masked, run
from fuzz.values import hostile, near
from fuzz.worlds import write_worlds

Path_ = tuple[Any, ...]


class Bench:
    """The worlds in a folder, with their fits stored, and the full documents with every default written out."""

    def __init__(self, folder: Path) -> None:
        from mmm.settings import dump_settings, load_settings
        from mmm.settings.text import read_yaml, write_yaml

        self.folder = folder
        self.short = write_worlds(folder)
        self.full: dict[str, Any] = {}
        for name, document in self.short.items():
            path = folder / f"{name}.yaml"
            path.write_text(write_yaml(document), encoding="utf-8")
            self.full[name] = read_yaml(dump_settings(load_settings(path)), name)


def paths(document: Any, at: Path_ = ()) -> list[Path_]:
    """Every place in a document, branches included."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [place for key, value in inner for place in [(*at, key), *paths(value, (*at, key))]]


def holder(document: Any, place: Path_) -> Any:
    for key in place[:-1]:
        document = document[key]
    return document


def mutated(document: Any, rng: random.Random) -> tuple[Any, Path_]:
    """A copy with one place changed, and the place."""
    found = copy.deepcopy(document)
    place = rng.choice(paths(found))
    inside, key = holder(found, place), place[-1]
    how = rng.random()
    if how < 0.25:
        inside[key] = hostile(rng)
    elif how < 0.6:
        inside[key] = near(inside[key], rng)
    elif how < 0.72:
        del inside[key]
    elif how < 0.8 and isinstance(inside, dict):
        inside[str(near(str(key), rng) if rng.random() < 0.5 else hostile(rng))[:300]] = inside.pop(key)
    elif how < 0.92:
        other = rng.choice(paths(document))
        inside[key] = copy.deepcopy(holder(document, other)[other[-1]])
    elif isinstance(inside, dict):
        inside[str(hostile(rng))[:300]] = hostile(rng)
    else:
        inside.append(hostile(rng))
    return found, place


def mangled(text: str, rng: random.Random) -> bytes:
    """The text of a settings file with something wrong about its characters."""
    at = rng.randrange(len(text) + 1)
    lines = text.splitlines(keepends=True)
    row = rng.randrange(len(lines))
    inserted = (
        "\t",
        "\0",
        "\ufeff",
        "\x85",
        "\u2028",
        "\x1b",
        ":",
        "- ",
        "{",
        "[",
        '"',
        "'",
        "|",
        ">",
        "&a ",
        "*a",
        "!!python/object:os.system ",
    )
    inserted += ("!!binary ", "---\n", "...\n", "%YAML 1.1\n", "# ", "? ", "<<: ", "\ud83d", "💥", "\r", "@", "`", "%")
    how = rng.randrange(9)
    if how == 0:
        text = text[:at]
    elif how in (1, 2):
        text = text[:at] + rng.choice(inserted) + text[at:]
    elif how == 3:
        text = "".join([*lines[:row], lines[row], *lines[row:]])
    elif how == 4:
        text = "".join([*lines[:row], rng.choice((" ", "  ", "\t", "-")) + lines[row], *lines[row + 1 :]])
    elif how == 5:
        text = "".join([*lines[:row], *lines[row + 1 :]])
    elif how == 6:
        return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037")))
    elif how == 7:
        raw = bytearray(text.encode())
        for _ in range(rng.choice((1, 1, 3, 30))):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        return bytes(raw)
    else:
        text = text.replace("\n", rng.choice(("\r\n", "\r", "\n\n", "\u2028")))
    return text.encode("utf-8", "surrogatepass")


_SLOW = 4000
"""Draws of a fit that a case makes at most; a setting that asks for more is read and checked only."""


PORTFOLIO: dict[str, Any] = {
    "name": "both",
    "title": "Two markets",
    "markets": ["national.yaml", "kpi.yaml"],
    "currency": "EUR",
    "total_budget": 20000,
    "rates": {"date": "2024-01-05", "source": "a bank", "per_unit": {"USD": 0.9}},
    "limits": {"national": {"minimum": 2000, "maximum": 30000}},
    "points": 5,
    "seed": 1,
    "report": {"formats": ["html"], "language": "en"},
}


def case(bench: Bench, index: int, seed: int) -> tuple[list[Fault], dict[str, Any]]:
    """Checks one mutated settings file; what is accepted goes through another command and must not be refused there."""
    from mmm.settings.text import write_yaml

    rng = random.Random(f"{seed}:settings:{index}")
    name = rng.choice([*bench.short, "portfolio"])
    document = PORTFOLIO if name == "portfolio" else (bench.full if rng.random() < 0.5 else bench.short)[name]
    place: Path_ = ()
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        document, place = mutated(document, rng)
    content = _written(document, write_yaml)
    if rng.random() < 0.2:
        content = mangled(content.decode("utf-8", "replace"), rng)
    path = bench.folder / "case.yaml"
    path.write_bytes(content)
    about = {"world": name, "place": ".".join(map(str, place))[:200], "content": content}
    shutil.rmtree(bench.folder / "reports", ignore_errors=True)
    command = "portfolio" if name == "portfolio" else "check"
    checked = run([command, "case.yaml"], bench.folder)
    found = faults(checked)
    if index % 100 == 0:
        found += as_a_process(checked, bench.folder)
    if checked.code == 0 and not found and command == "check":
        found = _beyond(bench, path, checked, rng)
    about["code"] = checked.code
    return found, about


def as_a_process(checked: Outcome, folder: Path) -> list[Fault]:
    """The same command as a process of its own gives the same exit code and says the same on the error stream."""
    mmm = Path(sys.executable).parent / "mmm"
    ran = subprocess.run([mmm, *checked.argv], cwd=folder, capture_output=True, check=False, timeout=600)  # noqa: S603
    said = ran.stderr.decode("utf-8", "replace")
    if ran.returncode == checked.code and (checked.code == 0 or said == checked.err):
        return []
    return [
        Fault("a process of its own says something else", f"{ran.returncode}: {said[:400]}\nnot\n{checked.err[:400]}")
    ]


def _written(document: Any, write_yaml: Callable[[Any], str]) -> bytes:
    """The document as YAML; one that is too deep for the writer as JSON, which YAML holds."""
    try:
        text = write_yaml(document)
    except RecursionError:
        text = json.dumps(document)
    return text.encode("utf-8", "surrogatepass")


def _beyond(bench: Bench, path: Path, checked: Outcome, rng: random.Random) -> list[Fault]:
    """Fit, plan, backtest or report by settings that check accepted."""
    from mmm.settings import load_settings

    settings = load_settings(path)
    sampler = settings.sampler
    members = 1 if settings.model.mixture is None else len(settings.model.mixture.members)
    if (sampler.draws + sampler.tune) * sampler.chains * members > _SLOW or sampler.engine not in ("auto", "fast"):
        return []
    if Path(sampler.store).is_absolute() or ".." in Path(sampler.store).parts:
        return []  # nothing is written outside the folder of the case
    command = rng.choices(("plan", "backtest", "fit", "report"), (80, 12, 6, 2))[0]
    if command == "backtest" and "backtest" not in settings.model_fields_set:
        command = "plan"  # what nobody asked for may be too much for the data
    after = run([command, path.name], bench.folder, 4 * LIMIT if command == "report" else LIMIT)
    return [*faults(after), *agreement(checked, after)]


def agreement(checked: Outcome, planned: Outcome) -> list[Fault]:
    """What check accepts is no fault of settings or data for another command."""
    told = planned.argv[0] == "backtest" and "backtest.least" in checked.out
    if checked.code == 0 and planned.code in (2, 3) and not told:
        rule = masked(planned.err.replace("\n", " "))[:150]
        return [Fault(f"check accepts what {planned.argv[0]} refuses: {rule[:110]}", planned.err[:400])]
    return []
