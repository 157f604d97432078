"""Is a test worth what the desk says? 20 simulated companies, the test it recommends against three rules of thumb.

Each company has 12 regions, two years of weeks and five channels: five kinds of worlds of the library, four replicates
each. A fit of one model gives a plan for the next year (the same money, no channel above twice its own), and tests
that could be run (go-dark, 4 or 6 weeks, 3 or 5 regions). The test that the desk recommends, and the best ones of the
largest channel, of the least certain and of one at random, are run in truth: the oracle's effect of the money in their
cells, read with the error that the design promised. The model is fitted anew with the result, plans anew, and both
plans are valued by the oracle. Results are kept by company, so that a study that
was interrupted goes on. ``--page`` writes the page.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.assessment.resume import kept
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.experiments.candidate import Candidate
from mmm.experiments.settings import DesignSettings
from mmm.inference.fit import Fit
from mmm.inference.sample import fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.evidence import NO_EVIDENCE, Evidence, Experiment
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.planning import Plan, PlanSettings
from mmm.planning.planner import decide
from mmm.planning.prepare import prepare
from mmm.planning.sample_information import weights_after, worths
from mmm.simulate import data_settings, library_world, simulate
from mmm.simulate.generate import Simulated
from mmm.workflow.desk import Worked, readouts_of, worked

ROOT = Path(__file__).parents[1]
KINDS = ("well_specified", "hidden_demand", "s_shaped_saturation", "structural_break", "mixed")
REPLICATES = 4
MODEL = ModelSettings(mixture=None, lookback="13 weeks")
PLAN = PlanSettings(horizon="52 weeks", spend_all=True, bounds=(0.0, 2.0))
DESIGN = DesignSettings(lengths=("4 weeks", "6 weeks"), shares=(0.25, 0.4), draws=500)
Row = dict[str, Any]


def company(kind: str, replicate: int) -> Simulated:
    """One company: a world of the library in 12 regions over two years."""
    world = library_world(kind, replicate=replicate)
    return simulate(replace(world, geos=tuple(f"region_{i:02d}" for i in range(12)), weeks=104))


def learned(dataset: Dataset, draws: int, evidence: Evidence = NO_EVIDENCE) -> Fit:
    """A fit of one model."""
    sampler = SamplerSettings(draws=draws, tune=draws, attempts=1)
    return fit_model(dataset, make_spec(dataset, MODEL), sampler, evidence)


def planned(fit: Fit) -> Plan:
    """The plan of a fit for the next year."""
    return decide(prepare(fit, PLAN), PLAN)


def truly(simulated: Simulated, plan: Plan) -> float:
    """What a plan truly brings, in money."""
    truth = simulated.truth
    order = [plan.problem.channels.index(name) for name in truth.channels]
    return truth.response(plan.money[:, :, order]) * truth.value_per_unit


def effect(simulated: Simulated, test: Candidate) -> tuple[float, float]:
    """The true effect of the money in a test's cells: in the counted periods, and with all carryover in money."""
    truth, arm = simulated.truth, test.arms[0]
    geos = [simulated.world.geos.index(name) for name in arm.regions]
    cells = np.ix_(range(len(truth.media) - test.periods, len(truth.media)), geos, [truth.channels.index(arm.channel)])
    lookback = truth.mechanism.lookback
    tail = np.zeros((lookback, *truth.media.shape[1:]))
    path = np.concatenate([truth.strength, np.repeat(truth.strength[-1:], lookback, axis=0)])
    dark = truth.media.copy()
    dark[cells] = 0.0
    start = len(truth.history) + len(truth.media) - test.periods
    ends = [
        truth.mechanism.total(np.concatenate([truth.history, media, tail]), path)[start:]
        for media in (truth.media, dark)
    ]
    lost = (ends[0] - ends[1]).sum(axis=1)
    return float(lost[: test.periods + test.cool].sum()), float(lost.sum()) * truth.value_per_unit


def read(simulated: Simulated, dataset: Dataset, test: Candidate, z: float) -> tuple[Evidence, float]:
    """The result of a test that errs by ``z`` standard errors, as evidence; what the test truly cost: outcome lost less
    the money saved, never below zero."""
    arm = test.arms[0]
    counted, brought = effect(simulated, test)
    measured = counted + arm.error * z
    experiment = Experiment(
        name="test",
        channel=arm.channel,
        geos=arm.regions,
        start=f"{dataset.dates[-test.periods]:%Y-%m-%d}",
        end=f"{dataset.dates[-1]:%Y-%m-%d}",
        kind="hold_out",
        counted=test.cool,
        measured=float(measured),
        error=arm.error,
    )
    return Evidence(experiments=(experiment,)), max(0.0, brought - arm.moved)


