"""``mmm replan``: whether the rest of an active plan is changed, and the draft of it where it is."""

import typer

from mmm.assessment.gate import demand_pass
from mmm.cli.monitor import model_of
from mmm.cli.output import plain, say, table
from mmm.cli.plans import Place, told_by_record
from mmm.digits import amount, interval
from mmm.errors import RegisterError
from mmm.monitoring.replanning import Correction, Wish, correct, corrected
from mmm.monitoring.window import Fits, window
from mmm.planning.result import chance
from mmm.register.acts import Person, save
from mmm.register.database import Register
from mmm.register.queries import Entry, find
from mmm.register.rules import broken
from mmm.settings import Settings, load_settings, read_parameters
from mmm.settings.request import request_of
from mmm.workflow import Request, judged


def show_replan(plan: str, parameters: list[str], person: Person, place: Place) -> None:
    """Answer "stay" or "change", and keep the changed plan as a draft that takes the place of ``plan``.

    Raises RegisterError where the plan is not active, PlanError where it has not begun or is over, and what a fit does.
    """
    settings, register, entry = active_entry(plan, parameters, place)
    request = request_of(settings)
    fits = _fits(entry, settings, request)
    wish = Wish(settings.plan, settings.replan, request.worth)
    found = correct(entry.content, fits, request.dataset, wish)
    _tell(entry, found)
    if found.verdict == "stay":
        typer.echo(plain(f"Stay with plan {entry.id}:"))
        for reason in found.reasons:
            typer.echo(plain(f"- {reason}"))
        return
    made = {
        "settings": settings.model_dump(mode="json"),
        "rules": settings.plan_register,
        "fit": fits.now.key,
        "data": request.dataset.fingerprint,
    }
    content = corrected(entry, found, window(fits.now, entry.content, request.dataset, request.worth), made)
    content = told_by_record(register, content)
    name = save(register, content, person)
    typer.echo(plain(f"Change: plan {name} is saved as a draft; approved and activated it supersedes {entry.id}."))
    for problem in broken(content):
        typer.echo(plain(f"- It cannot be approved as it is: {problem}."))
    typer.echo(plain(f"Next: mmm plans submit {name} --by NAME"))


def active_entry(plan: str, parameters: list[str], place: Place) -> tuple[Settings, Register, Entry]:
    """Settings, register and the active plan of that name. Raises RegisterError where it is in another state, or of
    another analysis than the settings."""
    if place.config is None:
        raise RegisterError("Say with --config which settings the plan's data are read by, such as configs/demo.yaml.")
    settings = load_settings(place.config, read_parameters(parameters))
    register = place.open()
    with register.reading() as connection:
        entry = find(connection, plan)
    if entry.state != "active":
        raise RegisterError(
            f"Plan {entry.id} is {entry.words}. Only the active plan is corrected and settled; `mmm plans list` shows "
            "which it is."
        )
    if entry.content.analysis != settings.name:
        raise RegisterError(f"Plan {entry.id} is of the analysis '{entry.content.analysis}', not '{settings.name}'.")
    return settings, register, entry


def _fits(entry: Entry, settings: Settings, request: Request) -> Fits:
    """The fit that the plan was made on, and that of today, which has to pass its gate, or the same again."""
    then = model_of(entry, settings, request.dataset)
    if settings.replan.fit == "reuse":
        return Fits(then, then)
    found = judged(request, progress=True, say=say)
    demand_pass(found.gate, settings.gate)
    return Fits(then, found.fit)


def _tell(entry: Entry, found: Correction) -> None:
    content, seen = entry.content, len(found.actual)
    typer.echo(
        plain(
            f"Plan {entry.id}: {seen} of {len(content.dates)} {content.period}s are over, "
            f"{amount(float(found.actual.sum()))} {content.currency} are spent, {amount(found.left)} are left."
        )
    )
    if found.plan is None or found.net is None:
        return
    rows = [
        (str(name), amount(row["going_on"]), amount(row["corrected"]), amount(row["change"], sign=True))
        for name, row in found.table.iterrows()
    ]
    columns = ["channel", "going on", "changed", "change"]
    table(f"Money ahead, from {content.dates[seen]} ({content.currency})", columns, rows, right=columns[1:])
    net = found.net
    typer.echo(
        plain(
            f"The best change within the safety limits moves {amount(found.moved)} {content.currency}, which costs "
            f"{amount(found.cost)}; net of that it wins {interval(net.mean, net.lower, net.upper, sign=True)} "
            f"{found.plan.unit} over going on (90% interval), above zero {chance(net.probability)}"
            + ("." if found.net_then is None else f"; by the plan's own model {chance(found.net_then.probability)}.")
        )
    )
