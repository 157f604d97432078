"""Analysis, plan and what stands around it are kept beside their fit as plain data, and come back as they were."""

import json
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic
import xarray as xr

from mmm.assessment.gate import GateReport
from mmm.errors import GateError, PlanError
from mmm.settings.request import request_of
from mmm.workflow import Conclusion, Request, analysed, checked, concluded, explored, planned, priced

STEPS = ("analysing.analyse", "deciding.choose", "deciding.budget_curve", "judging.judge")
MODEL = {"lookback": "8 weeks", "mixture": {"members": {"plain": {}, "stiff": {"drift": {"scale": 0.1}}}, "floor": 0.2}}
SCENARIO = {"name": "half tv", "change": {"tv": -0.5}}


@pytest.fixture(scope="module")
def request_and_first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Request, Conclusion]:
    """Two models with weight, two geos, a scenario: every part of every result is there."""
    case = synthetic.Case(
        channels=("tv", "search"),
        geos=2,
        weeks=60,
        settings={"model": MODEL, "plan": {"curve_points": 3, "draws": 200, "scenarios": [SCENARIO]}},
    )
    request = checked(request_of(synthetic.make_settings(case, tmp_path_factory.mktemp("case"))))
    return request, concluded(request)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """From its call on no other steps are taken than those that it names; those taken are in its list."""

    def allow(*steps: str) -> list[str]:
        taken: list[str] = []
        for step in STEPS:
            module, _, name = step.partition(".")
            target = f"mmm.workflow.{module}.{name}"
            real = getattr(__import__(f"mmm.workflow.{module}", fromlist=[name]), name)

            def tried(*args: Any, step: str = step, real: Callable[..., Any] = real, **more: Any) -> Any:
                assert step in steps, f"{step} again"
                taken.append(step)
                return real(*args, **more)

            monkeypatch.setattr(target, tried)
        return taken

    return allow


def same(one: Any, other: Any) -> None:
    """Equal in every part, to the last bit."""
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_names=True)
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other, check_exact=True)
    elif isinstance(one, xr.DataArray):
        xr.testing.assert_identical(one, other)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, strict=True)
    elif isinstance(one, float) and np.isnan(one):
        assert np.isnan(other)
    elif is_dataclass(one):
        assert type(one) is type(other)
        for part in fields(one):
            same(getattr(one, part.name), getattr(other, part.name))
    elif isinstance(one, tuple) and one and is_dataclass(one[0]):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    else:
        assert one == other


def folder_of(request: Request, found: Conclusion) -> Path:
    return Path(request.store) / found.fit.key


def test_everything_is_found_again_as_it_was(
    request_and_first: tuple[Request, Conclusion], only: Callable[..., list[str]]
) -> None:
    request, first = request_and_first
    only()
    again = concluded(request)
    same(again.analysis, first.analysis)
    same(again.options, first.options)
    for part in (
        "money",
        "allocation",
        "outcome_draws",
        "reference_draws",
        "mix_draws",
        "without_spend",
        "certificate",
    ):
        same(getattr(again.plan, part), getattr(first.plan, part))
    assert again.plan.total_budget == first.plan.total_budget
    assert again.plan.constraints == first.plan.constraints
    assert again.plan.notes == first.plan.notes
    assert again.options.models is not None
    assert [one.name for one in again.options.alternatives] == ["half tv"]


def test_another_budget_judges_and_analyses_nothing_again(
    request_and_first: tuple[Request, Conclusion], only: Callable[..., list[str]]
) -> None:
    request, first = request_and_first
    taken = only("deciding.choose", "deciding.budget_curve")
    other = concluded(replace(request, plan=request.plan.model_copy(update={"total_budget": 0.9 * first.plan.spend})))
    assert taken == ["deciding.choose", "deciding.budget_curve"]
    assert other.plan.spend == pytest.approx(0.9 * first.plan.spend)


