"""``mmm plan``: the allocation of a budget on the terminal, and as CSV and XLSX."""

import math
from pathlib import Path

import pandas as pd
import typer

from mmm.assessment.gate import demand_pass
from mmm.cli.output import plain, say, table
from mmm.planning import Gain, Plan
from mmm.planning.advice import advise
from mmm.planning.result import chance
from mmm.reporting.export import plan_folder, write_plan
from mmm.reporting.inputs import checked_inputs
from mmm.reporting.story import Story, believe, told
from mmm.settings import load_settings, read_parameters


def show_plan(config: Path, parameters: list[str], out: Path | None) -> None:
    """Fit (or take the fit from the store), ask the gate, print the plan, and write it to ``out``.

    Raises GateError where the gate failed and the settings do not override it, PlanError where no plan is possible,
    ReportError where the folder cannot be written to.
    """
    settings = load_settings(config, read_parameters(parameters))
    folder = plan_folder(out or Path("reports") / settings.name / "plan")
    dataset = checked_inputs(settings).dataset
    believed = believe(settings, dataset, progress=True, say=say)
    demand_pass(believed.gate, settings.gate)
    if not believed.gate.passed:
        typer.echo(plain(believed.gate.summary))
    story = told(settings, dataset, believed)
    made = story.plan
    _allocation(made)
    _figures(made)
    advice = advise(made, story.material.plan.foresight.information)
    for sentence in advice.sentences:
        typer.echo(plain(f"- {sentence}"))
    typer.echo()
    _information(made, story)
    _budgets(made, story)
    if settings.plan.scenarios:
        _scenarios(made, story)
    for statement in (*made.constraints, *made.notes):
        typer.echo(plain(f"- {statement.sentence}"))
    for path in write_plan(story.material, made.schedule, folder):
        typer.echo(plain(f"Wrote {path}"))


def _allocation(made: Plan) -> None:
    money = made.problem.currency
    rows = [
        (
            str(name),
            f"{row['reference']:,.0f}",
            f"{row['spend']:,.0f}",
            f"{row['change']:+,.0f}",
            f"{row['lower_bound']:,.0f} to {row['upper_bound']:,.0f}",
            _interval(row, "effect"),
            _direction(row),
            f"{row['observed_max_ratio']:.2f}" if pd.notna(row["observed_max_ratio"]) else "-",
        )
        for name, row in made.allocation.iterrows()
    ]
    columns = ["channel", f"today ({money})", f"plan ({money})", "change", "allowed", f"effect ({made.unit})"]
    columns += ["direction", "of highest seen"]
    title = f"Plan for {made.horizon} periods from {made.dates[0]:%Y-%m-%d}"
    table(title, columns, rows, right=columns[1:])


def _direction(row: "pd.Series[float]") -> str:
    """How sure it is that the channel's next money earns more, or less, than the others'."""
    share = float(row["probability_direction"])
    if math.isnan(share):
        return "-"
    return f"increase {chance(share)}" if row["change"] >= 0 else f"decrease {chance(1 - share)}"


def _figures(made: Plan) -> None:
    rows: list[tuple[str, str]] = [
        ("total budget", f"{made.total_budget:,.0f} {made.problem.currency}{_sought(made)}"),
        ("spent", f"{made.spend:,.0f} {made.problem.currency}, {made.unspent:,.0f} unspent"),
        ("gain over the reference plan", _gain(made.gain, made.unit)),
    ]
    if made.mix_gain is not None:
        rows.append(("gain over its mix at the same total", _gain(made.mix_gain, made.unit)))
    if made.profit_gain is not None:
        rows.append(("gain less the money spent more", _gain(made.profit_gain, made.unit)))
    rows.append(("certificate", made.certificate.words()))
    table("What it brings (90% intervals)", ["", ""], rows)


def _sought(made: Plan) -> str:
    """What a budget that was looked for is the smallest or the largest of; empty where it was given."""
    wish = made.settings.objective
    if wish.kind == "smallest_budget":
        return f", the smallest found that reaches {wish.target:,.0f} {made.unit}"
    return ", the largest found that keeps the return asked for" if wish.kind == "largest_budget" else ""


def _gain(gain: Gain, unit: str) -> str:
    return (
        f"{gain.mean:+,.0f} {unit} ({gain.lower:+,.0f} to {gain.upper:+,.0f}), above zero {chance(gain.probability)}, "
        f"worst 5% {gain.worst5:+,.0f}"
    )


def _information(made: Plan, story: Story) -> None:
    found = story.material.plan.foresight
    rows = [(str(name), f"{row['value']:,.0f}", f"{row['share']:.2%}") for name, row in found.information.iterrows()]
    rows.append(("all channels", f"{found.everything:,.0f}", ""))
    columns = ["channel", made.unit, "of what the plan wins"]
    table("What knowing a channel's curve exactly would be worth to this plan", columns, rows, right=columns[1:])


def _budgets(made: Plan, story: Story) -> None:
    curve = story.curve
    columns = [f"budget ({made.problem.currency})", f"effect ({made.unit})", "gain over the reference plan"]
    columns += ["next money earns", *(["profit"] if made.problem.has_value else [])]
    rows = []
    for _, row in curve.table.iterrows():
        cells = [f"{row['spend']:,.0f}", _interval(row, "effect"), _interval(row, "gain")]
        cells.append(f"{row['marginal']:.3g} ({row['marginal_lower']:.3g} to {row['marginal_upper']:.3g})")
        rows.append([*cells, *([_interval(row, "profit")] if made.problem.has_value else [])])
    table("The plan best on average at other budgets (90% intervals)", columns, rows, right=columns)
    for name, row in curve.steps.iterrows():
        typer.echo(
            plain(f"- The {name} {row['money']:,.0f} {made.problem.currency}: {_interval(row, 'effect')} {made.unit}.")
        )
    if curve.best_budget is not None:
        best = f"{curve.best_budget:,.0f} {made.problem.currency}"
        typer.echo(plain(f"- The most profitable total within the limits of the channels: {best}."))
    typer.echo()


def _scenarios(made: Plan, story: Story) -> None:
    rows = []
    for line in story.material.plan.scenarios:
        gain = line.decisive
        likely = "-" if math.isnan(line.probability) else chance(line.probability)
        ends = f"{gain.mean:+,.0f} ({gain.lower:+,.0f} to {gain.upper:+,.0f})"
        won = f"{line.won.mean:,.0f} ({line.won.lower:,.0f} to {line.won.upper:,.0f})"
        rows.append((line.name, f"{line.budget:,.0f}", won, ends, likely))
    net = ", net of the money" if made.problem.has_value else ""
    columns = ["scenario", f"spent ({made.problem.currency})", f"effect ({made.unit})", f"against today{net}", "chance"]
    table("Scenarios on the same draws (90% intervals)", columns, rows, right=columns[1:])


def _interval(row: "pd.Series[float]", name: str) -> str:
    return f"{row[name]:,.0f} ({row[f'{name}_lower']:,.0f} to {row[f'{name}_upper']:,.0f})"
