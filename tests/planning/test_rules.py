"""Rules in words and rules as applied are the same; what is advised keeps them."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.planning.advice import advise
from mmm.planning.constraints import assemble, budget_of
from mmm.planning.linear import allows
from mmm.planning.moves import smaller_moves
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared, _like_one_period
from mmm.planning.problem import Space
from mmm.planning.settings import PlanSettings
from mmm.planning.statements import WORDS, Factor, Money, Part, Share, Span, Statement

PLAIN = {"objective": "expected_outcome"}


def paused(made: Prepared, channel: int = 0) -> Prepared:
    reference = made.problem.reference.copy()
    reference[:, :, channel] = 0.0
    return Prepared(replace(made.problem, reference=reference), None)


def said(plan) -> list[str]:
    return [statement.sentence for statement in plan.constraints]


@pytest.mark.parametrize("detail", ["channel", "geo", "week"])
def test_a_minimum_is_no_maximum(prepared, detail):
    made = paused(prepared(channels=3, geos=2, draws=60))
    total = float(made.problem.reference.sum())
    plan = decide(made, PlanSettings(**PLAIN, detail=detail, channels={"c0": {"minimum": 0.1 * total}}))
    line = plan.allocation.loc["c0"]
    assert line["lower_bound"] == pytest.approx(0.1 * total)
    assert line["upper_bound"] == pytest.approx(total)
    assert line["spend"] > 0.11 * total
    assert not any(text.startswith("C0 at most") for text in said(plan))
    assert plan.held == ()


def test_a_maximum_below_the_default_minimum_is_no_minimum(prepared):
    made = prepared(channels=3)
    least = 0.2 * float(made.problem.reference_totals[1])
    line = decide(made, PlanSettings(**PLAIN, channels={"c1": {"maximum": least}})).allocation.loc["c1"]
    assert (line["lower_bound"], line["upper_bound"]) == (0.0, pytest.approx(least))


def test_a_minimum_within_the_defaults_leaves_them_alone(prepared):
    made = prepared(channels=3)
    today = float(made.problem.reference_totals[1])
    plan = decide(made, PlanSettings(**PLAIN, channels={"c1": {"minimum": 0.9 * today}}))
    assert plan.allocation.loc["c1", "upper_bound"] == pytest.approx(2.0 * today)


@pytest.mark.parametrize("wish", ["smallest_budget", "largest_budget"])
def test_a_budget_that_is_looked_for_is_no_cap(prepared, wish):
    made = prepared(channels=3, draws=60)
    today = made.problem.effect_draws(made.problem.reference).sum(axis=1).mean()
    target = {"target": 1.2 * float(today)} if wish == "smallest_budget" else {"roas": 0.01}
    plan = decide(made, PlanSettings(objective={"kind": wish, **target}))
    assert plan.spend > plan.reference_spend
    assert plan.total_budget == plan.spend
    assert plan.unspent == 0.0
    assert (plan.allocation["spend"] <= plan.allocation["upper_bound"] * (1 + 1e-9)).all()
    assert "The total budget is what is looked for." in said(plan)
    assert not any("total budget is at most" in text for text in said(plan))
    assert list(smaller_moves(plan).index) == [1.0]


def test_what_a_plan_says_it_keeps(prepared):
    """Every rule of every plan holds for its money, whatever was asked."""
    made = prepared(channels=4, geos=2, draws=60)
    totals = made.problem.reference_totals
    asked = {
        "channels": {"c0": {"fixed": True}, "c1": {"minimum": 3.0 * totals[1]}, "c2": {"zero_or_at_least": totals[2]}},
        "groups": {"g": {"channels": ("c2", "c3"), "maximum_share": 0.6}},
        "max_total_reallocation": 0.9,
        "total_budget": 2.0 * float(totals.sum()),
    }
    for detail in ("channel", "geo", "week"):
        plan = decide(made, PlanSettings(**PLAIN, detail=detail, **asked))
        assert allows(plan.program, plan.space.numbers(plan.money)), detail
        assert not allows(plan.program, plan.space.numbers(3.0 * plan.money))


def test_a_smaller_move_keeps_the_cap(prepared):
    made = prepared(channels=3)
    total = float(made.problem.reference_totals.sum())
    # All of today's money is above this cap, and so is half of the way down to it.
    plan = decide(made, PlanSettings(**PLAIN, total_budget=0.3 * total, equal_margin=1e-9))
    assert list(smaller_moves(plan).index) == [1.0]
    assert not any("smaller move" in text.lower() for text in advise(plan).sentences)
    kept = decide(made, PlanSettings(**PLAIN, total_budget=1.3 * total))
    table = smaller_moves(kept)
    assert list(table.index) == [0.25, 0.5, 0.75, 1.0]


def test_a_channel_may_be_called_as_a_rule_is(prepared):
    made = prepared(channels=2)
    names = ("the total budget", "c1 at most 5")
    made = replace(made, problem=made.problem.with_draws(replace(made.problem.draws, channels=names)))
    settings = PlanSettings(**PLAIN)
    program = assemble(settings, Space("channel", made.problem), budget_of(settings, made.problem))
    region = program.with_budget(1.0, False).region
    np.testing.assert_allclose(region.upper, 2.0 * made.problem.reference_totals)


def test_every_kind_has_words_for_all_of_its_values():
    values = {
        "amount": Money(1_234.0),
        "today": Money(0.25),
        "factor": Factor(1.5),
        "low": Factor(0.5),
        "high": Factor(2.0),
        "part": Part("tv", geo="north"),
        "share": Share(0.125),
        "mean": Share(0.5),
        "tail": Share(0.25),
        "worst": Share(0.5),
        "gap": Share(0.0012, 2),
        "span": Span(1, "week"),
        "names": ("tv", "ooh"),
        "name": "digital",
        "n": 13,
    }
    for kind in WORDS:
        text = Statement(kind, values).sentence
        assert "{" not in text
        assert text.endswith(".")
    assert str(Statement("at_most", values)) == "tv in north at most 1,234"
    assert str(Statement("one_period", values)).startswith("the total budget of 1,234 is 12% of what today’s plan")


@pytest.mark.parametrize(("budget", "like"), [(15_000, True), (128_748, False), (40_000, False), (2_000, False)])
def test_a_budget_of_one_period_is_noticed(budget, like):
    assert _like_one_period(budget, 128_748.0, 8) is like


def test_more_room_never_wins_less(hill, single):
    """Like channels with S-shaped curves: an even split is level ground for a search, and the worst place near it."""
    there = single(hill(np.ones((60, 2)), np.full((60, 2), 0.6), np.full((60, 2), 3.0)), np.array([0.5, 0.5]))
    won = {}
    for most in (0.3, 1.0):
        channels = {"c0": {"minimum": 0.0, "maximum": most}, "c1": {"minimum": 0.0, "maximum": 1.0}}
        wanted = PlanSettings(**PLAIN, draws=60, total_budget=1.0, worth_spending=0.0, channels=channels)
        won[most] = decide(Prepared(there, None), wanted).outcome_draws.mean()
    assert won[1.0] == pytest.approx(1 / (1 + 0.6**3), rel=1e-6)
    assert won[1.0] >= won[0.3] * (1 - 1e-9)
