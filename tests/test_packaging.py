"""What a stranger gets: one environment told in three files, and a tree without what does not belong there."""

import ast
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from mmm.cli import app
from mmm.errors import MMMError
from mmm.reporting.content.results import results_schema
from mmm.settings import json_schema, load_settings
from mmm.settings.portfolio import PortfolioSettings

ROOT = Path(__file__).resolve().parents[1]
PORTFOLIO = ROOT / "configs/portfolio.yaml"
CONFIGS = sorted(set(ROOT.glob("configs/**/*.yaml")) - {PORTFOLIO})


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lock() -> dict[str, str]:
    """Version by name of what the lock installs."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {canonicalize_name(m[1]): m[2] for m in re.finditer(r"^([\w.-]+)==([\w.!+]+)", text, re.MULTILINE)}


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("This is no git checkout, so there are no tracked files to look at.")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file()]


# One environment


def test_lock_holds_every_dependency_in_a_version_that_fits(project: dict[str, Any], lock: dict[str, str]) -> None:
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for requirement in map(Requirement, wanted):
        found = lock.get(canonicalize_name(requirement.name))
        assert found is not None, f"{requirement.name} is not in requirements.lock; run `make lock`"
        assert requirement.specifier.contains(found), f"{requirement} is locked at {found}; run `make lock`"


def test_every_line_of_the_lock_is_pinned_and_hashed() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", "")
    for line in filter(None, map(str.strip, text.splitlines())):
        assert re.match(r"^[\w.-]+==[\w.!+]+ ", line), line
        assert "--hash=sha256:" in line, line
        assert "://" not in line, line


def test_conda_environment_is_python_pango_and_the_lock(project: dict[str, Any]) -> None:
    document = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [entry for entry in document["dependencies"] if isinstance(entry, str)]
    piped = [entry["pip"] for entry in document["dependencies"] if isinstance(entry, dict)]
    assert document["name"] == project["project"]["name"]
    assert piped == [["-r requirements.lock"]]
    names = {entry.partition("=")[0]: entry.partition("=")[2] for entry in plain}
    assert set(names) == {"python", "pip", "pango"}
    assert SpecifierSet(project["project"]["requires-python"]).contains(names["python"])


def test_tools_are_told_the_oldest_python(project: dict[str, Any]) -> None:
    oldest = project["project"]["requires-python"].removeprefix(">=")
    assert project["tool"]["mypy"]["python_version"] == oldest
    assert project["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    assert f"({oldest.replace('.', ', ')})" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_version_is_told_once_and_is_in_the_changelog(project: dict[str, Any]) -> None:
    assert version("mmm-workbench") == project["project"]["version"]
    assert f"## {project['project']['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return set(archive.namelist())


def test_wheel_carries_all_that_the_package_reads(wheel: set[str], tracked: list[Path]) -> None:
    inside = [file.relative_to(ROOT) for file in tracked if ROOT / "mmm" in file.parents]
    notebooks = [Path("mmm") / file.relative_to(ROOT) for file in tracked if file.suffix == ".ipynb"]
    missing = [str(file) for file in (*inside, *notebooks) if file.as_posix() not in wheel]
    assert not missing


def test_wheel_carries_nothing_else(wheel: set[str]) -> None:
    assert {name.partition("/")[0] for name in wheel if not name.startswith("mmm_workbench-")} == {"mmm"}
    assert any(name.endswith("licenses/LICENSE") for name in wheel)


# Configs


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_is_valid_and_points_at_the_schema(path: Path) -> None:
    load_settings(path)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert named.resolve() == ROOT / "configs/schema.json"


def test_the_portfolio_is_valid_and_names_the_markets() -> None:
    document = yaml.safe_load(PORTFOLIO.read_text(encoding="utf-8"))
    settings = PortfolioSettings.model_validate(document)
    names = {load_settings(path).name for pattern in settings.markets for path in PORTFOLIO.parent.glob(pattern)}
    assert len(names) == 3
    assert set(settings.limits) <= names


def test_template_is_valid_with_every_key_in_use(tmp_path: Path) -> None:
    text = (ROOT / "configs/template.yaml").read_text(encoding="utf-8")
    in_use, count = re.subn(r"^#(?=[a-z]|  )", "", text, flags=re.MULTILINE)
    assert count > 15
    path = tmp_path / "template.yaml"
    path.write_text(in_use, encoding="utf-8")
    assert load_settings(path).report.logo == Path("logo.png")


def test_schema_on_disk_is_the_schema_of_the_code() -> None:
    stored = json.loads((ROOT / "configs/schema.json").read_text(encoding="utf-8"))
    assert stored == json_schema(), "Run `make accept`."
    results = json.loads((ROOT / "docs/results.schema.json").read_text(encoding="utf-8"))
    assert results == results_schema(), "Run `make accept`."


# What does not belong in the tree


def test_no_address_of_a_registry_and_no_path_of_a_machine(tracked: list[Path]) -> None:
    # The brackets keep this very line from matching.
    unwanted = re.compile(
        rb"p[y]pi\.org|pythonhoste[d]\.org|npmj[s]\.(?:org|com)|deb\.debia[n]\.org|anacond[a]\.org/|"
        rb"/(?:hom[e]|User[s]|roo[t]|wor[k])/[a-z]"
    )
    found = [f"{file.relative_to(ROOT)}: {m[0]!r}" for file in tracked if (m := unwanted.search(file.read_bytes()))]
    assert not found


def test_no_large_file_and_no_lock_with_addresses(tracked: list[Path]) -> None:
    assert not [file for file in tracked if file.stat().st_size > 1_000_000]
    assert not [file for file in tracked if file.name in {"uv.lock", "pylock.toml", "package-lock.json"}]


def test_notebooks_hold_no_outputs(tracked: list[Path]) -> None:
    for file in (file for file in tracked if file.suffix == ".ipynb"):
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            assert not cell.get("outputs"), f"{file.name}: run `nbstripout {file.relative_to(ROOT)}`"
            assert cell.get("execution_count") is None, file.name


def test_data_for_hand_trials_are_not_in_the_tree(tracked: list[Path]) -> None:
    data = [file for file in tracked if file.suffix in {".csv", ".parquet", ".gz", ".pkl", ".pickle"}]
    assert not [file for file in data if ROOT / "tests" not in file.parents]


def test_pre_commit_fetches_nothing() -> None:
    document = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in document["repos"]} == {"local"}
    assert {hook["language"] for repo in document["repos"] for hook in repo["hooks"]} == {"system"}


# Entry points


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed (Debian: apt-get install make).")
def test_make_help_lists_the_targets() -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "report", "test", "lab", "lint", "lock"):
        assert re.search(rf"^  {target} ", told, re.MULTILINE), told


def found_python(tmp_path: Path, *scripts: str, home: str = "/nonexistent") -> subprocess.CompletedProcess[str]:
    """``make python`` where the path holds only fake interpreters: ``name:exit code`` each."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, _, code in (script.partition(":") for script in scripts):
        (folder / name).write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed (Debian: apt-get install make).")
    return subprocess.run(
        [make, "-s", "-f", str(ROOT / "Makefile"), "python"],
        cwd=tmp_path,
        env={"PATH": str(folder), "HOME": home},
        capture_output=True,
        text=True,
        check=False,
    )


