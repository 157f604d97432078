"""What the desk says of its own promises is what the study found."""

import json
import sys
from pathlib import Path

import pytest

from mmm.planning.sample_information import BROUGHT

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))


def test_what_tests_brought_is_that_of_the_study() -> None:
    from information_study import share_brought

    rows = json.loads((ROOT / "docs/studies/information.json").read_text(encoding="utf-8"))
    assert len(rows) == BROUGHT.companies
    assert share_brought(rows) == pytest.approx(BROUGHT[1:], abs=0.005)
