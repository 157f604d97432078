"""Registers on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest

from mmm.register.database import Register, open_register
from mmm.register.settings import RegisterSettings

VARIABLE = "MMM_TEST_REGISTER"


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    with postgres.running() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> RegisterSettings:
    """Settings of an empty register, in each kind of database."""
    if request.param == "sqlite":
        return RegisterSettings()
    monkeypatch.setenv(VARIABLE, request.getfixturevalue("server").new_database())
    return RegisterSettings(address=VARIABLE)


@pytest.fixture
def register(settings: RegisterSettings, tmp_path: Path) -> Iterator[Register]:
    found = open_register(settings, tmp_path)
    yield found
    found.engine.dispose()
