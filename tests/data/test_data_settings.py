"""The data section: short forms mean the same as long ones, and contradictions are refused with the reason."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from mmm.data.settings import DataSettings

Settings = Callable[..., DataSettings]


def test_short_forms_equal_long_forms(settings_of: Settings) -> None:
    short = settings_of(channels={"tv": "tv_cost"}, controls=["price"])
    long = settings_of(channels={"tv": {"spend": "tv_cost"}}, controls={"price": {"column": "price"}})
    assert short == long


def test_a_list_of_channels_names_their_columns(settings_of: Settings) -> None:
    assert settings_of(channels=["tv", "search"]).channels["search"].spend == "search"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"layout": "long", "channels": ["tv", "search"]},
        {"partial_geos": {"north": {"start": "2023-02-06"}}},
        {"target": {"column": "sales", "kind": "kpi", "value_per_unit": 3}},
        {"target": {"column": "sales", "kind": "kpi", "value_per_unit": "worth"}},
    ],
)
def test_dumped_settings_read_back_the_same(settings_of: Settings, changes: dict[str, Any]) -> None:
    settings = settings_of(**changes)
    assert DataSettings.model_validate(settings.model_dump(mode="json")) == settings


def test_in_the_long_layout_the_short_form_is_the_label(settings_of: Settings) -> None:
    channel = settings_of(layout="long", channels={"tv": "Television"}).channels["tv"]
    assert (channel.label, channel.spend) == ("Television", None)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"controls": ["tv"]}, "column 'tv' is used twice: as channels.tv.spend and as controls.tv.column"),
        ({"channels": {"tv": {"spend": "a", "media": "a"}}}, "Leave media out"),
        ({"channels": {"tv": {"spend": "a", "media_unit": "clicks"}}}, "no media column"),
        ({"channels": {"tv": {"media": "a"}}}, "need spend, its column"),
        ({"channels": ["tv", "tv"]}, "listed twice"),
        ({"channels": {}}, "at least 1"),
        ({"channels": {"tv": {"spend": "a", "label": "b"}}}, "label is for the long layout"),
        ({"layout": "long", "channels": {"tv": {"spend": "a"}}}, "Remove spend"),
        ({"layout": "long", "channels": {"tv": "TV", "television": "TV"}}, "two channels have the label 'TV'"),
        ({"geo": None, "partial_geos": {"a": {"start": "2023-01-02"}}}, "partial_geos needs geo"),
        ({"partial_geos": {"a": {}}}, "give start, end or both"),
        ({"partial_geos": {"a": {"start": "2023-02-01", "end": "2023-01-01"}}}, "must be after start"),
        ({"target": {"column": "sales", "value_per_unit": 2}}, "kind 'kpi'"),
        ({"target": {"column": "sales", "kind": "kpi", "value_per_unit": 0}}, "above 0"),
        ({"date_format": "%d/%m"}, "has no year"),
        ({"date_format": "%Y%W"}, "every date is read as 1 January"),
        ({"date_format": "%Y-W%U"}, "every date is read as 1 January"),
        ({"date_format": "%Y-W%V"}, "whose year is %G"),
        ({"date_format": "%Y-%m"}, "names no day. Better export the same figures"),
        ({"date_format": "%Y"}, "names no day"),
        ({"date_format": "%Y %d"}, "none that Python reads a day from"),
        ({"date_format": "%d.%m.%Q.%Y"}, "none that Python reads a day from"),
        ({"csv": {"decimal": ",", "thousands": ","}}, "must differ"),
        ({"csv": {"missing": ["--"], "zero": ["--"]}}, "it means one of them"),
        ({"controls": {"a": {"column": "a", "reference": "x"}}}, "Set categorical: true"),
        ({"channels": ["trend"]}, "channels.trend: 'trend' is what results call a part of the baseline. Rename the"),
        ({"channels": {"seasonality": "tv"}}, "to 'seasonality_channel' for example; its column keeps its name"),
        ({"layout": "long", "channels": ["media"]}, "'media' is what results call the sum of all channels"),
        ({"channels": {"baseline": "tv"}}, "'baseline' is what results call the sum of the baseline"),
        ({"controls": {"baseline": "price"}}, "controls.baseline: 'baseline' is what results call the sum"),
        ({"controls": {"drift": "price"}}, "Rename the control, to 'drift_control' for example"),
        ({"controls": {"tv": "price"}}, "controls.tv: 'tv' is the name of a channel too. Rename the control"),
        ({"channels": {"control:price": "tv"}}, "Rename the channel without it"),
        ({"chanels": {}}, "Extra inputs"),
    ],
)
def test_contradictions_are_refused(settings_of: Settings, changes: dict[str, Any], part: str) -> None:
    with pytest.raises(ValidationError, match=part.replace("(", r"\(")):
        settings_of(**changes)


def test_a_categorical_control_is_known_by_its_levels(settings_of: Settings) -> None:
    settings = settings_of(controls={"trend": {"column": "mood", "categorical": True}})
    assert list(settings.controls) == ["trend"]


def test_the_json_schema_offers_the_short_forms() -> None:
    channels = DataSettings.model_json_schema()["properties"]["channels"]
    assert {option["type"] for option in channels["anyOf"]} == {"array", "object"}
