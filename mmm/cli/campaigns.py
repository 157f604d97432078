"""``mmm campaigns``: what campaigns cost and return, and what named scenarios would move between categories."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import typer

from mmm.assessment.gate import demand_pass
from mmm.cli.output import plain, say, table, write_table
from mmm.digits import amount, decimals, interval, written
from mmm.errors import SettingsError
from mmm.reporting.runs.inputs import checked_request
from mmm.settings import load_settings, read_parameters
from mmm.settings.request import lenses_of
from mmm.workflow import analysed, judged
from mmm.workflow.lenses import SeenThrough, seen_through

_FAR = 0.02
"""Difference of the campaigns' money from the panel's that is told, as a share of it."""


def show_campaigns(config: Path, parameters: list[str], out: Path) -> None:
    """Fit or find the fit, ask the gate, print efficiency and templates, and write both as CSV.

    Raises SettingsError where there is no such section, GateError where the gate failed, DataError with what is wrong
    with the table, PlanError where a template's bounds cannot hold.
    """
    settings = load_settings(config, read_parameters(parameters))
    if settings.campaigns is None:
        raise SettingsError(f"{config} has no section 'campaigns'. Add one; docs/campaigns.md shows it.")
    request = checked_request(settings)
    asked = replace(lenses_of(settings), costs=None, ltv=None, attribution=None)
    judgement = judged(request, progress=True, say=say)
    demand_pass(judgement.gate, settings.gate)
    analysis = analysed(judgement.fit, request.store, say=say)
    found = seen_through(judgement.fit, analysis, asked, request.store, say=say)
    currency = request.dataset.currency
    print_efficiency(found, currency)
    frames = {"efficiency": found.frames["campaigns"]}
    if "moves" in found.frames:
        print_moves(found, currency, settings.plan.margin)
        frames["moves"] = found.frames["moves"]
    folder = out / settings.name / "campaigns"
    for name, frame in frames.items():
        typer.echo(plain(str(write_table(folder / f"{name}.csv", frame))))


def print_efficiency(found: SeenThrough, currency: str) -> None:
    """Returns by campaign, category and platform, the rule, and what the table's money is of the panel's."""
    facts, made = found.facts["campaigns"], found.frames["campaigns"]
    for level, rows in made.groupby("level", sort=False):
        lines = [
            (
                str(row["channel"]),
                str(row["name"]),
                amount(float(row["spend"])),
                amount(float(row["loaded"])),
                f"{row['share']:.0%}",
                _ratio(row, "roas"),
                _ratio(row, "loaded_roas"),
                f"{written(float(row['lowest']), 2)} to {written(float(row['highest']), 2)}",
            )
            for _, row in rows.iterrows()
        ]
        columns = ["channel", str(level), f"media ({currency})", "all costs", "of the effect", "media ROAS"]
        columns += ["fully loaded ROAS", "by other rules"]
        table(f"Efficiency by {level} (90% intervals)", columns, lines, right=columns[2:])
    typer.echo(
        plain(
            f"The model knows channels; inside one its effect is shared by '{facts['rule']}', which is a rule and no "
            "estimate: the intervals are of the channel's effect alone."
        )
    )
    if facts["rule"] == "spend":
        typer.echo(
            "By money all campaigns of a channel return the same in media. Name a key that counts what they bring."
        )
    for name, money in facts["spend"].items():
        panel = facts["panel"][name]
        if abs(money - panel) > _FAR * panel:
            said = f"{amount(money)} {currency} from {facts['first']} to {facts['last']}, the panel {amount(panel)}"
            typer.echo(plain(f"{name}: the campaigns cost {said}; their returns are those of the panel's mean money."))


def _ratio(row: "pd.Series[float]", name: str) -> str:
    values = [float(row[column]) for column in (name, f"{name}_lower", f"{name}_upper")]
    if values[0] != values[0]:
        return "-"
    places = decimals(*values, least=1)
    mean, lower, upper = (written(value, places) for value in values)
    return f"{mean} ({lower} to {upper})"


def print_moves(found: SeenThrough, currency: str, margin: float | None) -> None:
    """What each template would move, with the money behind it."""
    what = "outcome won more" if margin is None else "profit won more"
    for name, rows in found.frames["moves"].groupby("template", sort=False):
        lines = [
            (
                str(row["channel"]),
                str(row["name"]) or "all",
                amount(float(row["today"])),
                f"{amount(float(row['low']))} to {amount(float(row['high']))}",
                amount(float(row["planned"])),
                amount(round(float(row["planned"] - row["today"]), 2) + 0.0, sign=True),
                interval(float(row["gain"]), float(row["gain_lower"]), float(row["gain_upper"])),
            )
            for _, row in rows.iterrows()
        ]
        columns = ["channel", "category", f"today ({currency})", "allowed", "planned", "change", what]
        table(f"Template {name}: all costs of the table's days (90% intervals)", columns, lines, right=columns[2:])
    typer.echo("At today's average returns: how they diminish inside a channel is not known, which the bounds are for.")