def test_set_up_passes_over_interpreters_that_do_not_run(tmp_path: Path) -> None:
    """A pyenv shim of a version that is not active exits with 127."""
    found = found_python(tmp_path, "python3.13:127", "python3.12:1", "python3.14:0", "python3:0")
    assert found.stdout.strip() == "python3.14"


def test_set_up_looks_into_pyenv_last(tmp_path: Path) -> None:
    versions = tmp_path / "home/.pyenv/versions/3.12.9/bin"
    versions.mkdir(parents=True)
    (versions / "python").write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    (versions / "python").chmod(0o755)
    found = found_python(tmp_path, "python3:1", home=str(tmp_path / "home"))
    assert found.stdout.strip() == str(versions / "python")


def test_set_up_says_what_to_do_where_there_is_no_python(tmp_path: Path) -> None:
    found = found_python(tmp_path, "python3:1")
    assert found.returncode != 0
    assert "No Python 3.12 or newer" in found.stderr
    assert "make setup PYTHON=" in found.stderr


def test_ci_calls_what_a_developer_calls_and_no_more() -> None:
    script = ROOT / ".ci/run"
    lines = script.read_text(encoding="utf-8").splitlines()
    assert script.stat().st_mode & 0o111
    assert lines[-2:] == ["make test", "make test-elsewhere"]


