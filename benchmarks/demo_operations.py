"""A simulated year after the decision, on the embedded demo: `make demo-operations`.

A plan for a year is made on the demo's first two years, approved by somebody else, spent with deviations, watched,
corrected in the middle, settled at the end, and followed by the next one. The world answers to what is really spent
with its own response. In week 12 television becomes half dearer; in weeks 20 to 22 a fifth of the revenue is not
tracked, and booked later. Every step is a command of `mmm`, printed with what it says.

    python benchmarks/demo_operations.py [FOLDER]      # by default .mmm/demo-operations, which is made anew
"""

import json
import shlex
import shutil
import sys
import time
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from ahead import Ahead
from typer.testing import CliRunner

from mmm.arrays import Floats
from mmm.cli import app
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.register.database import open_register
from mmm.register.queries import active_plan
from mmm.register.settings import RegisterSettings
from mmm.simulate import data_settings, demo_world, simulate

HISTORY, YEAR = 104, 52
DEARER, BROKEN, CORRECTED = 12, (20, 23), 26
NAME = "demo"
SETTINGS = {
    "name": NAME,
    "title": "Demo retailer",
    "model": {"mixture": None, "lookback": "13 weeks"},
    "sampler": {"draws": 500, "tune": 500, "chains": 4, "store": "./fits"},
    "gate": {"holdout": None},
    "plan": {"horizon": "52 weeks", "draws": 1000, "margin": 0.45},
    "plan_register": {
        "approvers": {"Lead": {"up_to": 2_000_000}, "Boss": {}},
        "limits": [
            {"name": "brand never under 200k a quarter", "channels": ["tv", "out_of_home"], "per": "quarter",
             "at_least": 200_000},
        ],
    },
    "monitor": {"alerts": {"targets": {"desk": {"kind": "file", "path": "alerts.jsonl"}}}},
    "replan": {"probability": 0.7},
}  # fmt: skip


class Year:
    """The world, and the data file that holds as much of it as has happened."""

    def __init__(self) -> None:
        self.made = simulate(demo_world())
        dataset = from_frame(self.made.frame, DataSettings.model_validate(data_settings(self.made)))
        truth = self.made.truth
        # The panel has its geos in alphabetical order, the world in its own.
        self.ahead = Ahead(self.made, replace(dataset, data=dataset.data.sel(geo=list(truth.geos))))
        tv = self.made.truth.channels.index("tv")
        self.ahead.price[HISTORY + DEARER :, :, tv] *= 1.5
        self.money: Floats = np.zeros((0, *self.ahead.price.shape[1:]))
        self.rng = np.random.default_rng(7)

    def spend(self, planned: Floats, weeks: range) -> None:
        """Weeks of the plan, spent nearly as planned; in the first ten social runs away and television lags."""
        names = self.made.truth.channels
        for week in weeks:
            money = planned[week] * np.exp(0.03 * self.rng.standard_normal(planned.shape[2]))
            if week < 10:
                money[:, names.index("social")] *= 1.35
                money[:, names.index("tv")] *= 0.85
            self.money = np.concatenate([self.money, np.round(money, 2)[None]])

    def write(self, *, broken: bool = False) -> None:
        """The data of today; ``broken`` while the tracker is."""
        truth, world = self.made.truth, self.made.world
        weeks = HISTORY + len(self.money)
        media = self.ahead.media(self.money, HISTORY)
        outcome = self.ahead.outcome(media)
        if broken:
            outcome[HISTORY + BROKEN[0] : HISTORY + BROKEN[1]] *= 0.8
        spend = truth.spend.copy()
        spend[HISTORY:weeks] = self.money
        frame = self.made.frame.set_index(["date", "geo"])
        labels = pd.MultiIndex.from_product([truth.dates[:weeks], truth.geos], names=["date", "geo"])
        out = frame.loc[labels].copy()
        out[world.outcome] = np.round(outcome[:weeks].ravel(), 2)
        for c, name in enumerate(truth.channels):
            out[f"{name}_spend"] = np.round(spend[:weeks, :, c].ravel(), 2)
            if f"{name}_impressions" in out:
                out[f"{name}_impressions"] = np.round(media[:weeks, :, c].ravel())
        out.reset_index().to_csv("data.csv", index=False)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".mmm/demo-operations")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    started = time.perf_counter()
    with chdir(folder):
        play()
    print(f"\nA year in {time.perf_counter() - started:.0f} s. To look at, below {folder}/reports:")
    for page, words in PAGES.items():
        print(f"  {page}: {words}")


