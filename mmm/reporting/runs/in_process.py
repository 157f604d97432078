"""A papermill engine that runs the report's own notebook in this process: no kernel starts, nothing is read twice."""

import ast
import contextlib
import io
import traceback
import warnings
from typing import Any

import nbformat
from papermill.engines import Engine

NAME = "mmm-in-process"


class InProcess(Engine):  # type: ignore[misc]
    """Runs code cells one after the other in one namespace; what a cell ends with or displays is its output.

    For notebooks of plain Python alone. The first error ends the run and stands in its cell, as a kernel leaves it.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> None:  # noqa: ARG003
        namespace: dict[str, Any] = {"__name__": "__main__"}
        count = 0
        for index, cell in enumerate(nb_man.nb.cells):
            if cell.cell_type != "code":
                continue
            count += 1
            nb_man.cell_start(cell, index)
            cell.execution_count, cell.outputs = count, []
            done = _run(cell, namespace, count)
            if not done:
                nb_man.cell_exception(cell, index)
                return
            nb_man.cell_complete(cell, index)


def _run(cell: Any, namespace: dict[str, Any], count: int) -> bool:
    """Whether the cell ran to its end. KeyboardInterrupt is not caught."""
    outputs = cell.outputs
    namespace["display"] = lambda value: outputs.append(nbformat.v4.new_output("display_data", _forms(value)))
    said = io.StringIO()
    try:
        # Warnings of libraries are said in a kernel's output, where the report does not look.
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings():
            value = _value(cell.source, namespace)
    except Exception as error:  # noqa: BLE001
        outputs.append(
            nbformat.v4.new_output(
                "error",
                ename=type(error).__name__,
                evalue=str(error),
                traceback=traceback.format_exception(error),
            )
        )
        return False
    finally:
        if said.getvalue():
            outputs.append(nbformat.v4.new_output("stream", name="stdout", text=said.getvalue()))
    if value is not None:
        outputs.append(nbformat.v4.new_output("execute_result", _forms(value), execution_count=count))
    return True


def _value(source: str, namespace: dict[str, Any]) -> Any:
    """Runs the cell; the value of the expression that it ends with, None where it ends otherwise."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    ending = last.value if isinstance(last, ast.Expr) else None
    # S102, S307: the cells of the report's own notebook, which is compared with what the package knows of it.
    exec(compile(tree, "<report>", "exec"), namespace)  # noqa: S102
    if ending is None:
        return None
    return eval(compile(ast.Expression(ending), "<report>", "eval"), namespace)  # noqa: S307


def _forms(value: Any) -> dict[str, Any]:
    """The value as a kernel's output has it: every form that it makes of itself."""
    make = getattr(value, "_repr_mimebundle_", None)
    return {"text/plain": repr(value)} if make is None else dict(make())
