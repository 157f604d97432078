"""One quantity has one value: every number of a report that says which quantity it is, wherever the report is told.

Three kinds of analysis: regions, a national one, and one whose curves may be S-shaped. Pages, terminal, JSON, workbook
and Python are compared through the identity that a number carries (:mod:`mmm.reporting.notation.identity`).
"""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from reading import Data, data_of

from mmm.cli.plan import print_plan
from mmm.reporting.files.export import write_outputs
from mmm.reporting.runs.run import Report
from mmm.reporting.runs.story import Story
from mmm.reporting.sentences.headings import PLAN

CHAPTERS = ("summary", "drivers", "returns", "saturation", "plan_by_channel", "what_if", "belief")
QUICK = {"curve_points": 2, "draws": 100}
CASES: dict[str, dict[str, Any]] = {
    "regions": {"settings": {"plan": {**QUICK, "margin": 0.4, "total_budget": 1.9e6}}},
    "national": {"geos": 1, "settings": {"plan": QUICK}},
    "s_shaped": {
        "geos": 1,
        "channels": ("tv", "search"),
        "value_per_unit": None,
        "settings": {
            "plan": QUICK,
            "model": {"mixture": None, "lookback": "8 weeks", "saturation": {"slope": {"lower": 0.8, "upper": 3.5}}},
        },
    },
}


@pytest.fixture(scope="module", params=list(CASES))
def told(request: pytest.FixtureRequest, make_story: Callable[..., Story]) -> Story:
    case = CASES[request.param]
    return make_story(**case)


@pytest.fixture(scope="module")
def numbers(told: Story) -> dict[str, list[Data]]:
    """The numbers of the chapters by what they are."""
    found: dict[str, list[Data]] = defaultdict(list)
    for name in CHAPTERS:
        chapter = getattr(told, name)().chapter
        for one in data_of(f"{chapter.answer_html} {chapter.html}"):
            found[one.q].append(one)
    return found


def differing(numbers: Mapping[str, list[Data]]) -> list[str]:
    """Quantities that have two values."""
    return [q for q, all_of in numbers.items() if len({round_off(one.value) for one in all_of}) > 1]


def round_off(value: float) -> float:
    return float(f"{value:.9g}")


def misread(numbers: Mapping[str, list[Data]]) -> list[Data]:
    """Numbers whose text is not their value, rounded where the text ends."""
    flat = [one for all_of in numbers.values() for one in all_of]
    return [one for one in flat if abs(one.written * one.unit - one.value) > 0.501 * one.step]


def test_a_quantity_has_one_value_on_all_pages(numbers: dict[str, list[Data]]) -> None:
    assert len(numbers) > 80
    assert sum(len(all_of) > 1 for all_of in numbers.values()) > 8
    assert differing(numbers) == []


def test_a_text_is_its_value_rounded(numbers: dict[str, list[Data]]) -> None:
    assert misread(numbers) == []


def of_past(story: Story) -> dict[str, float]:
    """What the analysis says of the past, by identity."""
    found: dict[str, float] = {}
    base = story.material.fmt.return_base
    returns = {"roas": ("roas", 1.0), "marginal_roas": ("marginal_roas", 1.0)}
    if not story.found.dataset.has_value:
        returns = {"marginal_roas": ("marginal_effect", base)}
    same = {c: (c, 1.0) for c in ("effect", "share", "half_life", "saturation")}
    for name, line in story.found.analysis.channels.iterrows():
        found |= {f"past/{name}/{c}": float(line[c]) for c in ("spend", "today", "observed_max")}
        found |= with_ends(line, f"past/{name}", {**same, **returns})
    return found


def with_ends(line: Any, of: str, columns: Mapping[str, tuple[str, float]]) -> dict[str, float]:
    """Estimates of a table's row by identity, with the ends of their intervals."""
    ends = (("", ""), ("/lower", "_lower"), ("/upper", "_upper"))
    return {
        f"{of}/{q}{end}": factor * float(line[f"{column}{suffix}"])
        for q, (column, factor) in columns.items()
        for end, suffix in ends
    }


