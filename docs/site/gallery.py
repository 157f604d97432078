"""The notebooks, executed, as pages: code, tables, and pictures beside the page.

They run on the embedded demo with three models, the last two on a simulated shop with costs, campaigns, customers and
journeys, and on one with a regional test. Fits are kept in the store; an executed notebook is kept in ``build/gallery``
under a hash of its source, of the package and of the settings.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

NAMES = (
    "01_explore_data",
    "02_set_priors",
    "03_fit_and_diagnose",
    "04_read_results",
    "05_plan_a_budget",
    "06_compare_models",
    "07_other_lenses",
    "08_test_and_learn",
)
CONFIG = "configs/gallery.yaml"
LENSES = "07_other_lenses"
TESTED = "08_test_and_learn"
_TESTED_CONFIG = "configs/examples/experiment.yaml"
_TOO_LONG = 60
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)


def pages(root: Path, *, run: bool) -> dict[str, str | bytes]:
    """Content by path on the site: a page a notebook, and its pictures; without outputs unless ``run``."""
    found: dict[str, str | bytes] = {}
    for name, notebook in (executed(root) if run else {name: _read(root, name) for name in NAMES}).items():
        lines: list[str] = []
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                lines += [cell.source, ""]
            else:
                lines += _code(cell, name, found)
        found[f"gallery/{name}.md"] = "\n".join(lines)
    return found


def listed(root: Path) -> str:
    """A line a notebook: its title, and what its first paragraph says."""
    lines = []
    for name in NAMES:
        first = _read(root, name).cells[0].source
        title, _, text = first.partition("\n\n")
        lines.append(f"- [{title.removeprefix('# ')}](gallery/{name}.md): {text}")
    return "\n".join(lines)


def executed(root: Path) -> dict[str, Any]:
    """Every notebook with its outputs; what was not yet run in this state is run, all in one kernel."""
    kept = root / "build" / "gallery"
    kept.mkdir(parents=True, exist_ok=True)
    state = _state(root)
    places = {name: kept / f"{name}-{_hash(state, _source(root, name))}.ipynb" for name in NAMES}
    missing = [name for name in NAMES if not places[name].exists()]
    if missing:
        _run(root, {name: places[name] for name in missing})
    return {name: nbformat.read(place, as_version=4) for name, place in places.items()}


def _run(root: Path, places: dict[str, Path]) -> None:
    """Execute notebooks one after the other in one kernel: importing the package takes longer than most of them."""
    from jupyter_client.manager import KernelManager
    from nbclient import NotebookClient
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--log-level=50"])
    try:
        for name, place in places.items():
            sys.stderr.write(f"Running notebooks/{name}.ipynb\n")
            config = _lenses(root) if name == LENSES else _TESTED_CONFIG if name == TESTED else CONFIG
            done = parameterize_notebook(
                load_notebook_node(str(_path(root, name))), {"config": config, "root": str(root)}
            )
            done.cells.insert(0, nbformat.v4.new_code_cell(f"%reset -f\n%cd -q {root}"))
            client = NotebookClient(done, km=manager, timeout=1200)
            try:
                client.execute()
            finally:
                if client.kc is not None:
                    client.kc.stop_channels()
            done.cells = [cell for cell in done.cells[1:] if "injected-parameters" not in cell.metadata.get("tags", [])]
            nbformat.write(done, place)
    finally:
        manager.shutdown_kernel(now=True)


def _lenses(root: Path) -> str:
    """Settings of the simulated shop with every lens, with the models of the gallery: a path from ``root``."""
    import yaml

    folder = Path("build", "gallery", "email")
    (root / folder).mkdir(parents=True, exist_ok=True)
    mmm = str(Path(sys.executable).with_name("mmm"))
    subprocess.run(  # noqa: S603 - its own command
        [mmm, "simulate", "--world", "email", "--seed", "1", "--out", str(folder)],
        cwd=root,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    path = root / folder / "settings.yaml"
    shop, gallery = (yaml.safe_load(p.read_text(encoding="utf-8")) for p in (path, root / CONFIG))
    shop |= {"model": shop.get("model", {}) | {"mixture": gallery["model"]["mixture"]}, "sampler": gallery["sampler"]}
    path.write_text(yaml.safe_dump(shop, sort_keys=False), encoding="utf-8")
    return str(folder / "settings.yaml")


def _path(root: Path, name: str) -> Path:
    return root / "notebooks" / f"{name}.ipynb"


def _read(root: Path, name: str) -> Any:
    return nbformat.read(_path(root, name), as_version=4)


def _source(root: Path, name: str) -> bytes:
    return _path(root, name).read_bytes()


def _state(root: Path) -> bytes:
    """What the outputs depend on besides the notebook: the package's code and the analysis."""
    from importlib.metadata import version

    files = sorted((root / "mmm").rglob("*.py"))
    code = [hashlib.sha256(file.read_bytes()).digest() for file in [*files, root / CONFIG, root / _TESTED_CONFIG]]
    versions = [version(name) for name in ("arviz", "matplotlib", "numpy", "pandas", "pymc", "pytensor")]
    return b"".join(code) + json.dumps(versions).encode()


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _code(cell: Any, name: str, files: dict[str, str | bytes]) -> list[str]:
    """A cell of code and what it showed."""
    lines = ["```python", cell.source, "```", ""]
    for output in _joined(cell.outputs):
        data = output.get("data", {})
        if "image/png" in data:
            number = sum(other.startswith(f"gallery/{name}_") for other in files) + 1
            path = f"gallery/{name}_{number}.png"
            files[path] = base64.b64decode(data["image/png"])
            lines += [f"![What the cell above draws: {_alt(cell.source)}]({Path(path).name})", ""]
        elif "text/html" in data and "<table" in data["text/html"]:
            # A table scrolls in its own frame, which the keyboard reaches.
            table = _STYLE.sub("", data["text/html"]).replace(' border="1" class="dataframe"', "")
            lines += [f'<div class="output" tabindex="0" role="region" aria-label="Output">{_flat(table)}</div>', ""]
        else:
            lines += _text(str(data.get("text/plain", output.get("text", ""))))
    return lines


def _joined(outputs: list[Any]) -> list[Any]:
    """Outputs with what was printed line by line as one."""
    found: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and found and found[-1].output_type == "stream":
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def _flat(table: str) -> str:
    """A table without the empty lines at which Markdown would begin to read."""
    return "\n".join(line for line in table.splitlines() if line.strip())


def _alt(source: str) -> str:
    """The call that drew, without what Markdown would read."""
    last = source.strip().splitlines()[-1]
    return re.sub(r"[\[\]`]", "", last).rstrip(";")


def _text(text: str) -> list[str]:
    """Text as it was printed: colours off, lines overwritten by later ones left out, long ones cut."""
    shown = [line.rsplit("\r", 1)[-1] for line in _ANSI.sub("", text).strip().splitlines()]
    if not shown:
        return []
    if len(shown) > _TOO_LONG:
        shown = [*shown[:_TOO_LONG], f"... {len(shown) - _TOO_LONG} more lines"]
    return ["```text", *shown, "```", ""]
