"""What a report costs: sizes of its files, time to render them, and time to run it again with another budget.

Usage: .venv/bin/python benchmarks/report.py [CONFIG] [--peers DIR] [--json FILE]

The first run makes the fits where the store lacks them; it is not counted. Then the budget is changed and the whole
command is run again, which must not fit anything, and its stages are taken from its manifest. Wall-clock and CPU
seconds (of the command and its kernel) are both given: on a machine with other work only the second can be compared.

With --peers the same is measured on a simulated national market, and beside it, on the same data, what PyMC-Marketing
takes for the numbers of such a report and Meridian for its HTML summaries (``make peers``), their models being fitted.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MARKET = ("--seed", "1", "--weeks", "156", "--channels", "6")
HIDDEN = 13
PEERS = {
    "PyMC-Marketing": ("pymc-marketing", "pymc_marketing_report.py"),
    "Meridian": ("meridian", "meridian_report.py"),
}
SAMPLER = {"draws": 1000, "tune": 1000, "chains": 4, "cores": 2, "seed": 1}
TARGETS = {"html_bytes": 1_500_000, "pdf_bytes": 1_000_000, "rendering_cpu": 6.0, "rerun": 20.0}


def run(config: str, out: Path, *options: str) -> tuple[Path, float, float]:
    """The newest run's folder, wall-clock and CPU seconds of one ``mmm report``."""
    before, since = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [str(Path(sys.executable).with_name("mmm")), "report", config, "--out", str(out), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    wall = time.perf_counter() - since
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    newest = max(out.glob("*/*/manifest.json"), key=lambda path: path.stat().st_mtime)
    return newest.parent, wall, cpu


def rendering(folder: Path) -> dict[str, float]:
    """CPU seconds of HTML and of PDF, from the executed notebook, in a process of its own."""
    code = (
        "import sys, time, json, nbformat\n"
        "from mmm.reporting.runs.executed import chapters_of\n"
        "from mmm.reporting.pages.render import Cover, web_page, print_page, pdf_bytes, require_pdf\n"
        "from mmm.reporting.design.look import make_look\n"
        "from mmm.settings import load_settings, load_dataset\n"
        "from pathlib import Path\n"
        "folder = Path(sys.argv[1]); inputs = json.loads((folder / 'inputs.json').read_text())\n"
        "settings = load_settings(folder / 'settings.yaml').with_base(folder / inputs['base'])\n"
        "look = make_look(settings.report, load_dataset(settings).channels)\n"
        "chapters = chapters_of(nbformat.read(folder / 'executed.ipynb', as_version=4))\n"
        "cover = Cover('t', 's', 'd', look); require_pdf()\n"
        "a = time.process_time(); web_page(chapters, cover); b = time.process_time()\n"
        "pdf_bytes(print_page(chapters, cover)); c = time.process_time()\n"
        "print(json.dumps({'html': b - a, 'pdf': c - b}))\n"
    )
    found = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, str(folder)], check=True, capture_output=True, text=True
    )
    times: dict[str, float] = json.loads(found.stdout)
    return times


def measure(config: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mmm-bench-") as name:
        out = Path(name)
        first, _, _ = run(config, out)
        spend = json.loads((first / "results.json").read_text(encoding="utf-8"))["decision"]["spend_plan"]
        folder, wall, cpu = run(config, out, "-p", f"plan.total_budget={round(0.95 * spend)}")
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        times = rendering(folder)
        return {
            "html_bytes": (folder / "report.html").stat().st_size,
            "pdf_bytes": (folder / "report.pdf").stat().st_size,
            "rendering_cpu": times["html"] + times["pdf"],
            "rendering": manifest["seconds"]["rendering"],
            "notebook": manifest["seconds"]["notebook"],
            "rerun": wall,
            "rerun_cpu": cpu,
            "load": os.getloadavg()[0],
            "cores": os.cpu_count(),
        }


def beside(peers: Path) -> dict[str, Any]:
    """Ours and the peers' on one simulated market."""
    import numpy as np

    from mmm.model.settings import ModelSettings
    from mmm.settings import load_dataset, load_settings
    from mmm.study.peers import problem
    from mmm.study.worlds import StudyWorld

    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="mmm-bench-") as name:
        folder = Path(name)
        subprocess.run(  # noqa: S603
            [str(Path(sys.executable).with_name("mmm")), "simulate", *MARKET, "--out", name],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found["workbench"] = measure(str(folder / "settings.yaml"))
        dataset = load_dataset(load_settings(folder / "settings.yaml"))
        spent = dataset.data["spend"].values[:-HIDDEN].sum(axis=(0, 1))
        world = StudyWorld("market", dataset, HIDDEN, np.ones_like(spent), model=ModelSettings())
        np.savez(folder / "problem.npz", **problem(world))
        for peer, (environment, script) in PEERS.items():
            python = peers / environment / "bin" / "python"
            if not python.is_file():
                print(f"{peer} is not installed: run 'make peers'.")
                continue
            result = folder / environment
            command = [str(python.absolute()), str(HERE / "peers" / script), str(folder / "problem.npz")]
            command += [json.dumps(SAMPLER), str(result)]
            # S603: the command is this project's own script.
            subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": ""}, capture_output=True)  # noqa: S603
            found[peer] = json.loads(Path(f"{result}.json").read_text(encoding="utf-8"))
    return found


def show(found: dict[str, Any]) -> None:
    for key, value in found.items():
        target = f"   target below {TARGETS[key]:,}" if key in TARGETS else ""
        print(f"{key:>16} {value:>12,.1f}{target}" if isinstance(value, (int, float)) else f"{key:>16} {value}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", nargs="?", default="configs/demo.yaml")
    parser.add_argument("--peers", type=Path, help="Folder of the peers' environments; without it they are left out.")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    results = {"demo" if given.config.endswith("demo.yaml") else given.config: measure(given.config)}
    if given.peers:
        results["market"] = beside(given.peers)
    for name, part in results.items():
        print(name)
        for key, value in part.items() if name == "market" else {"": part}.items():
            print(f"  {key}")
            show(value)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
