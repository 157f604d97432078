"""The command line: arguments and wiring only.

The first lines of a command are written so that a signal finds it ready: nothing that is not yet loaded is imported
before its handlers stand (the module ``signal`` itself takes as long as all the rest until there).
"""

import _signal as signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["app", "main"]  # app is imported on first use.


def main() -> None:
    """Run the command line."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    from mmm import interrupts

    sys.exit(interrupts.run(_run))


def _run() -> None:
    from mmm.cli.commands import app
    from mmm.cli.output import sentences_alone

    sentences_alone()
    app()


def _leave(number: int, _: object) -> None:
    """What a signal does before anything was begun."""
    how = "Interrupted" if number == signal.SIGINT else f"Ended by signal {number}"
    os.write(2, f"Error: {how}. Nothing was begun.\n".encode())
    os._exit(128 + number)


def __getattr__(name: str) -> "Any":
    if name == "app":
        from mmm.cli.commands import app

        return app
    raise AttributeError(f"module 'mmm.cli' has no attribute '{name}'")
