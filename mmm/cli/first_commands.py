"""Commands before an analysis: settings from tables and from other tools, and data for these."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings file, such as configs/demo.yaml.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "-p",
        "--parameter",
        metavar="NAME=VALUE",
        help="Replace one setting for this run: total_budget=1200000, horizon='13 weeks', sampler.draws=500.",
    ),
]


def init(
    data: Annotated[
        list[str],
        typer.Argument(metavar="DATA...", help="Files, folders, patterns such as 'exports/*.csv', or a query."),
    ],
    out: Annotated[Path | None, typer.Option(help="Settings file to write. [<name of the data>.yaml]")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take the guesses, and say them.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the settings file that is there.")] = False,
    outcome: Annotated[str | None, typer.Option(help="Column of the outcome.")] = None,
    kind: Annotated[str | None, typer.Option(help="What the outcome is: revenue, profit or kpi.")] = None,
    value: Annotated[str | None, typer.Option(help="Money per unit of a kpi: a number or a column.")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of spend and revenue, such as EUR.")] = None,
    margin: Annotated[str | None, typer.Option(help="Share of revenue that is left as profit, such as 0.35.")] = None,
    rate: Annotated[
        list[str] | None, typer.Option(metavar="USD=0.92", help="One unit of another currency in this one.")
    ] = None,
) -> None:
    """Look at tables, ask what they do not say, and write a settings file that `mmm check` passes."""
    from mmm.cli.init import Starting, make_settings

    known = {"outcome": outcome, "kind": kind, "value_per_unit": value, "currency": currency, "margin": margin}
    answers = {key: text for key, text in known.items() if text is not None}
    answers |= {f"rate_{code.upper()}": value for code, _, value in (text.partition("=") for text in rate or ())}
    make_settings(Starting(tuple(data), out, yes, force, answers))


imports = typer.Typer(name="import", help="Settings from models of other tools.", no_args_is_help=True)
Currency = Annotated[str | None, typer.Option(help="Currency of spend and revenue, such as EUR.")]
SettingsOut = Annotated[Path | None, typer.Option(help="Settings file to write. [<name of the file>.yaml]")]
Force = Annotated[bool, typer.Option("--force", help="Replace the settings file that is there.")]


@imports.command("robyn")
def import_robyn(
    model: Annotated[Path, typer.Argument(metavar="MODEL.json", help="RobynModel-*.json, as robyn_write makes it.")],
    data: Annotated[Path | None, typer.Option(help="Table it was fitted on, where the file does not hold it.")] = None,
    out: SettingsOut = None,
    currency: Currency = None,
    force: Force = False,
) -> None:
    """Settings and priors from a Robyn model, and a table of what was not carried over."""
    from mmm.cli.peers import Importing, show_robyn

    show_robyn(Importing(model, data, out, force, currency))


@imports.command("meridian")
def import_meridian(
    data: Annotated[Path, typer.Argument(metavar="DATA.csv", help="Table in the layout of Meridian's CsvDataLoader.")],
    out: SettingsOut = None,
    currency: Currency = None,
    kind: Annotated[str | None, typer.Option(help="What the outcome is, kpi_type there: revenue or kpi.")] = None,
    force: Force = False,
) -> None:
    """Settings for a table in Meridian's layout, with Meridian's default priors."""
    from mmm.cli.peers import Importing, show_meridian

    show_meridian(Importing(data, None, out, force, currency), kind)


@imports.command("pymc-marketing")
def import_pymc_marketing(
    model: Annotated[Path, typer.Argument(metavar="MODEL.nc", help="A fitted MMM, as its save method writes it.")],
    out: SettingsOut = None,
    currency: Currency = None,
    force: Force = False,
) -> None:
    """Settings and priors from a fitted model of PyMC-Marketing, and a table of what was not carried over."""
    from mmm.cli.peers import Importing, show_pymc_marketing

    show_pymc_marketing(Importing(model, None, out, force, currency))


def compare(
    config: Config,
    theirs: Annotated[Path, typer.Argument(metavar="THEIRS.csv", help="*_theirs.csv, as `mmm import` writes it.")],
    parameter: Parameters = None,
    out: Annotated[Path, typer.Option(help="Folder for the table and the page.")] = Path("export"),
) -> None:
    """Set another tool's results beside this model's: share, ROAS and curve by channel, as a table and a page."""
    from mmm.cli.peers import show_compare

    show_compare(config, theirs, parameter or [], out)


def export(
    tool: Annotated[str, typer.Argument(help="meridian or pymc-marketing: the data; arviz: the posterior.")],
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, typer.Option(help="Folder for the table and the lines that read it.")] = Path("export"),
) -> None:
    """Write the data as another tool's input, with the Python that reads it; or the posterior as NetCDF and Zarr."""
    from mmm.cli.peers import show_export

    show_export(tool, config, parameter or [], out)


def priors(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for priors.html and priors.csv. [reports/<name>/priors]")
    ] = None,
    draws: Annotated[int, typer.Option(min=100, max=4000, help="Number of draws.")] = 1000,
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Fit, and write what was learned as priors of a later analysis instead."),
    ] = None,
) -> None:
    """Draw what is believed before the data, print it in business units, and warn of what is absurd."""
    from mmm.cli.priors import show_priors, write_learned

    if write is not None:
        write_learned(config, parameter or [], write)
    else:
        show_priors(config, parameter or [], out, draws)


def models(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page and the tables. [reports/<name>/models]")
    ] = None,
) -> None:
    """Set models of one outcome side by side (section comparison): how well they predict, what they say."""
    from mmm.cli.models import show_models

    show_models(config, parameter or [], out)
