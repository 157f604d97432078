"""Do the intervals of regional tests hold? Simulated tests with known effects, read as a user would read them.

Every panel has common shocks and a season; kinds of panels add one huge region, trends that differ by region,
spill-over to controls, or treated regions that the change did not reach. Regions are treated at random. Results are
appended to a file, a line a test, and a study that was interrupted goes on where it ended. ``--page`` writes the page
from the file.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.errors import DataError
from mmm.experiments import GeoPanel, GeoTest, MethodSettings, read_out
from mmm.experiments.panel import Span
from mmm.experiments.placebo import power

ROOT = Path(__file__).parents[1]
ROWS = ROOT / ".mmm" / "experiments_study.jsonl"
EFFECT = {20: 0.05, 50: 0.035, 200: 0.02}
"""Largest lift a period by number of regions, so that some tests find it and some do not."""
KINDS = ("plain", "huge", "trends", "spill-over", "contamination")


@dataclass(frozen=True)
class Setting:
    kind: str
    regions: int
    daily: bool
    tests: int

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.regions} regions, {'daily' if self.daily else 'weekly'}"


SETTINGS = tuple(
    [Setting(kind, n, daily=False, tests=t) for kind in KINDS for n, t in ((20, 50), (50, 40), (200, 8))]
    + [Setting("plain", n, daily=True, tests=30) for n in (20, 50)]
)


def simulated(setting: Setting, number: int) -> tuple[GeoPanel, GeoTest, float]:
    """A panel, a test in it, and the true effect in outcome over the counted periods."""
    rng = np.random.default_rng([KINDS.index(setting.kind), setting.regions, int(setting.daily), number])
    n = setting.regions
    before, length, year = (150, 21, 365.25) if setting.daily else (98, 6, 52.18)
    periods = before + length
    t = np.arange(periods)
    size = np.exp(rng.normal(0.0, 0.8, n)) * 1e4
    if setting.kind == "huge":
        size[0] = 0.7 * size[1:].sum()
    shock = _ar(rng, periods, 1, 0.8, 0.05)[:, 0] + 0.15 * np.sin(2 * np.pi * (t / year + rng.random()))
    shock = shock + (0.1 * np.isin(t % 7, (5, 6)) if setting.daily else 0.0)
    loading = 1.0 + 0.2 * rng.standard_normal(n)
    own = _ar(rng, periods, n, 0.5, 0.04) * (np.median(size) / size) ** 0.15
    trend = np.zeros((periods, n))
    if setting.kind == "trends":
        trend = np.outer((t - periods) / before, rng.normal(0.0, 0.1, n))
    outcome = size * np.exp(np.outer(shock, loading) + own + trend)
    treated = np.zeros(n, dtype=bool)
    treated[rng.choice(n, max(2, n // 5), replace=False)] = True
    lift = np.zeros((periods, n))
    rise = EFFECT[n] * (1 - 0.5 ** np.arange(1, length + 1))
    reached = treated.copy()
    if setting.kind == "contamination":
        reached[np.flatnonzero(treated)[::4]] = False
    lift[before:, reached] = rise[:, None]
    if setting.kind == "spill-over":
        near = rng.choice(np.flatnonzero(~treated), max(1, n // 10), replace=False)
        lift[before:, near] = 0.2 * rise[:, None]
    truth = float((outcome * lift)[:, treated].sum())
    days = 1 if setting.daily else 7
    dates = pd.date_range("2022-01-03", periods=periods, freq=f"{days}D")
    names = tuple(f"region {i:03d}" for i in range(n))
    panel = GeoPanel(dates, names, outcome * (1.0 + lift), None, days)
    chosen = tuple(name for name, one in zip(names, treated, strict=True) if one)
    return panel, GeoTest("test", "media", "heavy_up", chosen, (), Span(0, before, periods), periods, None), truth


def _ar(rng: np.random.Generator, periods: int, n: int, rho: float, sd: float) -> np.ndarray:
    out = np.empty((periods, n))
    out[0] = rng.normal(0.0, sd, n)
    for i in range(1, periods):
        out[i] = rho * out[i - 1] + np.sqrt(1 - rho**2) * rng.normal(0.0, sd, n)
    return out


def one(setting: Setting, number: int) -> dict[str, object]:
    panel, test, truth = simulated(setting, number)
    began = time.process_time()
    row: dict[str, object] = {"setting": setting.name, "number": number, "truth": truth}
    try:
        found = read_out(panel, test, MethodSettings(placebos=12, windows=12))
    except DataError as error:
        return {**row, "stopped": str(error)[:200]}
    row["seconds"] = time.process_time() - began
    expected = float(found.path.loc[found.path["part"] == "counted", "expected"].sum())
    row["chosen"], row["expected"], row["conformal"] = found.chosen, expected, found.conformal
    row["estimators"] = {
        str(name): {k: float(r[k]) for k in ("effect", "lower", "upper", "passes", "p_block", "p_iid")}
        for name, r in found.table.iterrows()
    }
    own = found.placebos.column((found.chosen,))
    row["promised"] = float(power(*own, np.array([truth / expected]))[0])
    return row


def run(settings: tuple[Setting, ...], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {(r["setting"], r["number"]) for r in rows(path)}
    for number in range(max(s.tests for s in settings)):
        for setting in settings:
            if number >= setting.tests or (setting.name, number) in done:
                continue
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(one(setting, number)) + "\n")


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def summary(found: list[dict]) -> pd.DataFrame:
    """One row a setting and one for all: tests, coverage of the chosen 90% interval, error, power."""
    lines = []
    for row in found:
        if "stopped" in row:
            lines.append({"setting": row["setting"], "stopped": 1})
            continue
        best = row["estimators"][row["chosen"]]
        lines.append(
            {
                "setting": row["setting"],
                "stopped": 0,
                "held": best["lower"] <= row["truth"] <= best["upper"],
                "error": (best["effect"] - row["truth"]) / row["expected"],
                "half": (best["upper"] - best["lower"]) / 2 / row["expected"],
                "found": best["lower"] > 0 or best["upper"] < 0,
                "promised": row["promised"],
                "seconds": row["seconds"],
            }
        )
    frame = pd.DataFrame(lines)
    parts = [*frame.groupby("setting", sort=False), ("all", frame)]
    return pd.DataFrame(
        {
            name: {
                "tests": len(part),
                "stopped": part["stopped"].sum(),
                "coverage": part["held"].mean(),
                "bias": part["error"].mean(),
                "error": np.sqrt((part["error"] ** 2).mean()),
                "half": part["half"].mean(),
                "power": part["found"].mean(),
                "promised": part["promised"].mean(),
                "seconds": part["seconds"].mean(),
            }
            for name, part in parts
        }
    ).T


def by_estimator(found: list[dict]) -> pd.DataFrame:
    """One row an estimator over all tests: coverage of its placebo interval, error, and how often it passed."""
    lines = []
    for row in found:
        for name, one in row.get("estimators", {}).items():
            lines.append(
                {
                    "estimator": name,
                    "held": one["lower"] <= row["truth"] <= one["upper"],
                    "error": (one["effect"] - row["truth"]) / row["expected"],
                    "half": (one["upper"] - one["lower"]) / 2 / row["expected"],
                    "passed": one["passes"],
                    "chosen": name == row["chosen"],
                }
            )
    parts = pd.DataFrame(lines).groupby("estimator", sort=False)
    return pd.DataFrame(
        {
            "tests": parts.size(),
            "coverage": parts["held"].mean(),
            "error": parts["error"].apply(lambda e: float(np.sqrt((e**2).mean()))),
            "half": parts["half"].median(),
            "passed": parts["passed"].mean(),
            "chosen": parts["chosen"].mean(),
        }
    )


def table(frame: pd.DataFrame, percents: tuple[str, ...], names: dict[str, str]) -> str:
    columns = [name for name in frame.columns if name in names]
    lines = ["| | " + " | ".join(names[c] for c in columns) + " |", "|---|" + "---|" * len(columns)]
    for label, row in frame.iterrows():
        cells = [f"{row[c]:.1%}" if c in percents else f"{row[c]:.0f}" for c in columns]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page(found: list[dict]) -> str:
    """The page of the study."""
    whole, each = summary(found), by_estimator(found)
    shares = ("coverage", "bias", "error", "half", "power", "promised", "passed", "chosen")
    names = {
        "tests": "tests",
        "stopped": "stopped",
        "coverage": "coverage of 90% intervals",
        "bias": "bias",
        "error": "error",
        "half": "half-width",
        "power": "found",
        "promised": "promised",
        "passed": "passed",
        "chosen": "chosen",
    }
    last = whole.loc["all"]
    return PAGE.format(
        tests=int(last["tests"]),
        coverage=last["coverage"],
        found=last["power"],
        promised=last["promised"],
        settings=table(whole, shares, names),
        estimators=table(each, shares, names),
    )


PAGE = """# Do the intervals of regional tests hold?

