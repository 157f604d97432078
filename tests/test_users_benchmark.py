"""What `make bench-users` makes of its runs."""

import json
from pathlib import Path

import pytest
import users


def test_rounds_of_both_builds_are_compared_in_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "WORK", tmp_path)
    (tmp_path / "rerun").mkdir()
    for name, cpu in {"fa49506-0": 40.0, "here-0": 10.0, "fa49506-1": 60.0, "here-1": 20.0, "fa49506-2": 1.0}.items():
        (tmp_path / "rerun" / f"{name}.json").write_text(json.dumps({"cpu": cpu}), encoding="utf-8")
    rounds = users.runs_of("rerun")
    assert users.compared(rounds, "cpu") == {
        "fa49506": [50.0, 40.0, 60.0],
        "here": [15.0, 10.0, 20.0],
        "ratio": [3.5, 3.0, 4.0],
    }


def test_more_effective_draws_are_better() -> None:
    rounds = [{"fa49506": {"yield": 7.5}, "here": {"yield": 30.0}}]
    assert users.compared(rounds, "yield")["ratio"] == [4.0, 4.0, 4.0]
