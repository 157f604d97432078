"""What the study of promises says of plans, chances and warnings."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from mmm.planning.discrepancy import KEPT, Kept, kept_by
from mmm.planning.settings import Discrepancy
from mmm.study.doubts import FEATURES, Cells, area, caught, features, learned, left_out
from mmm.study.promises_figure import share
from mmm.study.promises_page import _checks, markdown, write

DOCS = Path(__file__).parents[2] / "docs" / "studies"
WAYS = (
    "with the discrepancy",
    "posterior alone",
    "with the discrepancy, worlds of the next line",
    "told of two lift tests",
)
SAMPLER = {"chains": 2, "draws": 400, "tune": 300}


def _row(i: int, *, promised: float, realised: float, missed: bool, light: str) -> dict[str, Any]:
    plan = {"promised": promised, "realised": realised, "oracle": 0.1, "today": 1e6, "lost": realised < 0}
    plan |= {"lower": promised - 0.05, "upper": promised + 0.05, "chance": 0.85}
    plan["holds"] = plan["lower"] <= realised <= plan["upper"]
    alone = {**plan, "lower": promised - 0.01, "upper": promised + 0.01, "holds": abs(promised - realised) <= 0.01}
    channel = {
        "missed": missed,
        "beyond": 0.2 if missed else 0.0,
        "light": light,
        "features": [float(i)] * len(FEATURES),
    }
    label = {
        "world": f"w{i}",
        "part": "new kinds",
        "kind": ("threshold", "held", "twins")[i % 3],
        "geos": 1 + 3 * (i % 2),
    }
    for arm in (plan, alone):
        half = arm["upper"] - promised
        arm["quantiles"] = [promised + half * step for step in (-1.0, -0.8, -0.4, 0.0, 0.4, 0.8, 1.0)]
    return {**label, "seconds": 1.0, "plans": {"told": plan, "alone": alone}, "channels": [channel], "hits": {}}


def test_the_page_counts_what_was_kept() -> None:
    rows = [
        _row(0, promised=0.06, realised=0.04, missed=False, light="green"),
        _row(1, promised=0.06, realised=0.06, missed=True, light="red"),
        _row(2, promised=0.10, realised=-0.02, missed=True, light="green"),
        _row(3, promised=0.06, realised=0.03, missed=False, light="amber"),
    ]
    page = markdown(rows, SAMPLER)
    told, alone = [line for line in page.splitlines() if line.startswith("| new kinds | ") and "| 4 (3) |" in line]
    assert "75% ± 22% | 1.50 | 0.28 / 0.11" in told
    assert "| 25% ± 22% |" in alone
    assert "| new kinds | 80% to 90% | 0.85 | 3 of 4 | 0.85 | 3 of 4 |" in page
    lights = next(line for line in page.splitlines() if line.startswith("| new kinds | 50%"))
    assert lights.endswith("| 1 of 2 | 0 of 1 | 1 of 1 | 1 of 2 |")
    assert "2 intervals missed, too few to learn from" in page


def test_page_one_tells_of_the_promises_that_the_study_counted() -> None:
    rows = json.loads((DOCS / "promises.json").read_text(encoding="utf-8"))
    new = [r for r in rows if r["part"] == "new kinds"]
    held = sum(r["plans"]["told"]["holds"] for r in new)
    assert Kept(len(new), len({r["kind"] for r in new}), held) == KEPT
    assert kept_by(Discrepancy()) == KEPT
    assert kept_by(Discrepancy(usual=0.2)) is None
    assert kept_by(None) is None


def test_the_page_is_made_again_of_what_was_kept() -> None:
    rows = json.loads((DOCS / "promises.json").read_text(encoding="utf-8"))
    assert markdown(rows, SAMPLER, ["promises_chances"]) == (DOCS / "promises.md").read_text(encoding="utf-8")


def test_worlds_told_of_tests_stand_beside_the_same_worlds_without() -> None:
    rows = [_row(i, promised=0.06, realised=0.05 if i < 2 else -0.04, missed=False, light="green") for i in range(4)]
    for row in rows[:2]:
        row["plans"]["tested"] = {**row["plans"]["told"], "promised": 0.05, "lower": 0.04, "upper": 0.06}
        row["hits"]["tested"] = [row is rows[0]]
    lines = [line for line in markdown(rows, SAMPLER).splitlines() if line.startswith("| new kinds | ")]
    whole, alone, without, told = (next(x for x in lines if f"| new kinds | {w} |" in x) for w in WAYS)
    assert "| 4 (3) | 50% ± 25% |" in whole
    assert "| 4 (3) |" in alone
    assert "| 2 (2) | 100% ± 0% | 1.20 |" in without
    assert "| 2 (2) | 100% ± 0% | 1.00 |" in told
    assert "told of two lift tests: 50% ± 50% of 2 hold (100% ± 0% by the default in the same worlds)" in markdown(
        rows, SAMPLER
    )


def test_a_reliability_diagram_has_the_shares_that_came_true_with_their_intervals(tmp_path: Path) -> None:
    assert share(0, 4)[:2] == (0.0, 0.0)
    assert share(3, 3)[::2] == (1.0, 1.0)
    won, lower, upper = share(5, 10)
    assert (won, round(lower, 3), round(1.0 - upper, 3)) == (0.5, 0.262, 0.262)
    rows = [_row(i, promised=0.06, realised=0.05, missed=False, light="green") for i in range(4)]
    page, data, picture = write(rows, SAMPLER, tmp_path)
    assert markdown(json.loads(data.read_text(encoding="utf-8")), SAMPLER, [picture.stem]) == page.read_text("utf-8")
    assert picture.name == "promises_chances.svg"
    others = [{**row, "part": "learned on"} for row in rows]
    assert len(write(others, SAMPLER, tmp_path / "others")) == 2


def test_a_warning_is_read_back_with_its_channels() -> None:
    found = _checks(["prior: warn (tv, radio)", "r_hat: fail"])
    assert [(c.name, c.status, c.channels) for c in found] == [
        ("prior", "warn", ("tv", "radio")),
        ("r_hat", "fail", ("",)),
    ]


def test_what_was_not_measured_counts_as_nothing_and_what_is_far_out_no_more_than_the_limit() -> None:
    measured = dict.fromkeys(("overlap", "prior", "surprise", "together", "family", "future", "against"), None)
    measured |= dict.fromkeys(("tails", "memory", "step", "later", "fading", "joint"), 0.0)
    found = dict(zip(FEATURES, features({**measured, "bent": -40.0, "memory": -0.3}), strict=True))
    assert found["others"] == 5.0
    assert found["memory"] == 0.3
    assert found["overlap"] == found["surprise"] == 0.0


def test_a_regression_finds_what_made_the_misses_in_kinds_that_it_did_not_see() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((1200, 3))
    odds = -2.0 + 1.5 * x[:, 0]
    missed = (rng.random(1200) < 1.0 / (1.0 + np.exp(-odds))).astype(float)
    cells = Cells(x, [f"kind {i % 12}" for i in range(1200)], missed, 0.3 * missed)
    chance = left_out(cells)
    assert area(chance, missed) > 0.75
    assert caught(chance, missed, missed) > 3 * caught(rng.random(1200), missed, missed)
    highest = np.argsort(chance)[-300:]
    assert abs(chance[highest].mean() - missed[highest].mean()) < 0.05
    weights = learned(x, missed).weight
    np.testing.assert_allclose(weights, [1.5, 0.0, 0.0], atol=0.25)
    assert np.abs(learned(x, missed, penalty=1e6).weight).max() < 0.01


def test_the_area_counts_pairs_and_ties_as_half() -> None:
    assert area(np.array([0.9, 0.1, 0.5, 0.5]), np.array([1.0, 0.0, 1.0, 0.0])) == (1 + 1 + 1 + 0.5) / 4
