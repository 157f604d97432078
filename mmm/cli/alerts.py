"""``mmm alerts``: what is off and not yet taken care of, and who takes care of it."""

import datetime as dt
from pathlib import Path

import typer

from mmm.cli.output import plain, say, table
from mmm.cli.plans import Place
from mmm.monitoring.alerts.outbox import acknowledge, deliver, listing, raise_alerts
from mmm.monitoring.alerts.targets import sender
from mmm.monitoring.state import State
from mmm.register.acts import Person
from mmm.register.database import Register
from mmm.settings import Settings, load_settings


def tell(register: Register, state: State, settings: Settings) -> None:
    """Raise the alerts of a state and send what is due; what did not go out is said, and tried again next time."""
    wanted = settings.monitor.alerts
    if not wanted.targets:
        return
    now = dt.datetime.now(dt.UTC)
    raise_alerts(register, state, wanted, now)
    _deliver(register, settings, now)


def _deliver(register: Register, settings: Settings, now: dt.datetime) -> None:
    done = deliver(register, sender(settings.monitor.alerts, settings.base, say), now)
    if done.sent:
        typer.echo(f"Alerts sent: {done.sent}.")
    for target, problem in done.failed:
        say(f"The alert to '{target}' is tried again later: {problem}.")


def send_alerts(config: Path, out: Path) -> None:
    """Send what waits in the outbox and is due."""
    settings = load_settings(config)
    _deliver(Place(out, config).open(), settings, dt.datetime.now(dt.UTC))


def show_alerts(place: Place) -> None:
    """One row an alert that is open or acknowledged, the newest first."""
    rows = [
        (r["id"], r["plan"], r["state"], r["severity"], r["raised_at"][:16], r["waiting"], r["sentence"])
        for r in listing(place.open())
    ]
    if not rows:
        typer.echo("No alerts are open.")
        return
    columns = ["alert", "plan", "state", "severity", "since (UTC)", "messages waiting", "what"]
    table("Alerts, the newest first", columns, rows, right=["alert", "messages waiting"])


def acknowledge_alert(number: int, by: str, place: Place) -> None:
    """Somebody takes care of an alert."""
    row = acknowledge(place.open(), number, Person(by).name)
    typer.echo(plain(f"Alert {number} is acknowledged by {by}: {row['sentence']} It is told again only if it worsens."))
