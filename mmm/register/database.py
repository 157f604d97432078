"""Opening the register: SQLite beside the reports, or the database that an environment variable names."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mmm.databases import address_of, connect_engine, told
from mmm.errors import RegisterError
from mmm.register.settings import RegisterSettings
from mmm.register.tables import head

FILE = "plans.db"
NEWEST = "r0003"
"""The last migration under ``migrations/versions``."""
_KEY = "plan_register.address"
_WAIT = 60.0
"""Seconds that a writer waits for another one."""
_LOCK = 2_026_112_900
"""PostgreSQL's number for the lock that whoever makes the tables holds."""


@dataclass(frozen=True)
class Register:
    """An open register; ``where`` says which to a reader, without any address."""

    engine: sa.Engine = field(repr=False)
    where: str

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction in which nobody else writes; all of it is kept, or nothing.

        Raises RegisterError where the database cannot be reached or refuses.
        """
        with _sentences(self), self.engine.begin() as connection:
            connection.execute(sa.select(head.c.seq).with_for_update())
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent look. Raises RegisterError where the database cannot be reached."""
        with _sentences(self), self.engine.connect() as connection:
            yield connection


@contextmanager
def _sentences(register: Register) -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise RegisterError(
            f"The register {register.where} did not do that ({told(error, register.engine.url)}). Nothing was changed."
        ) from None


def open_register(settings: RegisterSettings, out: Path, *, make: bool = True) -> Register:
    """The register of the settings; ``out`` is the folder of the reports, which the default one lies in.

    Its tables are made, or brought to this version, where they are not. Raises RegisterError where it cannot be opened,
    was made by a later version, or is not there and ``make`` is false.
    """
    if settings.address is not None:
        url = address_of(settings.address, _KEY, RegisterError)
        where = f"in the database of {settings.address}"
    else:
        path = out / FILE
        if not make and not path.is_file():
            raise RegisterError(f"There is no register '{path}'. `mmm plans save CONFIG --by NAME` begins one.")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
        url, where = sa.URL.create("sqlite", database=str(path)), f"'{path}'"
    engine = connect_engine(url, _KEY, RegisterError)
    if engine.dialect.name == "sqlite":
        _serialise(engine)
    register = Register(engine, where)
    with _sentences(register):
        _migrate(register)
    return register


def _serialise(engine: sa.Engine) -> None:
    """SQLite: a transaction takes the right to write when it begins, and waits for it."""

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver's own idea of when a transaction begins is switched off
        connection.execute(f"pragma busy_timeout = {int(_WAIT * 1000)}")
        connection.execute("pragma synchronous = full")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql("begin immediate")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("select version_num from alembic_version")).scalar()
    return None if found is None else str(found)


def _migrate(register: Register) -> None:
    with register.engine.connect() as connection:
        if _revision(connection) == NEWEST:
            return
    from alembic import command
    from alembic.config import Config

    with register.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"select pg_advisory_xact_lock({_LOCK})"))
        found = _revision(connection)  # another process may have done it meanwhile
        if found == NEWEST:
            return
        if found is not None and found > NEWEST:
            raise RegisterError(
                f"The register {register.where} was made by a later version of the workbench ({found}; this one knows "
                f"{NEWEST}). Install that version."
            )
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        command.upgrade(config, NEWEST)
