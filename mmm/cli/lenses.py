"""``mmm lenses``: the executives' one table, and attribution beside the model."""

from pathlib import Path

import pandas as pd
import typer

from mmm.assessment.gate import demand_pass
from mmm.cli.output import plain, say, table, write_table
from mmm.digits import amount, decimals, written
from mmm.errors import SettingsError
from mmm.lenses.beside import prior_of
from mmm.lenses.table import USES, lenses_there
from mmm.reporting.runs.inputs import checked_request
from mmm.settings import Settings, load_settings, read_parameters
from mmm.settings.request import lenses_of
from mmm.workflow import analysed, judged
from mmm.workflow.lenses import seen_through

_HEADS = {
    "media_roas": "media ROAS",
    "loaded_roas": "fully loaded ROAS",
    "value_roas": "value-based ROAS",
    "attributed": "attributed share",
}


def show_lenses(config: Path, parameters: list[str], out: Path, how: tuple[str, float | None]) -> None:
    """Fit or find the fit, ask the gate, and print every lens that the settings have; write them as CSV.

    ``how``: the rule of attribution, and the width of priors to be printed (None prints none). Raises SettingsError
    where there is no lens, GateError where the gate failed, DataError with what is wrong with the files of a lens.
    """
    rule, width = how
    settings = load_settings(config, read_parameters(parameters))
    if not _has_lens(settings):
        raise SettingsError(
            f"{config} has no other lens than the model: add attribution, costs with a ledger, ltv, or "
            "plan.customer_value; "
            "docs/lenses.md shows them."
        )
    request = checked_request(settings)
    asked = lenses_of(settings, request.worth, rule)
    judgement = judged(request, progress=True, say=say)
    demand_pass(judgement.gate, settings.gate)
    analysis = analysed(judgement.fit, request.store, say=say)
    found = seen_through(judgement.fit, analysis, asked, request.store, say=say)
    print_table(found.table, request.dataset.currency)
    frames = {"lenses": found.table.reset_index()}
    if "beside" in found.frames:
        compared = found.frames["beside"]
        print_beside(compared, rule)
        frames["beside"] = compared.reset_index()
        if width is not None:
            spent = {str(name): float(money) for name, money in found.table["spend"].items()}
            credit = found.frames["credit"]
            own = credit[credit["rule"] == rule].set_index("channel")["value"]
            print_prior(prior_of(own, spent, width))
    folder = out / settings.name / "lenses"
    for name, frame in frames.items():
        typer.echo(plain(str(write_table(folder / f"{name}.csv", frame))))


def _has_lens(settings: Settings) -> bool:
    """Whether there is any lens beside the model's own."""
    ledger = settings.costs is not None and settings.costs.ledger is not None
    orders = settings.plan.customer_value is not None or settings.ltv is not None
    return ledger or orders or settings.attribution is not None


def print_table(made: pd.DataFrame, currency: str) -> None:
    """The lenses that say anything, and what each is for."""
    there = lenses_there(made)
    rows = [
        (str(name), amount(float(row["spend"])), *(_cell(row, lens) for lens in there)) for name, row in made.iterrows()
    ]
    columns = ["channel", f"spend ({currency})", *(_HEADS[lens] for lens in there)]
    table("The same money through each lens (90% intervals)", columns, rows, right=columns[1:])
    for lens in there:
        typer.echo(f"- {USES[lens]}")


def _cell(row: "pd.Series[float]", lens: str) -> str:
    values = [float(row[name]) for name in (lens, f"{lens}_lower", f"{lens}_upper")]
    if values[0] != values[0]:
        return "-"
    if lens == "attributed":
        return f"{values[0]:.0%} ({values[1]:.0%} to {values[2]:.0%})"
    places = decimals(*values, least=1)
    mean, lower, upper = (written(value, places) for value in values)
    return f"{mean} ({lower} to {upper})"


def print_beside(compared: pd.DataFrame, rule: str) -> None:
    """Shares side by side, and for channels where they differ the reason and the test."""
    rows = [
        (
            str(name),
            f"{row['model']:.0%} ({row['model_lower']:.0%} to {row['model_upper']:.0%})",
            f"{row['attributed']:.0%} ({row['attributed_lower']:.0%} to {row['attributed_upper']:.0%})",
            {"more": "credited more", "less": "credited less", "alike": "not told apart"}[str(row["verdict"])],
        )
        for name, row in compared.iterrows()
    ]
    columns = ["channel", "of the model's effect", f"credited ({rule})", "journeys against the model"]
    table("Attribution beside the model: shares among channels that both know", columns, rows, right=columns[1:3])
    for name, row in compared[compared["verdict"] != "alike"].iterrows():
        typer.echo(plain(f"- {name}, credited {row['verdict']}: {row['reason']}. Test: {row['test']}."))
    typer.echo("Journeys describe; only a test decides. Nothing of them enters the model by itself.")


def print_prior(found: dict[str, tuple[float, float]]) -> None:
    """Lines to be pasted by who wants journeys to inform the model."""
    typer.echo(
        "Priors that journeys would make, to be pasted by you (credited money over the panel's spend: only where"
    )
    typer.echo("both are of the same days):")
    typer.echo("model:\n  channels:")
    for name, (lower, upper) in found.items():
        typer.echo(plain(f"    {name}: {{roas: {{lower: {lower:.4g}, upper: {upper:.4g}}}}}"))
