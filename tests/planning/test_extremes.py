"""Values at and beyond the ends of what is sane: a plan of finite numbers, or a sentence."""

import ctypes
import math
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from mmm.errors import PlanError
from mmm.planning import highs
from mmm.planning.advice import advise
from mmm.planning.constraints import assemble
from mmm.planning.curve import budget_curve
from mmm.planning.optimise import require_room
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.problem import Space
from mmm.planning.settings import LARGEST, PlanSettings


def numbers(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every number in a JSON schema, with where it stands."""
    if isinstance(schema, dict):
        if schema.get("type") in ("number", "integer"):
            yield path, schema
        for name, inner in schema.items():
            if name != "default":
                yield from numbers(inner, f"{path}.{name}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from numbers(inner, path)


def test_every_number_of_the_section_has_two_ends():
    found = dict(numbers(PlanSettings.model_json_schema()))
    assert len(found) > 40
    open_ended = [
        where
        for where, one in found.items()
        if not {"minimum", "exclusiveMinimum"} & set(one) or not {"maximum", "exclusiveMaximum"} & set(one)
    ]
    assert open_ended == []


@pytest.mark.parametrize("value", [1e300, -1e300, math.inf, math.nan])
@pytest.mark.parametrize("name", ["total_budget", "margin", "worth_spending", "demand_factor", "seed", "time_limit"])
def test_beyond_the_ends_is_refused(name, value):
    with pytest.raises(ValidationError, match=name):
        PlanSettings(**{name: value})


@pytest.mark.parametrize(
    "asked",
    [
        {"total_budget": LARGEST},
        {"total_budget": 0.01},
        {"bounds": (0.0, 1e4)},
        {"margin": 1e-4},
        {"worth_spending": 1e4},
        {"channels": {"c0": {"maximum": LARGEST}}},
        {"channels": {"c0": {"minimum": LARGEST}}},
        {"channels": {"c0": {"zero_or_at_least": LARGEST}}},
        {"channels": {"c0": {"step": 0.01}}, "bounds": (0.0, 1e4)},
        {"extrapolation": {"action": "penalise", "penalty": 1e3, "limit": 1e-3}},
        {"extrapolation": {"action": "forbid", "limit": 1e-3}},
        {"bounds": (0.0, 0.0)},
        {"max_total_reallocation": 0.0},
        {"objective": {"kind": "smallest_budget", "target": LARGEST}},
        {"objective": {"kind": "largest_budget", "roas": 1e9}},
        {"objective": {"kind": "probability", "target": LARGEST}},
        {"objective": {"kind": "mean_cvar", "tail": 0.001}},
    ],
    ids=str,
)
@pytest.mark.parametrize("detail", ["channel", "week"])
def test_at_the_ends_a_plan_is_finite_or_a_sentence(prepared, asked, detail):
    made = prepared(channels=3, draws=120, horizon=3, lookback=2)
    try:
        plan = decide(made, PlanSettings(**{"objective": "expected_outcome", "detail": detail, **asked}))
    except PlanError:
        return
    known = plan.allocation.drop(columns=["probability_direction", "change_pct", "roas", "reference_roas"])
    finite = known[[c for c in known if not c.startswith(("roas", "reference_roas"))]]
    assert np.isfinite(finite.to_numpy(float)).all()
    assert plan.spend <= plan.total_budget * (1 + 1e-9)


def nothing_today(made: Prepared) -> Prepared:
    return Prepared(replace(made.problem, reference=np.zeros_like(made.problem.reference)), None)


def test_a_reference_plan_of_nothing_needs_a_budget_and_limits_in_money(prepared):
    made = nothing_today(prepared(channels=3, draws=120))
    with pytest.raises(PlanError, match=r"spends nothing over 6 periods.*Give plan.total_budget"):
        decide(made, PlanSettings())
    with pytest.raises(PlanError, match="allow no money on any channel"):
        require_room(assemble(PlanSettings(), Space("channel", made.problem), 1000.0))
    assert decide(made, PlanSettings(total_budget=1000.0)).spend == 0.0
    channels = {"c0": {"maximum": 600.0}, "c1": {"maximum": 900.0}}
    wanted = PlanSettings(objective="expected_outcome", margin=1.0, total_budget=1000.0, channels=channels)
    plan = decide(made, wanted)
    assert plan.spend == pytest.approx(1000.0)
    assert plan.gain.mean == pytest.approx(plan.outcome_draws.mean())
    assert np.isfinite(budget_curve(plan).table.to_numpy()).all()
    assert all("nan" not in text for text in advise(plan).sentences)


def test_effects_that_are_no_numbers_are_a_sentence(prepared):
    made = prepared(channels=2, draws=60)
    draws = replace(made.problem.draws, log_beta=made.problem.draws.log_beta + 709.0)
    overflowing = Prepared(replace(made.problem, draws=draws, weights=1e300 * made.problem.weights), None)
    with np.errstate(all="ignore"), pytest.raises(PlanError):
        decide(overflowing, PlanSettings(objective="expected_outcome", draws=60))


def test_the_solver_prints_nothing(capfd):
    """Not by any option: C's own buffer and the file descriptor are held while it runs."""
    with highs.silent():
        ctypes.CDLL(None).puts(b"from C")
        os.write(1, b"from the descriptor\n")
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"
