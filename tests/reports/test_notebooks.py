"""The teaching notebooks run from top to bottom on a small world, and carry no outputs."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lens_cases
import nbformat
import pytest
import tested_shop
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from mmm.reporting.runs.run import notebook_path
from mmm.settings import Settings, dump_settings

TEACHING = (
    "01_explore_data.ipynb",
    "02_set_priors.ipynb",
    "03_fit_and_diagnose.ipynb",
    "04_read_results.ipynb",
    "05_plan_a_budget.ipynb",
    "06_compare_models.ipynb",
)
LENSES = "07_other_lenses.ipynb"
TESTED = "08_test_and_learn.ipynb"
TWO_MODELS = {"members": {"plain": {}, "stiff": {"drift": {"scale": 0.1}}}, "floor": 0.2}


@pytest.fixture(scope="module")
def config(make_settings: Callable[..., Settings]) -> Path:
    """An analysis whose two models are fitted already."""
    settings = make_settings(
        settings={"model": {"lookback": "8 weeks", "mixture": TWO_MODELS}, "plan": {"curve_points": 3, "draws": 100}}
    )
    path = settings.base / "analysis.yaml"
    path.write_text(dump_settings(settings), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelManager]:
    """One process for all notebooks: each of its own would take longer to import the package than to run."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--log-level=50"])
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def with_lenses(make_settings: Callable[..., Settings]) -> Path:
    """An analysis with every other lens, each on a small table."""
    settings = make_settings(settings={"plan": {"curve_points": 3, "draws": 100}, **lens_cases.SECTIONS})
    lens_cases.write(settings.base)
    path = settings.base / "lenses.yaml"
    path.write_text(dump_settings(settings), encoding="utf-8")
    return path


def test_other_lenses_are_walked_through(with_lenses: Path, kernel: KernelManager, tmp_path: Path) -> None:
    runs_through(LENSES, with_lenses, kernel, tmp_path)


def test_a_test_is_designed_read_and_fed_back(kernel: KernelManager, tmp_path: Path) -> None:
    """On a shop that is fitted here, twice: without its test and with it."""
    runs_through(TESTED, tested_shop.write(tmp_path), kernel, tmp_path, quick={})


@pytest.mark.parametrize("name", TEACHING)
def test_it_runs_on_a_small_world(name: str, config: Path, kernel: KernelManager, tmp_path: Path) -> None:
    runs_through(name, config, kernel, tmp_path)


def runs_through(name: str, config: Path, kernel: KernelManager, tmp_path: Path, **more: Any) -> None:
    """The notebook from top to bottom, without an error and without a word on stderr."""
    parameters = {"config": str(config), "root": str(config.parent), **more}
    done: Any = parameterize_notebook(load_notebook_node(str(notebook_path(name))), parameters)
    # Nothing that an earlier notebook named is there.
    done.cells.insert(0, nbformat.v4.new_code_cell(f"%reset -f\n%cd -q {tmp_path}"))
    client = NotebookClient(done, km=kernel)
    try:
        client.execute()
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o.text for o in outputs if o.get("name") == "stderr"]
    assert len(outputs) >= (4 if name.startswith("02") else 6)


@pytest.mark.parametrize("name", [*TEACHING, LENSES, TESTED, "budget_report.ipynb"])
def test_it_is_kept_without_outputs(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook: Any = nbformat.read(notebook_path(name), as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("name", [*TEACHING, LENSES, TESTED])
def test_it_ends_in_something_to_change(name: str) -> None:
    notebook: Any = nbformat.read(notebook_path(name), as_version=4)
    headings = [c.source.splitlines()[0] for c in notebook.cells if c.cell_type == "markdown"]
    assert headings[-1] == "## Your turn"
    assert notebook.cells[-1].cell_type == "code"
