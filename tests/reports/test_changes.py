"""What changed between two reports: rules on results, and the chapter in a second run of one analysis."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mmm.errors import ReportError
from mmm.register.ledger import Record
from mmm.reporting.chapters.changes import _because
from mmm.reporting.content.changes import changes_between, differing
from mmm.reporting.content.results import Results, read_results, results_schema
from mmm.reporting.files.to_results import results_of
from mmm.reporting.runs.story import Run, Story, told


@pytest.fixture(scope="module")
def base(story: Story) -> Results:
    return results_of(story.material)


def altered(results: Results, change: Callable[[dict[str, Any]], None]) -> Results:
    """The results with some of their numbers replaced."""
    document = json.loads(results.model_dump_json())
    change(document)
    return Results.model_validate(document)


def text_of(chapter: Any) -> str:
    return f"{chapter.answer} {chapter.html}"


def chapter(story: Story, earlier: Results) -> str:
    made = told(story.settings, story.found, Run(earlier=earlier)).changes()
    assert made is not None
    return text_of(made.chapter)


# results.json


def test_results_follow_the_published_schema(base: Results) -> None:
    document = json.loads(base.model_dump_json())
    schema = results_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    document["allocation"][0]["spend_plan"] = "much"
    with pytest.raises(jsonschema.ValidationError, match="much"):
        jsonschema.validate(document, schema)


def test_results_are_read_back(base: Results, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(base.model_dump_json(), encoding="utf-8")
    assert read_results(tmp_path) == base


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is not JSON"), ('{"schema": 1}', "has version 1"), ('{"schema_version": 2}', "is damaged: name")],
)
def test_other_results_are_refused_by_name(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ReportError, match=said):
        read_results(path)


# The rules


def test_equal_results_have_no_changes(base: Results) -> None:
    found = changes_between(base, base)
    assert found.moved == ()
    assert found.settings == ()
    assert found.added == 0
    assert found.same_fit
    assert not any(e.moved for e in found.estimates)


def test_settings_that_bear_on_numbers_are_compared() -> None:
    then = {"plan": {"total_budget": 1.0, "channels": {}}, "report": {"accent": "a"}, "sampler": {"store": "a"}}
    now = {"plan": {"total_budget": 2.0, "channels": {"tv": {"fixed": True}}}, "report": {"accent": "b"}, "sampler": {}}
    found = {s.key: (s.then, s.now) for s in differing(then, now)}
    assert found["plan.total_budget"] == (1.0, 2.0)
    assert found["plan.channels.tv.fixed"] == (None, True)
    assert not any(key.startswith(("report", "sampler.store")) for key in found)


def _first(document: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = document["allocation"][0]
    return line


def _raise(line: dict[str, Any]) -> None:
    """A recommendation to spend a fifth more, in the midst of what is allowed."""
    line.update(allowed_from=0.0, allowed_to=1e12, spend_plan=1.2 * line["spend_today"])
    line["change"] = 0.2 * line["spend_today"]


def _shift(document: dict[str, Any]) -> None:
    """Another recommendation for the first channel: its direction turned round."""
    line = _first(document)
    line["spend_plan"] = line["spend_today"] - line["change"]
    line["change"] = -line["change"]
    line["allowed_from"], line["allowed_to"] = 0.0, 1e12


def _shift_return(document: dict[str, Any]) -> None:
    _shift(document)
    _first(document)["next_today"] = {"mean": 9.0, "lower": 8.5, "upper": 9.5}


def _shift_spend(document: dict[str, Any]) -> None:
    _shift(document)
    _first(document)["spend_today"] *= 1.3


def _shift_limit(document: dict[str, Any]) -> None:
    _shift(document)
    _first(document)["allowed_to"] = _first(document)["spend_plan"]


def _shift_budget(document: dict[str, Any]) -> None:
    _shift(document)
    document["decision"]["unspent"] += 0.2 * document["decision"]["spend_plan"]


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        (_shift_return, "return", "is now seen to win"),
        (_shift_spend, "spend", "which it starts from"),
        (_shift_limit, "limits", "what is allowed for it"),
        (_shift_budget, "budget", "the budget is another one"),
        (_shift, "close", "although little happened to it"),
    ],
)
def test_why_the_recommendation_moved(change: Any, reason: str, words: str, base: Results, story: Story) -> None:
    # The recommendation now must move money, free of limits, for there to be a direction to turn round.
    free = altered(base, lambda d: _raise(_first(d)))
    then = altered(free, change)
    found = changes_between(then, free)
    (moved,) = [a for a in found.moved if a.channel == base.allocation[0].channel]
    assert moved.reason == reason
    if reason not in ("limits", "close", "budget"):
        assert words in _because(moved, found, story.material)


def test_a_pause_is_named_as_a_pause(base: Results, story: Story) -> None:
    """Its next return then and now says nothing of a channel that today's plan does not run any more."""

    def paused(document: dict[str, Any]) -> None:
        nothing = {"spend_today": 0.0, "spend_plan": 0.0, "change": 0.0, "allowed_from": 0.0, "allowed_to": 0.0}
        _first(document).update(nothing, held="pause", next_today={"mean": 9.0, "lower": 8.5, "upper": 9.5})

    then, now = altered(base, lambda d: _raise(_first(d))), altered(base, paused)
    (advised,) = [a for a in changes_between(then, now).moved if a.channel == _name(base)]
    assert advised.reason == "pause"
    said = _because(advised, changes_between(then, now), story.material)
    assert "paused. Today’s plan no longer spends anything on it" in said
    assert "the same money" not in said
    (advised,) = [a for a in changes_between(now, then).moved if a.channel == _name(base)]
    assert advised.reason == "again"
    assert "because it runs again" in _because(advised, changes_between(now, then), story.material)


