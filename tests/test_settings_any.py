"""Settings of any content: no document, text, bytes or parameter ends in anything but a sentence."""

import json
from contextlib import suppress
from typing import Any

import hypothesis.strategies as st
import yaml
from hypothesis import HealthCheck, example, given, settings

from mmm.errors import MMMError, SettingsError
from mmm.settings import (
    Settings,
    dump_settings,
    read_parameters,
    settings_from,
)
from mmm.settings.explain import dotted_keys
from mmm.settings.text import read_yaml, write_yaml

MINIMAL: dict[str, Any] = {
    "name": "trial",
    "data": {
        "source": "panel.csv",
        "target": {"column": "revenue"},
        "currency": "EUR",
        "channels": ["tv", "search"],
    },
}


# No input crashes: anything but the errors of this project's own tree fails these tests


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8) | st.just("13 weeks")
)
known = st.sampled_from(sorted({key.rpartition(".")[2] for key in dotted_keys()}))
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(known | st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(list(Settings.model_fields)) | st.text(max_size=5), trees, max_size=5))
@example({"data": {"channels": {"tv": None}}})
@example({"[key]": None})
@example({"plan": {"channels": {"tv": []}, "cost_factor": {"tv": {}}}})
def test_no_document_crashes(document: dict[str, Any]) -> None:
    for candidate in (document, {**MINIMAL, **document}):
        with suppress(MMMError):
            found = settings_from(candidate)
            assert settings_from(read_yaml(dump_settings(found), "dump")) == found


@settings(deadline=None, max_examples=150)
@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=60) | st.text("&*!%@`'\"[]{},:?-# \n\tab10", max_size=60)
)
@example("!!timestamp x")
@example("!!bool x")
@example("? \n: 1")
def test_no_text_crashes(text: str) -> None:
    with suppress(SettingsError):
        read_yaml(text, "text")


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=40))
def test_no_bytes_crash(content: bytes) -> None:
    with suppress(SettingsError):
        read_yaml(content, "bytes")


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=12), st.text(max_size=12))
def test_no_parameter_crashes(name: str, value: str) -> None:
    with suppress(SettingsError):
        settings_from(MINIMAL, read_parameters([f"{name}={value}", f"plan.{name}={value}"]))


@settings(deadline=None, max_examples=100)
@given(trees.filter(lambda tree: not json.dumps(tree).count("NaN") and not json.dumps(tree).count("Infinity")))
@example("\x85")
@example({"\u2028": "a\x00b", "1e6": "NO"})
def test_written_yaml_reads_back(tree: Any) -> None:
    text = write_yaml(tree)
    assert read_yaml(text, "text") == tree


def test_written_yaml_is_read_by_others_too() -> None:
    document = dump_settings(settings_from(MINIMAL))
    assert yaml.safe_load(document)["data"]["channels"]["tv"]["spend"] == "tv"


values = st.sampled_from(
    ["0", "1", "-1", "true", "no", "13", "1e300", "1e999", "-0.0", "2**3", "[0,0]", "{}", "[]", "null", "''", "9" * 30]
) | st.text(st.characters(codec="utf-8"), max_size=12)
names = st.sampled_from(dotted_keys()) | st.lists(
    st.sampled_from(["plan", "channels", "tv", "fixed", "model", "", "data", "0", "groups", "[key]"]), max_size=5
).map(".".join)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(names, values).map("=".join), max_size=3))
@example(["plan.channels.tv.fixed=0"])
def test_no_likely_parameter_crashes(parameters: list[str]) -> None:
    with suppress(SettingsError):
        found = settings_from(MINIMAL, read_parameters(parameters))
        assert settings_from(read_yaml(dump_settings(found), "dump")) == found
