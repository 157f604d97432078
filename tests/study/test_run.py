"""The study from end to end in a tiny world: run, kept, scored, written; failures recorded."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from seeds import seeded

from mmm.execution import Here
from mmm.study import run as study
from mmm.study.methods import KEEP, LAST_TOUCH, OURS, YARDSTICK, MethodSettings, last_touch, scaled_into
from mmm.study.page import write_pages
from mmm.study.peers import PEERS, PeerError, PeerSettings, ask

QUIET = Console(quiet=True)


@pytest.fixture
def settings(tmp_path: Path) -> MethodSettings:
    sampler = seeded(draws=60, tune=100, chains=2, store=str(tmp_path / "fits"))
    return MethodSettings(sampler=sampler, peers=PeerSettings(root=tmp_path / "peers", scripts=tmp_path, limit=20))


def stand_in(root: Path, peer: str, script: str) -> None:
    """An interpreter of a peer that does something else."""
    python = PEERS[peer].python(root)
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)


def test_a_world_is_run_once_scored_and_written(entry, settings, tmp_path, monkeypatch) -> None:
    stand_in(settings.peers.root, "Meridian", "echo no memory left; exit 3")
    todo = study.cells([entry], (OURS, KEEP, LAST_TOUCH, "Meridian"), settings, tmp_path / "work")
    records = study.run(todo, Here(), QUIET)
    errors = {r["method"]: r["error"] for r in records}
    assert errors.pop("Meridian") == "PeerError: meridian ended with 3: no memory left"
    assert set(errors.values()) == {None}

    def never(*_: object) -> None:
        raise AssertionError("A kept result was made again.")

    monkeypatch.setattr(study, "method", never)
    assert study.run(todo, Here(), QUIET) == records
    rows = {r["method"]: r for r in study.scores(todo)}
    assert study.run(todo, Here(), QUIET, again=True)[-1]["error"].startswith("AssertionError")
    assert rows[KEEP]["decision"]["realised"] == 0.0
    assert rows[LAST_TOUCH]["roas"]["hit"] == [None, None]
    ours = rows[OURS]
    assert ours["decision"]["oracle"] > 0
    assert ours["decision"]["realised"] <= ours["decision"]["oracle"] + 1e-9
    assert ours["forecast"]["crps"] < 0.2
    assert ours["srmse"] < 3.0
    assert any(w.startswith("ess_bulk") for w in ours["warnings"])

    page, numbers, *pictures = write_pages(list(rows.values()), tmp_path / "out")
    text = page.read_text()
    assert "tiny, Meridian: PeerError: meridian ended with 3" in text
    assert {p.stem for p in pictures} == {
        "decisions_intervals",
        "decisions_plans",
        "decisions_worlds",
        "decisions_warnings",
        "decisions_forecasts",
    }
    assert len(json.loads(numbers.read_text())) == 4


def test_a_changed_setting_is_a_new_result(entry, settings, tmp_path) -> None:
    world = entry.make()
    (cell,) = study.cells([entry], (OURS,), settings, tmp_path)
    other = MethodSettings(sampler=settings.sampler.model_copy(update={"draws": 61}))
    (changed,) = study.cells([entry], (OURS,), other, tmp_path)
    assert study.key_of(cell, world) != study.key_of(changed, world)
    (kept,) = study.cells([entry], (KEEP,), settings, tmp_path)
    assert study.key_of(kept, world) == study.key_of(study.cells([entry], (KEEP,), other, tmp_path)[0], world)
    # The yardstick is told the truth, so that its answer is another one where that is.
    (told,) = study.cells([entry], (YARDSTICK,), settings, tmp_path)
    for cell_of, same in ((told, False), (kept, True)):
        altered = replace(world, contributions=np.asarray(world.contributions) * 2.0)
        assert (study.key_of(cell_of, world) == study.key_of(cell_of, altered)) is same
    study.run([kept], Here(), QUIET)
    assert [r["method"] for r in study.scores([kept, cell])] == [KEEP]
    record = json.loads(kept.path.read_text()) | {"key": "of other data"}
    kept.path.write_text(json.dumps(record))
    assert study.scores([kept]) == []


def test_of_a_trace_the_reason_is_told() -> None:
    trace = 'PeerError: peer ended with 1:   File "/some/where.py", line 3\n    x()\nValueError: no shape.\n----\nNote.'
    assert study.reason(trace) == "ValueError: no shape."
    assert study.reason("DataError: 'x.csv' is missing.") == "DataError: 'x.csv' is missing."
    assert study.reason("killed\nat once") == "at once"


def test_a_peer_that_takes_too_long_is_stopped(world, settings) -> None:
    stand_in(settings.peers.root, "Meridian", "sleep 60")
    quick = PeerSettings(root=settings.peers.root, scripts=settings.peers.scripts, limit=0.3)
    with pytest.raises(PeerError, match=r"took longer than 0 s"):
        ask(PEERS["Meridian"], world, quick)
    with pytest.raises(PeerError, match="make peers"):
        ask(PEERS["PyMC-Marketing"], world, quick)


def test_a_peer_has_so_much_work_whatever_else_runs(world, settings) -> None:
    """Waiting costs nothing; only work is counted."""
    stand_in(settings.peers.root, "Meridian", "sleep 1.5; echo waited; exit 3")
    asked = replace(settings.peers, cpu_limit=1)
    with pytest.raises(PeerError, match="ended with 3: waited"):
        ask(PEERS["Meridian"], world, asked)
    stand_in(settings.peers.root, "PyMC-Marketing", "exec sh -c 'while :; do :; done'")
    with pytest.raises(PeerError, match=r"^pymc-marketing did not end in 0.0167 CPU minutes.$"):
        ask(PEERS["PyMC-Marketing"], world, asked)


def test_money_follows_a_wish_within_its_bounds() -> None:
    lower, upper = np.array([7.0, 7.0, 7.0]), np.array([13.0, 13.0, 13.0])
    money = scaled_into(np.array([1.0, 2.0, 40.0]), lower, upper, 30.0)
    # The third at its most, the first at its least, the rest in between.
    np.testing.assert_allclose(money, [7.0, 10.0, 13.0], rtol=1e-9)


def test_last_touch_credits_each_week_in_proportion_to_its_money(world) -> None:
    data = world.past().data
    spend, outcome = data["spend"].values[:, 0], data["outcome"].values[:, 0]
    wanted = (spend / spend.sum(axis=1, keepdims=True) * outcome[:, None]).sum(axis=0) / spend.sum(axis=0)
    found = last_touch(world)
    np.testing.assert_allclose([roas for roas, _, _ in found.roas], wanted)
    factors = np.array(found.decision.factors)
    assert ((factors >= 0.7 - 1e-9) & (factors <= 1.3 + 1e-9)).all()
    today = world.reference().sum(axis=(0, 1))
    assert (factors * today).sum() == pytest.approx(today.sum())
