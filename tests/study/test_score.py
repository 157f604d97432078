"""Scores by numbers that a reader can check by hand."""

import numpy as np
import pytest

from mmm.study.score import compared, decisions, estimates, gated, returns, scales, srmse, warned


def row(
    world: str, hit: list[bool], *, method: str = "m", told: tuple[str, ...] = (), error: str | None = None
) -> dict:
    cells = {name: [1.0] * len(hit) for name in ("width", "score", "error")}
    found = {"world": world, "method": method, "error": error, "roas": {"hit": hit, **cells}, "warnings": list(told)}
    return found | {"decision": None, "warned": [bool(told)] * len(hit)}


def test_an_interval_that_holds_scores_its_width_and_a_miss_twenty_times_its_distance() -> None:
    found = returns([(1.0, 0.5, 1.5), (2.0, 1.5, 2.5)], np.array([2.0, 2.0]))
    assert found["hit"] == [False, True]
    assert found["error"] == [0.5, 0.0]
    assert found["width"] == [0.5, 0.5]
    # Width 1 plus 2 / 0.1 times the miss of 0.5, over the truth of 2.
    assert found["score"] == pytest.approx([5.5, 0.5])


def test_a_return_of_zero_or_less_is_measured_by_the_worlds_mean_return() -> None:
    assert scales(np.array([2.0, 0.0, -1.0])).tolist() == [2.0, 1.0, 1.0]


def test_what_gives_no_interval_has_an_error_alone() -> None:
    found = returns([(3.0, None, None)], np.array([2.0]))
    assert (found["hit"], found["width"], found["error"]) == ([None], [None], [0.5])
    summed = estimates([{"world": "a", "roas": found}])
    assert summed["coverage"] is None
    assert summed["error"] == 0.5


def test_srmse_is_the_error_over_time_over_the_mean_contribution() -> None:
    truth = np.array([[[1.0, 10.0]], [[3.0, 10.0]]])
    said = truth + np.array([[[1.0, 0.0]], [[-1.0, 0.0]]])
    # Channel one: RMSE 1 over a mean of 2; channel two: none.
    assert srmse(said, truth) == pytest.approx(0.25)


def test_coverage_is_over_channels_and_its_error_over_worlds() -> None:
    found = estimates([row("a", [True, True]), row("b", [False, False])])
    assert found["coverage"] == 0.5
    assert found["cells"] == 4
    # Two clusters whose residuals sum to 1 and -1: sqrt(2 / 1 x (1 + 1)) / 4.
    assert found["coverage_error"] == pytest.approx(0.5)


def test_decisions_count_shares_promises_and_losses() -> None:
    def plan(realised: float, promised: float, holds: bool) -> dict:
        decision = {"realised": realised, "oracle": 0.1, "promised": promised, "holds": holds, "lost": realised < 0}
        return {"world": "w", "decision": decision}

    found = decisions([plan(0.08, 0.16, True), plan(0.05, 0.05, True), plan(-0.02, 0.1, False)])
    assert found["share"] == pytest.approx(0.5)
    assert found["pooled"] == pytest.approx(0.11 / 0.3)
    assert found["promised"] == pytest.approx(1.5)
    assert found["off"] == pytest.approx(0.5)
    assert found["holds"] == pytest.approx(2 / 3)
    assert found["lost"] == pytest.approx(1 / 3)


def test_a_plan_that_the_gate_refuses_is_not_made() -> None:
    plan = {"realised": -0.02, "oracle": 0.1, "promised": 0.1, "holds": False, "lost": True}
    refused = {"world": "a", "decision": plan, "warnings": ["r_hat: fail", "prior: warn (tv)"]}
    warned_of = {"world": "b", "decision": plan, "warnings": ["prior: warn (tv)"]}
    found = [r["decision"] for r in gated([refused, warned_of])]
    assert found[0] == {"realised": 0.0, "oracle": 0.1, "promised": 0.0, "holds": None, "lost": False}
    assert found[1] == plan


def test_a_channel_without_an_interval_is_left_out_of_the_sums() -> None:
    one = row("a", [True, False])
    one["roas"] |= {"hit": [True, None], "width": [2.0, None], "score": [2.0, None], "error": [0.5, float("nan")]}
    found = estimates([one])
    assert (found["cells"], found["coverage"], found["width"], found["error"]) == (1, 1.0, 2.0, 0.5)


def test_a_warning_counts_for_the_channels_that_it_is_about() -> None:
    rows = [row("a", [False, True], told=("r_hat: fail",)), row("b", [False, False]), row("c", [True], told=("x",))]
    rows.append(row("d", [False, True], told=("prior: warn (tv)",)) | {"warned": [True, False]})
    found = warned(rows)
    assert (found["misses"], found["misses_warned"]) == (4, 2)
    assert (found["holds"], found["holds_warned"]) == (3, 2)
    assert (found["worlds"], found["alarms"]) == (4, 3)


def test_methods_are_compared_where_all_of_them_answered() -> None:
    rows = [
        row("a", [True]),
        row("a", [True], method="n"),
        row("b", [True]),
        row("b", [True], method="n", error="stopped"),
    ]
    assert {(r["world"], r["method"]) for r in compared(rows, ("m", "n"))} == {("a", "m"), ("a", "n")}
