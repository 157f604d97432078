"""``mmm settle`` and ``mmm plans ledger``: what plans brought, beside what was promised."""

from collections.abc import Sequence

import typer

from mmm.assessment.gate import demand_pass
from mmm.cli.monitor import model_of
from mmm.cli.output import plain, say, table
from mmm.cli.plans import Place
from mmm.cli.replan import active_entry
from mmm.digits import amount, interval
from mmm.errors import ReportError
from mmm.monitoring.settling import settlement
from mmm.monitoring.window import Fits
from mmm.register.acts import Person
from mmm.register.database import Register
from mmm.register.ledger import Record, Settlement, Spread, counted, ledger, record_of, settle
from mmm.register.queries import Entry, find
from mmm.reporting.runs.ledger_page import write_ledger
from mmm.settings.request import request_of
from mmm.workflow import judged


def show_settle(plan: str, parameters: list[str], person: Person, place: Place) -> None:
    """Estimate what the plan brought on a fit of all data, keep it in the ledger, and write the ledger's page.

    Raises RegisterError where the plan is not active, PlanError where it is not over, and what a fit raises.
    """
    settings, register, entry = active_entry(plan, parameters, place)
    request = request_of(settings)
    found = judged(request, progress=True, say=say)
    demand_pass(found.gate, settings.gate)
    fits = Fits(model_of(entry, settings, request.dataset), found.fit)
    made = settlement(entry, fits, request.dataset, _chain(register, entry), request.worth)
    settle(register, made, person)
    _tell(made)
    with register.reading() as connection:
        known = ledger(connection, settings.name)
    _tell_record(record_of(known, made.promise.what, made.promise.unit))
    folder = place.out / settings.name / "monitor"
    try:
        paths = write_ledger(known, folder, settings.report)
    except OSError as error:
        raise ReportError(
            f"'{folder}' cannot be written ({error.strerror}). Choose another folder with --out."
        ) from error
    for path in paths:
        typer.echo(plain(f"Wrote {path}"))


def _chain(register: Register, entry: Entry) -> tuple[str, ...]:
    """The plans that this one corrected, the first one first."""
    names: list[str] = []
    with register.reading() as connection:
        earlier = entry.content.replaces
        while earlier is not None and earlier not in names:
            names.insert(0, earlier)
            earlier = find(connection, earlier).content.replaces
    return tuple(names)


def _words(spread: Spread) -> str:
    return interval(spread.mean, spread.lower, spread.upper, sign=True)


def _tell(made: Settlement) -> None:
    promise, gain = made.promise, made.settled
    kept = "held" if made.held else "did not hold"
    typer.echo(plain(f"Plan {made.plan} is settled: its promise {kept}."))
    rows = [
        ("promised", interval(promise.mean, promise.lower, promise.upper, sign=True)),
        ("spent otherwise than planned", _words(made.spending)),
        ("other prices", _words(made.prices)),
        ("learned of the effects since", _words(made.learned)),
        ("brought", interval(gain.mean, gain.lower, gain.upper, sign=True)),
    ]
    title = f"Gain in {promise.what} over the reference plan ({promise.unit}, 90% intervals)"
    table(title, ["", "gain"], rows, right=["gain"])
    spread = made.expected
    rows = [
        ("expected of the money as planned", interval(spread.mean, spread.lower, spread.upper)),
        ("spent otherwise than planned", _words(made.deviation)),
        ("the market, and what else was not known", _words(made.surprise)),
        ("seen", amount(made.outcome)),
    ]
    table(f"Outcome of the horizon ({made.outcome_unit}, 90% intervals)", ["", "outcome"], rows, right=["outcome"])


def _tell_record(record: Record | None) -> None:
    if record is not None:
        typer.echo(plain(record_words(record)))


def record_words(record: Record) -> str:
    """The track record in a sentence or two."""
    over, won = record.over, record.won
    text = (
        f"Track record: {record.held} of {record.plans} promises held; promised on average "
        f"{amount(record.promised)} {record.unit}, {_words(over)} more than came; won in all {_words(won)} "
        f"{record.unit}."
    )
    if record.factor < 1.0:
        text += f" The next promise is told at {record.factor:.0%} of what the model says."
    return text


def show_ledger(analysis: str | None, place: Place) -> None:
    """One row a settled plan, the earliest first, and the track record by analysis."""
    register = place.open()
    with register.reading() as connection:
        known = ledger(connection, analysis)
    if not known:
        typer.echo(plain(f"No plan of the register {register.where} is settled."))
        return
    counting = counted(known)
    rows = [
        (
            one.plan,
            f"{one.first} to {one.last}",
            interval(one.promise.mean, one.promise.lower, one.promise.upper, sign=True),
            interval(one.settled.mean, one.settled.lower, one.settled.upper, sign=True),
            one.promise.unit,
            ("held" if one.held else "not held") if one in counting else "corrected",
        )
        for one in known
    ]
    columns = ["plan", "horizon", "promised (90% interval)", "brought (90% interval)", "", "promise"]
    table("Settled plans, the earliest first", columns, rows, right=columns[2:4])
    if len(counting) < len(known):
        typer.echo("Of plans that correct one another the record counts the last, which is of the whole horizon.")
    for name, what, unit in _kinds(known):
        record = record_of([one for one in known if one.analysis == name], what, unit)
        if record is not None:
            typer.echo(plain(f"{name}: {record_words(record)}"))


def _kinds(known: Sequence[Settlement]) -> list[tuple[str, str, str]]:
    return sorted({(one.analysis, one.promise.what, one.promise.unit) for one in known})
