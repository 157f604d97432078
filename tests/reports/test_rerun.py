"""What a report with another budget on stored fits does, counted: no timing, but what time goes to."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmm.settings import Settings, dump_settings

MODELS = {"members": {"plain": {}, "stiff": {"drift": {"scale": 0.1}}}, "floor": 0.2}
CEILINGS = {
    "samples": 0,
    "convergence": 0,
    "judgements": 0,
    "analyses": 0,
    "tables read": 1,
    "fits read": 3,
    "searches": 3,
}
"""The most calls on these inputs, as counted when they were written: what rises above it is dearer than it was."""


@pytest.fixture(scope="module")
def counted(make_settings: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    plan = {"curve_points": 3, "draws": 100}
    settings = make_settings(settings={"model": {"mixture": MODELS}, "plan": plan, "report": {"formats": ["html"]}})
    config = settings.base / "rerun.yaml"
    config.write_text(dump_settings(settings), encoding="utf-8")
    found = {}
    for budget in ("same", "other"):
        out = tmp_path_factory.mktemp("counted") / "found.json"
        more = ["-p", "plan.total_budget=100000"] if budget == "other" else []
        command = [sys.executable, str(Path(__file__).with_name("counted.py")), str(out), "report", str(config)]
        done = subprocess.run([*command, *more], cwd=settings.base, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found[budget] = json.loads(out.read_text(encoding="utf-8"))
    return found


def test_the_first_report_is_seen_to_work(counted: dict[str, Any]) -> None:
    """Or what is counted below would be nothing because nothing is counted."""
    calls = counted["same"]["calls"]
    assert calls["judgements"] == 1
    assert calls["analyses"] >= 1
    assert calls["searches"] >= 1
    assert calls["convergence"] >= 1


def test_another_budget_costs_no_more_than_it_did(counted: dict[str, Any]) -> None:
    calls = counted["other"]["calls"]
    assert {name: count for name, count in calls.items() if count > CEILINGS[name]} == {}
    assert calls["searches"] >= 1
    assert calls["tables read"] == 1


def test_another_budget_loads_nothing_that_only_a_fit_needs(counted: dict[str, Any]) -> None:
    assert counted["other"]["loaded"] == []
