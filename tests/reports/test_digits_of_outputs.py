"""Outcomes of any size are readable in every output: rates, indexes, small counts, amounts in millions."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook
from reading import data_of

from mmm.cli.plan import print_plan
from mmm.reporting.files.export import write_outputs
from mmm.reporting.runs.story import Story

CHAPTERS = ("summary", "drivers", "returns", "saturation", "plan_by_channel", "what_if", "belief")
NOTHING = re.compile(r"(?<![\d.,])[+−-]?0(?:[.,]0+)? \([+−-]?0(?:[.,]0+)? to [+−-]?0(?:[.,]0+)?\)")


@pytest.fixture(scope="module", params=[1e-8, 1e-20, 1e-5])
def rated(request: pytest.FixtureRequest, make_story: Callable[..., Story]) -> Story:
    """A conversion rate of about 0.02, the same in absurd units, and a count of some 20 a week."""
    return make_story(
        value_per_unit=None,
        scale=request.param,
        settings={"report": {"figures": False}, "plan": {"curve_points": 2, "draws": 100}},
    )


def test_no_estimate_of_a_page_is_nothing(rated: Story) -> None:
    seen = 0
    for name in CHAPTERS:
        chapter = getattr(rated, name)().chapter
        for one in data_of(f"{chapter.answer_html}{chapter.html}"):
            if "/lower" in one.q or "/upper" in one.q or one.value == 0 or "probab" in one.q:
                continue
            seen += 1
            if one.written == 0:
                ends = [o for o in data_of(chapter.html) if o.q in (f"{one.q}/lower", f"{one.q}/upper")]
                assert len({o.written for o in ends}) > 1, (name, one)
        assert not NOTHING.search(chapter.html), name
    assert seen > 40


def test_no_estimate_of_the_terminal_is_nothing(
    rated: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # a narrow terminal breaks the cells that are counted here
    print_plan(rated)
    text = capsys.readouterr().out
    assert not NOTHING.search(text)
    effect = rated.plan.allocation["effect"]
    for name, line in zip(effect.index, text.splitlines()[4:], strict=False):
        assert line.strip().startswith(str(name))


def test_the_workbook_and_the_csv_show_what_they_hold(rated: Story, tmp_path: Path) -> None:
    write_outputs(rated.material, tmp_path)
    sheet = load_workbook(tmp_path / "allocation.xlsx", data_only=True)["Allocation"]
    for column in ("I", "J"):
        cell = sheet[f"{column}2"]
        decimals = len(cell.number_format.partition(".")[2].partition("E")[0])
        assert "E" in cell.number_format or abs(cell.value) >= 10.0**-decimals
    lines = (tmp_path / "allocation.csv").read_text().splitlines()
    head = lines[0].split(",")
    effects = [float(line.split(",")[head.index("won_plan")]) for line in lines[1:]]
    np.testing.assert_allclose(effects, rated.plan.allocation["effect"], rtol=1e-11)


def test_axes_tell_their_ticks_apart(rated: Story) -> None:
    fmt = rated.material.fmt
    top = float(rated.found.analysis.curves["effect"].max())
    ticks = list(np.linspace(0.0, top, 5).round(-int(np.floor(np.log10(top))) + 1))
    assert len(set(fmt.axis(ticks, money=False))) == len(set(ticks))
