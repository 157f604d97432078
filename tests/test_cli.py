"""The command line as a user meets it: what it prints, and the exit code."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook
from seeds import seeded
from typer.testing import CliRunner, Result

from mmm.cli import app
from mmm.errors import MMMError
from mmm.settings import load_dataset, load_settings
from mmm.settings.text import write_yaml

DEMO = Path(__file__).resolve().parents[1] / "configs/demo.yaml"


def run(*arguments: object) -> Result:
    # A stated width: tables are folded to that of the terminal otherwise.
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated world with its settings."""
    folder = tmp_path_factory.mktemp("world")
    result = run("simulate", "--out", folder, "--seed", 5, "--geos", 2, "--weeks", 80, "--channels", 3)
    assert result.exit_code == 0, result.output
    return folder


def changed(world: Path, folder: Path, **changes: object) -> Path:
    """The settings of a world with other sections, in another folder."""
    settings = load_settings(world / "settings.yaml")
    document = json.loads(settings.model_dump_json(include={"name", "data"}))
    document["data"]["source"] = str(world / "data.csv")
    path = folder / "settings.yaml"
    path.write_text(write_yaml({**document, **changes}), encoding="utf-8")
    return path


# The whole


def test_help_tells_commands_and_exit_codes() -> None:
    result = run("--help")
    assert result.exit_code == 0
    for command in ("check", "simulate", "fit", "plan", "report", "portfolio", "plans", "runs", "schema"):
        assert command in result.output
    told = " ".join(result.output.split())
    codes = {error.exit_code for error in MMMError.__subclasses__()}
    assert codes == {2, 3, 4, 5, 6, 7, 8}
    for code, word in (
        (2, "settings"),
        (3, "data"),
        (4, "fit"),
        (5, "the model"),
        (6, "plan"),
        (7, "report"),
        (8, "register"),
    ):
        assert f"{code} {word}" in told


def test_help_needs_nothing_slow() -> None:
    """Seconds are the machine's business; what is imported is ours."""
    script = "import sys; from mmm.cli import app; app(['--help'], standalone_mode=False); print(*sorted(sys.modules))"
    started = time.perf_counter()
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert time.perf_counter() - started < 10
    loaded = set(out.splitlines()[-1].split())
    assert not loaded & {"numpy", "pandas", "pymc", "pytensor", "arviz", "matplotlib", "xarray"}


def test_an_unknown_command_or_option_is_a_usage_error() -> None:
    assert run("reprot").exit_code == 2
    assert run("check", DEMO, "--fast").exit_code == 2
    assert run("check").exit_code == 2


def test_errors_are_one_sentence_and_debug_adds_the_traceback() -> None:
    plain = run("check", "absent.yaml")
    assert plain.exit_code == 2
    assert plain.stdout == ""
    assert plain.stderr.startswith("Error: The settings file 'absent.yaml' does not exist.")
    assert "Traceback" not in plain.stderr
    for arguments in (("--debug", "check", "absent.yaml"), ("check", "absent.yaml", "--debug")):
        traced = run(*arguments)
        assert traced.exit_code == 2
        assert "Traceback" in traced.stderr
        assert "Error: The settings file" in traced.stderr


# check


def test_check_shows_panel_channels_and_findings(world: Path) -> None:
    result = run("check", world / "settings.yaml")
    assert result.exit_code == 0, result.output
    dataset = load_dataset(load_settings(world / "settings.yaml"))
    assert dataset.fingerprint[:16] in result.stdout
    for name in (*dataset.channels, *dataset.geos, *dataset.controls):
        assert name in result.stdout