PAGES = {
    "demo/monitor/control_room.html": "the control room, at the end of the year",
    "demo/monitor/ledger.html": "what the plan brought, and the track record",
    "plans.db": "the register; mmm plans list|show|ledger|verify",
    "../handover": "the corrected plan as it was handed over",
    "../alerts.jsonl": "what the desk was told",
}


def play() -> None:
    year = Year()
    settings = {**SETTINGS, "data": {**demo_data(year), "source": "data.csv"}}
    Path("demo.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    year.write()
    say("The year is planned, and approved by somebody else than who made it.")
    mmm("plans save demo.yaml --by Anna --note 'the year'")
    mmm("plans submit demo-1 --by Anna")
    mmm("plans approve demo-1 --by Anna", 8)
    mmm("plans approve demo-1 --by Lead", 8)
    mmm("plans approve demo-1 --by Boss --note 'as discussed'")
    mmm("plans activate demo-1 --by Boss")
    say("Ten weeks later social runs away and television lags.")
    year.spend(planned(), range(10))
    year.write()
    mmm("monitor demo.yaml", 9)
    say(f"Week {BROKEN[0]}: a tracker breaks, and a fifth of the revenue is missing for three weeks.")
    year.spend(planned(), range(10, BROKEN[1]))
    year.write(broken=True)
    mmm("monitor demo.yaml", 9)
    mmm("alerts list")
    say("What was missing is booked later: the surprise is gone.")
    year.spend(planned(), range(BROKEN[1], CORRECTED))
    year.write()
    mmm("monitor demo.yaml", 9)
    say(f"Week {CORRECTED}: television has become half dearer. Is the rest of the money where it should be?")
    name = "demo-2" if "demo-2 is saved" in mmm("replan demo-1 --config demo.yaml --by Anna") else "demo-1"
    if name == "demo-2":
        mmm("plans submit demo-2 --by Anna")
        mmm("plans approve demo-2 --by Boss")
        mmm("plans activate demo-2 --by Boss")
        mmm("plans export demo-2 --folder handover")
    year.spend(planned(), range(CORRECTED, YEAR))
    year.write()
    say("The year is over.")
    mmm("monitor demo.yaml", None)
    mmm(f"settle {name} --config demo.yaml --by Boss --note 'the year is over'")
    mmm("plans save demo.yaml --by Anna --note 'the next year'")
    mmm("plans list")
    mmm("plans ledger")
    mmm("plans verify")


def demo_data(year: Year) -> dict[str, object]:
    found = data_settings(year.made)
    return json.loads(json.dumps(found))


def planned() -> Floats:
    """Money [h, g, c] of the active plan, in the order of the world's geos and channels."""
    register = open_register(RegisterSettings(), Path("reports"))
    with register.reading() as connection:
        entry = active_plan(connection, NAME)
    register.engine.dispose()
    if entry is None:
        raise SystemExit("no plan is active")
    # The plan has its geos as the panel has them: alphabetically.
    order = [entry.content.geos.index(geo) for geo in demo_world().geos]
    return entry.content.money[:, order]


def say(text: str) -> None:
    print(f"\n== {text}\n", flush=True)


def mmm(line: str, code: int | None = 0) -> str:
    """Run a command, and end where its exit code is another than the year expects."""
    print(f"$ mmm {line}", flush=True)
    since = time.perf_counter()
    result = CliRunner(env={"COLUMNS": "150"}).invoke(app, shlex.split(line))
    print(f"{result.output}({time.perf_counter() - since:.0f} s)\n", flush=True)
    if code is not None and result.exit_code != code:
        raise SystemExit(f"'mmm {line}' ended with {result.exit_code}, not {code}")
    return result.output


if __name__ == "__main__":
    main()
