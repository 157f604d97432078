"""Effects that vary in time, said or not: the same worlds fitted with and without ``model.varying``.

Worlds: the library's ``time_varying_effect`` (national, three years, five channels: television fades to a third, search
jumps by 80%, social swings by half, two are constant), redrawn for every replicate; one model. ``make study-varying``
writes docs/studies/varying.md: coverage of 90% intervals, width and error of the panel's ROAS and of that of the money
of the last 26 weeks, which a plan is about. With ``--shared`` also the public sets whose effects change.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from intervals import by_group

from mmm.analysis.quarters import returns_in
from mmm.assessment.resume import kept
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.sample import fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.model.varying import VaryingSettings
from mmm.simulate import data_settings, library_world, simulate
from mmm.study.worlds import entries

GROUPS = ["span", "arm"]
LAST = 26
ARMS: dict[str, VaryingSettings | None] = {"constant": None, "varying": VaryingSettings()}
PUBLIC = ("time_varying", "time_varying_beta")
WHOLE, RECENT = "whole panel", f"last {LAST} weeks"


def library(replicate: int) -> tuple[Dataset, dict[str, np.ndarray]]:
    """A world of the library, and its true ROAS [channel] of the panel and of the last weeks' money."""
    simulated = simulate(library_world("time_varying_effect", replicate=replicate))
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    truth = simulated.truth
    history = np.concatenate([truth.history, truth.media[:-LAST]])
    recent = truth.mechanism.effect(history, truth.media[-LAST:], truth.strength).sum(axis=0)
    spend = truth.spend[-LAST:].sum(axis=(0, 1))
    order = [truth.channels.index(name) for name in dataset.channels]
    return dataset, {WHOLE: truth.roas[order], RECENT: (recent * truth.value_per_unit / np.maximum(spend, 1e-9))[order]}


def estimates(
    dataset: Dataset, truth: dict[str, np.ndarray], model: ModelSettings, sampler: SamplerSettings
) -> Iterator[dict[str, Any]]:
    """One line an arm, span and channel that spent in it."""
    weeks = len(dataset.dates)
    for arm, varying in ARMS.items():
        settings = model.model_copy(update={"mixture": None, "varying": varying})
        fit = fit_model(dataset, make_spec(dataset, settings), sampler)
        found, spent = returns_in(fit, fit.response(1000), [slice(0, weeks), slice(weeks - LAST, weeks)])
        for s, (span, true) in enumerate(truth.items()):
            for c in np.flatnonzero(spent[s] > 0):
                lower, median, upper = np.quantile(found[:, s, c], [0.05, 0.5, 0.95])
                names = {"arm": arm, "span": span, "channel": dataset.channels[c]}
                yield names | {"truth": float(true[c]), "lower": lower, "median": median, "upper": upper}


def page(rows: pd.DataFrame, public: pd.DataFrame, worlds: int) -> list[str]:
    """The page of the docs."""
    lines = [
        f"# Effects that vary in time: {worlds} worlds",
        "",
        "Made by `make study-varying`. The library's `time_varying_effect`, replicates 0 on: national, three years,",
        "five channels, of which one fades, one jumps, one swings, two are constant; one model, fitted with constant",
        "effects and with `model.varying: {}`. Width: mean log of upper over lower end of 90% intervals. Error:",
        "mean absolute log of estimate over truth.",
        "",
        "| returns of | fitted | intervals | hold the truth | width | error |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (span, arm), row in by_group(rows, GROUPS).iterrows():  # type: ignore[misc]
        said = f"{row['coverage']:.0%} | {row['width']:.2f} | {row['error']:.2f}"
        lines.append(f"| {span} | {arm} | {int(row['intervals'])} | {said} |")
    if len(public):
        lines += [
            "",
            "Public sets whose effects change ([public data](../public_data.md)), ROAS of the whole panel:",
            "",
        ]
        lines += ["| set | channel | fitted | truth | estimate | inside |", "| --- | --- | --- | --- | --- | --- |"]
        for _, r in public.iterrows():
            ends = f"{r['median']:.3g} ({r['lower']:.3g} to {r['upper']:.3g})"
            inside = "yes" if r["lower"] <= r["truth"] <= r["upper"] else "no"
            lines.append(f"| {r['set']} | {r['channel']} | {r['arm']} | {r['truth']:.3g} | {ends} | {inside} |")
    return lines


def main() -> None:
    """Command line of the study."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--shared", type=Path, help="folder of the public data sets")
    parser.add_argument("--work", type=Path, default=Path(".mmm/studies/varying"))
    parser.add_argument("--out", type=Path, default=Path("docs/studies"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    sampler = SamplerSettings(draws=options.draws, tune=options.draws)
    rows: list[dict[str, Any]] = []
    public: list[dict[str, Any]] = []

    def found(name: str, world: tuple[Dataset, dict[str, np.ndarray]], model: ModelSettings) -> list[dict[str, Any]]:
        result = kept(
            options.work / f"{name}.json",
            str(options.draws),
            lambda: {"rows": list(estimates(*world, model, sampler))},
        )
        return list(result["rows"])

    for entry in entries(options.shared):
        if entry.name in PUBLIC:
            world = entry.make()
            own = found(entry.name, (world.dataset, {WHOLE: world.roas}), world.model)
            public += [{"set": entry.name} | row for row in own]
            print(pd.DataFrame(public).round(3).to_string(), flush=True)
    for index in range(options.worlds):
        rows += found(f"{index:03d}", library(index), ModelSettings())
        print(
            f"{index + 1}/{options.worlds}\n{by_group(pd.DataFrame(rows), ['span', 'arm']).round(3).to_string()}",
            flush=True,
        )
        lines = page(pd.DataFrame(rows), pd.DataFrame(public), index + 1)
        (options.out / "varying.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
