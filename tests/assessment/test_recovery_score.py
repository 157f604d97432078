"""Scores of intervals by hand."""

import numpy as np
import pytest

from mmm.assessment.recovery_score import HEADER, Estimate, clustered_error, summarise, table_row


def _estimate(world: str, truth: float, lower: float, upper: float) -> Estimate:
    return Estimate(world, "g", "tv", "", truth, (lower + upper) / 2, lower, upper, 0.0, 4.0)


def test_scores_by_hand() -> None:
    found = summarise([_estimate("a", 1.0, 0.5, 1.5), _estimate("a", 2.0, 1.0, 3.0), _estimate("b", 1.0, 1.25, 1.75)])
    assert (found.cells, found.worlds) == (3, 2)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.error == pytest.approx(0.0)
    assert found.width == pytest.approx(1.0)
    # Widths 1, 1 and 0.5 of the truth; the last misses by 0.25, which counts 20 times.
    assert found.score == pytest.approx((1 + 1 + 5.5) / 3)
    assert found.shrinkage == pytest.approx(0.25)


def test_errors_are_larger_when_misses_come_together() -> None:
    hits = np.array([1.0] * 8 + [0.0] * 2)
    spread = clustered_error(hits, np.arange(10))
    together = clustered_error(hits, np.repeat(np.arange(5), 2))
    assert spread == pytest.approx(np.sqrt(0.8 * 0.2 / 9))
    assert together is not None
    assert spread is not None
    assert together > 1.3 * spread
    assert clustered_error(hits, np.zeros(10)) is None


def test_a_negative_truth_counts_by_its_size() -> None:
    found = summarise([_estimate("a", -1.0, -1.5, -0.5)])
    assert (found.coverage, found.width, found.coverage_error) == (1.0, 1.0, None)


def test_rows_fit_the_header() -> None:
    row = table_row("geo", summarise([_estimate("a", 1.0, 0.5, 1.5), _estimate("b", 1.0, 0.5, 1.5)]))
    assert row.count("|") == HEADER.splitlines()[0].count("|")
    assert "100% ± 0%" in row
