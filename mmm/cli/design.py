"""``mmm experiment design``: tests that could be run, and which of them is worth its price to the plan."""

from pathlib import Path

import numpy as np
import pandas as pd
import typer

from mmm.assessment.gate import demand_pass
from mmm.cli.output import plain, say, table
from mmm.digits import amount, interval
from mmm.errors import DataError
from mmm.experiments.candidates import Candidate, candidates, require_designs
from mmm.experiments.settings import DeskSettings
from mmm.files import write_whole
from mmm.planning import Plan
from mmm.planning.planner import expected_objective
from mmm.planning.sample_information import Readout, Schedule, draws_of, sample_information, schedule, worths
from mmm.reporting.runs.inputs import checked_request
from mmm.settings import load_settings, read_parameters
from mmm.tables import csv_text
from mmm.workflow import judged, planned

_SHOWN = 12


def show_designs(config: Path, parameters: list[str], out: Path) -> None:
    """Fit (or find the fit), plan, judge tests that could be run, rank them by what they are worth to the plan.

    Raises GateError where the gate failed and the settings do not override it, DataError where no test is possible.
    """
    settings = load_settings(config, read_parameters(parameters))
    desk = settings.desk or DeskSettings()
    request = checked_request(settings)
    require_designs(request.dataset, desk.design)
    found = judged(request, progress=True, say=say)
    demand_pass(found.gate, settings.gate)
    plan = planned(found.fit, request.plan, request.store, say=say)
    tests = candidates(found.fit.dataset, draws_of(plan), desk.design)
    readouts = [_readout(plan, test) for test in tests]
    made = worths(plan)
    values = sample_information(made, readouts, desk.design.seed)
    frame = _frame(tests, values, has_value=plan.problem.has_value)
    _print(frame, plan)
    total = np.inf if desk.design.test_budget is None else desk.design.test_budget
    _print_schedule(schedule(made, readouts, total, desk.design.seed), plan.unit)
    path = out / settings.name / "experiment" / "designs.csv"
    try:
        typer.echo(plain(str(write_whole(path, csv_text(frame)))))
    except OSError as error:
        raise DataError(f"'{path}' cannot be written ({error.strerror}). Choose another folder with --out.") from error


def _readout(plan: Plan, test: Candidate) -> Readout:
    """The test as the plan sees it: its price is what it takes from the plan's own utility.

    Never below 0: money that a channel should not have had is saved by the plan, without a test.
    """
    expected = expected_objective(plan.space, plan.settings)
    won = expected.worth * float(test.whole.mean())
    spent = expected.price * test.moved
    price = won - spent if test.kind == "go_dark" else spent - won
    return Readout(test.name, test.channel, test.effect, test.error, max(0.0, price))


def _frame(tests: list[Candidate], values: pd.DataFrame, *, has_value: bool) -> pd.DataFrame:
    by_name = {test.name: test for test in tests}
    rows = []
    for _, row in values.iterrows():
        test = by_name[str(row["test"])]
        unit = float(np.mean(test.whole) / max(float(np.mean(test.effect)), 1e-300)) if has_value else 1.0
        low, high = np.quantile(test.whole, [0.05, 0.95])
        rows.append(
            {
                "channel": test.channel,
                "kind": test.kind,
                "regions": "; ".join(test.regions),
                "periods": test.periods,
                "moved": test.moved,
                "at_risk": float(test.whole.mean()),
                "at_risk_lower": float(low),
                "at_risk_upper": float(high),
                "return_error": test.error * unit / test.moved,
                "return_detectable": test.detectable * unit / test.moved,
                "power": test.power,
                "bias": test.bias,
                "coverage": test.coverage,
                "worth": float(row["value"]),
                "price": float(row["price"]),
                "net": float(row["net"]),
            }
        )
    return pd.DataFrame(rows)


def _print(frame: pd.DataFrame, plan: Plan) -> None:
    rows = [
        (
            f"{row['channel']}, {row['kind']}, {row['periods']} periods",
            row["regions"],
            amount(row["moved"]),
            interval(row["at_risk"], row["at_risk_lower"], row["at_risk_upper"]),
            f"{row['return_error']:.2f}",
            f"{row['return_detectable']:.2f}",
            f"{row['power']:.0%}",
            f"{row['coverage']:.0%}",
            amount(row["worth"]),
            amount(row["price"]),
            amount(row["net"], sign=True),
        )
        for _, row in frame.head(_SHOWN).iterrows()
    ]
    columns = ["test", "regions", "money moved", "outcome moved (90% interval)", "error of the return"]
    columns += ["least return found", "power", "coverage", "worth", "price", "net"]
    title = (
        f"Tests by what they are worth to the plan for {plan.horizon} periods ({plan.unit}); {len(frame)} were judged"
    )
    table(title, columns, rows, right=columns[2:])
    if float(frame["net"].max()) <= 0:
        typer.echo(
            "No test is worth its price to this plan: what they could teach changes it too little. A longer horizon "
            "(plan.horizon), smaller or shorter tests, or bounds that leave the plan more room may change that."
        )
        return
    best = frame.iloc[0]
    where = f"in {len(str(best['regions']).split('; '))} of {len(plan.problem.draws.geos)} regions"
    verb = "go dark on" if best["kind"] == "go_dark" else "spend more on"
    typer.echo(
        plain(
            f"Best: {verb} {best['channel']} {where} for {best['periods']} periods. It is expected to cost "
            f"{amount(best['price'])} and is worth {amount(best['worth'])} to the plan ({plan.unit})."
        )
    )


def _print_schedule(found: Schedule, unit: str) -> None:
    if len(found.tests) < 2:
        return
    typer.echo(plain(f"Together, one a channel: {'; then '.join(found.tests)}."))
    typer.echo(
        plain(
            f"They are worth {amount(found.value)} and cost {amount(found.price)} ({unit}). Taken one after the "
            "other; no "
            f"choice of tests is worth more than {amount(found.bound)}."
        )
    )
