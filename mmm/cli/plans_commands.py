"""``mmm plans ...`` and ``mmm alerts ...``: commands of the register and their arguments."""

from pathlib import Path
from typing import Annotated

import typer

from mmm.cli.project import REPORTS, folder

plans = typer.Typer(
    name="plans",
    help="The register of plans: save, submit, approve, reject, activate, list, show, export, ledger, verify.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Plan = Annotated[str, typer.Argument(metavar="PLAN", help="Its id, such as demo-1; mmm plans list shows all.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; the log keeps the account's name too.")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="What the log is to say with it.")]
Out = Annotated[Path, folder("Folder of the reports, which plans.db lies in.")]
Settings = Annotated[
    Path | None, typer.Option("--config", metavar="CONFIG", help="Settings whose plan_register.address is to be used.")
]


def _act(action: str, plan: str, by: str, note: str, out: Path, config: Path | None) -> None:
    from mmm.cli.plans import Place, act_on
    from mmm.register.acts import Person

    act_on(action, plan, Person(by, note), Place(out, config))


@plans.command()
def save(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings file, such as configs/demo.yaml.")],
    by: By,
    note: Note = "",
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="Replace one setting.")
    ] = None,
    out: Out = REPORTS,
) -> None:
    """Plan as mmm plan does, and keep the plan as a draft: money, promise, settings, rules, fit."""
    from mmm.cli.plans import save_plan
    from mmm.register.acts import Person

    save_plan(config, parameter or [], Person(by, note), out)


@plans.command()
def submit(plan: Plan, by: By, note: Note = "", out: Out = REPORTS, config: Settings = None) -> None:
    """Ask for a draft's approval."""
    _act("submit", plan, by, note, out, config)


@plans.command()
def approve(plan: Plan, by: By, note: Note = "", out: Out = REPORTS, config: Settings = None) -> None:
    """Approve a submitted plan, if its rules let you."""
    _act("approve", plan, by, note, out, config)


@plans.command()
def reject(plan: Plan, by: By, note: Note = "", out: Out = REPORTS, config: Settings = None) -> None:
    """Reject a submitted plan."""
    _act("reject", plan, by, note, out, config)


@plans.command()
def activate(plan: Plan, by: By, note: Note = "", out: Out = REPORTS, config: Settings = None) -> None:
    """Make an approved plan the one that is followed; an earlier one is superseded."""
    _act("activate", plan, by, note, out, config)


@plans.command(name="list")
def list_plans(
    analysis: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of one analysis; all by default.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Only plans in this state, such as active.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="At most so many.")] = 50,
    out: Out = REPORTS,
    config: Settings = None,
) -> None:
    """List the plans, the newest first."""
    from mmm.cli.plans import Place, show_plans
    from mmm.register.queries import Search

    show_plans(Search(analysis, state, most), Place(out, config))


@plans.command()
def show(plan: Plan, out: Out = REPORTS, config: Settings = None) -> None:
    """Show a plan: money, promise, limits, history."""
    from mmm.cli.plans import Place, show_plan_of_record

    show_plan_of_record(plan, Place(out, config))


@plans.command()
def export(
    plan: Plan,
    folder: Annotated[Path, typer.Option("--folder", help="Folder for budget.csv, plan.json and changes.ics.")],
    draft: Annotated[
        bool, typer.Option("--draft", help="Also of a plan that is not approved; every file says so.")
    ] = False,
    out: Out = REPORTS,
    config: Settings = None,
) -> None:
    """Write an approved plan for whoever carries it out: a table, JSON, and a calendar of the changes."""
    from mmm.cli.plans import Place, write_export

    write_export(plan, folder, Place(out, config), draft=draft)


@plans.command()
def ledger(
    analysis: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of one analysis; all by default.")] = None,
    out: Out = REPORTS,
    config: Settings = None,
) -> None:
    """Show what settled plans brought beside what was promised, and the track record."""
    from mmm.cli.plans import Place
    from mmm.cli.settle import show_ledger

    show_ledger(analysis, Place(out, config))


@plans.command()
def verify(out: Out = REPORTS, config: Settings = None) -> None:
    """Find any change that was made behind the register's back, also against the heads in the reports' manifests."""
    from mmm.cli.plans import Place, verify_register

    verify_register(Place(out, config))


alerts = typer.Typer(
    name="alerts",
    help="What mmm monitor told of: list, acknowledge, send what waits.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@alerts.command(name="list")
def list_alerts(out: Out = REPORTS, config: Settings = None) -> None:
    """List the alerts that are open or acknowledged, the newest first."""
    from mmm.cli.alerts import show_alerts
    from mmm.cli.plans import Place

    show_alerts(Place(out, config))


@alerts.command()
def ack(
    alert: Annotated[int, typer.Argument(metavar="ALERT", help="Its number; mmm alerts list shows all.")],
    by: By,
    out: Out = REPORTS,
    config: Settings = None,
) -> None:
    """Say that somebody takes care of an alert: it is told again only if it worsens."""
    from mmm.cli.alerts import acknowledge_alert
    from mmm.cli.plans import Place

    acknowledge_alert(alert, by, Place(out, config))


@alerts.command()
def send(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings file with monitor.alerts.")],
    out: Out = REPORTS,
) -> None:
    """Send what waits and is due: after quiet hours, or when a target is up again."""
    from mmm.cli.alerts import send_alerts

    send_alerts(config, out)
