"""An approved plan for whoever carries it out; a draft says that it is one, everywhere."""

import csv
import json
from pathlib import Path

import jsonschema
import pytest
from icalendar import Calendar
from register_cases import content

from mmm.errors import RegisterError
from mmm.register.export import Exported, export_plan, exported_schema
from mmm.register.queries import Entry, Step
from mmm.register.record import Content


def entry(state: str, made: Content | None = None) -> Entry:
    moment = "2025-01-02T10:00:00.000000+00:00"
    steps = [Step(1, moment, "Anna", "account", "save", "", "draft", "")]
    if state == "approved":
        steps.append(Step(2, moment, "Boss", "account", "approve", "submitted", "approved", ""))
    return Entry("demo-1", state, "Anna", made or content(), "a" * 64, tuple(steps))


def test_an_approved_plan_is_written_whole(tmp_path: Path) -> None:
    table, document, events = export_plan(entry("approved"), tmp_path)
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 13 * 3
    assert sum(float(row["spend"]) for row in rows) == pytest.approx(content().total)
    assert rows[0] == {
        "first_day": "2025-01-06", "last_day": "2025-01-12", "geo": "all", "channel": "tv", "spend": "100.0",
        "currency": "EUR", "plan": "demo-1", "status": "approved",
    }  # fmt: skip
    found = json.loads(document.read_text())
    jsonschema.validate(found, exported_schema())
    assert (found["draft"], found["approved_by"]) == (False, "Boss")
    assert Exported.model_validate(found).content == content()
    # Today's 80, 60, 20 become 100, 50, 10 in the first week and stay.
    made = Calendar.from_ical(events.read_bytes()).walk("VEVENT")
    assert [str(event["summary"]) for event in made] == [
        "tv: 80 to 100 EUR a week", "search: 60 to 50 EUR a week", "brand: 20 to 10 EUR a week",
    ]  # fmt: skip
    assert {str(event["dtstart"].dt) for event in made} == {"2025-01-06"}
    assert len({str(event["uid"]) for event in made}) == 3


@pytest.mark.parametrize("state", ["draft", "submitted", "rejected", "superseded"])
def test_a_plan_that_was_not_approved_is_marked_or_refused(tmp_path: Path, state: str) -> None:
    with pytest.raises(RegisterError, match=f"Plan demo-1 is {state}, and only approved plans are exported"):
        export_plan(entry(state), tmp_path)
    assert not list(tmp_path.iterdir())
    paths = export_plan(entry(state), tmp_path, draft=True)
    assert [path.name for path in paths] == ["DRAFT-budget.csv", "DRAFT-plan.json", "DRAFT-changes.ics"]
    rows = list(csv.DictReader(paths[0].read_text().splitlines()))
    assert {row["status"] for row in rows} == {f"DRAFT, not approved ({state})"}
    assert json.loads(paths[1].read_text())["draft"] is True
    events = Calendar.from_ical(paths[2].read_bytes()).walk("VEVENT")
    assert all(str(event["summary"]).startswith("DRAFT, not approved") for event in events)


def test_names_are_text_in_every_file(tmp_path: Path) -> None:
    names = ("=cmd|' /C calc'!A0", "tv\r\nEND:VEVENT\r\nBEGIN:VALARM", 'a;b,c"<b>')
    paths = export_plan(entry("approved", content(channels=names)), tmp_path)
    rows = list(csv.DictReader(paths[0].read_text().splitlines()))
    assert rows[0]["channel"] == f"'{names[0]}"
    events = Calendar.from_ical(paths[2].read_bytes())
    assert len(events.walk("VEVENT")) == 3
    assert not events.walk("VALARM")
    assert json.loads(paths[1].read_text())["content"]["channels"] == list(names)