def best_of(made: Worked, channel: str) -> pd.Series:
    """The row of a channel's best test by the desk."""
    return made.table[made.table["channel"] == channel].iloc[0]


def one(kind: str, replicate: int, draws: int) -> Row:
    """One company: for every channel what its test promised and brought, and which the rules choose."""
    simulated = company(kind, replicate)
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    fit = learned(dataset, draws)
    plan = planned(fit)
    before = truly(simulated, plan)
    made = worked(dataset, plan, DESIGN)
    by_name = {test.name: test for test in made.tests}
    spend = dataset.data["spend"].values[-52:].sum(axis=(0, 1))
    roas = plan.allocation[["roas_lower", "roas_upper"]].clip(lower=1e-6)
    doubt = np.log(roas["roas_upper"] / roas["roas_lower"])
    open_ = [channel for channel in dataset.channels if channel in set(made.table["channel"])]
    best = made.best
    chance = np.random.default_rng([KINDS.index(kind), replicate])
    rules = {
        "recommended": None if best is None else best.channels[0],
        "largest": max(open_, key=lambda channel: spend[dataset.channels.index(channel)]),
        "uncertain": str(doubt[open_].idxmax()),
        "random": str(chance.choice(open_)),
    }
    tests = {}
    for channel in sorted({name for name in rules.values() if name is not None}):
        row = best_of(made, channel)
        test = by_name[str(row["test"])]
        # Two results whose errors are equal and opposite: an error that helps by chance cancels out.
        z = float(
            np.random.default_rng([KINDS.index(kind), replicate, dataset.channels.index(channel)]).standard_normal()
        )
        results = [read(simulated, dataset, test, error) for error in (z, -z)]
        after = [truly(simulated, planned(learned(dataset, draws, evidence))) for evidence, _ in results]
        tests[channel] = {
            "promised": float(row["worth"]),
            "price": float(row["price"]),
            "net": float(row["net"]),
            "brought": float(np.mean(after)) - before,
            "cost": results[0][1],
            "error": float(row["return_error"]),
            "left": float(row["spread_left"]),
        }
    return {"kind": kind, "replicate": replicate, "value": before, "tests": tests, **rules}


CHECKED = (
    ("structural_break", 0),
    ("s_shaped_saturation", 0),
    ("hidden_demand", 2),
    ("mixed", 3),
    ("well_specified", 1),
)


def left_out(kind: str, replicate: int, draws: int) -> Row:
    """What the tests of a company are worth where the draw that is the truth has no weight in the choice of the plan.

    The desk lets every draw be the truth once, and its own weight helps to choose: the promise less this is what that
    makes of it.
    """
    simulated = company(kind, replicate)
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    plan = planned(learned(dataset, draws))
    made, plans = worked(dataset, plan, DESIGN), worths(plan).table
    best = [
        made.tests[[t.name for t in made.tests].index(name)] for name in made.table.groupby("channel")["test"].first()
    ]
    promised = [made.value_of(test)[0] for test in best]
    found = []
    for readout in readouts_of(plan, best):
        weights = weights_after([readout], len(plans), np.random.default_rng(1)).copy()
        np.fill_diagonal(weights, 0.0)
        chosen = (weights @ plans).argmax(axis=1)
        found.append(float((plans[np.arange(len(plans)), chosen] - plans[:, plans.mean(axis=0).argmax()]).mean()))
    return {"promised": promised, "left_out": found}


RULES = {
    "recommended": "the desk's",
    "largest": "the largest channel",
    "uncertain": "the least certain channel",
    "random": "a channel at random",
}


def outcomes(rows: list[Row]) -> pd.DataFrame:
    """One row a company and rule: what was promised and brought; nothing where no test is advised."""
    keys = ("promised", "brought", "price", "cost")
    lines = []
    for row in rows:
        for rule in RULES:
            test = (
                dict.fromkeys(keys, 0.0) if row[rule] is None else {key: row["tests"][row[rule]][key] for key in keys}
            )
            lines.append({"company": f"{row['kind']} {row['replicate']}", "kind": row["kind"], "rule": rule, **test})
    frame = pd.DataFrame(lines)
    return frame.assign(promised_net=frame["promised"] - frame["price"], brought_net=frame["brought"] - frame["cost"])