{tests} simulated tests with known effects, each read by `read_out` as a user's would be (12 groups in at most 12
windows; the default is 20 in 24). Made by `make study-experiments`.

Every panel has common shocks that regions take differently, a season, and noise of its own in each region that lasts
(an autoregression of 0.5). *huge*: one region has 41% of the outcome. *trends*: regions drift apart by 10% (one
standard deviation) over the history. *spill-over*: a tenth of the controls get a fifth of the effect. *contamination*:
a quarter of the treated regions was not reached. A fifth of the regions is treated at random, for 6 weeks after 98 or
21 days after 150; the effect rises to 5% (20 regions), 3.5% (50) and 2% (200). Errors and half-widths are shares of the
outcome expected; *promised* is the power that the placebo tests before it gave to the true effect.

Over all, intervals of 90% held the truth in {coverage:.1%} of the tests, and {found:.1%} of the effects were found
where {promised:.1%} had been promised; *stopped* tests were refused, as the treated regions had left their controls
before it, or no estimator's interval held in placebo tests. Placebo windows begin after seven tenths of the history:
earlier ones have less before them than the test itself, which makes intervals too wide (from a third of the history
on, 94.2% held; the share was chosen on other seeds of the panels of 20 regions). Intervals are narrower than they
should be where part of the treated regions was not reached.

{settings}

By estimator, over all of these panels (*passed*: its interval held in placebo tests, so that it was offered; *chosen*:
it was the default; the half-width is the median):

{estimators}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, default=ROWS)
    parser.add_argument("--only", default="", help="Settings whose name holds this text.")
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    if options.page:
        (ROOT / "docs" / "studies" / "experiments.md").write_text(page(rows(options.rows)), encoding="utf-8")
    else:
        run(tuple(s for s in SETTINGS if options.only in s.name), options.rows)
    print(summary(rows(options.rows)).to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