def test_what_runs_elsewhere_is_there_and_takes_the_seed_of_the_environment() -> None:
    elsewhere = runpy.run_path(str(ROOT / "tests/elsewhere.py"))
    for name in elsewhere["SAMPLED"]:
        assert (ROOT / "tests" / name).is_file(), name
    script = "from seeds import seeded; print(seeded().seed - seeded(seed=0).seed, seeded(seed=0).seed)"
    told = {
        **os.environ,
        **elsewhere["environment"](),
        "MMM_TEST_SEED": "3",
        "PYTHONPATH": str(ROOT / "tests/inference"),
    }
    ran = subprocess.run([sys.executable, "-c", script], env=told, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["2024", "3"]


# What the pages say


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "notebooks/README.md"])
def test_links_of_the_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert not [link for link in links if "://" not in link and not (path.parent / link).exists()]


def test_readme_lists_the_commands_and_exit_codes_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {group.typer_instance.info.name for group in app.registered_groups if group.typer_instance}
    assert set(re.findall(r"^\| `mmm (\w+)", text, re.MULTILINE)) == commands
    errors: list[type[MMMError]] = [MMMError, *MMMError.__subclasses__()]
    codes = {error.exit_code for error in errors}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == codes | {0, 9, 130}


def test_architecture_lists_the_layers_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `mmm/(\w+)`", text, re.MULTILINE)
    exist = {path.parent.name for path in ROOT.glob("mmm/*/__init__.py") if any(path.parent.rglob("[a-z]*.py"))}
    assert set(told) == exist


def test_import_circles_are_looked_for_in_every_package(project: dict[str, Any]) -> None:
    contract = next(c for c in project["tool"]["importlinter"]["contracts"] if c["id"] == "circles")
    packages = {path.parent.relative_to(ROOT) for path in ROOT.glob("mmm/*/__init__.py")}
    assert set(contract["ancestors"]) == {"mmm", *(".".join(path.parts) for path in packages)}


MODULE, FUNCTION = 400, 50
LONGER = {("mmm/model/kernels/block.py", "shapes"), ("mmm/model/kernels/block.py", "unpack")}
"""Lists of what lies where in a block of memory, a line a part."""


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a file with its lines, the docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            told = ast.get_docstring(node, clean=False) is not None
            words = (first.end_lineno or 0) - first.lineno + 1 if told else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - words


def test_modules_and_functions_are_short(tracked: list[Path]) -> None:
    sources = [file for file in tracked if file.suffix == ".py" and ROOT / "mmm" in file.parents]
    lines = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8").count("\n") for file in sources}
    assert {name: count for name, count in lines.items() if count > MODULE} == {}
    found = ((str(file.relative_to(ROOT)), *function) for file in sources for function in functions(file))
    assert {(file, name) for file, name, count in found if count > FUNCTION} == LONGER


def test_import_contract_holds_every_layer(project: dict[str, Any]) -> None:
    contract = next(c for c in project["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    exist = {f"mmm.{path.parent.name}" for path in ROOT.glob("mmm/*/__init__.py")}
    layers = {layer.strip() for side_by_side in contract["layers"] for layer in side_by_side.split("|")}
    assert layers == exist - {"mmm.simulate"}