def means(frame: pd.DataFrame, column: str) -> str:
    """The mean over companies with its 90% interval (1.73 standard errors, t of 19)."""
    values = frame[column]
    reach = 1.73 * float(values.std(ddof=1)) / np.sqrt(len(values))
    middle = float(values.mean())
    return f"{middle / 1e3:,.0f} ({(middle - reach) / 1e3:,.0f} to {(middle + reach) / 1e3:,.0f})"


def tempered(frame: pd.DataFrame) -> dict[str, float]:
    """What is found where promises are multiplied by what all tests of the *other* kinds of worlds brought of theirs:
    the root mean square error of the tempered promise, and what the tests that it advises brought less their cost."""
    totals = frame.groupby("kind")[["promised", "brought"]].sum()
    rest = totals.sum() - totals
    factor = frame["kind"].map(rest["brought"] / rest["promised"])
    found = {}
    for name, promised in (("stated", frame["promised"]), ("tempered", frame["promised"] * factor)):
        advised = frame[promised > frame["price"]]
        found |= {
            f"{name}_error": float(np.sqrt(((promised - frame["brought"]) ** 2).mean())) / 1e3,
            f"{name}_advised": len(advised),
            f"{name}_net": float((advised["brought"] - advised["cost"]).sum()) / 1e6,
        }
    return found | {"least": float(factor.min()), "most": float(factor.max())}


def share_brought(rows: list[Row]) -> tuple[float, float, float]:
    """What recommended tests brought as a share of what was promised on average, and its 90% interval."""
    frame = outcomes(rows)
    one = frame[frame["rule"] == "recommended"]
    reach = 1.73 * float(one["brought"].std(ddof=1)) / np.sqrt(len(one))
    middle, promised = float(one["brought"].mean()), float(one["promised"].mean())
    return middle / promised, (middle - reach) / promised, (middle + reach) / promised


def difference(frame: pd.DataFrame, one: tuple[str, str], two: tuple[str, str]) -> str:
    """The mean over companies of (rule, column) less another, with its interval."""
    first, second = (frame[frame["rule"] == rule].set_index("company")[column] for rule, column in (one, two))
    return means((first - second).to_frame("d"), "d")


