"""States with points, for tests of alerts; as a script, alerts that are told by processes killed in the middle.

alert_cases.py FOLDER VARIABLE      # one JSON document: how many were killed, and the lines of each file
"""

import datetime as dt
import json
import os
import signal
import sys
import warnings
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from mmm.monitoring.alerts.outbox import deliver, raise_alerts
from mmm.monitoring.alerts.settings import AlertSettings
from mmm.monitoring.alerts.targets import sender
from mmm.monitoring.state import Money, Point, State
from mmm.register.database import open_register
from mmm.register.settings import RegisterSettings

NOW = dt.datetime(2025, 3, 3, 12, tzinfo=dt.UTC)


def state(*points: tuple, plan: str = "demo-1") -> State:
    """A state with points of (kind, severity, size, channel)."""
    nothing = Money(channel="", plan=0, due=0, spent=0, burn=0, end=None, off=None, promised_end=0)
    made = [
        Point(
            kind=kind,
            severity=severity,
            size=size,
            channel=(rest or ("",))[0],
            sentence=f"{kind} of {size}{' ' + rest[0] if rest else ''}",
            advice="do something",
        )
        for kind, severity, size, *rest in points
    ]
    return State(
        analysis="demo", title="Demo", plan=plan, made=NOW, currency="EUR", outcome_unit="EUR",
        first=dt.date(2025, 1, 6), last=dt.date(2025, 4, 6), period="week", periods=13, seen=8, verdict="look",
        total=nothing, channels=(), weeks=(), geos=(), efficiency=(), limits=(), campaigns=(), quarters=(), years=(),
        months=(), surprise=None, points=tuple(made),
        data="d" * 64, fit="f" * 64,
    )  # fmt: skip


def _tell(folder: Path, chosen: RegisterSettings, run: int, now: dt.datetime, last: int) -> None:
    """Raise the alert of a run and send it to two files; killed after ``last`` statements, 0 is never."""
    register, seen = open_register(chosen, folder), [0]

    @sa.event.listens_for(register.engine, "after_cursor_execute")
    def _counted(*_: object) -> None:
        seen[0] += 1
        if seen[0] == last:
            os.kill(os.getpid(), signal.SIGKILL)

    targets = {name: {"kind": "file", "path": f"{run}/{name}"} for name in ("a", "b")}
    settings = AlertSettings.model_validate({"targets": targets})
    raise_alerts(register, state(("pace", "act", 0.1), plan=f"demo-{run}"), settings, now)
    deliver(register, sender(settings, folder, lambda _: None), now)


def _main(folder: Path, variable: str) -> dict[str, object]:
    warnings.simplefilter("ignore", DeprecationWarning)  # forking beside the threads of NumPy, which do nothing here
    chosen, killed = RegisterSettings(address=variable or None), 0
    open_register(chosen, folder)
    for run in range(80):
        now = NOW + dt.timedelta(days=run)
        pid = os.fork()
        if pid == 0:
            _tell(folder, chosen, run, now, run + 1)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        # Whoever comes next does what was left, after the claim.
        _tell(folder, chosen, run, now + dt.timedelta(minutes=10), 0)
        if not os.WIFSIGNALED(status):
            break
        killed += 1
    lines = Counter(
        {str(path.relative_to(folder)): len(path.read_text().splitlines()) for path in folder.glob("[0-9]*/[ab]")}
    )
    return {"killed": killed, "lines": lines}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_main(Path(sys.argv[1]), sys.argv[2])))
