"""What plans brought: kept with the log, found when changed, and a track record that follows from it."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from register_cases import content, gain, settled

from mmm.errors import RegisterError
from mmm.register.acts import Person, act, save
from mmm.register.audit import verify
from mmm.register.database import Register
from mmm.register.ledger import counted, kept_share, ledger, record_of, scaled, settle
from mmm.register.tables import settlements

ANNA, BOSS = Person("Anna"), Person("Boss")


def active(register: Register) -> str:
    plan = save(register, content(), ANNA)
    act(register, "submit", plan, ANNA)
    act(register, "approve", plan, BOSS)
    act(register, "activate", plan, BOSS)
    return plan


def test_a_plan_is_settled_once_with_its_log_entry(register: Register) -> None:
    plan = active(register)
    with pytest.raises(RegisterError, match="There is no plan 'demo-9'"):
        settle(register, settled("demo-9"), BOSS)
    settle(register, settled(plan), Person("Boss", "the quarter is over"))
    with pytest.raises(RegisterError, match="is settled already"):
        settle(register, settled(plan), BOSS)
    with register.reading() as connection:
        assert ledger(connection, "demo") == [settled(plan)]
        assert ledger(connection, "other") == []
        assert verify(connection) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (sa.update(settlements).values(content=sa.func.replace(settlements.c.content, "2080", "2081")), "was changed"),
        (sa.update(settlements).values(digest="0" * 64), "was changed"),
        (sa.delete(settlements), "is in the log and no longer in the ledger"),
        (sa.update(settlements).values(plan="demo-7"), "is in the ledger and not in the log"),
    ],
)
def test_a_changed_ledger_is_found(register: Register, change: Any, found: str) -> None:
    settle(register, settled(active(register)), BOSS)
    with register.engine.begin() as connection:
        connection.execute(change)
    with register.reading() as connection:
        assert any(found in problem for problem in verify(connection))
        if found == "was changed":
            with pytest.raises(RegisterError, match="cannot be read"):
                ledger(connection)


def test_the_record_follows_from_the_plans() -> None:
    known = [settled("a-1", 50, 40), settled("a-2", 60, 60), settled("a-3", 100, 20)]
    found = record_of(known, "outcome", "EUR")
    assert found is not None
    assert (found.plans, found.held, found.promised) == (3, 2, pytest.approx(70))
    assert found.over.mean == pytest.approx(30)
    assert found.won.mean == pytest.approx(120)
    # Independent plans: the sum's spread is that of one times the root of three.
    one = gain(0).upper - gain(0).lower
    assert (found.won.upper - found.won.lower) / one == pytest.approx(np.sqrt(3), rel=0.1)
    assert record_of(known, "profit", "EUR") is None


def test_of_plans_that_correct_one_another_the_last_counts() -> None:
    """Two corrections of one plan, the second after the first: three settlements of the same weeks count once."""
    chain = [
        settled("a-9", 50, 40),
        settled("a-11", 60, 30, chain=("a-9", "a-10")),
        settled("a-10", 55, 35, chain=("a-9",)),
        settled("a-12", 70, 20, first=dt.date(2025, 4, 7)),
    ]
    assert [one.plan for one in counted(chain)] == ["a-11", "a-12"]
    found = record_of(chain, "outcome", "EUR")
    assert found is not None
    assert (found.plans, found.promised, found.won.mean) == (2, pytest.approx(65), pytest.approx(50))
    # Two that correct the same one: the later saved.
    assert [one.plan for one in counted([chain[2], settled("a-2", 1, 1, chain=("a-9",))])] == ["a-10"]
    # The same numbers in another analysis are other plans.
    other = chain[0].model_copy(update={"analysis": "b"})
    assert counted([chain[1], other]) == [chain[1], other]


def test_promises_are_scaled_from_three_plans_on_and_never_up() -> None:
    half = [settled(f"a-{i}", 50, 25) for i in range(3)]
    two, three = record_of(half[:2], "outcome", "EUR"), record_of(half, "outcome", "EUR")
    assert two is not None
    assert three is not None
    assert two.factor == 1.0
    assert 0.5 < three.factor < 0.6
    good = record_of([settled(f"a-{i}", 50, 90) for i in range(3)], "outcome", "EUR")
    assert good is not None
    assert good.kept.mean > 1
    assert good.factor == 1.0
    told = scaled(gain(50), three.factor)
    assert told.mean == pytest.approx(50 * three.factor)
    assert told.draws[7] == pytest.approx(gain(50).draws[7] * three.factor)


def test_the_share_kept_is_a_posterior() -> None:
    # Against a grid: prior normal(1, 0.5), two normal likelihoods.
    promised, brought, variance = np.array([50.0, 20.0]), np.array([30.0, 25.0]), np.array([200.0, 90.0])
    k = np.linspace(-3, 5, 200_001)
    log = -((k - 1) ** 2) / (2 * 0.25)
    for p, s, v in zip(promised, brought, variance, strict=True):
        log -= (s - k * p) ** 2 / (2 * v)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean = float((weight * k).sum())
    sd = float(np.sqrt((weight * (k - mean) ** 2).sum()))
    assert kept_share(promised, brought, variance) == pytest.approx((mean, sd), rel=1e-4)
    # Where nothing is certain, nothing is learned.
    assert kept_share(promised, brought, variance * 1e9)[0] == pytest.approx(1.0, abs=1e-5)


def test_a_register_of_before_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from mmm.register import database
    from mmm.register.settings import RegisterSettings

    engine = sa.create_engine(f"sqlite:///{tmp_path / 'plans.db'}")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
        command.upgrade(config, "r0002")
    engine.dispose()
    register = database.open_register(RegisterSettings(), tmp_path)
    settle(register, settled(active(register)), BOSS)
    with register.reading() as connection:
        assert len(ledger(connection)) == 1
    register.engine.dispose()
