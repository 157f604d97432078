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
from mmm.projects import reports
from mmm.reporting.content.from_fit import notation
from mmm.reporting.files.export import plan_folder, write_plan
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.runs.inputs import checked_request
from mmm.reporting.runs.story import Story, told
from mmm.reporting.sentences.statements import told as told_in
from mmm.settings import load_settings, read_parameters
from mmm.workflow import concluded, judged


def show_plan(config: Path, parameters: list[str], out: Path | None) -> None:
    """Fit (or take the fit from the store), ask the gate, print the plan, and write it to ``out``.

    Raises GateError where the gate failed and the settings do not override it, PlanError where no plan is possible,
    ReportError where the folder cannot be written to.
    """
    settings = load_settings(config, read_parameters(parameters))
    folder = plan_folder(out or reports() / settings.name / "plan")
    request = checked_request(settings)
    found = judged(request, progress=True, say=say)
    demand_pass(found.gate, settings.gate)
    if found.gate.doubtful or not found.gate.passed:
        typer.echo(plain(found.gate.summary))
    story = told(settings, concluded(request, found, say=say))
    print_plan(story)
    for path in write_plan(story.material, story.plan.schedule, folder):
        typer.echo(plain(f"Wrote {path}"))


def print_plan(story: Story) -> None:
    """The plan and what stands around it, in the report's notation of numbers."""
    made, fmt = story.plan, notation(story.settings, story.found.dataset, story.material.fmt.return_base)
    _allocation(made, fmt)
    _bills(made, fmt)
    _figures(made, fmt)
    known = story.material.plan
    advice = advise(made, story.found.options.information, known.moves, known.partial)
    for sentence in advice.sentences:
        typer.echo(plain(f"- {sentence}"))
    typer.echo()
    _information(made, story, fmt)
    _budgets(made, story, fmt)
    if story.settings.plan.scenarios:
        _scenarios(made, story, fmt)
    for statement in (*made.constraints, *made.notes):
        typer.echo(plain(f"- {told_in(statement, fmt)}"))


def _allocation(made: Plan, fmt: Formatter) -> None:
    rows = [
        (
            str(name),
            fmt.exact(row["reference"]),
            fmt.exact(row["spend"]),
            fmt.exact(row["change"], sign=True),
            fmt.span(fmt.exact(row["lower_bound"]), fmt.exact(row["upper_bound"])),
            _interval(row, "effect", fmt),
            _direction(row),
            f"{row['observed_max_ratio']:.2f}" if pd.notna(row["observed_max_ratio"]) else "-",
        )
        for name, row in made.allocation.iterrows()
    ]
    columns = ["channel", "today", "plan", "change", "allowed", f"effect ({made.unit})"]
    columns += ["direction", "of highest seen"]
    title = f"Plan for {made.horizon} periods from {made.dates[0]:%Y-%m-%d}"
    table(title, columns, rows, right=columns[1:])


def _bills(made: Plan, fmt: Formatter) -> None:
    """What vendors charge, where the plan knows their prices."""
    found = made.bills
    if found.empty:
        return
    rows = [
        (
            str(line["channel"]),
            str(line["vendor"]),
            f"{line['until']:%Y-%m-%d}",
            f"{line['reference_volume']:,.0f}",
            f"{line['volume']:,.0f} {line['unit']}",
            fmt.exact(float(line["reference_bill"])),
            fmt.exact(float(line["bill"])),
        )
        for _, line in found.iterrows()
    ]
    columns = ["channel", "vendor", "until", "volume today", "planned", "bill today", "planned"]
    table("What vendors charge, fees and tiers included", columns, rows, right=columns[3:])


def _direction(row: "pd.Series[float]") -> str:
    """How sure it is that the channel's next money earns more, or less, than the others'."""
    share = float(row["probability_direction"])
    if math.isnan(share):
        return "-"
    return f"increase {chance(share)}" if row["change"] >= 0 else f"decrease {chance(1 - share)}"


