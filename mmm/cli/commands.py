"""Commands and their arguments. Whatever is slow to import is imported by the command that needs it."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from mmm.cli.errors import Commands
from mmm.cli.first_commands import Config, Parameters, compare, export, imports, init, models, priors
from mmm.cli.plans_commands import By, Note, Out, Plan, alerts, plans
from mmm.cli.project import REPORTS, folder

_EPILOG = (
    "Exit codes: 0 done, 1 a fault of the workbench or of the machine, 2 settings or arguments, 3 data, 4 fit, "
    "5 the model did not pass its gate, 6 plan, 7 report, 8 register, 9 monitor: the plan is off, "
    "130 interrupted (128 + n: ended by signal n)."
)

app = typer.Typer(
    cls=Commands,
    name="mmm",
    help="Bayesian media mix modeling: from spend data to a budget decision with honest uncertainty.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(init)
app.command()(export)
app.command()(compare)
app.command()(priors)
app.command()(models)
app.add_typer(imports)
app.add_typer(plans)
app.add_typer(alerts)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("mmm-workbench"))
        raise typer.Exit


@app.callback()
def _root(
    _debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; anywhere on the line.")
    ] = False,
    _show_version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options of every command; Commands reads --debug."""


@app.command()
def check(config: Config, parameter: Parameters = None) -> None:
    """Read the data, and print what they hold and what looks wrong with them."""
    from mmm.cli.check import show_data

    show_data(config, parameter or [])


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for data.csv, truth.json and settings.yaml.")],
    world: Annotated[
        str, typer.Option(help="random, demo, shop (customers and their orders), or a world of the library.")
    ] = "random",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Another seed gives another world.")] = 1,
    geos: Annotated[int | None, typer.Option(min=1, max=1000, help="Number of geos; not of the demo.")] = None,
    weeks: Annotated[int | None, typer.Option(min=30, max=2000, help="Number of weeks; random worlds.")] = None,
    channels: Annotated[int | None, typer.Option(min=1, max=50, help="Number of channels; random worlds.")] = None,
    experiment: Annotated[
        list[str] | None, typer.Option(help="Channel to test: writes a hold-out to experiments.csv. May be repeated.")
    ] = None,
) -> None:
    """Write a simulated world: its data, its truth, and settings to analyse it with."""
    from mmm.cli.simulate import WorldChoice, write_simulated

    write_simulated(WorldChoice(world, seed, geos, weeks, channels, tuple(experiment or ())), out)


@app.command()
def fit(
    config: Config,
    parameter: Parameters = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only a quick approximation of the effects: nothing is fitted or stored.")
    ] = False,
) -> None:
    """Fit the model, or find the same fit in the store, and check whether it may be believed."""
    from mmm.cli.fit import show_fit, show_preview

    (show_preview if preview else show_fit)(config, parameter or [])


@app.command()
def plan(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for allocation.csv, schedule.csv and allocation.xlsx. [reports/<name>/plan]"),
    ] = None,
) -> None:
    """Split a budget: what to spend where, and how sure the gain is; printed, and written as CSV and XLSX."""
    from mmm.cli.plan import show_plan

    show_plan(config, parameter or [], out)


@app.command()
def backtest(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder below which <name>/backtest is written.")] = REPORTS,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes; 0 makes one refresh after the other.")] = 0,
    cluster: Annotated[str | None, typer.Option(help="Address of a Dask scheduler instead of workers.")] = None,
) -> None:
    """Make earlier refreshes again: would the forecasts have held, and the returns have stayed?"""
    from mmm.cli.backtest import show_backtest

    show_backtest(config, parameter or [], out, cluster or workers)


@app.command()
def report(
    configs: Annotated[
        list[Path], typer.Argument(metavar="CONFIG...", help="Settings files; several, as configs/markets/*.yaml.")
    ],
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder below which <name>/<run> is made.")] = REPORTS,
    grid: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=A,B,C", help="One report for each value; repeated: for each combination."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Local processes for several reports.")] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler for several reports: tcp://host:8786.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Make reports anew that are there already.")] = False,
    since: Annotated[
        Path | None, typer.Option(help="Folder of the earlier report to compare with; the newest by default.")
    ] = None,
) -> None:
    """Make the report: fit, check, analyse, plan, and write HTML, PDF, notebook, tables and manifest.

    Of several settings files, or a grid, all reports and a page over them; those that are there already are kept.
    """
    from mmm.cli.report import Several, show_report, show_reports

    if len(configs) == 1 and not grid and workers is None and dask is None:
        show_report(configs[0], parameter or [], out, since)
    else:
        several = Several(tuple(configs), tuple(parameter or ()), tuple(grid or ()), workers, dask, again, since)
        show_reports(several, out)


@app.command()
def portfolio(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Portfolio file, such as configs/portfolio.yaml.")],
    out: Annotated[Path, folder("Folder below which <name>/<run> is made.")] = REPORTS,
    workers: Annotated[int | None, typer.Option(min=1, help="Local processes, a market each.")] = None,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler: tcp://host:8786.")] = None,
) -> None:
    """Split one budget over several markets, each planned by its own model."""
    from mmm.cli.portfolio import show_portfolio

    show_portfolio(config, out, workers, dask)


