"""``mmm plan``: the allocation of a budget, on the terminal."""

from pathlib import Path

import pandas as pd
import typer

from mmm.assessment.gate import demand_pass
from mmm.cli.output import plain, say, table
from mmm.planning import Gain, Plan, plan
from mmm.reporting.story import believe
from mmm.settings import load_dataset, load_settings, read_parameters


def show_plan(config: Path, parameters: list[str]) -> None:
    """Fit (or take the fit from the store), ask the gate, and print the plan.

    Raises GateError where the gate failed and the settings do not override it, PlanError where no plan is possible.
    """
    settings = load_settings(config, read_parameters(parameters))
    believed = believe(settings, load_dataset(settings), progress=True, say=say)
    demand_pass(believed.gate, settings.gate)
    if not believed.gate.passed:
        typer.echo(plain(believed.gate.summary))
    made = plan(believed.fit, settings.plan)
    _allocation(made)
    _figures(made)
    for line in (*made.constraints, *made.notes):
        typer.echo(plain(f"- {line}"))


def _allocation(made: Plan) -> None:
    money = made.problem.currency
    rows = [
        (
            str(name),
            f"{row['reference']:,.0f}",
            f"{row['spend']:,.0f}",
            f"{row['change']:+,.0f}",
            _interval(row, "effect"),
            f"{row['probability_direction']:.0%}" if pd.notna(row["probability_direction"]) else "-",
        )
        for name, row in made.allocation.iterrows()
    ]
    columns = ["channel", f"today ({money})", f"plan ({money})", "change", f"effect ({made.unit})", "worth more"]
    title = f"Plan for {made.horizon} periods from {made.dates[0]:%Y-%m-%d}"
    table(title, columns, rows, right=columns[1:])


def _figures(made: Plan) -> None:
    rows: list[tuple[str, str]] = [
        ("total budget", f"{made.total_budget:,.0f} {made.problem.currency}"),
        ("spent", f"{made.spend:,.0f} {made.problem.currency}, {made.unspent:,.0f} unspent"),
        ("gain over the reference plan", _gain(made.gain, made.unit)),
    ]
    if made.mix_gain is not None:
        rows.append(("gain over its mix at the same total", _gain(made.mix_gain, made.unit)))
    if made.profit_gain is not None:
        rows.append(("gain less the money spent more", _gain(made.profit_gain, made.unit)))
    rows.append(("certificate", made.certificate.words()))
    table("What it brings (90% intervals)", ["", ""], rows)


def _gain(gain: Gain, unit: str) -> str:
    return f"{gain.mean:+,.0f} {unit} ({gain.lower:+,.0f} to {gain.upper:+,.0f}), above zero {gain.probability:.0%}"


def _interval(row: "pd.Series[float]", name: str) -> str:
    return f"{row[name]:,.0f} ({row[f'{name}_lower']:,.0f} to {row[f'{name}_upper']:,.0f})"
