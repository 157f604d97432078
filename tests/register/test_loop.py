"""The whole loop on a real PostgreSQL, with hostile words everywhere, and no secret in any file or output."""

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import interruptions
import numpy as np
import pandas as pd
import postgres
import pytest
from typer.testing import CliRunner

from mmm.cli import app
from mmm.register.database import open_register
from mmm.register.queries import active_plan, find
from mmm.register.settings import RegisterSettings

EVIL = """Robert'); drop table plans; -- <script>alert("x")</script> =1+1"""
SECRETS = {"MMM_LOOP_HOOK": "http://127.0.0.1:9/hooks/T0psecret-hook", "MMM_LOOP_SIGN": "s1gning-secret"}


@pytest.fixture
def folder(server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = interruptions.prepare(tmp_path / "work")
    monkeypatch.setenv("MMM_LOOP_DB", server.new_database())
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    targets = {
        EVIL[:50]: {"kind": "file", "path": "alerts.jsonl"},
        "hook": {"kind": "webhook", "address": "MMM_LOOP_HOOK", "secret": "MMM_LOOP_SIGN"},
    }
    settings = {
        **interruptions.CONFIG,
        "name": "loop",
        "title": EVIL,
        "plan_register": {
            "address": "MMM_LOOP_DB",
            "limits": [{"name": EVIL, "channels": ["tv"], "per": "quarter", "at_most": 1e9}],
        },
        "monitor": {"draws": 200, "alerts": {"targets": targets}},
        "replan": {"days_between": 0, "cost_share": 0.0, "probability": 0.5, "max_moved": 0.4},
        "handover": {"platforms": {"ads": {"channels": ["search"], "campaigns": {"search": {EVIL: 1}}}}},
    }
    (place / "loop.json").write_text(json.dumps(settings))
    before = Path.cwd()
    os.chdir(place)
    yield place
    os.chdir(before)


class Loop:
    """Runs commands and keeps all that they said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, ""
        self.rng = np.random.default_rng(1)

    def run(self, line: str, code: int | None = 0) -> str:
        result = CliRunner(env={"COLUMNS": "200"}).invoke(app, shlex.split(line))
        self.said += result.output
        assert code is None or result.exit_code == code, (line, result.output)
        return result.output

    def spend(self, weeks: range) -> None:
        """These weeks of the active plan, spent with much more on search."""
        with open_register(RegisterSettings(address="MMM_LOOP_DB"), self.folder).reading() as connection:
            entry = active_plan(connection, "loop")
        assert entry is not None
        data = pd.read_csv(self.folder / "world/data.csv")
        for week in weeks:
            tv, search = entry.content.money[week].sum(axis=0)
            row = {name: data[name].iloc[-52] for name in data.columns}
            row |= {
                "date": f"{entry.content.dates[week]}",
                "tv_spend": round(tv, 2),
                "search_spend": round(1.4 * search, 2),
            }
            data.loc[len(data)] = row
        data.to_csv(self.folder / "world/data.csv", index=False)


def test_the_whole_loop_on_postgresql_tells_no_secret(folder: Path) -> None:
    loop = Loop(folder)
    by, note = shlex.quote(EVIL), shlex.quote(f"{EVIL} \\ % {{}}")
    loop.run(f"plans save loop.json --by {by} --note {note}")
    loop.run(f"plans submit loop-1 --by {by} --config loop.json")
    loop.run("plans approve loop-1 --by Boss --config loop.json")
    loop.run("plans activate loop-1 --by Boss --config loop.json")
    loop.run("plans export loop-1 --folder out --config loop.json")
    loop.spend(range(5))
    loop.run("monitor loop.json", None)
    loop.run("alerts list --config loop.json")
    loop.run(f"plans show loop-1 --config {'loop.json'}")
    said = loop.run(f"replan loop-1 --by {by} --config loop.json")
    current = "loop-1"
    if "loop-2 is saved as a draft" in said:
        current = "loop-2"
        for step in (f"submit loop-2 --by {by}", "approve loop-2 --by Boss", "activate loop-2 --by Boss"):
            loop.run(f"plans {step} --config loop.json")
    loop.spend(range(5, 13))
    loop.run("monitor loop.json", None)
    loop.run(f"settle {current} --by Boss --note {note} --config loop.json")
    loop.run(f"settle {current} --by Boss --config loop.json", 8)
    loop.run("plans ledger --config loop.json")
    loop.run("plans list --config loop.json")
    assert "is sound" in loop.run("plans verify --config loop.json")
    with open_register(RegisterSettings(address="MMM_LOOP_DB"), folder).reading() as connection:
        entry = find(connection, current)
    assert entry.state == "settled"
    assert entry.content.title == EVIL
    _search(folder, loop.said)


def _search(folder: Path, said: str) -> None:
    """No part of an address or secret is in any output or file; no page holds what a name would make it run."""
    address = os.environ["MMM_LOOP_DB"]
    secrets = [postgres.PASSWORD, quote(postgres.PASSWORD, safe=""), *SECRETS.values(), "T0psecret-hook", address]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"control_room.html", "monitor.json", "ledger.html", "alerts.jsonl"} <= {path.name for path in files}
    for secret in secrets:
        assert secret not in said
        for path in files:
            assert secret.encode() not in path.read_bytes(), (secret, path)
    for path in files:
        if path.suffix == ".html":
            assert "<script>alert(" not in path.read_text(encoding="utf-8"), path
    table = (folder / "out/budget-ads.csv").read_text()
    assert "Robert" in table
