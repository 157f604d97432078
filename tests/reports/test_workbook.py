"""The workbook calculates: its formulas give the plan's numbers, and those of another plan when a spend is changed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import load_workbook

from mmm.reporting.export import write_outputs
from mmm.reporting.story import Story
from mmm.reporting.what_if import response_points

NAMES = ("tv", "search", "display")
ROWS = range(2, 2 + len(NAMES))


@pytest.fixture(scope="module")
def path(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workbook")
    write_outputs(story.material, folder)
    return folder / "allocation.xlsx"


def calculated(path: Path, spend: dict[int, float] | None = None) -> dict[str, Any]:
    """Cells of the sheet Allocation after a spreadsheet program has calculated, with other ``spend`` by row."""
    import formulas

    book = load_workbook(path)
    for row, value in (spend or {}).items():
        book["Allocation"].cell(row, 4).value = value
    # Saved by openpyxl, the results that we had written are gone: what comes back was calculated.
    edited = path.with_name("edited.xlsx")
    book.save(edited)
    solution = formulas.ExcelModel().loads(str(edited)).finish().calculate()
    start = f"'[{edited.name}]ALLOCATION'!"
    return {
        str(key).removeprefix(start): value.value[0, 0]
        for key, value in solution.items()
        if str(key).startswith(start) and ":" not in str(key)
    }


def sum_cell(text: str) -> str:
    return f"{text}{ROWS[-1] + 1}"


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_formulas_give_the_numbers_of_the_plan(path: Path, story: Story) -> None:
    found = calculated(path)
    plan = story.plan
    assert float(found[sum_cell("K")]) == pytest.approx(plan.gain.mean, rel=1e-6)
    assert float(found[sum_cell("D")]) == pytest.approx(plan.spend)
    for row, name in zip(ROWS, NAMES, strict=True):
        line = plan.allocation.loc[name]
        assert float(found[f"I{row}"]) == pytest.approx(line["effect"], rel=1e-6)
        assert float(found[f"E{row}"]) == pytest.approx(line["change"])
        assert float(found[f"F{row}"]) == pytest.approx(line["change_pct"] / 100)
        # The slope of the line through the curve's points; the curve's own is between those of two neighbours.
        assert float(found[f"L{row}"]) == pytest.approx(line["marginal_effect"], rel=0.1)
        assert found[f"M{row}"] in ("", 0)


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_a_changed_spend_is_looked_up_on_the_curve(path: Path, story: Story) -> None:
    today = story.plan.problem.reference_totals
    other = {2: 1.31 * today[0], 3: 0.77 * today[1], 4: 30 * today[2]}
    found = calculated(path, other)
    money = story.plan.problem.pattern * np.array([other[row] for row in ROWS])
    effects = story.plan.problem.effect_draws(money).mean(axis=0)
    for c, row in enumerate(ROWS[:2]):
        assert float(found[f"I{row}"]) == pytest.approx(effects[c], rel=2e-3)
        assert float(found[f"K{row}"]) == pytest.approx(effects[c] - float(found[f"J{row}"]), rel=0.02)
    assert "beyond the curve" in str(found["M4"])


def test_programs_that_do_not_calculate_see_the_plan(path: Path, story: Story) -> None:
    sheet = load_workbook(path, data_only=True)["Allocation"]
    assert sheet[sum_cell("K")].value == pytest.approx(story.plan.gain.mean, rel=1e-6)


def test_points_of_the_curves_include_today_and_the_plan(story: Story) -> None:
    points = response_points(story.plan)
    for name in NAMES:
        one = points[points["channel"] == name]
        assert (np.diff(one["spend"]) > 0).all()
        for column in ("reference", "spend"):
            wanted = float(story.plan.allocation.loc[name, column])
            assert np.abs(one["spend"] / wanted - 1).min() < 1e-5
