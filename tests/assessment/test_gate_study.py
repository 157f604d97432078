"""The study of warnings: shares counted by hand."""

from typing import Any

import numpy as np
import pytest

from mmm.assessment.gate_study import WELL, warning_rates, warnings_figure, warnings_markdown
from mmm.inference.settings import SamplerSettings


def verdict(world: str, *cells: tuple[bool, bool], wide: bool = False) -> dict[str, Any]:
    """A world whose channels are (missed, warned)."""
    channels = [
        {"channel": f"c{i}", "missed": missed, "warned": ["prior"] if warned else [], "truth": 1.0}
        for i, (missed, warned) in enumerate(cells)
    ]
    return {"world": world, "replicate": 0, "model_wide": ["noise"] if wide else [], "channels": channels}


VERDICTS = [
    verdict(WELL, (False, False), (False, True), (False, False), (False, False)),
    verdict(WELL, (True, True), wide=True),
    verdict("hidden_demand", (True, True), (True, False), (False, True)),
    verdict("synergy", (True, False), (False, False), wide=True),
]


def test_shares_are_counted_by_hand() -> None:
    found = warning_rates(VERDICTS)
    assert (found["worlds"], found["missed"], found["calm"]) == (4, 3, 4)
    assert found["missed_warned"] == pytest.approx(1 / 3)
    assert found["missed_warned_whole"] == pytest.approx(2 / 3)
    assert found["calm_warned"] == found["calm_warned_whole"] == pytest.approx(0.25)
    assert found["broken_held_warned"] == pytest.approx(0.5)
    assert found["good_missed"] == pytest.approx(0.2)
    assert np.isnan(warning_rates([])["missed_warned"])


def test_the_page_has_a_row_a_world() -> None:
    page = warnings_markdown(VERDICTS, SamplerSettings(draws=300, chains=2))
    assert "| hidden_demand | 2 of 3 | 1 of 2 | prior 2 | - |" in page
    assert "| synergy | 1 of 2 | 0 of 1 | - | noise 1 |" in page
    assert "**Misses in broken worlds that were warned of: 33% by name, 67% with warnings" in page
    assert "aim 80%" in page


def test_the_figure_counts_the_channels() -> None:
    svg = warnings_figure(VERDICTS)
    assert "hidden_demand (3)" in svg
    assert svg.count("<rect") == 3 + 3 * 3
