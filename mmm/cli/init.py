"""``mmm init``: settings from tables, with a dialogue about what tables do not say."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from mmm.cli.output import plain, say
from mmm.errors import MMMError, SettingsError
from mmm.files import write_whole
from mmm.settings import load_settings
from mmm.starting.asked import Proposal, Question
from mmm.starting.start import start
from mmm.starting.written import settings_text

_LONGEST = 300
_SAYS_NOTHING = frozenset({"data", "export", "exports", "table", "tables", "input", "tmp"})


@dataclass(frozen=True)
class Starting:
    """The arguments of ``mmm init``. ``answers`` are those given as options, by the key of their question."""

    data: tuple[str, ...]
    out: Path | None
    yes: bool
    force: bool
    answers: Mapping[str, str]


def make_settings(asked: Starting) -> None:
    """Look at the tables, ask, write the settings, and say what ``mmm check`` says of them.

    Raises DataError for tables that cannot be read or lack an outcome or channels, SettingsError for answers that
    cannot be or a file that is there already, and, once the settings are written, what is left to do.
    """
    path = asked.out or Path(f"{_name(asked.data)}.yaml")
    demand_free(path, asked.force)
    if not asked.yes and not sys.stdin.isatty():
        raise SettingsError(
            "There is no terminal to ask in. Take the guesses with --yes, and answer what you know by options."
        )
    answers = dict(asked.answers)
    proposal = start(list(asked.data), path.parent, _name(asked.data), answers)
    if not asked.yes:
        proposal = _dialogue(asked, path, answers, proposal)
    write_settings(proposal.document, proposal.comments, proposal.notes, proposal.unused, path, asked.force)


def write_settings(
    document: Mapping[str, Any],
    comments: Mapping[str, str],
    notes: Sequence[str],
    unused: Mapping[str, str],
    path: Path,
    force: bool,
) -> None:
    """Write the settings, tell the guesses, and say what ``mmm check`` says of them. Raises as make_settings does."""
    demand_free(path, force)
    text = settings_text(document, comments, notes, unused)
    try:
        write_whole(path, text)
    except OSError as error:
        raise SettingsError(
            f"'{path}' cannot be written ({error.strerror}). Choose another file with --out."
        ) from error
    for note in notes:
        say(f"Guessed: {note}")
    typer.echo(plain(str(path)))
    _checked(path)


def demand_free(path: Path, force: bool) -> None:
    """Raise SettingsError where something is at ``path`` that nobody asked to replace."""
    if path.exists() and not force:
        raise SettingsError(f"'{path}' is there already. Name another file with --out, or replace it with --force.")


def _name(data: tuple[str, ...]) -> str:
    """A name for the analysis: that of the file or folder, and of the folder where the file's says nothing."""
    if len(data[0]) > _LONGEST or (" " in data[0].strip() and not Path(data[0]).exists()):
        return "analysis"
    path = Path(data[0]).resolve()
    stems = [path.name.split(".")[0], path.parent.name, "analysis"]
    names = [re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:60] for stem in stems if "*" not in stem]
    return next(name for name in names if name and name.lower() not in _SAYS_NOTHING)


def _dialogue(asked: Starting, path: Path, answers: dict[str, str], proposal: Proposal) -> Proposal:
    """Ask until nothing is open; an answer may open another question."""
    for _ in range(50):
        question = next((q for q in proposal.questions if q.key not in answers), None)
        if question is None:
            break
        answers[question.key] = _ask(question)
        proposal = start(list(asked.data), path.parent, _name(asked.data), answers)
    return proposal


def _ask(question: Question) -> str:
    """One answer; a choice is asked for until it is one."""
    few = question.choices and len(question.choices) <= 6
    if few:
        typer.echo(plain(f"  answers: {' | '.join(question.choices)}"), err=True)
    while True:
        given = typer.prompt(plain(question.text), default=question.guess, show_default=bool(question.guess), err=True)
        if not question.choices or given in question.choices:
            return str(given)
        typer.echo(plain(f"'{given}' is none of the answers."), err=True)


def _checked(path: Path) -> None:
    """What ``mmm check`` says; where something is left to do, the error says what."""
    from mmm.cli.check import show_data

    try:
        load_settings(path)
        show_data(path, [])
    except MMMError as error:
        left = type(error)(f"'{path}' is written, and this is left to do:\n{error}")
        raise left from error
    say(f"Next: mmm report {path}")