def page(rows: list[Row], checked: list[Row]) -> str:
    """The page of the docs."""
    frame = outcomes(rows)
    lines = [
        "| test | promised to the plan | brought | price, promised | cost | brought less cost |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for rule, label in RULES.items():
        part = frame[frame["rule"] == rule]
        cells = [means(part, c) for c in ("promised", "brought", "price", "cost", "brought_net")]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    kinds = ["| world | promised, the desk's | brought | largest | least certain | random |", "| --- |" + " --- |" * 5]
    wide = frame.pivot_table(index="kind", columns="rule", values=["promised", "brought"], sort=False) / 1e3
    for kind, row in wide.iterrows():
        cells = [row["promised", "recommended"], *(row["brought", rule] for rule in RULES)]
        kinds.append(f"| {str(kind).replace('_', ' ')} | {' | '.join(f'{v:,.0f}' for v in cells)} |")
    every = pd.DataFrame([{"kind": row["kind"], **one} for row in rows for one in row["tests"].values()])
    by_company = pd.DataFrame([pd.DataFrame(row["tests"].values()).mean(numeric_only=True) for row in rows])
    net = ("recommended", "brought_net")
    return PAGE.format(
        companies=len(rows),
        kinds=", ".join(kind.replace("_", " ") for kind in KINDS),
        advised=sum(row["recommended"] is not None for row in rows),
        value=float(np.mean([row["value"] for row in rows])) / 1e6,
        rank=every[["promised", "brought"]].rank().corr().iloc[0, 1],
        tests=len(every),
        all_promised=means(by_company, "promised"),
        all_brought=means(by_company, "brought"),
        short=difference(frame, ("recommended", "promised"), ("recommended", "brought")),
        against_largest=difference(frame, net, ("largest", "brought_net")),
        against_uncertain=difference(frame, net, ("uncertain", "brought_net")),
        against_random=difference(frame, net, ("random", "brought_net")),
        checked=sum(len(row["promised"]) for row in checked),
        kept=sum(sum(row["left_out"]) for row in checked) / sum(sum(row["promised"]) for row in checked),
        **tempered(every),
        rules="\n".join(lines),
        by_kind="\n".join(kinds),
    )


PAGE = """# Is a test worth what the desk says?

{companies} simulated companies whose truth is known; made by `make study-information` (seeds are those of the library's
worlds: {kinds}, four replicates each). Every company has 12 regions, 104 weeks and five channels; one model is fitted,
and the next year is planned on the same money, no channel above twice its own. The plans of companies that test
nothing truly bring {value:.1f} million on average.

The desk judges go-dark tests of 4 and 6 weeks in 3 and 5 regions, of channels that ran lately. Four are run in truth:
the one with the largest net worth, and the best tests of the channel with the most spend, of the one with the widest
interval of its return (ratio of the ends) and of one drawn at random. Their result is the oracle's effect of the money
in the cells with an error as large as the design promised, once drawn and once with its sign turned. The model is
fitted anew with each and plans anew, and the oracle values all plans. *Promised* is the expected value of sample
information before the test; *brought* is what the later plans truly bring more than the first, on average. All in
thousands, means over companies with 90% intervals. Where the desk advises no test ({advised} of {companies} have one
that is worth its price), it brings and costs nothing.

{rules}

By kind of world, means in thousands:

{by_kind}

**What this shows.** The recommended test brought the most, and its cost less than its price. Less cost it brought more
than a test of a random channel by {against_random}; than one of the largest by {against_largest} and of the least
certain by {against_uncertain}, which twenty companies cannot tell from nothing.

**Promises are too large, if these companies are typical.** The recommended test promised {short} more than it brought.
It is not that the best of many was chosen: all {tests} tests promised {all_promised} and brought {all_brought}, so that
those that were not chosen fall short by as much. Nor is it the reckoning by weights: the desk lets every draw of the
posterior be the truth once, and where that draw has no weight in the choice of the plan, {kept:.0%} of the promise is
left ({checked} tests of five of the companies). What is left is the model: a promise is an average over what one model
holds possible, and in four of the five kinds of worlds the truth is something else. A model that is sure of the wrong
thing gives a test little weight when it comes, and moves to the wrong place by what it does give.

**Should the stated worth be tempered?** By a factor learned on the other kinds of worlds ({least:.2f} to {most:.2f})
the error of all {tests} promises falls from {stated_error:.0f} to {tempered_error:.0f} thousand. But {tempered_advised}
of these tests are then worth their price in place of {stated_advised}, and less cost those bring {tempered_net:.1f}
million in place of {stated_net:.1f}. That does not earn its place: the worth is stated as the model has it, and
`mmm experiment design` and the report's chapter on tests say beside it what such tests brought here.

The rank correlation of promised and brought over all tests is {rank:.2f}: one test's luck is larger than the
differences between tests.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=1e9, help="Begin no company after so long.")
    parser.add_argument("--work", type=Path, default=ROOT / ".mmm/studies/information")
    parser.add_argument("--page", action="store_true", help="Write docs/studies/information.md of what is there.")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    began, rows = pd.Timestamp.now(), []
    for replicate in range(REPLICATES):
        for kind in KINDS:
            path = options.work / f"{kind}_{replicate}.json"
            late = (pd.Timestamp.now() - began).total_seconds() > 60 * options.minutes
            if (options.page or late) and not path.exists():
                continue
            rows.append(
                kept(
                    path,
                    f"pairs of results, {options.draws} draws",
                    lambda k=kind, r=replicate: one(k, r, options.draws),
                )
            )
            print(kind, replicate, rows[-1]["recommended"], flush=True)
    if rows:
        print(outcomes(rows).groupby("rule")[["promised", "brought", "price", "cost", "brought_net"]].mean().round(0))
    if options.page:
        checked = [
            kept(
                options.work / f"left_out_{kind}_{number}.json",
                str(options.draws),
                lambda k=kind, n=number: left_out(k, n, options.draws),
            )
            for kind, number in CHECKED
        ]
        (ROOT / "docs/studies/information.md").write_text(page(rows, checked), encoding="utf-8")
        lines = ",\n".join(json.dumps({name: value for name, value in row.items() if name != "key"}) for row in rows)
        (ROOT / "docs/studies/information.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
