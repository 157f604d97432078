"""What a command is given may be anything: it answers with a sentence and a documented exit code, and never waits."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mmm.cli import app

# What waits for ever ends here; a machine that is only busy does not.
pytestmark = pytest.mark.timeout(600)


def run(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    assert run("simulate", "--out", folder, "--seed", 5, "--weeks", 60, "--channels", 2).exit_code == 0
    return folder


def told(*arguments: object, code: int) -> str:
    """What stderr says of a command that must end with this code, in a sentence."""
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output
    return result.stderr


@pytest.fixture
def odd(tmp_path: Path) -> dict[str, Path]:
    """Things that are no regular file of a bearable size."""
    paths = {name: tmp_path / name for name in ("pipe.png", "folder.png", "large.png", "junk.png")}
    os.mkfifo(paths["pipe.png"])
    paths["folder.png"].mkdir()
    paths["large.png"].write_bytes(b"0" * 400_000)
    paths["junk.png"].write_text('{"schema_version": ' + "[" * 20_000)
    return {**paths, "none": tmp_path / "none.png", "device": Path("/dev/zero")}


@pytest.mark.parametrize("command", ["check", "fit", "plan", "report", "backtest"])
def test_settings_logos_and_templates_that_never_end(world: Path, odd: dict[str, Path], command: str) -> None:
    config = world / "settings.yaml"
    for name in ("pipe.png", "folder.png", "large.png", "none", "device"):
        told(command, odd[name], code=2)
    for name in ("pipe.png", "folder.png", "large.png", "none"):
        said = told(command, config, "-p", f"report.logo={odd[name]}", "-p", "data.currency=EUR", code=7)
        assert "report.logo" in said
    assert "is no folder" in told(command, config, "-p", f"report.templates={odd['pipe.png']}", code=7)


def test_every_command_says_the_same_of_the_same_settings(world: Path) -> None:
    config = world / "settings.yaml"
    for wrong, code in (("plan.bounds=[3,4]", 6), ("plan.horizon=13", 2), ("plan.channels.x.fixed=0", 2)):
        said = {told(command, config, "-p", wrong, code=code) for command in ("check", "fit", "plan", "backtest")}
        assert len(said) == 1, said


@pytest.mark.parametrize("name", ["pipe.png", "large.png", "junk.png", "none", "device"])
def test_an_earlier_report_that_is_none(world: Path, odd: dict[str, Path], tmp_path: Path, name: str) -> None:
    out = tmp_path / "reports"
    told("report", world / "settings.yaml", "--since", odd[name], "--out", out, code=7)
    assert not [p for p in out.rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", "null", '{"schema_version": 2}', '{"schema_version": 2, "schema_version": 2}', "1" * 5_000, ""],
)
def test_an_earlier_report_of_junk(world: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "results.json").write_text(content)
    said = told("report", world / "settings.yaml", "--since", tmp_path, "--out", tmp_path / "r", code=7)
    assert "results.json" in said


def test_experiments_that_never_end(world: Path, odd: dict[str, Path], tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"name,channel\n" + b"a" * 20_000_000, compresslevel=1))
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (bomb, tmp_path / "pipe.csv"):
        told("check", world / "settings.yaml", "-p", f"experiments.source={path}", code=3)


def test_runs_reads_what_it_can(tmp_path: Path, odd: dict[str, Path]) -> None:
    for number, content in enumerate(("{}", "[1]", "{" * 20_000, '{"started": 5, "settings": {"plan": []}}')):
        (tmp_path / "a" / str(number)).mkdir(parents=True)
        (tmp_path / "a" / str(number) / "manifest.json").write_text(content)
    (tmp_path / "a" / "pipe").mkdir()
    os.mkfifo(tmp_path / "a" / "pipe" / "manifest.json")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    result = run("runs", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert result.output.count("unreadable") >= 3
    told("runs", "--out", odd["large.png"], code=2)
    told("runs", "--out", odd["none"], code=2)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser writes everywhere: run the tests as another user")
def test_read_only_folders(world: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    told("plan", world / "settings.yaml", "--out", tmp_path / "closed" / "x", code=7)


def test_outputs_that_cannot_be(world: Path, odd: dict[str, Path], tmp_path: Path) -> None:
    config = world / "settings.yaml"
    for out in (odd["large.png"], odd["large.png"] / "below", odd["pipe.png"]):
        told("plan", config, "--out", out, code=7)
        told("report", config, "--out", out, code=7)
        told("simulate", "--out", out, "--weeks", 40, code=3)
    said = told("schema", "--out", tmp_path / "folder.png", code=1)
    assert "folder.png': Is a directory. Check the path" in said
    assert not list(tmp_path.glob(".*"))


def test_numbers_of_simulated_worlds_end(tmp_path: Path) -> None:
    for option, value in (
        ("--seed", 2**64),
        ("--geos", 10**9),
        ("--weeks", 10**9),
        ("--channels", 10**6),
        ("--seed", -1),
    ):
        assert run("simulate", "--out", tmp_path, option, value).exit_code == 2
    assert not list(tmp_path.iterdir())


def test_a_schema_is_whole_or_not_there(tmp_path: Path) -> None:
    assert run("schema", "--out", tmp_path / "s.json").exit_code == 0
    assert json.loads((tmp_path / "s.json").read_text())["title"]


def test_formulas_in_names_stay_text_in_a_backtest(world: Path, tmp_path: Path) -> None:
    import pandas as pd

    from mmm.cli.backtest import _write

    path = _write(tmp_path / "returns.csv", pd.DataFrame({"channel": ["=cmd()|x", "tv"], "mean": [-1.0, 2.0]}))
    assert path.read_text() == "channel,mean\n'=cmd()|x,-1.0\ntv,2.0\n"


def test_the_terminal_shows_sentences_alone() -> None:
    """No warning of a library without --debug, and no traceback where the output's encoding lacks a letter."""
    script = (
        "import warnings; from mmm.cli.output import sentences_alone; sentences_alone(); "
        "warnings.warn('of a library', RuntimeWarning); print('\\u20ac')"
    )
    for arguments, shown in (([], False), (["--debug"], True)):
        found = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONWARNINGS": ""},
        )
        assert ("of a library" in found.stderr) == shown
        assert found.stdout == "\\u20ac\n"
