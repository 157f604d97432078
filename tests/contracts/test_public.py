"""What ``import mmm`` offers: every public name with its signature, and who may look below it.

A name that is gone or called differently breaks somebody's notebook. Where it is meant, run ``make accept`` and tell it
in CHANGELOG.md.
"""

import ast
import inspect
import json
import operator
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import mmm
from mmm.api.data import Columns
from mmm.api.sections import Sections

ROOT = Path(__file__).parents[2]
STORED = Path(__file__).with_name("public.json")
PUBLIC = {"mmm", *(f"mmm.{name}" for name in mmm.__all__ if isinstance(getattr(mmm, name), ModuleType))}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def signature(item: Any) -> str:
    """Parameters with their defaults; of a class its public methods and properties."""
    if inspect.isclass(item):
        own = sorted(name for name in dir(item) if not name.startswith(("_", "model_")) and name not in PYDANTIC)
        return f"class: {', '.join(own)}"
    if not callable(item):
        return type(item).__name__
    bare = inspect.signature(item).replace(return_annotation=inspect.Signature.empty)
    parameters = [p.replace(annotation=p.empty) for p in bare.parameters.values()]
    return re.sub(r" at 0x[0-9a-f]+", "", str(bare.replace(parameters=parameters)))


PYDANTIC = set(dir(__import__("pydantic").BaseModel))


def current() -> dict[str, str]:
    found = {}
    for module in sorted(PUBLIC):
        there = sys.modules[module]
        for name in there.__all__ if hasattr(there, "__all__") else classes(there):
            item = getattr(there, name)
            if not isinstance(item, ModuleType):
                found[f"{module}.{name}"] = signature(item)
    return found


def classes(module: ModuleType) -> list[str]:
    return sorted(name for name, item in vars(module).items() if getattr(item, "__module__", "") == module.__name__)


def test_no_public_name_changed_by_accident() -> None:
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert current() == stored, "The public API changed. If meant: `make accept`, and tell it in CHANGELOG.md."


@pytest.mark.parametrize("name", mmm.__all__)
def test_a_public_name_says_what_it_is(name: str) -> None:
    assert inspect.getdoc(getattr(mmm, name))


def test_importing_is_quick_and_loads_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "pymc", "matplotlib", "xarray", "pydantic")
    code = f"import sys, mmm; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_wrong_name_is_told_the_right_one() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'from_fram'\. Did you mean 'from_frame'"):
        mmm.from_fram  # noqa: B018


# Who may look below


def below(code: str) -> Iterator[str]:
    """Imports of the package's own modules that are not public, and public modules' names that are not."""
    lines = (line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if private(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module is not None and private(node.module):
            yield node.module
        elif isinstance(node, ast.ImportFrom) and node.module in PUBLIC:
            offered = getattr(sys.modules[node.module], "__all__", None)
            yield from (f"{node.module}.{a.name}" for a in node.names if offered is not None and a.name not in offered)


def private(module: str) -> bool:
    return module.partition(".")[0] == "mmm" and module not in PUBLIC


def code_of(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        yield from ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    else:
        yield from re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=lambda path: path.name)
def test_what_readers_are_shown_uses_the_public_names_alone(path: Path) -> None:
    assert [name for code in code_of(path) for name in below(code)] == []


def test_notebooks_and_pages_have_code() -> None:
    """The reader of code above finds something to look at."""
    assert len(NOTEBOOKS) == 8
    assert all(any("import mmm" in code for code in code_of(path)) for path in NOTEBOOKS)
    assert sum(len(list(code_of(path))) for path in PAGES) >= 7


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import mmm", []),
        ("import mmm.plot as p\nfrom mmm.extend import register", []),
        ("from mmm.planning import Plan", ["mmm.planning"]),
        ("import mmm.model.spec", ["mmm.model.spec"]),
        ("%matplotlib inline\nfrom mmm import digits", ["mmm.digits"]),
        ("from mmm.extend import graph", ["mmm.extend.graph"]),
    ],
)
def test_looking_below_is_seen(code: str, found: list[str]) -> None:
    assert list(below(code)) == found


def calls(code: str) -> Iterator[tuple[str, list[str], int]]:
    """Public functions that are called by their full name, with the keywords and the number of other arguments."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("mmm."):
            yield ast.unparse(node.func), [word.arg for word in node.keywords if word.arg], len(node.args)


def test_the_readme_calls_what_is_there_as_it_is() -> None:
    """Its one block samples for minutes, and is not run; the same path is run on a small world in tests/api."""
    (code,) = code_of(ROOT / "README.md")
    further = {
        "mmm.from_frame": Columns.__annotations__,
        "mmm.fit": Sections.__annotations__,
        "mmm.plan": mmm.PlanSettings.model_fields,
        "mmm.report": {"name": 1, "title": 1, **mmm.ReportSettings.model_fields},
    }
    found = list(calls(code))
    assert {name for name, _, _ in found} >= {*further, "mmm.plot.returns"}
    for name, words, count in found:
        own = inspect.signature(operator.attrgetter(name.removeprefix("mmm."))(mmm)).parameters
        assert set(words) <= {*own, *further.get(name, {})}, name
        assert count <= len(own)


if __name__ == "__main__":
    STORED.write_text(json.dumps(current(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
