"""Acts on plans, who may do them, and what is seen of changes behind the register's back; on SQLite and PostgreSQL."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from crowd import NAMES, places
from register_cases import content, settled

from mmm.errors import RegisterError, SettingsError
from mmm.register.acts import Person, act, save
from mmm.register.audit import Head, entry_hash, head_of, verify
from mmm.register.database import NEWEST, Register, open_register
from mmm.register.ledger import ledger
from mmm.register.queries import Search, active_plan, find, listed, plan_on
from mmm.register.settings import RegisterSettings
from mmm.register.tables import audit, head, metadata, plans

ANNA, BOSS = Person("Anna"), Person("Boss", "looks good; drop table plans; -- <b>'\"&\u202e")
HERE = Path(__file__).parent


def approved(register: Register, **changes: object) -> str:
    plan = save(register, content(**changes), ANNA)
    act(register, "submit", plan, ANNA)
    act(register, "approve", plan, BOSS)
    return plan


def problems(register: Register, *told: Head) -> list[str]:
    with register.reading() as connection:
        return verify(connection, [("The report r", one) for one in told])


def current_head(register: Register) -> Head:
    with register.reading() as connection:
        return head_of(connection)


@contextmanager
def behind_its_back(register: Register) -> Iterator[sa.Connection]:
    """A transaction of somebody who owns the database, and so can drop its triggers."""
    with register.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("drop trigger if exists audit_no_update")
            connection.exec_driver_sql("drop trigger if exists audit_no_delete")
        else:
            connection.exec_driver_sql("drop trigger if exists audit_no_change on audit")
        yield connection


# Acts


def test_a_plan_goes_its_way_and_the_next_takes_its_place(register: Register) -> None:
    first = approved(register)
    assert act(register, "activate", first, BOSS)[0].state == "active"
    second = approved(register)
    now, before = act(register, "activate", second, BOSS)
    assert (first, second) == ("demo-1", "demo-2")
    assert (now.state, before.id, before.state) == ("active", first, "superseded")
    assert [step.action for step in before.history] == ["save", "submit", "approve", "activate", "supersede"]
    with register.reading() as connection:
        found = active_plan(connection, "demo")
        assert found is not None
        assert found.id == second
        assert [row.id for row in listed(connection, Search()).rows] == [second, first]
        assert find(connection, first).content == content()
        step = found.last("approve")
    assert step is not None
    assert (step.by, step.note) == (BOSS.name, BOSS.note)
    assert problems(register) == []
    assert current_head(register).seq == 9


def test_an_act_in_the_wrong_state_says_who_was_there_before(register: Register) -> None:
    plan = approved(register)
    before = current_head(register)
    with pytest.raises(
        RegisterError, match=rf"Plan {plan} is approved already \(by Boss on 20.* UTC\).*Nothing was done"
    ):
        act(register, "approve", plan, Person("Carla"))
    with pytest.raises(RegisterError, match=f"Plan {plan} is approved .*to submit it, it must be draft"):
        act(register, "submit", plan, ANNA)
    with pytest.raises(RegisterError, match=r"There is no plan 'demo-9' in the register. It holds demo-1"):
        act(register, "submit", "demo-9", ANNA)
    assert current_head(register) == before


@pytest.mark.parametrize("name", ["Anna", " anna ", "ANNA"])
def test_nobody_approves_their_own_plan(register: Register, name: str) -> None:
    plan = save(register, content(), ANNA)
    act(register, "submit", plan, Person("Ben"))
    for own in (name, "ben"):
        with pytest.raises(RegisterError, match="nobody approves their own plan"):
            act(register, "approve", plan, Person(own))
    assert act(register, "approve", plan, BOSS)[0].state == "approved"


def test_approvers_have_limits_of_their_own(tmp_path: Path) -> None:
    register = open_register(RegisterSettings(), tmp_path)
    rules = {"approvers": {"Lead": {"up_to": 2000}, "Head": {"change": 0.1}, "Boss": {}}}
    plan = save(register, content(rules), ANNA)
    act(register, "submit", plan, ANNA)
    # 13 weeks of 160 are 2,080; tv +20, search -10, brand -10 a week of 160 move 12.5%.
    for name, words in (
        ("Lead", r"Lead approves up to 2,000, and it spends 2,080 EUR"),
        ("Head", r"Head approves changes up to 10.0% of today's money, and it moves 12.5%"),
        ("Carla", r"Carla is none of plan_register.approvers \(Lead, Head, Boss\)"),
    ):
        with pytest.raises(RegisterError, match=words):
            act(register, "approve", plan, Person(name))
    assert act(register, "approve", plan, BOSS)[0].state == "approved"


def test_a_plan_that_breaks_a_limit_cannot_be_approved(tmp_path: Path) -> None:
    register = open_register(RegisterSettings(), tmp_path)
    rules = {
        "limits": [
            {"name": "brand never under 150", "channels": ["brand"], "at_least": 150},
            {"name": "tv", "channels": ["tv"], "per": "week", "at_most": 100},
        ]
    }
    plan = save(register, content(rules), ANNA)
    act(register, "submit", plan, ANNA)
    with pytest.raises(
        RegisterError, match="'brand never under 150': brand spend 130 in the horizon, less than 150"
    ) as told:
        act(register, "approve", plan, BOSS)
    assert "tv" not in str(told.value)
    with register.reading() as connection:
        assert find(connection, plan).state == "submitted"


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb", "\x1b[31m"])
def test_who_acts_has_a_name(name: str) -> None:
    with pytest.raises(SettingsError, match="--by"):
        Person(name)


def test_names_are_text_wherever_they_stand(register: Register) -> None:
    nasty = "'; drop table plans; --"
    markup = '<script>alert(1)</script>&"'
    plan = save(register, content(channels=(nasty, markup, "$(id)"), title=markup), Person(nasty, nasty))
    act(register, "submit", plan, Person(markup, "\0".replace("\0", "\\0") + nasty))
    with register.reading() as connection:
        entry = find(connection, plan)
    assert entry.content.channels == (nasty, markup, "$(id)")
    assert [(step.by, step.note[-5:]) for step in entry.history] == [(nasty, "s; --"), (markup, "s; --")]
    assert problems(register) == []


# The log


@pytest.mark.parametrize("column", ["at", "by", "account", "action", "digest", "before", "note", "previous", "hash"])
def test_a_changed_entry_is_found(tmp_path: Path, column: str) -> None:
    register = open_register(RegisterSettings(), tmp_path)
    approved(register)
    with behind_its_back(register) as connection:
        connection.execute(sa.update(audit).where(audit.c.seq == 2).values({column: "b" * 8}))
    assert any("Entry 2 of the log" in text for text in problems(register))


def test_the_database_refuses_to_change_the_log(register: Register) -> None:
    approved(register)
    for statement in (sa.update(audit).values(note="x"), sa.delete(audit)):
        with pytest.raises(RegisterError, match="append-only"), register.writing() as connection:
            connection.execute(statement)
    assert problems(register) == []


def test_removed_entries_are_found(register: Register) -> None:
    approved(register)
    told = current_head(register)
    with behind_its_back(register) as connection:
        connection.execute(sa.delete(audit).where(audit.c.seq == 2))
    assert any("Between entries 1 and 3 of the log 1 are missing" in text for text in problems(register, told))


def test_an_entry_removed_at_the_end_is_found_by_the_head_that_a_report_told(register: Register) -> None:
    plan = approved(register)
    told = current_head(register)
    with behind_its_back(register) as connection:
        connection.execute(sa.delete(audit).where(audit.c.seq == told.seq))
    assert any("its head says 3: entries at its end are missing" in text for text in problems(register))
    # Who also sets the head and the plan back is seen by the report alone.
    with behind_its_back(register) as connection:
        last = connection.execute(sa.select(audit.c.hash).where(audit.c.seq == 2)).scalar_one()
        connection.execute(sa.update(head).values(seq=2, hash=last))
        connection.execute(sa.update(plans).where(plans.c.id == plan).values(state="submitted"))
    assert problems(register) == []
    assert problems(register, told) == [
        "The report r was made when the log had 3 entries; it has 2 now: some were removed."
    ]


def test_a_log_written_anew_is_found_by_the_head_that_a_report_told(tmp_path: Path) -> None:
    register = open_register(RegisterSettings(), tmp_path)
    approved(register)
    told = current_head(register)
    with behind_its_back(register) as connection:
        row = dict(connection.execute(sa.select(audit).where(audit.c.seq == 3)).mappings().one())
        row["by"] = "Somebody else"
        row["hash"] = entry_hash(row)
        connection.execute(sa.update(audit).where(audit.c.seq == 3).values(**row))
        connection.execute(sa.update(head).values(hash=row["hash"]))
    assert problems(register) == []
    assert problems(register, told) == ["The report r knows another entry 3 of the log: it was rewritten since."]


def test_one_byte_changed_in_the_file_is_found(tmp_path: Path) -> None:
    register = open_register(RegisterSettings(), tmp_path)
    approved(register)
    register.engine.dispose()
    file = tmp_path / "plans.db"
    content_of_file = file.read_bytes()
    for told in (b"looks good", b'"currency": "EUR"', b"submittedapprovedlooks"):
        place = content_of_file.index(told) if told in content_of_file else content_of_file.index(b"approvedlooks")
        file.write_bytes(content_of_file[:place] + b"X" + content_of_file[place + 1 :])
        assert problems(open_register(RegisterSettings(), tmp_path)), told


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (sa.update(plans).values(state="active"), "Plan demo-1 is active, but the log says approved"),
        (sa.update(plans).values(content="{}"), "The content of plan demo-1 was changed"),
        (sa.delete(plans), "Plan demo-1 is in the log and no longer in the register"),
    ],
)
def test_plans_changed_without_an_act_are_found(tmp_path: Path, statement: sa.Update | sa.Delete, words: str) -> None:
    register = open_register(RegisterSettings(), tmp_path)
    approved(register)
    with behind_its_back(register) as connection:
        connection.execute(statement)
    assert any(words in text for text in problems(register))


# Many at once, and killed


@dataclass(frozen=True)
class Crowd:
    """What happened, and the registers that it happened to: of the race, and of every act that was killed."""

    said: dict[str, dict[str, list[str]]]
    registers: dict[str, Register]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crowd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    folder, variables = tmp_path_factory.mktemp("crowd"), []
    if request.param == "postgresql":
        server = request.getfixturevalue("server")
        variables = [f"MMM_TEST_CROWD_{i}" for i in range(len(NAMES))]
        os.environ.update({name: server.new_database() for name in variables})
    done = subprocess.run(
        [sys.executable, HERE / "crowd.py", folder, *variables],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    opened = [open_register(settings, place) for place, settings in places(folder, variables)]
    for name in variables:
        del os.environ[name]
    return Crowd(json.loads(done.stdout), dict(zip(NAMES, opened, strict=True)))


def test_ten_processes_save_submit_approve_and_settle_at_once(crowd: Crowd) -> None:
    found, register = crowd.said["race"], crowd.registers["race"]
    assert sorted(found["saved"]) == sorted(f"demo-{i}" for i in range(1, 11))
    for state in ("approved", "settled"):
        winners = [text for text in found[state] if text == state]
        others = [text for text in found[state] if text != state]
        assert len(winners) == 1
        assert all(f"RegisterError: Plan demo-1 is {state} already (by boss" in text for text in others), others
    assert current_head(register).seq == 23
    assert problems(register) == []
    with register.reading() as connection:
        assert ledger(connection) == [settled("demo-1")]


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("save", "0", "1"),
        ("approve", "submitted", "approved"),
        ("activate", "approved", "active"),
        ("settle", "active, 0 in the ledger", "settled, 1 in the ledger"),
    ],
)
def test_killed_after_any_statement_nothing_is_half_done(crowd: Crowd, action: str, before: str, after: str) -> None:
    found = crowd.said[action]
    assert len(found["ends"]) > 5
    assert all(end == "killed 9" for end in found["ends"][:-1]), found["ends"]
    assert found["states"] == [before] * (len(found["states"]) - 1) + [after]
    assert problems(crowd.registers[action]) == []


# Looking into it


def test_a_search_reads_no_more_than_it_lists(register: Register) -> None:
    """Of 30 plans the newest are listed; one that cannot be read is in the way of nothing that does not need it."""
    names = [save(register, content(analysis=("demo", "other")[i % 2]), ANNA) for i in range(30)]
    act(register, "submit", names[4], ANNA)
    with behind_its_back(register) as connection:
        connection.execute(sa.update(plans).where(plans.c.id == names[0]).values(content="{}"))
    with register.reading() as connection:
        found = listed(connection, Search(most=7))
        assert ([row.id for row in found.rows], found.more) == (names[:-8:-1], 23)
        assert [row.id for row in listed(connection, Search("demo", most=3)).rows] == ["demo-15", "demo-14", "demo-13"]
        assert [row.id for row in listed(connection, Search(state="submitted")).rows] == ["demo-3"]
        assert (listed(connection, Search("nobody")).rows, listed(connection, Search("nobody")).more) == ([], 0)
        with pytest.raises(RegisterError, match="Plan demo-1 cannot be read"):
            listed(connection, Search())
        with pytest.raises(RegisterError, match=r"It holds other-15, demo-15, .* and others"):
            find(connection, "demo-99")


def test_the_plan_on_a_horizon_is_the_one_furthest_on_its_way(register: Register) -> None:
    first, later = dt.date(2025, 1, 6), dt.date(2025, 1, 13)
    draft = save(register, content(), ANNA)
    rejected = save(register, content(first=later), ANNA)
    act(register, "submit", rejected, ANNA)
    act(register, "reject", rejected, BOSS)
    with register.reading() as connection:
        # The later day lies in the draft's horizon too, and begins only the other's.
        for day, plan in ((first, draft), (later, rejected)):
            found = plan_on(connection, "demo", day)
            assert found is not None
            assert found.id == plan
        assert plan_on(connection, "demo", dt.date(2025, 1, 20)) is None
    act(register, "activate", approved(register), BOSS)
    with register.reading() as connection:
        found = plan_on(connection, "demo", first)
    assert found is not None
    assert (found.id, found.state) == ("demo-3", "active")


# The database


def test_migrations_make_the_tables_that_the_code_knows(register: Register) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with register.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_register_of_a_later_version_is_left_alone(
    register: Register, settings: RegisterSettings, tmp_path: Path
) -> None:
    with register.engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = 'r9999'"))
    with pytest.raises(
        RegisterError, match=f"made by a later version of the workbench .r9999; this one knows {NEWEST}"
    ):
        open_register(settings, tmp_path)


def test_no_register_is_begun_by_looking(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="There is no register"):
        open_register(RegisterSettings(), tmp_path, make=False)
    assert not list(tmp_path.iterdir())
