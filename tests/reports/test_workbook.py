"""The workbook calculates: its formulas give the plan's numbers, and those of another plan when a spend is changed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import load_workbook
from reading import LANGUAGES, leaked

from mmm.planning.by_spend import response_points
from mmm.reporting.files.export import write_outputs
from mmm.reporting.files.workbook import write_workbook
from mmm.reporting.languages.words import words
from mmm.reporting.runs.story import Story
from mmm.settings.report import Language

NAMES = ("tv", "search", "display")
ROWS = range(2, 2 + len(NAMES))


@pytest.fixture(scope="module")
def path(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workbook")
    write_outputs(story.material, folder)
    return folder / "allocation.xlsx"


def calculated(path: Path, spend: dict[int, float] | None = None, sheet: str = "Allocation") -> dict[str, Any]:
    """Cells of the first sheet after a spreadsheet program has calculated, with other ``spend`` by row."""
    import formulas

    book = load_workbook(path)
    for row, value in (spend or {}).items():
        book[sheet].cell(row, 4).value = value
    # Saved by openpyxl, the results that we had written are gone: what comes back was calculated.
    edited = path.with_name("edited.xlsx")
    book.save(edited)
    solution = formulas.ExcelModel().loads(str(edited)).finish().calculate()
    start = f"'[{edited.name}]{sheet.upper()}'!"
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
        assert float(found[f"F{row}"]) == pytest.approx(line["change_pct"] / 100, abs=1e-6)
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


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_speaks_the_reports_language(language: Language, story: Story, tmp_path: Path) -> None:
    m = story.material
    fmts = (replace(fmt, language=language) for fmt in (m.fmt, m.gain_fmt))
    path = tmp_path / "allocation.xlsx"
    write_workbook(replace(m, **dict(zip(("fmt", "gain_fmt"), fmts, strict=True))), path)
    book = load_workbook(path)
    cells = [str(cell.value) for sheet in book for row in sheet for cell in row if isinstance(cell.value, str)]
    # Scenarios are named where the plan is told, and what the outcome is called where it is read.
    spoken = " | ".join([*book.sheetnames, *cells]).replace("\u00a0", " ")
    for name in (*(s.name for s in m.plan.scenarios), m.decision.horizon, "revenue"):
        spoken = spoken.replace(name.replace("\u00a0", " "), "")
    assert leaked(spoken) == []
    found = calculated(path, {4: 30 * story.plan.problem.reference_totals[2]}, book.sheetnames[0])
    assert str(found["M4"]) == words(language)("beyond the curve: counted up to its end")


def test_scenarios_add_up_to_their_budgets(make_story: Callable[..., Story], tmp_path: Path) -> None:
    """Channels that only a scenario has are shown, whatever a channel is called."""
    scenarios = [
        {"name": name, "new_channel": {"name": name, "spend": 50_000.0, "roas": [5.0, 20.0]}}
        for name in ("pod", "=ooh")
    ]
    plan = {"curve_points": 2, "draws": 100, "scenarios": scenarios}
    story = make_story(channels=("tv", "budget", "won"), geos=1, settings={"plan": plan})
    path = tmp_path / "allocation.xlsx"
    write_workbook(story.material, path)
    heads, *rows = load_workbook(path)["Scenarios"].values
    assert heads[-5:] == ("TV", "Budget", "Won", "pod", "=ooh")
    for row, line in zip(rows, story.material.plan.scenarios, strict=True):
        assert row[1] == pytest.approx(line.budget)
        assert sum(row[-5:]) == pytest.approx(line.budget)
    assert [row[-2] > 0 for row in rows] == [False, False, True, False]
    assert [row[-1] > 0 for row in rows] == [False, False, False, True]


def test_points_of_the_curves_include_today_and_the_plan(story: Story) -> None:
    points = response_points(story.plan)
    for name in NAMES:
        one = points[points["channel"] == name]
        assert (np.diff(one["spend"]) > 0).all()
        for column in ("reference", "spend"):
            wanted = float(story.plan.allocation.loc[name, column])
            assert np.abs(one["spend"] / wanted - 1).min() < 1e-5
