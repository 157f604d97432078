"""What docs/costs.md shows is run, and prints what it shows."""

import re
from pathlib import Path

from typer.testing import CliRunner

from mmm.cli import app

GUIDE = (Path(__file__).parents[2] / "docs" / "costs.md").read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", GUIDE, flags=re.DOTALL)


def plain(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and "─" not in line]


def test_the_programme_prints_what_the_guide_shows(tmp_path):
    (ledger,), (config,), (shown,) = blocks("csv"), blocks("yaml"), blocks("text")
    (tmp_path / "ledger.csv").write_text(ledger, encoding="utf-8")
    (tmp_path / "programme.yaml").write_text(config, encoding="utf-8")
    run = ["costs", str(tmp_path / "programme.yaml"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, run, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    printed = plain(result.output)
    assert [line for line in plain(shown) if line not in printed] == []
    assert len(plain(shown)) > 20


def test_its_code_runs():
    code = blocks("python")
    assert len(code) == 2
    for block in code:
        exec(compile(block, "docs/costs.md", "exec"), {})  # noqa: S102
