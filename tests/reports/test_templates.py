"""Templates of a user: their faults are told before anything is fitted, and they reach nothing beyond the page."""

import ast
import os
from pathlib import Path
from typing import Any

import pytest
from jinja2.meta import find_undeclared_variables

import mmm
from mmm.errors import ReportError
from mmm.reporting.languages.words import words
from mmm.reporting.pages.parts import Cell, table_of
from mmm.reporting.pages.templating import MOST_FILES, TEMPLATES, check_templates, environment, render

CHAPTER = "chapters/saturation.html.j2"
pytestmark = pytest.mark.timeout(300)


def _own(folder: Path, text: str | bytes, name: str = CHAPTER) -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def test_every_template_of_the_report_passes(tmp_path: Path) -> None:
    for path in TEMPLATES.rglob("*.j2"):
        _own(tmp_path, path.read_bytes(), path.relative_to(TEMPLATES).as_posix())
    _own(tmp_path, "Anything.", "README.md")
    check_templates(tmp_path)


def test_what_the_report_gives_a_template_the_template_uses() -> None:
    """So that the names in a template of ours are all that one of a user's can have."""
    calls = 0
    for path in Path(mmm.__file__).parent.joinpath("reporting").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.args[0] if isinstance(node, ast.Call) and node.args else None
            if not (isinstance(name, ast.Constant) and str(name.value).endswith("html.j2")):
                continue
            calls += 1
            given = {keyword.arg for keyword in node.keywords if keyword.arg is not None} - {"t"}
            used = find_undeclared_variables(environment().parse((TEMPLATES / name.value).read_text(encoding="utf-8")))
            assert given <= used, f"{path.name}: {name.value} does not use {given - used}"
    assert calls > 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% if table %}", r"line 1: .*'endif'"),
        ("a\n\n{{ table", "line 3: "),
        ("{{ table|nofilter }}", "line 1: .*nofilter"),
        ("{{ table is notest }}", "line 1: .*notest"),
        ("{{ tabel }}", "uses the name 'tabel', which the report does not give it; it has caption, left_out, t, table"),
        ("{% include 'parts.j2' %}", "includes 'parts.j2', which is not there"),
        ("{% import '../../secret' as s %}", "includes '../../secret', which is not there"),
        (b"\xff\xfe", "is not UTF-8"),
        ("{{ " + "(" * 5_000 + ")" * 5_000 + " }}", "nested too deeply|line 1"),
        (b"x" * 1_000_001, "at most 1,000,000 are read"),
    ],
)
def test_faults_are_told_without_rendering(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(ReportError, match=said) as caught:
        check_templates(_own(tmp_path, text))
    assert str(caught.value).startswith("report.templates: ")


def test_guarded_names_and_included_files_are_fine(tmp_path: Path) -> None:
    _own(tmp_path, "{{ mine|default('') }}{% if other is defined %}{{ other }}{% endif %}{% include 'mine.j2' %}")
    _own(tmp_path, "{{ table }}", "mine.j2")
    check_templates(tmp_path)


def test_a_file_that_replaces_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"replaces no template.* Did you mean 'chapters/saturation.html"):
        check_templates(_own(tmp_path, "", "chapter/saturation.html.j2"))


def test_folders_of_something_else_are_told(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="is no folder"):
        check_templates(tmp_path / "none")
    for i in range(MOST_FILES + 1):
        (tmp_path / f"{i}.txt").touch()
    with pytest.raises(ReportError, match="more than 200 files"):
        check_templates(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report.css")
    with pytest.raises(ReportError, match="is a named pipe, not a file"):
        check_templates(tmp_path)


CONTEXT: dict[str, Any] = {
    "t": words("en"),
    "table": table_of("A caption", (), [(Cell("a"),)]),
    "caption": "c",
    "left_out": "",
    "folder": TEMPLATES,
    "call": print,
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ table.captoin }}", "undefined: .*captoin"),
        ("{{ ''.__class__.__mro__ }}", "unsafe|undefined"),
        ("{{ table.__init__.__globals__ }}", "unsafe|undefined"),
        ("{{ t.__call__.__globals__ }}", "unsafe|undefined"),
        ("{{ folder.joinpath('page.html.j2').read_text() }}", "not safely callable"),
        ("{{ folder.parent.unlink() }}", "not safely callable"),
        ("{{ call('x') }}", "not safely callable"),
        ("{{ ''.format_map({}) ~ '{0.__class__}'.format(table) }}", "unsafe|undefined"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ caption + 1 }}", "TypeError"),
        ("{{ caption.nothing() }}", "undefined"),
        ("{% include '../../../errors.py' %}", "errors.py"),
        ("{{ range(1000000)|list }}", "Range too big"),
        ("{{ lipsum() }}", "'lipsum' is undefined"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
    ],
)
def test_a_template_reaches_nothing_beyond_what_it_is_given(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ReportError, match=said) as caught:
        render(CHAPTER, _own(tmp_path, text), **CONTEXT)
    assert CHAPTER in str(caught.value)


def test_what_templates_need_they_can_do(tmp_path: Path) -> None:
    text = (
        '{% import "macros.html.j2" as parts %}{{ parts.table(table) }}{{ t("Contents") }}{{ caption.upper() }}'
        "{% for i in range(3) %}{{ loop.index }}{% endfor %}{{ '%d'|format(5) }}{{ '{}'.format('<b>') }}"
        "{% set ns = namespace(x=1) %}{{ ns.x }}{{ {'a': 1}.get('a') }}{{ ['x', 'y']|join('-') }}"
    )
    html = render(CHAPTER, _own(tmp_path, text), **CONTEXT)
    assert "A caption" in html
    assert html.endswith("ContentsC1235&lt;b&gt;11x-y")


def test_a_template_that_was_corrected_is_read_again(tmp_path: Path) -> None:
    assert render(CHAPTER, _own(tmp_path, "one"), **CONTEXT) == "one"
    _own(tmp_path, "other")
    os.utime(tmp_path / CHAPTER, ns=(1, 1))
    assert render(CHAPTER, tmp_path, **CONTEXT) == "other"
