"""``mmm experiment design``: tests that could be run, and which of them is worth its price to the plan."""

from pathlib import Path

import pandas as pd
import typer

from mmm.assessment.gate import demand_pass
from mmm.cli.output import plain, say, table
from mmm.digits import amount, interval
from mmm.errors import DataError
from mmm.experiments.candidate import Candidate
from mmm.experiments.candidates import require_designs
from mmm.experiments.settings import DeskSettings
from mmm.files import write_whole
from mmm.planning import Plan
from mmm.planning.sample_information import BROUGHT
from mmm.reporting.runs.inputs import checked_request
from mmm.settings import load_settings, read_parameters
from mmm.tables import csv_text
from mmm.workflow import judged, planned
from mmm.workflow.desk import Worked, worked

_SHOWN = 12
_FORMS = {"switchback": "on and off in turns", "before_after": "off once, everywhere", "audience": "an audience"}


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
    made = worked(found.fit.dataset, plan, desk.design)
    _print(made, plan)
    _print_schedule(made, plan.unit)
    for reason in made.left_out:
        typer.echo(plain(f"- {reason}"))
    folder = out / settings.name / "experiment"
    for name, frame in (("designs", made.table), ("power", made.power)):
        typer.echo(plain(str(_written(folder / f"{name}.csv", frame))))


def _written(path: Path, frame: pd.DataFrame) -> Path:
    try:
        return write_whole(path, csv_text(frame))
    except OSError as error:
        raise DataError(f"'{path}' cannot be written ({error.strerror}). Choose another folder with --out.") from error


def _print(made: Worked, plan: Plan) -> None:
    rows = [_row(row) for _, row in made.table.drop_duplicates("test").head(_SHOWN).iterrows()]
    columns = ["test", "where", "from", "money moved", "outcome moved (90% interval)", "error of the return"]
    columns += ["least return found", "power", "coverage", "spread left", "worth", "price", "net"]
    count = made.table["test"].nunique()
    title = f"Tests by what they are worth to the plan for {plan.horizon} periods ({plan.unit}); {count} were judged"
    table(title, columns, rows, right=columns[3:])
    best = made.best
    if best is None:
        typer.echo(
            "No test is worth its price to this plan: what they could teach changes it too little. A longer horizon "
            "(plan.horizon), smaller or shorter tests, or bounds that leave the plan more room may change that."
        )
        return
    worth, price = made.value_of(best)
    typer.echo(
        plain(
            f"Best: {_said(best, len(plan.problem.draws.geos))} for {best.periods} periods from "
            f"{best.slot.start:%Y-%m-%d}. It is expected to cost {amount(price)} and is worth {amount(worth)} to the "
            f"plan ({plan.unit})."
        )
    )
    typer.echo(
        f"In {BROUGHT.companies} simulated companies the recommended tests brought {BROUGHT.share:.0%} of their worth "
        f"on average (90% interval {BROUGHT.lower:.0%} to {BROUGHT.upper:.0%}; docs/studies/information.md)."
    )


def _row(row: "pd.Series[float]") -> tuple[str, ...]:
    return (
        f"{row['cells']}, {row['periods']} periods",
        str(row["where"]),
        str(row["start"]),
        amount(row["moved"]),
        interval(row["at_risk"], row["at_risk_lower"], row["at_risk_upper"]),
        f"{row['return_error']:.2f}",
        f"{row['return_detectable']:.2f}",
        f"{row['power']:.0%}",
        "by chance" if pd.isna(row["coverage"]) else f"{row['coverage']:.0%}",
        f"{row['spread_left']:.0%}",
        amount(row["worth"]),
        amount(row["price"]),
        amount(row["net"], sign=True),
    )


_VERBS = {"go_dark": "go dark on", "heavy_up": "spend more on", "hold_out": "run only there"}


def _said(test: Candidate, regions: int) -> str:
    """The test in words."""
    parts = []
    for arm in test.arms:
        where = f" in {len(arm.regions)} of {regions} regions" if arm.regions else f" ({_FORMS[test.form]})"
        parts.append(f"{_VERBS[arm.kind]} {arm.channel}{where}")
    return " and ".join(parts)


def _print_schedule(made: Worked, unit: str) -> None:
    found = made.schedule
    if len(found.tests) < 2:
        return
    steps = [f"from {start:%Y-%m-%d} {test}" for test, start in zip(found.tests, made.starts, strict=True)]
    typer.echo(plain(f"One after the other: {'; then '.join(steps)}."))
    typer.echo(
        plain(
            f"They are worth {amount(found.value)} and cost {amount(found.price)} ({unit}). Taken one after the "
            f"other; no choice of tests is worth more than {amount(found.bound)}."
        )
    )
