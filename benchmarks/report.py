"""What a report costs: sizes of its files, time to render them, and time to run it again with another budget.

Usage: .venv/bin/python benchmarks/report.py [CONFIG] [--json FILE]

The first run makes the fits where the store lacks them; it is not counted. Then the budget is changed and the whole
command is run again, which must not fit anything, and its stages are taken from its manifest. Wall-clock and CPU
seconds (of the command and its kernel) are both given: on a machine with other work only the second can be compared.
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
        "from mmm.reporting.executed import chapters_of\n"
        "from mmm.reporting.render import Cover, web_page, print_page, pdf_bytes, require_pdf\n"
        "from mmm.reporting.style import make_look\n"
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", nargs="?", default="configs/demo.yaml")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = measure(given.config)
    for key, value in found.items():
        target = f"   target below {TARGETS[key]:,}" if key in TARGETS else ""
        print(f"{key:>16} {value:>12,.1f}{target}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
