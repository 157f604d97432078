"""Do 90% intervals of customers' value hold the truth? Simulated cohorts, fitted as `mmm ltv` does.

A world has four channels whose rates, dropouts and orders are drawn anew around one shop's. Every world is a line of
the output, so that the study goes on where it was broken off: make study-ltv ARGS="--worlds 40".
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mmm.errors import FitError
from mmm.ltv.holdout import hold_out
from mmm.ltv.learn import Learner
from mmm.ltv.read import read_customers
from mmm.ltv.settings import LtvSettings
from mmm.ltv.value import at, value_curve, weekly_rate
from mmm.simulate.cohorts import Cohorts, shop, simulate_orders, true_value

TRANSACTIONS = {"source": "orders.csv", "person": "customer_id", "time": "date", "value": "value", "id": "order_id"}
WEEKS = (52, 104, 156)


def world(seed: int) -> Cohorts:
    """The shop with every channel's parameters multiplied by lognormal factors, and half as many customers."""
    rng = np.random.default_rng(seed)
    base = shop(0.5)
    changed = {}
    for name, truth in base.channels.items():
        names = ("rate", "r", "a", "b", "gamma", "first")
        factors = dict(zip(names, np.exp(0.25 * rng.standard_normal(len(names))), strict=True))
        changed[name] = replace(truth, **{key: getattr(truth, key) * float(factor) for key, factor in factors.items()})
    return replace(base, channels=changed)


def run(seed: int, learner: Learner | None, settings: LtvSettings) -> tuple[dict, Learner]:
    truth = world(seed)
    with TemporaryDirectory() as folder:
        simulate_orders(truth, seed).to_csv(Path(folder) / "orders.csv", index=False)
        customers = read_customers(settings, Path(folder))
    learner = learner or Learner(settings, customers.cells)
    everyone = customers.seen_until(customers.found.end)
    started = time.process_time()
    learned = learner.learn(everyone)
    weight = np.bincount(everyone["cell"], minlength=customers.cells.size).astype(float)
    curve = value_curve(learned, customers.cells, weight, settings)
    rows = []
    for name, channel in truth.channels.items():
        for weeks in WEEKS:
            expected = true_value(channel, weeks, weekly_rate(settings.discount))
            draws = at(curve.of("channel", name), weeks)
            lower, upper = np.quantile(draws, (0.05, 0.95))
            rows.append((name, weeks, expected, float(draws.mean()), float(lower), float(upper)))
    held = hold_out(customers, settings, learner)
    totals = [] if held is None else held.totals.reset_index().to_dict("records")
    return {"seed": seed, "values": rows, "held": totals, "seconds": time.process_time() - started}, learner


def summary(lines: list[dict]) -> dict:
    refused = sum("refused" in line for line in lines)
    lines = [line for line in lines if "refused" not in line]
    values = [row for line in lines for row in line["values"]]
    inside = [row[4] <= row[2] <= row[5] for row in values]
    by_weeks = {
        weeks: np.mean([i for i, row in zip(inside, values, strict=True) if row[1] == weeks]) for weeks in WEEKS
    }
    held = [row for line in lines for row in line["held"]]
    found = {
        "worlds": len(lines),
        "refused": refused,
        "intervals": len(values),
        "coverage": round(float(np.mean(inside)), 3),
        "coverage_by_weeks": {weeks: round(float(share), 3) for weeks, share in by_weeks.items()},
        "median_width": round(float(np.median([(row[5] - row[4]) / row[2] for row in values])), 3),
        "median_error": round(float(np.median([abs(row[3] / row[2] - 1) for row in values])), 3),
    }
    for what in ("purchases", "money"):
        ok = [row[f"{what}_lower"] <= row[f"{what}_actual"] <= row[f"{what}_upper"] for row in held]
        found[f"held_out_{what}"] = round(float(np.mean(ok)), 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--rows", type=Path, default=Path(".mmm/ltv_coverage.jsonl"))
    parser.add_argument("--out", type=Path, default=Path("docs/studies/ltv.json"))
    chosen = parser.parse_args()
    # As the orders are in a temporary file, the settings name it without a folder.
    settings = LtvSettings.model_validate(
        {"transactions": TRANSACTIONS | {"channel": "channel"}, "end": "2023-12-31", "draws": 500}
    )
    chosen.rows.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.loads(line) for line in chosen.rows.read_text().splitlines()] if chosen.rows.exists() else []
    done, learner = {line["seed"] for line in lines}, None
    for seed in range(chosen.worlds):
        if seed not in done:
            try:
                line, learner = run(seed, learner, settings)
            except FitError as error:
                # As `mmm ltv` would: chains that do not agree are refused.
                line = {"seed": seed, "refused": str(error), "seconds": 0.0}
            lines.append(line)
            with chosen.rows.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(seed, f"{line['seconds']:.0f} s", summary(lines), flush=True)
    chosen.out.write_text(json.dumps(summary(lines), indent=1) + "\n")


if __name__ == "__main__":
    main()
