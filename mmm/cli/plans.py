"""``mmm plans``: the register of plans on the terminal."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mmm.cli.output import plain, say, table
from mmm.digits import amount, interval
from mmm.errors import RegisterError, SettingsError
from mmm.register.acts import Person, act, save
from mmm.register.audit import Head, head_of, verify
from mmm.register.database import Register, open_register
from mmm.register.ledger import as_told, ledger, records_of
from mmm.register.queries import STATES, Entry, Search, find, listed
from mmm.register.record import Content
from mmm.register.rules import broken, spent
from mmm.register.settings import RegisterSettings
from mmm.register.standing import name_of

if TYPE_CHECKING:
    from mmm.register.made import Origin
    from mmm.register.settings import HandoverSettings
    from mmm.settings import Settings

_DONE = {"submit": "submitted", "approve": "approved", "reject": "rejected", "activate": "active"}


@dataclass(frozen=True)
class Place:
    """Which register: that of a settings file, or the one in the folder of the reports."""

    out: Path
    config: Path | None = None

    @cached_property
    def settings(self) -> RegisterSettings:
        if self.config is None:
            return RegisterSettings()
        from mmm.settings import load_settings

        return load_settings(self.config).plan_register

    @property
    def handover(self) -> "HandoverSettings | None":
        """Tables by platform that the settings file asks for; None without one."""
        if self.config is None:
            return None
        from mmm.settings import load_settings

        return load_settings(self.config).handover

    @property
    def name(self) -> str:
        """What manifests call it."""
        return name_of(self.settings)

    def open(self) -> Register:
        """Open it. Raises SettingsError or RegisterError."""
        return open_register(self.settings, self.out, make=False)


def save_plan(config: Path, parameters: list[str], person: Person, out: Path) -> None:
    """Plan as ``mmm plan`` does, and keep the plan as a draft. Raises what a plan raises, and RegisterError."""
    from mmm.assessment.gate import demand_pass
    from mmm.register.made import content_of
    from mmm.reporting.runs.inputs import checked_request
    from mmm.settings import load_settings, read_parameters
    from mmm.workflow import judged, planned

    settings = load_settings(config, read_parameters(parameters))
    register = open_register(settings.plan_register, out)
    request = checked_request(settings)
    found = judged(request, progress=True, say=say)
    demand_pass(found.gate, settings.gate)
    made = planned(found.fit, request.plan, request.store, worth=request.worth, say=say)
    content = told_by_record(register, content_of(made, request.dataset, origin_of(settings, found.fit.key, out)))
    name = save(register, content, person)
    typer.echo(plain(f"Plan {name} is saved as a draft in the register {register.where}."))
    for problem in broken(content):
        typer.echo(plain(f"- It cannot be approved as it is: {problem}."))
    typer.echo(plain(f"Next: mmm plans submit {name} --by NAME"))


def told_by_record(register: Register, content: Content) -> Content:
    """The plan with its promise as the track record of the analysis says that it is to be told, and a line on that."""
    with register.reading() as connection:
        content = as_told(content, records_of(ledger(connection, content.analysis)))
    if content.kept != 1.0:
        typer.echo(plain(f"Its promise is told at {content.kept:.0%} of what the model says: mmm plans ledger."))
    return content


def origin_of(settings: "Settings", fit: str, out: Path) -> "Origin":
    """Where a plan of these settings comes from; its report is the newest of the same plan on the same fit."""
    from mmm.hashes import of_file
    from mmm.register.made import Origin
    from mmm.reporting.runs.finished import MANIFEST, finished

    wanted = settings.plan.model_dump(mode="json")
    manifest = None
    for report in finished(out / settings.name):
        made = report.manifest
        if made.get("fit", {}).get("key") == fit and made.get("settings", {}).get("plan") == wanted:
            manifest = of_file(report.folder / MANIFEST)
            break
    return Origin(
        settings.name,
        settings.title or settings.name,
        settings.model_dump(mode="json"),
        settings.plan_register,
        manifest,
    )


def act_on(action: str, plan: str, person: Person, place: Place) -> None:
    """Bring a plan to its next state and say so. Raises RegisterError with what stands against it."""
    changed = act(place.open(), action, plan, person)
    typer.echo(plain(f"Plan {plan} is {_DONE[action]} now, by {person.name}."))
    for other in changed[1:]:
        typer.echo(plain(f"Plan {other.id} is superseded by it."))


def show_plans(search: Search, place: Place) -> None:
    """One row a plan, the newest first. Raises SettingsError for a state that is none."""
    if search.state is not None and search.state not in STATES:
        raise SettingsError(f"--state: '{search.state}' is no state of a plan. There are: {', '.join(STATES)}.")
    register = place.open()
    with register.reading() as connection:
        found = listed(connection, search)
    if not found.rows:
        asked = "" if search == Search(most=search.most) else " that are asked for"
        typer.echo(plain(f"No plans{asked} in the register {register.where}."))
        return
    shown = []
    for row in found.rows:
        c = row.content
        money, promise = f"{amount(c.total)} {c.currency}", c.promise
        won = f"{interval(promise.mean, promise.lower, promise.upper, sign=True)} {promise.unit}"
        shown.append((row.id, row.state, f"{c.dates[0]} to {c.last_day}", money, won, row.saved_by, row.saved_at[:10]))
    columns = ["plan", "state", "horizon", "money", "promise (90% interval)", "saved by", "saved"]
    table("Plans, the newest first", columns, shown, right=columns[3:5])
    if found.more:
        typer.echo(f"{found.more:,} older ones are not listed: raise --most, or name an analysis or a --state.")


def show_plan_of_record(plan: str, place: Place) -> None:
    """A plan with its money, promise, rules and history."""
    with place.open().reading() as connection:
        entry = find(connection, plan)
    c = entry.content
    typer.echo(
        plain(f"{entry.id}: {c.title}, {c.dates[0]} to {c.last_day}. {entry.words[0].upper()}{entry.words[1:]}.")
    )
    rows = [
        (str(name), amount(row["reference"]), amount(row["spend"]), amount(row["change"], sign=True))
        for name, row in c.by_channel.iterrows()
    ]
    rows.append(
        ("all channels", amount(float(c.today.sum())), amount(c.total), amount(c.total - c.today.sum(), sign=True))
    )
    columns = ["channel", "today", "plan", "change"]
    table(f"Money over the horizon ({c.currency})", columns, rows, right=columns[1:])
    for what, promise in (("Promise", c.promise), ("Gain in outcome", c.effect)):
        text = interval(promise.mean, promise.lower, promise.upper, sign=True)
        typer.echo(plain(f"{what}: {text} {promise.unit} in {promise.what}, above zero {promise.probability:.0%}."))
    if c.kept != 1.0:
        typer.echo(plain(f"The promise is {c.kept:.0%} of what the model says: earlier ones kept so much (ledger)."))
    if c.correction is not None:
        won = interval(c.correction.mean, c.correction.lower, c.correction.upper, sign=True)
        typer.echo(
            plain(f"Corrects {c.replaces} after {c.since} {c.period}s: {won} {c.correction.unit} over going on.")
        )
    _limits(c)
    _history(entry)
    report = "no report" if c.manifest is None else f"the report with manifest {c.manifest[:12]}"
    typer.echo(plain(f"From fit {c.fit[:12]}, data {c.data[:12]}, {report}; content {entry.digest[:12]}."))


def _limits(content: Content) -> None:
    rows = []
    for one in spent(content):
        least, most = one.limit.at_least, one.limit.at_most
        bounds = (amount(least * one.covered) if least is not None else "", amount(most) if most is not None else "")
        rows.append(
            (one.limit.name, one.label, amount(one.before), amount(one.planned), *bounds, one.problem and "broken")
        )
    if rows:
        columns = ["limit", "period", "before the plan", "in the plan", "at least", "at most", ""]
        table("Limits", columns, rows, right=columns[2:6])


def _history(entry: Entry) -> None:
    rows = [(s.seq, s.moment, s.by, s.account, s.action, s.after, s.note) for s in entry.history]
    table("History", ["entry", "when", "by", "account", "act", "then", "note"], rows, right=["entry"])


def write_export(plan: str, folder: Path, place: Place, *, draft: bool) -> None:
    """Write the files of a plan that was approved. Raises RegisterError where it was not, or they cannot be written."""
    from mmm.register.export import export_plan

    with place.open().reading() as connection:
        entry = find(connection, plan)
    try:
        paths = export_plan(entry, folder, draft=draft, handover=place.handover)
    except OSError as error:
        raise RegisterError(f"'{folder}' cannot be written ({error.strerror}). Choose another folder.") from error
    for path in paths:
        typer.echo(plain(f"Wrote {path}"))


def verify_register(place: Place) -> None:
    """Say that nothing was changed behind the register's back. Raises RegisterError with all that was."""
    if not place.out.is_dir():
        raise SettingsError(f"There is no folder '{place.out}'. Name the folder of the reports with --out.")
    register = place.open()
    told = list(_told_heads(place.out, place.name))
    with register.reading() as connection:
        problems = verify(connection, told)
        last = head_of(connection)
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise RegisterError(f"The register {register.where} was changed behind its back:\n{lines}")
    reports = f"{len(told)} report{'s' if len(told) != 1 else ''}"
    typer.echo(plain(f"The register {register.where} is sound: {last.seq} entries, checked against {reports}."))
    typer.echo(f"Head: {last.seq} {last.hash}")


def _told_heads(out: Path, register: str) -> Iterator[tuple[str, Head]]:
    """Heads of this register that the manifests of reports hold."""
    from mmm.reporting.runs.finished import MANIFEST, read_manifest

    for path in sorted(out.glob(f"*/[!.]*/{MANIFEST}")):
        found = read_manifest(path).get("plan_register")
        if isinstance(found, dict) and found.get("register") == register:
            yield f"The report {path.parent}", Head(int(found.get("seq", 0)), str(found.get("hash", "")))