def of_python(story: Story) -> dict[str, float]:
    """The same quantities from Python, by their identities."""
    plan, base = story.plan, story.material.fmt.return_base
    found = of_past(story)
    amounts = ("reference", "spend", "change", "lower_bound", "upper_bound", "probability_direction")
    estimates = {
        "effect": ("effect", 1.0),
        "reference_effect": ("reference_effect", 1.0),
        "next_today": ("reference_marginal_effect", base),
        "next_planned": ("marginal_effect", base),
    }
    for name, line in plan.allocation.iterrows():
        found |= {f"plan/{name}/{c}": float(line[c]) for c in amounts} | with_ends(line, f"plan/{name}", estimates)
    for q, gain in (("gain", plan.gain), ("mix_gain", plan.mix_gain), ("net", plan.profit_gain)):
        if gain is not None:
            found |= {f"plan/{q}": gain.mean, f"plan/{q}/lower": gain.lower, f"plan/{q}/upper": gain.upper}
    found |= {"plan/probability": plan.decisive_gain.probability, "plan/worst5": abs(plan.decisive_gain.worst5)}
    found |= {"plan/spend_today": plan.reference_spend, "plan/spend_planned": plan.spend}
    found |= {"fit/r2": story.found.analysis.r_squared, "fit/error": story.found.analysis.error}
    if story.found.judged.holdout is not None:
        found["fit/holdout_error"] = story.found.judged.holdout.error
    return found


def test_pages_and_python_agree(told: Story, numbers: dict[str, list[Data]]) -> None:
    python = of_python(told)
    both = [q for q in python if q in numbers]
    assert len(both) > 60
    for q in both:
        assert numbers[q][0].value == pytest.approx(python[q], rel=1e-9, abs=1e-300), q


def test_pages_and_results_agree(told: Story, numbers: dict[str, list[Data]], tmp_path: Path) -> None:
    write_outputs(told.material, tmp_path)
    results = json.loads((tmp_path / "results.json").read_text())
    compared = compare(results, numbers)
    assert compared > 40
    book = load_workbook(tmp_path / "allocation.xlsx", data_only=True)
    for row, name in zip(book["Plan in full"].iter_rows(min_row=2), told.plan.allocation.index, strict=False):
        for cell, (column, _, _) in zip(row[1:], PLAN, strict=True):
            end = "/lower" if column.endswith("_lower") else "/upper" if column.endswith("_upper") else ""
            q = f"plan/{name}/{column.removesuffix('_lower').removesuffix('_upper')}{end}"
            if q in numbers and cell.value is not None:
                assert cell.value == pytest.approx(numbers[q][0].value, rel=1e-9), q


def compare(results: Mapping[str, Any], numbers: Mapping[str, list[Data]]) -> int:
    """Hold results.json equal to the pages; how many numbers were compared."""
    wanted: dict[str, Any] = {}
    for line in results["channels"]:
        of = f"past/{line['channel']}"
        wanted |= {f"{of}/spend": line["spend"], f"{of}/today": line["today"], f"{of}/effect": line["won"]}
        wanted |= {
            f"{of}/share": line["share"],
            f"{of}/roas": line["average_return"],
            f"{of}/saturation": line["saturation"],
        }
        wanted |= {f"{of}/marginal_roas": line["next_return"]}
    for line in results["controls"]:
        of, elasticity = f"past/{line['control']}", line["elasticity"]
        wanted |= {f"{of}/per_unit": line["per_unit"]}
        if f"{of}/one_per_cent" in numbers:
            wanted |= {f"{of}/one_per_cent": {end: 0.01 * value for end, value in elasticity.items()}}
    for line in results["allocation"]:
        of = f"plan/{line['channel']}"
        wanted |= {
            f"{of}/reference": line["spend_today"],
            f"{of}/spend": line["spend_plan"],
            f"{of}/effect": line["won_plan"],
        }
        wanted |= {f"{of}/next_today": line["next_today"], f"{of}/next_planned": line["next_plan"]}
    decision = results["decision"]
    wanted |= {
        "plan/gain": decision["gain"],
        "plan/won_planned": decision["won_plan"],
        "plan/net": decision["net_gain"],
    }
    wanted |= {"plan/won_today": decision["won_today"], "plan/probability": decision["probability"]}
    wanted |= {"fit/r2": results["fit"]["r_squared"], "fit/error": results["fit"]["error"]}
    compared = 0
    assert all(q in numbers for q in wanted if q.endswith("/per_unit"))
    for q, value in wanted.items():
        ends = {"": value} if not isinstance(value, dict) else {
            "": value["mean"], "/lower": value["lower"], "/upper": value["upper"]
        }  # fmt: skip
        for end, number in ends.items():
            if f"{q}{end}" in numbers and number is not None:
                compared += 1
                assert numbers[f"{q}{end}"][0].value == pytest.approx(number, rel=1e-9, abs=1e-300), q
    return compared


