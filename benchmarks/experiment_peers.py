"""Regional tests read by other libraries and by the workbench: published ones, and simulated ones with a known effect.

``make peers-experiments`` installs the libraries into environments of their own under .peers/. Tests: GeoLift's 40
cities (carried by causal-marketing), the example that meridian-geox ships, and simulated panels whose effect is known
(``benchmarks/experiments_study.py``). All run one after the other on one machine, each peer in a process of
its own; results are kept by peer under .mmm. The tables of docs/studies/experiment_libraries.md are printed.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from experiments_study import SETTINGS, simulated

from mmm.errors import DataError
from mmm.experiments import GeoPanel, GeoTest, MethodSettings, read_out
from mmm.experiments.estimators import ESTIMATORS
from mmm.experiments.panel import Span, pose

ROOT = Path(__file__).parents[1]
PEERS = {
    "panelkit": "testing",
    "augsynth": "testing",
    "causal_marketing": "testing",
    "mlsynth": "mlsynth",
    "causalpy": "causalpy",
    "geox": "geox",
}
SIMULATED = 60
"""Simulated tests, a fifth of each kind of panel."""
FEW = {"mlsynth": 2, "causalpy": 2}
"""Peers that read the published tests alone."""
Row = dict[str, Any]


def tests() -> list[Row]:
    """Every test, as the peers take it, with the published result or the truth where there is one."""
    found = [_cities(), _geox()]
    chosen = [setting for setting in SETTINGS if setting.regions == 20 and not setting.daily]
    for number in range(SIMULATED):
        setting = chosen[number % len(chosen)]
        panel, test, truth = simulated(setting, 1000 + number)
        row = _row(f"simulated {number}: {setting.kind}", panel, test)
        found.append(row | {"truth": truth / (len(test.treated) * test.span.length)})
    return [row for row in found if row]


def _row(name: str, panel: GeoPanel, test: GeoTest) -> Row:
    return {
        "name": name,
        "dates": [f"{day:%Y-%m-%d}" for day in panel.dates],
        "regions": list(panel.regions),
        "outcome": panel.outcome.tolist(),
        "treated": list(test.treated),
        "start": test.span.start,
        "stop": test.span.stop,
        "days": panel.days,
    }


def _package(environment: str, name: str) -> Path | None:
    return next(iter((ROOT / ".peers" / environment).glob(f"lib/python*/site-packages/{name}")), None)


def panel_of(frame: pd.DataFrame, region: str, outcome: str) -> GeoPanel:
    """A daily panel of a long table."""
    wide = frame.assign(date=pd.to_datetime(frame["date"])).pivot(index="date", columns=region, values=outcome)
    names = tuple(map(str, wide.columns))
    return GeoPanel(pd.DatetimeIndex(wide.index), names, wide.to_numpy(dtype=float), None, 1)


def _cities() -> Row:
    package = _package("testing", "causal_marketing")
    if package is None:
        return {}
    panel = panel_of(pd.read_csv(package / "datasets/geolift_test.csv"), "location", "Y")
    test = GeoTest("cities", "media", "heavy_up", ("chicago", "portland"), (), Span(0, 90, 105), 105, None)
    return _row("GeoLift, 40 cities", panel, test)


def _geox() -> Row:
    package = _package("geox", "meridian_geox")
    if package is None:
        return {}
    panel = panel_of(
        pd.read_csv(package / "data/example_analysis_data_single_cell_holdback.csv"), "location", "conversions"
    )
    design = json.loads((package / "data/example_design_stratified_sampling_holdback.json").read_text())
    treated = tuple(design["designs"]["cell_1"]["treatment_geos"])
    panel = panel.without([name for name in panel.regions if name not in {*treated, *design["control_geos"]}])
    start = int(np.flatnonzero(panel.dates == pd.Timestamp("2020-04-01"))[0])
    return _row(
        "meridian-geox's example",
        panel,
        GeoTest("x", "media", "hold_out", treated, (), Span(0, start, start + 30), 0, None),
    )


def ours(test: Row) -> list[Row]:
    """Every estimator of the workbench on a test, in its own scale and that of the publications."""
    panel = GeoPanel(
        pd.DatetimeIndex(test["dates"]), tuple(test["regions"]), np.array(test["outcome"]), None, test["days"]
    )
    run = GeoTest(
        "t", "media", "heavy_up", tuple(test["treated"]), (), Span(0, test["start"], test["stop"]), test["stop"], None
    )
    unit = len(run.treated) * run.span.length
    rows = []
    for scale in ("index",) if "truth" in test else ("index", "level"):
        began = time.perf_counter()
        try:
            found = read_out(panel, run, MethodSettings(scale=scale))  # type: ignore[arg-type]
        except DataError as error:
            rows += [
                {"test": test["name"], "peer": "workbench", "failed": str(error)[:150]},
                *_bare(test, panel, run, scale),
            ]
            continue
        took = time.perf_counter() - began
        for name, row in found.table.iterrows():
            ends = [float(row[key]) / unit if row["passes"] else None for key in ("lower", "upper")]
            said = {"test": test["name"], "peer": "workbench", "estimator": f"{name}, {scale}", "seconds": took}
            chosen = {"chosen": name == found.chosen, "effect": float(row["effect"]) / unit}
            rows.append(said | chosen | {"lower": ends[0], "upper": ends[1]})
    return rows


def _bare(test: Row, panel: GeoPanel, run: GeoTest, scale: str) -> Iterator[Row]:
    """What estimators say of a test that is refused, without an interval."""
    treated = panel.mask(run.treated)
    posed = pose(panel.outcome, run.span, treated[None], ~treated[None], index=scale == "index")
    for name, estimator in ESTIMATORS.items():
        began = time.perf_counter()
        effect = estimator.answer(posed.question).effect(posed.question)[0, posed.question.before :]
        yield {
            "test": test["name"],
            "peer": "workbench",
            "estimator": f"{name}, {scale}",
            "effect": float(effect.mean() * posed.factor[0]) / len(run.treated),
            "seconds": time.perf_counter() - began,
        }


def peers(found: list[Row], folder: Path) -> list[Row]:
    """What every installed peer says of the tests; kept, so that a run that was interrupted goes on."""
    rows: list[Row] = []
    for peer, environment in PEERS.items():
        python = ROOT / ".peers" / environment / "bin/python"
        path = folder / f"{peer}.jsonl"
        if not path.exists() and python.exists():
            done = subprocess.run(  # noqa: S603
                [str(python), str(ROOT / "benchmarks/peers/geo_tests.py"), peer],
                input=json.dumps(found[: FEW.get(peer)]), capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise SystemExit(f"{peer}: {done.stderr[-2000:]}")
            path.write_text(done.stdout, encoding="utf-8")
        if path.exists():
            rows += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return rows


def held(frame: pd.DataFrame) -> pd.DataFrame:
    """By library and estimator on simulated tests: how many, how often the interval held the truth, left out zero."""
    known = frame[frame["truth"].notna() & frame["lower"].notna()]
    ours = known[(known["peer"] == "workbench") & known["chosen"].eq(True)].assign(estimator="the default")
    lines = []
    for (peer, name), rows in pd.concat([known, ours]).groupby(["peer", "estimator"]):
        inside = (rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"])
        lines.append(
            {
                "library": peer,
                "estimator": name,
                "tests": len(rows),
                "held": float(inside.mean()),
                "found": float(((rows["lower"] > 0) | (rows["upper"] < 0)).mean()),
                "error": float(np.sqrt(((rows["effect"] / rows["truth"] - 1) ** 2).mean())),
                "half_width": float(((rows["upper"] - rows["lower"]) / 2 / rows["truth"]).median()),
                "seconds": float(rows["seconds"].median()),
            }
        )
    return pd.DataFrame(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=ROOT / ".mmm/studies/experiment_peers")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    found, kept = tests(), options.work / "workbench.jsonl"
    if not kept.exists():
        rows = [row for test in found for row in ours(test)]
        kept.write_text("".join(json.dumps(row, default=bool) + "\n" for row in rows), encoding="utf-8")
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] + peers(found, options.work)
    truth = pd.DataFrame([{"test": t["name"], "truth": t.get("truth")} for t in found])
    frame = pd.DataFrame(rows).merge(truth, on="test")
    frame.to_csv(options.work / "tests.csv", index=False)
    print(frame[frame["truth"].isna()].drop(columns="truth").round(2).to_string())
    print(held(frame).round(3).to_string())


if __name__ == "__main__":
    main()
