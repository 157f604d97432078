"""Texts from data stay texts in every table, and every table is written by the one writer that holds it."""

import ast
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmm
from mmm.tables import FORMULA_STARTS, csv_text, safe_text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("-a", "'-a"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1+1", "a;'=1+1"),
        ("a\n@x", "a\n'@x"),
        ('a;"=1', "a;\"'=1"),
        ("a=b", "a=b"),
        ("a - b", "a - b"),
    ],
)
def test_formulas_become_texts(text: str, safe: str) -> None:
    assert safe_text(text) == safe


@given(st.text("=+-@\t\r\n;,\"'a1 ", max_size=12))
def test_no_separator_makes_a_formula_of_a_cell(text: str) -> None:
    """Whatever a spreadsheet takes for the separator, and whether it heeds quotes or not."""
    written = csv_text(pd.DataFrame({"channel": [text, "b"], "spend": [-1.5, 2.0]}))
    assert not safe_text(text).startswith(FORMULA_STARTS)
    for separator in (";", "\t"):
        for line in written.splitlines():
            first, *others = line.split(separator)
            for cell in (first.removeprefix('"'), *(other.lstrip('"') for other in others)):
                assert not cell.startswith(("=", "@", "+")), (separator, line)


def test_numbers_and_days_stay_what_they_are() -> None:
    day = pd.Timestamp("2026-01-31")
    frame = pd.DataFrame(
        {"=day": [day, day], "who": ["=a", None], "amount": [-0.1, np.inf], "n": [-3, 4]}, index=["+x", "y"]
    ).rename_axis("name")
    text = csv_text(frame, index=True)
    assert text == "name,'=day,who,amount,n\n'+x,2026-01-31,'=a,-0.1,-3\ny,2026-01-31,,,4\n"
    assert pd.read_csv(io.StringIO(text))["amount"].tolist()[0] == -0.1


def test_no_table_is_written_elsewhere() -> None:
    """CSV by mmm/tables.py, workbooks by those of reports and of platforms alone, which write no text as a formula."""
    for path in Path(mmm.__file__).parent.rglob("*.py"):
        if path.name == "tables.py" and path.parent.name == "mmm":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = node.attr if isinstance(node, ast.Attribute) else ""
            assert named not in ("to_csv", "to_excel", "DictWriter", "ExcelWriter"), f"{path}: {named}"
            writer = named == "writer" and isinstance(node.value, ast.Name) and node.value.id == "csv"
            assert not writer, f"{path}: csv.writer"
            assert named != "Workbook" or path.name in ("workbook.py", "platforms.py"), path
