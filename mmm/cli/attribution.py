"""``mmm attribution``: journeys, and what each rule credits to each channel."""

from pathlib import Path

import pandas as pd
import typer

from mmm.attribution import Attribution, attribute
from mmm.cli.output import plain, table, write_table
from mmm.errors import SettingsError
from mmm.settings import load_settings, read_parameters

_NAMES = {
    "first": "first",
    "last": "last",
    "linear": "linear",
    "time_decay": "time decay",
    "position": "position",
    "markov": "Markov",
    "shapley": "Shapley",
    "shapley_rate": "Shapley, by rate",
}
_ROLES = ("alone", "opens", "assists", "closes")
_WARNING = (
    "Journeys say who was there before a conversion. They do not say what money causes: read them beside the model, "
    "not instead of it."
)


def show_attribution(config: Path, parameters: list[str], out: Path) -> None:
    """Count the journeys, print credit by rule, roles and where every row went, and write them as CSV below ``out``.

    Raises SettingsError where there is no such section, DataError with all that is wrong with the files.
    """
    settings = load_settings(config, read_parameters(parameters))
    if settings.attribution is None:
        raise SettingsError(
            f"{config} has no section 'attribution'. Add one that names the journeys; docs/attribution.md shows it."
        )
    made = attribute(settings.attribution, settings.base, settings.data.currency)
    _print_rows(made, settings.data.currency)
    _print_credit(made)
    _print_roles(made)
    typer.echo(_WARNING)
    folder = out / settings.name / "attribution"
    frames = {"credit": made.credit, "roles": made.counts.roles, "lengths": made.counts.lengths}
    frames |= {"lags": made.counts.lags, "moves": made.counts.moves}
    for name, frame in frames.items():
        typer.echo(plain(str(write_table(folder / f"{name}.csv", frame))))


def _print_rows(made: Attribution, currency: str) -> None:
    """Where every row of the files went."""
    found = made.reconciliation
    rows = [
        ("touches", f"{found.touches:,}"),
        ("of them, followed by a conversion only after the look-back", f"{found.expired:,}"),
        ("of them, repeated at the same moment", f"{found.repeated:,}"),
        ("persons", f"{found.persons:,}"),
        ("journeys", f"{found.journeys:,}"),
        ("conversions", f"{found.conversions:,}"),
        ("of them, credited", f"{found.credited:,}"),
        ("of them, without a touch before them: credited to nobody", f"{found.without_touch:,}"),
    ]
    if found.value is not None:
        left = found.value_without_touch or 0.0
        rows += [
            ("value of the conversions", f"{found.value:,.2f} {currency}"),
            ("of it, credited", f"{found.value - left:,.2f} {currency}"),
            ("of it, without a touch", f"{left:,.2f} {currency}"),
        ]
    if found.refunds:
        rows.append(("refunds left out or netted", f"{found.refunds:,}"))
    table("Journeys", ["of the files", "number"], rows, right=["number"])


def _print_credit(made: Attribution) -> None:
    rules = list(made.credit.index.unique("rule"))
    parts = {rule: made.shares(rule) for rule in rules}
    rows = [
        [channel, *(_share(parts[rule].loc[channel]) for rule in rules)]
        for channel in parts["linear"]["share"].sort_values(ascending=False).index
    ]
    columns = ["channel", *(_NAMES[rule] for rule in rules)]
    table(f"Share of the {made.measure} credited (90% intervals over persons)", columns, rows, right=columns[1:])
    if (made.drawing_error > 0).any():
        most = 100 * float(made.drawing_error.max())
        typer.echo(f"Shapley values by rate are drawn: standard error up to {most:.1f} points.")


def _share(row: "pd.Series[float]") -> str:
    return f"{row['share']:.1%} ({row['lower']:.1%} to {row['upper']:.1%})"


def _print_roles(made: Attribution) -> None:
    roles = made.counts.roles
    rows = [
        (
            str(name),
            *(f"{row[role]:,.0f}" for role in _ROLES),
            f"{made.removal.loc[str(name)]:.1%}",
        )
        for name, row in roles.iterrows()
    ]
    columns = ["channel", *_ROLES, "lost without it (Markov)"]
    table("Conversions by the role that a channel's touches had", columns, rows, right=columns[1:])
