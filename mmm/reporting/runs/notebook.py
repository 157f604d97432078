"""Running the report's notebook, and what its end means.

The package's own notebook runs in this process, by an engine of papermill's; one that somebody changed, or any other,
in a kernel, a process of its own, as it may do anything.
"""

import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmm import errors
from mmm.errors import MMMError, ReportError
from mmm.hashes import of_text
from mmm.interrupts import with_its_processes
from mmm.reporting.runs.executed import portable
from mmm.scratch import process_folder, sweep_temporary

EXECUTED = "executed.ipynb"


OWN = "7294059aad65f5f3820e3445f7bd5dddf136445cd92f0d7440715e1b7eeeaac4"
"""Hash of the code of the package's own notebook (:func:`code_of`)."""


def code_of(notebook: Path) -> str:
    """The notebook's code cells as one text, unreadable files as none. Nothing is run."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def execute(notebook: Path, folder: Path) -> None:
    """Run ``notebook`` on the run in ``folder``; it lands there with its outputs.

    Raises the error of the workbench that stopped it, ReportError for any other or where its process died, and
    KeyboardInterrupt where that was interrupted.
    """
    with _without_grammars():
        import nbformat
        import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError

    from mmm.reporting.runs import in_process

    papermill_engines.register(in_process.NAME, in_process.InProcess)
    own = of_text(code_of(notebook)) == OWN
    for name in ("papermill", "traitlets", "nbclient"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what they meet comes back as an error
    target = folder / EXECUTED
    try:
        with with_its_processes(), _runtime_folder(process_folder("mmm-kernel")):
            papermill.execute_notebook(
                str(notebook),
                str(target),
                parameters={"run": str(folder)},
                progress_bar=False,
                log_output=False,
                cwd=str(folder),
                engine_name=in_process.NAME if own else None,
                extra_arguments=["--log-level=50"],
                # After an interrupt nobody waits for what the notebook is at.
                shutdown_kernel="immediate",
            )
        # A kernel that is ended at once leaves its own.
        sweep_temporary()
    except PapermillExecutionError as error:
        raise _error_of(error) from error
    except (DeadKernelError, CellTimeoutError, RuntimeError) as error:
        raise ReportError(
            "The process that ran the notebook ended or did not answer. Most often it was killed, be it for too little "
            "memory or by hand. What was fitted is stored: make the report again, on a machine with more memory where "
            "that was the cause."
        ) from error
    nbformat.write(portable(nbformat.read(target, as_version=4), folder), target)


@contextmanager
def _without_grammars() -> Iterator[None]:
    """jsonschema, which nbformat brings, looks for a parser of addresses whose grammars take a second to build.

    It does without where there is none; no notebook needs it.
    """
    name = "rfc3987_syntax"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def _runtime_folder(folder: Path) -> Iterator[None]:
    """Where the kernel's connection file lies meanwhile: a killed run leaves it, and nobody else removes it."""
    name = "JUPYTER_RUNTIME_DIR"
    before, temporary = os.environ.get(name), tempfile.tempdir
    os.environ[name] = str(folder)
    # jupyter_client writes a file that was not named below the temporary folder, whatever the runtime folder is.
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = temporary
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def _error_of(error: Any) -> MMMError:
    """The notebook's error as one of the workbench's own where it was one, with its cell otherwise."""
    if str(error.ename) == KeyboardInterrupt.__name__:
        raise KeyboardInterrupt from error
    kind = getattr(errors, str(error.ename).rpartition(".")[2], None)
    if isinstance(kind, type) and issubclass(kind, MMMError):
        return kind(str(error.evalue))
    return ReportError(
        f"The notebook stopped in cell {error.cell_index} with {error.ename}: {error.evalue}. The run is kept, so that "
        "its executed.ipynb shows where."
    )