def test_the_terminal_writes_what_the_pages_write(
    told: Story, numbers: dict[str, list[Data]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    print_plan(told)
    lines = capsys.readouterr().out.splitlines()
    for name in told.plan.allocation.index:
        (line, *_) = [one for one in lines if one.strip().startswith(f"{name} ")]
        effect = [
            numbers[f"plan/{name}/effect{end}"][0].text.replace("\u00a0", " ") for end in ("", "/lower", "/upper")
        ]
        assert effect[0] in line, (effect, line)
        assert f"{effect[1]} to {effect[2]}" in line, (effect, line)


def test_the_sliders_start_from_the_reports_figures(told: Story) -> None:
    assert told.material.what_if is not None
    reported: Any = told.material.what_if["reported"]
    plan = told.plan
    assert reported["planned"]["won"][0] == pytest.approx(plan.outcome_draws.mean())
    assert reported["planned"]["gain"] == pytest.approx([plan.gain.mean, plan.gain.lower, plan.gain.upper])
    assert reported["today"]["won"][0] == pytest.approx(plan.reference_draws.mean())


def test_the_closest_to_its_ceiling_is_closest_to_it(told: Story) -> None:
    reached = told.found.analysis.channels["saturation"]
    label = told.material.fmt.label(str(reached.idxmax()))
    assert f"{label} is closest to its ceiling" in unescape(str(told.saturation().chapter.answer_html))


def test_curves_are_told_as_they_were_fitted(told: Story) -> None:
    text = told.data().chapter.html
    bent = "slope" in told.settings.model.saturation.priors
    assert ("Small amounts may do little" in text) == bent
    assert "does less than the one before" in text


def test_a_second_value_would_be_seen(numbers: dict[str, list[Data]]) -> None:
    q = "plan/gain"
    other = Data(q, 1.1 * numbers[q][0].value, 1.0, numbers[q][0].text)
    assert differing({q: [*numbers[q], other]}) == [q]
    assert misread({q: [other]}) == [other]


@pytest.mark.usefixtures("needs_pdf", "needs_poppler")
def test_a_whole_run_says_the_same_on_screen_in_print_and_for_programs(report: Report) -> None:
    screen: dict[str, list[Data]] = defaultdict(list)
    for one in data_of(report.files["report.html"].read_text(encoding="utf-8")):
        screen[one.q].append(one)
    assert len(screen) > 80
    assert differing(screen) == []
    assert misread(screen) == []
    results = json.loads((report.folder / "results.json").read_text())
    assert compare(results, screen) > 40
    text = subprocess.run(
        ["pdftotext", "-layout", str(report.files["report.pdf"]), "-"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    printed = re.sub(r"\s+", "", text)
    lacking = [one for all_of in screen.values() for one in all_of if re.sub(r"\s+", "", one.text) not in printed]
    assert lacking == []
