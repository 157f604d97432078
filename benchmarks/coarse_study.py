"""What outcomes by month cost: the same worlds fitted with outcomes by week, by month, and with all by month.

Worlds are drawn from the model's own priors (national, three years, five channels), with money and noise such that the
data say something of most channels; one model each. ``make study-coarse`` fits every world three times, keeps each
result in a work folder so that it goes on where it stopped, and writes docs/studies/coarse.json and coarse.md: coverage
of 90% intervals of ROAS, their width (log of upper over lower) and error.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from intervals import scored

from mmm.assessment.recovery import SEED, Case, estimates, priors_of, simulated_case
from mmm.data.coarse import MONTH, Spans, spread, summed
from mmm.data.dataset import Dataset
from mmm.data.steps import FROM
from mmm.inference.sample import fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import random_world

WEEKLY, MONTHLY, ALL_MONTHLY = "outcome by week", "outcome by month, media by week", "all by month"
MODEL = ModelSettings(mixture=None)


def evened_media(dataset: Dataset) -> Dataset:
    """The panel with media that are even over the days of every outcome row."""
    first = pd.DatetimeIndex(dataset.data[FROM].dropna("date").values)
    spans, days = Spans.from_starts(first, MONTH), dataset.frequency.days
    shares = spans.shares(dataset.dates, days) / days
    left = 1.0 - shares.sum(axis=0)
    data = dataset.data.copy(deep=True)
    for name in ("spend", "media"):
        values = data[name].values
        amounts = np.tensordot(shares, values, axes=1)
        even = spread(amounts, spans, dataset.dates, days, level=False)
        data[name].values[...] = even + left[:, None, None] * values
    return replace(dataset, data=data)


def arms(dataset: Dataset) -> dict[str, Dataset]:
    """The same world as it is known in each of the three cases."""
    monthly = summed(dataset, MONTH)
    return {WEEKLY: dataset, MONTHLY: monthly, ALL_MONTHLY: evened_media(monthly)}


def run_world(index: int, sampler: SamplerSettings) -> list[dict[str, Any]]:
    """Estimates of ROAS of one world in every arm."""
    priors = replace(priors_of(MODEL), spend_share=(0.01, 0.06), noise_sd=(0.01, 0.02))
    world = random_world(np.random.default_rng([SEED, 1000 + index]), priors, geos=1, channels=5)
    case = simulated_case(world, "random", MODEL)
    found = []
    for name, dataset in arms(case.dataset).items():
        fit = fit_model(dataset, make_spec(dataset, MODEL), sampler)
        told = Case(case.name, name, dataset, MODEL, case.truth, {})
        found += [{"world": index, "arm": name, **one.to_dict()} for one in estimates(told, fit)]
    return found


def score(rows: pd.DataFrame) -> pd.DataFrame:
    """By arm: intervals, coverage with its standard error, width and error on the log scale, width over weekly."""
    by = scored(rows).groupby("arm", sort=False)
    table = by.agg(
        intervals=("inside", "size"), coverage=("inside", "mean"), width=("width", "mean"), error=("error", "median")
    )
    table["coverage_error"] = np.sqrt(table["coverage"] * (1 - table["coverage"]) / table["intervals"])
    table["width_ratio"] = table["width"] / table["width"][WEEKLY]
    return table.loc[[WEEKLY, MONTHLY, ALL_MONTHLY]]


def page(table: pd.DataFrame, worlds: int) -> str:
    """The table as a page."""
    lines = [
        f"# Outcomes by month: {worlds} worlds",
        "",
        "Made by `make study-coarse`. National worlds of three years with five channels, drawn from the model's",
        "priors, spend of 1 to 6% of the outcome a channel, noise of 1 to 2%; one model; 90% intervals of ROAS. Width:",
        "mean log of upper over lower end. Error: median of the absolute log of estimate over truth.",
        "",
        "| known | intervals | hold the truth | width | of weekly | error |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in table.iterrows():
        held = f"{row['coverage']:.0%} (+- {row['coverage_error']:.0%})"
        lines.append(
            f"| {name} | {int(row['intervals'])} | {held} | {row['width']:.2f} | {row['width_ratio']:.2f} | "
            f"{row['error']:.0%} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Command line of the study."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--work", type=Path, default=Path(".mmm/studies/coarse"))
    parser.add_argument("--out", type=Path, default=Path("docs/studies"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    sampler = SamplerSettings(draws=options.draws, tune=options.draws)
    rows: list[dict[str, Any]] = []
    for index in range(options.worlds):
        kept = options.work / f"{index:03d}_{options.draws}.json"
        if not kept.exists():
            kept.write_text(json.dumps(run_world(index, sampler)), encoding="utf-8")
        rows += json.loads(kept.read_text(encoding="utf-8"))
        table = score(pd.DataFrame(rows))
        print(f"{index + 1}/{options.worlds}\n{table.round(3).to_string()}", flush=True)
    (options.out / "coarse.md").write_text(page(table, options.worlds), encoding="utf-8")
    found = json.loads(table.reset_index().to_json(orient="records"))
    (options.out / "coarse.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
