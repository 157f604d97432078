"""What docs/extending.md writes as one file each is put where it says, and found by fits, gate, plan and report."""

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmm.assessment.gate import CHECKS
from mmm.errors import PlanError, SettingsError
from mmm.model.terms import TERMS
from mmm.planning.constraints import CONSTRAINTS
from mmm.planning.planner import plan
from mmm.records import Records
from mmm.reporting.chapters.own import CHAPTERS
from mmm.reporting.files.export import EXPORTS, write_outputs
from mmm.reporting.runs.story import Story
from mmm.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
TERM = """import numpy as np

from mmm.extend import Term


def launch(here):
    design = (here.dates.year > 2022).astype(float)[:, None]
    return Term("launch", "launch_step", ("after",), design, np.zeros(1), np.ones(1))


RECORD = launch
"""


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page's files, each in its folder; a folder beside the package's own, so that nothing is left behind."""
    texts = dict(re.findall(r"```python\n# (mmm/\S+)\n(.*?)```", PAGE, re.DOTALL))
    texts["mmm/model/further/launch.py"] = TERM
    with pytest.MonkeyPatch.context() as patch:
        for place, text in texts.items():
            folder = tmp_path_factory.mktemp("further")
            (folder / Path(place).name).write_text(text, encoding="utf-8")
            package = importlib.import_module(str(Path(place).parent).replace("/", "."))
            patch.setattr(package, "__path__", [*package.__path__, str(folder)])
        for known in (CHECKS, TERMS, CONSTRAINTS, CHAPTERS, EXPORTS):
            patch.setattr(known, "_made", None)
        yield texts


@pytest.fixture(scope="module")
def told(placed: Any, make_settings: Callable[..., Settings], make_story: Callable[..., Story]) -> Story:
    asked = {"no_more_than": {"less": "search", "more": "display"}}
    return make_story(settings={"plan": {"curve_points": 3, "draws": 200, "further": asked}})


def test_the_page_has_one_of_each(placed: dict[str, str]) -> None:
    folders = [str(Path(place).parent) for place in placed]
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    written = set(re.findall(r"`(mmm/\S+/further)/NAME.py`", table))
    assert written == set(folders)
    assert all((ROOT / folder / "__init__.py").is_file() for folder in folders)


def test_the_gate_asks_the_check(told: Story) -> None:
    found = [check for check in told.found.judged.gate.checks if check.name == "two_years"]
    assert [check.status for check in found] == ["warn"]
    assert "Less than two years of data" in told.belief().chapter.html


def test_the_plan_keeps_the_constraint_and_says_so(told: Story) -> None:
    spend = told.plan.allocation["spend"]
    assert spend["search"] <= spend["display"] * (1 + 1e-6)
    said = [str(statement) for statement in told.plan.constraints]
    assert "search gets at most what display gets" in said
    free = plan(told.found.fit, told.settings.plan, further={})
    assert free.allocation["spend"]["search"] > free.allocation["spend"]["display"]
    assert told.plan.certificate.kind == free.certificate.kind
    again = Settings.model_validate(told.settings.model_dump(mode="json"))
    assert again.plan == told.settings.plan


def test_a_wrong_constraint_is_told(told: Story) -> None:
    with pytest.raises(SettingsError, match=r"'no_more_then' is no constraint .* Did you mean 'no_more_than'"):
        plan(told.found.fit, told.settings.plan, further={"no_more_then": {}})
    with pytest.raises(SettingsError, match="further"):
        plan(told.found.fit, told.settings.plan, further={"no_more_than": {"less": "display"}})
    with pytest.raises(PlanError, match=r"names the channel 'serch', .*search"):
        plan(told.found.fit, told.settings.plan, further={"no_more_than": {"less": "display", "more": "serch"}})


def test_the_report_shows_the_chapter_and_writes_the_file(told: Story, tmp_path: Path) -> None:
    (shown,) = told.further()
    assert shown.chapter.question == "What lasts?"
    assert "Search: " in shown.chapter.html
    write_outputs(told.material, tmp_path)
    moves = json.loads((tmp_path / "moves.json").read_text(encoding="utf-8"))
    assert moves["search"][1] == pytest.approx(told.plan.allocation["spend"]["search"])


def test_settings_may_name_the_term(placed: Any) -> None:
    assert "launch" in list(TERMS)


def test_what_is_not_there_and_what_is_there_twice_are_errors() -> None:
    mine: Records[int] = Records("thing", "mmm.model.further")
    with pytest.raises(SettingsError, match="'a' is no thing that was registered"):
        mine["a"]
    mine.add("a", 1)
    assert mine["a"] == 1
    with pytest.raises(SettingsError, match="'a' is registered already"):
        mine.add("a", 2)
