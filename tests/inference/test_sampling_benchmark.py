"""The sampling benchmark's own arithmetic: what it stops, what it counts as converged, how it scores contributions."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def sampling(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("sampling")


def cell(method: str, seed: int, *, ess: float, seconds: float, rhat: float = 1.0) -> dict[str, object]:
    clock = {"sample": seconds, "compile": 1.0}
    fit = {"wall": clock, "cpu": clock, "fit_wall": 2 * seconds, "fit_cpu": 2 * seconds, "divergences": 0}
    fit |= {"gradients": 10}
    return {
        "cell": f"S/{method}/{seed}", "library": method, "code": "x", "when": "now", "load": 0.0, "status": "done",
        "wall": seconds, "cpu": seconds, "peak": 1e6, "cold_caches": False, "fit": fit, "ess": ess, "ess_of": "beta",
        "rhat": rhat, "rhat_all": rhat, "srmse": 0.5, "judged": 3,
    }  # fmt: skip


def test_ratio_is_of_the_same_seed_and_of_converged_fits_alone(sampling: ModuleType) -> None:
    report = sampling.sampling_report
    rows = [
        report.row(one)
        for one in (
            cell("workbench", 1, ess=1000, seconds=1.0),
            cell("workbench", 2, ess=3000, seconds=1.0),
            cell("meridian", 1, ess=100, seconds=2.0),
            cell("meridian", 2, ess=100, seconds=2.0, rhat=1.02),
            cell("pymc-marketing", 1, ess=50, seconds=5.0, rhat=1.3),
        )
    ]
    lines, every = report.ratios_table(rows)
    assert every["S/meridian"]["sample_cpu"] == [20.0]
    assert every["S/pymc-marketing"] == {}
    assert "no ratio: not converged after 5 s" in lines[-1]


def test_srmse_by_hand(sampling: ModuleType) -> None:
    truth = np.zeros((2, 1, 2))
    truth[:, 0, 0] = [1.0, 3.0]
    found = truth.copy()
    found[:, 0, 0] += [1.0, -1.0]
    # An error of 1 around a mean of 2; the second channel has no effect and does not count.
    assert sampling.srmse(found, truth) == 0.5


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from Linux's /proc")
def test_a_process_over_the_limit_is_stopped_with_its_children(
    sampling: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sampling, "LONGEST", 1.5)
    child = "import time; held = bytearray(60_000_000); time.sleep(60)"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    ended = sampling.run_process([sys.executable, "-c", code], tmp_path / "result.json", {})
    assert ended.answer is None
    assert 1.5 < ended.wall < 20
    assert ended.peak > 60_000_000


def test_data_have_their_truth(sampling: ModuleType, tmp_path: Path) -> None:
    given = sampling.problem("S", 1, tmp_path)
    assert given["media"].shape == given["truth"].shape == (156, 1, 6)
    assert 0 < given["truth"].sum() < given["outcome"].sum()