@app.command()
def attribution(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder below which <name>/attribution is written.")] = REPORTS,
) -> None:
    """Credit the conversions of journeys to channels: rules, Markov removal effects, Shapley values."""
    from mmm.cli.attribution import show_attribution

    show_attribution(config, parameter or [], out)


@app.command()
def costs(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder below which <name>/costs is written.")] = REPORTS,
) -> None:
    """Map a ledger of costs to channels and categories, and compare vendors' prices on one usage."""
    from mmm.cli.costs import show_costs

    show_costs(config, parameter or [], out)


experiment = typer.Typer(
    name="experiment", help="Regional tests of a channel: which to run, what they said.", no_args_is_help=True
)
app.add_typer(experiment)


@experiment.command("design")
def experiment_design(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder below which <name>/experiment is written.")] = REPORTS,
) -> None:
    """Rank tests that could be run: regions, power, precision, price, and what each is worth to the plan."""
    from mmm.cli.design import show_designs

    show_designs(config, parameter or [], out)


@experiment.command("read")
def experiment_read(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder below which <name>/experiment is written.")] = REPORTS,
    without_model: Annotated[
        bool, typer.Option("--without-model", help="Do not fit: only the tests are read, from panels of their own.")
    ] = False,
) -> None:
    """Read regional tests: their effect, what its interval is worth on this panel, and the evidence for the model."""
    from mmm.cli.experiment import show_readouts

    show_readouts(config, parameter or [], out, with_model=not without_model)


@app.command()
def monitor(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder of the reports: <name>/monitor is written in it.")] = REPORTS,
    watch: Annotated[
        float | None, typer.Option(min=1.0, max=86_400.0, metavar="SECONDS", help="Look again so often, until stopped.")
    ] = None,
) -> None:
    """Follow the active plan: money and outcome against it; exit code 9 where something is off."""
    from mmm.cli.monitor import show_monitor

    show_monitor(config, parameter or [], out, watch)


Today = Annotated[Path, typer.Option("--config", metavar="CONFIG", help="Settings file with the data of today.")]


@app.command()
def replan(
    plan: Plan,
    by: By,
    config: Today,
    note: Note = "",
    parameter: Parameters = None,
    out: Out = REPORTS,
) -> None:
    """Move the rest of the active plan's money where that is worth it, as a draft; else the answer is "stay"."""
    from mmm.cli.plans import Place
    from mmm.cli.replan import show_replan
    from mmm.register.acts import Person

    show_replan(plan, parameter or [], Person(by, note), Place(out, config))


@app.command()
def settle(
    plan: Plan,
    by: By,
    config: Today,
    note: Note = "",
    parameter: Parameters = None,
    out: Out = REPORTS,
) -> None:
    """Say what the active plan brought beside its promise, once its horizon is over, and keep it in the ledger."""
    from mmm.cli.plans import Place
    from mmm.cli.settle import show_settle
    from mmm.register.acts import Person

    show_settle(plan, parameter or [], Person(by, note), Place(out, config))


@app.command()
def ltv(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder below which <name>/ltv is written.")] = REPORTS,
) -> None:
    """Value customers by channel and segment from their orders, with what each cost, and judge the forecast."""
    from mmm.cli.ltv import show_ltv

    show_ltv(config, parameter or [], out)


@app.command()
def lenses(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder below which <name>/lenses is written.")] = REPORTS,
    rule: Annotated[str, typer.Option(help="Rule of attribution: markov, last, linear, shapley, ...")] = "markov",
    prior: Annotated[
        float | None,
        typer.Option(metavar="FACTOR", help="Print ROAS priors from journeys, so wide each way."),
    ] = None,
) -> None:
    """Set media, fully loaded and value-based ROAS and attributed shares side by side, each with what it is for."""
    from mmm.cli.lenses import show_lenses

    show_lenses(config, parameter or [], out, (rule, prior))


@app.command()
def campaigns(
    config: Config,
    parameter: Parameters = None,
    out: Annotated[Path, folder("Folder below which <name>/campaigns is written.")] = REPORTS,
) -> None:
    """Print what campaigns inside channels cost and return, by a stated rule, and what named scenarios would move."""
    from mmm.cli.campaigns import show_campaigns

    show_campaigns(config, parameter or [], out)


@app.command()
def runs(
    below: Annotated[Path, folder("Folder that holds the reports.", "--out")] = REPORTS,
) -> None:
    """List past reports from their manifests, the newest first."""
    from mmm.cli.runs import show_runs

    show_runs(below)


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option(help="File to write; standard output by default.")] = None,
    results: Annotated[bool, typer.Option("--results", help="The schema of results.json instead.")] = False,
    monitoring: Annotated[bool, typer.Option("--monitor", help="The schema of monitor.json instead.")] = False,
    plans: Annotated[bool, typer.Option("--plan", help="The schema of an exported plan.json instead.")] = False,
) -> None:
    """Print the JSON schema of settings files, for editors, or that of results.json, monitor.json or plan.json."""
    from mmm.cli.schema import show_schema

    show_schema(out, "results" if results else "monitor" if monitoring else "plan" if plans else "settings")
