"""A PostgreSQL of one's own, from Debian's package, for tests: on loopback, as its own user, gone when it is left."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

USER = "marketing_finance"
PASSWORD = "p@ss:w/rd 'f\"ür%41 %25"  # noqa: S105
"""Whatever an address has to escape."""
_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database, autocommit=True
        )

    def new_database(self) -> str:
        """The address of a new, empty database."""
        name = f"plans_of_{next(_numbers)}_{secrets.token_hex(3)}"
        with self.connect() as connection:
            connection.execute(f"create database {name}".encode())
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return None if named is None else Path(named).resolve().parent


@contextmanager
def running() -> Iterator[Server]:
    """Start a server and stop it. Skips where PostgreSQL is not installed, but never in CI."""
    binaries = _binaries()
    if binaries is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed, and CI tests against it: .ci/run installs it.")
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql).")
    # PostgreSQL refuses to run as root: there it gets the user that its package made.
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    # In memory where there is room: a database is a thousand files, and a test has one of its own.
    memory = Path("/dev/shm")  # noqa: S108
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3
    folder = Path(tempfile.mkdtemp(prefix="mmm-postgres-", dir=memory if roomy else None))
    try:
        if who:
            shutil.chown(folder, "postgres", "postgres")
        (folder / "password").write_text(PASSWORD + "\n", encoding="utf-8")
        (folder / "password").chmod(0o644)
        port = free_port()
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TMPDIR": str(folder)}

        def do(*command: str) -> None:
            done = subprocess.run(
                command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False, **who
            )
            assert done.returncode == 0, done.stderr

        data = str(folder / "data")
        do(f"{binaries}/initdb", "-D", data, "-U", USER, "--pwfile", str(folder / "password"), "-A", "scram-sha-256",
           "-E", "UTF8", "--no-sync")  # fmt: skip
        options = f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories='' -c fsync=off"
        do(f"{binaries}/pg_ctl", "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            yield Server(port)
        finally:
            do(f"{binaries}/pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