def test_another_horizon_is_not_another_spend(base: Results) -> None:
    """Twice the weeks at the same money a week: today's plan spends what it spent."""

    def halve(document: dict[str, Any]) -> None:
        _shift(document)
        document["decision"]["periods"] = document["decision"]["periods"] // 2
        for line in document["allocation"]:
            for name in ("spend_today", "spend_plan", "change"):
                line[name] /= 2
        for name in ("spend_today", "spend_plan", "unspent"):
            document["decision"][name] /= 2

    even = altered(base, lambda d: (_raise(_first(d)), d["decision"].update(periods=2 * d["decision"]["periods"])))
    (moved,) = [a for a in changes_between(altered(even, halve), even).moved if a.channel == _name(base)]
    assert moved.reason == "close"
    assert moved.spend_then == pytest.approx(moved.now.spend_today)


def _name(results: Results) -> str:
    return results.allocation[0].channel


def test_experiments_that_came_went_or_were_corrected_are_told(base: Results, story: Story) -> None:
    def test(name: str, measured: float, error: float = 10.0) -> dict[str, Any]:
        found = {"name": name, "channel": _name(base), "geos": ["national"], "kind": "hold_out"}
        return {**found, "start": "2022-01-03", "end": "2022-01-31", "measured": measured, "error": error}

    then = altered(base, lambda d: d["data"].update(experiments=[test("old", 1.0), test("both", 2.0)]))
    now = altered(base, lambda d: d["data"].update(experiments=[test("both", 3.0), test("new", 4.0)]))
    assert changes_between(then, now).retold == ("both",)
    text = chapter(story, then)
    # The report's own analysis rests on no experiment.
    assert "No longer among the experiments: old and both." in text
    # Where age widens errors, they grow from refresh to refresh by themselves.
    aged = altered(base, lambda d: d["data"].update(experiments=[test("both", 2.0, 12.0)]))
    assert changes_between(then, aged).retold == ("both",)
    widened = altered(aged, lambda d: d["settings"]["experiments"].update(widen_per_year=0.2))
    found = changes_between(then, widened)
    assert found.retold == ()
    assert [s.key for s in found.settings if s.section == "experiments"] == ["experiments.widen_per_year"]


def test_new_data_and_new_priors_are_told(base: Results, story: Story) -> None:
    def earlier(document: dict[str, Any]) -> None:
        document["data"]["last"] = "2022-01-03"
        document["data"]["fingerprint"] = "other"
        document["fit"]["key"] = "other"
        document["settings"]["model"]["roas"] = {"lower": 0.1, "upper": 2.0}
        document["channels"][1]["average_return"] = {"mean": 0.1, "lower": 0.05, "upper": 0.2}
        document["made"]["started"] = "2022-01-10T08:00:00Z"

    text = chapter(story, altered(base, earlier))
    assert "of data came in, up to the week of" in text
    assert "model.roas.upper is 5, was 2" in text
    assert "10 January 2022" in text
    assert "The return of Search now lies outside what was plausible then." in text
    assert "was not fitted again" not in text


def test_reports_in_other_units_are_not_compared_by_number(base: Results, story: Story) -> None:
    text = chapter(story, altered(base, lambda d: d["units"].update(currency="USD")))
    assert "counted in other units" in text
    assert "Expected gain" not in text


def test_without_an_earlier_report_there_is_no_chapter(story: Story) -> None:
    assert story.changes() is None


def test_page_one_tells_what_became_of_earlier_promises(story: Story) -> None:
    spread = {"mean": 0.4, "lower": 0.1, "upper": 0.7}
    kinds = {"what": "outcome" if story.material.decision.net is None else "profit", "unit": story.plan.unit}
    record = Record.model_validate(
        {**kinds, "plans": 3, "held": 1, "promised": 1.0, "over": spread, "won": spread, "kept": spread}
    )
    page = told(story.settings, story.found, Run(records=(record,))).summary().chapter.html
    assert "What became of earlier promises?" in page
    assert "1 of 3 settled plans held what was promised." in page
    other = record.model_copy(update={"unit": "orders of tea"})
    for records in ((), (other,)):
        page = told(story.settings, story.found, Run(records=records)).summary().chapter.html
        assert "What became of earlier promises?" not in page
