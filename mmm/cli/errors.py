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
        except OSError as error:
            # The machine, not the input: a full disk, a missing permission, a folder that has gone.
            if error.errno == errno.EPIPE:
                raise  # who read the output has gone; typer ends without a word
            what = f"'{error.filename}': {error.strerror}" if error.filename and error.strerror else str(error)
            _tell(f"{what}. Check the path, its permissions and the free space.", debug=ctx.obj)
            raise typer.Exit(1) from error
        except MemoryError as error:
            _tell(f"The memory of this machine is not enough. {_LESS}", debug=ctx.obj)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            if ctx.obj:
                traceback.print_exc()
            raise typer.Exit(128 + interrupts.tell(getattr(error, "number", None))) from error


def _tell(sentence: str, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    typer.echo(f"Error: {plain(sentence)}", err=True)
