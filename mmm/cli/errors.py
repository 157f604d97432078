"""From an exception to a sentence and an exit code, in one place."""

import errno
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from mmm import interrupts
from mmm.cli.output import plain
from mmm.errors import MMMError

_LESS = "Lower sampler.draws or plan.draws, take one process at a time (--workers 1), or use a larger machine."
# How the loader and libraries say that memory ran out while a library was mapped.
_NO_ROOM = ("Cannot allocate memory", "failed to map segment", "cannot apply additional memory protection")
_HIDES_MEMORY = "Could not find/load shared object file"
"""What llvmlite says where its library could not be mapped, whatever the reason: under a limit it is the limit."""


class Commands(TyperGroup):
    """The group of all commands: an error that the workbench raised on purpose becomes a sentence on stderr.

    Anything else is a fault of the workbench itself and keeps its traceback (exit code 1).
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Accept ``--debug`` before and after the command."""
        if "--debug" in args:
            args = ["--debug", *(arg for arg in args if arg != "--debug")]
        ctx.obj = "--debug" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; raise typer.Exit with the error's exit code."""
        try:
            return super().invoke(ctx)
        except MMMError as error:
            _tell(str(error), debug=ctx.obj)
            raise typer.Exit(error.exit_code) from error
        except (OSError, MemoryError, ImportError, RuntimeError, SystemError) as error:
            sentence = of_the_machine(error)
            if sentence is None:
                raise
            _tell(sentence, debug=ctx.obj)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            if ctx.obj:
                traceback.print_exc()
            raise typer.Exit(128 + interrupts.tell(getattr(error, "number", None))) from error


def of_the_machine(error: Exception) -> str | None:
    """What to say where the machine is at fault and not the input: a full disk, a folder that has gone, no memory."""
    if isinstance(error, ImportError):
        return not_loaded(error)
    if isinstance(error, OSError) and error.errno != errno.ENOMEM:
        if error.errno == errno.EPIPE:
            return None  # who read the output has gone; typer ends without a word
        if _HIDES_MEMORY in str(error) and _memory_limit():
            return too_little_memory()
        what = f"'{error.filename}': {error.strerror}" if error.filename and error.strerror else str(error)
        return f"{what}. Check the path, its permissions and the free space."
    # A module in C that found no memory while it was loaded says so with an error without words.
    of_code = isinstance(error, RuntimeError) and "can't start new thread" not in str(error)
    if of_code or (isinstance(error, SystemError) and not _memory_limit()):
        return None
    return too_little_memory()


def too_little_memory() -> str:
    """What to say where memory ran out: this process may be allowed less than the machine has."""
    limit = _memory_limit()
    what = f"The {limit} of memory that this process may use are" if limit else "The memory of this machine is"
    return f"{what} not enough. {_LESS}"


def not_loaded(error: ImportError) -> str:
    """What to say where a library could not be loaded: an installation that is not whole, or too little memory."""
    if any(sign in str(error) for sign in _NO_ROOM):
        return too_little_memory()
    limit = _memory_limit()
    memory = f" If it is, the {limit} of memory that this process may use may be too little." if limit else ""
    return f"A library could not be loaded ({error}). Is the installation whole? 'make setup' makes it.{memory}"


def _memory_limit() -> str:
    """What ``ulimit -v`` leaves to this process; "" without a limit."""
    try:
        import resource
    except ImportError:
        return ""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return "" if limit == resource.RLIM_INFINITY else f"{limit / 2**30:.1f} GiB"


def _tell(sentence: str, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    typer.echo(f"Error: {plain(sentence)}", err=True)
