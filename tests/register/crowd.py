"""Many processes at one register, for tests: run as a script, it forks, so that what it imports is imported once.

    crowd.py FOLDER [VARIABLE ...]

Ten processes save, submit and approve at once, and then settle at once; then one process an SQL statement of each act
is killed (SIGKILL) after it (submitting and rejecting go the way of approving). Each has a register of its own: in
FOLDER, or in the databases of the variables, in the order of ``NAMES``. One JSON document is printed.
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
from register_cases import content, settled

from mmm.errors import RegisterError
from mmm.register.acts import Person, act, save
from mmm.register.database import Register, open_register
from mmm.register.ledger import ledger, settle
from mmm.register.queries import find
from mmm.register.settings import RegisterSettings

warnings.simplefilter("ignore", DeprecationWarning)  # forking beside the threads of NumPy, which do nothing here
PROCESSES = 10
WAY = ("submit", "approve", "activate")
BEFORE = {"save": 0, "approve": 1, "activate": 2, "settle": 3}
"""How far a plan is brought on its way before the act."""
NAMES = ("race", *BEFORE)


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
    """All make the tables, save a plan and submit it; then all approve the same one, and all settle it."""

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
    approved = [wait() for wait in approving]
    opened = open_register(settings, folder)
    act(opened, "activate", "demo-1", Person("boss"))
    opened.engine.dispose()
    settling = [child(folder, settings, settle_it(f"boss {i}")) for i in range(PROCESSES)]
    return {"saved": names, "approved": approved, "settled": [wait() for wait in settling]}


def settle_it(name: str) -> Callable[[Register], str]:
    """Settle the first plan, and tell its state."""

    def do(register: Register) -> str:
        settle(register, settled("demo-1"), Person(name))
        return "settled"

    return do


def kill(folder: Path, settings: RegisterSettings, action: str) -> dict[str, list[str]]:
    """Killed after the first, second, ... statement, until one runs to its end; the plan's state after each."""
    register = open_register(settings, folder)
    if action != "save":
        save(register, content(), Person("author"))
    for number, done in enumerate(WAY[: BEFORE[action]]):
        act(register, done, "demo-1", Person("boss" if number else "author"))
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
            if action == "settle":
                return settle_it("boss")(opened)
            return act(opened, action, "demo-1", Person("boss"))[0].state

        ends.append(child(folder, settings, do)())
        with open_register(settings, folder).reading() as connection:
            states.append(_state(connection, action))
        if not ends[-1].startswith("killed"):
            break
    return {"ends": ends, "states": states}


def _state(connection: sa.Connection, action: str) -> str:
    if action == "save":
        return str(connection.execute(sa.text("select count(*) from plans")).scalar())
    kept = f", {len(ledger(connection))} in the ledger" if action == "settle" else ""
    return find(connection, "demo-1").state + kept


def places(folder: Path, variables: list[str]) -> list[tuple[Path, RegisterSettings]]:
    """A register for each of ``NAMES``."""
    if variables:
        return [(folder, RegisterSettings(address=name)) for name in variables]
    return [(folder / name, RegisterSettings()) for name in NAMES]


if __name__ == "__main__":
    first, *others = places(Path(sys.argv[1]), sys.argv[2:])
    made = {"race": race(*first)}
    made |= {action: kill(*place, action) for action, place in zip(BEFORE, others, strict=True)}
    sys.stdout.write(json.dumps(made))
