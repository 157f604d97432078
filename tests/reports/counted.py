"""Runs a command line and says what it did: calls of some functions, and which slow packages it loaded.

python counted.py OUT.json mmm-arguments ...
"""

import importlib
import json
import sys
from collections import Counter
from pathlib import Path

COUNTED = {
    "samples": ("mmm.inference.engine.run", "sample_problem"),
    "fits read": ("mmm.inference.stored", "_load_one"),
    "convergence": ("mmm.inference.convergence", "_per_scalar"),
    "judgements": ("mmm.workflow.judging", "judge"),
    "analyses": ("mmm.analysis.analysis", "analyse"),
    "searches": ("mmm.planning.planner", "solve"),
    "tables read": ("mmm.data.load", "load"),
}
SLOW = ("pymc", "pytensor", "arviz_stats", "scipy.stats", "IPython", "ipykernel", "sklearn", "rfc3987_syntax")


def main() -> None:
    out, *arguments = sys.argv[1:]
    tool, seen = sys.monitoring.PROFILER_ID, Counter[str]()
    sys.monitoring.use_tool_id(tool, "counted")
    names = {}
    for name, (module, function) in COUNTED.items():
        code = getattr(importlib.import_module(module), function).__code__
        names[code] = name
        sys.monitoring.set_local_events(tool, code, sys.monitoring.events.PY_START)
    sys.monitoring.register_callback(tool, sys.monitoring.events.PY_START, lambda code, _: seen.update([names[code]]))
    sys.argv = ["mmm", *arguments]
    from mmm.cli import main as run

    try:
        run()
    finally:
        found = {"calls": dict(seen), "loaded": [name for name in SLOW if name in sys.modules]}
        Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