def _figures(made: Plan, fmt: Formatter) -> None:
    rows: list[tuple[str, str]] = [
        ("total budget", f"{fmt.exact(made.total_budget)}{_sought(made, fmt)}"),
        ("spent", f"{fmt.exact(made.spend)}, {fmt.exact(made.unspent)} unspent"),
        ("gain over the reference plan", _gain(made.gain, fmt)),
    ]
    if made.mix_gain is not None:
        rows.append(("gain over its mix at the same total", _gain(made.mix_gain, fmt)))
    if made.profit_gain is not None:
        rows.append(("gain less the money spent more", _gain(made.profit_gain, fmt)))
    rows.append(("certificate", made.certificate.words()))
    table("What it brings (90% intervals)", ["", ""], rows)


def _sought(made: Plan, fmt: Formatter) -> str:
    """What a budget that was looked for is the smallest or the largest of; empty where it was given."""
    wish = made.settings.objective
    if wish.kind == "smallest_budget":
        return f", the smallest found that reaches {fmt.outcome(wish.target or 0.0)}"
    return ", the largest found that keeps the return asked for" if wish.kind == "largest_budget" else ""


def _gain(gain: Gain, fmt: Formatter) -> str:
    value = Estimate(gain.mean, gain.lower, gain.upper)
    return (
        f"{fmt.outcome(value, sign=True)} ({fmt.outcome_range(value)}), above zero {chance(gain.probability)}, "
        f"worst 5% {fmt.outcome(gain.worst5, sign=True)}"
    )


def _information(made: Plan, story: Story, fmt: Formatter) -> None:
    found = story.material.plan.foresight
    rows = [
        (str(name), fmt.outcome(row["value"], short=True), fmt.percent(row["share"]))
        for name, row in found.information.iterrows()
    ]
    rows.append(("all channels", fmt.outcome(found.everything, short=True), ""))
    columns = ["channel", made.unit, "of what the plan wins"]
    table("What knowing a channel's curve exactly would be worth to this plan", columns, rows, right=columns[1:])


def _budgets(made: Plan, story: Story, fmt: Formatter) -> None:
    curve = story.found.options.curve
    columns = ["budget", f"effect ({made.unit})", "gain over the reference plan"]
    columns += [f"next {fmt.next_amount} earns", *(["profit"] if made.margin is not None else [])]
    rows = []
    for _, row in curve.table.iterrows():
        cells = [fmt.exact(row["spend"]), _interval(row, "effect", fmt), _interval(row, "gain", fmt, sign=True)]
        marginal = Estimate(row["marginal"], row["marginal_lower"], row["marginal_upper"]).times(fmt.return_base)
        cells.append(f"{fmt.ratio(marginal)} ({fmt.ratio_range(marginal)})")
        rows.append([*cells, *([_interval(row, "profit", fmt)] if made.margin is not None else [])])
    table("The plan best on average at other budgets (90% intervals)", columns, rows, right=columns)
    for name, row in curve.steps.iterrows():
        typer.echo(plain(f"- The {name} {fmt.money(row['money'])}: {_interval(row, 'effect', fmt)} {made.unit}."))
    if curve.best_budget is not None:
        best = fmt.exact(curve.best_budget)
        typer.echo(plain(f"- The most profitable total within the limits of the channels: {best}."))
    typer.echo()


def _scenarios(made: Plan, story: Story, fmt: Formatter) -> None:
    rows = []
    for line in story.material.plan.scenarios:
        gain = line.decisive
        likely = "-" if math.isnan(line.probability) else chance(line.probability)
        ends = f"{fmt.outcome(gain, short=True, sign=True)} ({fmt.outcome_range(gain, short=True)})"
        won = f"{fmt.outcome(line.won, short=True)} ({fmt.outcome_range(line.won, short=True)})"
        rows.append((line.name, fmt.exact(line.budget), won, ends, likely))
    net = ", net of the money" if made.margin is not None else ""
    columns = ["scenario", "spent", f"effect ({made.unit})", f"against today{net}", "chance"]
    table("Scenarios on the same draws (90% intervals)", columns, rows, right=columns[1:])


def _interval(row: "pd.Series[float]", name: str, fmt: Formatter, *, sign: bool = False) -> str:
    value = Estimate(row[name], row[f"{name}_lower"], row[f"{name}_upper"])
    return f"{fmt.outcome(value, short=True, sign=sign)} ({fmt.outcome_range(value, short=True)})"
