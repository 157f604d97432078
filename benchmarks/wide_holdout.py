"""Hold-out on a wide national panel (13 media, 46 controls) against last year's values, over several quarters.

``python benchmarks/wide_holdout.py ../shared/data/wide_national/data.csv`` hides the last 13 weeks of the panel, then
the 13 weeks before, and so on, and forecasts them with the media and controls that there were: by the usual baseline,
with shrinkage over the controls, and with last year's value as one more control. Prints a table of docs/public_data.md.
Each result is kept; the data are not ours.
"""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from mmm.assessment.holdout import judge
from mmm.assessment.resume import kept
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.mix import fit_mixture
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import make_mixture
from mmm.model.settings import ModelSettings
from mmm.model.spec import without_inactive_channels

HIDDEN, YEAR = 13, 52
SAMPLER = SamplerSettings(draws=300, tune=300, chains=2, attempts=1)
SHRUNK: dict[str, Any] = {"shrinkage": {"relevant": 8}}
ARMS: dict[str, tuple[dict[str, Any], bool]] = {
    "as it is": ({}, False),
    "controls under shrinkage": (SHRUNK, False),
    "with last year's value": (SHRUNK, True),
}


def panel(path: Path, fold: int, *, last_year: bool) -> Dataset:
    """The panel up to the end of a fold, from its second year on; ``last_year``: its value as a control."""
    frame = pd.read_csv(path).rename(columns=lambda name: name.replace("'", ""))
    frame["last_year"] = frame["sales"].shift(YEAR)
    frame = frame.iloc[YEAR : len(frame) - HIDDEN * fold]
    media = [name.removeprefix("mdip_") for name in frame if name.startswith("mdip_")]
    paid = {m: {"spend": f"mdsp_{m}", "media": f"mdip_{m}"} for m in media if f"mdsp_{m}" in frame}
    controls = [name for name in frame if name.startswith(("me_", "st_ct", "mrkdn", "va_pub", "hldy_", "seas_"))]
    controls = [name for name in controls if frame[name].iloc[:-HIDDEN].nunique() > 1]
    free = {m: {"role": "organic", "media": f"mdip_{m}"} for m in media if m not in paid}
    document = {
        "source": path.name, "date": "wk_strt_dt", "currency": "USD", "target": {"column": "sales"},
        "channels": paid | free, "controls": [*controls, *(["last_year"] if last_year else [])],
    }  # fmt: skip
    return from_frame(frame, DataSettings.model_validate(document))


def one(path: Path, arm: str, fold: int) -> dict[str, float]:
    """Errors of forecast and of last year's values, relative to the mean, and the share inside 90% intervals."""
    baseline, last_year = ARMS[arm]
    data = panel(path, fold, last_year=last_year)
    model = ModelSettings.model_validate({"mixture": None, "baseline": baseline})
    training, _ = without_inactive_channels(data.with_outcome_hidden(HIDDEN))
    found = judge(fit_mixture(training, make_mixture(training, model), SAMPLER), data, HIDDEN)
    sales = pd.read_csv(path)["sales"].to_numpy()
    end = len(sales) - HIDDEN * fold
    naive = abs(sales[end - HIDDEN : end] - sales[end - HIDDEN - YEAR : end - YEAR]).sum()
    return {"error": found.error, "naive": naive / sales[end - HIDDEN : end].sum(), "inside": found.coverage}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("panel", type=Path)
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--work", type=Path, default=Path(".mmm/wide-holdout"))
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    print("| hidden quarter, from the last | last year's values | " + " | ".join(ARMS) + " |")
    print("|---|---|" + "---|" * len(ARMS))
    for fold in range(asked.folds):
        found = []
        for i, arm in enumerate(ARMS):
            file, key = asked.work / f"{i}-{fold}.json", f"{arm} {fold} {SAMPLER.draws}"
            found.append(kept(file, key, lambda arm=arm, fold=fold: one(asked.panel, arm, fold)))  # type: ignore[misc]
        said = " | ".join(f"{f['error']:.1%} ({f['inside']:.0%} inside)" for f in found)
        print(f"| {fold + 1} | {found[0]['naive']:.1%} | {said} |", flush=True)


if __name__ == "__main__":
    main()
