"""Databases that a setting names by an environment variable: their address is told to nobody.

The settings hold the *name* of the variable; the address, which may hold a password, is read from the environment when
the database is opened. No message, manifest or log has it: what a driver says is repeated without any part of it, and
without the driver's own traceback. This module imports nothing of the package but the errors.
"""

import os
import re
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, quote_plus

from pydantic import StringConstraints

from mmm.errors import MMMError

if TYPE_CHECKING:  # a fifth of a second that only those wait for who have a database
    import sqlalchemy as sa

Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
"""Name of an environment variable."""
HIDDEN = "[hidden]"
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}
"""What an address without a driver means here, as pyproject.toml's extras install them."""
_EXTRAS = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
_SHORTEST = 3
"""Shorter parts of an address (a host called ``db``) are hidden as whole words only."""


def address_of(variable: str, key: str, error: type[MMMError]) -> "sa.URL":
    """The address in the environment variable that the setting ``key`` names. Raises ``error`` where there is none."""
    import sqlalchemy as sa

    text = os.environ.get(variable, "").strip()
    if not text:
        raise error(f"{key}: the environment variable {variable} is not set. Put the database's address into it.")
    try:
        url = sa.make_url(text)
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    except (sa.exc.ArgumentError, ValueError):
        raise error(
            f"{key}: the environment variable {variable} holds no address of a database. Write it as "
            "postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE."
        ) from None


def connect_engine(url: "sa.URL", key: str, error: type[MMMError]) -> "sa.Engine":
    """An engine that has not connected yet. Raises ``error`` where the driver is not installed."""
    import sqlalchemy as sa

    kind = url.get_backend_name()
    try:
        # Parameters of statements are data: they stay out of messages. A connection is closed when it was used.
        return sa.create_engine(url, hide_parameters=True, poolclass=sa.NullPool)
    except (ImportError, sa.exc.NoSuchModuleError):
        extra = _EXTRAS.get(kind)
        advice = f"pip install 'mmm-workbench[{extra}]'" if extra else "install SQLAlchemy's driver for it"
        raise error(f"{key}: the driver for {kind} is not installed. To get it: {advice}.") from None


def told(problem: BaseException, url: "sa.URL") -> str:
    """The first line of what a driver said, without any part of the address."""
    said = str(getattr(problem, "orig", None) or problem).strip().splitlines()
    return without_address(said[0] if said else type(problem).__name__, url)


def without_address(text: str, url: "sa.URL") -> str:
    """``text`` with every part of the address replaced by ``[hidden]``."""
    parts = [url.render_as_string(hide_password=False), url.password, url.username, url.host, url.database]
    parts += [value for item in url.query.values() for value in ((item,) if isinstance(item, str) else item)]
    forms = {form for part in parts if part for form in (str(part), quote(str(part)), quote_plus(str(part)))}
    for form in sorted(forms, key=len, reverse=True):
        whole = len(form) < _SHORTEST
        text = re.sub(rf"\b{re.escape(form)}\b" if whole else re.escape(form), HIDDEN, text)
    return re.sub(r'(port "?)\d+', rf"\1{HIDDEN}", text)
