"""Many processes at one register, for tests: run as a script, it forks, so that what it imports is imported once.

    crowd.py FOLDER [VARIABLE VARIABLE VARIABLE]

Ten processes save, submit and approve at once; then one process an SQL statement of ``save``, and of ``approve``, is
killed (SIGKILL) after it. Each has a register of its own: in FOLDER, or in the databases of the variables. One JSON
document is printed.
"""

import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import alembic.command
import alembic.config  # noqa: F401
import sqlalchemy as sa
from register_cases import content

from mmm.errors import RegisterError
from mmm.register.acts import Person, act, save
from mmm.register.database import Register, open_register
from mmm.register.queries import find
from mmm.register.settings import RegisterSettings

warnings.simplefilter("ignore", DeprecationWarning)  # forking beside the threads of NumPy, which do nothing here
PROCESSES = 10


def child(folder: Path, settings: RegisterSettings, do: Callable[[Register], object]) -> Callable[[], str]:
    """Start ``do`` in a process; the function returned waits for what it says."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            said = json.dumps(do(open_register(settings, folder)))
        except RegisterError as error:
            said = json.dumps(f"RegisterError: {error}")
        except Exception:  # noqa: BLE001 - the parent tells it
            said = json.dumps(traceback.format_exc())
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)

    def wait() -> str:
        with os.fdopen(read) as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        return f"killed {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else json.loads(said)

    return wait


def race(folder: Path, settings: RegisterSettings) -> dict[str, list[str]]:
    """All make the tables, save a plan and submit it; then all approve the same one."""

    def mine(name: str) -> Callable[[Register], str]:
        def do(register: Register) -> str:
            plan = save(register, content(), Person(name))
            act(register, "submit", plan, Person(name))
            return plan

        return do

    def approve(name: str) -> Callable[[Register], str]:
        return lambda register: act(register, "approve", "demo-1", Person(name))[0].state

    saved = [child(folder, settings, mine(f"author {i}")) for i in range(PROCESSES)]
    names = [wait() for wait in saved]
    approving = [child(folder, settings, approve(f"boss {i}")) for i in range(PROCESSES)]
    return {"saved": names, "approved": [wait() for wait in approving]}


def kill(folder: Path, settings: RegisterSettings, action: str) -> dict[str, list[str]]:
    """Killed after the first, second, ... statement, until one runs to its end; the plan's state after each."""
    register = open_register(settings, folder)
    if action != "save":
        save(register, content(), Person("author"))
        act(register, "submit", "demo-1", Person("author"))
    register.engine.dispose()
    ends, states = [], []
    for statement in range(1, 60):

        def do(opened: Register, last: int = statement) -> str:
            seen = [0]

            @sa.event.listens_for(opened.engine, "after_cursor_execute")
            def _counted(*_: object) -> None:
                seen[0] += 1
                if seen[0] == last:
                    os.kill(os.getpid(), signal.SIGKILL)

            if action == "save":
                return save(opened, content(), Person("author"))
            return act(opened, action, "demo-1", Person("boss"))[0].state

        ends.append(child(folder, settings, do)())
        with open_register(settings, folder).reading() as connection:
            states.append(_state(connection, action))
        if not ends[-1].startswith("killed"):
            break
    return {"ends": ends, "states": states}


def _state(connection: sa.Connection, action: str) -> str:
    if action != "save":
        return find(connection, "demo-1").state
    return str(connection.execute(sa.text("select count(*) from plans")).scalar())


def places(folder: Path, variables: list[str]) -> list[tuple[Path, RegisterSettings]]:
    """Three registers."""
    if variables:
        return [(folder, RegisterSettings(address=name)) for name in variables]
    return [(folder / name, RegisterSettings()) for name in ("race", "save", "approve")]


if __name__ == "__main__":
    first, second, third = places(Path(sys.argv[1]), sys.argv[2:])
    made = {"race": race(*first), "save": kill(*second, "save"), "approve": kill(*third, "approve")}
    sys.stdout.write(json.dumps(made))
