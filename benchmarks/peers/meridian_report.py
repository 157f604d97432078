"""What Meridian takes for its two HTML summaries once its model is fitted, and their size. In its own environment.

Usage: python meridian_report.py PROBLEM.npz SETTINGS_JSON RESULT

Phases: ``fit``; ``html``: the summary of results; ``plan``: the optimiser, and ``plan_html``: its summary. Sizes are in
bytes; ``fetches``: whether the files name addresses that they load from.
"""

import warnings
from pathlib import Path
from typing import Any

from clock import Clock, arguments
from meridian_sampling import draw, model_of

import numpy as np  # isort: skip
from meridian.analysis import analyzer, optimizer, summarizer  # isort: skip


def main(path: str, settings: dict[str, Any], result: str) -> None:
    warnings.simplefilter("ignore")
    clock = Clock()
    given = np.load(path)
    lower, upper = (float(x) for x in given["factors"])
    folder = Path(result).parent
    with clock.phase("fit"):
        meridian = model_of(given, "default")
        meridian.sample_prior(settings["draws"], seed=settings["seed"])
        draw(meridian, settings)
    with clock.phase("html"):
        summarizer.Summarizer(meridian).output_model_results_summary("results.html", str(folder))
    with clock.phase("plan"):
        look = analyzer.Analyzer(model_context=meridian.model_context, inference_data=meridian.inference_data)
        found = optimizer.BudgetOptimizer(analyzer=look).optimize(
            spend_constraint_lower=1.0 - lower, spend_constraint_upper=upper - 1.0
        )
    with clock.phase("plan_html"):
        found.output_optimization_summary("plan.html", str(folder))
    sizes = {name: (folder / f"{name}.html").stat().st_size for name in ("results", "plan")}
    text = "".join((folder / f"{name}.html").read_text(encoding="utf-8") for name in ("results", "plan"))
    clock.write(f"{result}.json", bytes=sizes, fetches="https://" in text)


if __name__ == "__main__":
    main(*arguments())
