"""Data that were not made here, with the usual model and with the item that their fault or their columns call for.

``python benchmarks/given_items.py ../shared/data`` fits worlds with a known truth (at most one assumption broken in
each) and forecasts the last quarters of a national retailer. Prints the tables of docs/public_data.md; each result is
kept.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.assessment.holdout import judge
from mmm.assessment.recovery import Case, file_case, roas_draws
from mmm.assessment.resume import kept
from mmm.data.load import from_frame
from mmm.data.quality import quality_report
from mmm.data.settings import DataSettings
from mmm.inference.mix import fit_mixture
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import make_mixture
from mmm.model.settings import ModelSettings

SAMPLER = SamplerSettings(draws=300, tune=300, chains=2, attempts=1)
HIDDEN = 13
CARRYOVER = {"family": "weibull", "shape": {"lower": 1, "upper": 4}, "scale": {"lower": 2, "upper": 15}}
ITEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "adstock_misspec": ("Weibull carryover, look-back of 39 weeks", {"lookback": "39 weeks", "adstock": CARRYOVER}),
    "heavy_tailed_noise": ("Student-t noise", {"likelihood": "student_t"}),
    "mixed_data_errors": ("an event for each shock that `mmm check` finds", {}),
}
RETAIL = {
    "as in configs/examples": (False, {}),
    "newsletter organic, competitor by role, holidays": (True, {"calendar": {"holidays": {"country": "DE"}}}),
}


def shocks(case: Case) -> list[dict[str, Any]]:
    """Events for the weeks in which `mmm check` finds a shock of the outcome."""
    found = [f for f in quality_report(case.dataset).findings if "shock" in f.code]
    days = sorted({day for finding in found for day in finding.dates})
    week = pd.Timedelta(days=6)
    return [
        {"name": f"shock {i + 1}", "start": str(day.date()), "end": str((day + week).date())}
        for i, day in enumerate(days)
    ]


def world(folder: Path, name: str, told: dict[str, Any]) -> dict[str, Any]:
    """Truth and 90% interval of each channel's return."""
    case = file_case(folder / f"{name}.csv", ModelSettings())
    stated = {"mixture": None, "likelihood": "normal"} | told
    if told and name == "mixed_data_errors":
        stated |= {"baseline": {"calendar": {"events": shocks(case)}}}
    case = replace(case, model=ModelSettings.model_validate({k: v for k, v in stated.items() if k != "shocks"}))
    fit = fit_mixture(case.dataset, make_mixture(case.dataset, case.model), SAMPLER)
    low, middle, high = np.quantile(roas_draws(fit)[:, -1], [0.05, 0.5, 0.95], axis=0)
    return {
        c: [case.truth[c], float(low[i]), float(middle[i]), float(high[i])] for i, c in enumerate(case.dataset.channels)
    }


def retail(path: Path, arm: str, fold: int) -> dict[str, float]:
    """Errors of forecast and of last year's values, relative to the mean."""
    own, baseline = RETAIL[arm]
    frame = pd.read_csv(path)
    frame = frame.iloc[: len(frame) - HIDDEN * fold]
    channels: dict[str, Any] = {
        "TV": "tv_S", "Out of home": "ooh_S", "Print": "print_S",
        "Facebook": {"spend": "facebook_S", "media": "facebook_I"},
        "Search": {"spend": "search_S", "media": "search_clicks_P"},
    }  # fmt: skip
    controls: dict[str, Any] = {"Events": {"column": "events", "categorical": True, "reference": "na"}}
    if own:
        channels |= {
            "Newsletter": {"role": "organic", "media": "newsletter"},
            "Competitor": {"role": "competitor", "media": "competitor_sales_B"},
        }
    else:
        controls |= {"Competitor sales": "competitor_sales_B", "Newsletter": "newsletter"}
    document = {"source": path.name, "date": "DATE", "currency": "EUR", "target": {"column": "revenue"}}
    data = from_frame(frame, DataSettings.model_validate(document | {"channels": channels, "controls": controls}))
    model = ModelSettings.model_validate({"mixture": None, "baseline": baseline})
    training = data.with_outcome_hidden(HIDDEN)
    found = judge(fit_mixture(training, make_mixture(training, model), SAMPLER), data, HIDDEN)
    return {"error": found.error, "naive": found.naive_error, "inside": found.coverage}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--work", type=Path, default=Path(".mmm/given-items"))
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    print("| world | model | true returns inside | median error |\n|---|---|---|---|")
    for name, (words, told) in ITEMS.items():
        for label, stated in (("usual", {}), (words, told or {"shocks": True})):
            file = asked.work / f"{name}-{label[:5]}.json"
            found = kept(file, f"{name} {label}", lambda n=name, s=stated: world(asked.folder / "worlds", n, s))  # type: ignore[misc]
            rows = np.array([value for key, value in found.items() if key != "key"])
            inside = int(((rows[:, 1] <= rows[:, 0]) & (rows[:, 0] <= rows[:, 3])).sum())
            error = float(np.median(np.abs(rows[:, 2] / rows[:, 0] - 1)))
            print(f"| {name} | {label} | {inside} of {len(rows)} | {error:.0%} |", flush=True)
    print("\n| hidden quarter, from the last | seasonal naive | " + " | ".join(RETAIL) + " |\n|---|---|---|---|")
    for fold in range(asked.folds):
        both = []
        for i, arm in enumerate(RETAIL):
            path = asked.folder / "retail_national" / "dt_simulated_weekly.csv"
            file = asked.work / f"retail-{i}-{fold}.json"
            both.append(kept(file, f"{arm} {fold}", lambda a=arm, k=fold, p=path: retail(p, a, k)))  # type: ignore[misc]
        said = " | ".join(f"{f['error']:.1%} ({f['inside']:.0%} inside)" for f in both)
        print(f"| {fold + 1} | {both[0]['naive']:.1%} | {said} |", flush=True)


if __name__ == "__main__":
    main()