@pytest.mark.parametrize(("change", "searched"), [({"equal_margin": 0.2}, 0), ({"gap": 0.01}, 1), ({"margin": 0.5}, 1)])
def test_a_plan_is_searched_where_its_settings_move_money(
    request_and_first: tuple[Request, Conclusion], only: Callable[..., list[str]], change: dict[str, Any], searched: int
) -> None:
    request, first = request_and_first
    taken = only("deciding.choose")
    plan = planned(first.fit, request.plan.model_copy(update=change), request.store)
    assert len(taken) == searched
    assert all(getattr(plan.settings, name) == value for name, value in change.items())


def test_results_of_other_data_are_others(
    request_and_first: tuple[Request, Conclusion], only: Callable[..., list[str]]
) -> None:
    request, first = request_and_first
    data = first.fit.dataset.data.copy(deep=True)
    data["spend"] = data["spend"] * 1.1
    other = replace(first.fit, dataset=replace(first.fit.dataset, data=data))
    taken = only("analysing.analyse", "deciding.choose")
    assert planned(other, request.plan, request.store).reference_spend > first.plan.reference_spend
    analysed(other, request.store)
    assert sorted(taken) == ["analysing.analyse", "deciding.choose"]


def test_without_a_store_nothing_is_kept(
    request_and_first: tuple[Request, Conclusion], only: Callable[..., list[str]]
) -> None:
    request, first = request_and_first
    before = sorted(folder_of(request, first).iterdir())
    taken = only(*STEPS)
    plan = planned(first.fit, request.plan.model_copy(update={"seed": 5}))
    explored(first.fit, plan)
    analysed(first.fit)
    assert len(taken) == 3
    assert sorted(folder_of(request, first).iterdir()) == before


def test_a_market_is_priced_once(
    request_and_first: tuple[Request, Conclusion], monkeypatch: pytest.MonkeyPatch
) -> None:
    request, first = request_and_first
    money, effect = priced(first.fit, first.plan, 5, request.store)
    assert effect.shape == (len(money), len(first.plan.outcome_draws))
    monkeypatch.setattr("mmm.workflow.deciding.best_by_budget", lambda *_: pytest.fail("priced again"))
    for one, other in zip((money, effect), priced(first.fit, first.plan, 5, request.store), strict=True):
        same(one, other)


@pytest.mark.parametrize("kind", ["analysis", "plan", "options"])
def test_what_is_kept_is_json_and_made_again_where_it_is_damaged(
    request_and_first: tuple[Request, Conclusion], kind: str
) -> None:
    request, first = request_and_first
    for path in sorted(folder_of(request, first).glob(f"{kind}-*.json")):
        content = path.read_bytes()
        json.loads(content, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        inside = content.index(f'"{kind}": '.encode())
        # A number that is a number still: nothing but the seal can see it.
        path.write_bytes(content[:inside] + re.sub(rb"(\d\.\d)[1-8]", rb"\g<1>9", content[inside:], count=1))
    said: list[str] = []
    concluded(request, first.judged, say=said.append)
    assert [line for line in said if line.startswith(f"The {kind} ") and line.endswith("it is made again.")]
    assert path.suffix == ".json"


def test_a_gate_that_failed_ends_it_before_the_plan(request_and_first: tuple[Request, Conclusion]) -> None:
    request, first = request_and_first
    failed = replace(first.judged.gate.checks[0], status="fail")
    judgement = replace(first.judged.judgement, gate=GateReport((failed,)))
    with pytest.raises(GateError):
        concluded(request, replace(first.judged, judgement=judgement))
    overridden = replace(request, gate=request.gate.model_copy(update={"override": True}))
    assert concluded(overridden, replace(first.judged, judgement=judgement)).plan.spend == first.plan.spend


def test_what_is_impossible_is_said_before_a_fit(request_and_first: tuple[Request, Conclusion]) -> None:
    request, _ = request_and_first
    plan = type(request.plan)(channels={"tv": {"minimum": 1e9}}, total_budget=1e5)
    with pytest.raises(PlanError):
        checked(replace(request, plan=plan))