def test_check_lists_rows_of_bad_data(world: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(world / "data.csv")
    frame.loc[3, "tv_spend"] = -5
    frame.to_csv(tmp_path / "data.csv", index=False)
    settings = changed(world, tmp_path)
    settings.write_text(settings.read_text().replace(str(world / "data.csv"), "data.csv"), encoding="utf-8")
    result = run("check", settings)
    assert result.exit_code == 3
    assert "tv_spend" in result.stderr
    assert "-5" in result.stderr
    assert "line 5" in result.stderr


def test_a_misspelt_parameter_is_an_error_before_anything_runs() -> None:
    result = run("check", DEMO, "-p", "total_budgt=3")
    assert result.exit_code == 2
    assert "plan.total_budget" in result.stderr


def test_texts_of_the_data_are_shown_and_not_interpreted(world: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(world / "data.csv")
    frame["geo"] = frame["geo"].replace("geo_01", "[red]\x1b[31m:bomb:")
    frame.to_csv(tmp_path / "data.csv", index=False)
    path = changed(world, tmp_path)
    path.write_text(path.read_text().replace(str(world / "data.csv"), "data.csv"), encoding="utf-8")
    result = run("check", path)
    assert result.exit_code == 0, result.output
    assert "[red]\\x1b[31m:bomb:" in result.stdout
    assert "\x1b" not in result.output


# simulate


def test_simulate_writes_data_truth_and_settings_that_agree(world: Path) -> None:
    truth = json.loads((world / "truth.json").read_text(encoding="utf-8"))
    dataset = load_dataset(load_settings(world / "settings.yaml"))
    assert set(truth["channels"]) == set(dataset.channels)
    assert len(dataset.dates) == 80
    assert len(dataset.geos) == 2


def test_simulate_gives_the_same_world_for_the_same_seed(world: Path, tmp_path: Path) -> None:
    run("simulate", "--out", tmp_path, "--seed", 5, "--geos", 2, "--weeks", 80, "--channels", 3)
    for name in ("data.csv", "truth.json", "settings.yaml"):
        assert (tmp_path / name).read_bytes() == (world / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--world", "atlantis"], "There is no world 'atlantis'"),
        (["--world", "synergy", "--weeks", "99"], "--weeks is 99"),
        (["--world", "demo", "--geos", "2"], "--geos is 2"),
        (["--world", "synergy", "--geos", "99"], "geos is 99"),
    ],
)
def test_simulate_refuses_what_a_world_does_not_take(arguments: list[str], expected: str, tmp_path: Path) -> None:
    result = run("simulate", "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    result = run("simulate", "--out", blocked)
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output


# fit and plan

QUICK = (
    "-p",
    f"sampler.seed={seeded().seed}",
    "-p",
    "sampler.draws=60",
    "-p",
    "sampler.tune=150",
    "-p",
    "sampler.chains=2",
    "-p",
    "gate.holdout=null",
    "-p",
    "model.mixture=null",
)


@pytest.fixture(scope="module")
def fitted(world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, list[str]]:
    """The first fit of the world, far too short to be believed, and the arguments that give the same fit again."""
    store = tmp_path_factory.mktemp("store")
    arguments = [str(world / "settings.yaml"), *QUICK, "-p", f"sampler.store={store}"]
    return run("fit", *arguments), arguments


def test_fit_stores_and_a_failed_gate_is_exit_code_5(fitted: tuple[Result, list[str]]) -> None:
    first, arguments = fitted
    assert first.exit_code == 5, first.output
    assert "made in" in first.stderr
    assert "fail" in first.stdout
    assert "gate.override: true" in first.stderr
    again = run("fit", *arguments, "-p", "gate.override=true")
    assert again.exit_code == 0, again.output
    assert "found in the store" in again.stderr


def test_plan_stops_at_the_gate_unless_told_otherwise(fitted: tuple[Result, list[str]], tmp_path: Path) -> None:
    _, arguments = fitted
    stopped = run("plan", *arguments, "--out", tmp_path / "none")
    assert stopped.exit_code == 5
    assert "Plan for" not in stopped.stdout
    assert not list((tmp_path / "none").iterdir())
    options = ("-p", "gate.override=true", "-p", "total_budget=1500000", "-p", "plan.curve_points=3")
    made = run(
        "plan", *arguments, *options, "-p", "plan.scenarios=[{name: Half, change: {tv: -0.5}}]", "--out", tmp_path
    )
    assert made.exit_code == 0, made.output
    assert "found in the store" in made.stderr
    assert "should not be believed" in made.stdout
    assert "€1,500,000" in made.stdout
    for told in ("worst 5%", "knowing a channel's curve", "at other budgets", "The next", "Half", "Wrote"):
        assert told in made.stdout, told
    assert {path.name for path in tmp_path.iterdir()} == {"none", "allocation.csv", "schedule.csv", "allocation.xlsx"}
    allocation, schedule = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("allocation", "schedule"))
    assert allocation["spend_plan"].sum() <= 1_500_000 * 1.000001
    by_channel = schedule.groupby("channel")["spend_plan"].sum()
    assert by_channel.to_dict() == pytest.approx(
        dict(zip(allocation["channel"], allocation["spend_plan"], strict=True))
    )
    sheets = load_workbook(tmp_path / "allocation.xlsx").sheetnames
    assert {"Allocation", "Scenarios", "Budget curve", "Value of knowing", "Timing"} <= set(sheets)


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_slow(
    fitted: tuple[Result, list[str]], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    result = run("plan", *fitted[1], "--out", tmp_path / "file" / "plan")
    assert result.exit_code == 7
    assert "Choose another folder with --out" in result.stderr


def test_a_budget_that_no_plan_can_keep_is_exit_code_6(fitted: tuple[Result, list[str]]) -> None:
    _, arguments = fitted
    result = run("plan", *arguments, "-p", "gate.override=true", "-p", "total_budget=10", "-p", "plan.min_retained=0.5")
    assert result.exit_code == 6
    assert "the total budget is at most 10" in result.stderr


# runs


def test_a_backtest_prints_its_scores_and_writes_its_tables(fitted: tuple[Result, list[str]], tmp_path: Path) -> None:
    _, arguments = fitted
    small = ("-p", "backtest.refreshes=2", "-p", "backtest.step=8 weeks", "-p", "backtest.ahead=5 weeks")
    result = run("backtest", *arguments, *small, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Did the forecasts hold?" in result.stdout
    assert "Did the returns stay?" in result.stdout
    (forecasts,) = tmp_path.rglob("forecasts.csv")
    assert len(pd.read_csv(forecasts)) == 5
    assert set(pd.read_csv(forecasts.with_name("returns.csv"))["origin"]) > set(pd.read_csv(forecasts)["origin"])
    again = run("backtest", *arguments, *small, "--out", tmp_path)
    assert "made in" not in again.stderr
    wrong = run("backtest", *arguments, "-p", "backtest.least=99 weeks")
    assert (wrong.exit_code, "Shorten backtest.least" in wrong.stderr) == (3, True)


def test_models_are_set_side_by_side(world: Path, tmp_path: Path) -> None:
    compared = {"models": {"as it is": {}, "late": {"model.adstock": {"family": "delayed"}}}, "ahead": False}
    config = changed(world, tmp_path, comparison=compared, model={"mixture": None})
    quick = (*QUICK, "-p", f"sampler.store={tmp_path / 'store'}")
    result = run("models", config, *quick, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "How well does each predict?" in result.stdout
    assert "CRPS" not in result.stdout
    assert "predicts best" in (tmp_path / "out/models.html").read_text(encoding="utf-8")
    assert set(pd.read_csv(tmp_path / "out/models.csv")["model"]) == {"as it is", "late"}
    assert len(pd.read_csv(tmp_path / "out/returns.csv")) == 6
    same = changed(world, tmp_path, comparison={"models": {"a": {}, "b": {}}}, model={"mixture": None})
    twice = run("models", same, *quick)
    assert (twice.exit_code, "'b' and 'a' are the same model" in twice.stderr) == (2, True)
    nothing = run("models", changed(world, tmp_path), *quick)
    assert (nothing.exit_code, "docs/comparison.md shows it" in nothing.stderr) == (2, True)


def test_runs_are_listed_from_their_manifests(tmp_path: Path) -> None:
    for run_name, title, budget in (("20250101-000000", "First", 100.0), ("20250301-000000", "Second", None)):
        folder = tmp_path / "trial" / run_name
        folder.mkdir(parents=True)
        manifest = {
            "started": f"{run_name[:4]}-{run_name[4:6]}-01T10:00:00+00:00",
            "settings": {"name": "trial", "title": title, "plan": {"total_budget": budget, "horizon": "13 weeks"}},
            "gate": {"status": "warn"},
        }
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    broken = tmp_path / "trial" / "broken"
    broken.mkdir()
    (broken / "manifest.json").write_text("[not json", encoding="utf-8")
    result = run("runs", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    told = result.stdout
    assert told.index("Second") < told.index("First")
    assert "manifest unreadable" in told
    assert "2025-03-01" in told


def test_runs_are_found_from_any_folder_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "reports" / "trial" / "20250101-000000"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"settings": {"title": "First"}}), encoding="utf-8")
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path / "configs")
    result = run("runs")
    assert (result.exit_code, "First" in result.stdout) == (0, True), result.output
    assert run("runs", "--out", "reports").exit_code == 2


def test_runs_of_an_empty_or_absent_folder(tmp_path: Path) -> None:
    assert "No runs below" in run("runs", "--out", tmp_path).stdout
    assert run("runs", "--out", tmp_path / "absent").exit_code == 2


# schema


def test_schema_is_printed_or_written(tmp_path: Path) -> None:
    printed = run("schema")
    assert run("schema", "--out", tmp_path / "schema.json").exit_code == 0
    assert json.loads(printed.stdout) == json.loads((tmp_path / "schema.json").read_text(encoding="utf-8"))
    assert run("schema", "--out", tmp_path / "schema.json" / "below").exit_code == 1


@pytest.mark.parametrize(("typed", "offered"), [("mmm rep", {"report", "replan"}), ("mmm export --o", {"--out"})])
def test_the_shell_completes_commands_and_options(typed: str, offered: set[str]) -> None:
    asked = {**os.environ, "_MMM_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    command = [sys.executable, "-c", "import sys; sys.argv = ['mmm']; from mmm.cli import main; main()"]
    done = subprocess.run(command, env=asked, capture_output=True, text=True, check=False)
    assert set(done.stdout.split()) == offered
