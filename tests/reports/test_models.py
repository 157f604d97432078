"""What the report says of a mixture: the table of models, and warnings where they would decide differently."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mmm.planning.models import PlanByModel, plan_by_model
from mmm.reporting.chapters import by_model
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.runs.story import Story

FMT = Formatter("EUR", "EUR", True, "1,234.5", "1 January 2025", labels={"tv": "TV", "search": "Search"})
MEMBERS = {"plain": {}, "stiff": {"drift": {"scale": 0.1}}}


@pytest.fixture(scope="module")
def story(make_story: Callable[..., Story]) -> Story:
    """Two models: the second sees the channels' returns the other way round, and counts for little."""
    mixture = {"members": MEMBERS, "floor": 0.2}
    model = {"lookback": "8 weeks", "mixture": mixture}
    return make_story(settings={"model": model, "plan": {"curve_points": 2, "draws": 200}})


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("\u00a0", " ")


def test_the_belief_chapter_sets_the_models_beside_each_other(story: Story) -> None:
    assert len(story.found.judged.fit.counted) == 2
    text = words(story.belief().chapter.html)
    assert "Do the models agree?" in text
    assert "2 models were fitted" in text
    for member in story.found.judged.fit.counted:
        assert f"{member.name} ({round(100 * member.weight)}%)" in text
    views = story.material.models
    assert views is not None
    assert views.between.max() > 0.25
    assert "They disagree on" in text


def test_a_direction_that_a_model_disputes_is_told_on_the_first_page_and_in_the_plan(story: Story) -> None:
    views = story.material.models
    assert views is not None
    assert views.plan.disputed
    warned = by_model.disputes(views.plan, story.material.fmt)
    for text in (words(story.summary().chapter.html), words(story.plan_by_channel().chapter.html)):
        assert all(w.replace("\u00a0", " ") in text for w in warned)


def test_models_that_see_the_same_dispute_nothing(story: Story) -> None:
    fit, plan = story.found.judged.fit, story.plan
    alone = fit.of(fit.counted[0])
    found = plan_by_model(alone, plan)
    assert found.disputed == {}
    assert list(found.gain.index) == [fit.counted[0].name]
    assert found.gain["weight"].tolist() == [1.0]


def test_no_word_of_models_where_there_is_one(make_story: Callable[..., Story]) -> None:
    single = make_story(settings={"plan": {"curve_points": 2, "draws": 100}})
    assert single.material.models is None
    assert "Do the models agree?" not in words(single.belief().chapter.html)


def gains(*values: float) -> PlanByModel:
    names = [f"m{i}" for i in range(len(values))]
    table = pd.DataFrame({"weight": 1 / len(values), "gain": values, "gain_lower": values, "gain_upper": values}, names)
    return PlanByModel(table, pd.DataFrame(), {})


def test_sentences() -> None:
    assert "from €1,000 (“m1”) to €3,000 (“m0”)" in by_model.gains(gains(3000.0, 1000.0), FMT)
    assert "Under “m1”, with 50% of the weight, the plan is not expected" in by_model.gains(gains(3000.0, -5.0), FMT)
    apart = by_model.agreement(4, 7, pd.Series({"tv": 0.5, "search": 0.1}), FMT)
    assert "They disagree on TV: much of what is uncertain" in apart
    assert "agree on every channel" in by_model.agreement(2, 2, pd.Series({"tv": 0.2, "search": np.nan}), FMT)
    disputed = PlanByModel(gains(1.0).gain, pd.DataFrame(), {"tv": (("late",), 0.3)})
    told = "The direction of TV depends on the model: “late”, with 30% of the weight, would rather move its money"
    assert by_model.disputes(disputed, FMT) == [f"{told} the other way."]
