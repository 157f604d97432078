"""Notebooks in a process of their own: what their cells raise, and what happens where that process dies."""

import tempfile
from pathlib import Path

import nbformat
import pytest
from jupyter_client.connect import write_connection_file

from mmm.errors import DataError, MMMError, ReportError
from mmm.reporting.runs.notebook import _runtime_folder, execute


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
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(cell)]
    cells[0].pop("id", None)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}, nbformat_minor=4)
    nbformat.write(notebook, tmp_path / "book.ipynb")
    with pytest.raises(kind, match=said):
        execute(tmp_path / "book.ipynb", tmp_path)
    assert "died" not in capfd.readouterr().err


def test_the_file_of_ports_lies_where_a_later_run_cleans(tmp_path: Path) -> None:
    with _runtime_folder(tmp_path):
        path, _ = write_connection_file()
    assert Path(path).parent == tmp_path
    assert tempfile.gettempdir() != str(tmp_path)
