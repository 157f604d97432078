"""What a report tells of the register is an input of it: another state, or another record, is another report."""

import datetime as dt
from pathlib import Path

from register_cases import content, settled
from test_ledger import ANNA, BOSS, active

from mmm.register.acts import Person, act, save
from mmm.register.database import open_register
from mmm.register.ledger import settle
from mmm.register.settings import RegisterSettings
from mmm.register.standing import Standing, standing

SETTINGS = RegisterSettings()


def told(folder: Path, analysis: str = "demo") -> Standing:
    found = standing(SETTINGS, folder, analysis, dt.date(2025, 1, 6))
    assert found is not None
    return found


def test_what_a_report_tells_changes_with_the_plan_and_not_with_the_head(tmp_path: Path) -> None:
    assert standing(SETTINGS, tmp_path, "demo", dt.date(2025, 1, 6)) is None
    register = open_register(SETTINGS, tmp_path)
    plan = save(register, content(), ANNA)
    seen = [told(tmp_path).facts]
    for action, who in (("submit", ANNA), ("approve", BOSS), ("activate", BOSS)):
        act(register, action, plan, who)
        seen.append(told(tmp_path).facts)
    settle(register, settled(plan), BOSS)
    seen.append(told(tmp_path).facts)
    assert all(one != other for i, one in enumerate(seen) for other in seen[i + 1 :])
    assert seen[-1]["records"][0]["plans"] == 1
    before = told(tmp_path)
    save(register, content(analysis="other"), Person("Carl"))
    after = told(tmp_path)
    assert after.head != before.head
    assert after.facts == before.facts
    register.engine.dispose()


def test_a_record_is_of_one_analysis(tmp_path: Path) -> None:
    register = open_register(SETTINGS, tmp_path)
    settle(register, settled(active(register)), BOSS)
    assert len(told(tmp_path).records) == 1
    assert told(tmp_path, "other").records == ()
    register.engine.dispose()
