"""What PyMC-Marketing takes for the numbers of a report once its model is fitted. Runs in its own environment.

Usage: python pymc_marketing_report.py PROBLEM.npz SETTINGS_JSON RESULT

Phases: ``fit``; ``numbers``: contributions over time, ROAS and marginal ROAS with intervals; ``plan``: the budget split
by its optimiser with the gain's draws. It draws no report.
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from clock import Clock, arguments
from pymc_marketing_study import decide, fitted, per_money, rows_of


def main(path: str, settings: dict[str, Any], result: str) -> None:
    warnings.simplefilter("ignore")
    clock = Clock()
    given = np.load(path)
    seen = slice(0, len(given["dates"]) - int(given["hidden"]))
    known = rows_of(given, seen)
    with clock.phase("fit"):
        model, tree = fitted(known, settings)
    with clock.phase("numbers"):
        contribution = tree["posterior"]["channel_contribution_original_scale"].stack(sample=("chain", "draw"))
        np.quantile(contribution.transpose("sample", ...).values, [0.05, 0.5, 0.95], axis=0)
        np.quantile(per_money(model, known, 0.0), [0.05, 0.5, 0.95], axis=0)
        np.quantile(per_money(model, known, 1.01), [0.05, 0.5, 0.95], axis=0)
    with clock.phase("plan"):
        decide(model, given, pd.to_datetime(given["dates"][seen.stop :].tolist()))
    clock.write(f"{result}.json")


if __name__ == "__main__":
    main(*arguments())
