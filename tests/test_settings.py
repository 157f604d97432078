"""Settings: one file in, one validated object out, and every mistake told as a sentence."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mmm.errors import SettingsError
from mmm.settings import (
    Settings,
    dump_changed,
    dump_settings,
    json_schema,
    load_dataset,
    load_settings,
    read_parameters,
    settings_from,
)
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


def told(document: Any, **overrides: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        settings_from(document, overrides, origin="trial.yaml")
    return str(caught.value)


def with_section(**sections: Any) -> dict[str, Any]:
    return {**MINIMAL, **sections}


def test_minimal_document_takes_documented_defaults() -> None:
    found = settings_from(MINIMAL)
    assert found.plan.horizon == "13 weeks"
    assert found.gate.r_hat_max == 1.01
    assert found.plan.total_budget is None
    assert list(found.data.channels) == ["tv", "search"]


def test_settings_cannot_be_changed() -> None:
    found = settings_from(MINIMAL)
    with pytest.raises(ValueError, match="frozen"):
        found.name = "other"  # type: ignore[misc]


def test_round_trip_keeps_every_value() -> None:
    document = with_section(
        title="A title: with a colon, NO and 1e6",
        plan={
            "total_budget": 1.2e6,
            "channels": {"tv": {"maximum": 3e5, "relative": [0.5, 1.5]}},
            "scenarios": [{"name": "on", "change": {"tv": -0.5}}],
        },
        report={"logo": "logo.png", "formats": ["html"]},
    )
    found = settings_from(document)
    assert settings_from(read_yaml(dump_settings(found), "dump")) == found
    assert settings_from(read_yaml(dump_changed(found), "dump")) == found


def test_paths_start_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(write_yaml(MINIMAL), encoding="utf-8")
    assert load_settings(path).base == tmp_path


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"plan": {"totl_budget": 3}}, ["plan.totl_budget: unknown key", "'total_budget'", "Received: 3"]),
        ({"total_budget": 5}, ["total_budget: unknown key", "'plan.total_budget'", "Received: 5"]),
        ({"sampler": {"draws": "many"}}, ["sampler.draws: must be a whole number", 'Received: "many"']),
        ({"plan": {"max_increase": "50%"}}, ["plan.max_increase: must be a number without a unit or %", '"50%"']),
        ({"plan": {"scenarios": {"name": "a"}}}, ["plan.scenarios: must be a list", "Received:"]),
        ({"plan": {"horizon": 13}}, ["plan.horizon: must be a whole number with its unit", "Received: 13"]),
        ({"plan": {"groups": {"a": {"channels": [], "maximum": 1}}}}, ["a.channels: must have at least 1 of them"]),
        ({"gate": []}, ["gate: must be a mapping", "Received: []"]),
        ({"plan": {"horizon": "13 weaks"}}, ["plan.horizon: must be a whole number with its unit", '"13 weaks"']),
        ({"plan": {"channels": {"tvv": {"maximum": 1}}}}, ["plan.channels: 'tvv'", "Did you mean 'tv'"]),
        ({"plan": {"channels": {"tv": {"minimm": 1}}}}, ["plan.channels.tv.minimm: unknown key", "'minimum'"]),
        ({"plan": {"scenarios": [{"name": "a", "change": {"radio": 1}}]}}, ["plan.scenarios.0.change: 'radio'"]),
        ({"plan": {"reference": {"tv": -1}}}, ["plan.reference.tv: must be greater than or equal to 0"]),
        ({"plan": {"total_budget": float("nan")}}, ["plan.total_budget: must be"]),
        ({"name": "../escape"}, ["name: ", "Letters, digits, - and _", '"../escape"']),
        ({"name": None}, ["name: required"]),
        ({"plan": {"channels": {"tv": {"fixed": 0}}}}, ["plan.channels.tv.fixed: ", "true or false", "Received: 0."]),
        ({"plan": {"spend_all": "no"}}, ['plan.spend_all: must be true or false. Received: "no".']),
        ({"plan": {"total_budget": True}}, ["plan.total_budget: must be a number", "Received: true"]),
        ({"plan": {"total_budget": "1_000"}}, ["plan.total_budget: must be a number", '"1_000"']),
        ({"plan": {"demand_factor": [1, "2"]}}, ["plan.demand_factor.1: must be a number", '"2"']),
        ({"plan": {"seed": -1}}, ["plan.seed: must be greater than or equal to 0"]),
        ({"sampler": {"seed": 2**64 - 1}}, ["sampler.seed: must be less than or equal to 4294967295"]),
        ({"sampler": {"store": "a\0b"}}, ["sampler.store: must be without NUL"]),
        ({"report": {"logo": "a\0b.png"}}, ["report.logo: must be the path of a file"]),
        ({"report": {"labels": {"t\0v": "x"}}}, ["report.labels.t\0v: must be without NUL"]),
        ({"title": "\ud800"}, ["title: must be without NUL and halves of surrogate pairs"]),
        ({"sampler": {"draws": 100_000, "chains": 64}}, ["draws x chains is 6,400,000; at most 200,000"]),
        ({"model": {"lookback": "99999 weeks"}}, ["model.lookback: must be longer than nothing and at most ten years"]),
        ({"model": {"lookback": "157 weeks"}}, ["model.lookback: must be at most three years"]),
        ({"model": {"noise_scale": 1e300}}, ["model.noise_scale: must be less than or equal to 1000"]),
        ({"model": {"baseline": {"trend_scale": 0}}}, ["model.baseline.trend_scale: must be greater than or equal to"]),
        (
            {"model": {"roas": {"lower": 1e-300, "upper": 2}}},
            ["model.roas.lower: must lie between 1e-100 and 1e100"],
        ),
        ({"backtest": {"step": "9" * 5000 + " weeks"}}, ["backtest.step: must be longer than nothing"]),
    ],
)
def test_errors_name_file_key_rule_and_value(section: dict[str, Any], expected: list[str]) -> None:
    message = told(with_section(**section))
    assert message.startswith("trial.yaml")
    for part in expected:
        assert part in message


def test_of_very_many_problems_the_first_are_told() -> None:
    message = told(with_section(**{f"unknown_{i}": i for i in range(2000)}))
    assert "has 2000 problems" in message
    assert "and 1970 more; mend these first" in message
    assert len(message) < 10_000


def test_a_value_that_fits_no_form_is_one_sentence() -> None:
    message = told(with_section(plan={"scenarios": [{"name": "a", "spend": "everything"}]}))
    assert message.count("plan.scenarios.0.spend") == 1
    assert "'optimised'" in message
    assert "mapping" in message


def test_where_one_form_nearly_fits_only_its_fault_is_told() -> None:
    message = told(with_section(plan={"reference": {"tv": -1}}))
    assert message == "trial.yaml: plan.reference.tv: must be greater than or equal to 0. Received: -1."


def test_all_problems_are_listed() -> None:
    message = told(with_section(plan={"totl_budget": 3, "margin": 0}, sampler={"chains": 0}))
    assert "has 3 problems" in message
    assert all(key in message for key in ("plan.totl_budget", "plan.margin", "sampler.chains"))


def test_rules_between_sections_are_told_one_a_line() -> None:
    message = told(with_section(plan={"reference": {"radio": 1}, "cost_factor": {"radio": 1.1}}))
    assert "has 2 problems" in message


def test_an_empty_section_means_its_defaults() -> None:
    assert settings_from(with_section(plan=None)).plan == settings_from(MINIMAL).plan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: a\nname: b\n", "line 2, column 1: not readable as YAML: the key 'name' appears twice"),
        ("plan: {horizon: 1 week, horizon: 2 weeks}\n", "'horizon' appears twice"),
        ("name: &a x\ntitle: *a\n", "aliases"),
        ("name: !!python/object/apply:os.system [ls]\n", "tags (!name) are not read"),
        ("name: [1\n", "line"),
        ("- a\n", "this is a list"),
        ("", "this is empty"),
        ("? [a]\n: 1\n", "a key must be a plain text"),
        ("a: 1\n---\nb: 2\n", "single document"),
        ("[" * 5000, "nested more than 40 levels deep"),
        ("a: " + "9" * 5000, "a number cannot be read"),
        ("a: !!int x", "tags (!name) are not read"),
        ("a: !!bool [x]", "tags (!name) are not read"),
        ("!!map [1]", "tags (!name) are not read"),
    ],
)
def test_unreadable_yaml_is_a_sentence(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)
    assert expected in str(caught.value)


def test_files_that_are_no_settings_are_told(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: caf\xe9".encode("latin-1"))
    large = tmp_path / "large.yaml"
    large.write_bytes(b"# " + b"x" * 1_000_001)
    for path, expected in (
        (tmp_path / "absent.yaml", "does not exist"),
        (tmp_path, "is a folder, not a file"),
        (latin, "is not UTF-8"),
        (large, "at most 300,000 are read"),
        (Path("a\0b"), "is no name of a file"),
    ):
        with pytest.raises(SettingsError, match=expected):
            load_settings(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("true", True),
        ("1:30", "1:30"),
        ("1e6", 1e6),
        ("1_200_000", 1_200_000),
        ("010", 10),
        ("2022-13-45", "2022-13-45"),
        ("2022-05-02", "2022-05-02"),
        ("", None),
        (".5", 0.5),
    ],
)
def test_plain_scalars_mean_what_they_look_like(text: str, value: Any) -> None:
    found = read_yaml(text, "text")
    assert found == value
    assert type(found) is type(value)


def test_a_key_is_a_name_whatever_it_looks_like() -> None:
    assert read_yaml("{12: a, NO: b, null: c}", "text") == {"12": "a", "NO": "b", "null": "c"}


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"plan": {"horizon": "10 days"}}, "plan.horizon: '10 days' is not a whole, positive number of periods"),
        ({"plan": {"horizon": "200 weeks"}}, "plan.horizon: 200 weeks are 200 periods, but the data have 156"),
        ({"gate": {"holdout": "80 weeks"}}, "gate.holdout: 80 weeks are 80 of 156 periods"),
        ({"model": {"lookback": "3 days"}}, "model.lookback: '3 days'"),
    ],
)
def test_settings_that_do_not_fit_the_data_are_told_with_the_data(section: dict[str, Any], expected: str) -> None:
    demo = read_yaml((Path(__file__).parents[1] / "configs/demo.yaml").read_text(encoding="utf-8"), "demo")
    with pytest.raises(SettingsError) as caught:
        load_dataset(settings_from({**demo, **section}))
    assert expected in str(caught.value)


# Parameters


def test_parameters_find_their_section() -> None:
    found = read_parameters(["total_budget=1_200_000", "horizon=13 weeks", "sampler.draws=500", "plan.bounds=[0.5, 2]"])
    assert found == {
        "plan.total_budget": 1_200_000,
        "plan.horizon": "13 weeks",
        "sampler.draws": 500,
        "plan.bounds": [0.5, 2],
    }


def test_parameters_change_the_settings_and_nothing_else() -> None:
    before = settings_from(with_section(plan={"total_budget": 1, "spend_all": True}))
    after = settings_from(
        with_section(plan={"total_budget": 1, "spend_all": True}),
        read_parameters(["total_budget=9", "plan.channels.tv.maximum=4"]),
    )
    assert after.plan.total_budget == 9
    assert after.plan.channels["tv"].maximum == 4
    assert after.plan.spend_all
    assert after.model_copy(update={"plan": before.plan}) == before


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (["total_budgt=3"], "Did you mean plan.total_budget?"),
        (["plan.total_budgt=3"], "Did you mean plan.total_budget?"),
        (["sampler.drawz=3"], "sampler.draws"),
        (["seed=3"], "or plan.seed. Write the one you mean in full"),
        (["total_budget"], "not of the form name=value"),
        (["=3"], "not of the form name=value"),
        (["total_budget=1", "plan.total_budget=2"], "given twice"),
        (["zzz=1"], "Those of the plan: total_budget"),
        (["total_budget=[1"], "Parameter total_budget: line 1"),
        (["horizon=!!str 13"], "tags (!name) are not read"),
    ],
)
def test_wrong_parameters_are_errors(parameters: list[str], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_parameters(parameters)
    assert expected in str(caught.value)


def test_an_error_says_that_parameters_were_given() -> None:
    message = told(MINIMAL, **{"plan.total_budget": -5})
    assert "with plan.total_budget given as parameters" in message
    assert "Received: -5" in message


def test_a_parameter_cannot_go_below_a_value() -> None:
    message = told(with_section(plan={"objective": "profit"}), **{"plan.objective.risk_weight": 0.1})
    assert "'objective' is 'profit' in the file, not a mapping" in message


def test_what_the_error_advises_works() -> None:
    message = told(MINIMAL, **read_parameters(["horizon=13"]))
    assert "such as '13 weeks'" in message
    assert settings_from(MINIMAL, read_parameters(["horizon=13 weeks"])).plan.horizon == "13 weeks"


def test_a_parameter_below_all_keys_is_an_error() -> None:
    assert "more than 12 parts" in told(MINIMAL, **{"plan." + "a." * 5_000 + "b": 1})


# Schema


def test_schema_describes_every_key() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == set(Settings.model_fields)
    assert schema["required"] == ["name", "data"]
    assert schema["additionalProperties"] is False


def test_a_label_of_a_name_that_is_nowhere_names_those_that_are(tmp_path: Path) -> None:
    weeks = pd.date_range("2022-01-03", periods=60, freq="7D").strftime("%Y-%m-%d")
    frame = pd.DataFrame({"week": weeks, "sales": 9000.0, "out_of_home": 100.0, "tv": 50.0})
    frame.loc[::2, ["sales", "out_of_home"]] += 700.0
    frame.loc[::3, "tv"] += 30.0
    frame.to_csv(tmp_path / "shop.csv", index=False)
    document = {
        "name": "shop",
        "data": {
            "source": "shop.csv",
            "date": "week",
            "target": {"column": "sales", "kind": "revenue"},
            "currency": "EUR",
            "channels": {"out_of_home": "out_of_home", "tv": "tv"},
        },
    }
    settings = settings_from(document | {"report": {"labels": {"out_of_hom": "Posters"}}}, base=tmp_path)
    with pytest.raises(
        SettingsError, match=r"labels\.out_of_hom: .* Did you mean 'out_of_home'\? Known: out_of_home, tv"
    ):
        load_dataset(settings)
    known = {"out_of_home": "Posters", "sales": "turnover"}
    settings = settings_from(document | {"report": {"labels": known}}, base=tmp_path)
    assert load_dataset(settings).channels == ("out_of_home", "tv")
