"""Notebooks in a process of their own: what their cells raise, and what happens where that process dies."""

import os
import tempfile
from pathlib import Path

import nbformat
import pytest
from jupyter_client.connect import write_connection_file

from mmm.errors import DataError, MMMError, ReportError
from mmm.hashes import of_text
from mmm.reporting.runs import notebook as runner
from mmm.reporting.runs.notebook import OWN, _runtime_folder, code_of, execute
from mmm.reporting.runs.run import notebook_path


def written(folder: Path, *sources: str) -> Path:
    """A notebook of these cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell in cells:
        cell.pop("id", None)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}, nbformat_minor=4)
    nbformat.write(notebook, folder / "book.ipynb")
    return folder / "book.ipynb"


@pytest.mark.parametrize(
    ("cell", "kind", "said"),
    [
        ("import os; os.kill(os.getpid(), 9)", ReportError, "process that ran the notebook ended.*memory"),
        ("from mmm.errors import DataError; raise DataError('Row 3.')", DataError, "Row 3."),
        ("1 / 0", ReportError, "stopped in cell .* with ZeroDivisionError"),
    ],
)
def test_a_notebook_that_fails_is_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], cell: str, kind: type[MMMError], said: str
) -> None:
    written(tmp_path, cell)
    with pytest.raises(kind, match=said):
        execute(tmp_path / "book.ipynb", tmp_path)
    assert "died" not in capfd.readouterr().err


def test_the_file_of_ports_lies_where_a_later_run_cleans(tmp_path: Path) -> None:
    with _runtime_folder(tmp_path):
        path, _ = write_connection_file()
    assert Path(path).parent == tmp_path
    assert tempfile.gettempdir() != str(tmp_path)


def test_the_packages_own_notebook_is_known() -> None:
    """Or it would run in a kernel, which costs twice the time; write its hash to mmm/reporting/runs/notebook.py."""
    assert of_text(code_of(notebook_path())) == OWN


@pytest.mark.parametrize("own", [True, False])
def test_the_own_notebook_runs_in_this_process_and_a_changed_one_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    cells = ("import os\nprint('said')", "number = os.getpid()\nnumber", "class A:\n    pass", "display('shown')\nNone")
    book = written(tmp_path, *cells)
    if own:
        monkeypatch.setattr(runner, "OWN", of_text(code_of(book)))
    execute(book, tmp_path)
    made = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    first, second, third, fourth = [
        cell for cell in made.cells if "injected-parameters" not in cell.metadata.get("tags", [])
    ]
    assert [cell.execution_count for cell in made.cells] == [1, 2, 3, 4, 5]
    assert first.outputs[0].text.strip() == "said"
    assert (int(second.outputs[0].data["text/plain"]) == os.getpid()) == own
    assert third.outputs == []
    assert fourth.outputs[0].output_type == "display_data"


@pytest.mark.parametrize(
    ("cell", "kind", "said"),
    [
        ("from mmm.errors import DataError; raise DataError('Row 3.')", DataError, "Row 3."),
        ("1 / 0", ReportError, "stopped in cell .* with ZeroDivisionError"),
        ("1 +", ReportError, "stopped in cell .* with SyntaxError"),
    ],
)
def test_what_the_own_notebook_raises_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, kind: type[MMMError], said: str
) -> None:
    book = written(tmp_path, "a = 1", cell, "b = 1")
    monkeypatch.setattr(runner, "OWN", of_text(code_of(book)))
    with pytest.raises(kind, match=said):
        execute(book, tmp_path)
    made = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    assert "execution_count" in made.cells[-1]
    assert made.cells[-1].execution_count is None
    monkeypatch.setattr(runner, "OWN", of_text("raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        execute(written(tmp_path, "raise KeyboardInterrupt"), tmp_path)
